use model::{Blueprint, Budget, CallId, CaseId, ClusterId, IncidentId, ObjectRef, ObservationId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// A command without arguments.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct Nothing {}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfCluster {
    pub cluster: ClusterId,
}

/// Configures a back end of a cluster.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PutBackEnd {
    pub cluster: ClusterId,
    pub kind: desk::rows::BackEndName,
    pub at: desk::rows::BackEndAt,
    pub headers: Vec<desk::rows::BackEndHeader>,
    /// Values that go into the keyring, by the header's name. They are kept nowhere else.
    pub secrets: Vec<(String, String)>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfBackEnd {
    pub cluster: ClusterId,
    pub kind: desk::rows::BackEndName,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfFollow {
    pub cluster: ClusterId,
    pub id: u64,
}

/// Lines of a followed log after number `after`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ReadFollow {
    pub cluster: ClusterId,
    pub id: u64,
    pub after: u64,
}

/// Opens what a path names: a bundle, a `.case` file, or a kubeconfig to add to the list.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfPath {
    pub path: String,
}

/// A kubeconfig to look at besides kubectl's own: a file, a folder of them, or a text (then with a name).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AddSource {
    /// `file`, `folder` or `pasted`.
    pub kind: desk::rows::SourceKind,
    /// The path, or the name for a pasted text.
    pub name: String,
    /// The pasted text; kept in memory only.
    pub text: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfSource {
    pub kind: desk::rows::SourceKind,
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DecideTrust {
    /// The digest that was shown; where no kubeconfig has that command any more, it is refused.
    pub digest: String,
    /// `trusted`, `refused`, or `undecided` to be asked again.
    pub trust: desk::rows::TrustState,
}

/// An MCP server as it was shown.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ShownServer {
    pub name: String,
    /// The row's; where the file says something else by now, it is refused.
    pub digest: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DecideServer {
    pub name: String,
    /// `refused` or `undecided`; it is trusted by `mcp_server_trust` alone.
    pub trust: desk::rows::TrustState,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WatchKind {
    pub cluster: ClusterId,
    /// `Application`, or `Certificate.cert-manager.io`.
    pub kind: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PutClusterSettings {
    pub cluster: ClusterId,
    pub settings: desk::rows::ClusterSettingsChange,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ForgetHistory {
    pub cluster: ClusterId,
    /// `outdated`: what the settings do not keep; `everything`: all but what cases need and how an open cluster is now.
    pub what: desk::rows::Forget,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ClusterAt {
    pub cluster: ClusterId,
    /// `null`: now.
    pub at: Option<Time>,
    /// Only what had been learnt by `at`; without it how things were then, by all that is known today.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub known: Option<bool>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TimelineOf {
    pub cluster: ClusterId,
    /// Lanes for these objects and what is near them; empty: for everything in trouble.
    pub objects: Vec<ObjectRef>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct GraphOf {
    pub cluster: ClusterId,
    pub objects: Vec<ObjectRef>,
    pub at: Option<Time>,
    /// Only what had been learnt by `at`; without it how things were then, by all that is known today.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub known: Option<bool>,
    pub hops: u32,
    pub most: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ObjectAt {
    pub cluster: ClusterId,
    pub object: ObjectRef,
    pub at: Option<Time>,
    /// Only what had been learnt by `at`; without it how things were then, by all that is known today.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub known: Option<bool>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ObservationOf {
    pub cluster: ClusterId,
    pub id: ObservationId,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OpenCase {
    pub cluster: ClusterId,
    /// Incident ids; empty: all that are open now.
    pub incidents: Vec<String>,
    pub question: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfCase {
    pub case: CaseId,
}

/// Who investigates a case: `built-in`, a model's name, or (`null`, left out) whoever did before.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StartInvestigation {
    pub case: CaseId,
    #[serde(default)]
    #[ts(optional)]
    pub investigator: Option<String>,
    /// What a model may take; left out: the usual.
    #[serde(default)]
    #[ts(optional)]
    pub budget: Option<Budget>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ForkCase {
    pub case: CaseId,
    /// The last step that the branch has.
    #[ts(type = "number")]
    pub at: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CompareCases {
    pub one: CaseId,
    pub other: CaseId,
}

/// Calls with the digests that were shown.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ApproveCalls {
    pub case: CaseId,
    pub calls: Vec<(CallId, String)>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ApproveCall {
    pub case: CaseId,
    pub call: CallId,
    /// The digest that was shown; another one is refused.
    pub digest: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct EditCall {
    pub case: CaseId,
    pub call: CallId,
    #[ts(type = "Record<string, unknown>")]
    pub args: Value,
    pub why: String,
    /// Whether the edited call may run at once.
    pub approve: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DenyCall {
    pub case: CaseId,
    pub call: CallId,
    pub reason: String,
}

/// A call that the engineer proposes.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProposeCall {
    pub case: CaseId,
    pub tool: String,
    #[ts(type = "Record<string, unknown>")]
    pub args: Value,
    pub reason: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfCall {
    pub case: CaseId,
    pub call: CallId,
}

/// Whether a cluster may be changed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SetWrites {
    pub cluster: ClusterId,
    pub enabled: bool,
    /// Try every change at the cluster before it is shown.
    pub try_first: bool,
    /// The cluster's name as it was typed; asked for (error code `confirm`) where it looks like production.
    pub typed: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ReleaseResult {
    pub case: CaseId,
    pub call: CallId,
    /// The engineer's text instead of the result's; `null`: as it is.
    pub text: Option<String>,
    pub why: String,
    /// Observations that must not enter.
    pub without: Vec<ObservationId>,
}

/// A few words for a case: a note, something said to the investigator, a reason.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CaseWords {
    pub case: CaseId,
    pub text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AllowRule {
    pub case: CaseId,
    /// Tool names; empty: all of class `read`.
    pub tools: Vec<String>,
    /// `*`: the whole cluster, which an empty one does not mean.
    pub namespace: Option<String>,
    pub minutes: u32,
    pub because: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SaveCase {
    pub case: CaseId,
    /// Empty: the suggested path.
    pub path: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Saved {
    pub path: String,
    pub bytes: u64,
}

/// A blueprint as a structured value, or as YAML text (then `blueprint` is ignored).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PutBlueprint {
    pub blueprint: Option<Blueprint>,
    pub yaml: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfName {
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SearchText {
    pub text: String,
}

/// A standing rule of a case, by its name.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct EndRule {
    pub case: CaseId,
    pub name: String,
}

/// Objects to be found: by words of their kind, namespace, name and cluster; no more than `most`, a hundred at best.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SearchObjects {
    pub text: String,
    pub most: u32,
}

/// When a window that was just opened showed something, and when it could be used.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct WindowShown {
    pub painted_at: Time,
    pub usable_at: Time,
}

/// Something by its id.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct OfId {
    pub id: String,
}

/// Decides about incidents of the present.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ArrangeIncidents {
    pub cluster: ClusterId,
    pub incidents: Vec<IncidentId>,
    pub act: desk::rows::Arrange,
    /// For `split`: the signals that are taken out, each by its name and subject.
    pub signals: Vec<(String, ObjectRef)>,
}

/// Takes such a decision back.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TakeBack {
    pub cluster: ClusterId,
    pub id: String,
}

/// An article as it is written: front matter and text. An empty text takes the team's own article away.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ArticleDraft {
    /// The file's name without its ending; also `id` of the front matter.
    pub id: String,
    pub text: String,
}

/// The knowledge library as a list.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct Library {
    pub digest: String,
    pub loaded_at: Time,
    /// The folder that is watched, empty where only the built-in library is there.
    pub folder: String,
    pub entries: Vec<LibraryEntry>,
    pub issues: Vec<desk::rows::Problem>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct LibraryEntry {
    /// `failure-mode`, `article`, `specialist`, `blueprint`.
    pub kind: String,
    pub id: String,
    pub title: String,
    pub category: Option<model::Category>,
    /// Markdown.
    pub body: String,
    /// The file it comes from, relative to the library.
    pub file: String,
}
