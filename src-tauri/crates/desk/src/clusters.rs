//! Which clusters there are, and which of them are open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cluster::{Connection, ConnectionPhase, ConnectionState, Context, Reach, SearchPath, Sources, WatchPhase};
use history::History;
use model::{ClusterId, Incident, IncidentId, Time};

use crate::desk::lock;
use crate::error::full_stop;
use crate::look::Looks;
use crate::rows::{ClusterKind, ClusterPhase, ClusterRow, ClusterState, Problem, Update, WatchRow};
use crate::{Desk, DeskError};

/// The window is not woken more often than this by one cluster.
const QUIET: Duration = Duration::from_millis(200);

/// Every cluster the desk knows of.
pub(crate) struct Clusters {
    pub sources: Sources,
    /// The kubeconfig of the playground, so that its contexts are shown as what they are.
    pub playground: Option<PathBuf>,
    pub search: Arc<SearchPath>,
    known: BTreeMap<ClusterId, Known>,
    /// Problems of kubeconfigs that gave no context.
    pub issues: Vec<Problem>,
}

struct Known {
    name: String,
    kind: ClusterKind,
    source: String,
    server: String,
    namespace: String,
    problems: Vec<Problem>,
    context: Option<Context>,
    opened: Option<Arc<Opened>>,
}

/// An open cluster.
pub(crate) struct Opened {
    pub history: Arc<History>,
    pub connection: Option<Arc<Connection>>,
    pub looks: Mutex<Looks>,
    /// Incidents that were shown, by id: what a person clicks on may have grown meanwhile.
    pub shown: Mutex<BTreeMap<IncidentId, Incident>>,
    appended: AtomicU64,
}

impl Opened {
    fn new(history: Arc<History>, connection: Option<Arc<Connection>>) -> Arc<Self> {
        Arc::new(Opened {
            history,
            connection,
            looks: Mutex::default(),
            shown: Mutex::default(),
            appended: AtomicU64::new(0),
        })
    }

    pub fn reach(&self) -> Reach {
        match &self.connection {
            Some(connection) => Reach::Live(Arc::clone(connection)),
            None => Reach::Recorded(Arc::clone(&self.history)),
        }
    }

    /// Grows with every batch that was appended.
    pub fn generation(&self) -> u64 {
        self.appended.load(Ordering::Acquire)
    }

    pub fn is_synced(&self) -> bool {
        self.connection.as_ref().is_none_or(|connection| connection.state().is_synced())
    }
}

impl Clusters {
    pub fn new(sources: Sources) -> Self {
        Clusters {
            sources,
            playground: None,
            search: Arc::new(SearchPath::of_this_machine()),
            known: BTreeMap::new(),
            issues: Vec::new(),
        }
    }
}

impl Desk {
    /// Reads the kubeconfigs again. Contacts nothing.
    pub fn rescan(&self) {
        let mut clusters = self.clusters_mut();
        let found = cluster::discover(&clusters.sources, &clusters.search);
        clusters.issues = found.issues.iter().map(problem).collect();
        let playground = clusters.playground.clone();
        // What is open stays, whatever became of its kubeconfig.
        clusters.known.retain(|_, known| known.context.is_none() || known.opened.is_some());
        for context in found.contexts {
            let ours = playground.as_deref().is_some_and(|path| Path::new(&context.source) == path);
            let opened = clusters.known.remove(&context.id).and_then(|known| known.opened);
            let known = Known {
                name: context.name.clone(),
                kind: if ours { ClusterKind::Playground } else { ClusterKind::Kubeconfig },
                source: context.source.clone(),
                server: context.server.clone(),
                namespace: context.namespace.clone(),
                problems: context.problems.iter().map(problem).collect(),
                context: Some(context.clone()),
                opened,
            };
            clusters.known.insert(context.id, known);
        }
        drop(clusters);
        self.tell(Update::ClustersChanged);
    }

    /// Adds a kubeconfig; as the playground's own where `playground` says so.
    pub fn add_kubeconfig(&self, path: &Path, playground: bool) {
        let mut clusters = self.clusters_mut();
        if !clusters.sources.files.iter().any(|known| known == path) {
            clusters.sources.files.push(path.to_owned());
        }
        if playground {
            clusters.playground = Some(path.to_owned());
        }
        drop(clusters);
        self.rescan();
    }

    /// Adds a recording: a history read to its end.
    pub fn add_recorded(&self, id: ClusterId, name: String, source: String, history: Arc<History>) {
        let known = Known {
            name,
            kind: ClusterKind::Recorded,
            source,
            server: String::new(),
            namespace: String::new(),
            problems: Vec::new(),
            context: None,
            opened: Some(Opened::new(history, None)),
        };
        self.clusters_mut().known.insert(id, known);
        self.tell(Update::ClustersChanged);
    }

    pub fn clusters(&self) -> Vec<ClusterRow> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<ClusterRow> = clusters.known.iter().map(|(id, known)| self.row(id, known)).collect();
        rows.sort_by(|a, b| (a.kind as u8, &a.name, &a.source).cmp(&(b.kind as u8, &b.name, &b.source)));
        rows
    }

    /// What is wrong with kubeconfigs that gave no context.
    pub fn kubeconfig_problems(&self) -> Vec<Problem> {
        self.clusters.read().unwrap_or_else(PoisonError::into_inner).issues.clone()
    }

    /// The cluster of a context's name; `not_found` lists near names, `bad_request` where two files have the name.
    pub fn cluster_of_context(&self, name: &str) -> Result<ClusterId, DeskError> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let named: Vec<_> = clusters.known.iter().filter(|(_, known)| known.name == name).collect();
        match named.as_slice() {
            [(id, _)] => Ok((*id).clone()),
            [] => {
                let mut names: Vec<&str> = clusters.known.values().map(|known| known.name.as_str()).collect();
                names.sort_unstable();
                names.truncate(12);
                Err(DeskError {
                    code: "not_found",
                    what: format!("There is no context `{name}` in the kubeconfigs."),
                    hint: if names.is_empty() {
                        "No kubeconfig has a context; give one with --kubeconfig.".into()
                    } else {
                        format!("There are: {}.", names.join(", "))
                    },
                })
            }
            several => Err(DeskError {
                code: "bad_request",
                what: format!("{} kubeconfigs have a context `{name}`.", several.len()),
                hint: "Say which with --kubeconfig FILE.".into(),
            }),
        }
    }

    pub fn cluster(&self, id: &ClusterId) -> Result<ClusterRow, DeskError> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let known = clusters.known.get(id).ok_or_else(|| DeskError::not_found("There is no such cluster."))?;
        Ok(self.row(id, known))
    }

    pub(crate) fn name_of(&self, id: &ClusterId) -> String {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.known.get(id).map_or_else(|| id.to_string(), |known| known.name.clone())
    }

    /// Connects to a context; nothing of it was contacted before. Already open: nothing happens.
    pub fn open_cluster(self: &Arc<Self>, id: &ClusterId) -> Result<ClusterRow, DeskError> {
        let mut clusters = self.clusters_mut();
        let search = Arc::clone(&clusters.search);
        let known = clusters.known.get_mut(id).ok_or_else(|| DeskError::not_found("There is no such cluster."))?;
        if known.opened.is_none()
            && let Some(context) = &known.context
        {
            let history = if self.in_memory {
                History::in_memory(id.clone())?
            } else {
                History::open(&self.paths.history(id), id.clone())?
            };
            let history = Arc::new(history);
            let connection = Connection::open(
                context,
                Arc::clone(&history),
                Arc::clone(&self.redactor),
                Arc::clone(&self.clock),
                search,
            );
            let opened = Opened::new(history, Some(connection));
            known.opened = Some(Arc::clone(&opened));
            self.follow(id.clone(), &opened);
            tracing::info!(cluster = %id, name = known.name, "opened");
        }
        drop(clusters);
        self.tell(Update::ClustersChanged);
        self.cluster(id)
    }

    pub async fn close_cluster(&self, id: &ClusterId) -> Result<ClusterRow, DeskError> {
        let opened = self.clusters_mut().known.get_mut(id).and_then(|known| {
            // A recording has nowhere else to be read from.
            known.context.is_some().then(|| known.opened.take()).flatten()
        });
        if let Some(connection) = opened.as_ref().and_then(|opened| opened.connection.as_ref()) {
            connection.close().await;
        }
        self.tell(Update::ClustersChanged);
        self.cluster(id)
    }

    /// The open cluster, or why it is not.
    pub(crate) fn opened(&self, id: &ClusterId) -> Result<Arc<Opened>, DeskError> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = clusters.known.get(id).and_then(|known| known.opened.clone()) {
            return Ok(opened);
        }
        drop(clusters);
        // A case outlives the session in which its cluster was open: what was recorded then can still be read.
        let path = self.paths.history(id);
        if !self.in_memory && path.exists() {
            let history = Arc::new(History::open_recorded(&path)?);
            return Ok(Opened::new(history, None));
        }
        Err(DeskError {
            code: "unavailable",
            what: format!("The cluster `{}` is not open.", self.name_of(id)),
            hint: "Open it first.".into(),
        })
    }

    /// Waits until what an opened cluster has was listed once; gives the state then.
    pub async fn synced(&self, id: &ClusterId, at_most: Duration) -> Result<ClusterState, DeskError> {
        let opened = self.opened(id)?;
        if let Some(connection) = &opened.connection {
            connection.wait_synced(at_most).await;
            opened.appended.fetch_add(1, Ordering::AcqRel);
        }
        Ok(self.cluster(id)?.state)
    }

    /// The time that "now" means for a cluster: the present, or a recording's end.
    pub(crate) fn now_of(&self, id: &ClusterId) -> Result<Time, DeskError> {
        let opened = self.opened(id)?;
        let now = self.clock.now();
        if opened.connection.is_some() {
            return Ok(now);
        }
        Ok(opened.history.span()?.map_or(now, |(_, last)| last))
    }

    pub(crate) fn clusters_mut(&self) -> std::sync::RwLockWriteGuard<'_, Clusters> {
        self.clusters.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the window of appends and of changes of state, not more often than it can use.
    fn follow(self: &Arc<Self>, id: ClusterId, opened: &Arc<Opened>) {
        if let Some(connection) = &opened.connection {
            let mut states = connection.subscribe();
            let (desk, id) = (Arc::downgrade(self), id.clone());
            tokio::spawn(async move {
                while states.changed().await.is_ok() {
                    let Some(desk) = desk.upgrade() else { break };
                    desk.tell(Update::ClusterChanged { cluster: id.clone() });
                    drop(desk);
                    tokio::time::sleep(QUIET).await;
                }
            });
        }
        let mut appended = opened.history.subscribe();
        let (desk, opened) = (Arc::downgrade(self), Arc::downgrade(opened));
        std::thread::spawn(move || {
            loop {
                let something = appended.wait(Duration::from_secs(2));
                let (Some(desk), Some(opened)) = (desk.upgrade(), opened.upgrade()) else { break };
                if something {
                    opened.appended.fetch_add(1, Ordering::AcqRel);
                    desk.tell(Update::ClusterChanged { cluster: id.clone() });
                    drop((desk, opened));
                    std::thread::sleep(QUIET);
                }
            }
        });
    }

    fn row(&self, id: &ClusterId, known: &Known) -> ClusterRow {
        let triage = known.opened.as_ref().and_then(|opened| lock(&opened.looks).newest());
        ClusterRow {
            id: id.clone(),
            name: known.name.clone(),
            kind: known.kind,
            source: known.source.clone(),
            server: known.server.clone(),
            namespace: known.namespace.clone(),
            state: state_of(known),
            open_incidents: triage.as_ref().map(|look| look.triage.incidents.len() as u32),
            worst: triage.and_then(|look| look.triage.incidents.iter().map(|incident| incident.severity).max()),
            problems: known.problems.clone(),
        }
    }
}

fn problem(issue: &cluster::Issue) -> Problem {
    let place = match issue.line {
        _ if !issue.what.contains(&issue.source) => format!(" (`{}`)", issue.source),
        Some(line) => format!(" (line {line})"),
        None => String::new(),
    };
    Problem { what: format!("Could not {}{place}", issue.what), why: full_stop(&issue.why), hint: issue.hint.clone() }
}

fn state_of(known: &Known) -> ClusterState {
    let mut state = ClusterState {
        phase: ClusterPhase::Closed,
        message: "Not open; nothing was contacted.".into(),
        hint: String::new(),
        watches: Vec::new(),
        last_seen_at: None,
        span: None,
    };
    let Some(opened) = &known.opened else { return state };
    state.span = opened.history.span().ok().flatten();
    match &opened.connection {
        None => {
            state.phase = ClusterPhase::Recorded;
            state.message = "A recording.".into();
            state.last_seen_at = state.span.map(|(_, last)| last);
        }
        Some(connection) => describe(&connection.state(), &mut state),
    }
    state
}

fn describe(connection: &ConnectionState, state: &mut ClusterState) {
    state.phase = match connection.phase {
        ConnectionPhase::Connecting => ClusterPhase::Connecting,
        ConnectionPhase::Live => ClusterPhase::Live,
        ConnectionPhase::Degraded => ClusterPhase::Degraded,
        ConnectionPhase::Failed => ClusterPhase::Failed,
        ConnectionPhase::Closed => ClusterPhase::Closed,
    };
    state.message.clone_from(&connection.message);
    if let Some(unkept) = &connection.unkept {
        state.message = format!("{} {unkept}", state.message);
    }
    state.hint.clone_from(&connection.hint);
    state.last_seen_at = connection.last_event_at();
    state.watches = connection
        .watches
        .iter()
        .map(|watch| WatchRow {
            kind: watch.kind.clone(),
            namespace: watch.namespace.clone(),
            phase: words(watch.phase).into(),
            since: watch.since,
            error: watch.error.as_ref().map(|trouble| format!("{} {}", trouble.why, trouble.hint)),
        })
        .collect();
}

fn words(phase: WatchPhase) -> &'static str {
    match phase {
        WatchPhase::Listing => "listing",
        WatchPhase::Live => "live",
        WatchPhase::Refused => "refused",
        WatchPhase::Failed => "failed",
        WatchPhase::NotServed => "not served",
    }
}

impl Desk {
    /// What was understood with other blueprints is understood anew.
    pub(crate) fn forget_looks(&self) {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        for opened in clusters.known.values().filter_map(|known| known.opened.as_ref()) {
            *lock(&opened.looks) = Looks::default();
        }
    }
}
