//! The kubeconfigs of this machine, read without contacting anything and without running anything but, at most once, the
//! login shell for its `PATH` and `KUBECONFIG`, where this program does not have them.

mod context;
mod file;
mod in_cluster;
mod watch;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;
use model::ClusterId;
use serde::Serialize;

use context::Standing;
pub use context::{Context, Credential};
use file::ConfigFile;
pub use watch::SourceWatch;

use crate::SearchPath;

/// Something about a kubeconfig that is wrong and costs only itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// The file, or the name that a pasted text was given.
    pub source: String,
    pub line: Option<u32>,
    /// What was attempted.
    pub what: String,
    pub why: String,
    /// What to do next.
    pub hint: String,
}

/// Where to look for kubeconfigs.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Merged by kubectl's rules, in this order.
    pub merged: Vec<PathBuf>,
    /// Nobody named the merged file: it is the usual place, where none need be.
    pub unnamed: bool,
    /// Files that stand alone.
    pub files: Vec<PathBuf>,
    /// Folders whose kubeconfigs stand alone, each.
    pub folders: Vec<PathBuf>,
    /// Which of the folders nobody named: usual places, which need not be there.
    pub usual: Vec<PathBuf>,
    /// Texts that were pasted, with a name each.
    pub pasted: Vec<(String, String)>,
}

/// What was found: every context, and what was wrong on the way.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// In the order of the sources.
    pub contexts: Vec<Context>,
    pub issues: Vec<Issue>,
}

impl Sources {
    /// What kubectl would read in a terminal: the list in `$KUBECONFIG`, or else `~/.kube/config`. Where this program was
    /// not started from one, the login shell is asked for the variable, once.
    pub fn of_this_machine() -> Self {
        let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
        let listed = SearchPath::of_this_machine().variable("KUBECONFIG");
        Self::of(listed.as_deref(), home.as_deref().map(Path::new))
    }

    /// The same for a given environment.
    pub fn of(kubeconfig: Option<&OsStr>, home: Option<&Path>) -> Self {
        let listed: Vec<PathBuf> = kubeconfig
            .map(|list| std::env::split_paths(list).filter(|p| !p.as_os_str().is_empty()).collect())
            .unwrap_or_default();
        let listed_none = listed.is_empty();
        let merged =
            if listed_none { home.map(|home| home.join(".kube").join("config")).into_iter().collect() } else { listed };
        Sources { merged, unnamed: listed_none, ..Sources::default() }
    }

    /// The paths that say which contexts there are; what to watch for changes.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.merged.iter().chain(&self.files).chain(&self.folders).map(PathBuf::as_path)
    }
}

/// Reads all sources. Contacts no cluster and runs no credential plugin.
pub fn discover(sources: &Sources, search: &SearchPath) -> Found {
    let mut found = Found::default();

    let here = |path: &&PathBuf| !sources.unnamed || path.exists();
    let merged: Vec<ConfigFile> =
        sources.merged.iter().filter(here).filter_map(|p| file::read(p, &mut found.issues)).collect();
    add_merged(&merged, search, &mut found);

    let mut alone: Vec<PathBuf> = sources.files.clone();
    let there = |folder: &&PathBuf| !sources.usual.contains(folder) || folder.exists();
    for folder in sources.folders.iter().filter(there) {
        alone.extend(file::kubeconfigs_in(folder, &mut found.issues));
    }
    let mut seen: Vec<PathBuf> = sources.merged.iter().map(|p| identity(p)).collect();
    for path in alone {
        let identity = identity(&path);
        if seen.contains(&identity) {
            continue;
        }
        seen.push(identity);
        if let Some(file) = file::read(&path, &mut found.issues) {
            add_merged(std::slice::from_ref(&file), search, &mut found);
        }
    }
    for (name, text) in &sources.pasted {
        if let Some(file) = file::parse(name, text, None, &mut found.issues) {
            add_merged(std::slice::from_ref(&file), search, &mut found);
        }
    }
    found
}

fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// kubectl's rules: the first file that defines a cluster or a user wins. A context whose name an earlier file has taken
/// (kubectl cannot reach it) stays, and prefers what its own file defines.
fn add_merged(files: &[ConfigFile], search: &SearchPath, found: &mut Found) {
    let mut merged = Kubeconfig::default();
    for file in files {
        // Only `kind` and `apiVersion` can disagree, and nobody reads those.
        // An empty current context is none, and hides no other file's.
        let current_context = file.config.current_context.clone().filter(|name| !name.is_empty());
        let config = Kubeconfig { kind: None, api_version: None, current_context, ..file.config.clone() };
        merged = merged.merge(config).unwrap_or_default();
    }
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let mut held: HashSet<ClusterId> = found.contexts.iter().map(|context| context.id.clone()).collect();
    for (index, file) in files.iter().enumerate() {
        for named in &file.config.contexts {
            let taken = *first.entry(&named.name).or_insert(index) != index;
            let current = !taken && merged.current_context.as_deref() == Some(&named.name);
            // Whose program a login would run: the file that defines the user, which may be another one.
            let user = named.context.as_ref().and_then(|context| context.user.as_deref());
            let defines = |file: &&ConfigFile| file.config.auth_infos.iter().any(|u| Some(u.name.as_str()) == user);
            let own = taken.then_some(file).filter(defines);
            let source = own.or_else(|| files.iter().find(defines)).map_or(file.source.as_str(), |f| &f.source);
            let standing = Standing { taken, current, user_source: source };
            let resolved = context::resolve(file, named, &merged, &standing, search, &mut found.issues);
            if let Some(context) = resolved {
                // A name twice in one file: the first one is it, as for kubectl.
                if held.insert(context.id.clone()) {
                    found.contexts.push(context);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
