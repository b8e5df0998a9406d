//! Which calls run, told to every program that has the file open.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;

use model::CallId;

use super::DeskFile;
use crate::{Error, Result};

/// Held by whoever runs a call. It ends when it is dropped, and when the program ends, however that ends.
#[derive(Debug)]
pub struct Hold {
    /// The locked file and its path; nothing where the desk is in memory, which no other program sees.
    file: Option<(File, PathBuf)>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.file {
            let _ = fs::remove_file(path);
        }
    }
}

impl DeskFile {
    /// Says that this program is about to run a call. To be taken before "started" is written, so that nobody reads
    /// "started" of a call that is not held.
    pub fn hold(&self, call: CallId) -> Result<Hold> {
        let Some(path) = self.hold_path(call) else { return Ok(Hold { file: None }) };
        let locked = || -> io::Result<File> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        let file = locked().map_err(|cause| Error::Store {
            act: "lock",
            path: path.display().to_string(),
            cause: cause.to_string(),
        })?;
        Ok(Hold { file: Some((file, path)) })
    }

    /// Whether a program, this one or another, holds a call. Where that cannot be told, nobody does.
    pub fn is_held(&self, call: CallId) -> bool {
        let Some(file) = self.hold_path(call).and_then(|path| File::options().write(true).open(path).ok()) else {
            return false;
        };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }

    fn hold_path(&self, call: CallId) -> Option<PathBuf> {
        Some(self.store.path()?.with_extension("running").join(format!("{call}.lock")))
    }
}
