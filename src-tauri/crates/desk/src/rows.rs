//! What the desk shows: rows and pictures, computed from a history and a time. The window's types are generated from
//! these.

use model::{CaseEvent, CaseId, ClusterId, Fact, ObjectRef, Observation, ObservationId, Severity, Time, Triage};
use serde::{Deserialize, Serialize};
use topology::Layout;
use ts_rs::TS;

/// The program itself.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct About {
    pub version: String,
    /// Where logs are written.
    pub log_dir: String,
    pub state_dir: String,
    pub now: Time,
    /// What the program could not do at start and goes on without, in sentences.
    pub warnings: Vec<Problem>,
}

/// Something that went wrong and did not stop the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Problem {
    /// What was attempted.
    pub what: String,
    pub why: String,
    /// What to do next.
    pub hint: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Problem { what, why, hint } = self;
        if why.is_empty() { write!(f, "{what} {hint}") } else { write!(f, "{what}: {why} {hint}") }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterKind {
    Kubeconfig,
    Playground,
    /// A bundle or a `.case` file: a history read to its end.
    Recorded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClusterPhase {
    Closed,
    Connecting,
    Live,
    /// Some of it is refused or stale; the rest is live.
    Degraded,
    Failed,
    Recorded,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ClusterRow {
    pub id: ClusterId,
    pub name: String,
    pub kind: ClusterKind,
    /// The kubeconfig, bundle or case file it comes from.
    pub source: String,
    pub server: String,
    pub namespace: String,
    pub state: ClusterState,
    /// `null` until it was triaged.
    pub open_incidents: Option<u32>,
    pub worst: Option<Severity>,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ClusterState {
    pub phase: ClusterPhase,
    pub message: String,
    pub hint: String,
    pub watches: Vec<WatchRow>,
    /// When the newest thing shown was learnt.
    pub last_seen_at: Option<Time>,
    /// First and last time the history knows of.
    pub span: Option<(Time, Time)>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WatchRow {
    pub kind: String,
    /// Empty: the whole cluster.
    pub namespace: String,
    /// `listing`, `live`, `refused`, `failed`, `not served`.
    pub phase: String,
    pub since: Time,
    pub error: Option<String>,
}

/// Whether a cluster may be changed from here, and who said so. Off until an engineer turns it on for that cluster.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WritesView {
    pub cluster: ClusterId,
    pub name: String,
    pub enabled: bool,
    /// Every change is tried at the cluster (a dry run, and whether you may) before it is shown; otherwise only when
    /// somebody asks for it.
    pub try_first: bool,
    /// Who set it last, and when; `null` where nobody did.
    pub set: Option<SetBy>,
    /// Its name looks like production: turning changes on asks for the name to be typed.
    pub production: bool,
    /// Why changes can never be turned on; empty where they can.
    pub never: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SetBy {
    pub at: Time,
    pub by: String,
}

/// What is broken as of a time.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TriageView {
    pub cluster: ClusterId,
    pub triage: Triage,
    /// Objects looked at, by kind.
    pub looked_at: Vec<(String, u32)>,
    /// True while watches have not listed everything yet.
    pub partial: bool,
}

/// Lanes of marks over time.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct Timeline {
    pub from: Time,
    pub to: Time,
    pub lanes: Vec<Lane>,
    pub marks: Vec<Mark>,
    /// (from, until, why): drawn as gaps.
    pub gaps: Vec<(Time, Time, String)>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Lane {
    pub object: Option<ObjectRef>,
    pub title: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Trouble, from its first to its last sight.
    Signal,
    /// A Kubernetes Event.
    Event,
    /// The object's spec changed, or it appeared or vanished.
    Change,
    /// A container restarted.
    Restart,
    Alert,
    Log,
    Metric,
    Note,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Mark {
    /// Index into [`Timeline::lanes`].
    pub lane: u32,
    pub at: Time,
    pub until: Option<Time>,
    pub kind: MarkKind,
    pub severity: Severity,
    pub title: String,
    pub observation: Option<ObservationId>,
}

/// The graph around something, as of a time.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct GraphView {
    pub at: Time,
    pub layout: Layout,
    pub states: Vec<NodeState>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct NodeState {
    pub object: ObjectRef,
    /// `null`: nothing is wrong with it as far as we know.
    pub severity: Option<Severity>,
    /// A few words: `3/3 ready`, `CrashLoopBackOff`, `gone`.
    pub status: String,
    pub exists: bool,
}

/// One object as of a time.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ObjectView {
    pub object: ObjectRef,
    pub at: Time,
    pub exists: bool,
    pub status: String,
    /// Empty where the object does not exist.
    pub yaml: String,
    /// When it changed, oldest first.
    pub changed_at: Vec<Time>,
    /// Unified diff from the version before, where there is one.
    pub last_change: Option<String>,
    pub events: Vec<EventRow>,
    pub facts: Vec<Fact>,
    /// Directly related objects, with the words for how.
    pub related: Vec<(ObjectRef, String)>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct EventRow {
    pub observation: ObservationId,
    pub at: Time,
    pub warning: bool,
    pub reason: String,
    pub message: String,
    pub count: u32,
}

/// One observation, for the chip that cites it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ObservationView {
    pub observation: Observation,
    /// The observation as text, redacted.
    pub text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CaseView {
    pub case: CaseId,
    pub cluster: ClusterId,
    pub events: Vec<CaseEvent>,
    /// An investigator is working on it in this program right now.
    pub running: bool,
    /// Where "save" would put it if nothing else is said.
    pub suggested_path: String,
}

/// Something changed; who shows it asks again.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Update {
    ClustersChanged,
    ClusterChanged { cluster: ClusterId },
    CaseChanged { case: CaseId, seq: u64 },
    CasesChanged,
    KnowledgeChanged,
    BlueprintsChanged,
    Progress { what: String, done: u64, of: Option<u64> },
}
