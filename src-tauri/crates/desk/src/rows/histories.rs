use model::{ClusterId, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Problem;

/// Of each cluster's history: what is older, or more, is forgotten; a gap says so. What cases cite, and their time,
/// stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Keeping {
    pub days: u32,
    /// For each cluster.
    pub megabytes: u32,
}

/// What is on the disk of clusters' histories, and how much of them is kept.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct HistoriesView {
    pub keeping: Keeping,
    /// Unless the engineer set something else.
    pub usual: Keeping,
    /// The least and the most that can be set.
    pub days: (u32, u32),
    pub megabytes: (u32, u32),
    /// Where they lie.
    pub folder: String,
    /// Of all of them.
    pub bytes: u64,
    /// The largest first.
    pub clusters: Vec<HistoryRow>,
}

/// The history of one cluster, open or not.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct HistoryRow {
    /// `null` where the file cannot be read; nothing can be forgotten of it.
    pub cluster: Option<ClusterId>,
    /// The context's; where no kubeconfig has it any more the one that a case knows, or the id. Of a file that cannot be
    /// read its path.
    pub name: String,
    pub path: String,
    /// It is being watched.
    pub open: bool,
    pub bytes: u64,
    /// First and last time it knows of; `null` while it is empty.
    pub span: Option<(Time, Time)>,
    /// Times of which something is missing, oldest first.
    pub gaps: Vec<GapRow>,
    /// Cases about this cluster; what they cite, and their time, is never forgotten.
    pub cases: u32,
    /// Why what is seen is not written to it just now; `null` while it is.
    pub unkept: Option<String>,
    /// Why it cannot be read.
    pub problem: Option<Problem>,
}

/// A time of which something is missing, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GapRow {
    pub from: Time,
    pub until: Time,
    /// How many observations.
    pub dropped: u64,
    pub reason: String,
}

/// What to forget at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Forget {
    /// What the settings do not keep.
    Outdated,
    /// All but what cases need, and of an open cluster how it is now.
    Everything,
}
