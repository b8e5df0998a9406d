//! Importers: a support bundle (folder, `.tar.gz`, `.tgz`, `.tar.zst` or `.tar`) in the Troubleshoot layout becomes
//! observations.
//!
//! A bundle shows one moment: every object is a version as of the time of collection, whatever its
//! `creationTimestamp` says. Values of Secrets and ConfigMaps leave here only as keyed digests, text only redacted.

mod alerts;
mod changes;
mod dependencies;
mod events;
mod files;
mod kinds;
mod layout;
mod logs;
mod metrics;
mod node_metrics;
mod nodes;
mod objects;
mod parse;
mod probes;
mod reading;
mod shapes;

#[cfg(test)]
mod tests;

use std::path::Path;

use model::{ClusterId, Observation, Time, digest_hex};
use redact::Redactor;
use serde::Serialize;

use crate::{Error, Result};
use files::Bundle;
use reading::Reading;

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
    /// The time of collection: the moment the recording shows. Never before the last event in it.
    pub collected_at: Time,
    pub observations: Vec<Observation>,
    pub report: ImportReport,
}

/// Reads a bundle. Broken files are listed in the report and cost only themselves; an error means that nothing at all
/// could be read.
pub fn bundle(path: &Path, redactor: &Redactor) -> Result<Imported> {
    let bundle = files::read(path)?;
    let damaged =
        |why: String, hint: &str| Error::Damaged { path: path.display().to_string(), why, hint: hint.to_owned() };
    match bundle.roots() {
        0 => {
            return Err(damaged(
                format!("none of its {} files belongs to a support bundle", bundle.files.len()),
                "Give the folder or archive that holds `version.yaml` and `cluster-resources/`",
            ));
        }
        1 => {}
        several => {
            return Err(damaged(format!("it holds {several} support bundles"), "Unpack it and name one of them"));
        }
    }
    Ok(read(bundle, redactor))
}

fn read(bundle: Bundle, redactor: &Redactor) -> Imported {
    let parts: Vec<&[u8]> = bundle.files.iter().flat_map(|f| [f.path.as_bytes(), f.bytes.as_slice()]).collect();
    let cluster = ClusterId(format!("cluster:{}", digest_hex(&parts)));
    let mut reading = Reading::new(cluster, bundle.collected_at(), redactor);
    reading.report.files_present = bundle.present;
    reading.report.unread = bundle.unread;
    layout::read(&mut reading, &bundle.files);
    reading.finish(bundle.name)
}
