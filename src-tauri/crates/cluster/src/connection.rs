mod ask;
mod follow;
mod kinds;
mod lease;
mod patience;
mod pulse;
mod rights;
mod scope;
mod state;
mod watch;
mod writer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use history::{History, Query};
use kube::Client;
use model::{Body, Clock, ClusterId, CoverageState, Doc, ObjectRef, Observation, Snapshot, Source, Time};
use redact::Redactor;
use tokio::sync::{Mutex, RwLock, Semaphore, watch as channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use state::{ConnectionPhase, ConnectionState, Unseen, WatchPhase, WatchState};

use crate::arrival::finished::{Finished, FinishedPods};
use crate::arrival::{Arrivals, Known};
use crate::login::{Login, Step};
use crate::served::{self, Served};
use crate::trust::Terms;
use crate::{Context, Kind, SearchPath, Trouble, TroubleKind};
use follow::Follow;
pub(crate) use patience::Patience;
use scope::{Extent, Scope};
use state::Event;
use writer::Writer;

/// What every watch of a connection hears at once.
#[derive(Clone, Debug, Default)]
struct Again {
    /// Why a request that is open now has no hope; otherwise all start again at once.
    unreachable: Option<Trouble>,
}

/// How many kinds are listed at once: more would only make the first ones later.
const LISTS_AT_ONCE: usize = 4;

/// Everything that runs for a connection. What runs holds it weakly, so that dropping the connection ends it.
type Tasks = Mutex<JoinSet<()>>;

/// An opened cluster: its watches, which append to a history, and the client for live reads.
///
/// Opening returns at once; [`Connection::state`] says how it goes. Dropping it closes it.
pub struct Connection {
    pub(crate) inner: Arc<Inner>,
    context: Context,
    /// Dropped, it stops.
    tasks: Arc<Tasks>,
    pub(crate) follows: crate::live::Follows,
    pub(crate) back_ends: crate::back_end::BackEnds,
}

pub(crate) struct Inner {
    server: String,
    /// Where to look when the whole cluster is refused.
    namespace: String,
    /// The namespaces that the engineer added to it.
    namespaces: Vec<String>,
    pub(crate) history: Arc<History>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) arrivals: Arrivals,
    login: Login,
    /// The client in use and the credential it carries.
    client: RwLock<Option<(u64, Client)>>,
    /// Held while a client is made: one login for all who need one.
    making: Mutex<()>,
    served: RwLock<Option<Arc<Served>>>,
    state: channel::Sender<ConnectionState>,
    restart: channel::Sender<Again>,
    writer: Writer,
    finished: std::sync::Mutex<Finished>,
    /// The definition of a custom kind came or changed.
    installed: tokio::sync::Notify,
    pub(crate) patience: Patience,
    /// Taken in turn by who lists.
    turns: Arc<Semaphore>,
    /// Whether this server answers lists as streams, as far as is known.
    streams: AtomicBool,
    /// Whether lists are asked for compressed.
    packed: bool,
    opened_at: Instant,
    /// Milliseconds after `opened_at` when any watch heard anything last.
    heard_after: AtomicU64,
}

impl Connection {
    /// Opens a context: logs in, asks what is served, lists and watches. Must be called inside a tokio runtime.
    pub fn open(
        context: &Context,
        terms: Terms,
        history: Arc<History>,
        redactor: Arc<Redactor>,
        clock: Arc<dyn Clock>,
        search: Arc<SearchPath>,
    ) -> Arc<Connection> {
        Connection::open_with(context, terms, history, redactor, clock, search, Patience::default())
    }

    pub(crate) fn open_with(
        context: &Context,
        terms: Terms,
        history: Arc<History>,
        redactor: Arc<Redactor>,
        clock: Arc<dyn Clock>,
        search: Arc<SearchPath>,
        patience: Patience,
    ) -> Arc<Connection> {
        crate::install_crypto();
        let server = if context.server.is_empty() { context.name.clone() } else { context.server.clone() };
        let (state, _) = channel::channel(ConnectionState::connecting(&server, clock.now()));
        let (restart, _) = channel::channel(Again::default());
        let tell = state.clone();
        let writer = writer::start(history.clone(), clock.clone(), move |unkept| {
            tell.send_modify(|state| state.unkept = unkept);
        });
        let namespaces = terms.namespaces.clone();
        let (tell, at, clock_of) = (state.clone(), server.clone(), clock.clone());
        let login = Login::new(context, terms, search, redactor.clone(), move |step| {
            tell.send_modify(|state| {
                let event = match step {
                    Step::Running(line) => {
                        state.logging_in = Some(line);
                        Event::LoginStarted
                    }
                    Step::Ended => {
                        state.logging_in = None;
                        Event::LoginEnded
                    }
                };
                state.apply(event, &at, clock_of.now());
            });
        });
        let inner = Arc::new(Inner {
            server,
            namespace: context.namespace.clone(),
            namespaces,
            arrivals: Arrivals {
                cluster: history.cluster().clone(),
                source: Source::Watch,
                redactor: redactor.clone(),
            },
            history,
            login,
            redactor,
            clock,
            client: RwLock::default(),
            making: Mutex::default(),
            served: RwLock::default(),
            state,
            restart,
            writer,
            finished: std::sync::Mutex::default(),
            installed: tokio::sync::Notify::new(),
            patience,
            turns: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
            streams: AtomicBool::new(true),
            packed: !is_this_machine(&context.server),
            opened_at: Instant::now(),
            heard_after: AtomicU64::new(0),
        });
        let tasks = Arc::new_cyclic(|tasks: &Weak<Tasks>| {
            let mut set = JoinSet::new();
            set.spawn(run(inner.clone(), tasks.clone()));
            Mutex::new(set)
        });
        Arc::new(Connection {
            inner,
            context: context.clone(),
            tasks,
            follows: crate::live::Follows::default(),
            back_ends: crate::back_end::BackEnds::default(),
        })
    }

    pub fn context(&self) -> &Context {
        &self.context
    }

    pub fn cluster(&self) -> &ClusterId {
        self.inner.history.cluster()
    }

    pub fn history(&self) -> &Arc<History> {
        &self.inner.history
    }

    /// How it stands now.
    pub fn state(&self) -> ConnectionState {
        self.inner.state.borrow().clone()
    }

    /// How many pods have finished, by namespace and owner. Succeeded ones are counted here and nowhere kept.
    pub fn finished_pods(&self) -> Vec<FinishedPods> {
        self.inner.finished().counts()
    }

    /// Hears every change of phase. That a watch heard something is not a change: read [`WatchState::last_event_at`].
    pub fn subscribe(&self) -> channel::Receiver<ConnectionState> {
        self.inner.state.subscribe()
    }

    /// Waits until every watch has listed, was refused or has nothing to list, and all of it is in the history; or until
    /// nothing can be expected any more; or until the time is over. The state says which.
    pub async fn wait_synced(&self, at_most: Duration) -> ConnectionState {
        let mut states = self.inner.state.subscribe();
        let settled = states.wait_for(|state| state.is_synced() || state.has_stopped());
        let _ = tokio::time::timeout(at_most, settled).await;
        self.inner.writer.flush().await;
        self.state()
    }

    /// Starts every watch and a new login at once: after a sleep, a VPN that came back, a login in another window.
    pub async fn reconnect(&self) {
        self.inner.login.retry(false);
        self.inner.start_again().await;
    }

    /// Logs in anew and starts every watch again: the plugin runs once more, even where its last credential looks good
    /// and even where it hangs just now; files are read again. What is shown stays, with its age.
    pub async fn renew(&self) {
        self.inner.login.retry(true);
        self.inner.start_again().await;
    }

    /// Takes what the kubeconfig says of this context now: a login that was renewed elsewhere is used from the next
    /// request on, and at once where the old one does not work. What is open stays open.
    pub async fn update(&self, context: &Context) {
        if self.inner.login.replace(context) {
            tracing::info!(context = context.name, "the kubeconfig changed; its credentials are read again");
            self.inner.forget_client(u64::MAX).await;
            if self.state().phase != ConnectionPhase::Live {
                self.inner.start_again().await;
            }
        }
    }

    /// Stops everything and writes what was seen.
    pub async fn close(&self) {
        self.follows.stop_all();
        let mut tasks = self.tasks.lock().await;
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
        self.inner.writer.flush().await;
        let now = self.inner.clock.now();
        self.inner.state.send_modify(|state| {
            state.logging_in = None;
            state.apply(Event::Closed, &self.inner.server, now);
        });
    }
}

/// Logs in, starts the watches, and then notices that the machine slept.
async fn run(inner: Arc<Inner>, tasks: Weak<Tasks>) {
    let served = inner.find_served().await;
    let kinds: Vec<(Kind, bool)> = kinds::wanted(served.as_deref())
        .into_iter()
        .map(|kind| {
            let lacking = served.as_ref().is_some_and(|served| served.lacks(&kind));
            let kind = served.as_ref().and_then(|served| served.of(&kind)).cloned().unwrap_or(kind);
            (kind, lacking)
        })
        .collect();
    let (before, scope) = tokio::join!(inner.remembered(), inner.scope(&kinds));
    let places = places(kinds, &scope);
    let now = inner.clock.now();
    inner.state.send_modify(|state| {
        let watch = |place: &Place| {
            let new = WatchState::new(place.kind.name(), place.namespace.clone(), place.phase, now);
            WatchState { error: place.refused.clone(), ..new }
        };
        state.watches = places.iter().map(watch).collect();
        state.settle(&inner.server, now);
    });
    for place in places.iter().filter(|place| !place.namespace.is_empty()) {
        inner.cover_whole(&place.kind.name(), CoverageState::Refused).await;
    }
    let Some(holder) = tasks.upgrade() else { return };
    let mut watches = holder.lock().await;
    for (row, Place { kind, namespace, phase, refused }) in places.into_iter().enumerate() {
        if phase != WatchPhase::NotServed {
            let mut known = before.as_ref().map(|snapshot| known_of(&kind, snapshot)).unwrap_or_default();
            if !namespace.is_empty() {
                // What is known of other namespaces is neither there nor gone: nobody may look.
                known.retain(|object, _| object.namespace == namespace);
            }
            let inner = inner.clone();
            watches.spawn(Follow::new(inner, kind, row, namespace, known, refused).run());
        }
    }
    drop(watches);
    drop(holder);
    tokio::join!(pulse::beat(inner.clone()), kinds::follow_installed(inner, tasks));
}

/// One watch that is to be started, or that it is known cannot be.
struct Place {
    kind: Kind,
    /// Empty: the whole cluster.
    namespace: String,
    phase: WatchPhase,
    refused: Option<Trouble>,
}

/// One row for each kind that is watched in the whole cluster, one for each namespace of the others.
fn places(kinds: Vec<(Kind, bool)>, scope: &Scope) -> Vec<Place> {
    let mut places = Vec::new();
    for (kind, lacking) in kinds {
        let place =
            |namespace: &str, phase, refused| Place { kind: kind.clone(), namespace: namespace.into(), phase, refused };
        match scope.of(&kind) {
            _ if lacking => places.push(place("", WatchPhase::NotServed, None)),
            Extent::WholeCluster => places.push(place("", WatchPhase::Listing, None)),
            Extent::Namespaces(names) => {
                places.extend(names.iter().map(|name| place(name, WatchPhase::Listing, None)));
            }
            Extent::Refused(why) => {
                let hint = "Ask whoever runs the cluster for this permission, or go on without it.";
                let trouble = Trouble::new(TroubleKind::Refused, why, hint);
                places.push(place("", WatchPhase::Refused, Some(trouble)));
            }
        }
    }
    places
}

fn known_of(kind: &Kind, snapshot: &Snapshot) -> HashMap<ObjectRef, Known> {
    snapshot
        .of_kind(&kind.name())
        .map(|(object, held)| {
            let resource_version = held.object["metadata"]["resourceVersion"].as_text().unwrap_or_default();
            (object.clone(), Known { uid: held.uid.clone(), resource_version, at: held.at, listing: 0 })
        })
        .collect()
}

impl Inner {
    /// A client with a credential, made once and shared. Contacts nothing.
    pub(crate) async fn client(&self) -> Result<Client, Trouble> {
        if let Some((_, client)) = &*self.client.read().await {
            return Ok(client.clone());
        }
        let _one = self.making.lock().await;
        if let Some((_, client)) = &*self.client.read().await {
            return Ok(client.clone());
        }
        let (generation, client) = self.login.client().await?;
        *self.client.write().await = Some((generation, client.clone()));
        Ok(client)
    }

    /// Where the kinds may be watched. A cluster that does not tell is tried, kind by kind.
    async fn scope(&self, kinds: &[(Kind, bool)]) -> Scope {
        let Ok(client) = self.client().await else { return Scope::default() };
        let kinds: Vec<Kind> = kinds.iter().filter(|(_, lacking)| !lacking).map(|(kind, _)| kind.clone()).collect();
        let own = if self.namespace.is_empty() { "default" } else { &self.namespace };
        let mut wanted = vec![own.to_owned()];
        wanted.extend(self.namespaces.iter().filter(|name| *name != own).cloned());
        let rights = rights::ask(&client, &kinds, &wanted).await;
        rights.map(|rights| rights.scope(&kinds)).unwrap_or_default()
    }

    /// Says of a kind what is known of the whole cluster.
    async fn cover_whole(&self, kind: &str, state: CoverageState) {
        let now = self.clock.now();
        let body = Body::Coverage { kind: kind.into(), namespace: String::new(), state };
        let cluster = self.arrivals.cluster.clone();
        self.writer.keep(Observation::new(cluster, now, now, Source::Watch, None, body));
    }

    /// Drops the client that carries the credential of `generation`, or an older one.
    async fn forget_client(&self, generation: u64) {
        let mut held = self.client.write().await;
        if held.as_ref().is_some_and(|(of, _)| *of <= generation) {
            *held = None;
        }
    }

    /// What the server serves; asked until there is an answer. `None` where the cluster does not tell.
    async fn find_served(&self) -> Option<Arc<Served>> {
        let mut delay = Duration::from_millis(800);
        loop {
            let trouble = match self.ask_served().await {
                Ok(served) => return Some(served),
                Err(trouble) => trouble,
            };
            match trouble.kind {
                crate::TroubleKind::Refused | crate::TroubleKind::Missing | crate::TroubleKind::Server => return None,
                crate::TroubleKind::Credential => {
                    let generation = self.login.generation();
                    let renewed = self.login.renew(generation).await;
                    self.forget_client(generation).await;
                    self.fail(&renewed.err().map_or(trouble, |error| Trouble::of_plugin(&error)));
                }
                _ => self.fail(&trouble),
            }
            if self.sleep_or_restart(delay).await {
                delay = Duration::from_millis(800);
            } else {
                delay = (delay * 2).min(Duration::from_secs(30));
            }
        }
    }

    pub(crate) async fn ask_served(&self) -> Result<Arc<Served>, Trouble> {
        let client = self.client().await?;
        let seconds = 20;
        let served = tokio::time::timeout(Duration::from_secs(seconds), served::ask(&client))
            .await
            .map_err(|_| Trouble::timed_out(seconds))?
            .map_err(|error| Trouble::of(&error))?;
        let served = Arc::new(served);
        *self.served.write().await = Some(served.clone());
        if let Ok(Ok(version)) = tokio::time::timeout(Duration::from_secs(5), client.apiserver_version()).await {
            self.state.send_modify(|state| state.server_version = version.git_version);
        }
        Ok(served)
    }

    /// The kinds that are served, asked anew where a name is not among those that were.
    pub(crate) async fn served_kind(&self, name: &str) -> Result<Option<Kind>, Trouble> {
        if let Some(kind) = self.served.read().await.as_ref().and_then(|served| served.find(name).cloned()) {
            return Ok(Some(kind));
        }
        Ok(self.ask_served().await?.find(name).cloned())
    }

    fn fail(&self, trouble: &Trouble) {
        let now = self.clock.now();
        self.state.send_modify(|state| state.stop(trouble, &self.server, now));
    }

    /// What the history knew when the connection was opened, so that a deletion in between is not missed.
    async fn remembered(&self) -> Option<Snapshot> {
        let history = self.history.clone();
        let snapshot = tokio::task::spawn_blocking(move || history.snapshot(Time::MAX)).await.ok()?;
        snapshot.inspect_err(|error| tracing::warn!(%error, "the history could not be read")).ok()
    }

    async fn last_version(&self, subject: &ObjectRef) -> Option<Doc> {
        self.writer.flush().await;
        let history = self.history.clone();
        let query = Query { types: vec!["object"], subject: Some(subject.clone()), ..Query::default() };
        let found = tokio::task::spawn_blocking(move || history.find(&query)).await.ok()?.ok()?;
        match found.into_iter().max_by_key(|o| (o.at, o.seen_at))?.body {
            Body::Object { object, .. } => Some(object),
            _ => None,
        }
    }

    /// Sleeps; true where somebody asked to start again before the time was over.
    async fn sleep_or_restart(&self, at_most: Duration) -> bool {
        let mut restart = self.restart.subscribe();
        restart.mark_unchanged();
        tokio::time::timeout(at_most, restart.changed()).await.is_ok_and(|changed| changed.is_ok())
    }

    fn change_watch(&self, row: usize, change: impl FnOnce(&mut WatchState)) {
        let now = self.clock.now();
        self.state.send_modify(|state| {
            if let Some(watch) = state.watches.get_mut(row) {
                change(watch);
            }
            state.settle(&self.server, now);
        });
    }

    /// Changes what nobody waits for: read with the next change of phase, or when somebody looks.
    fn change_watch_quietly(&self, row: usize, change: impl FnOnce(&mut WatchState)) {
        self.state.send_if_modified(|state| {
            if let Some(watch) = state.watches.get_mut(row) {
                change(watch);
            }
            false
        });
    }

    fn any_watch(&self, is_so: impl Fn(&WatchState) -> bool) -> bool {
        self.state.borrow().watches.iter().any(is_so)
    }

    fn finished(&self) -> std::sync::MutexGuard<'_, Finished> {
        self.finished.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }

    /// This server does not answer lists as streams; nobody waits for one again.
    fn forgo_streams(&self) {
        self.streams.store(false, Ordering::Relaxed);
    }
}

/// Whether a server's address is on this machine, where bytes cost less than packing them.
fn is_this_machine(server: &str) -> bool {
    let host = server.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
pub(crate) mod tests;
