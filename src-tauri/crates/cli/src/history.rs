//! `caseboard history`: what lies on this machine's disk of each cluster, and how much of it is kept.

use clap::{Args, Subcommand};
use desk::rows::{Forget, HistoriesView, HistoryRow, Keeping};
use desk::{Desk, DeskError};
use model::{ClusterId, Time};
use serde_json::json;

use crate::quantity::human;
use crate::{Failed, out, source};

/// Gaps of one history that are printed, the newest.
const SHOWN_GAPS: usize = 5;

/// Show what is kept of each cluster on this machine, or change it.
#[derive(Args)]
pub struct History {
    #[command(subcommand)]
    what: Option<What>,
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// Set how much is kept; what cases cite, and their time, always is.
    Keep {
        /// What is older is forgotten.
        #[arg(long, value_name = "DAYS", required_unless_present = "megabytes")]
        days: Option<u32>,
        /// How large the history of each cluster may become.
        #[arg(long, value_name = "MEGABYTES")]
        megabytes: Option<u32>,
    },
    /// Forget now what is outdated in the history of one cluster.
    Forget {
        /// A context, or an id as in the list.
        cluster: String,
        /// All that no case needs, not only what is outdated.
        #[arg(long)]
        everything: bool,
    },
}

impl History {
    pub fn run(self) -> Result<(), Failed> {
        let desk = source::desk(false, &[])?;
        match self.what {
            None => {}
            Some(What::Keep { days, megabytes }) => {
                let now = desk.keeping()?;
                desk.set_keeping(Keeping {
                    days: days.unwrap_or(now.days),
                    megabytes: megabytes.unwrap_or(now.megabytes),
                })?;
            }
            Some(What::Forget { cluster, everything }) => {
                let id = find(&desk, &cluster)?;
                let what = if everything { Forget::Everything } else { Forget::Outdated };
                let forgotten = desk.forget_history(&id, what)?;
                if self.json {
                    return out::json(&json!({ "cluster": id, "forgotten": forgotten }));
                }
                out::say(&format!("{forgotten} observations of `{cluster}` are forgotten."));
            }
        }
        let view = desk.histories()?;
        if self.json {
            return out::json(&view);
        }
        show(&view);
        Ok(())
    }
}

fn find(desk: &Desk, wanted: &str) -> Result<ClusterId, Failed> {
    let view = desk.histories()?;
    let named: Vec<&ClusterId> = view
        .clusters
        .iter()
        .filter_map(|row| row.cluster.as_ref().filter(|id| row.name == wanted || id.as_str() == wanted))
        .collect();
    match named.as_slice() {
        [id] => Ok((*id).clone()),
        [] => Err(Failed::Act(DeskError {
            code: "not_found",
            what: format!("There is no history of `{wanted}` on this machine."),
            hint: "`caseboard history` lists them.".into(),
        })),
        several => {
            let ids: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            Err(Failed::Usage {
                what: format!("{} histories are called `{wanted}`.", several.len()),
                hint: format!("Give one of the ids: {}.", ids.join(", ")),
            })
        }
    }
}

fn show(view: &HistoriesView) {
    if view.clusters.is_empty() {
        out::say("Nothing is kept yet; a cluster's history begins when it is opened.");
    }
    view.clusters.iter().for_each(row);
    let Keeping { days, megabytes } = view.keeping;
    out::line(&format!("{:<32} {:>10}  in {}", "all", human(view.bytes), view.folder));
    out::say(&format!(
        "Of each cluster {days} days and {megabytes} MB are kept, and what cases need; `caseboard history keep` changes it."
    ));
}

fn row(row: &HistoryRow) {
    let span = row.span.map_or_else(|| "empty".into(), |(from, to)| format!("{from} to {to} ({})", length(from, to)));
    let cases = match row.cases {
        0 => String::new(),
        1 => ", 1 case".into(),
        count => format!(", {count} cases"),
    };
    out::line(&format!("{:<32} {:>10}  {span}{cases}", row.name, human(row.bytes)));
    if let Some(problem) = &row.problem {
        out::say(&format!("  {problem}"));
    }
    if let Some(unkept) = &row.unkept {
        out::say(&format!("  {unkept}"));
    }
    let hidden = row.gaps.len().saturating_sub(SHOWN_GAPS);
    if hidden > 0 {
        out::line(&format!("  {hidden} older gaps"));
    }
    for gap in row.gaps.iter().skip(hidden) {
        out::line(&format!("  gap {} to {}: {} observations, {}", gap.from, gap.until, gap.dropped, gap.reason));
    }
}

fn length(from: Time, to: Time) -> String {
    let hours = to.seconds().saturating_sub(from.seconds()) as f64 / 3600.0;
    if hours < 48.0 { format!("{hours:.1} hours") } else { format!("{:.1} days", hours / 24.0) }
}
