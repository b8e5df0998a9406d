//! What the desk shows: rows and pictures, computed from a history and a time. The window's types are generated from
//! these.

mod branches;
mod histories;
mod models;

pub use branches::{Branch, BranchCall, CaseComparison};
pub use histories::{Forget, GapRow, HistoriesView, HistoryRow, Keeping};
use model::{
    CaseEvent, CaseId, ClusterId, Fact, Incident, IncidentId, ObjectRef, Observation, ObservationId, Severity, Time,
    Triage,
};
pub use models::{Leaves, Pseudonyms};
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
    /// Not open; nothing was contacted.
    Closed,
    /// Asking what is served and allowed, listing for the first time.
    Connecting,
    /// The kubeconfig's credential plugin may not run yet: [`ClusterRow::exec`] has the command to show.
    AwaitingTrust,
    /// The credential plugin runs, perhaps with a browser that waits for the engineer.
    LoggingIn,
    Live,
    /// Some watches live, others do not just now; what is shown of those is old.
    Degraded,
    /// The cluster takes no credential of ours, or the plugin gives none: renew.
    LoggedOut,
    /// No answer, or none that can be trusted; tried again by itself.
    Unreachable,
    /// Something else keeps every watch from living; the message says what.
    Failed,
    Recorded,
}

/// How a kubeconfig has its user log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LoginKind {
    ClientCertificate,
    Token,
    /// A file that may get a new token at any time.
    TokenFile,
    Basic,
    /// A program that prints a token or a certificate.
    Exec,
    /// The logins that came before plugins; nothing supports them any more.
    AuthProvider,
    /// Requests are anonymous.
    None,
}

/// Whether a kubeconfig's program may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrustState {
    /// Nobody has said: it does not run.
    Undecided,
    Trusted,
    Refused,
}

/// A program that a kubeconfig runs to log in. Shown whole before it may run for the first time, and again when it
/// changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExecRow {
    /// What a decision binds to: file, command, arguments and environment.
    pub digest: String,
    pub command: String,
    pub args: Vec<String>,
    /// The whole command line, quoted as a shell would take it.
    pub line: String,
    /// Names of the environment variables it is given; their values are not shown.
    pub env: Vec<String>,
    /// The kubeconfig that says so.
    pub source: String,
    pub trust: TrustState,
    /// When it was decided.
    pub decided_at: Option<Time>,
}

/// Where kubeconfigs are looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SourceRow {
    pub kind: SourceKind,
    /// The path; for a pasted text its name.
    pub name: String,
    /// Contexts found there.
    pub contexts: u32,
    /// Whether it is there now. What is not is watched for.
    pub exists: bool,
    /// Whether the engineer added it and can take it away.
    pub removable: bool,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// `$KUBECONFIG`, or `~/.kube/config`: merged by kubectl's rules.
    Merged,
    /// A file that stands alone.
    File,
    /// Its kubeconfigs stand alone, each.
    Folder,
    /// A text that was pasted: in memory until the program ends, never on the disk.
    Pasted,
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
    /// The kubeconfig's user.
    pub user: String,
    /// The one that kubectl would use.
    pub current: bool,
    pub login: LoginKind,
    /// The credential plugin, where the login needs one.
    pub exec: Option<ExecRow>,
    /// Whom the user acts as.
    pub acts_as: Option<String>,
    /// The server's certificate is not checked, or nothing is encrypted.
    pub insecure: bool,
    /// The proxy that the kubeconfig names, without its password.
    pub proxy: Option<String>,
    /// The engineer's own settings for it.
    pub settings: ClusterSettings,
    /// Its name looks like production.
    pub production: bool,
    /// Changes are allowed there; otherwise it is read-only.
    pub writes: bool,
    pub state: ClusterState,
    /// `null` until it was triaged.
    pub open_incidents: Option<u32>,
    pub worst: Option<Severity>,
    pub problems: Vec<Problem>,
}

/// What the engineer set for a cluster beside its kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterSettings {
    /// Namespaces to look into, besides the context's own, where the whole cluster may not be listed.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Besides the kubeconfig's certificate authority, what this machine trusts is good enough.
    #[serde(default)]
    pub machine_certificates: bool,
}

/// What is to be set of a cluster's settings; what is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClusterSettingsChange {
    #[serde(default)]
    #[ts(optional)]
    pub namespaces: Option<Vec<String>>,
    #[serde(default)]
    #[ts(optional)]
    pub machine_certificates: Option<bool>,
}

/// Something that this login does not see: whether there is any is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnseenRow {
    pub kind: String,
    /// Namespaces in which it is seen nevertheless; empty: nowhere.
    pub except_in: Vec<String>,
    pub why: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ClusterState {
    pub phase: ClusterPhase,
    /// Since when it has been in this phase, `null` where it is not open.
    pub since: Option<Time>,
    pub message: String,
    pub hint: String,
    /// What keeps it from living: `credential`, `plugin`, `untrusted`, `network`, `proxy`, `tls`, `refused`, `busy`,
    /// `kubeconfig`, `server`, `missing`, `gone`.
    pub trouble: Option<String>,
    /// What the server says it is.
    pub server_version: String,
    pub watches: Vec<WatchRow>,
    /// What this login does not see.
    pub unseen: Vec<UnseenRow>,
    /// Why what is seen is not written to the disk just now; `null` while it is.
    pub unkept: Option<String>,
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
    /// When it last heard anything; how old what is shown of it is.
    pub last_event_at: Option<Time>,
    /// Whether it was listed whole at least once.
    pub listed: bool,
    /// Whether the last list came as a stream instead of in pages.
    pub streamed: bool,
    /// How many objects it holds.
    pub objects: u32,
    /// How often it was opened again other than at its regular end.
    pub restarts: u32,
    /// Objects that could not be read and are not shown.
    pub issues: u32,
    pub last_issue: Option<String>,
    pub error: Option<String>,
}

/// A kind that a cluster serves and lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KindRow {
    /// As watches and object references name it: `Application`, or `Service.serving.knative.dev`.
    pub name: String,
    /// Empty: the core group.
    pub group: String,
    pub version: String,
    pub namespaced: bool,
}

/// Which kinds a cluster serves.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct KindsView {
    pub kinds: Vec<KindRow>,
    /// API groups that gave no answer: their kinds are not among these.
    pub unknown: Vec<Problem>,
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
    /// Incidents that the engineer set aside and that are not worse since; as of now alone.
    pub aside: Vec<Incident>,
    /// What was decided about incidents, the newest first; as of now alone.
    pub arranged: Vec<Arranged>,
}

/// Where a cluster is not what a blueprint says, for the page of blueprints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DriftRow {
    pub blueprint: String,
    pub kind: DriftKind,
    /// In a sentence.
    pub says: String,
    pub objects: Vec<ObjectRef>,
    /// It cannot be told from what is seen of the cluster.
    pub unknown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Declared, and nothing in the cluster shows it.
    Unseen,
    /// The cluster shows it, and it is not declared.
    Undeclared,
    /// Declared of something that is not there.
    Missing,
    /// A promise that is not kept.
    Invariant,
}

/// What an engineer decides about incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Arrange {
    /// Somebody works on it. Ends when it gets worse.
    Acknowledge,
    /// It stays at the top.
    Pin,
    /// It is no incident. Ends when it gets worse or grows.
    SetAside,
    /// Some of its signals are another incident.
    Split,
    /// They are one incident.
    Merge,
}

/// One such decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Arranged {
    /// By which it is taken back.
    pub id: String,
    pub at: Time,
    pub by: String,
    pub act: Arrange,
    /// The incident's title when it was decided.
    pub title: String,
    /// The incident that it concerns now; `null` where there is none, or none any more.
    pub incident: Option<IncidentId>,
}

/// A rule by which reads of a case run without asking for a while.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RuleRow {
    pub case: CaseId,
    pub case_title: String,
    pub name: String,
    /// Empty: every tool of class `read`.
    pub tools: Vec<String>,
    /// `null`: every namespace of the case's cluster.
    pub namespace: Option<String>,
    pub until: Time,
    pub because: String,
}

/// What a rule of a file does with the calls that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RuleDoes {
    Allow,
    Ask,
    Forbid,
}

/// A rule of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileRuleRow {
    pub name: String,
    /// Where it stands, from 1.
    pub line: u32,
    pub does: RuleDoes,
    /// The calls that it covers, in words.
    pub covers: String,
    pub until: Option<Time>,
    /// It has ended, or has no use left.
    pub is_over: bool,
    /// How often it may allow something; `null`: always.
    pub uses: Option<u32>,
    /// How often it has.
    pub used: u32,
    pub because: String,
    /// How many tests it carries; all of them hold.
    pub tests: u32,
}

/// A file of rules. While one of them cannot be used, everything is forbidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RulesFile {
    pub path: String,
    pub exists: bool,
    /// What is wrong with it, with the line.
    pub broken: Option<Problem>,
    pub rules: Vec<FileRuleRow>,
}

/// A promise of the policy, tried on the code that rules.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PromiseRow {
    pub says: String,
    pub holds: bool,
    /// What the policy answered.
    pub answered: String,
}

/// What asks and what does not.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PolicyView {
    /// Those that end first in front.
    pub rules: Vec<RuleRow>,
    /// Rules of files, for all cases: the engineer's own first, then those of knowledge folders.
    pub files: Vec<RulesFile>,
    pub promises: Vec<PromiseRow>,
}

/// What the redactor leaves of a text.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Redaction {
    pub text: String,
    /// How many places were replaced, by kind.
    pub marks: Vec<(String, u32)>,
}

/// An object that a search found.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ObjectHit {
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub object: ObjectRef,
    /// A few words for its state, those that kubectl would use.
    pub status: String,
    /// `null`: nothing is wrong with it as far as is known.
    pub severity: Option<Severity>,
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
    /// When this desk learnt of it: never before `at`, and long after it where nobody watched then.
    pub known_at: Time,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Update {
    ClustersChanged,
    ClusterChanged {
        cluster: ClusterId,
    },
    CaseChanged {
        case: CaseId,
        seq: u64,
    },
    /// More of the answer that a model is writing: `text` follows the first `from` characters of it. Sent ten times a second
    /// at most; the whole answer is a fact of the case and takes its place.
    Answering {
        case: CaseId,
        speaker: String,
        turn: u32,
        from: u32,
        text: String,
    },
    CasesChanged,
    KnowledgeChanged,
    BlueprintsChanged,
    Progress {
        what: String,
        done: u64,
        of: Option<u64>,
    },
}

/// An article as it is written, and what the team stored of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ArticleView {
    pub id: String,
    /// What is in use: front matter and text; empty where there is none.
    pub text: String,
    /// The team's own versions, newest first; none where it comes with the library alone. An empty text took it away.
    pub versions: Vec<model::ArticleVersion>,
}

/// What stands beside the API server and can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BackEndName {
    /// Prometheus and what speaks like it: Thanos, VictoriaMetrics, Mimir.
    Prometheus,
    Loki,
    Alertmanager,
}

/// Where a back end is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "through", rename_all = "snake_case")]
pub enum BackEndAt {
    /// Through the API server's proxy to a Service. `path` is what its own paths stand under, often nothing.
    Service { namespace: String, name: String, port: u16, https: bool, path: String },
    /// Straight from this machine.
    Address {
        url: String,
        /// A PEM file of authorities that are trusted besides this machine's.
        #[serde(default)]
        ca_file: Option<String>,
    },
}

/// A header of each question to a back end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackEndHeader {
    pub name: String,
    pub from: HeaderValueFrom,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum HeaderValueFrom {
    /// Not a secret, such as a tenant's name.
    Plain {
        value: String,
    },
    Environment {
        variable: String,
    },
    /// Empty: an entry of this back end's own.
    Keyring {
        entry: String,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BackEndRow {
    pub kind: BackEndName,
    pub name: String,
    /// `null`: neither configured nor found.
    pub at: Option<BackEndAt>,
    pub configured: bool,
    pub headers: Vec<BackEndHeader>,
    /// How it stands, in a sentence.
    pub words: String,
    pub hint: String,
    pub answered_at: Option<Time>,
    /// Why it did not answer when it was last asked.
    pub trouble: Option<String>,
}

/// A log that is followed, or was until something ended it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct FollowRow {
    pub id: u64,
    pub namespace: String,
    pub pod: String,
    pub container: String,
    pub since: Time,
    pub lines: u64,
    /// When a line came last, or the server last said that it has the log open.
    pub heard_at: Option<Time>,
    /// Why nothing comes just now; it is tried again by itself.
    pub trouble: Option<String>,
    /// Why nothing more comes.
    pub ended: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct FollowLines {
    pub follow: FollowRow,
    pub lines: Vec<String>,
    /// Ask again for what comes after this.
    pub next: u64,
    /// So many lines before these are no longer held here; the history has them.
    pub missed: u64,
}
