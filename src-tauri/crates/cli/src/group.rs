use clap::Subcommand;
use model::{ClusterId, Grouping, GroupingRule, ObjectRef};

use crate::{Failed, out, source};

/// Split, merge and pin incidents: each decision is a rule from then on. Objects are written `Kind/namespace/name`.
#[derive(Subcommand)]
pub enum Group {
    /// Trouble of the one belongs to the same incident as trouble of the other.
    Merge {
        one: ObjectRef,
        other: ObjectRef,
        #[command(flatten)]
        place: Place,
    },
    /// Trouble of the one never belongs to the same incident as trouble of the other.
    Split {
        one: ObjectRef,
        other: ObjectRef,
        #[command(flatten)]
        place: Place,
    },
    /// Its incident stands first, and nothing about it is set aside as noise.
    Pin {
        object: ObjectRef,
        #[command(flatten)]
        place: Place,
    },
    /// List the rules.
    List {
        #[arg(long)]
        json: bool,
    },
    /// End a rule.
    Forget { number: u32 },
}

#[derive(clap::Args)]
pub struct Place {
    /// The context of the cluster in which it holds; without it, in every cluster.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Why, for whoever reads the rule later.
    #[arg(long, default_value = "")]
    because: String,
}

impl Group {
    pub fn run(self) -> Result<(), Failed> {
        let desk = source::desk(false, &[])?;
        let of_context = |place: &Place| -> Result<Option<ClusterId>, Failed> {
            Ok(place.context.as_ref().map(|name| desk.cluster_of_context(name)).transpose()?)
        };
        let rules = match self {
            Group::Merge { one, other, place } => {
                desk.add_grouping(of_context(&place)?, Grouping::Merge { one, other }, &place.because)?
            }
            Group::Split { one, other, place } => {
                desk.add_grouping(of_context(&place)?, Grouping::Split { one, other }, &place.because)?
            }
            Group::Pin { object, place } => {
                desk.add_grouping(of_context(&place)?, Grouping::Pin { object }, &place.because)?
            }
            Group::List { json: true } => return out::json(&desk.grouping_rules()?),
            Group::List { json: false } => desk.grouping_rules()?,
            Group::Forget { number } => desk.forget_grouping(number)?,
        };
        for rule in &rules {
            out::line(&words(rule));
        }
        Ok(())
    }
}

fn words(rule: &GroupingRule) -> String {
    let what = match &rule.grouping {
        Grouping::Merge { one, other } => format!("merge {one} {other}"),
        Grouping::Split { one, other } => format!("split {one} {other}"),
        Grouping::Pin { object } => format!("pin {object}"),
    };
    let place = rule.cluster.as_ref().map_or_else(|| "every cluster".to_owned(), ToString::to_string);
    let because = if rule.because.is_empty() { String::new() } else { format!("  ({})", rule.because) };
    format!("{:>3}  {what}  {place}  {} {}{because}", rule.number, rule.by, rule.at)
}
