use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use notify_debouncer_full::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{Debouncer, RecommendedCache, new_debouncer};

use crate::Library;

/// The library in use. Where its folders can be watched, a changed file is read again within half a second.
pub struct Shelf {
    inner: Arc<Inner>,
    /// Ends the watch when dropped; `None` where nothing can be watched.
    _watch: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
}

struct Inner {
    folders: Vec<PathBuf>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    library: Arc<Library>,
    generation: u64,
    /// The team's own texts, by path: they lie over the folders.
    own: BTreeMap<String, String>,
}

impl Shelf {
    /// Reads the folders (those that exist) over the built-in library and watches them.
    pub fn open(folders: Vec<PathBuf>) -> Shelf {
        let library = Arc::new(Library::load(&folders));
        let state = State { library, generation: 0, own: BTreeMap::new() };
        let inner = Arc::new(Inner { folders, state: Mutex::new(state), changed: Condvar::new() });
        let watch = watch(&inner);
        Shelf { inner, _watch: watch }
    }

    /// The folders that a program started here reads: `$CASEBOARD_KNOWLEDGE` (given by the caller, several separated as
    /// in `PATH`), else nothing.
    pub fn folders_from(variable: Option<&str>) -> Vec<PathBuf> {
        variable.map(|v| std::env::split_paths(v).filter(|p| !p.as_os_str().is_empty()).collect()).unwrap_or_default()
    }

    pub fn library(&self) -> Arc<Library> {
        Arc::clone(&self.inner.lock().library)
    }

    pub fn folders(&self) -> &[PathBuf] {
        &self.inner.folders
    }

    /// Counts the changes since it was opened.
    pub fn generation(&self) -> u64 {
        self.inner.lock().generation
    }

    /// Reads the folders again now; gives whether anything is different.
    pub fn reload(&self) -> bool {
        self.inner.reload()
    }

    /// Lays the team's own texts (by path, `articles/x.md`) over the folders, in place of those that lay there; gives whether
    /// anything is different.
    pub fn lay_over(&self, own: BTreeMap<String, String>) -> bool {
        self.inner.lock().own = own;
        self.inner.reload()
    }

    /// Blocks until the library is newer than `seen` or the time is over; gives the generation then.
    pub fn wait(&self, seen: u64, at_most: Duration) -> u64 {
        let state = self.inner.lock();
        let waited = self.inner.changed.wait_timeout_while(state, at_most, |s| s.generation <= seen);
        waited.unwrap_or_else(PoisonError::into_inner).0.generation
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reload(&self) -> bool {
        let (before, own) = {
            let state = self.lock();
            (Arc::clone(&state.library), state.own.clone())
        };
        let library = Library::reload(&self.folders, &own, Some(&before));
        if library.digest() == before.digest() && library.issues() == before.issues() {
            return false;
        }
        for issue in library.issues().iter().filter(|i| !before.issues().contains(i)) {
            tracing::warn!(%issue, kept_last_good = issue.kept_last_good, "a knowledge file cannot be used");
        }
        let mut state = self.lock();
        state.library = Arc::new(library);
        state.generation += 1;
        drop(state);
        self.changed.notify_all();
        true
    }
}

fn watch(inner: &Arc<Inner>) -> Option<Debouncer<RecommendedWatcher, RecommendedCache>> {
    let present: Vec<&Path> = inner.folders.iter().map(PathBuf::as_path).filter(|p| p.is_dir()).collect();
    if present.is_empty() {
        return None;
    }
    let weak = Arc::downgrade(inner);
    let react = move |_: notify_debouncer_full::DebounceEventResult| {
        if let Some(inner) = weak.upgrade() {
            inner.reload();
        }
    };
    let mut debouncer = match new_debouncer(Duration::from_millis(150), None, react) {
        Ok(debouncer) => debouncer,
        Err(error) => {
            tracing::warn!(%error, "knowledge folders are not watched; changes are read at the next start");
            return None;
        }
    };
    for folder in present {
        if let Err(error) = debouncer.watch(folder, RecursiveMode::Recursive) {
            tracing::warn!(%error, folder = %folder.display(), "this knowledge folder is not watched");
        }
    }
    Some(debouncer)
}
