use std::future::Future;

use model::{BlueprintVersion, CallId, CaseId, CaseSummary, ToolSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::models::*;
use crate::requests::*;
use crate::rows::*;
use crate::trials::*;
use desk::{ServerTools, Servers};

/// A command that could not be done, as the window shows it. The window branches on `code`, never on text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{title} {hint}")]
pub struct WireError {
    /// `bad_request`, `unknown_command`, `not_found`, `refused`, `changed`, `unavailable`, `damaged`, `failed`.
    pub code: String,
    /// What was attempted and why it failed.
    pub title: String,
    /// What to do next.
    pub hint: String,
}

/// One command as the TypeScript generator sees it.
pub struct CommandSpec {
    pub name: &'static str,
    pub doc: &'static str,
    pub request: fn(&ts_rs::Config) -> String,
    pub response: fn(&ts_rs::Config) -> String,
    /// Cache tags that the answer depends on.
    pub reads: &'static [&'static str],
    /// Cache tags that the command makes stale.
    pub changes: &'static [&'static str],
    pub(crate) types: fn(&mut crate::typescript::Types),
}

macro_rules! commands {
    ($( $(#[doc = $doc:literal])* $name:ident($request:ty) -> $response:ty, reads $reads:expr, changes $changes:expr; )*) => {
        /// What answers the commands; implemented once, by [`crate::Workbench`].
        pub trait Commands: Send + Sync {
            $(
                $(#[doc = $doc])*
                fn $name(&self, request: $request) -> impl Future<Output = Result<$response, WireError>> + Send;
            )*
        }

        /// All commands, in the order of the list.
        pub const COMMANDS: &[CommandSpec] = &[
            $( CommandSpec {
                name: stringify!($name),
                doc: concat!($($doc, "\n"),*),
                request: |config| <$request as TS>::name(config),
                response: |config| <$response as TS>::name(config),
                reads: &$reads,
                changes: &$changes,
                types: |types| { types.add::<$request>(); types.add::<$response>(); },
            }, )*
        ];

        impl<C: Commands> Router<C> {
            /// Answers one command: JSON in, JSON out.
            pub async fn call(&self, name: &str, request: Value) -> Result<Value, WireError> {
                match name {
                    $( stringify!($name) => {
                        let request: $request = parse(name, request)?;
                        unparse(self.commands.$name(request).await?)
                    } )*
                    _ => Err(WireError {
                        code: "unknown_command".into(),
                        title: format!("There is no command `{name}`."),
                        hint: "The window and the program are of different versions; restart Caseboard.".into(),
                    }),
                }
            }
        }
    };
}

commands! {
    /// The program itself: version, folders, what it goes on without.
    about(Nothing) -> About, reads ["about"], changes [];
    /// The window says when it first showed something and when it could be used; it is written in the log.
    window_shown(WindowShown) -> Nothing, reads [], changes [];
    /// Every cluster that could be opened: contexts, the playground, recordings.
    clusters_list(Nothing) -> Vec<ClusterRow>, reads ["clusters"], changes [];
    /// Reads the kubeconfigs again.
    clusters_rescan(Nothing) -> Vec<ClusterRow>, reads [], changes ["clusters"];
    /// Connects; nothing is contacted before this.
    cluster_open(OfCluster) -> ClusterRow, reads [], changes ["clusters"];
    cluster_close(OfCluster) -> ClusterRow, reads [], changes ["clusters"];
    /// Logs in anew and starts every watch again; what is shown stays, with its age.
    cluster_renew(OfCluster) -> ClusterRow, reads [], changes ["clusters", "cluster"];
    /// Which kinds the cluster serves; asks it, so that what was installed since is there.
    cluster_kinds(OfCluster) -> KindsView, reads [], changes [];
    /// Watches one more kind, by its name as in an object reference; watched already, nothing changes.
    cluster_watch_kind(WatchKind) -> ClusterRow, reads [], changes ["cluster"];
    /// Sets what the engineer adds to the kubeconfig; an open cluster is opened again with it.
    cluster_settings_put(PutClusterSettings) -> ClusterRow, reads [], changes ["clusters", "cluster"];
    /// The clusters whose name, server, file, user or namespace has every one of the words.
    clusters_search(SearchText) -> Vec<ClusterRow>, reads ["clusters"], changes [];
    /// Where kubeconfigs are looked for, and what is wrong with them.
    sources_list(Nothing) -> Vec<SourceRow>, reads ["clusters"], changes [];
    source_add(AddSource) -> Vec<SourceRow>, reads [], changes ["clusters"];
    source_remove(OfSource) -> Vec<SourceRow>, reads [], changes ["clusters"];
    /// Every program that a kubeconfig would run for a login, and what was decided.
    trust_list(Nothing) -> Vec<ExecRow>, reads ["clusters"], changes [];
    /// Allows or forbids such a program; open clusters that wait for it go on.
    trust_decide(DecideTrust) -> Vec<ExecRow>, reads [], changes ["clusters", "cluster"];
    cluster_state(OfCluster) -> ClusterState, reads ["cluster"], changes [];
    /// Where metrics, stored logs and alerts of an open cluster are asked: configured, found, or neither.
    back_ends_list(OfCluster) -> Vec<BackEndRow>, reads ["clusters"], changes [];
    back_end_put(PutBackEnd) -> Vec<BackEndRow>, reads [], changes ["clusters"];
    /// Back to what is found among the cluster's Services.
    back_end_remove(OfBackEnd) -> Vec<BackEndRow>, reads [], changes ["clusters"];
    /// Asks it one question that changes nothing.
    back_end_try(OfBackEnd) -> Vec<BackEndRow>, reads [], changes ["clusters"];
    /// Logs that an approved call follows.
    follows_list(OfCluster) -> Vec<FollowRow>, reads ["cluster"], changes [];
    follow_read(ReadFollow) -> FollowLines, reads [], changes [];
    follow_stop(OfFollow) -> Vec<FollowRow>, reads [], changes ["cluster"];
    /// What is on the disk of each cluster's history, open or not, and how much of it is kept.
    histories_get(Nothing) -> HistoriesView, reads ["histories"], changes [];
    /// Sets how much is kept; counts at once for open clusters.
    histories_keep(Keeping) -> HistoriesView, reads [], changes ["histories"];
    /// Forgets at once what is outdated, or everything that no case needs.
    history_forget(ForgetHistory) -> HistoriesView, reads [], changes ["histories", "cluster", "clusters"];
    /// Opens a bundle or a `.case` file, or adds a kubeconfig.
    path_open(OfPath) -> ClusterRow, reads [], changes ["clusters", "cases"];
    triage_get(ClusterAt) -> TriageView, reads ["cluster"], changes [];
    /// Acknowledges, pins, sets aside, takes apart or puts together incidents of the present.
    incidents_arrange(ArrangeIncidents) -> Arranged, reads [], changes ["cluster", "clusters"];
    /// Takes such a decision back.
    incidents_take_back(TakeBack) -> Nothing, reads [], changes ["cluster", "clusters"];
    timeline_get(TimelineOf) -> Timeline, reads ["cluster"], changes [];
    graph_get(GraphOf) -> GraphView, reads ["cluster"], changes [];
    /// Objects of all opened clusters, as they are now, by a few letters; the best first. Asks no cluster.
    objects_search(SearchObjects) -> Vec<ObjectHit>, reads ["cluster"], changes [];
    object_get(ObjectAt) -> ObjectView, reads ["cluster"], changes [];
    observation_get(ObservationOf) -> ObservationView, reads [], changes [];
    cases_list(Nothing) -> Vec<CaseSummary>, reads ["cases"], changes [];
    /// Opens a case on incidents of a cluster, or gives the open one about the same incidents.
    case_open(OpenCase) -> CaseId, reads [], changes ["cases"];
    case_get(OfCase) -> CaseView, reads ["case"], changes [];
    /// Starts an investigator, or goes on where it stopped: the built-in one, or a model that argues with it.
    investigation_start(StartInvestigation) -> Nothing, reads [], changes ["case"];
    /// Stops the investigator of a case: what waits is taken back, what runs ends first.
    investigation_stop(OfCase) -> Nothing, reads [], changes ["case"];
    /// What left this machine last for the model of a case, exactly.
    case_leaves(OfCase) -> Leaves, reads ["case"], changes [];
    investigation_send(OfCase) -> Nothing, reads [], changes ["case"];
    /// A new case that goes on from an earlier step of this one.
    case_fork(ForkCase) -> CaseId, reads [], changes ["cases"];
    cases_compare(CompareCases) -> CaseComparison, reads ["case"], changes [];
    call_approve(ApproveCall) -> Nothing, reads [], changes ["case"];
    /// Approves several waiting calls together; those that changed since they were shown stay as they are, and are told.
    calls_approve(ApproveCalls) -> Vec<CallId>, reads [], changes ["case"];
    call_edit(EditCall) -> Nothing, reads [], changes ["case"];
    call_deny(DenyCall) -> Nothing, reads [], changes ["case"];
    /// Proposes a call of the engineer's own: a change, what takes one back, what shows whether it helped.
    call_propose(ProposeCall) -> CallId, reads [], changes ["case"];
    /// Asks the cluster what a waiting change would do, without doing it; the call then waits as its next revision.
    call_try(OfCall) -> Nothing, reads [], changes ["case"];
    /// Reads back what became of a change whose outcome is not known.
    call_read_back(OfCall) -> Nothing, reads [], changes ["case"];
    /// Whether a cluster may be changed, who said so, and whether turning it on asks for its name.
    writes_get(OfCluster) -> WritesView, reads ["clusters"], changes [];
    writes_set(SetWrites) -> WritesView, reads [], changes ["clusters", "case"];
    result_release(ReleaseResult) -> Nothing, reads [], changes ["case"];
    result_withhold(DenyCall) -> Nothing, reads [], changes ["case"];
    /// Allows reads of a namespace for a while, so that they are not asked one by one.
    rule_allow(AllowRule) -> Nothing, reads [], changes ["case"];
    /// What may run without asking just now, and the policy's promises, each tried.
    policy_get(Nothing) -> PolicyView, reads ["case"], changes [];
    rule_end(EndRule) -> Nothing, reads [], changes ["case"];
    /// What the redactor leaves of a text, which is kept nowhere.
    redaction_try(SearchText) -> Redaction, reads [], changes [];
    /// What models are told under another name.
    pseudonyms_get(Nothing) -> Pseudonyms, reads ["models"], changes [];
    /// Counts for every investigation that is started, or gone on with, from then on.
    pseudonyms_put(Pseudonyms) -> Pseudonyms, reads [], changes ["models"];
    /// The team's MCP servers: how each stands, whether it may be used, and the tools of it that were accepted. Contacts
    /// nothing.
    mcp_servers_list(Nothing) -> Servers, reads ["servers"], changes [];
    /// Starts a server, or connects to it, and asks what it offers now, compared with what was accepted; nothing is kept.
    mcp_server_look(ShownServer) -> ServerTools, reads [], changes ["servers"];
    /// Trusts a server as it was shown, and accepts its tools as they are now.
    mcp_server_trust(ShownServer) -> ServerTools, reads [], changes ["servers", "about"];
    /// Refuses a server (`refused`), or forgets what was decided (`undecided`).
    mcp_server_decide(DecideServer) -> Servers, reads [], changes ["servers", "about"];
    case_note(CaseWords) -> Nothing, reads [], changes ["case"];
    /// Speaks to the investigator.
    case_say(CaseWords) -> Nothing, reads [], changes ["case"];
    case_save(SaveCase) -> Saved, reads [], changes [];
    /// The case as a `.case` file's path gives it, imported into this desk.
    case_import(OfPath) -> CaseId, reads [], changes ["cases", "clusters"];
    tools_list(Nothing) -> Vec<ToolSpec>, reads ["about"], changes [];
    blueprints_list(Nothing) -> Vec<BlueprintVersion>, reads ["blueprints"], changes [];
    blueprint_put(PutBlueprint) -> BlueprintVersion, reads [], changes ["blueprints", "cluster"];
    blueprint_versions(OfName) -> Vec<BlueprintVersion>, reads ["blueprints"], changes [];
    /// Where an open cluster is not what blueprints declare: dependencies in both directions, promises that are not kept.
    blueprints_drift(OfCluster) -> Vec<DriftRow>, reads ["blueprints", "cluster"], changes [];
    blueprint_retire(OfName) -> Nothing, reads [], changes ["blueprints", "cluster"];
    knowledge_list(Nothing) -> Library, reads ["knowledge"], changes [];
    knowledge_search(SearchText) -> Vec<LibraryEntry>, reads ["knowledge"], changes [];
    /// An article as it is written, and every version that the team stored.
    article_get(OfId) -> ArticleView, reads ["knowledge"], changes [];
    /// What is wrong with an article, by its lines; stores nothing.
    article_lint(ArticleDraft) -> Vec<knowledge::Issue>, reads [], changes [];
    /// Stores a new version; an empty text leaves what the library has under this name.
    article_put(ArticleDraft) -> ArticleView, reads [], changes ["knowledge"];
    /// Failures to practise on, without what is wrong in them.
    scenarios_list(Nothing) -> Vec<ScenarioRow>, reads ["knowledge"], changes [];
    /// Lays a scenario's recording beside the clusters.
    scenario_play(PlayScenario) -> ClusterRow, reads [], changes ["clusters"];
    /// How a concluded case on a scenario compares with the truth; `null` for any other case.
    scenario_score(OfCase) -> Option<ScenarioVerdict>, reads ["case"], changes [];
    /// The run of the suite that goes on, and those that are kept.
    evals_get(Nothing) -> EvalsView, reads ["evals"], changes [];
    evals_start(StartEvals) -> EvalsView, reads [], changes ["evals"];
    /// Ends the run after the scenario that it is at; it keeps nothing.
    evals_stop(Nothing) -> EvalsView, reads [], changes ["evals"];
    run_get(OfId) -> RunView, reads ["evals"], changes [];
    run_remove(OfId) -> EvalsView, reads [], changes ["evals"];
    runs_compare(TwoRuns) -> ComparedRuns, reads ["evals"], changes [];
    /// The language models that are set up, and the providers there are. Contacts nothing.
    models_list(Nothing) -> ModelsView, reads ["models"], changes [];
    model_put(PutModel) -> ModelsView, reads [], changes ["models"];
    /// Forgets a model, and its key.
    model_remove(OfName) -> ModelsView, reads [], changes ["models"];
    /// Puts a key into the system's keyring, or into memory for this run of the program.
    model_key_put(PutModelKey) -> ModelsView, reads [], changes ["models"];
    model_key_point(PointModelKey) -> ModelsView, reads [], changes ["models"];
    /// Asks a model small questions in which nothing of a cluster is.
    model_try(OfName) -> ModelTried, reads [], changes ["models"];
}

/// Routes commands by name to what answers them.
pub struct Router<C> {
    commands: C,
}

impl<C: Commands> Router<C> {
    pub fn new(commands: C) -> Self {
        Router { commands }
    }

    pub fn commands(&self) -> &C {
        &self.commands
    }
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, request: Value) -> Result<T, WireError> {
    serde_json::from_value(request).map_err(|error| WireError {
        code: "bad_request".into(),
        title: format!("`{name}` was asked with arguments it does not take: {error}."),
        hint: "The window and the program are of different versions; restart Caseboard.".into(),
    })
}

fn unparse<T: Serialize>(answer: T) -> Result<Value, WireError> {
    serde_json::to_value(answer).map_err(|error| WireError {
        code: "failed".into(),
        title: format!("The answer could not be written as JSON: {error}."),
        hint: "Please report this.".into(),
    })
}
