//! Incidents and decisions in, the arrangement out. Pure.

use std::cmp::Reverse;

use model::{Incident, IncidentId, IncidentState, Link, ObjectRef, Signal, digest_hex};

use super::{Arrangement, Decision, Known};
use crate::rows::Arrange;

/// What was taken apart and put together comes first, in the order in which it was decided; then each incident's state.
pub(super) fn arrange(found: &[Incident], decisions: &[Decision]) -> Arrangement {
    let mut incidents = found.to_vec();
    let mut rows: Vec<(usize, Option<IncidentId>)> = Vec::new();
    for (number, decision) in decisions.iter().enumerate() {
        match decision.act {
            Arrange::Split => rows.push((number, split(&mut incidents, decision))),
            Arrange::Merge => rows.push((number, merge(&mut incidents, decision))),
            Arrange::Acknowledge | Arrange::Pin | Arrange::SetAside => {}
        }
    }
    let mut pinned: Vec<IncidentId> = Vec::new();
    let mut aside: Vec<Incident> = Vec::new();
    for (number, decision) in decisions.iter().enumerate() {
        let concerns = |incident: &&Incident| shares(&decision.groups, incident);
        match decision.act {
            Arrange::Split | Arrange::Merge => {}
            Arrange::Pin => {
                let these: Vec<IncidentId> = incidents.iter().filter(concerns).map(|i| i.id.clone()).collect();
                rows.push((number, these.first().cloned()));
                pinned.extend(these);
            }
            Arrange::Acknowledge => {
                let mut first = None;
                let same = |i: &&mut Incident| shares(&decision.groups, i) && i.severity <= decision.severity;
                for incident in incidents.iter_mut().filter(same) {
                    first.get_or_insert_with(|| incident.id.clone());
                    if incident.state == IncidentState::Open {
                        incident.state = IncidentState::Acknowledged;
                    }
                }
                rows.push((number, first));
            }
            Arrange::SetAside => {
                let (gone, stay): (Vec<Incident>, Vec<Incident>) =
                    incidents.into_iter().partition(|incident| is_no_more_than(incident, decision));
                incidents = stay;
                rows.push((number, gone.first().map(|incident| incident.id.clone())));
                aside.extend(gone);
            }
        }
    }
    incidents.sort_by_key(|i| {
        (
            !pinned.contains(&i.id),
            i.state == IncidentState::Acknowledged,
            Reverse(i.severity),
            i.started_at,
            i.id.clone(),
        )
    });
    rows.sort_by_key(|(number, _)| Reverse(*number));
    let arranged = rows.into_iter().map(|(number, incident)| decisions[number].row(incident)).collect();
    Arrangement { incidents, aside, arranged }
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

/// Takes the signals of the decision out of each incident that has others too. Gives the first new incident.
fn split(incidents: &mut Vec<Incident>, decision: &Decision) -> Option<IncidentId> {
    let out = |signal: &Signal| decision.groups.iter().flatten().any(|known| known.is(signal));
    let mut parts = Vec::new();
    for incident in incidents.iter_mut() {
        if incident.signals.iter().all(out) || !incident.signals.iter().any(out) {
            continue;
        }
        let id = digest_hex(&[b"split", decision.id.as_bytes(), &[parts.len() as u8]]);
        let mut taken = part(incident, out);
        taken.id = IncidentId(format!("incident:{id}"));
        *incident = part(incident, |signal| !out(signal));
        parts.push(taken);
    }
    let first = parts.first().map(|part| part.id.clone());
    incidents.extend(parts);
    first
}

/// An incident of some of the signals of another one. What hangs on the whole hangs on the part, for all that is known.
fn part(whole: &Incident, keeps: impl Fn(&Signal) -> bool) -> Incident {
    let signals: Vec<Signal> = whole.signals.iter().filter(|signal| keeps(signal)).cloned().collect();
    let has = |object: &ObjectRef| signals.iter().any(|signal| signal.subject == *object);
    let subjects: Vec<ObjectRef> = whole.subjects.iter().filter(|object| has(object)).cloned().collect();
    let origin = whole.origin.clone().filter(|origin| has(origin)).or_else(|| subjects.first().cloned());
    let links: Vec<Link> = whole.links.iter().filter(|link| has(&link.from) && has(&link.to)).cloned().collect();
    let first = signals.first();
    let kept_first = first == whole.signals.first();
    Incident {
        title: match first {
            Some(signal) if !kept_first => signal.title.clone(),
            _ => whole.title.clone(),
        },
        category: first.map_or(whole.category, |signal| signal.category),
        severity: signals.iter().map(|signal| signal.severity).max().unwrap_or(whole.severity),
        started_at: signals.iter().map(|signal| signal.first_at).min().unwrap_or(whole.started_at),
        origin,
        links,
        subjects,
        signals,
        ..whole.clone()
    }
}

/// Puts the incidents of the decision's groups into the worst of them, which keeps its id. Gives that one.
fn merge(incidents: &mut Vec<Incident>, decision: &Decision) -> Option<IncidentId> {
    let (mut these, rest): (Vec<Incident>, Vec<Incident>) =
        std::mem::take(incidents).into_iter().partition(|incident| shares(&decision.groups, incident));
    *incidents = rest;
    these.sort_by_key(|incident| (Reverse(incident.severity), incident.started_at, incident.id.clone()));
    let mut these = these.into_iter();
    let mut whole = these.next()?;
    for other in these {
        if let (Some(from), Some(to)) = (first_of(&other), first_of(&whole)) {
            let reason = format!("{} put them together", decision.by);
            whole.links.push(Link { from, to, reason, evidence: Vec::new() });
        }
        whole.started_at = whole.started_at.min(other.started_at);
        whole.links.extend(other.links);
        for subject in other.subjects {
            if !whole.subjects.contains(&subject) {
                whole.subjects.push(subject);
            }
        }
        for object in other.blast_radius {
            if !whole.blast_radius.contains(&object) {
                whole.blast_radius.push(object);
            }
        }
        for mode in other.failure_modes {
            if !whole.failure_modes.contains(&mode) {
                whole.failure_modes.push(mode);
            }
        }
        whole.signals.extend(other.signals);
    }
    whole.blast_radius.retain(|object| !whole.subjects.contains(object));
    let id = whole.id.clone();
    incidents.push(whole);
    Some(id)
}

fn first_of(incident: &Incident) -> Option<ObjectRef> {
    incident.origin.clone().or_else(|| incident.subjects.first().cloned())
}
