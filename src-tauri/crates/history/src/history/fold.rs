//! From observations to a snapshot. What is told of one object must come in order of when it happened; what is told of
//! different objects may come in any.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{
    Body, ChangeKind, Coverage, Doc, EventBody, Gap, Held, ObjectRef, Observation, Pool, SeenEvent, Snapshot, Text,
    Time,
};

use super::row::Torn;
use bounds::Bounds;

mod bounds;

/// So many earlier versions of an object are held; all are in the history.
const MOST_EARLIER: usize = 10;
/// So many of them may say the same as the one before and the one after, but for what always moves.
const MOST_ALIKE: usize = 3;

/// A snapshot that goes on. A clone shares nearly everything.
#[derive(Clone)]
pub(super) struct Fold {
    snapshot: Snapshot,
    /// When each coverage was told; coverage before that is older news.
    covered: BTreeMap<(Text, Text), Time>,
    /// When an object was last told of without becoming another version, where that is later than its version: when that
    /// happened and when it was learnt.
    again: HashMap<ObjectRef, (Time, Time)>,
    bounds: Bounds,
}

/// Told of an object, and older than what is known of it already: its history must be read in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Late(pub ObjectRef);

impl Fold {
    pub fn new(empty: Snapshot) -> Self {
        Fold { snapshot: empty, covered: BTreeMap::new(), again: HashMap::new(), bounds: Bounds::default() }
    }

    /// Observations come in order of when they happened.
    pub fn take(&mut self, observation: Result<Observation, Torn>) {
        match observation {
            Ok(observation) => self.add(observation),
            Err(torn) => self.torn(torn),
        }
    }

    /// Takes an observation that comes in no particular order. What is late is left out.
    pub fn hear(&mut self, observation: Observation) -> Result<(), Late> {
        if let (Body::Object { .. }, Some(subject)) = (&observation.body, &observation.subject)
            && self.known_until(subject).is_some_and(|known| (observation.at, observation.seen_at) < known)
        {
            return Err(Late(subject.clone()));
        }
        self.add(observation);
        Ok(())
    }

    /// Takes all versions of an object instead of those known, in order.
    pub fn retell(&mut self, subject: &ObjectRef, versions: impl IntoIterator<Item = Observation>) {
        self.snapshot.objects.remove(subject);
        self.snapshot.deleted.remove(subject);
        self.snapshot.earlier.remove(subject);
        self.again.remove(subject);
        versions.into_iter().for_each(|version| self.add(version));
    }

    fn known_until(&self, subject: &ObjectRef) -> Option<(Time, Time)> {
        let current = self.snapshot.objects.get(subject).or_else(|| self.snapshot.deleted.get(subject))?;
        let version = (current.at, current.seen_at);
        Some(self.again.get(subject).map_or(version, |again| version.max(*again)))
    }

    fn add(&mut self, observation: Observation) {
        let Observation { id, at, seen_at, subject, body, .. } = observation;
        self.keep_bounds();
        match (body, subject) {
            (Body::Object { api_version, uid, change, object, resource_version: _ }, Some(subject)) => {
                let (subject, uid) = shared(subject, uid, &object);
                let api_version = Pool::house().text(&api_version);
                let held = Held { observation: id, at, seen_at, uid, api_version, object };
                match change {
                    ChangeKind::Present => self.present(subject, held),
                    ChangeKind::Deleted => self.deleted(subject, held),
                    ChangeKind::Counted => {
                        self.snapshot.objects.remove(&subject);
                    }
                }
            }
            (Body::Event(event), Some(subject)) => self.event(subject, SeenEvent { observation: id, seen_at, event }),
            (Body::Coverage { kind, namespace, state }, _) => {
                let (kind, namespace) = (Text::from(kind), Text::from(namespace));
                let told = self.covered.entry((kind.clone(), namespace.clone())).or_insert(at);
                if *told <= at {
                    *told = at;
                    self.cover(Coverage { kind, namespace, state, observation: id });
                }
            }
            (Body::Gap { until, dropped, reason }, _) => {
                self.gap(Gap { from: at, until, dropped, reason, observation: id });
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
        self.gap(Gap { from: at, until: at, dropped: 1, reason, observation: id });
    }

    /// In order of when they begin.
    fn gap(&mut self, gap: Gap) {
        let gaps = &mut self.snapshot.gaps;
        let place = gaps.partition_point(|known| known.from <= gap.from);
        if !gaps[..place].contains(&gap) {
            gaps.insert(place, gap);
        }
    }

    /// In order of kind and namespace.
    fn cover(&mut self, coverage: Coverage) {
        let all = &mut self.snapshot.coverage;
        let key = |c: &Coverage| (c.kind.clone(), c.namespace.clone());
        match all.binary_search_by(|known| key(known).cmp(&key(&coverage))) {
            Ok(place) => all[place] = coverage,
            Err(place) => all.insert(place, coverage),
        }
    }

    fn present(&mut self, subject: ObjectRef, held: Held) {
        if let Some(current) = self.snapshot.objects.get(&subject) {
            if current.uid == held.uid && current.object == held.object {
                // Listed again, unchanged: it has been in this version since the first time.
                self.again.insert(subject, (held.at, held.seen_at));
                return;
            }
        } else if let Some(last) = self.snapshot.deleted.remove(&subject) {
            self.before(subject.clone(), last);
        }
        self.again.remove(&subject);
        if let Some(before) = self.snapshot.objects.insert(subject.clone(), held) {
            self.before(subject, before);
        }
    }

    fn deleted(&mut self, subject: ObjectRef, mut held: Held) {
        let current = self.snapshot.objects.get(&subject);
        if current.is_some_and(|current| is_other(&current.uid, &held.uid)) {
            // The news of an older namesake's end: the object that stands here now is another one.
            self.again.insert(subject, (held.at, held.seen_at));
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
            self.again.insert(subject, (held.at, held.seen_at));
            return;
        }
        self.again.remove(&subject);
        self.snapshot.deleted.insert(subject, held);
    }

    /// A version that is no longer the current one.
    fn before(&mut self, subject: ObjectRef, version: Held) {
        let versions = Arc::make_mut(self.snapshot.earlier.or_default(subject));
        versions.push(version);
        // The newest stay whatever they say; of the others, first go those that mark no change.
        let alike = |versions: &[Held]| {
            let older = versions.len().saturating_sub(MOST_ALIKE);
            (0..older).find(|place| {
                let same = |other: usize| says_the_same(&versions[*place].object, &versions[other].object);
                same(place + 1) && (*place == 0 || same(place - 1))
            })
        };
        if versions.len() > MOST_ALIKE
            && let Some(place) = alike(versions)
        {
            versions.remove(place);
        }
        if versions.len() > MOST_EARLIER {
            versions.remove(0);
        }
    }

    /// In order of their last occurrence; the newest version of one wins.
    fn event(&mut self, subject: ObjectRef, seen: SeenEvent) {
        let events = Arc::make_mut(self.snapshot.events.or_default(subject));
        if let Some(known) = events.iter().position(|known| is_same(&known.event, &seen.event)) {
            fn age(seen: &SeenEvent) -> (Time, u32, Time, &model::ObservationId) {
                (seen.event.last_at, seen.event.count, seen.seen_at, &seen.observation)
            }
            if age(&seen) < age(&events[known]) {
                return;
            }
            events.remove(known);
        }
        fn key(seen: &SeenEvent) -> (Time, Time, &model::ObservationId) {
            (seen.event.last_at, seen.event.first_at, &seen.observation)
        }
        let place = events.partition_point(|known| key(known) < key(&seen));
        events.insert(place, seen);
    }

    /// As it is, dated.
    pub fn as_of(&self, at: Time) -> Snapshot {
        Snapshot { at, ..self.snapshot.clone() }
    }

    pub fn finish(self, at: Time) -> Snapshot {
        Snapshot { at, ..self.snapshot }
    }
}

/// The same reference and uid, in the memory of the object that says them too.
fn shared(subject: ObjectRef, uid: Text, object: &Doc) -> (ObjectRef, Text) {
    let told = |field: &str, own: Text| object["metadata"][field].as_text().filter(|told| *told == own).unwrap_or(own);
    let ObjectRef { kind, namespace, name } = subject;
    let subject = ObjectRef {
        kind: Pool::house().text(&kind),
        namespace: Pool::house().text(&namespace),
        name: told("name", name),
    };
    (subject, told("uid", uid))
}

/// Whether two versions differ in nothing but what a controller reports all the time.
fn says_the_same(a: &Doc, b: &Doc) -> bool {
    fn conditions(object: &Doc) -> impl Iterator<Item = (&Doc, &Doc, &Doc)> {
        let all = object["status"]["conditions"].as_array().into_iter().flatten();
        all.map(|condition| (&condition["type"], &condition["status"], &condition["reason"]))
    }
    ["spec", "keys", "webhooks", "data", "rules", "subsets"].into_iter().all(|field| a[field] == b[field])
        && ["labels", "annotations"].into_iter().all(|field| a["metadata"][field] == b["metadata"][field])
        && conditions(a).eq(conditions(b))
}

/// Two uids that are both known and differ.
fn is_other(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && a != b
}

/// Whether two observations of an Event are of the same one: by its uid; where it has none, by what it says.
fn is_same(a: &EventBody, b: &EventBody) -> bool {
    match (a.uid.is_empty(), b.uid.is_empty()) {
        (true, true) => (&a.reason, &a.message, &a.reporter) == (&b.reason, &b.message, &b.reporter),
        (false, false) => a.uid == b.uid,
        _ => false,
    }
}
