use clap::Subcommand;
use model::{ClusterId, Grouping, GroupingRule, ObjectRef, Trouble};

use crate::{Failed, out, source};

/// Split, merge and pin incidents: each decision is a rule from then on, as one made in the window is. Objects are written `Kind/namespace/name`.
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
    /// Trouble of these objects is an incident of its own, whatever else it is linked to.
    Apart {
        #[arg(required = true)]
        objects: Vec<ObjectRef>,
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
            Group::Apart { objects, place } => {
                let these = objects.into_iter().map(|object| Trouble { object, signals: Vec::new() }).collect();
                desk.add_grouping(of_context(&place)?, Grouping::Apart { these }, &place.because)?
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

/// An object, and in brackets the signals where not all of its trouble is meant.
fn trouble(trouble: &Trouble) -> String {
    if trouble.signals.is_empty() {
        trouble.object.to_string()
    } else {
        format!("{}[{}]", trouble.object, trouble.signals.join(","))
    }
}

fn words(rule: &GroupingRule) -> String {
    let what = match &rule.grouping {
        Grouping::Merge { one, other } => format!("merge {one} {other}"),
        Grouping::Split { one, other } => format!("split {one} {other}"),
        Grouping::Pin { object } => format!("pin {object}"),
        Grouping::Apart { these } => {
            let these: Vec<String> = these.iter().map(trouble).collect();
            format!("apart {}", these.join(", "))
        }
    };
    let place = rule.cluster.as_ref().map_or_else(|| "every cluster".to_owned(), ToString::to_string);
    let title = if rule.title.is_empty() { String::new() } else { format!("  {:?}", rule.title) };
    let because = if rule.because.is_empty() { String::new() } else { format!("  ({})", rule.because) };
    format!("{:>3}  {what}  {place}  {} {}{title}{because}", rule.number, rule.by, rule.at)
}
