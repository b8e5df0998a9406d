mod ask;
mod client;
mod follow;
mod kinds;
mod lease;
mod patience;
mod places;
mod pulse;
mod rights;
mod scope;
mod state;
mod watch;
mod writer;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use history::{History, Query};
use model::{Body, Clock, ClusterId, Doc, ObjectRef, Source};
use redact::Redactor;
use tokio::sync::{Mutex, RwLock, Semaphore, watch as channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use kinds::ServedKind;
pub use state::{ConnectionPhase, ConnectionState, Unseen, WatchPhase, WatchState};

use crate::arrival::Arrivals;
use crate::arrival::finished::{Finished, FinishedPods};
use crate::login::{LoggedIn, Login, Step};
use crate::served::Served;
use crate::trust::Terms;
use crate::{Context, SearchPath, Trouble};
pub(crate) use patience::Patience;
use places::{Place, Watched};
pub(crate) use pulse::Restarts;
use state::Event;
use writer::Writer;

/// What every watch of a connection hears at once.
#[derive(Clone, Debug, Default)]
struct Again {
    /// Why a request that is open now has no hope; otherwise all start again at once.
    unreachable: Option<Trouble>,
}

/// How many kinds are listed at once. Most are empty and cost a round trip each (about 40 ms, a real API server beside
/// it): with four at a time thirty of them took 0.35 s. Pods begin first.
const LISTS_AT_ONCE: usize = 12;

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
    /// Nothing is watched in any other.
    only_namespaces: bool,
    /// Kinds that the engineer chose besides.
    kinds: Vec<String>,
    pub(crate) history: Arc<History>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) arrivals: Arrivals,
    pub(crate) login: Login,
    /// The client in use.
    client: RwLock<Option<LoggedIn>>,
    /// Held while a client is made: one login for all who need one.
    making: Mutex<()>,
    served: RwLock<Option<Arc<Served>>>,
    state: channel::Sender<ConnectionState>,
    restart: channel::Sender<Again>,
    writer: Writer,
    finished: std::sync::Mutex<Finished>,
    watched: std::sync::Mutex<Watched>,
    /// What was listed before may not be listed any more.
    refused: tokio::sync::Notify,
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
        let (namespaces, only_namespaces, kinds) =
            (terms.namespaces.clone(), terms.only_namespaces, terms.kinds.clone());
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
            only_namespaces,
            kinds,
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
            watched: std::sync::Mutex::default(),
            refused: tokio::sync::Notify::new(),
            installed: tokio::sync::Notify::new(),
            patience,
            turns: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
            streams: AtomicBool::new(true),
            // On this machine bytes cost less than packing them.
            packed: !context.server.parse().is_ok_and(|server| crate::proxy::is_here(&server)),
            opened_at: Instant::now(),
            heard_after: AtomicU64::new(0),
        });
        let tasks = Arc::new_cyclic(|tasks: &Weak<Tasks>| {
            let mut set = JoinSet::new();
            set.spawn(run(inner.clone(), tasks.clone()));
            set.spawn(client::follow_files(inner.clone()));
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

    /// Who the cluster sees: the user of the kubeconfig, whom one acts as, and the beginning of a keyed digest of what says so.
    pub fn user(&self) -> String {
        self.inner.login.user()
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

/// Logs in, starts the watches, and then notices what no watch tells.
async fn run(inner: Arc<Inner>, tasks: Weak<Tasks>) {
    inner.state.send_modify(|state| state.finding_kinds = true);
    let (served, everywhere) = tokio::join!(inner.find_served(), inner.watch_what_is_always_served(&tasks));
    let (mut there, mut lacking) = (Vec::new(), Vec::new());
    for kind in kinds::wanted(served.as_deref(), &inner.kinds) {
        match &served {
            Some(served) if served.lacks(&kind) => lacking.push(kind),
            Some(served) => there.push(served.of(&kind).cloned().unwrap_or(kind)),
            None => there.push(kind),
        }
    }
    lacking.extend(kinds::missing(served.as_deref(), &inner.kinds));
    inner.watch_kinds(there, everywhere, &tasks).await;
    inner.start(lacking.into_iter().map(Place::not_served).collect(), &[], None, &tasks).await;
    let now = inner.clock.now();
    inner.state.send_modify(|state| {
        state.finding_kinds = false;
        state.settle(&inner.server, now);
    });
    tokio::join!(
        pulse::beat(inner.clone()),
        places::follow_rights(inner.clone(), tasks.clone()),
        kinds::follow_installed(inner, tasks)
    );
}

impl Inner {
    /// What was last known of each, in this order; what was handed to the writer before must have been flushed.
    async fn last_versions(&self, subjects: Vec<ObjectRef>) -> Vec<Option<Doc>> {
        let (history, count) = (self.history.clone(), subjects.len());
        let newest = move |subject| {
            let query = Query { types: vec!["object"], subject: Some(subject), limit: Some(1), ..Query::default() };
            match history.find(&query).ok()?.pop()?.body {
                Body::Object { object, .. } => Some(object),
                _ => None,
            }
        };
        let read = move || subjects.into_iter().map(newest).collect();
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| vec![None; count])
    }

    /// Sleeps; true where somebody asked to start again before the time was over.
    async fn sleep_or_restart(&self, at_most: Duration) -> bool {
        let mut restart = self.restart.subscribe();
        restart.mark_unchanged();
        tokio::time::timeout(at_most, restart.changed()).await.is_ok_and(|changed| changed.is_ok())
    }

    fn change_watch(&self, number: usize, change: impl FnOnce(&mut WatchState)) {
        let now = self.clock.now();
        self.state.send_modify(|state| {
            if let Some(watch) = state.watch_mut(number) {
                change(watch);
            }
            state.settle(&self.server, now);
        });
    }

    /// Changes what nobody waits for: read with the next change of phase, or when somebody looks.
    fn change_watch_quietly(&self, number: usize, change: impl FnOnce(&mut WatchState)) {
        self.state.send_if_modified(|state| {
            if let Some(watch) = state.watch_mut(number) {
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

#[cfg(test)]
pub(crate) mod tests;
