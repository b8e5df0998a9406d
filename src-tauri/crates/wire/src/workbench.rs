use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::{Desk, DeskError, Opening, Paths};
use playground::{CannotServe, Pace, Served, Settings, Source, built_in, serve};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::rows::{Problem, Update};

/// The desk with its playground: what answers the commands.
pub struct Workbench {
    pub(crate) desk: Arc<Desk>,
    playground: Option<Served>,
    pub(crate) trials: Arc<crate::trials::Trials>,
}

/// The stream of updates, as a window reads it.
pub struct Updates {
    inner: broadcast::Receiver<Update>,
    /// When something was given last.
    given: Option<Instant>,
}

/// Why an update did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Some were missed; everything may have changed.
    Behind,
    /// There will be no more.
    Closed,
}

impl Updates {
    pub async fn recv(&mut self) -> Result<Update, Lost> {
        self.inner.recv().await.map_err(|error| match error {
            RecvError::Lagged(_) => Lost::Behind,
            RecvError::Closed => Lost::Closed,
        })
    }

    /// What came since the last time, each once, as soon as there is something; but no sooner than `pause` after the last
    /// time. However much happens, whoever asks this way is woken so seldom.
    pub async fn gathered(&mut self, pause: Duration) -> Result<Vec<Update>, Lost> {
        let mut all = vec![self.recv().await?];
        let due = self.given.map_or_else(Instant::now, |given| given + pause);
        while let Ok(next) = tokio::time::timeout_at(due.into(), self.recv()).await {
            let next = next?;
            if !all.iter().any(|known| says_the_same(known, &next)) {
                all.push(next);
            }
        }
        self.given = Some(Instant::now());
        Ok(all)
    }
}

/// A case is looked at anew as a whole, whichever of its events was told.
fn says_the_same(one: &Update, other: &Update) -> bool {
    match (one, other) {
        (Update::CaseChanged { case, .. }, Update::CaseChanged { case: other, .. }) => case == other,
        (Update::Progress { .. }, Update::Progress { .. }) => false,
        _ => one == other,
    }
}

impl Workbench {
    /// Opens the desk of this machine and serves the playground beside it. A playground that cannot be served is a
    /// warning: the clusters are there all the same.
    pub async fn open() -> Result<Self, DeskError> {
        let variable = std::env::var("CASEBOARD_KNOWLEDGE").ok();
        let mut kubeconfigs = cluster::Sources::of_this_machine();
        let paths = Paths::of_this_machine()?;
        let usual = paths.state().join("kubeconfigs");
        kubeconfigs.folders.push(usual.clone());
        kubeconfigs.usual.push(usual);
        let opening = Opening {
            paths,
            in_memory: false,
            knowledge: knowledge::Shelf::folders_from(variable.as_deref()),
            kubeconfigs,
            with_added: true,
        };
        Self::with(opening, std::env::var("CASEBOARD_SCENARIO").unwrap_or_else(|_| "demo".into())).await
    }

    /// The same with everything given.
    pub async fn with(opening: Opening, scenario: String) -> Result<Self, DeskError> {
        let folder: PathBuf = opening.paths.state().join("playground");
        let desk = Desk::open(opening)?;
        desk.watch_kubeconfigs();
        desk.tidy_closed_by_and_by();
        let playground = match practise(&scenario, folder).await {
            Ok(served) => {
                desk.add_kubeconfig(&served.kubeconfig, true);
                Some(served)
            }
            Err(problem) => {
                desk.warn(problem);
                None
            }
        };
        Ok(Workbench { desk, playground, trials: Arc::default() })
    }

    /// Where a window of this machine's desk takes links of later starts.
    pub fn window_socket() -> Option<PathBuf> {
        Some(Paths::of_this_machine().ok()?.state().join("window.sock"))
    }

    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    pub fn playground(&self) -> Option<&Served> {
        self.playground.as_ref()
    }

    pub fn updates(&self) -> Updates {
        Updates { inner: self.desk.updates(), given: None }
    }

    /// Closes every open cluster, so that what was seen is written.
    pub async fn close(&self) {
        for row in self.desk.clusters() {
            if let Err(error) = self.desk.close_cluster(&row.id).await {
                tracing::warn!(cluster = %row.id, %error, "could not be closed");
            }
        }
    }
}

/// Serves a scenario, on the port it had the last time where that is free: the cluster is then the same one.
async fn practise(scenario: &str, folder: PathBuf) -> Result<Served, Problem> {
    let attempted = format!("Could not serve the playground scenario `{scenario}`.");
    let problem = |why: String| Problem {
        what: attempted.clone(),
        why,
        hint: "Your own clusters are there all the same; `caseboard playground --list` names the scenarios.".into(),
    };
    let script = built_in(scenario).map_err(|broken| problem(broken.to_string()))?;
    let remembered = folder.join("port");
    let port = std::fs::read_to_string(&remembered).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let settings = |port| Settings { port, folder: folder.clone(), name: "playground".into(), history: None };
    let source = || Source::Scenario(Box::new(script.clone()), Pace::Happened);
    let served = match serve(source(), settings(port)).await {
        Err(CannotServe::Port { .. }) if port != 0 => serve(source(), settings(0)).await,
        served => served,
    };
    let served = served.map_err(|error| problem(error.to_string()))?;
    remember(&remembered, served.address.port());
    Ok(served)
}

/// A port that cannot be remembered costs no more than another one the next time.
fn remember(path: &Path, port: u16) {
    if let Err(error) = std::fs::write(path, port.to_string()) {
        tracing::warn!(path = %path.display(), %error, "the playground's port is not remembered");
    }
}

#[cfg(test)]
mod tests;
