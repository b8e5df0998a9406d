use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use http::header::HeaderValue;

use crate::{Trouble, TroubleKind};

/// A file that holds a bearer token and may get a new one at any time.
pub(super) struct TokenFile {
    path: PathBuf,
    /// The kubeconfig's own token, until the file can be read.
    instead: Option<HeaderValue>,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    last: Option<(Stamp, HeaderValue)>,
    /// Counts the tokens that were read, so that several who were refused with the same one know whether there is
    /// another.
    generation: u64,
}

/// Tells whether a file was written since.
type Stamp = (Option<SystemTime>, u64);

impl TokenFile {
    pub(super) fn new(path: PathBuf, instead: Option<HeaderValue>) -> Self {
        TokenFile { path, instead, read: Mutex::default() }
    }

    /// How many different tokens were read; looks whether there is a new one. `again` reads the file even where it looks
    /// as it was: clocks of file systems are coarse.
    pub(super) fn generation(&self, again: bool) -> u64 {
        if again {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((stamp, _)) = &mut read.last {
                *stamp = (None, u64::MAX);
            }
        }
        let _ = self.header();
        self.read.lock().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// The token itself, where there is one.
    pub(super) fn token(&self) -> Option<String> {
        Some(self.header().ok()?.to_str().ok()?.strip_prefix("Bearer ")?.to_owned())
    }

    /// The token as it is in the file now. A file that cannot be read any more leaves the last one in use, as kubectl
    /// does: some programs remove the file to limit who sees it.
    pub(super) fn header(&self) -> Result<HeaderValue, Trouble> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = std::fs::metadata(&self.path).map(|m| (m.modified().ok(), m.len()));
        if let (Ok(stamp), Some((known, header))) = (&newest, &read.last)
            && stamp == known
        {
            return Ok(header.clone());
        }
        let fresh = newest.and_then(|stamp| Ok((stamp, std::fs::read_to_string(&self.path)?)));
        let (why, old) = match fresh {
            Ok((stamp, text)) => match super::bearer(text.trim()).filter(|_| !text.trim().is_empty()) {
                Some(header) => {
                    if read.last.as_ref().is_none_or(|(_, known)| *known != header) {
                        read.generation += 1;
                    }
                    read.last = Some((stamp, header.clone()));
                    return Ok(header);
                }
                None => ("it holds no token".to_owned(), None),
            },
            Err(error) => (error.to_string(), read.last.as_ref().map(|(_, header)| header.clone())),
        };
        old.or_else(|| self.instead.clone()).ok_or_else(|| {
            Trouble::new(
                TroubleKind::Credential,
                format!("the token file `{}` cannot be used: {why}", self.path.display()),
                "Log in again with your provider's tool, which writes the file, then connect again.",
            )
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_in_the_file_is_used_at_once_and_the_last_one_outlives_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::new(path.clone(), None);
        let error = file.header().unwrap_err();
        assert_eq!(error.kind, TroubleKind::Credential);
        assert!(error.why.contains("token"), "{error:?}");
        std::fs::write(&path, "one\n").unwrap();
        assert_eq!(file.header().unwrap(), "Bearer one");
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(file.header().unwrap(), "Bearer second");
        assert_eq!(file.generation(false), 2);
        std::fs::write(&path, "second\n").unwrap();
        assert_eq!(file.generation(true), 2, "the same token again is no other one");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.header().unwrap(), "Bearer second");
    }

    #[test]
    fn the_kubeconfigs_own_token_serves_until_the_file_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::new(path.clone(), super::super::bearer("inline"));
        assert_eq!(file.header().unwrap(), "Bearer inline");
        std::fs::write(&path, "fresh").unwrap();
        assert_eq!(file.header().unwrap(), "Bearer fresh");
    }
}
