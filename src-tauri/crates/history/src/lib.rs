//! The append-only history, and the only crate that knows SQLite.
//!
//! A [`History`] is one cluster's file of observations; a [`DeskFile`] holds cases, gate facts, blueprints and settings.
//! Both are mode 0600, WAL, with their own `user_version`. A `.case` file carries a case with the observations it needs.
//!
//! Deliberately not here: what anything means, networks, and clocks (times come with what is appended).
//! Start with [`History`].

pub mod case_file;
mod desk_file;
mod history;
pub mod import;
pub mod measure;
mod on_disk;
mod store;

use std::path::{Path, PathBuf};

pub use desk_file::{DeskFile, Hold, Receipt};
pub use history::{Forgotten, History, Pins, Query, Retention, Subscription, Writer};
use model::ClusterId;
pub use on_disk::{OnDisk, Told, on_disk, remove, size};

/// What a history could not do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The act that failed, with the path, and SQLite's own words.
    #[error("could not {act} `{path}`: {cause}")]
    Store { act: &'static str, path: String, cause: String },
    /// The file is not what it should be (cut, altered, of a newer version).
    #[error("`{path}` cannot be read: {why}. {hint}")]
    Damaged { path: String, why: String, hint: String },
    #[error("there is no {what} `{id}`")]
    Missing { what: &'static str, id: String },
    /// A unique index refused: one decision and one start per revision.
    #[error("{what} was already recorded")]
    Duplicate { what: String },
}

pub type Result<T> = std::result::Result<T, Error>;

/// Where a cluster's history lives in the folder of cluster histories.
pub fn cluster_path(folder: &Path, cluster: &ClusterId) -> PathBuf {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = cluster.as_str().chars().map(|c| if safe(c) { c } else { '-' }).collect();
    folder.join(format!("{name}.db"))
}
