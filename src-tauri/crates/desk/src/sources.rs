//! Where kubeconfigs are looked for: what kubectl reads, what the engineer added, what was pasted.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use cluster::{Issue, SourceWatch, Sources};
use serde::{Deserialize, Serialize};

use crate::clusters::problem;
use crate::desk::lock;
use crate::rows::{SourceKind, SourceRow};
use crate::{Desk, DeskError};

const KEPT: &str = "kubeconfig.sources";
/// Larger than any kubeconfig.
const PASTED_AT_MOST: usize = 1 << 20;

/// What the engineer added. Pasted texts are in memory only.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Added {
    #[serde(default)]
    files: Vec<PathBuf>,
    #[serde(default)]
    folders: Vec<PathBuf>,
    #[serde(skip)]
    pasted: Vec<(String, String)>,
}

impl Added {
    /// What the engineer added in earlier sessions; a list that cannot be read is empty, and said to be so.
    pub fn kept(file: &history::DeskFile) -> Self {
        let read = file.setting(KEPT).inspect_err(|error| tracing::warn!(%error, "added kubeconfigs cannot be read"));
        let Ok(Some(text)) = read else { return Added::default() };
        serde_json::from_str(&text)
            .inspect_err(|error| tracing::warn!(%error, "added kubeconfigs are damaged"))
            .unwrap_or_default()
    }

    /// All sources: the program's own with these.
    pub fn over(&self, own: &Sources) -> Sources {
        let mut all = own.clone();
        all.files.extend(self.files.iter().filter(|file| !own.files.contains(file)).cloned());
        all.folders.extend(self.folders.iter().filter(|folder| !own.folders.contains(folder)).cloned());
        all.pasted.extend(self.pasted.iter().cloned());
        all
    }
}

impl Desk {
    /// Every source with what was found there.
    pub fn sources(&self) -> Vec<SourceRow> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let (own, added) = (clusters.sources.clone(), clusters.added.clone());
        let issues = clusters.found_issues.clone();
        drop(clusters);
        let contexts: Vec<String> = self.context_sources();
        let row = |kind: SourceKind, name: String, removable: bool| {
            let path = Path::new(&name);
            let of_it = |source: &str| match kind {
                SourceKind::Folder => Path::new(source).parent() == Some(path),
                SourceKind::Merged | SourceKind::File | SourceKind::Pasted => source == name,
            };
            let problems =
                issues.iter().filter(|i: &&Issue| of_it(&i.source) || i.source == name).map(problem).collect();
            SourceRow {
                kind,
                contexts: u32::try_from(contexts.iter().filter(|source| of_it(source)).count()).unwrap_or(u32::MAX),
                exists: kind == SourceKind::Pasted || path.exists(),
                removable,
                problems,
                name,
            }
        };
        let shown = |path: &PathBuf| absolute(path).display().to_string();
        let mut rows: Vec<SourceRow> = Vec::new();
        rows.extend(own.merged.iter().map(|path| row(SourceKind::Merged, shown(path), false)));
        rows.extend(own.files.iter().map(|path| row(SourceKind::File, shown(path), false)));
        rows.extend(own.folders.iter().map(|path| row(SourceKind::Folder, shown(path), false)));
        rows.extend(added.files.iter().map(|path| row(SourceKind::File, shown(path), true)));
        rows.extend(added.folders.iter().map(|path| row(SourceKind::Folder, shown(path), true)));
        rows.extend(added.pasted.iter().map(|(name, _)| row(SourceKind::Pasted, name.clone(), true)));
        rows
    }

    /// Adds a source and reads it. A text that was pasted is kept in memory only.
    pub fn add_source(&self, kind: SourceKind, name: &str, text: Option<&str>) -> Result<Vec<SourceRow>, DeskError> {
        let name = name.trim();
        let bad = |what: String, hint: &str| Err(DeskError::bad_request(what, hint));
        let path = absolute(&at_home(name));
        match kind {
            SourceKind::Merged => {
                return bad(
                    "What kubectl reads cannot be added to here.".into(),
                    "Add a file or a folder, or set KUBECONFIG and start Caseboard again.",
                );
            }
            _ if name.is_empty() => {
                return bad("The source has no name.".into(), "Give a path, or a name for the text.");
            }
            SourceKind::Pasted => {
                let text = text.unwrap_or_default();
                if text.trim().is_empty() || text.len() > PASTED_AT_MOST {
                    return bad(
                        format!("The text for `{name}` is empty or too long for a kubeconfig."),
                        "Paste the whole kubeconfig as YAML or JSON.",
                    );
                }
                let mut clusters = self.clusters_mut();
                clusters.added.pasted.retain(|(known, _)| known != name);
                clusters.added.pasted.push((name.to_owned(), text.to_owned()));
            }
            SourceKind::Folder if path.is_file() => {
                return bad(format!("`{}` is a file.", path.display()), "Add it as a file.");
            }
            SourceKind::File if path.is_dir() => {
                return bad(format!("`{}` is a folder.", path.display()), "Add it as a folder.");
            }
            SourceKind::Folder => self.add_path(path, |added| &mut added.folders)?,
            SourceKind::File => self.add_path(path, |added| &mut added.files)?,
        }
        self.rescan();
        Ok(self.sources())
    }

    fn add_path(&self, path: PathBuf, list: impl Fn(&mut Added) -> &mut Vec<PathBuf>) -> Result<(), DeskError> {
        let mut clusters = self.clusters_mut();
        let mut added = clusters.added.clone();
        let paths = list(&mut added);
        if !paths.contains(&path) {
            paths.push(path);
        }
        self.keep(&added)?;
        clusters.added = added;
        Ok(())
    }

    /// Takes a source off the list; the file stays what it is. Clusters of it that are open stay open.
    pub fn remove_source(&self, kind: SourceKind, name: &str) -> Result<Vec<SourceRow>, DeskError> {
        let path = absolute(Path::new(name));
        let mut clusters = self.clusters_mut();
        let mut added = clusters.added.clone();
        let before = added.files.len() + added.folders.len() + added.pasted.len();
        match kind {
            SourceKind::File => added.files.retain(|known| absolute(known) != path),
            SourceKind::Folder => added.folders.retain(|known| absolute(known) != path),
            SourceKind::Pasted => added.pasted.retain(|(known, _)| known != name),
            SourceKind::Merged => {}
        }
        if added.files.len() + added.folders.len() + added.pasted.len() == before {
            return Err(DeskError {
                code: "not_found",
                what: format!("`{name}` is not among the sources that were added."),
                hint: "What kubectl reads is taken away by KUBECONFIG only.".into(),
            });
        }
        self.keep(&added)?;
        clusters.added = added;
        drop(clusters);
        self.rescan();
        Ok(self.sources())
    }

    fn keep(&self, added: &Added) -> Result<(), DeskError> {
        let text = serde_json::to_string(added).unwrap_or_default();
        Ok(self.desk_file().set_setting(KEPT, &text)?)
    }

    /// Reads kubeconfigs again whenever they change, for as long as the desk is there.
    pub fn watch_kubeconfigs(self: &std::sync::Arc<Self>) {
        let weak = std::sync::Arc::downgrade(self);
        let sources = self.clusters.read().unwrap_or_else(PoisonError::into_inner).all_sources();
        let watch = SourceWatch::start(sources, move || {
            if let Some(desk) = weak.upgrade() {
                desk.rescan();
            }
        });
        *lock(&self.source_watch) = Some(watch);
    }
}

/// As the program sees it from anywhere.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// `~/…` as a person writes it.
fn at_home(name: &str) -> PathBuf {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
    match (name.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        (None, _) | (_, None) => PathBuf::from(name),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
