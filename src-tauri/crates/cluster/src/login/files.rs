//! The files that a kubeconfig names for a login: certificates and keys, which other programs write anew.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use kube::config::Kubeconfig;

/// Tells whether a file was written since; `None` where it is not there.
type Stamp = Option<(Option<SystemTime>, u64)>;

#[derive(Default)]
pub(super) struct Files {
    paths: Vec<PathBuf>,
    seen: Mutex<(u64, Vec<Stamp>)>,
}

impl Files {
    /// Those that a client reads once, when it is made.
    pub(super) fn of(config: &Kubeconfig) -> Files {
        let cluster = config.clusters.first().and_then(|named| named.cluster.as_ref());
        let user = config.auth_infos.first().and_then(|named| named.auth_info.as_ref());
        let named = [
            cluster.and_then(|cluster| cluster.certificate_authority.as_ref()),
            user.and_then(|user| user.client_certificate.as_ref()),
            user.and_then(|user| user.client_key.as_ref()),
        ];
        let paths: Vec<PathBuf> = named.into_iter().flatten().map(PathBuf::from).collect();
        let seen = Mutex::new((0, paths.iter().map(|path| stamp(path)).collect()));
        Files { paths, seen }
    }

    /// Grows whenever one of them was written, or came or went, since it was asked for last.
    pub(super) fn version(&self) -> u64 {
        if self.paths.is_empty() {
            return 0;
        }
        let now: Vec<Stamp> = self.paths.iter().map(|path| stamp(path)).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.1 != now {
            *seen = (seen.0 + 1, now);
        }
        seen.0
    }
}

fn stamp(path: &Path) -> Stamp {
    path.metadata().ok().map(|metadata| (metadata.modified().ok(), metadata.len()))
}
