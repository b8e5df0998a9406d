//! What a person points at: a context, a bundle, a `.case` file.

use std::path::Path;
use std::sync::Arc;

use history::import::ImportReport;
use history::{History, case_file, import};
use model::ClusterId;

use crate::rows::SourceKind;
use crate::sources::absolute;
use crate::{Desk, DeskError};

/// A cluster that was made from a path.
#[derive(Clone, Debug)]
pub struct Opened {
    pub cluster: ClusterId,
    /// What was read of a bundle.
    pub report: Option<ImportReport>,
}

impl Desk {
    /// Makes a bundle or a `.case` file into a recorded cluster of this desk, in memory: the file stays what it is.
    /// A kubeconfig is added to the list instead, and gives its first context.
    pub fn open_path(&self, path: &Path) -> Result<Opened, DeskError> {
        if !path.exists() {
            return Err(DeskError {
                code: "not_found",
                what: format!("There is no `{}`.", path.display()),
                hint: "Give a support bundle (a folder or .tar.gz), a .case file or a kubeconfig.".into(),
            });
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("case") => match case_file::open(path) {
                Ok(file) => {
                    let (id, name) = (file.cluster.clone(), file.cluster_name.clone());
                    self.add_recorded(id.clone(), name, path.display().to_string(), Arc::new(file.history));
                    Ok(Opened { cluster: id, report: None })
                }
                // A recording that was given the name of a case.
                Err(error) => self.open_recording(path).map_err(|_| error.into()),
            },
            _ if is_database(path) => self.open_recording(path),
            Some("yaml" | "yml" | "conf" | "kubeconfig") => {
                let source = absolute(path).display().to_string();
                self.add_source(SourceKind::File, &source, None)?;
                let found = self.clusters().into_iter().find(|row| row.source == source);
                found.map(|row| Opened { cluster: row.id, report: None }).ok_or_else(|| {
                    let why = self.kubeconfig_problems().into_iter().find(|p| p.what.contains(&source));
                    DeskError {
                        code: "bad_request",
                        what: why.as_ref().map_or_else(
                            || format!("`{source}` has no context."),
                            |problem| format!("{}: {}", problem.what, problem.why),
                        ),
                        hint: why.map_or_else(|| "Check the file.".into(), |problem| problem.hint),
                    }
                })
            }
            _ => self.open_bundle(path),
        }
    }

    /// A file of `caseboard record`, or any history: what somebody watched, read to its end.
    fn open_recording(&self, path: &Path) -> Result<Opened, DeskError> {
        let history = Arc::new(History::open_recorded(path)?);
        let id = history.cluster().clone();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        self.add_recorded(id.clone(), name, path.display().to_string(), history);
        Ok(Opened { cluster: id, report: None })
    }

    fn open_bundle(&self, path: &Path) -> Result<Opened, DeskError> {
        let imported = import::bundle(path, &self.redactor)?;
        tracing::info!(
            path = %path.display(),
            read = imported.report.files_read,
            present = imported.report.files_present,
            "imported a bundle"
        );
        for (file, why) in &imported.report.unread {
            tracing::warn!(file, why, "not read");
        }
        let history = if self.in_memory {
            History::in_memory(imported.cluster.clone())?
        } else {
            History::open(&self.paths.history(&imported.cluster), imported.cluster.clone())?
        };
        history.append(&imported.observations)?;
        self.add_recorded(imported.cluster.clone(), imported.name, path.display().to_string(), Arc::new(history));
        Ok(Opened { cluster: imported.cluster, report: Some(imported.report) })
    }
}

/// Whether the file is one of SQLite's. One that was killed in its first moments may have everything in its log still.
fn is_database(path: &Path) -> bool {
    use std::io::Read;
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut head = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    head == MAGIC || (path.is_file() && read == 0 && Path::new(&log).exists())
}
