//! Which clusters there are, and which of them are open.

pub(crate) mod pace;
mod row;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use cluster::{Connection, Context, ExecCommand, Issue, Reach, SearchPath, Sources, Terms};
use history::History;
use model::{ClusterId, Incident, IncidentId, Snapshot, Time};

use crate::desk::lock;
use crate::look::{Looks, Understood};
use crate::rows::{ClusterKind, ClusterRow, ClusterSettings, ClusterState, KindsView, Problem, Update};
use crate::sources::Added;
use crate::{Desk, DeskError};
use pace::{GLANCE, QUIET, Standing};

pub(crate) use row::problem;

/// Every cluster the desk knows of.
pub(crate) struct Clusters {
    /// What the program was started with.
    pub sources: Sources,
    pub added: Added,
    /// The kubeconfig of the playground, so that its contexts are shown as what they are.
    pub playground: Option<PathBuf>,
    pub search: Arc<SearchPath>,
    known: BTreeMap<ClusterId, Known>,
    /// What was wrong with kubeconfigs when they were last read.
    pub found_issues: Vec<Issue>,
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
    /// No kubeconfig has it any more; it is shown for as long as it is open.
    gone: bool,
}

/// An open cluster.
pub(crate) struct Opened {
    pub history: Arc<History>,
    pub connection: Option<Arc<Connection>>,
    pub looks: Mutex<Looks>,
    /// Held by who understands the present.
    pub understanding: Mutex<Understood>,
    /// Held by who understands the past.
    pub looking_back: Mutex<()>,
    /// Incidents that were shown, by id: what a person clicks on may have grown meanwhile.
    pub shown: Mutex<BTreeMap<IncidentId, Incident>>,
    /// Why its history is not the one on the disk.
    pub unopened: Option<String>,
    appended: AtomicU64,
}

impl Opened {
    fn new(history: Arc<History>, connection: Option<Arc<Connection>>, unopened: Option<String>) -> Arc<Self> {
        Arc::new(Opened {
            unopened,
            history,
            connection,
            looks: Mutex::default(),
            understanding: Mutex::default(),
            looking_back: Mutex::default(),
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

    /// Whether every watch has listed what it can, and the snapshot has all of it.
    pub fn is_whole(&self, snapshot: &Snapshot) -> bool {
        let Some(connection) = &self.connection else { return true };
        let state = connection.state();
        // That a kind was listed is kept after what was listed of it.
        state.is_synced()
            && state
                .watches
                .iter()
                .filter(|watch| watch.listed)
                .all(|watch| snapshot.coverage.iter().any(|c| c.kind == watch.kind && c.namespace == watch.namespace))
    }
}

impl Clusters {
    pub fn new(sources: Sources, added: Added) -> Self {
        Clusters {
            sources,
            added,
            playground: None,
            search: Arc::new(SearchPath::of_this_machine()),
            known: BTreeMap::new(),
            found_issues: Vec::new(),
        }
    }

    pub fn all_sources(&self) -> Sources {
        self.added.over(&self.sources)
    }

    /// The nearest to a context that no kubeconfig has any more.
    fn lost(known: &mut Known) {
        if !known.gone {
            known.gone = true;
            known.problems.push(Problem {
                what: format!("Could not find the context `{}` again", known.name),
                why: format!("`{}` does not have it any more.", known.source),
                hint: "It stays open as it was; closed, it cannot be opened again.".into(),
            });
        }
    }
}

impl Desk {
    /// Reads the kubeconfigs again. Contacts nothing. What is open stays open, whatever became of its kubeconfig; where
    /// its login changed, the new one is used, and what was to run as another user is asked again.
    pub fn rescan(&self) {
        // Reading takes its time, and nobody who shows clusters waits for it.
        let _one = lock(&self.rescanning);
        let (sources, search) = {
            let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
            (clusters.all_sources(), Arc::clone(&clusters.search))
        };
        let found = cluster::discover(&sources, &search);
        if let Some(watch) = &*lock(&self.source_watch) {
            watch.look_at(sources);
        }
        let mut clusters = self.clusters_mut();
        clusters.found_issues = found.issues;
        let playground = clusters.playground.clone();
        clusters.known.retain(|_, known| known.context.is_none() || known.opened.is_some());
        let mut lost: BTreeSet<ClusterId> =
            clusters.known.iter().filter(|(_, known)| known.context.is_some()).map(|(id, _)| id.clone()).collect();
        let mut changed = Vec::new();
        for context in found.contexts {
            let ours = playground.as_deref().is_some_and(|path| Path::new(&context.source) == path);
            let opened = clusters.known.remove(&context.id).and_then(|known| known.opened);
            lost.remove(&context.id);
            if let Some(connection) = opened.as_ref().and_then(|opened| opened.connection.clone()) {
                changed.push((connection, context.clone()));
            }
            let known = Known {
                name: context.name.clone(),
                kind: if ours { ClusterKind::Playground } else { ClusterKind::Kubeconfig },
                source: context.source.clone(),
                server: context.server.clone(),
                namespace: context.namespace.clone(),
                problems: context.problems.iter().map(problem).collect(),
                context: Some(context.clone()),
                opened,
                gone: false,
            };
            clusters.known.insert(context.id, known);
        }
        for id in lost {
            if let Some(known) = clusters.known.get_mut(&id) {
                Clusters::lost(known);
            }
        }
        drop(clusters);
        if let Some(runtime) = self.runtime.as_ref().filter(|_| !changed.is_empty()) {
            let desk = Weak::clone(&self.itself);
            runtime.spawn(async move {
                for (connection, context) in changed {
                    let before = connection.user();
                    connection.update(&context).await;
                    if connection.user() != before
                        && let Some(desk) = desk.upgrade()
                    {
                        desk.ask_as_now(&context.id);
                    }
                }
            });
        }
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
            opened: Some(Opened::new(history, None, None)),
            gone: false,
        };
        self.clusters_mut().known.insert(id, known);
        self.tell(Update::ClustersChanged);
    }

    /// The same for a cluster to practise on, with what its team knows of it; nothing of that is the desk's own.
    pub fn add_practice(
        &self,
        id: ClusterId,
        name: String,
        source: String,
        history: Arc<History>,
        blueprints: Vec<model::BlueprintVersion>,
    ) {
        lock(&self.practice).insert(id.clone(), blueprints);
        self.add_recorded(id, name, source, history);
    }

    pub fn clusters(&self) -> Vec<ClusterRow> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<ClusterRow> = clusters.known.iter().map(|(id, known)| self.row(id, known)).collect();
        drop(clusters);
        for row in &mut rows {
            row.writes = self.allows_writes(&row.id);
        }
        rows.sort_by(|a, b| (a.kind as u8, &a.name, &a.source).cmp(&(b.kind as u8, &b.name, &b.source)));
        rows
    }

    /// The clusters in whose name, server, file, user or namespace every one of the words stands.
    pub fn search_clusters(&self, text: &str) -> Vec<ClusterRow> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let has = |row: &ClusterRow| {
            let all = [&row.name, &row.server, &row.source, &row.user, &row.namespace].map(|part| part.to_lowercase());
            words.iter().all(|word| all.iter().any(|part| part.contains(word)))
        };
        self.clusters().into_iter().filter(has).collect()
    }

    /// What is wrong with kubeconfigs that gave no context.
    pub fn kubeconfig_problems(&self) -> Vec<Problem> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.found_issues.iter().map(problem).collect()
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
        let row = self.row(id, known);
        drop(clusters);
        Ok(ClusterRow { writes: self.allows_writes(id), ..row })
    }

    /// A context as it was found, and where its login plugins are looked for.
    pub(crate) fn context_of(&self, id: &ClusterId) -> Option<(Context, Arc<SearchPath>)> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let context = clusters.known.get(id)?.context.clone()?;
        Some((context, Arc::clone(&clusters.search)))
    }

    /// What the engineer decided about a cluster beside its kubeconfig.
    pub(crate) fn terms(&self, id: &ClusterId) -> Terms {
        let trusts = Arc::clone(&self.trusts);
        let ClusterSettings { namespaces, machine_certificates } = self.cluster_settings(id);
        Terms {
            trust: Arc::new(move |command| trusts.of(command)),
            namespaces,
            only_namespaces: false,
            kinds: self.chosen_kinds(id),
            machine_certificates,
            logins: self.logins.clone(),
        }
    }

    pub(crate) fn name_of(&self, id: &ClusterId) -> String {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.known.get(id).map_or_else(|| id.to_string(), |known| known.name.clone())
    }

    /// Connects to a context; nothing of it was contacted before. Already open: nothing happens.
    pub fn open_cluster(self: &Arc<Self>, id: &ClusterId) -> Result<ClusterRow, DeskError> {
        let closed = {
            let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
            let known = clusters.known.get(id).ok_or_else(|| DeskError::not_found("There is no such cluster."))?;
            known.opened.is_none() && known.context.is_some()
        };
        if closed {
            // A file that another program holds locked is waited for; nobody who shows clusters waits with us.
            let (history, unopened) = self.history_of(id)?;
            self.connect(id, Arc::new(history), unopened);
        }
        self.tell(Update::ClustersChanged);
        self.cluster(id)
    }

    /// The history that a connection appends to. Where its file cannot be opened (a full disk, another program's lock, a
    /// damaged file), one in memory, and why in a sentence: at such a moment the cluster is needed more than its past.
    fn history_of(&self, id: &ClusterId) -> Result<(History, Option<String>), DeskError> {
        if self.in_memory {
            return Ok((History::in_memory(id.clone())?, None));
        }
        History::open(&self.paths.history(id), id.clone()).map(|history| (history, None)).or_else(|error| {
            tracing::warn!(cluster = %id, %error, "the history cannot be opened");
            let DeskError { what, hint, .. } = DeskError::from(error);
            let hint = if hint.is_empty() { hint } else { format!(" {hint}") };
            let told = format!(
                "What is watched is kept in memory only, and what was seen before is not shown: {what}{hint} Close the \
                 cluster and open it again when that is mended."
            );
            Ok((History::in_memory(id.clone())?, Some(told)))
        })
    }

    /// Connects with this history, where nobody else did meanwhile.
    fn connect(self: &Arc<Self>, id: &ClusterId, history: Arc<History>, unopened: Option<String>) {
        let terms = self.terms(id);
        let mut clusters = self.clusters_mut();
        let search = Arc::clone(&clusters.search);
        let Some(known) = clusters.known.get_mut(id).filter(|known| known.opened.is_none()) else { return };
        let Some(context) = &known.context else { return };
        self.tidy(&history, id.clone());
        let connection = Connection::open(
            context,
            terms,
            Arc::clone(&history),
            Arc::clone(&self.redactor),
            Arc::clone(&self.clock),
            search,
        );
        self.configure_back_ends(&connection);
        let opened = Opened::new(history, Some(connection), unopened);
        known.opened = Some(Arc::clone(&opened));
        self.follow(id.clone(), &opened);
        tracing::info!(cluster = %id, name = known.name, "opened");
    }

    /// Closes it. Always works, also while a login hangs. What no kubeconfig has any more is gone then.
    pub async fn close_cluster(&self, id: &ClusterId) -> Result<ClusterRow, DeskError> {
        let opened = self.clusters_mut().known.get_mut(id).and_then(|known| {
            // A recording has nowhere else to be read from.
            known.context.is_some().then(|| known.opened.take()).flatten()
        });
        if let Some(connection) = opened.as_ref().and_then(|opened| opened.connection.as_ref()) {
            connection.close().await;
        }
        let row = self.cluster(id);
        let mut clusters = self.clusters_mut();
        if clusters.known.get(id).is_some_and(|known| known.gone && known.opened.is_none()) {
            clusters.known.remove(id);
        }
        drop(clusters);
        self.tell(Update::ClustersChanged);
        row
    }

    /// Logs in anew, with what the kubeconfig says now, and starts every watch again. What is shown stays, with its age.
    pub async fn renew_cluster(self: &Arc<Self>, id: &ClusterId) -> Result<ClusterRow, DeskError> {
        let desk = Arc::clone(self);
        let _ = tokio::task::spawn_blocking(move || desk.rescan()).await;
        let opened = self.opened(id)?;
        let connection = opened.connection.as_ref().ok_or_else(|| DeskError {
            code: "bad_request",
            what: format!("`{}` is a recording; there is no login to renew.", self.name_of(id)),
            hint: "Open the cluster itself.".into(),
        })?;
        connection.renew().await;
        self.tell(Update::ClusterChanged { cluster: id.clone() });
        self.cluster(id)
    }

    /// Watches one more kind of an open cluster, a custom one mostly, now and whenever it is opened.
    pub async fn watch_kind(&self, id: &ClusterId, kind: &str) -> Result<ClusterRow, DeskError> {
        let opened = self.opened(id)?;
        let connection = opened.connection.as_ref().ok_or_else(|| {
            DeskError::bad_request(
                format!("`{}` is a recording; it has what was recorded.", self.name_of(id)),
                "Open the cluster itself.",
            )
        })?;
        connection.watch_kind(kind).await.map_err(|error| DeskError::bad_request(error.to_string(), ""))?;
        self.choose_kind(id, kind)?;
        self.tell(Update::ClusterChanged { cluster: id.clone() });
        self.cluster(id)
    }

    /// Which kinds an open cluster serves; asks it.
    pub async fn kinds(&self, id: &ClusterId) -> Result<KindsView, DeskError> {
        let opened = self.opened(id)?;
        let connection = opened.connection.as_ref().ok_or_else(|| {
            DeskError::bad_request(
                format!("`{}` is a recording; it has what was recorded.", self.name_of(id)),
                "Open the cluster itself.",
            )
        })?;
        let (kinds, unknown) = connection.served_kinds().await.map_err(|error| DeskError {
            code: "unavailable",
            what: error.to_string(),
            hint: String::new(),
        })?;
        Ok(KindsView::of(kinds, &unknown))
    }

    /// The connections of the open clusters.
    pub(crate) fn connections(&self) -> Vec<Arc<Connection>> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.known.values().filter_map(|known| known.opened.as_ref()?.connection.clone()).collect()
    }

    /// The credential plugins of all known contexts.
    pub(crate) fn exec_commands(&self) -> Vec<ExecCommand> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.known.values().filter_map(|known| known.context.as_ref()?.exec.clone()).collect()
    }

    /// The file or text of each known context.
    pub(crate) fn context_sources(&self) -> Vec<String> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        clusters.known.values().filter(|known| known.context.is_some()).map(|known| known.source.clone()).collect()
    }

    pub(crate) fn opened_now(&self, id: &ClusterId) -> Option<Arc<Opened>> {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let opened = clusters.known.get(id)?.opened.clone()?;
        // A recording's file lies elsewhere.
        opened.connection.is_some().then_some(opened)
    }

    /// The history of a cluster that is open.
    pub fn history(&self, id: &ClusterId) -> Result<Arc<History>, DeskError> {
        Ok(Arc::clone(&self.opened(id)?.history))
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
            return Ok(Opened::new(history, None, None));
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
                let (Some(desk), Some(open)) = (desk.upgrade(), opened.upgrade()) else { break };
                if something {
                    open.appended.fetch_add(1, Ordering::AcqRel);
                    let began = Instant::now();
                    desk.look_ahead(&id, &open);
                    desk.tell(Update::ClusterChanged { cluster: id.clone() });
                    let took = began.elapsed();
                    let synced = open.is_synced();
                    let newest = lock(&open.looks).newest();
                    let whole = newest.is_none_or(|look| open.is_whole(&look.snapshot));
                    let busy = lock(&desk.pace).looked(&id, Instant::now());
                    drop((desk, open));
                    let until = Instant::now() + Standing::of(synced, whole).rest(took, busy);
                    loop {
                        let left = until.saturating_duration_since(Instant::now());
                        if left.is_zero() || (!synced && opened.upgrade().is_none_or(|open| open.is_synced())) {
                            break;
                        }
                        std::thread::sleep(left.min(if synced { QUIET } else { GLANCE }));
                    }
                }
            }
        });
    }
}

impl Desk {
    /// What was understood with other blueprints is understood anew.
    pub(crate) fn forget_looks(&self) {
        let clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let opened: Vec<Arc<Opened>> = clusters.known.values().filter_map(|known| known.opened.clone()).collect();
        // Who understands just now asks for clusters.
        drop(clusters);
        for opened in opened {
            *lock(&opened.understanding) = Understood::default();
            *lock(&opened.looks) = Looks::default();
        }
    }
}
