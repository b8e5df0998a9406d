//! What carries the result: the workbench with one of its eyes closed.

use std::fmt::Write;

use investigate::Sight;
use model::{ObjectRef, Snapshot, View};
use serde::{Deserialize, Serialize};
use topology::Graph;

use crate::Report;

/// Something that an investigation does without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Without {
    /// What depends on what: facts are found with it, but nothing is grouped or explained along it.
    Topology,
    /// What changed, and when.
    Changes,
    /// What the team knows.
    Blueprints,
}

impl Without {
    pub const ALL: [Without; 3] = [Without::Topology, Without::Changes, Without::Blueprints];

    pub fn in_words(self) -> &'static str {
        match self {
            Without::Topology => "without topology",
            Without::Changes => "without changes",
            Without::Blueprints => "without blueprints",
        }
    }

    /// What can be seen that way.
    pub(crate) fn look(self, view: &View, declared: &[(ObjectRef, ObjectRef, String)]) -> Sight {
        let Sight { graph, mut facts, triage } = Sight::of(view, declared);
        match self {
            Without::Blueprints => Sight { graph, facts, triage },
            Without::Topology => {
                let nothing = Snapshot::empty(view.snapshot.cluster.clone(), view.snapshot.at);
                let graph = Graph::build(&View::inventory(nothing.into()), &[]);
                let triage = detect::triage(view, &graph, &facts);
                Sight { graph, facts, triage }
            }
            Without::Changes => {
                let names = ["changed", "rolled_out", "differs_from_previous", "recorded_change"];
                facts.retain(|fact| !names.iter().any(|name| fact.name.contains(name)));
                let triage = detect::triage(view, &graph, &facts);
                Sight { graph, facts, triage }
            }
        }
    }
}

/// The whole and what is left of it, as a table.
pub fn ablations(whole: &Report, parts: &[(Without, Report)]) -> String {
    let mut text =
        format!("{:<20} {:>8} {:>9} {:>9} {:>12} {:>12}\n", "", "both@1", "both@3", "pairs", "fixes", "false alarms");
    let rows =
        std::iter::once(("with everything", whole)).chain(parts.iter().map(|(w, report)| (w.in_words(), report)));
    for (name, report) in rows {
        let score = &report.total;
        let pairs = format!("{}/{}", report.pairs_right(), report.pairs.len());
        let fixes = format!("{}/{}", score.fixes_right, score.fixes_judged);
        let alarms = format!("{}/{}", score.false_alarms, score.healthy);
        let both = |share: f64| format!("{:.1} %", share * 100.0);
        let (one, three) = (both(score.both_1), both(score.both_3));
        let _ = writeln!(text, "{name:<20} {one:>8} {three:>9} {pairs:>9} {fixes:>12} {alarms:>12}");
    }
    text
}
