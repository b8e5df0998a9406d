//! From observations in order to a snapshot.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{
    Body, ChangeKind, Coverage, EventBody, Gap, Held, ObjectRef, Observation, ObservationId, SeenEvent, Snapshot, Time,
};

use super::row::Torn;

#[derive(Clone)]
pub(super) struct Fold {
    snapshot: Snapshot,
    /// Events by subject and identity; the newest version of one wins.
    events: BTreeMap<ObjectRef, HashMap<EventKey, SeenEvent>>,
    coverage: BTreeMap<(String, String), Coverage>,
    api_versions: HashMap<String, Arc<str>>,
}

/// What makes two observations of an Event the same Event: its uid; where it has none, what it says.
#[derive(Clone, PartialEq, Eq, Hash)]
enum EventKey {
    Uid(String),
    Says { reason: String, message: String, reporter: String },
}

impl Fold {
    pub fn new(empty: Snapshot) -> Self {
        Fold { snapshot: empty, events: BTreeMap::new(), coverage: BTreeMap::new(), api_versions: HashMap::new() }
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
                let api_version = self
                    .api_versions
                    .entry(api_version)
                    .or_insert_with_key(|version| Arc::from(version.as_str()))
                    .clone();
                let held = Held { observation: id, at, seen_at, uid: uid.into(), api_version, object };
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
        self.snapshot.gaps.push(Gap { from: at, until: at, dropped: 1, reason, observation: ObservationId(id) });
    }

    fn present(&mut self, subject: ObjectRef, held: Held) {
        if let Some(current) = self.snapshot.objects.get(&subject) {
            if current.uid == held.uid && current.object == held.object {
                // Listed again, unchanged: it has been in this version since the first time.
                return;
            }
        } else if let Some(last) = self.snapshot.deleted.remove(&subject) {
            self.snapshot.earlier.entry(subject.clone()).or_default().push(last);
        }
        if let Some(before) = self.snapshot.objects.insert(subject.clone(), held) {
            self.snapshot.earlier.entry(subject).or_default().push(before);
        }
    }

    fn deleted(&mut self, subject: ObjectRef, mut held: Held) {
        let current = self.snapshot.objects.get(&subject);
        if current.is_some_and(|current| is_other(&current.uid, &held.uid)) {
            // The news of an older namesake's end: the object that stands here now is another one.
            return;
        }
        if let Some(last) = self.snapshot.objects.remove(&subject) {
            if held.object.as_object().is_none_or(serde_json::Map::is_empty) {
                held.object = Arc::clone(&last.object);
            }
            if held.uid.is_empty() {
                held.uid = Arc::clone(&last.uid);
            }
            self.snapshot.earlier.entry(subject.clone()).or_default().push(last);
        } else if self.snapshot.deleted.contains_key(&subject) {
            // Already known to be gone; the first news says when.
            return;
        }
        self.snapshot.deleted.insert(subject, held);
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
            self.snapshot.events.insert(subject, events);
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
