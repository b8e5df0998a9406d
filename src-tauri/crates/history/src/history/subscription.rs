//! Who waits for what is appended.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::History;
use crate::store::lock;

/// Wakes whenever something was appended; counts instead of queueing, so a slow reader costs nothing.
pub struct Subscription {
    appended: Arc<Appended>,
    seen: u64,
}

/// How often something was appended.
#[derive(Default)]
pub(super) struct Appended {
    generation: Mutex<u64>,
    changed: Condvar,
}

impl History {
    pub fn subscribe(&self) -> Subscription {
        let seen = *lock(&self.appended.generation);
        Subscription { appended: Arc::clone(&self.appended), seen }
    }
}

impl Appended {
    pub fn count(&self) {
        *lock(&self.generation) += 1;
        self.changed.notify_all();
    }
}

impl Subscription {
    /// Blocks until something is appended after the last call, or the time is over; gives whether something was.
    pub fn wait(&mut self, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        let mut generation = lock(&self.appended.generation);
        while *generation == self.seen {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            generation = self.appended.changed.wait_timeout(generation, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        self.seen = *generation;
        true
    }
}
