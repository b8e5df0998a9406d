//! Where the kinds are watched: decided from what the login may list, and decided again when that changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};

use model::{Body, CoverageState, ObjectRef, Observation, Ordered, Snapshot, Source};
use tokio::task::AbortHandle;

use super::follow::Follow;
use super::scope::{Extent, Rules, Scope};
use super::{Connection, Inner, Tasks, WatchPhase, WatchState, rights};
use crate::arrival::Known;
use crate::{Kind, Trouble, TroubleKind};

/// One watch that is to be started, or that it is known cannot be.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub kind: Kind,
    /// Empty: the whole cluster.
    pub namespace: String,
    pub phase: WatchPhase,
    pub refused: Option<Trouble>,
}

impl Place {
    pub fn not_served(kind: Kind) -> Self {
        Place { kind, namespace: String::new(), phase: WatchPhase::NotServed, refused: None }
    }

    /// One for the whole cluster, or one for each namespace.
    pub fn of(kind: &Kind, extent: &Extent) -> Vec<Place> {
        let place =
            |namespace: &str, phase, refused| Place { kind: kind.clone(), namespace: namespace.into(), phase, refused };
        match extent {
            Extent::WholeCluster => vec![place("", WatchPhase::Listing, None)],
            Extent::Namespaces(names) => names.iter().map(|name| place(name, WatchPhase::Listing, None)).collect(),
            Extent::Refused(why) => {
                let hint = "Ask whoever runs the cluster for this permission, or go on without it.";
                let trouble = Trouble::new(TroubleKind::Refused, why.clone(), hint);
                vec![place("", WatchPhase::Refused, Some(trouble))]
            }
        }
    }
}

/// What was decided of a kind, and the watches that run.
#[derive(Default)]
pub(super) struct Watched {
    kinds: Vec<(Kind, Extent)>,
    /// The cluster did not say, or not all of it, what may be listed.
    untold: bool,
    running: HashMap<usize, AbortHandle>,
    /// Numbers of watches go on from here.
    next: usize,
}

impl Inner {
    pub(super) fn watched(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was decided where this kind is watched.
    fn watches(&self, kind: &Kind) -> bool {
        self.watched().kinds.iter().any(|(held, _)| held.name() == kind.name())
    }

    /// What holds in every namespace, asked for once.
    pub(super) async fn rules_everywhere(&self) -> Option<Rules> {
        rights::everywhere(&self.client().await.ok()?).await
    }

    /// Where these kinds may be watched; `None` where the cluster does not tell.
    async fn ask_scope(&self, kinds: &[Kind], everywhere: Option<Rules>) -> Option<Scope> {
        let client = self.client().await.ok()?;
        let own = if self.namespace.is_empty() { "default" } else { &self.namespace };
        let mut wanted = if self.only_namespaces { Vec::new() } else { vec![own.to_owned()] };
        for name in &self.namespaces {
            if !wanted.contains(name) {
                wanted.push(name.clone());
            }
        }
        let rights = rights::ask(&client, kinds, &wanted, self.only_namespaces, everywhere).await;
        self.watched().untold = rights.as_ref().is_none_or(|rights| rights.partial);
        let rights = rights?;
        self.state.send_if_modified(|state| {
            let other = state.left_out != rights.left_out;
            state.left_out.clone_from(&rights.left_out);
            other
        });
        let only = self.only_namespaces.then_some(wanted.as_slice());
        Some(rights.scope(kinds, only))
    }

    /// Where these kinds are watched. A cluster that does not tell is tried, kind by kind.
    async fn scope(&self, kinds: &[Kind], everywhere: Option<Rules>) -> Scope {
        if let Some(scope) = self.ask_scope(kinds, everywhere).await {
            return scope;
        }
        if self.only_namespaces { Scope::only(kinds, &self.namespaces) } else { Scope::default() }
    }

    /// Pods and what else every API server serves need no list of its kinds: whoever may list them everywhere sees them
    /// a round trip or two sooner, and where a group does not answer. Gives the rules of every namespace.
    pub(super) async fn watch_what_is_always_served(self: &Arc<Self>, tasks: &Weak<Tasks>) -> Option<Rules> {
        let everywhere = self.rules_everywhere().await?;
        if !self.only_namespaces {
            let kinds = crate::kind::watched().into_iter();
            let kinds: Vec<Kind> = kinds.filter(|kind| kind.is_always_served() && everywhere.allows(kind)).collect();
            if !kinds.is_empty() {
                self.watch_kinds(kinds, Some(everywhere.clone()), tasks).await;
            }
        }
        Some(everywhere)
    }

    /// Starts the watches of kinds that have none yet, where they may be watched. `everywhere` are the rules of every
    /// namespace, where they were asked for already.
    pub(super) async fn watch_kinds(
        self: &Arc<Self>,
        kinds: Vec<Kind>,
        everywhere: Option<Rules>,
        tasks: &Weak<Tasks>,
    ) {
        self.writer.flush().await;
        let (before, scope) = tokio::join!(self.remembered(), self.scope(&kinds, everywhere));
        // Of those that are watched already it was only asked what they allow of the others.
        let new = kinds.into_iter().filter(|kind| !self.watches(kind));
        let decided: Vec<(Kind, Extent)> = new.map(|kind| (kind.clone(), scope.of(&kind))).collect();
        let places = decided.iter().flat_map(|(kind, extent)| Place::of(kind, extent)).collect();
        // Installed since it was looked for.
        let retired: Vec<usize> = {
            let state = self.state.borrow();
            let lacking = state.watches.iter().filter(|watch| watch.phase == WatchPhase::NotServed);
            let now_served = lacking.filter(|watch| decided.iter().any(|(kind, _)| kind.name() == watch.kind));
            now_served.map(|watch| watch.number).collect()
        };
        self.watched().kinds.extend(decided);
        self.start(places, &retired, before.as_ref(), tasks).await;
    }

    /// Starts watches in these places, in place of the retired ones. What is watched there already stays.
    pub(super) async fn start(
        self: &Arc<Self>,
        places: Vec<Place>,
        retired: &[usize],
        before: Option<&Snapshot>,
        tasks: &Weak<Tasks>,
    ) {
        let Some(holder) = tasks.upgrade() else { return };
        let mut tasks = holder.lock().await;
        let now = self.clock.now();
        let mut begun: Vec<(usize, Place)> = Vec::new();
        let mut next = self.watched().next;
        let mut left: Vec<(String, String)> = Vec::new();
        self.state.send_modify(|state| {
            state.watches.retain(|watch| {
                let stays = !retired.contains(&watch.number);
                if !stays && !watch.namespace.is_empty() {
                    left.push((watch.kind.clone(), watch.namespace.clone()));
                }
                stays
            });
            for place in places {
                let name = place.kind.name();
                if state.watches.iter().any(|watch| watch.kind == name && watch.namespace == place.namespace) {
                    continue;
                }
                let new = WatchState::new(next, name, place.namespace.clone(), place.phase, now);
                state.watches.push(WatchState { error: place.refused.clone(), ..new });
                begun.push((next, place));
                next += 1;
            }
            state.settle(&self.server, now);
        });
        self.watched().next = next;
        for number in retired {
            if let Some(running) = self.watched().running.remove(number) {
                running.abort();
            }
        }
        for (kind, namespace) in left {
            self.cover(&kind, &namespace, CoverageState::Refused);
        }
        let inside = begun.iter().filter(|(_, place)| !place.namespace.is_empty());
        let mut narrow: Vec<String> = inside.map(|(_, place)| place.kind.name()).collect();
        narrow.dedup();
        for kind in narrow {
            let asked = !self.only_namespaces && self.state.borrow().left_out.is_empty();
            let outside = if asked { CoverageState::Refused } else { CoverageState::NotAsked };
            self.cover(&kind, "", outside);
        }
        for (number, Place { kind, namespace, phase, refused }) in begun {
            if phase == WatchPhase::NotServed {
                continue;
            }
            let mut known = before.map(|snapshot| known_of(&kind, snapshot)).unwrap_or_default();
            if !namespace.is_empty() {
                // What is known of other namespaces is neither there nor gone: nobody may look.
                known.retain(|object, _| object.namespace == namespace);
            }
            let follow = Follow::new(self.clone(), kind, number, namespace, known, refused);
            let running = tasks.spawn(follow.run());
            self.watched().running.insert(number, running);
        }
    }

    /// Says of a kind what is known of a namespace, or of the whole cluster.
    fn cover(&self, kind: &str, namespace: &str, state: CoverageState) {
        let now = self.clock.now();
        let body = Body::Coverage { kind: kind.into(), namespace: namespace.into(), state };
        let cluster = self.arrivals.cluster.clone();
        self.writer.keep(Observation::new(cluster, now, now, Source::Watch, None, body));
    }

    /// What the history knew when the connection was opened, so that a deletion in between is not missed.
    async fn remembered(&self) -> Option<Snapshot> {
        let history = self.history.clone();
        let now = self.clock.now();
        let snapshot = tokio::task::spawn_blocking(move || history.present(now)).await.ok()?;
        snapshot.inspect_err(|error| tracing::warn!(%error, "the history could not be read")).ok()
    }

    /// Where the cluster does not say what may be listed: what it refuses to list as a whole is tried in the namespaces
    /// that the engineer added.
    async fn watch_added(self: &Arc<Self>, decided: Vec<(Kind, Extent)>, tasks: &Weak<Tasks>) {
        let whole = |kind: &Kind| {
            let is_whole = |watch: &WatchState| watch.namespace.is_empty() && watch.phase != WatchPhase::Refused;
            self.any_watch(|watch| watch.kind == kind.name() && is_whole(watch))
        };
        let refused = decided.into_iter().map(|(kind, _)| kind).filter(|kind| kind.namespaced && !whole(kind));
        let places: Vec<Place> =
            refused.flat_map(|kind| Place::of(&kind, &Extent::Namespaces(self.namespaces.clone()))).collect();
        let is_new = |place: &Place| {
            !self.any_watch(|watch| watch.kind == place.kind.name() && watch.namespace == place.namespace)
        };
        if places.iter().any(is_new) {
            self.writer.flush().await;
            let before = self.remembered().await;
            self.start(places, &[], before.as_ref(), tasks).await;
        }
    }

    /// Asks again what may be listed, and watches where that has changed.
    async fn review(self: &Arc<Self>, tasks: &Weak<Tasks>) {
        let decided = self.watched().kinds.clone();
        let kinds: Vec<Kind> = decided.iter().map(|(kind, _)| kind.clone()).collect();
        let Some(scope) = self.ask_scope(&kinds, None).await else {
            self.watch_added(decided, tasks).await;
            return;
        };
        let mut places = Vec::new();
        let mut retired = Vec::new();
        for (kind, before) in decided {
            let extent = scope.of(&kind);
            if extent == before {
                continue;
            }
            tracing::info!(kind = kind.name(), ?before, now = ?extent, "what may be listed has changed");
            if let Some(held) = self.watched().kinds.iter_mut().find(|(held, _)| held.name() == kind.name()) {
                held.1 = extent.clone();
            }
            // A watch that still lives tells by itself when it is refused.
            if matches!(extent, Extent::Refused(_)) {
                continue;
            }
            let new = Place::of(&kind, &extent);
            let state = self.state.borrow();
            let of_kind = state.watches.iter().filter(|watch| watch.kind == kind.name());
            let stays = |watch: &&WatchState| {
                watch.phase != WatchPhase::Refused && new.iter().any(|place| place.namespace == watch.namespace)
            };
            retired.extend(of_kind.filter(|watch| !stays(watch)).map(|watch| watch.number));
            drop(state);
            places.extend(new);
        }
        if !places.is_empty() {
            self.writer.flush().await;
            let before = self.remembered().await;
            self.start(places, &retired, before.as_ref(), tasks).await;
        }
    }
}

/// Asks what may be listed every few minutes, when a right was lost, and when everything starts again: a namespace or a
/// kind that was granted meanwhile is watched without opening the cluster anew.
pub(super) async fn follow_rights(inner: Arc<Inner>, tasks: Weak<Tasks>) {
    let mut restart = inner.restart.subscribe();
    let patience = inner.patience.clone();
    loop {
        let wait = if inner.watched().untold { patience.review / 10 } else { patience.review };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = inner.refused.notified() => {}
            changed = restart.changed() => {
                if changed.is_err() || restart.borrow_and_update().unreachable.is_some() {
                    continue;
                }
            }
        }
        // Many watches are refused together.
        tokio::time::sleep(patience.review / 300).await;
        inner.review(&tasks).await;
    }
}

impl Connection {
    pub(super) async fn watch(&self, kind: Kind) {
        if !self.inner.watches(&kind) {
            self.inner.watch_kinds(vec![kind], None, &Arc::downgrade(&self.tasks)).await;
        }
    }
}

fn known_of(kind: &Kind, snapshot: &Snapshot) -> Ordered<ObjectRef, Known> {
    snapshot
        .of_kind(&kind.name())
        .map(|(object, held)| {
            let resource_version = held.object["metadata"]["resourceVersion"].as_text().unwrap_or_default();
            (object.clone(), Known { uid: held.uid.clone(), resource_version, at: held.at, listing: 0 })
        })
        .collect()
}
