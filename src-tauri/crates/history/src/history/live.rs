//! The present: a fold that hears what is appended, so that showing it reads no file.

use std::sync::Mutex;

use model::{ObjectRef, Observation, Snapshot, Time};

use super::fold::{Fold, Late};
use super::{History, Query};
use crate::Result;
use crate::store::lock;

/// When so many objects of one batch must be told anew, reading the whole history again is the quicker way.
const MOST_LATE: usize = 200;

#[derive(Default)]
pub(super) struct Live {
    state: Mutex<Option<State>>,
    /// One reads the history when several ask for the first time.
    loading: Mutex<()>,
}

struct State {
    fold: Fold,
    /// The highest number in the file that was heard.
    last_seq: i64,
}

impl History {
    /// The cluster as it is known now, dated `now`: everything that was appended, also where a clock that is ahead dated
    /// it later. A clone of what is held in memory; the history is read once, when this is asked for the first time, and
    /// again after another program wrote to it.
    pub fn present(&self, now: Time) -> Result<Snapshot> {
        let held = |live: &Live| lock(&live.state).as_ref().map(|state| state.fold.as_of(now));
        if let Some(snapshot) = held(&self.live) {
            return Ok(snapshot);
        }
        let _one = lock(&self.live.loading);
        if let Some(snapshot) = held(&self.live) {
            return Ok(snapshot);
        }
        let first = self.last_seq()?;
        let mut fold = if self.is_long()? {
            self.recent_fold(Time::MAX)?.0
        } else {
            let mut fold = Fold::new(Snapshot::empty(self.cluster.clone(), now));
            self.inventory("seq <= ?1", &[first], |_, observation| fold.take(observation))?;
            fold
        };
        // What was appended meanwhile, and then nobody may until this one hears it too.
        let _appending = lock(&self.packer);
        let last_seq = self.last_seq()?;
        let mut late = Vec::new();
        self.inventory("seq > ?1", &[first], |_, observation| match observation {
            Ok(observation) => late.extend(fold.hear(observation).err()),
            torn @ Err(_) => fold.take(torn),
        })?;
        // What could not be written yet is known all the same.
        late.extend(self.held_inventory(|_| true).into_iter().filter_map(|held| fold.hear(held).err()));
        for Late(subject) in late {
            let versions = self.versions(&subject)?;
            fold.retell(&subject, versions);
        }
        let snapshot = fold.as_of(now);
        *lock(&self.live.state) = Some(State { fold, last_seq });
        Ok(snapshot)
    }

    /// Tells what of `appended` observations belongs to the inventory; the caller lets nobody append meanwhile.
    /// `last_seq` is the highest number now.
    pub(super) fn tell_live(&self, inventory: &[&Observation], appended: usize, last_seq: i64) {
        let mut late = Vec::new();
        {
            let mut held = lock(&self.live.state);
            let Some(state) = held.as_mut() else { return };
            let expected = state.last_seq + i64::try_from(appended).unwrap_or(i64::MAX);
            if last_seq != expected {
                // Another program wrote, too.
                *held = None;
                return;
            }
            state.last_seq = last_seq;
            for observation in inventory {
                if let Err(Late(subject)) = state.fold.hear((*observation).clone()) {
                    late.push(subject);
                }
            }
            if late.len() > MOST_LATE {
                *held = None;
                return;
            }
        }
        late.sort();
        late.dedup();
        for subject in late {
            let told = self.versions(&subject);
            let mut held = lock(&self.live.state);
            match (told, held.as_mut()) {
                (Ok(versions), Some(state)) => state.fold.retell(&subject, versions),
                _ => *held = None,
            }
        }
    }

    /// Tells what could not be written; when it is written later, hearing it again changes nothing.
    pub(super) fn tell_live_held(&self, observations: &[Observation]) {
        let inventory: Vec<&Observation> = observations.iter().filter(|o| o.is_inventory()).collect();
        let last_seq = lock(&self.live.state).as_ref().map(|state| state.last_seq);
        if let Some(last_seq) = last_seq {
            self.tell_live(&inventory, 0, last_seq);
        }
    }

    fn versions(&self, subject: &ObjectRef) -> Result<Vec<Observation>> {
        self.find(&Query { types: vec!["object"], subject: Some(subject.clone()), ..Query::default() })
    }
}
