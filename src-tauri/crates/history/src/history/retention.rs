//! What is forgotten: the only door through which an observation leaves a history.
//!
//! A pass goes over all subjects in small steps, between what the writer has to do. What it removes it removes for good,
//! in the transaction that also notes how much; at the end of the pass the note becomes a gap, so that a picture of the
//! time before says why it is empty. Triggers refuse every other deletion.

mod removal;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use model::{Body, Observation, ObservationId, Source, Time};
use removal::remove;
use rusqlite::{OptionalExtension, Transaction, params};

use super::{History, row};
use crate::Result;
use crate::store::lock;

const ACT: &str = "tidy up";
/// Between the ends of two passes.
const EVERY_SECONDS: i64 = 10 * 60;
/// However small the history must be, its last hour stays.
const NEWEST_SECONDS: i64 = 3600;
/// A file over its limit is brought to this part of it, so that not every pass has to remove something.
const FILL: f64 = 0.9;
/// Subjects that one transaction looks at.
const STEP: usize = 64;
/// Free pages that are given back after one step.
const PAGES: i64 = 256;

/// What is to be kept of a history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retention {
    pub age: Duration,
    /// How large the file may become, in bytes, about.
    pub bytes: u64,
    pub pins: Pins,
}

/// What cases need: it stays, however old it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pins {
    /// Both ends inclusive.
    pub windows: Vec<(Time, Time)>,
    pub observations: HashSet<ObservationId>,
}

impl Pins {
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.observations.is_empty()
    }
}

/// What retention removed so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The first and the last time of which something is gone.
    pub from: Time,
    pub until: Time,
    /// How many observations.
    pub count: u64,
    /// Why the last of them went: `older than 7 days`.
    pub reason: String,
}

/// Asked at the start of each pass; `None` leaves everything as it is.
pub(super) type Policy = Box<dyn Fn() -> Option<Retention> + Send + Sync>;

#[derive(Default)]
pub(super) struct Tidying {
    policy: Option<Policy>,
    pass: Option<Pass>,
    next_at: Option<Time>,
}

struct Pass {
    cutoff: Time,
    reason: String,
    pins: Pins,
    /// The last subject that was looked at.
    subject: i64,
    /// All subjects were.
    over: bool,
    /// How many observations went.
    removed: u64,
}

impl History {
    /// Says what is to be kept; [`super::Writer`] tidies up in quiet moments.
    pub fn retain(&self, policy: impl Fn() -> Option<Retention> + Send + Sync + 'static) {
        let mut tidying = lock(&self.tidying);
        tidying.policy = Some(Box::new(policy));
        (tidying.pass, tidying.next_at) = (None, None);
    }

    /// What retention removed so far, `None` where it is nothing.
    pub fn forgotten(&self) -> Result<Option<Forgotten>> {
        Ok(self.meta("pruned")?.as_deref().and_then(parse_note))
    }

    /// Removes at once what `retention` does not keep; gives how many observations went. Others append meanwhile.
    pub fn forget(&self, retention: Retention, now: Time) -> Result<u64> {
        let _one = lock(&self.tidying);
        let Some(mut pass) = self.begin(retention, now)? else { return Ok(0) };
        while self.prune(&mut pass)? {
            self.give_back()?;
        }
        self.report(now)?;
        while self.free_pages()? > 0 {
            self.give_back()?;
        }
        Ok(pass.removed)
    }

    /// Tidies up for a while; gives whether there is more to do at once. What fails is logged and tried again later.
    pub(crate) fn tidy(&self, now: Time, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        // Where somebody else forgets just now, the next quiet moment is early enough.
        let Ok(mut tidying) = self.tidying.try_lock() else { return false };
        loop {
            match self.tidy_step(&mut tidying, now) {
                Ok(true) if Instant::now() < deadline => {}
                Ok(more) => return more,
                Err(error) => {
                    tracing::warn!(%error, "the history is not tidied up now");
                    tidying.pass = None;
                    tidying.next_at = Some(now.plus_seconds(EVERY_SECONDS));
                    return false;
                }
            }
        }
    }

    fn tidy_step(&self, tidying: &mut Tidying, now: Time) -> Result<bool> {
        let Some(pass) = &mut tidying.pass else {
            let Some(policy) = &tidying.policy else { return Ok(false) };
            if tidying.next_at.is_some_and(|next| now < next) {
                return Ok(false);
            }
            tidying.pass = match policy() {
                Some(retention) => self.begin(retention, now)?,
                None => None,
            };
            if tidying.pass.is_none() {
                tidying.next_at = Some(now.plus_seconds(EVERY_SECONDS));
            }
            return Ok(tidying.pass.is_some());
        };
        if (!pass.over && self.prune(pass)?) || self.free_pages()? > 0 {
            self.give_back()?;
            return Ok(true);
        }
        self.report(now)?;
        tidying.pass = None;
        tidying.next_at = Some(now.plus_seconds(EVERY_SECONDS));
        Ok(false)
    }

    /// A pass, where there is anything old enough.
    fn begin(&self, retention: Retention, now: Time) -> Result<Option<Pass>> {
        let Retention { age, bytes, pins } = retention;
        let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        let mut cutoff = now.plus_seconds(seconds.saturating_neg());
        let mut reason = format!("older than {}", in_words(seconds));
        let size = self.bytes()?;
        if size > bytes {
            let part = 1.0 - FILL * bytes as f64 / size as f64;
            let by_size = self.time_before_which(part)?.min(now.plus_seconds(-NEWEST_SECONDS));
            if by_size > cutoff {
                cutoff = by_size;
                reason = format!("the history is limited to {} MB", bytes >> 20);
            }
        }
        let oldest = self.span()?.map(|(first, _)| first);
        Ok(oldest.filter(|first| *first < cutoff).map(|_| Pass {
            cutoff,
            reason,
            pins,
            subject: i64::MIN,
            over: false,
            removed: 0,
        }))
    }

    /// About the time before which this part of all rows was written.
    fn time_before_which(&self, part: f64) -> Result<Time> {
        let (first, last): (i64, i64) = self
            .one("SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM observations", |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let seq = first + ((last - first) as f64 * part) as i64;
        let sql = format!("SELECT coalesce(max(at), 0) FROM observations WHERE seq BETWEEN {} AND {seq}", seq - 64);
        self.one(&sql, |row| row.get(0)).map(Time)
    }

    /// Looks at the next subjects; false when there are no more.
    fn prune(&self, pass: &mut Pass) -> Result<bool> {
        let mut packer = lock(&self.packer);
        let error = |e: rusqlite::Error| self.store().error(ACT, &e);
        let mut removed = HashSet::new();
        let after = pass.subject;
        let written = self.store().write_within(super::WATCH_PATIENCE, ACT, |transaction| {
            packer.begin(transaction).map_err(error)?;
            // What is about nothing (coverage, gaps) comes first, as if it had a subject before all others.
            let subjects: Vec<i64> = transaction
                .prepare_cached("SELECT id FROM subjects WHERE id > ?1 ORDER BY id LIMIT ?2")
                .and_then(|mut next| next.query_map(params![after, STEP as i64], |row| row.get(0))?.collect())
                .map_err(error)?;
            let last = subjects.last().copied();
            transaction.execute("INSERT INTO retention (before) VALUES (?1)", [pass.cutoff.0]).map_err(error)?;
            let about_nothing = (after == i64::MIN).then_some(None);
            let mut noted: Option<(Time, u64)> = None;
            for subject in about_nothing.into_iter().chain(subjects.into_iter().map(Some)) {
                for lost in remove(transaction, subject, pass, &self.cluster).map_err(error)? {
                    let (from, count) = noted.unwrap_or((lost.at, 0));
                    noted = Some((from.min(lost.at), count + 1));
                    removed.insert(lost.seq);
                }
            }
            if let Some((from, count)) = noted {
                note(transaction, from, pass.cutoff, count, &pass.reason).map_err(error)?;
            }
            transaction.execute("DELETE FROM retention", []).map_err(error)?;
            Ok(last)
        });
        if written.is_err() {
            packer.forget();
        } else if !removed.is_empty() {
            packer.forget_rows(&removed);
        }
        let last = written?;
        pass.removed += removed.len() as u64;
        match last {
            Some(last) => pass.subject = last,
            None => pass.over = true,
        }
        Ok(!pass.over)
    }

    /// Turns what passes noted into one gap, in place of the one of earlier passes.
    fn report(&self, now: Time) -> Result<()> {
        let Some(noted) = self.meta("pruned")? else { return Ok(()) };
        let Some(Forgotten { from, until, count, reason }) = parse_note(&noted) else { return Ok(()) };
        let body = Body::Gap { until, dropped: count, reason };
        let gap = Observation::new(self.cluster.clone(), from, now, Source::Watch, None, body);
        if self.meta("pruned_gap")?.as_deref() == Some(&*gap.id.to_string()) {
            return Ok(());
        }
        self.append_within(super::WATCH_PATIENCE, std::slice::from_ref(&gap))?;
        let error = |e: rusqlite::Error| self.store().error(ACT, &e);
        self.store().write_within(super::WATCH_PATIENCE, ACT, |transaction| {
            let before: Option<String> = transaction
                .query_row("SELECT value FROM meta WHERE key = 'pruned_gap'", [], |row| row.get(0))
                .optional()
                .map_err(error)?;
            if let Some(before) = before {
                transaction.execute("INSERT INTO retention (before) VALUES (?1)", [i64::MAX]).map_err(error)?;
                let sql = format!("DELETE FROM observations WHERE {}", row::BY_ID);
                transaction.execute(&sql, [row::StoredId::of(&ObservationId::from(before))]).map_err(error)?;
                transaction.execute("DELETE FROM retention", []).map_err(error)?;
            }
            let sql = "INSERT INTO meta (key, value) VALUES ('pruned_gap', ?1)
                ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            transaction.execute(sql, [gap.id.to_string()]).map(drop).map_err(error)
        })
    }

    fn meta(&self, key: &str) -> Result<Option<String>> {
        self.store().read(ACT, |reader| {
            reader
                .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
                .optional()
                .map_err(|e| self.store().error(ACT, &e))
        })
    }

    fn free_pages(&self) -> Result<i64> {
        if self.path().is_none() {
            return Ok(0);
        }
        self.one("PRAGMA freelist_count", |row| row.get(0))
    }

    /// Gives free pages back to the file system, a few at a time.
    fn give_back(&self) -> Result<()> {
        self.store().outside_transaction(ACT, &format!("PRAGMA incremental_vacuum({PAGES})"))
    }
}

/// Adds to what is noted as removed: from when, until when, how many, why.
fn note(transaction: &Transaction<'_>, from: Time, until: Time, count: u64, reason: &str) -> rusqlite::Result<()> {
    let noted: Option<String> =
        transaction.query_row("SELECT value FROM meta WHERE key = 'pruned'", [], |row| row.get(0)).optional()?;
    let noted = noted.as_deref().and_then(parse_note);
    let (first, last, before) = noted.map_or((from, until, 0), |noted| (noted.from, noted.until, noted.count));
    let note = format!("{} {} {} {reason}", first.min(from).0, last.max(until).0, before + count);
    transaction
        .execute(
            "INSERT INTO meta (key, value) VALUES ('pruned', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [note],
        )
        .map(drop)
}

fn parse_note(note: &str) -> Option<Forgotten> {
    let mut parts = note.splitn(4, ' ');
    let (from, until) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (count, reason) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
    Some(Forgotten { from: Time(from), until: Time(until), count, reason })
}

fn in_words(seconds: i64) -> String {
    match seconds {
        0 => "now, when somebody asked to forget it".into(),
        1..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
