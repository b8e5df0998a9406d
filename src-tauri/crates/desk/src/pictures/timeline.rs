use std::collections::BTreeMap;

use model::{Doc, Held, ObjectRef, ObservationId, Severity, Snapshot, Time, Triage};
use topology::Graph;

use crate::rows::{Lane, Mark, MarkKind, Timeline};

/// Marks more than this many are thinned: the oldest plain events go first.
const MOST_MARKS: usize = 5_000;

/// What happened to `objects` and to what is one step around them; to everything in trouble where `objects` is empty.
pub fn timeline(
    snapshot: &Snapshot,
    graph: &Graph,
    triage: &Triage,
    objects: &[ObjectRef],
    span: Option<(Time, Time)>,
) -> Timeline {
    let mut lanes = Lanes::default();
    let seeds: Vec<ObjectRef> = if objects.is_empty() {
        triage.incidents.iter().flat_map(|incident| incident.subjects.iter().cloned()).collect()
    } else {
        objects.to_vec()
    };
    for seed in &seeds {
        lanes.of(&graph.workload_of(seed));
    }
    for seed in &seeds {
        for edge in graph.dependencies(seed) {
            lanes.of(&graph.workload_of(edge.to));
        }
    }
    let mut marks = Vec::new();
    let mut learnt = BTreeMap::new();
    for (object, events) in &snapshot.events {
        let Some(lane) = lanes.find(&graph.workload_of(object)) else { continue };
        for seen in events.iter() {
            let warning = seen.event.event_type == "Warning";
            let long = seen.event.last_at.seconds_since(seen.event.first_at) > 1.0;
            marks.push(Mark {
                lane,
                at: seen.event.first_at,
                known_at: known(seen.seen_at, seen.event.first_at, &seen.observation, &mut learnt),
                until: long.then_some(seen.event.last_at),
                kind: MarkKind::Event,
                severity: if warning { Severity::Minor } else { Severity::Info },
                title: format!("{}: {}", seen.event.reason, seen.event.message),
                observation: Some(seen.observation.clone()),
            });
        }
    }
    for (object, held) in &snapshot.objects {
        let Some(lane) = lanes.find(&graph.workload_of(object)) else { continue };
        let earlier = snapshot.earlier_of(object);
        for (before, after) in earlier.iter().zip(earlier.iter().skip(1).chain([held])) {
            let changed = before.object.get("spec") != after.object.get("spec")
                || before.object.get("keys") != after.object.get("keys");
            if changed {
                marks.push(change(lane, what_changed(object, before, after), after));
            }
        }
        learnt.insert(held.observation.clone(), held.seen_at);
        restarts(lane, object, held, &mut marks);
    }
    for (object, held) in &snapshot.deleted {
        if let Some(lane) = lanes.find(&graph.workload_of(object)) {
            marks.push(change(lane, format!("{} {} is gone", object.kind, object.name), held));
        }
    }
    for incident in &triage.incidents {
        for signal in &incident.signals {
            let Some(lane) = lanes.find(&graph.workload_of(&signal.subject)) else { continue };
            marks.push(Mark {
                lane,
                at: signal.first_at,
                // Known as soon as one piece of its evidence was.
                known_at: signal
                    .evidence
                    .iter()
                    .filter_map(|id| learnt.get(id))
                    .min()
                    .map_or(signal.first_at, |seen| (*seen).max(signal.first_at)),
                until: Some(signal.last_at.max(signal.first_at)),
                kind: MarkKind::Signal,
                severity: signal.severity,
                title: signal.title.clone(),
                observation: signal.evidence.first().cloned(),
            });
        }
    }
    marks.sort_by_key(|mark| mark.at);
    let hidden = marks.len().saturating_sub(MOST_MARKS);
    let mut to_drop = hidden;
    marks.retain(|mark| {
        let plain = mark.kind == MarkKind::Event && mark.severity == Severity::Info && to_drop > 0;
        to_drop -= usize::from(plain);
        !plain
    });
    let first = marks.first().map(|mark| mark.at);
    let (from, to) = span.unwrap_or((snapshot.at, snapshot.at));
    let from = first.map_or(from, |first| first.max(snapshot.at.plus_seconds(-24 * 3600)).min(snapshot.at));
    let lead = ((to.max(snapshot.at).seconds_since(from)) * 0.05).max(30.0) as i64;
    Timeline {
        from: from.plus_seconds(-lead),
        to: to.max(snapshot.at),
        lanes: lanes.rows,
        marks,
        gaps: snapshot.gaps.iter().map(|gap| (gap.from, gap.until, gap.reason.clone())).collect(),
    }
}

#[derive(Default)]
struct Lanes {
    index: BTreeMap<ObjectRef, u32>,
    rows: Vec<Lane>,
}

impl Lanes {
    fn of(&mut self, object: &ObjectRef) -> u32 {
        if let Some(lane) = self.index.get(object) {
            return *lane;
        }
        let lane = self.rows.len() as u32;
        self.index.insert(object.clone(), lane);
        self.rows.push(Lane { object: Some(object.clone()), title: format!("{} {}", object.kind, object.name) });
        lane
    }

    fn find(&self, object: &ObjectRef) -> Option<u32> {
        self.index.get(object).copied()
    }
}

/// Which fields changed, from what to what; the first few of many.
fn what_changed(object: &ObjectRef, before: &Held, after: &Held) -> String {
    const SAID: usize = 3;
    let (kind, name) = (&object.kind, &object.name);
    let words = detect::change_in_words(kind, &before.object, &after.object);
    let more = match words.len().saturating_sub(SAID) {
        0 => String::new(),
        more => format!("; {more} more"),
    };
    match words.is_empty() {
        true => format!("{kind} {name} changed"),
        false => format!("{kind} {name}: {}{more}", words[..words.len().min(SAID)].join("; ")),
    }
}

fn change(lane: u32, title: String, held: &Held) -> Mark {
    Mark {
        lane,
        at: held.at,
        known_at: held.seen_at.max(held.at),
        until: None,
        kind: MarkKind::Change,
        severity: Severity::Info,
        title,
        observation: Some(held.observation.clone()),
    }
}

/// When an observation was made, remembered for the signals that rest on it; a clock that is behind makes nothing known early.
fn known(seen_at: Time, at: Time, id: &ObservationId, learnt: &mut BTreeMap<ObservationId, Time>) -> Time {
    learnt.insert(id.clone(), seen_at);
    seen_at.max(at)
}

/// A mark for each container's last end: Kubernetes keeps no more than that.
fn restarts(lane: u32, object: &ObjectRef, held: &Held, marks: &mut Vec<Mark>) {
    let statuses = held.object.pointer("/status/containerStatuses").and_then(Doc::as_array).into_iter().flatten();
    for container in statuses {
        let Some(end) = container.pointer("/lastState/terminated") else { continue };
        let Some(at) = end["finishedAt"].as_str().and_then(|text| text.parse().ok()) else { continue };
        marks.push(Mark {
            lane,
            at,
            known_at: held.seen_at.max(at),
            until: None,
            kind: MarkKind::Restart,
            severity: Severity::Minor,
            title: format!(
                "{} in {} ended: {} (exit code {})",
                container["name"].as_str().unwrap_or("container"),
                object.name,
                end["reason"].as_str().unwrap_or("unknown"),
                end["exitCode"]
            ),
            observation: Some(held.observation.clone()),
        });
    }
}
