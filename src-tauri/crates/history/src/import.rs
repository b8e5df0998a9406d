//! Importers: a support bundle (folder or `.tar.gz`) in the Troubleshoot layout becomes observations.

use std::path::Path;

use model::{ClusterId, Observation, Time};
use redact::Redactor;
use serde::Serialize;

use crate::Result;

/// What an import read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportReport {
    pub files_present: usize,
    pub files_read: usize,
    /// Objects by kind.
    pub objects: std::collections::BTreeMap<String, usize>,
    /// What could not be read or is not known, with the reason; relative paths.
    pub unread: Vec<(String, String)>,
}

/// An imported recording: a history read to its end.
#[derive(Debug)]
pub struct Imported {
    pub cluster: ClusterId,
    /// The bundle's own name (its folder or file name).
    pub name: String,
    /// The time of collection: the moment the recording shows.
    pub collected_at: Time,
    pub observations: Vec<Observation>,
    pub report: ImportReport,
}

/// Reads a bundle. Broken files are listed in the report and cost only themselves; an error means that nothing at all
/// could be read.
pub fn bundle(_path: &Path, _redactor: &Redactor) -> Result<Imported> {
    todo!()
}
