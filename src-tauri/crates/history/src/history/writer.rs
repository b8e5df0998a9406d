//! The thread that writes what watches learn.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{Clock, Observation};

use super::History;
use super::unkept::Dropped;
use crate::store::lock;

/// An observation waits at most so long for others to be written with. What a watch said is on the disk, or shown to be
/// missing, well within the second that a killed program may lose.
const COLLECT: Duration = Duration::from_millis(20);
const BATCH: usize = 1_000;
/// So many wait for the writer at most; then the oldest are dropped, and counted. Listing stops to wait for room long
/// before ([`Writer::has_room`]).
const MOST_WAITING: usize = 20_000;
const ROOM: usize = 4_000;
/// How long after a failure the file is tried again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// Nothing came for so long: there is time to look whether something must be tidied up.
const QUIET: Duration = Duration::from_secs(2);
/// Tidying goes on for so long at once, so often where observations keep coming, and not while many wait.
const TIDY_FOR: Duration = Duration::from_millis(15);
const TIDY_EVERY: Duration = Duration::from_millis(250);
const QUIET_QUEUE: usize = 100;

/// Takes observations of a history and writes them in batches, on one thread. Never blocks who hands them over.
///
/// While the file cannot be written (a full disk, another program's lock), observations are held in memory, the newest
/// [`super::unkept::MOST_UNKEPT`] of them, and are read as if they were written; the file is tried again by itself. What
/// had to be dropped is in the history as a gap. Dropping the last clone ends the thread after a last write.
#[derive(Clone)]
pub struct Writer(Arc<Handle>);

struct Handle(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Observation>,
    flushes: Vec<Box<dyn FnOnce(bool) + Send>>,
    dropped: Option<Dropped>,
    closed: bool,
}

impl Writer {
    /// Starts the thread. `tell` hears in a sentence why observations are kept in memory only, and `None` when they are
    /// written again.
    pub fn start(
        history: Arc<History>,
        clock: Arc<dyn Clock>,
        tell: impl Fn(Option<String>) + Send + 'static,
    ) -> std::io::Result<Writer> {
        let shared = Arc::new(Shared { queue: Mutex::default(), wake: Condvar::new() });
        let work = Work {
            history,
            clock,
            tell,
            shared: Arc::clone(&shared),
            failing: None,
            tidied: Instant::now(),
            more_to_tidy: false,
            rested: true,
        };
        std::thread::Builder::new().name("history".into()).spawn(move || work.run())?;
        Ok(Writer(Arc::new(Handle(shared))))
    }

    /// Returns at once.
    pub fn keep(&self, observation: Observation) {
        let mut queue = lock(&self.0.0.queue);
        if queue.waiting.len() >= MOST_WAITING
            && let Some(lost) = queue.waiting.pop_front()
        {
            Dropped::add(&mut queue.dropped, &lost);
        }
        queue.waiting.push_back(observation);
        let first = queue.waiting.len() == 1 || queue.waiting.len() == BATCH;
        drop(queue);
        if first {
            self.0.0.wake.notify_one();
        }
    }

    /// Whether a listing may go on; a change is handed over whatever this says.
    pub fn has_room(&self) -> bool {
        lock(&self.0.0.queue).waiting.len() < ROOM
    }

    /// Calls `done` when everything that was handed over before can be read; with true where it is in the file.
    pub fn flush(&self, done: impl FnOnce(bool) + Send + 'static) {
        lock(&self.0.0.queue).flushes.push(Box::new(done));
        self.0.0.wake.notify_one();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.0.queue).closed = true;
        self.0.wake.notify_one();
    }
}

struct Work<T> {
    history: Arc<History>,
    clock: Arc<dyn Clock>,
    tell: T,
    shared: Arc<Shared>,
    failing: Option<Failing>,
    tidied: Instant,
    more_to_tidy: bool,
    /// Nothing was written since what makes writing quick was given back.
    rested: bool,
}

struct Failing {
    since: model::Time,
    retry_at: Instant,
    delay: Duration,
    said: String,
}

/// What the thread has to do next.
struct Job {
    batch: Vec<Observation>,
    flushes: Vec<Box<dyn FnOnce(bool) + Send>>,
    dropped: Option<Dropped>,
    ended: bool,
}

impl<T: Fn(Option<String>)> Work<T> {
    fn run(mut self) {
        loop {
            let Job { batch, flushes, dropped, ended } = self.next();
            let idle = batch.is_empty() && flushes.is_empty() && dropped.is_none();
            let gap = dropped.map(|dropped| dropped.gap(self.history.cluster(), "more arrived than could be written"));
            self.write(batch.into_iter().chain(gap).collect());
            if !flushes.is_empty() || ended {
                self.retry();
            }
            for done in flushes {
                done(self.failing.is_none());
            }
            if ended {
                break;
            }
            let due = idle || self.tidied.elapsed() >= TIDY_EVERY;
            if due && self.failing.is_none() && lock(&self.shared.queue).waiting.len() < QUIET_QUEUE {
                self.more_to_tidy = self.history.tidy(self.clock.now(), TIDY_FOR);
                self.tidied = Instant::now();
            }
            self.rested = idle && (self.rested || self.rest());
        }
    }

    /// Gives back what makes writing quick, unless there is something to be tidied; gives whether it did.
    fn rest(&self) -> bool {
        if self.more_to_tidy || self.failing.is_some() {
            return false;
        }
        self.history.rest();
        true
    }

    fn next(&self) -> Job {
        let mut queue = lock(&self.shared.queue);
        let patience = self.failing.as_ref().map_or(if self.more_to_tidy { TIDY_EVERY } else { QUIET }, |f| {
            f.retry_at.saturating_duration_since(Instant::now())
        });
        let mut collecting = None;
        let deadline = Instant::now() + patience;
        loop {
            let now = Instant::now();
            if !queue.waiting.is_empty() {
                collecting.get_or_insert(now + COLLECT);
            }
            let until = collecting.map_or(deadline, |collected: Instant| collected.min(deadline));
            let due = queue.waiting.len() >= BATCH || !queue.flushes.is_empty() || queue.closed || now >= until;
            if due {
                break;
            }
            queue = self.shared.wake.wait_timeout(queue, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
        let count = queue.waiting.len().min(BATCH);
        let batch = queue.waiting.drain(..count).collect();
        // Whoever waits for a flush waits for the last of what was before it.
        let done = queue.waiting.is_empty();
        let flushes = if done { std::mem::take(&mut queue.flushes) } else { Vec::new() };
        Job { batch, flushes, dropped: queue.dropped.take(), ended: done && queue.closed }
    }

    fn write(&mut self, mut batch: Vec<Observation>) {
        batch.retain(|observation| match self.history.refuses(observation) {
            None => true,
            Some(why) => {
                tracing::warn!(id = %observation.id, why, "an observation is not kept");
                false
            }
        });
        if self.failing.is_some() {
            if !batch.is_empty() {
                self.history.hold(batch);
            }
            if self.failing.as_ref().is_some_and(|failing| failing.retry_at <= Instant::now()) {
                self.retry();
            }
        } else if !batch.is_empty()
            && let Err(error) = self.history.append_within(super::WATCH_PATIENCE, &batch)
        {
            self.history.hold(batch);
            self.fail(&error);
        }
    }

    /// Tries to write what is held.
    fn retry(&mut self) {
        if self.failing.is_none() {
            return;
        }
        match self.history.write_unkept() {
            Ok(_) => {
                self.failing = None;
                tracing::info!("the history is written again");
                (self.tell)(None);
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &crate::Error) {
        let now = Instant::now();
        let before = self.failing.take();
        let since = before.as_ref().map_or_else(|| self.clock.now(), |failing| failing.since);
        let delay = before.as_ref().map_or(RETRY.0, |failing| (failing.delay * 2).min(RETRY.1));
        let (_, dropped) = self.history.unkept();
        let lost = match dropped {
            0 => String::new(),
            count => format!(" {count} older ones had to be dropped."),
        };
        let said = format!(
            "What is watched is kept in memory only since {since}: {error}. It is tried again by itself.{lost}"
        );
        if before.is_none_or(|before| before.said != said) {
            tracing::warn!(%error, dropped, "the history cannot be written");
            (self.tell)(Some(said.clone()));
        }
        self.failing = Some(Failing { since, retry_at: now + delay, delay, said });
    }
}

#[cfg(test)]
mod tests;
