mod fold;
mod live;
mod past;
mod reading;
mod recent;
mod retention;
pub(crate) mod row;
pub(crate) mod schema;
mod subscription;
mod unkept;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{ClusterId, Observation, Snapshot, Time};
use rusqlite::OptionalExtension;

use crate::store::{Format, Store, lock};
use crate::{Error, Result};
pub use reading::Query;
pub use retention::{Forgotten, Pins, Retention};
use schema::{INDEX_3, tables_1, tables_2};
use subscription::Appended;
pub use subscription::Subscription;
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
        INDEX_3,
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

const OF_SUBJECT: &str = "(SELECT s.id FROM subjects s WHERE s.name = ?
    AND s.namespace = (SELECT id FROM words WHERE word = ?) AND s.kind = (SELECT id FROM words WHERE word = ?))";
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

    /// Gives back what makes writing quick, some megabytes: nothing was written for a while. The next write reads it again.
    fn rest(&self) {
        lock(&self.packer).rest();
        self.store.rest();
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}

#[cfg(test)]
pub(crate) mod tests;
