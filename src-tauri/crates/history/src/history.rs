use std::path::Path;

use model::{ClusterId, ObjectRef, Observation, ObservationId, Snapshot, Time};

use crate::Result;

/// One cluster's observations. Cheap to share (`Arc<History>`); all methods block briefly on SQLite, call them from a
/// blocking thread where that matters.
pub struct History {}

/// Which observations to find; empty fields do not restrict. Bounds are inclusive and about `at`.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Names of [`model::Body`] variants in snake case: `log`, `metric`, `alert`, …
    pub types: Vec<&'static str>,
    pub subject: Option<ObjectRef>,
    pub namespace: Option<String>,
    pub from: Option<Time>,
    pub to: Option<Time>,
    pub limit: Option<usize>,
}

/// Wakes whenever something was appended; counts instead of queueing, so a slow reader costs nothing.
pub struct Subscription {}

impl History {
    /// Opens or creates the file.
    pub fn open(_path: &Path, _cluster: ClusterId) -> Result<Self> {
        todo!()
    }

    /// Opens an existing file that nobody writes to any more (a recorded case), whatever cluster it is of.
    pub fn open_recorded(_path: &Path) -> Result<Self> {
        todo!()
    }

    pub fn in_memory(_cluster: ClusterId) -> Result<Self> {
        todo!()
    }

    pub fn cluster(&self) -> &ClusterId {
        todo!()
    }

    /// Appends in one transaction; an observation whose id is already there is left alone. Gives how many were new.
    pub fn append(&self, _observations: &[Observation]) -> Result<usize> {
        todo!()
    }

    /// The cluster as of `at` by when things happened.
    pub fn snapshot(&self, _at: Time) -> Result<Snapshot> {
        todo!()
    }

    /// The cluster as of `at` by when we learnt things.
    pub fn snapshot_as_known(&self, _at: Time) -> Result<Snapshot> {
        todo!()
    }

    /// Everything that happened in a window, in order of `at`.
    pub fn window(&self, _from: Time, _to: Time) -> Result<Vec<Observation>> {
        todo!()
    }

    pub fn find(&self, _query: &Query) -> Result<Vec<Observation>> {
        todo!()
    }

    pub fn get(&self, _id: &ObservationId) -> Result<Option<Observation>> {
        todo!()
    }

    /// First and last `at`, `None` while empty.
    pub fn span(&self) -> Result<Option<(Time, Time)>> {
        todo!()
    }

    /// How many observations there are.
    pub fn len(&self) -> Result<u64> {
        todo!()
    }

    pub fn subscribe(&self) -> Subscription {
        todo!()
    }
}

impl Subscription {
    /// Blocks until something is appended after the last call, or the time is over; gives whether something was.
    pub fn wait(&mut self, _at_most: std::time::Duration) -> bool {
        todo!()
    }
}
