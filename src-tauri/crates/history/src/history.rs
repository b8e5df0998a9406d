mod fold;
mod live;
mod past;
mod recent;
mod retention;
pub(crate) mod row;
pub(crate) mod schema;
mod unkept;
mod writer;

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{ClusterId, ObjectRef, Observation, ObservationId, Snapshot, Time};
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, params_from_iter};

use crate::store::{Format, Store, lock};
use crate::{Error, Result};
pub use retention::{Pins, Retention};
use schema::{tables_1, tables_2};
pub use writer::Writer;

/// How long the writer of a watch waits for another program's lock before it holds observations in memory.
const WATCH_PATIENCE: Duration = Duration::from_secs(1);

pub(crate) const FORMAT: Format = Format {
    name: "a history of observations",
    application_id: 0x4342_4831,
    migrations: &[
        concat!(
            "
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
        ",
            tables_1!(),
            "
        CREATE INDEX observations_seen_at ON observations (seen_at);
        CREATE TRIGGER observations_stay_as_they_are BEFORE UPDATE ON observations
            BEGIN SELECT RAISE(ABORT, 'observations are never changed'); END;
        "
        ),
        concat!(
            tables_2!(),
            "
        CREATE TRIGGER observations_stay_as_they_are BEFORE UPDATE ON observations
            BEGIN SELECT RAISE(ABORT, 'observations are never changed'); END;
        CREATE TABLE retention (before INTEGER NOT NULL) STRICT;
        CREATE TRIGGER observations_stay BEFORE DELETE ON observations
            WHEN coalesce(OLD.at >= (SELECT before FROM retention), 1)
            BEGIN SELECT RAISE(ABORT, 'observations are removed by retention alone'); END;
        "
        ),
    ],
    synchronous: "normal",
    shrinks: true,
};

/// One cluster's observations. Cheap to share (`Arc<History>`); all methods block briefly on SQLite, call them from a
/// blocking thread where that matters.
pub struct History {
    store: Store,
    cluster: ClusterId,
    appended: Arc<Appended>,
    recent: recent::Recent,
    live: live::Live,
    packer: Mutex<row::Packer>,
    unkept: Mutex<unkept::Unkept>,
    tidying: Mutex<retention::Tidying>,
}

/// Which observations to find; empty fields do not restrict. Bounds are inclusive and about `at`.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Names of [`model::Body`] variants in snake case: `log`, `metric`, `alert`, …
    pub types: Vec<&'static str>,
    pub subject: Option<ObjectRef>,
    pub namespace: Option<String>,
    pub from: Option<Time>,
    pub to: Option<Time>,
    /// Keeps the newest ones.
    pub limit: Option<usize>,
}

/// Wakes whenever something was appended; counts instead of queueing, so a slow reader costs nothing.
pub struct Subscription {
    appended: Arc<Appended>,
    seen: u64,
}

/// How often something was appended.
#[derive(Default)]
struct Appended {
    generation: Mutex<u64>,
    changed: Condvar,
}

const OF_SUBJECT: &str = "(SELECT s.id FROM subjects s WHERE s.name = ?
    AND s.namespace = (SELECT id FROM words WHERE word = ?) AND s.kind = (SELECT id FROM words WHERE word = ?))";
const OF_NAMESPACE: &str = "subject IN (SELECT s.id FROM subjects s
    WHERE s.namespace = (SELECT id FROM words WHERE word = ?))";

impl History {
    /// Opens or creates the file.
    pub fn open(path: &Path, cluster: ClusterId) -> Result<Self> {
        Self::of_cluster(Store::open(path, &FORMAT)?, cluster)
    }

    /// Opens an existing file that nobody writes to any more (a recorded case), whatever cluster it is of. What tools
    /// learn later is appended to it. A `.case` file, and one that may not be written, stays as it is: it is copied to
    /// memory.
    pub fn open_recorded(path: &Path) -> Result<Self> {
        let recorded = Store::open_existing(path, &[&FORMAT, &crate::case_file::FORMAT])?;
        let cluster = recorded.read("read", |reader| {
            reader
                .query_row("SELECT value FROM meta WHERE key = 'cluster'", [], |row| row.get(0))
                .optional()
                .map_err(|e| recorded.error("read", &e))
        })?;
        let Some(cluster) = cluster.map(ClusterId) else {
            return Err(Error::Damaged {
                path: recorded.shown(),
                why: "it does not say which cluster it is of".into(),
                hint: "Copy it again from where it came from".into(),
            });
        };
        if recorded.is(&FORMAT)? && std::fs::OpenOptions::new().append(true).open(path).is_ok() {
            drop(recorded);
            return Self::open(path, cluster);
        }
        let copy = Self::in_memory(cluster)?;
        let format = if recorded.is(&FORMAT)? { &FORMAT } else { &crate::case_file::FORMAT };
        let recorded = if recorded.is_older_than(format)? { recorded.newest_copy(format)? } else { recorded };
        crate::case_file::copy_observations(&recorded, &copy)?;
        Ok(copy)
    }

    pub fn in_memory(cluster: ClusterId) -> Result<Self> {
        Self::of_cluster(Store::in_memory(&FORMAT)?, cluster)
    }

    fn of_cluster(store: Store, cluster: ClusterId) -> Result<Self> {
        let kept: String = store.write("prepare", |transaction| {
            let error = |e: rusqlite::Error| store.error("prepare", &e);
            transaction
                .execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('cluster', ?1)", [cluster.as_str()])
                .map_err(error)?;
            transaction.query_row("SELECT value FROM meta WHERE key = 'cluster'", [], |row| row.get(0)).map_err(error)
        })?;
        if kept != cluster.as_str() {
            return Err(Error::Damaged {
                path: store.shown(),
                why: format!("it is the history of `{kept}`, not of `{cluster}`"),
                hint: "Open it as a recording, or move it away".into(),
            });
        }
        let (appended, recent, packer) = (Arc::default(), recent::Recent::default(), Mutex::new(row::Packer::new()));
        Ok(History {
            store,
            cluster,
            appended,
            recent,
            live: live::Live::default(),
            packer,
            unkept: Mutex::default(),
            tidying: Mutex::default(),
        })
    }

    pub fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    /// The path, `None` in memory.
    pub fn path(&self) -> Option<&Path> {
        self.store.path()
    }

    /// Appends in one transaction; an observation whose id is already there is left alone. Gives how many were new.
    /// An observation of another cluster is refused, and with it the whole batch.
    pub fn append(&self, observations: &[Observation]) -> Result<usize> {
        self.append_within(crate::store::LOCK_PATIENCE, observations)
    }

    /// Why an observation cannot be of this history, whatever the state of its file.
    pub(crate) fn refuses(&self, observation: &Observation) -> Option<String> {
        if observation.cluster != self.cluster {
            return Some(format!("the observation is of `{}`, the history of `{}`", observation.cluster, self.cluster));
        }
        let finite = row::is_finite(&observation.body);
        (!finite).then(|| format!("`{}` has a value that is not a number; leave such points out", observation.id))
    }

    fn append_within(&self, patience: Duration, observations: &[Observation]) -> Result<usize> {
        const ACT: &str = "append to";
        if let Some(cause) = observations.iter().find_map(|observation| self.refuses(observation)) {
            return Err(Error::Store { act: ACT, path: self.store.shown(), cause });
        }
        let mut packer = lock(&self.packer);
        let written = self.store.write_within(patience, ACT, |transaction| {
            let error = |e: rusqlite::Error| self.store.error(ACT, &e);
            packer.begin(transaction).map_err(error)?;
            let mut new = Vec::new();
            for observation in observations {
                if packer.insert(transaction, observation).map_err(error)? {
                    new.push(observation);
                }
            }
            let last: i64 = transaction
                .query_row("SELECT coalesce(max(seq), 0) FROM observations", [], |row| row.get(0))
                .map_err(error)?;
            Ok((new, last))
        });
        if written.is_err() {
            packer.forget();
        }
        let (new, last) = written?;
        let inventory: Vec<&Observation> = new.iter().copied().filter(|o| o.is_inventory()).collect();
        self.tell_live(&inventory, new.len(), last);
        drop(packer);
        if !new.is_empty() {
            self.appended.count();
        }
        Ok(new.len())
    }

    /// The cluster as of `at` by when things happened. Asked again for the same or a later time, it reads only what is
    /// new.
    pub fn snapshot(&self, at: Time) -> Result<Snapshot> {
        let held = self.held_inventory(|observation| observation.at <= at);
        if held.is_empty() { self.recent.snapshot(self, at) } else { self.snapshot_with(held, "at <= ?1", at) }
    }

    /// The cluster as of `at` by when we learnt things.
    pub fn snapshot_as_known(&self, at: Time) -> Result<Snapshot> {
        if self.is_long()? {
            return self.recent_past(Time::MAX, at);
        }
        let held = self.held_inventory(|observation| observation.seen_at <= at);
        self.snapshot_with(held, "at + lag <= ?1", at)
    }

    /// Folds what is in the file and what could not be written yet.
    fn snapshot_with(&self, held: Vec<Observation>, condition: &str, at: Time) -> Result<Snapshot> {
        let mut fold = fold::Fold::new(Snapshot::empty(self.cluster.clone(), at));
        let mut held = held.into_iter().peekable();
        self.inventory(condition, &[at.0], |place, observation| {
            while let Some(earlier) = held.next_if(|held| (held.at.0, held.seen_at.0 - held.at.0) < (place.0, place.1))
            {
                fold.take(Ok(earlier));
            }
            fold.take(observation);
        })?;
        held.for_each(|observation| fold.take(Ok(observation)));
        Ok(fold.finish(at))
    }

    /// Hands over what watches learnt, in order of when it happened, with its place in that order.
    fn inventory(
        &self,
        condition: &str,
        values: &[i64],
        mut take: impl FnMut(recent::Place, std::result::Result<Observation, row::Torn>),
    ) -> Result<()> {
        const ACT: &str = "read";
        let error = |e: rusqlite::Error| self.store.error(ACT, &e);
        let sql = format!(
            "SELECT {} FROM observations WHERE type IN (0, 1, 12, 13) AND {condition} ORDER BY at, lag, seq",
            row::COLUMNS
        );
        self.store.read(ACT, |reader| {
            let mut statement = reader.prepare_cached(&sql).map_err(error)?;
            let mut unpacker = row::Unpacker::new(reader, &self.cluster);
            let mut rows = statement.query(params_from_iter(values)).map_err(error)?;
            while let Some(row) = rows.next().map_err(error)? {
                let place = (|| Ok((row.get(2)?, row.get(3)?, row.get(0)?)))().map_err(error)?;
                take(place, unpacker.unpack(row).map_err(error)?);
            }
            Ok(())
        })
    }

    /// Everything that happened in a window, in order of `at`.
    pub fn window(&self, from: Time, to: Time) -> Result<Vec<Observation>> {
        self.find(&Query { from: Some(from), to: Some(to), ..Query::default() })
    }

    /// In order of `at`. What cannot be read any more is left out, and logged.
    pub fn find(&self, query: &Query) -> Result<Vec<Observation>> {
        let mut conditions: Vec<String> = Vec::new();
        let mut values: Vec<Sql> = Vec::new();
        if let Some(subject) = &query.subject {
            conditions.push(format!("subject = {OF_SUBJECT}"));
            values.extend([&*subject.name, &*subject.namespace, &*subject.kind].map(|part| Sql::from(part.to_owned())));
        }
        if let Some(namespace) = &query.namespace {
            conditions.push(OF_NAMESPACE.into());
            values.push(namespace.clone().into());
        }
        let mut restrict = |condition: &str, value: Sql| {
            conditions.push(condition.to_owned());
            values.push(value);
        };
        if let Some(from) = query.from {
            restrict("at >= ?", from.0.into());
        }
        if let Some(to) = query.to {
            restrict("at <= ?", to.0.into());
        }
        if !query.types.is_empty() {
            let numbers: Vec<i64> = query.types.iter().map(|tag| row::type_number(tag)).collect();
            if numbers.iter().all(|number| *number >= row::FIRST_RARE) {
                conditions.push("type > 1".into());
            }
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            conditions.push(format!("type IN ({})", numbers.join(", ")));
        }
        let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let limit = query.limit.map_or(String::new(), |n| format!("LIMIT {n}"));
        let sql =
            format!("SELECT {} FROM observations {filter} ORDER BY at DESC, lag DESC, seq DESC {limit}", row::COLUMNS);
        // First what is held: meanwhile it may be written, and is then found twice rather than not at all.
        let held = self.held_of(query);
        let mut found = Vec::new();
        for row in self.select(&sql, values)? {
            match row {
                Ok(observation) => found.push(observation),
                Err(torn) => tracing::warn!(id = %torn.id, cause = torn.cause, "an observation is torn"),
            }
        }
        found.reverse();
        if !held.is_empty() {
            let written: std::collections::HashSet<ObservationId> = found.iter().map(|o| o.id.clone()).collect();
            found.extend(held.into_iter().filter(|observation| !written.contains(&observation.id)));
            found.sort_by_key(|observation| (observation.at, observation.seen_at));
            let most = query.limit.unwrap_or(usize::MAX);
            found.drain(..found.len().saturating_sub(most));
        }
        Ok(found)
    }

    pub fn get(&self, id: &ObservationId) -> Result<Option<Observation>> {
        if let Some(held) = self.held(id) {
            return Ok(Some(held));
        }
        let sql = format!("SELECT {} FROM observations WHERE {}", row::COLUMNS, row::BY_ID);
        let stored = match row::StoredId::of(id) {
            row::StoredId::Usual(bytes) => Sql::Blob(bytes.to_vec()),
            row::StoredId::Other(text) => Sql::Text(text.to_owned()),
        };
        let found = self.select(&sql, vec![stored])?.pop();
        found.transpose().map_err(|torn| Error::Damaged {
            path: self.store.shown(),
            why: format!("observation `{}` is torn: {}", torn.id, torn.cause),
            hint: "Restore the file from a backup, or move it away and let it be written anew".into(),
        })
    }

    fn select(&self, sql: &str, values: Vec<Sql>) -> Result<Vec<std::result::Result<Observation, row::Torn>>> {
        const ACT: &str = "read";
        self.store.read(ACT, |reader| {
            let error = |e: rusqlite::Error| self.store.error(ACT, &e);
            let mut statement = reader.prepare_cached(sql).map_err(error)?;
            let mut unpacker = row::Unpacker::new(reader, &self.cluster);
            let mut rows = statement.query(params_from_iter(values)).map_err(error)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next().map_err(error)? {
                found.push(unpacker.unpack(row).map_err(error)?);
            }
            Ok(found)
        })
    }

    /// First and last `at`, `None` while empty.
    pub fn span(&self) -> Result<Option<(Time, Time)>> {
        let span = self
            .one("SELECT (SELECT min(at) FROM observations), (SELECT max(at) FROM observations)", |row| {
                Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
            })?;
        Ok(match span {
            (Some(first), Some(last)) => Some((Time(first), Time(last))),
            _ => None,
        })
    }

    /// How many observations there are.
    pub fn len(&self) -> Result<u64> {
        self.one("SELECT count(*) FROM observations", |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    }

    /// How large the file is, without what is free in it.
    pub fn bytes(&self) -> Result<u64> {
        let pragma = |name: &str| self.one(&format!("PRAGMA {name}"), |row| row.get::<_, i64>(0));
        let used = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
        Ok(used.saturating_mul(pragma("page_size")?).unsigned_abs())
    }

    /// The highest number that an observation has; they only grow.
    fn last_seq(&self) -> Result<i64> {
        self.one("SELECT coalesce(max(seq), 0) FROM observations", |row| row.get(0))
    }

    pub fn is_empty(&self) -> Result<bool> {
        self.span().map(|span| span.is_none())
    }

    fn one<T>(&self, sql: &str, take: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Result<T> {
        self.store.read("read", |reader| reader.query_row(sql, [], take).map_err(|e| self.store.error("read", &e)))
    }

    pub fn subscribe(&self) -> Subscription {
        let seen = *lock(&self.appended.generation);
        Subscription { appended: Arc::clone(&self.appended), seen }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}

impl Appended {
    fn count(&self) {
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

#[cfg(test)]
pub(crate) mod tests;
