//! Observations that could not be written yet. Reading shows them as if they were in the file.

use std::collections::VecDeque;

use model::{Body, ClusterId, Observation, ObservationId, Source, Time};

use super::{History, Query};
use crate::Result;
use crate::store::lock;

/// So many wait at most; then the oldest are dropped, and counted.
pub(super) const MOST_UNKEPT: usize = 20_000;
/// Written in one transaction when the file can be written again.
const BATCH: usize = 500;

#[derive(Default)]
pub(super) struct Unkept {
    waiting: VecDeque<Observation>,
    dropped: Option<Dropped>,
}

/// What became of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub count: u64,
    pub from: Time,
    pub until: Time,
}

impl Dropped {
    pub fn add(all: &mut Option<Dropped>, lost: &Observation) {
        let one = Dropped { count: 0, from: lost.at, until: lost.at };
        let all = all.get_or_insert(one);
        all.count += 1;
        (all.from, all.until) = (all.from.min(lost.at), all.until.max(lost.at));
    }

    pub fn gap(self, cluster: &ClusterId, reason: &str) -> Observation {
        let Dropped { count, from, until } = self;
        let body = Body::Gap { until, dropped: count, reason: reason.to_owned() };
        Observation::new(cluster.clone(), from, until, Source::Watch, None, body)
    }
}

impl History {
    /// Keeps in memory what could not be written: it is shown, and written by [`History::write_unkept`].
    pub(crate) fn hold(&self, observations: Vec<Observation>) {
        let _nobody_appends = lock(&self.packer);
        self.tell_live_held(&observations);
        let mut unkept = lock(&self.unkept);
        for observation in observations {
            if unkept.waiting.len() >= MOST_UNKEPT
                && let Some(lost) = unkept.waiting.pop_front()
            {
                Dropped::add(&mut unkept.dropped, &lost);
            }
            unkept.waiting.push_back(observation);
        }
        drop(unkept);
        self.appended.count();
    }

    /// Tries to write what is held, oldest first, and a gap for what was dropped. Gives how many are still held.
    pub(crate) fn write_unkept(&self) -> Result<usize> {
        loop {
            let (batch, dropped) = {
                let unkept = lock(&self.unkept);
                let batch: Vec<Observation> = unkept.waiting.iter().take(BATCH).cloned().collect();
                (batch, unkept.dropped)
            };
            if batch.is_empty() && dropped.is_none() {
                return Ok(0);
            }
            let gap = dropped.map(|dropped| dropped.gap(&self.cluster, "the history could not be written for a while"));
            let all: Vec<Observation> = batch.iter().cloned().chain(gap).collect();
            self.append_within(super::WATCH_PATIENCE, &all)?;
            let mut unkept = lock(&self.unkept);
            if unkept.dropped == dropped {
                unkept.dropped = None;
            }
            // Meanwhile the oldest may have been dropped.
            for written in &batch {
                if unkept.waiting.front().is_some_and(|first| first.id == written.id) {
                    unkept.waiting.pop_front();
                }
            }
        }
    }

    /// How many observations are held in memory, and how many of those were dropped for want of room.
    pub fn unkept(&self) -> (usize, u64) {
        let unkept = lock(&self.unkept);
        (unkept.waiting.len(), unkept.dropped.map_or(0, |dropped| dropped.count))
    }

    pub(super) fn held(&self, id: &ObservationId) -> Option<Observation> {
        lock(&self.unkept).waiting.iter().find(|observation| observation.id == *id).cloned()
    }

    /// What is held and answers the query, in no order.
    pub(super) fn held_of(&self, query: &Query) -> Vec<Observation> {
        lock(&self.unkept).waiting.iter().filter(|observation| query.asks_for(observation)).cloned().collect()
    }

    /// What is held of the inventory and passes, in order of when it happened.
    pub(super) fn held_inventory(&self, passes: impl Fn(&Observation) -> bool) -> Vec<Observation> {
        let unkept = lock(&self.unkept);
        let mut held: Vec<Observation> =
            unkept.waiting.iter().filter(|o| o.is_inventory() && passes(o)).cloned().collect();
        held.sort_by_key(|observation| (observation.at, observation.seen_at));
        held
    }
}

impl Query {
    fn asks_for(&self, observation: &Observation) -> bool {
        let subject = observation.subject.as_ref();
        (self.types.is_empty() || self.types.contains(&super::row::tag_of(&observation.body)))
            && self.subject.as_ref().is_none_or(|wanted| subject == Some(wanted))
            && self.namespace.as_ref().is_none_or(|wanted| subject.is_some_and(|s| *s.namespace == **wanted))
            && self.from.is_none_or(|from| from <= observation.at)
            && self.to.is_none_or(|to| observation.at <= to)
    }
}
