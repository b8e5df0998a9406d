use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};

use notify_debouncer_full::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use super::Sources;

/// Tools write a kubeconfig in several steps; within this time they are one change.
const QUIET: Duration = Duration::from_millis(200);
/// Network drives and exhausted watch limits give no events; what changed there is noticed this late.
const LOOK_ANYWAY: Duration = Duration::from_secs(15);

/// Notices when kubeconfigs change: files that are written, renamed into place, appear or vanish, folders likewise. Ends
/// when it is dropped.
pub struct SourceWatch {
    messages: Sender<Message>,
}

enum Message {
    Happened,
    LookAt(Box<Sources>),
    End,
}

/// When a path was written, how large it is and which file it is; `None` where it is not there.
type Stamp = Option<(Option<SystemTime>, u64, u64)>;

impl SourceWatch {
    /// Calls `changed`, on a thread of its own, after every change of what the sources hold.
    pub fn start(sources: Sources, changed: impl Fn() + Send + 'static) -> SourceWatch {
        let (messages, inbox) = channel();
        // What is there now is known; everything after this is a change.
        let mut look = Look::new(sources, messages.clone());
        std::thread::spawn(move || {
            loop {
                match inbox.recv_timeout(LOOK_ANYWAY) {
                    Ok(Message::Happened) | Err(RecvTimeoutError::Timeout) => {}
                    // What is new about them counts as a change: it may be newer than what was read of them.
                    Ok(Message::LookAt(sources)) => look.sources = *sources,
                    Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => break,
                }
                look.watch();
                if look.is_different() {
                    changed();
                }
            }
        });
        SourceWatch { messages }
    }

    /// Watches these sources from now on.
    pub fn look_at(&self, sources: Sources) {
        let _ = self.messages.send(Message::LookAt(Box::new(sources)));
    }
}

impl Drop for SourceWatch {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::End);
    }
}

struct Look {
    sources: Sources,
    seen: BTreeMap<PathBuf, Stamp>,
    /// Folders that are watched, and which folder each was then: one that was made anew needs a new watch.
    watched: BTreeMap<PathBuf, u64>,
    debouncer: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
}

impl Look {
    fn new(sources: Sources, happened: Sender<Message>) -> Self {
        let react = move |_: DebounceEventResult| {
            let _ = happened.send(Message::Happened);
        };
        let debouncer = new_debouncer(QUIET, None, react)
            .inspect_err(|error| tracing::warn!(%error, "kubeconfigs are looked at every few seconds instead"))
            .ok();
        let mut look = Look { seen: fingerprint(&sources), sources, watched: BTreeMap::new(), debouncer };
        look.watch();
        look
    }

    fn is_different(&mut self) -> bool {
        let now = fingerprint(&self.sources);
        let different = now != self.seen;
        self.seen = now;
        different
    }

    /// Watches the folders in which something can change, or the nearest that exist: a file that is not there yet, or
    /// in a folder that is not there yet, may come.
    fn watch(&mut self) {
        let Some(debouncer) = &mut self.debouncer else { return };
        let wanted = folders(&self.sources);
        let gone: Vec<PathBuf> =
            self.watched.keys().filter(|f| wanted.get(*f) != self.watched.get(*f)).cloned().collect();
        for folder in gone {
            self.watched.remove(&folder);
            // It may have ended with the folder.
            let _ = debouncer.unwatch(&folder);
        }
        for (folder, id) in wanted {
            if let Entry::Vacant(place) = self.watched.entry(folder) {
                match debouncer.watch(place.key(), RecursiveMode::NonRecursive) {
                    Ok(()) => {
                        place.insert(id);
                    }
                    Err(error) => tracing::debug!(%error, folder = %place.key().display(), "not watched"),
                }
            }
        }
    }
}

fn folders(sources: &Sources) -> BTreeMap<PathBuf, u64> {
    let files = sources.merged.iter().chain(&sources.files);
    // A link's target is written without the folder of the link being told.
    let targets = files.clone().filter_map(|file| file.canonicalize().ok());
    let of_files = files.cloned().chain(targets).filter_map(|file| file.parent().map(Path::to_owned));
    let mut folders = BTreeMap::new();
    for folder in of_files.chain(sources.folders.iter().cloned()) {
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        if let Some(nearest) = folder.ancestors().find(|folder| folder.is_dir()) {
            folders.insert(nearest.to_owned(), stamp(nearest).map_or(0, |(_, _, id)| id));
        }
    }
    folders
}

fn fingerprint(sources: &Sources) -> BTreeMap<PathBuf, Stamp> {
    let files = sources.merged.iter().chain(&sources.files).cloned();
    let entries =
        |folder: &PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let in_folders = sources.folders.iter().flat_map(entries);
    files.chain(in_folders).map(|path| (path.clone(), stamp(&path))).collect()
}

fn stamp(path: &Path) -> Stamp {
    let metadata = path.metadata().ok()?;
    #[cfg(unix)]
    let id = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let id = 0;
    Some((metadata.modified().ok(), metadata.len(), id))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests {
    use std::fs;
    use std::sync::mpsc::Receiver;

    use super::*;
    use crate::{SearchPath, discover};

    /// Long enough for a loaded machine; nothing below depends on how long anything takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn kubeconfig(name: &str) -> String {
        format!(
            "clusters: [{{name: c, cluster: {{server: 'https://x'}}}}]\ncontexts: [{{name: {name}, context: {{cluster: c}}}}]\n"
        )
    }

    fn watch(sources: &Sources) -> (SourceWatch, Receiver<()>) {
        let (tell, told) = channel();
        (SourceWatch::start(sources.clone(), move || tell.send(()).unwrap_or_default()), told)
    }

    fn until(sources: &Sources, told: &Receiver<()>, wanted: &[&str]) {
        loop {
            told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nobody told of {wanted:?}"));
            let found = discover(sources, &SearchPath::only(&[]));
            if found.contexts.iter().map(|context| context.name.as_str()).eq(wanted.iter().copied()) {
                return;
            }
        }
    }

    #[test]
    fn files_that_come_go_or_are_renamed_into_place_are_noticed() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home/.kube");
        let (config, extra) = (home.join("config"), home.join("extra"));
        let sources = Sources { merged: vec![config.clone(), extra.clone()], ..Sources::default() };
        let (_watch, told) = watch(&sources);
        // Neither the file nor its folder is there yet.
        fs::create_dir_all(&home).unwrap();
        fs::write(&config, kubeconfig("one")).unwrap();
        until(&sources, &told, &["one"]);
        // Written aside and renamed, as careful tools do.
        fs::write(home.join("config.tmp"), kubeconfig("two")).unwrap();
        fs::rename(home.join("config.tmp"), &config).unwrap();
        until(&sources, &told, &["two"]);
        fs::write(&extra, kubeconfig("three")).unwrap();
        until(&sources, &told, &["two", "three"]);
        fs::remove_file(&config).unwrap();
        until(&sources, &told, &["three"]);
    }

    #[test]
    fn a_folder_that_is_added_emptied_and_made_anew_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("configs");
        let sources = Sources { folders: vec![folder.clone()], ..Sources::default() };
        let (watch, told) = watch(&Sources::default());
        watch.look_at(sources.clone());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.yaml"), kubeconfig("a")).unwrap();
        until(&sources, &told, &["a"]);
        fs::remove_dir_all(&folder).unwrap();
        until(&sources, &told, &[]);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("b.yaml"), kubeconfig("b")).unwrap();
        until(&sources, &told, &["b"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_points_to_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let (real, link) = (root.path().join("dotfiles/kubeconfig"), root.path().join("config"));
        fs::create_dir(root.path().join("dotfiles")).unwrap();
        fs::write(&real, kubeconfig("one")).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let sources = Sources { merged: vec![link], ..Sources::default() };
        let (_watch, told) = watch(&sources);
        fs::write(&real, kubeconfig("another")).unwrap();
        until(&sources, &told, &["another"]);
    }
}
