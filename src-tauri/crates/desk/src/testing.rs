//! What tests of several parts begin with.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::sync::Arc;

use crate::{Desk, Opening, Paths};

/// A desk without kubeconfigs and with nothing on the disk but its key, and the folder that it is in.
pub(crate) fn desk_in_memory() -> (Arc<Desk>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::in_folder(folder.path()).unwrap();
    let kubeconfigs = cluster::Sources::default();
    let opening = Opening { paths, in_memory: true, knowledge: Vec::new(), kubeconfigs, with_added: false };
    (Desk::open(opening).unwrap(), folder)
}
