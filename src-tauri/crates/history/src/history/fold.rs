//! From observations in order to a snapshot.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{
    Body, ChangeKind, Coverage, EventBody, Gap, Held, ObjectRef, Observation, SeenEvent, Snapshot, Text, Time,
};

use super::row::Torn;

#[derive(Clone)]
pub(super) struct Fold {
    snapshot: Snapshot,
    /// Events by subject and identity; the newest version of one wins.
    events: BTreeMap<ObjectRef, HashMap<EventKey, SeenEvent>>,
    coverage: BTreeMap<(String, String), Coverage>,
}

/// What makes two observations of an Event the same Event: its uid; where it has none, what it says.
#[derive(Clone, PartialEq, Eq, Hash)]
enum EventKey {
    Uid(Text),
    Says { reason: Text, message: Text, reporter: Text },
}

impl Fold {
    pub fn new(empty: Snapshot) -> Self {
        Fold { snapshot: empty, events: BTreeMap::new(), coverage: BTreeMap::new() }
    }

    /// Observations come in order of when they happened.
    pub fn take(&mut self, observation: Result<Observation, Torn>) {
        match observation {
            Ok(observation) => self.add(observation),
            Err(torn) => self.torn(torn),
        }
    }

    fn add(&mut self, observation: Observation) {
        let Observation { id, at, seen_at, subject, body, .. } = observation;
        match (body, subject) {
            (Body::Object { api_version, uid, change, object, resource_version: _ }, Some(subject)) => {
                let held = Held { observation: id, at, seen_at, uid, api_version, object };
                match change {
                    ChangeKind::Present => self.present(subject, held),
                    ChangeKind::Deleted => self.deleted(subject, held),
                }
            }
            (Body::Event(event), Some(subject)) => self.event(subject, SeenEvent { observation: id, seen_at, event }),
            (Body::Coverage { kind, namespace, state }, _) => {
                let row = Coverage { kind: kind.clone(), namespace: namespace.clone(), state, observation: id };
                self.coverage.insert((kind, namespace), row);
            }
            (Body::Gap { until, dropped, reason }, _) => {
                self.snapshot.gaps.push(Gap { from: at, until, dropped, reason, observation: id });
            }
            // An object or an event that does not say what it is about cannot be shown anywhere.
            (Body::Object { .. } | Body::Event(_), None) => {}
            (
                Body::Log(_)
                | Body::Metric(_)
                | Body::Probe(_)
                | Body::NodeAgent(_)
                | Body::Alert(_)
                | Body::Shape(_)
                | Body::Change { .. }
                | Body::Dependencies { .. }
                | Body::ToolResult { .. }
                | Body::Note { .. },
                _,
            ) => {}
        }
    }

    /// An observation that cannot be read any more is shown as a gap, never silently missing.
    fn torn(&mut self, torn: Torn) {
        let Torn { id, at, cause } = torn;
        let reason = format!("an observation cannot be read: {cause}");
        self.snapshot.gaps.push(Gap { from: at, until: at, dropped: 1, reason, observation: id });
    }

    fn present(&mut self, subject: ObjectRef, held: Held) {
        if let Some(current) = self.snapshot.objects.get(&subject) {
            if current.uid == held.uid && current.object == held.object {
                // Listed again, unchanged: it has been in this version since the first time.
                return;
            }
        } else if let Some(last) = self.snapshot.deleted.remove(&subject) {
            self.before(subject.clone(), last);
        }
        if let Some(before) = self.snapshot.objects.insert(subject.clone(), held) {
            self.before(subject, before);
        }
    }

    fn deleted(&mut self, subject: ObjectRef, mut held: Held) {
        let current = self.snapshot.objects.get(&subject);
        if current.is_some_and(|current| is_other(&current.uid, &held.uid)) {
            // The news of an older namesake's end: the object that stands here now is another one.
            return;
        }
        if let Some(last) = self.snapshot.objects.remove(&subject) {
            if held.object.as_object().is_none_or(|fields| fields.is_empty()) {
                held.object = last.object.clone();
            }
            if held.uid.is_empty() {
                held.uid = last.uid.clone();
            }
            self.before(subject.clone(), last);
        } else if self.snapshot.deleted.contains_key(&subject) {
            // Already known to be gone; the first news says when.
            return;
        }
        self.snapshot.deleted.insert(subject, held);
    }

    fn before(&mut self, subject: ObjectRef, version: Held) {
        Arc::make_mut(self.snapshot.earlier.entry(subject).or_default()).push(version);
    }

    fn event(&mut self, subject: ObjectRef, seen: SeenEvent) {
        let of_subject = self.events.entry(subject).or_default();
        match of_subject.entry(key_of(&seen.event)) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(seen);
            }
            std::collections::hash_map::Entry::Occupied(mut known) => {
                let (old, new) = (&known.get().event, &seen.event);
                if (new.last_at, new.count) >= (old.last_at, old.count) {
                    known.insert(seen);
                }
            }
        }
    }

    pub fn finish(mut self, at: Time) -> Snapshot {
        self.snapshot.at = at;
        for (subject, events) in self.events {
            let mut events: Vec<SeenEvent> = events.into_values().collect();
            events.sort_by(|a, b| {
                (a.event.last_at, a.event.first_at, &a.observation).cmp(&(
                    b.event.last_at,
                    b.event.first_at,
                    &b.observation,
                ))
            });
            self.snapshot.events.insert(subject, Arc::new(events));
        }
        self.snapshot.coverage = self.coverage.into_values().collect();
        self.snapshot
    }
}

/// Two uids that are both known and differ.
fn is_other(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && a != b
}

fn key_of(event: &EventBody) -> EventKey {
    if event.uid.is_empty() {
        EventKey::Says {
            reason: event.reason.clone(),
            message: event.message.clone(),
            reporter: event.reporter.clone(),
        }
    } else {
        EventKey::Uid(event.uid.clone())
    }
}
