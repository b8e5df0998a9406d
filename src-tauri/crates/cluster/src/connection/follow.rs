use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_kind};
use kube::{Api, Client};
use model::{Body, ChangeKind, CoverageState, ObjectRef, Observation, Source};
use tokio::sync::Notify;

use super::{Inner, WatchPhase};
use crate::arrival::{How, Known};
use crate::raw::Raw;
use crate::{Kind, Trouble, TroubleKind};

/// A server that stops sending without closing is noticed after this and the margin that the watcher adds.
const SILENT_AT_MOST_SECONDS: u32 = 120;
/// A refusal is a person's to lift; asking more often helps nobody.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(120);
const FIRST_RETRY: Duration = Duration::from_millis(800);
const LAST_RETRY: Duration = Duration::from_secs(30);

/// Follows one kind, in the cluster or in one namespace, until the connection closes.
pub(super) struct Follow {
    pub inner: Arc<Inner>,
    pub kind: Kind,
    /// The row of [`super::ConnectionState::watches`].
    pub row: usize,
    /// Empty: the whole cluster.
    pub namespace: String,
    pub known: HashMap<ObjectRef, Known>,
    pub coverage: Option<CoverageState>,
}

/// Why a watch ended.
enum Ended {
    /// Start again at once, with a new list.
    Restart,
    /// Start again after a while.
    Retry(Trouble),
    /// Watch this namespace instead of the cluster.
    Narrow(String),
    Refused(Trouble),
    NotServed(Trouble),
}

impl Follow {
    pub(super) async fn run(mut self) {
        let mut delay = FIRST_RETRY;
        loop {
            let ended =
                if self.kind.metadata_only() { self.watch::<true>().await } else { self.watch::<false>().await };
            match ended {
                Ended::Restart => delay = FIRST_RETRY,
                Ended::Narrow(namespace) => {
                    // What is known of other namespaces is neither there nor gone: nobody may look.
                    self.known.retain(|object, _| object.namespace == namespace);
                    self.cover(CoverageState::Refused).await;
                    self.coverage = None;
                    self.inner.change_watch(self.row, |watch| watch.namespace.clone_from(&namespace));
                    self.namespace = namespace;
                }
                Ended::Refused(trouble) => {
                    // Listed and not watched: what is there is known, what came or went since is not.
                    let listed = self.coverage == Some(CoverageState::Listed);
                    self.cover(if listed { CoverageState::Partial } else { CoverageState::Refused }).await;
                    self.phase(WatchPhase::Refused, Some(trouble));
                    self.inner.sleep_or_restart(ASK_AGAIN_AFTER).await;
                }
                Ended::NotServed(trouble) => {
                    self.phase(WatchPhase::NotServed, Some(trouble));
                    self.inner.sleep_or_restart(ASK_AGAIN_AFTER).await;
                }
                Ended::Retry(trouble) => {
                    self.phase(WatchPhase::Failed, Some(trouble));
                    if self.inner.sleep_or_restart(delay).await {
                        delay = FIRST_RETRY;
                    } else {
                        delay = (delay * 2).min(LAST_RETRY);
                    }
                }
            }
        }
    }

    async fn watch<const META: bool>(&mut self) -> Ended {
        let generation = self.inner.login.generation().await;
        let client = match self.inner.client().await {
            Ok(client) => client,
            Err(trouble) => return Ended::Retry(trouble),
        };
        let answered = Arc::new(Notify::new());
        let client = telling(client, answered.clone());
        let api: Api<Raw<META>> = if self.namespace.is_empty() {
            Api::all_with(client, &self.kind)
        } else {
            Api::namespaced_with(client, &self.namespace, &self.kind)
        };
        let config = watcher::Config::default().timeout(SILENT_AT_MOST_SECONDS);
        let mut stream = std::pin::pin!(watch_kind(api, config).default_backoff());
        let mut restart = self.inner.restart.subscribe();
        restart.mark_unchanged();
        let mut seen: HashSet<ObjectRef> = HashSet::new();
        loop {
            let event = tokio::select! {
                event = stream.next() => event,
                // A resumed watch may be silent for long; that it was answered is what says that it lives.
                () = answered.notified() => {
                    self.recovered();
                    continue;
                }
                changed = restart.changed() => {
                    if changed.is_err() { std::future::pending::<()>().await }
                    return Ended::Restart;
                }
            };
            match event {
                None => return Ended::Restart,
                Some(Ok(Event::Init)) => seen.clear(),
                Some(Ok(Event::InitApply(object))) => {
                    if let Some(subject) = self.arrive(object.value, How::Listed, ChangeKind::Present).await {
                        seen.insert(subject);
                    }
                }
                Some(Ok(Event::InitDone)) => {
                    self.reconcile(std::mem::take(&mut seen)).await;
                    self.cover(CoverageState::Listed).await;
                    self.phase(WatchPhase::Live, None);
                }
                Some(Ok(Event::Apply(object))) => {
                    self.arrive(object.value, How::Changed, ChangeKind::Present).await;
                }
                Some(Ok(Event::Delete(object))) => {
                    self.arrive(object.value, How::Changed, ChangeKind::Deleted).await;
                }
                Some(Err(error)) => {
                    if let Some(ended) = self.failed(&error, generation).await {
                        return ended;
                    }
                }
            }
        }
    }

    /// What an error means for the watch; `None` where the stream goes on by itself after a pause.
    async fn failed(&mut self, error: &watcher::Error, generation: u64) -> Option<Ended> {
        let trouble = Trouble::of_watch(error);
        let resuming = matches!(error, watcher::Error::WatchFailed(_) | watcher::Error::WatchError(_));
        tracing::debug!(kind = %self.kind.kind, namespace = %self.namespace, why = %trouble.why, "watch broke off");
        match trouble.kind {
            TroubleKind::Refused => {
                let fallback = &self.inner.namespace;
                if self.namespace.is_empty() && self.kind.namespaced && !fallback.is_empty() {
                    Some(Ended::Narrow(fallback.clone()))
                } else {
                    Some(Ended::Refused(trouble))
                }
            }
            TroubleKind::Missing if !resuming => Some(Ended::NotServed(trouble)),
            // In the stream it is the watcher's to list again; as an answer to a resumed watch it is ours.
            TroubleKind::Gone => (!resuming).then_some(Ended::Restart),
            TroubleKind::Credential => Some(match self.inner.login.renew(generation).await {
                Ok(()) => {
                    self.inner.forget_client(generation).await;
                    Ended::Retry(trouble)
                }
                Err(error) => Ended::Retry(Trouble::of_plugin(&error)),
            }),
            TroubleKind::Plugin | TroubleKind::Kubeconfig => Some(Ended::Retry(trouble)),
            TroubleKind::Missing
            | TroubleKind::Busy
            | TroubleKind::Network
            | TroubleKind::Tls
            | TroubleKind::Server => {
                self.phase(WatchPhase::Failed, Some(trouble));
                None
            }
        }
    }

    /// Takes one object in and gives its reference, `None` where it is none.
    async fn arrive(&mut self, object: serde_json::Value, how: How, change: ChangeKind) -> Option<ObjectRef> {
        let now = self.inner.clock.now();
        self.inner.heard(self.row, now);
        let arrivals = &self.inner.arrivals;
        if self.kind.is_event() {
            // An Event that expires at the server has still happened.
            if change == ChangeKind::Present
                && let Some(observation) = arrivals.event(&object, now)
            {
                self.inner.writer.keep(observation).await;
            }
            return None;
        }
        let subject = crate::arrival::Arrivals::reference(&self.kind, &object)?;
        let arrived = arrivals.object(&self.kind, object, self.known.get(&subject), how, change, now);
        if let Some((known, observation)) = arrived {
            match change {
                ChangeKind::Present => self.known.insert(subject.clone(), known),
                ChangeKind::Deleted => self.known.remove(&subject),
            };
            self.inner.writer.keep(observation).await;
        }
        Some(subject)
    }

    /// After a whole list: what was known and is not in it is gone. Nothing is taken away before the list is whole.
    async fn reconcile(&mut self, seen: HashSet<ObjectRef>) {
        if self.kind.is_event() {
            return;
        }
        let gone: Vec<ObjectRef> = self.known.keys().filter(|object| !seen.contains(object)).cloned().collect();
        let now = self.inner.clock.now();
        for subject in gone {
            let Some(known) = self.known.remove(&subject) else { continue };
            let last = self.inner.last_version(&subject).await;
            let deletion = self.inner.arrivals.vanished(&self.kind, &subject, &known, last, now);
            self.inner.writer.keep(deletion).await;
        }
    }

    /// Says what was listed or refused, once for each change of that.
    async fn cover(&mut self, state: CoverageState) {
        if self.coverage == Some(state) {
            return;
        }
        self.coverage = Some(state);
        let now = self.inner.clock.now();
        let body = Body::Coverage { kind: self.kind.name(), namespace: self.namespace.clone(), state };
        let cluster = self.inner.arrivals.cluster.clone();
        self.inner.writer.keep(Observation::new(cluster, now, now, Source::Watch, None, body)).await;
    }

    fn recovered(&self) {
        if self.coverage == Some(CoverageState::Listed) && self.inner.watch_phase(self.row) == Some(WatchPhase::Failed)
        {
            self.phase(WatchPhase::Live, None);
        }
    }

    fn phase(&self, phase: WatchPhase, error: Option<Trouble>) {
        let now = self.inner.clock.now();
        self.inner.change_watch(self.row, |watch| {
            if watch.phase != phase {
                watch.since = now;
            }
            watch.phase = phase;
            watch.listed |= phase == WatchPhase::Live;
            watch.error = error;
        });
    }
}

/// The same client, and a notice of each request that the server answered with success.
fn telling(client: Client, answered: Arc<Notify>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request| {
        let (client, answered) = (client.clone(), answered.clone());
        async move {
            let response = client.send(request).await?;
            if response.status().is_success() {
                answered.notify_one();
            }
            Ok::<_, kube::Error>(response)
        }
    });
    Client::new(service, namespace)
}
