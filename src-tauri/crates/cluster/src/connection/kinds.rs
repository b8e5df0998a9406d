use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use super::{Connection, Inner, Tasks, WatchPhase};
use crate::served::Served;
use crate::{Kind, ReadError, Trouble};

/// What is watched from the beginning: what every cluster has, and of the rest, and of what the engineer chose by name,
/// what this one serves.
pub(super) fn wanted(served: Option<&Served>, chosen: &[String]) -> Vec<Kind> {
    let installed = crate::kind::watched_where_installed().into_iter();
    let installed = installed.filter(|kind| served.is_some_and(|served| served.of(kind).is_some()));
    let mut wanted: Vec<Kind> = crate::kind::watched().into_iter().chain(installed).collect();
    for name in chosen {
        let found = served.and_then(|served| served.find(name)).filter(|kind| kind.listable);
        if let Some(kind) = found.filter(|kind| wanted.iter().all(|known| known.name() != kind.name())) {
            wanted.push(kind.clone());
        }
    }
    wanted
}

/// Kinds that the engineer chose and that this cluster certainly does not serve, as far as their names tell what they are.
pub(super) fn missing(served: Option<&Served>, chosen: &[String]) -> Vec<Kind> {
    let of_name = |name: &String| {
        let (kind, group) = name.split_once('.').unwrap_or((name, ""));
        Kind {
            group: group.to_owned(),
            version: String::new(),
            kind: kind.to_owned(),
            plural: kind.to_lowercase(),
            namespaced: true,
            listable: false,
        }
    };
    let Some(served) = served else { return Vec::new() };
    let missing = chosen.iter().filter(|name| served.find(name).is_none());
    missing.map(of_name).filter(|kind| served.lacks(kind)).collect()
}

/// Kinds are installed in groups; one look is enough for all of them.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// Begins to watch what is installed while the connection is open. As long as the cluster has not said of every API group
/// what it serves, it is asked again.
pub(super) async fn follow_installed(inner: Arc<Inner>, tasks: Weak<Tasks>) {
    loop {
        let whole = inner.served.read().await.as_ref().is_some_and(|served| served.unknown.is_empty());
        tokio::select! {
            () = inner.installed.notified() => tokio::time::sleep(SETTLED_AFTER).await,
            () = tokio::time::sleep(inner.patience.review / 5), if !whole => {}
        }
        let Ok(served) = inner.ask_served().await else { continue };
        let watched =
            |kind: &Kind| inner.any_watch(|watch| watch.kind == kind.name() && watch.phase != WatchPhase::NotServed);
        let installed = wanted(Some(&*served), &inner.kinds).into_iter().filter_map(|kind| served.of(&kind).cloned());
        let new: Vec<Kind> = installed.filter(|kind| !watched(kind)).collect();
        if !new.is_empty() {
            inner.watch_kinds(new, None, &tasks).await;
        }
    }
}

/// A kind that an API server serves and lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedKind {
    /// As an object reference carries it.
    pub name: String,
    /// Empty: the core group.
    pub group: String,
    pub version: String,
    pub namespaced: bool,
}

impl Connection {
    /// Every kind that can be listed, each once, by its preferred version; and the API groups that gave no answer, with
    /// why. Asks the API server anew: kinds are installed while a connection is open.
    pub async fn served_kinds(&self) -> Result<(Vec<ServedKind>, Vec<(String, Trouble)>), ReadError> {
        let served = self.inner.ask_served().await.map_err(|trouble| trouble.reading("which kinds there are"))?;
        let mut kinds: Vec<ServedKind> = Vec::new();
        for kind in served.kinds.iter().filter(|kind| kind.listable) {
            let name = kind.name();
            if kinds.iter().all(|known| known.name != name) {
                let (group, version) = (kind.group.clone(), kind.version.clone());
                kinds.push(ServedKind { name, group, version, namespaced: kind.namespaced });
            }
        }
        kinds.sort();
        Ok((kinds, served.unknown.clone()))
    }

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
        self.watch(kind).await;
        Ok(())
    }
}
