//! The `.case` file: one case with its events, their chain, and the observations of its cluster, in one SQLite file.

use std::path::Path;

use model::{CaseEvent, CaseId, ClusterId};
use serde::Serialize;

use crate::store::Format;
use crate::{DeskFile, History, Result};

pub(crate) const FORMAT: Format =
    Format { name: "a case", application_id: 0x4342_4331, migrations: &[""], synchronous: "full" };

/// What is in a `.case` file.
pub struct CaseFile {
    pub case: CaseId,
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub events: Vec<CaseEvent>,
    /// The cluster's observations, opened for reading.
    pub history: History,
}

/// What checking the chain of a case found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    pub intact: bool,
    pub events: u64,
    pub head: String,
    /// Each finding in a sentence: what is wrong, at which sequence number.
    pub findings: Vec<String>,
}

/// Writes the case to `path`, atomically (a temporary file, then a rename).
pub fn export(_desk: &DeskFile, _history: &History, _case: CaseId, _path: &Path) -> Result<()> {
    todo!()
}

/// Reads a `.case` file. A cut, altered or foreign file is [`crate::Error::Damaged`] and says how.
pub fn open(_path: &Path) -> Result<CaseFile> {
    todo!()
}

/// Copies a `.case` file into a desk: its events into `desk`, its observations into a history file in `clusters`.
/// Importing the same case again changes nothing; a diverged one is refused and says so.
pub fn import(_path: &Path, _desk: &DeskFile, _clusters: &Path) -> Result<CaseFile> {
    todo!()
}

/// Checks the hash chain of a `.case` file, or of every case of a desk file; `head` is the last hash somebody noted.
pub fn verify(_path: &Path, _head: Option<&str>) -> Result<Audit> {
    todo!()
}
