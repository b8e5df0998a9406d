use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use super::follow::Follow;
use super::{Connection, Inner, Tasks, WatchPhase, WatchState, known_of};
use crate::served::Served;
use crate::{Kind, ReadError};

/// What is watched from the beginning: what every cluster has, and of the rest what this one serves.
pub(super) fn wanted(served: Option<&Served>) -> Vec<Kind> {
    let installed = crate::kind::watched_where_installed().into_iter();
    let installed = installed.filter(|kind| served.is_some_and(|served| served.of(kind).is_some()));
    crate::kind::watched().into_iter().chain(installed).collect()
}

/// Kinds are installed in groups; one look is enough for all of them.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// Begins to watch what is installed while the connection is open.
pub(super) async fn follow_installed(inner: Arc<Inner>, tasks: Weak<Tasks>) {
    loop {
        inner.installed.notified().await;
        tokio::time::sleep(SETTLED_AFTER).await;
        let Ok(served) = inner.ask_served().await else { continue };
        for kind in wanted(Some(&*served)) {
            let kind = served.of(&kind).cloned();
            let Some(kind) = kind.filter(|kind| !inner.any_watch(|watch| watch.kind == kind.name())) else { continue };
            if let (Some(follow), Some(tasks)) = (inner.begin(kind).await, tasks.upgrade()) {
                tasks.lock().await.spawn(follow.run());
            }
        }
    }
}

impl Connection {
    /// Watches one more kind from now on, a custom one mostly: by its name as in an object reference (`Application`,
    /// `Certificate.cert-manager.io`). Watched already, nothing changes.
    pub async fn watch_kind(&self, name: &str) -> Result<(), ReadError> {
        let what = format!("every {name}");
        let served = self.inner.served_kind(name).await.map_err(|trouble| trouble.reading(&what))?;
        let kind = served.filter(|kind| kind.listable).ok_or_else(|| {
            ReadError::not_available(
                &what,
                format!("the cluster serves no kind `{name}` that can be listed"),
                "Write the kind as `kubectl api-resources` shows it in its column KIND.",
            )
        })?;
        if let Some(follow) = self.inner.begin(kind).await {
            self.tasks.lock().await.spawn(follow.run());
        }
        Ok(())
    }
}

impl Inner {
    /// The watch of a kind that is not watched yet.
    async fn begin(self: &Arc<Self>, kind: Kind) -> Option<Follow> {
        let before = self.remembered().await;
        let known = before.map(|snapshot| known_of(&kind, &snapshot)).unwrap_or_default();
        let now = self.clock.now();
        let mut row = None;
        self.state.send_if_modified(|state| {
            if state.watches.iter().any(|watch| watch.kind == kind.name()) {
                return false;
            }
            row = Some(state.watches.len());
            state.watches.push(WatchState::new(kind.name(), String::new(), WatchPhase::Listing, now));
            true
        });
        let (inner, namespace) = (self.clone(), String::new());
        Some(Follow::new(inner, kind, row?, namespace, known, None))
    }
}
