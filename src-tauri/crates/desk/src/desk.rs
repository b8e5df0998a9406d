use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use gate::Door;
use history::DeskFile;
use knowledge::{Blueprints, Library, Shelf};
use model::{Author, CaseId, Clock, Time, ToolSpec};
use redact::Redactor;
use tokio::sync::broadcast;
use tools::Toolbox;

use crate::clusters::Clusters;
use crate::paths::digest_key;
use crate::rows::{About, Problem, Update};
use crate::sources::Added;
use crate::trust::Trusts;
use crate::work::Work;
use crate::writes::Switches;
use crate::{DeskError, FreshIds, Paths, SystemClock};

/// What a desk is opened with.
pub struct Opening {
    pub paths: Paths,
    /// Nothing is written to disk but logs: for one answer in a terminal.
    pub in_memory: bool,
    /// Folders laid over the built-in knowledge, and watched.
    pub knowledge: Vec<PathBuf>,
    pub kubeconfigs: cluster::Sources,
    /// Whether what the engineer added to them in earlier sessions counts too.
    pub with_added: bool,
}

/// Clusters, cases and knowledge of one engineer. Share it as `Arc<Desk>`; needs a tokio runtime.
pub struct Desk {
    /// Itself, for what goes on when the call that began it is over.
    pub(crate) itself: Weak<Desk>,
    pub(crate) paths: Paths,
    pub(crate) in_memory: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: FreshIds,
    pub(crate) file: Arc<DeskFile>,
    pub(crate) door: Arc<Door>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) toolbox: Toolbox,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) clusters: RwLock<Clusters>,
    pub(crate) trusts: Arc<Trusts>,
    /// What login programs printed, for all open clusters.
    pub(crate) logins: cluster::Logins,
    /// The settings of clusters that were shown: hundreds of rows are not hundreds of questions to the file.
    pub(crate) cluster_settings: Mutex<HashMap<model::ClusterId, crate::rows::ClusterSettings>>,
    /// What was decided about the incidents of clusters that were shown.
    pub(crate) arranged: Mutex<HashMap<model::ClusterId, Vec<crate::arrange::Decision>>>,
    /// Which clusters change, so that all together take no more of the machine than one.
    pub(crate) pace: Mutex<crate::clusters::pace::Pace>,
    /// What a practice cluster's own team knows of it; as long as the cluster is there.
    pub(crate) practice: Mutex<HashMap<model::ClusterId, Vec<model::BlueprintVersion>>>,
    /// One reading of the kubeconfigs at a time.
    pub(crate) rescanning: Mutex<()>,
    /// Notices changed kubeconfigs, once [`Desk::watch_kubeconfigs`] was called.
    pub(crate) source_watch: Mutex<Option<cluster::SourceWatch>>,
    /// Where connections live; `None` where the desk was opened outside of a runtime, and then none is opened.
    pub(crate) runtime: Option<tokio::runtime::Handle>,
    pub(crate) work: Mutex<HashMap<CaseId, Arc<Work>>>,
    /// Since when this program works with the desk.
    pub(crate) began_at: Time,
    /// The cases in which was looked for what an earlier run left behind.
    pub(crate) taken_up: Mutex<HashSet<CaseId>>,
    pub(crate) switches: Switches,
    /// Servers of other programs' tools that were used in this run, by the digest of how they are reached.
    pub(crate) servers: Mutex<HashMap<String, Arc<mcp::Server>>>,
    /// The files of rules, as they were read last.
    pub(crate) rules: Mutex<crate::rules::Shelved>,
    /// Where such files lie besides the state folder.
    pub(crate) knowledge: Vec<PathBuf>,
    /// Keys of models that were given for this run alone.
    pub(crate) model_keys: Mutex<HashMap<String, llm::Key>>,
    updates: broadcast::Sender<Update>,
    warnings: Mutex<Vec<Problem>>,
}

impl Desk {
    pub fn open(opening: Opening) -> Result<Arc<Desk>, DeskError> {
        let Opening { paths, in_memory, knowledge, kubeconfigs, with_added } = opening;
        let mut warnings = Vec::new();
        let key = digest_key(&paths.key()).map_err(|error| DeskError {
            code: "failed",
            what: format!("Could not read or make the key for digests `{}`: {error}.", paths.key().display()),
            hint: "Make the file readable for you, or delete it (digests made with it can then not be compared)."
                .into(),
        })?;
        let redactor = Arc::new(Redactor::new(key));
        if let Err(error) = crate::logging::start(&paths, Arc::clone(&redactor)) {
            warnings.push(error.problem());
        }
        for folder in knowledge.iter().filter(|folder| !folder.is_dir()) {
            warnings.push(Problem {
                what: format!("There is no knowledge folder `{}`.", folder.display()),
                why: "CASEBOARD_KNOWLEDGE names it, and the built-in library is used without it.".into(),
                hint: "Correct CASEBOARD_KNOWLEDGE, or make the folder: it is read as soon as it is there.".into(),
            });
        }
        let file = if in_memory { DeskFile::in_memory()? } else { DeskFile::open(&paths.desk_file())? };
        let file = Arc::new(file);
        let added = if with_added { Added::kept(&file) } else { Added::default() };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let shelf = Arc::new(Shelf::open(knowledge.clone()));
        let (updates, _) = broadcast::channel(256);
        let desk = Arc::new_cyclic(|itself| Desk {
            itself: Weak::clone(itself),
            door: Arc::new(Door::new(Arc::clone(&file), Arc::clone(&clock))),
            toolbox: Toolbox::standard(),
            clusters: RwLock::new(Clusters::new(kubeconfigs, added)),
            trusts: Trusts::new(Arc::clone(&file)),
            logins: cluster::Logins::default(),
            cluster_settings: Mutex::default(),
            arranged: Mutex::default(),
            pace: Mutex::default(),
            practice: Mutex::default(),
            rescanning: Mutex::default(),
            source_watch: Mutex::default(),
            runtime: tokio::runtime::Handle::try_current().ok(),
            work: Mutex::default(),
            began_at: clock.now(),
            taken_up: Mutex::default(),
            switches: Switches::default(),
            servers: Mutex::default(),
            rules: Mutex::default(),
            knowledge: knowledge.clone(),
            model_keys: Mutex::default(),
            warnings: Mutex::new(warnings),
            paths,
            in_memory,
            clock,
            ids: FreshIds,
            file,
            redactor,
            shelf,
            updates,
        });
        desk.rescan();
        desk.lay_articles()?;
        desk.watch_knowledge();
        tracing::info!(version = env!("CARGO_PKG_VERSION"), "the desk is open");
        Ok(desk)
    }

    pub fn about(&self) -> About {
        About {
            version: env!("CARGO_PKG_VERSION").into(),
            log_dir: self.paths.logs().display().to_string(),
            state_dir: self.paths.state().display().to_string(),
            now: self.clock.now(),
            warnings: lock(&self.warnings).clone(),
        }
    }

    /// Remembers something that did not work and did not stop the rest.
    pub fn warn(&self, problem: Problem) {
        tracing::warn!(what = problem.what, why = problem.why, "goes on without");
        lock(&self.warnings).push(problem);
    }

    pub fn updates(&self) -> broadcast::Receiver<Update> {
        self.updates.subscribe()
    }

    /// Tells whoever listens; nobody may.
    pub fn tell(&self, update: Update) {
        let _ = self.updates.send(update);
    }

    pub fn tools(&self) -> Vec<ToolSpec> {
        self.toolbox_of_all().specs()
    }

    pub fn library(&self) -> Arc<Library> {
        self.shelf.library()
    }

    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The desk's blueprints over those of the library.
    pub fn blueprints(&self) -> Result<Blueprints, DeskError> {
        let mut versions = self.library().blueprints();
        versions.extend(self.file.blueprints()?);
        Ok(Blueprints::new(versions))
    }

    /// The same for one cluster: with what the script of a practice cluster says that its team knows.
    pub fn blueprints_for(&self, cluster: &model::ClusterId) -> Result<Blueprints, DeskError> {
        let mut versions = self.library().blueprints();
        versions.extend(self.own_blueprints(cluster)?);
        Ok(Blueprints::new(versions))
    }

    /// Without those of the library.
    pub(crate) fn own_blueprints(&self, cluster: &model::ClusterId) -> Result<Vec<model::BlueprintVersion>, DeskError> {
        let mut versions = self.file.blueprints()?;
        versions.extend(lock(&self.practice).get(cluster).into_iter().flatten().cloned());
        Ok(versions)
    }

    pub fn desk_file(&self) -> &Arc<DeskFile> {
        &self.file
    }

    /// Who sits here, as the log names them: the login name.
    pub fn engineer(&self) -> Author {
        Author::Engineer { name: self.engineer_name() }
    }

    pub(crate) fn engineer_name(&self) -> String {
        let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|v| std::env::var(v).ok().filter(|n| !n.is_empty()));
        name.unwrap_or_else(|| "engineer".into())
    }

    fn watch_knowledge(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let shelf = Arc::clone(&self.shelf);
        std::thread::spawn(move || {
            let mut seen = shelf.generation();
            while weak.strong_count() > 0 {
                let now = shelf.wait(seen, std::time::Duration::from_secs(2));
                if now != seen {
                    seen = now;
                    if let Some(desk) = weak.upgrade() {
                        desk.tell(Update::KnowledgeChanged);
                    }
                }
            }
        });
    }
}

/// A poisoned lock holds data that is still whole: everything under our locks is replaced, not edited in place.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
