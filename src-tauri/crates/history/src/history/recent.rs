//! Snapshots that were asked for last, kept as folds that can go on: what is asked next is mostly the same time or a
//! little later, and then only what is new is read.

use std::sync::Mutex;

use model::{Snapshot, Time};

use super::History;
use super::fold::Fold;
use crate::Result;
use crate::store::lock;

/// Where an observation stands in the order of a fold: when it happened, when it was learnt, its number.
pub(super) type Place = (i64, i64, i64);

/// The newest time that was asked for, which a live view asks again and again, and the last other one.
const KEPT: usize = 2;

#[derive(Default)]
pub(super) struct Recent(Mutex<Vec<Kept>>);

/// A fold of everything up to a time, as far as it had been appended.
struct Kept {
    at: Time,
    /// The highest number in the file when it was read.
    last_seq: i64,
    /// The last place that was folded.
    last: Option<Place>,
    fold: Fold,
}

impl Recent {
    pub fn snapshot(&self, history: &History, at: Time) -> Result<Snapshot> {
        let mut kept = lock(&self.0);
        let nearest = (0..kept.len()).filter(|i| kept[*i].at <= at).max_by_key(|i| kept[*i].at);
        let current = match nearest.map(|index| kept.remove(index)) {
            Some(earlier) => match earlier.go_on(history, at)? {
                Some(current) => current,
                None => Kept::from_scratch(history, at)?,
            },
            None => Kept::from_scratch(history, at)?,
        };
        let snapshot = current.fold.clone().finish(at);
        kept.insert(0, current);
        if kept.len() > KEPT {
            let newest = (0..kept.len()).max_by_key(|i| kept[*i].at);
            if let Some(oldest) = (1..kept.len()).rev().find(|index| Some(*index) != newest) {
                kept.remove(oldest);
            }
        }
        Ok(snapshot)
    }
}

impl Kept {
    fn from_scratch(history: &History, at: Time) -> Result<Kept> {
        let last_seq = history.last_seq()?;
        if history.is_long()? {
            let (fold, last) = history.recent_fold(at)?;
            return Ok(Kept { at, last_seq, last, fold });
        }
        let fold = Fold::new(Snapshot::empty(history.cluster.clone(), at));
        let mut kept = Kept { at, last_seq, last: None, fold };
        history.inventory("at <= ?1 AND seq <= ?2", &[at.0, last_seq], |place, observation| {
            kept.last = Some(place);
            kept.fold.take(observation);
        })?;
        Ok(kept)
    }

    /// Folds what is new for a later time; `None` where something new belongs before what was folded already.
    fn go_on(mut self, history: &History, at: Time) -> Result<Option<Kept>> {
        let last_seq = history.last_seq()?;
        let mut in_order = true;
        let condition = "at <= ?1 AND seq <= ?2 AND (seq > ?3 OR at > ?4)";
        history.inventory(condition, &[at.0, last_seq, self.last_seq, self.at.0], |place, observation| {
            in_order &= self.last.is_none_or(|last| last < place);
            if in_order {
                self.last = Some(place);
                self.fold.take(observation);
            }
        })?;
        (self.at, self.last_seq) = (at, last_seq);
        Ok(in_order.then_some(self))
    }
}
