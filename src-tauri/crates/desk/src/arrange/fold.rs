//! Incidents and decisions in, the arrangement out. Pure.

use std::cmp::Reverse;

use model::{Grouping, GroupingRule, Incident, IncidentId, IncidentState, Signal, Time};

use super::{Arrangement, Decision, Known, row_of};
use crate::rows::{Arrange, Arranged};

/// Each incident's state and place. Incidents are grouped by the rules already; what is pinned stands first.
pub(super) fn arrange(found: &[Incident], decisions: &[Decision], rules: &[GroupingRule]) -> Arrangement {
    let mut incidents = found.to_vec();
    let mut rows: Vec<(Time, Arranged)> = rules.iter().map(|rule| (rule.at, row_of(rule, &incidents))).collect();
    let mut aside: Vec<Incident> = Vec::new();
    for decision in decisions {
        let incident = match decision.act {
            Arrange::Split | Arrange::Merge | Arrange::Pin => continue,
            Arrange::Acknowledge => {
                let mut first = None;
                let same = |i: &&mut Incident| shares(&decision.groups, i) && i.severity <= decision.severity;
                for incident in incidents.iter_mut().filter(same) {
                    first.get_or_insert_with(|| incident.id.clone());
                    if incident.state == IncidentState::Open {
                        incident.state = IncidentState::Acknowledged;
                    }
                }
                first
            }
            Arrange::SetAside => {
                let (gone, stay): (Vec<Incident>, Vec<Incident>) =
                    incidents.into_iter().partition(|incident| is_no_more_than(incident, decision));
                incidents = stay;
                let first: Option<IncidentId> = gone.first().map(|incident| incident.id.clone());
                aside.extend(gone);
                first
            }
        };
        rows.push((decision.at, decision.row(incident)));
    }
    let pinned = |incident: &Incident| {
        rules
            .iter()
            .any(|rule| matches!(&rule.grouping, Grouping::Pin { object } if incident.subjects.contains(object)))
    };
    incidents.sort_by_cached_key(|i| {
        (!pinned(i), i.state == IncidentState::Acknowledged, Reverse(i.severity), i.started_at, i.id.clone())
    });
    rows.sort_by_key(|(at, _)| Reverse(*at));
    Arrangement { incidents, aside, arranged: rows.into_iter().map(|(_, row)| row).collect() }
}

/// Whether an incident has a signal of the groups.
pub(super) fn shares(groups: &[Vec<Known>], incident: &Incident) -> bool {
    groups.iter().any(|group| touches(group, incident))
}

fn touches(group: &[Known], incident: &Incident) -> bool {
    incident.signals.iter().any(|signal| group.iter().any(|known| known.is(signal)))
}

/// Nothing new joined it and it is not worse: what was set aside may stay there.
fn is_no_more_than(incident: &Incident, decision: &Decision) -> bool {
    let known = |signal: &Signal| decision.groups.iter().flatten().any(|known| known.is(signal));
    incident.severity <= decision.severity && incident.signals.iter().all(known)
}
