//! What is held of the past of a cluster that never stands still: a rollout replaces every pod again and again, and
//! memory must not follow from how long it has been going on. All of it is in the history.

use std::collections::HashMap;

use model::{Held, ObjectRef, SeenEvent, Time};

use super::Fold;

/// So many deleted objects of each kind are held, the newest; with them their versions and Events.
const MOST_DELETED: usize = 300;
/// So many objects of each kind are held with earlier versions, those that changed last.
const MOST_CHANGED: usize = 1_000;
/// So many objects of each kind are held for their Events alone: they are neither there nor among the deleted.
const MOST_TOLD_OF: usize = 300;
/// A map is looked through when it has grown by so much, and by an eighth.
const SLACK: usize = 100;

/// How large the maps may become before they are looked through.
#[derive(Clone, Default)]
pub(super) struct Bounds {
    deleted: usize,
    earlier: usize,
    events: usize,
}

impl Fold {
    /// Forgets the oldest where there is too much.
    pub(super) fn keep_bounds(&mut self) {
        fn due(length: usize, bound: usize) -> bool {
            length > bound.max(MOST_DELETED + SLACK)
        }
        fn next(length: usize) -> usize {
            length + length / 8 + SLACK
        }
        if due(self.snapshot.deleted.len(), self.bounds.deleted) {
            for gone in oldest(self.snapshot.deleted.iter().map(|(o, held)| (o, held.at)), MOST_DELETED) {
                self.snapshot.deleted.remove(&gone);
                self.snapshot.earlier.remove(&gone);
                self.snapshot.events.remove(&gone);
                self.again.remove(&gone);
            }
            self.bounds.deleted = next(self.snapshot.deleted.len());
        }
        if due(self.snapshot.earlier.len(), self.bounds.earlier) {
            let last = |versions: &[Held]| versions.last().map_or(Time::MIN, |held| held.at);
            let changed = self.snapshot.earlier.iter().map(|(o, versions)| (o, last(versions)));
            for long_ago in oldest(changed, MOST_CHANGED) {
                self.snapshot.earlier.remove(&long_ago);
            }
            self.bounds.earlier = next(self.snapshot.earlier.len());
        }
        if due(self.snapshot.events.len(), self.bounds.events) {
            let (objects, deleted) = (&self.snapshot.objects, &self.snapshot.deleted);
            let last = |events: &[SeenEvent]| events.last().map_or(Time::MIN, |seen| seen.event.last_at);
            let alone =
                self.snapshot.events.iter().filter(|(o, _)| !objects.contains_key(*o) && !deleted.contains_key(*o));
            for gone in oldest(alone.map(|(o, events)| (o, last(events))), MOST_TOLD_OF) {
                self.snapshot.events.remove(&gone);
            }
            self.bounds.events = next(self.snapshot.events.len());
        }
    }
}

/// Of each kind all but the newest `most`.
fn oldest<'o>(dated: impl Iterator<Item = (&'o ObjectRef, Time)>, most: usize) -> Vec<ObjectRef> {
    let mut kinds: HashMap<&str, Vec<(Time, &ObjectRef)>> = HashMap::new();
    for (object, at) in dated {
        kinds.entry(&object.kind).or_default().push((at, object));
    }
    let mut oldest = Vec::new();
    for of_kind in kinds.values_mut().filter(|of_kind| of_kind.len() > most) {
        let from = of_kind.len() - most;
        of_kind.select_nth_unstable(from);
        oldest.extend(of_kind[..from].iter().map(|(_, object)| (*object).clone()));
    }
    oldest
}

#[cfg(test)]
mod tests;
