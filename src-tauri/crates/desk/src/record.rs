//! Recording: a cluster's watches written to a file of their own, for as long as somebody wants.

use std::path::Path;
use std::sync::Arc;

use cluster::{Connection, ConnectionState};
use history::{Forgotten, History, Retention};
use model::{ClusterId, Time};

use crate::{Desk, DeskError};

/// A cluster that is being written to a file. Dropped without [`Recording::close`], what came last may be missing.
pub struct Recording {
    connection: Arc<Connection>,
    history: Arc<History>,
}

/// How much of a recording there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub observations: u64,
    /// Of the file, and of what is not merged into it yet.
    pub bytes: u64,
    pub span: Option<(Time, Time)>,
    /// What had to go, to stay within the limits.
    pub forgotten: Option<Forgotten>,
}

impl Desk {
    /// Opens a context and writes what its watches see to `file`; a recording of the same cluster is gone on with.
    /// Connections that are lost are made again for as long as this is held.
    /// With `namespaces`, nothing of any other one is recorded. What `retention` does not keep is forgotten, the oldest
    /// first; a gap says so.
    pub fn record(
        &self,
        cluster: &ClusterId,
        file: &Path,
        namespaces: &[String],
        retention: Retention,
    ) -> Result<Recording, DeskError> {
        let Some((context, search)) = self.context_of(cluster) else {
            return Err(DeskError::not_found("There is no such context."));
        };
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            crate::paths::create_private(folder).map_err(|error| DeskError {
                code: "failed",
                what: format!("Could not record to `{}`: {error}.", file.display()),
                hint: "Choose a folder that you can write to.".into(),
            })?;
        }
        let mut terms = self.terms(cluster);
        if !namespaces.is_empty() {
            (terms.namespaces, terms.only_namespaces) = (namespaces.to_vec(), true);
        }
        let history = Arc::new(History::open(file, cluster.clone())?);
        history.retain(move || Some(retention.clone()));
        let connection = Connection::open(
            &context,
            terms,
            Arc::clone(&history),
            Arc::clone(&self.redactor),
            Arc::clone(&self.clock),
            search,
        );
        Ok(Recording { connection, history })
    }
}

impl Recording {
    pub fn state(&self) -> ConnectionState {
        self.connection.state()
    }

    pub fn history(&self) -> &Arc<History> {
        &self.history
    }

    /// Waits until everything that may be watched was listed once, or nothing can be.
    pub async fn begun(&self, at_most: std::time::Duration) -> ConnectionState {
        self.connection.wait_synced(at_most).await
    }

    pub fn recorded(&self) -> Result<Recorded, DeskError> {
        let bytes = self.history.path().map_or(0, history::size);
        Ok(Recorded {
            observations: self.history.len()?,
            bytes,
            span: self.history.span()?,
            forgotten: self.history.forgotten()?,
        })
    }

    /// Ends the watches and writes what they saw last.
    pub async fn close(self) -> Result<Recorded, DeskError> {
        self.connection.close().await;
        self.recorded()
    }
}
