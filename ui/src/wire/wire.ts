// Generated from the Rust types by `cargo xtask codegen`; do not edit. A test fails when it is out of date.

/**
 * The program itself.
 */
export type About = { version: string, 
/**
 * Where logs are written.
 */
log_dir: string, state_dir: string, now: Time, 
/**
 * What the program could not do at start and goes on without, in sentences.
 */
warnings: Array<Problem>, };

/**
 * A kubeconfig to look at besides kubectl's own: a file, a folder of them, or a text (then with a name).
 */
export type AddSource = { 
/**
 * `file`, `folder` or `pasted`.
 */
kind: SourceKind, 
/**
 * The path, or the name for a pasted text.
 */
name: string, 
/**
 * The pasted text; kept in memory only.
 */
text: string | null, };

export type AlertBody = { name: string, state: AlertState, severity: string, labels: { [key in string]: string }, annotations: { [key in string]: string }, starts_at: Time, ends_at: Time | null, };

export type AlertState = "firing" | "suppressed" | "resolved";

export type AllowRule = { case: CaseId, 
/**
 * Tool names; empty: all of class `read`.
 */
tools: Array<string>, 
/**
 * `*`: the whole cluster, which an empty one does not mean.
 */
namespace: string | null, minutes: number, because: string, };

export type ApproveCall = { case: CaseId, call: CallId, 
/**
 * The digest that was shown; another one is refused.
 */
digest: string, };

/**
 * Calls with the digests that were shown.
 */
export type ApproveCalls = { case: CaseId, calls: Array<[CallId, string]>, };

/**
 * A fix that a model proposes.
 */
export type ArguedFix = { says: string, 
/**
 * What must hold for it to be the right one.
 */
conditions: Array<string>, 
/**
 * What it may break.
 */
risk: string, };

/**
 * The argument behind a model's conclusion, its citations checked.
 */
export type Argument = { 
/**
 * The model's name.
 */
by: string, 
/**
 * From the cause to the symptom.
 */
chain: Array<Claim>, against: Array<Claim>, fixes: Array<ArguedFix>, 
/**
 * What would settle it, where it does not stand clear.
 */
settles: Array<string>, 
/**
 * Citations that do not hold, of all.
 */
unfounded: number, citations: number, 
/**
 * How the confidence was worked out, in a sentence.
 */
confidence: string, spent: Spent, };

/**
 * What an engineer decides about incidents.
 */
export type Arrange = "acknowledge" | "pin" | "set_aside" | "split" | "merge";

/**
 * Decides about incidents of the present.
 */
export type ArrangeIncidents = { cluster: ClusterId, incidents: Array<IncidentId>, act: Arrange, 
/**
 * For `split`: the signals that are taken out, each by its name and subject.
 */
signals: Array<[string, ObjectRef]>, };

/**
 * One such decision.
 */
export type Arranged = { 
/**
 * By which it is taken back.
 */
id: string, at: Time, by: string, act: Arrange, 
/**
 * The incident's title when it was decided.
 */
title: string, 
/**
 * The incident that it concerns now; `null` where there is none, or none any more.
 */
incident: IncidentId | null, };

/**
 * An article as it is written: front matter and text. An empty text takes the team's own article away.
 */
export type ArticleDraft = { 
/**
 * The file's name without its ending; also `id` of the front matter.
 */
id: string, text: string, };

/**
 * A stored version of an article that the team wrote: front matter and text as in a file; an empty text is none.
 */
export type ArticleVersion = { id: string, version: number, at: Time, author: string, text: string, };

/**
 * An article as it is written, and what the team stored of it.
 */
export type ArticleView = { id: string, 
/**
 * What is in use: front matter and text; empty where there is none.
 */
text: string, 
/**
 * The team's own versions, newest first; none where it comes with the library alone. An empty text took it away.
 */
versions: Array<ArticleVersion>, };

/**
 * A call that an answer asks for, before anybody looked at it.
 */
export type AskedFor = { 
/**
 * The model's own; its result goes back under it.
 */
id: string, tool: string, args: Record<string, unknown>, };

/**
 * Who did it. A rule's decision is the rule's, never the engineer's.
 */
export type Author = { "who": "engineer", name: string, } | { "who": "investigator", name: string, } | { "who": "rule", rule: string, } | { "who": "program" };

/**
 * Where a back end is asked.
 */
export type BackEndAt = { "through": "service", namespace: string, name: string, port: number, https: boolean, path: string, } | { "through": "address", url: string, 
/**
 * A PEM file of authorities that are trusted besides this machine's.
 */
ca_file: string | null, };

/**
 * A header of each question to a back end.
 */
export type BackEndHeader = { name: string, from: HeaderValueFrom, };

/**
 * What stands beside the API server and can be asked.
 */
export type BackEndName = "prometheus" | "loki" | "alertmanager";

export type BackEndRow = { kind: BackEndName, name: string, 
/**
 * `null`: neither configured nor found.
 */
at: BackEndAt | null, configured: boolean, headers: Array<BackEndHeader>, 
/**
 * How it stands, in a sentence.
 */
words: string, hint: string, answered_at: Time | null, 
/**
 * Why it did not answer when it was last asked.
 */
trouble: string | null, };

/**
 * What the team knows of its own system.
 */
export type Blueprint = { name: string, scope: Scope | null, owner: string, summary: string, dependencies: Array<Declared>, invariants: Array<Invariant>, odds: Array<OddsShift>, preferred_fixes: Array<Fix>, 
/**
 * Ids of fixes that must not be proposed here, each with its reason.
 */
forbidden_fixes: Array<[string, string]>, 
/**
 * Markdown for people.
 */
notes: string, };

/**
 * A stored version of a blueprint.
 */
export type BlueprintVersion = { version: number, at: Time, author: string, blueprint: Blueprint, };

/**
 * What was observed.
 */
export type Body = { "type": "object", api_version: string, uid: string, resource_version: string, change: ChangeKind, object: unknown, } | { "type": "event" } & EventBody | { "type": "log" } & LogBody | { "type": "metric" } & MetricBody | { "type": "probe" } & ProbeBody | { "type": "node_agent" } & NodeAgentBody | { "type": "alert" } & AlertBody | { "type": "shape" } & ShapeBody | { "type": "change", reference: string, author: string, message: string, diff: string | null, } | { "type": "dependencies", calls: Array<[string, string]>, } | { "type": "tool_result", tool: string, text: string, } | { "type": "note", author: string, text: string, } | { "type": "coverage", kind: string, namespace: string, state: CoverageState, } | { "type": "gap", until: Time, dropped: number, reason: string, };

/**
 * One of them.
 */
export type Branch = { case: CaseId, title: string, 
/**
 * `built-in`, or a model's name; empty where nobody has investigated.
 */
investigator: string, knowledge_digest: string, 
/**
 * `failure mode @ object` of the first hypothesis; empty where none was named.
 */
verdict: string, probability: number, abstained: boolean, concluded: boolean, summary: string, evidence: Array<ObservationId>, calls: Array<BranchCall>, spent: Spent, };

export type BranchCall = { tool: string, args: Record<string, unknown>, decision: Decision, 
/**
 * Where it stands, in a word: `released`, `denied`, …
 */
state: string, };

/**
 * What one conversation may take. Whatever is used up first ends it with a summary of what stands.
 */
export type Budget = { 
/**
 * Calls of the model and its specialists; those of the built-in investigator before it are its own.
 */
calls: number, 
/**
 * Questions to the model.
 */
questions: number, 
/**
 * Tokens read and written.
 */
tokens: number, 
/**
 * Millionths of a dollar; counts only where a price is known.
 */
micro_dollars: number | null, 
/**
 * Seconds in which the model answers; what waits for the engineer costs nothing.
 */
seconds: number, };

/**
 * One fact about one call. The call's state is the fold of its facts; see the crate `gate`.
 */
export type CallFact = { call: CallId, 
/**
 * 1 for the call as proposed; every edit, retry or drift makes a new one.
 */
revision: number, step: CallStep, };

/**
 * One tool call of a case, over all its revisions.
 */
export type CallId = string;

export type CallStep = { "step": "proposed", call: ToolCall, risk: Risk, digest: string, } | { "step": "ruled", ruling: Ruling, } | { "step": "asked", preview: Preview, } | { "step": "approved", digest: string, } | { "step": "edited", args: Record<string, unknown>, why: string, } | { "step": "denied", reason: string, } | { "step": "withdrawn", because: string, } | { "step": "expired", because: string, } | { "step": "voided", because: string, } | { "step": "started", digest: string, } | { "step": "succeeded", result: ResultView, } | { "step": "failed", error: string, hint: string, } | { "step": "interrupted", because: string, } | { "step": "outcome_unknown", because: string, } | { "step": "reconciled", result: ResultView, } | { "step": "released", observations: Array<ObservationId>, text: string, } | { "step": "released_edited", observations: Array<ObservationId>, text: string, why: string, } | { "step": "withheld", reason: string, };

export type CaseComparison = { one: Branch, other: Branch, 
/**
 * So many steps they have in common, from the beginning.
 */
common: number, same_verdict: boolean, 
/**
 * Evidence that only one of them cites.
 */
only_one: Array<ObservationId>, only_other: Array<ObservationId>, };

/**
 * One step of a case. A case is the fold of these, in the window, in replay and in evals alike.
 */
export type CaseEvent = { case: CaseId, 
/**
 * 1, 2, 3, … without holes.
 */
seq: number, at: Time, author: Author, fact: CaseFact, };

/**
 * What happened in a case.
 */
export type CaseFact = { "type": "opened", title: string, cluster: ClusterId, cluster_name: string, 
/**
 * The cluster's time that the case looks at when it is opened.
 */
as_of: Time, question: string | null, incidents: Array<Incident>, } | { "type": "investigation_started", investigator: string, knowledge_digest: string, as_of: Time, 
/**
 * What a language model may take; nothing for an investigator that asks none.
 */
budget?: Budget, } | { "type": "narrated", text: string, } | { "type": "said", text: string, } | { "type": "noted", text: string, } | { "type": "call" } & CallFact | { "type": "hypotheses_moved", hypotheses: Array<Hypothesis>, because: string, } | { "type": "concluded", conclusion: Conclusion, } | { "type": "model_answered", answer: ModelAnswer, } | { "type": "model_silent", silence: ModelSilence, } | { "type": "handed_over", hand_over: HandOver, } | { "type": "handed_back", hand_back: HandBack, } | { "type": "stopped", because: string, };

/**
 * One case: the unit of work.
 */
export type CaseId = string;

/**
 * A row of the list of cases.
 */
export type CaseSummary = { id: CaseId, title: string, cluster: ClusterId, cluster_name: string, opened_at: Time, updated_at: Time, incidents: Array<IncidentId>, concluded: boolean, 
/**
 * Calls that wait for a decision or for release.
 */
waiting: number, };

export type CaseView = { case: CaseId, cluster: ClusterId, events: Array<CaseEvent>, 
/**
 * An investigator is working on it in this program right now.
 */
running: boolean, 
/**
 * Where "save" would put it if nothing else is said.
 */
suggested_path: string, };

/**
 * A few words for a case: a note, something said to the investigator, a reason.
 */
export type CaseWords = { case: CaseId, text: string, };

/**
 * The six families of failure.
 */
export type Category = "resource-exhaustion" | "image-deployment" | "config-secrets" | "cascading" | "storage" | "app-infra";

/**
 * The scenarios of one category; shares are of those in which something is wrong.
 */
export type CategoryScore = { category: string, scenarios: number, faulty: number, object: number, mode: number, both: number, calls: number, };

export type Certainty = { "is": "known" } | { "is": "unknown", because: string, };

export type ChangeKind = "present" | "deleted" | "counted";

/**
 * A citation of a model, looked up by code.
 */
export type CheckedCitation = { 
/**
 * As the model wrote it: `e7`.
 */
label: string, 
/**
 * `None` where there is no such observation.
 */
id: ObservationId | null, quote: string, 
/**
 * Whether the observation exists, was shown, and has the words.
 */
holds: boolean, 
/**
 * Why it does not hold.
 */
why?: string, };

/**
 * A piece of evidence as a sentence cites it.
 */
export type Citation = { id: ObservationId, quote: string, };

/**
 * A sentence, and what it rests on.
 */
export type Claim = { says: string, evidence: Array<CheckedCitation>, };

export type ClusterAt = { cluster: ClusterId, 
/**
 * `null`: now.
 */
at: Time | null, 
/**
 * Only what had been learnt by `at`; without it how things were then, by all that is known today.
 */
known?: boolean | null, };

/**
 * `cluster:` and a digest of (source file, context name, server), or of a recorded file's first observations.
 */
export type ClusterId = string;

export type ClusterKind = "kubeconfig" | "playground" | "recorded";

export type ClusterPhase = "closed" | "connecting" | "awaiting_trust" | "logging_in" | "live" | "degraded" | "logged_out" | "unreachable" | "failed" | "recorded";

export type ClusterRow = { id: ClusterId, name: string, kind: ClusterKind, 
/**
 * The kubeconfig, bundle or case file it comes from.
 */
source: string, server: string, namespace: string, 
/**
 * The kubeconfig's user.
 */
user: string, 
/**
 * The one that kubectl would use.
 */
current: boolean, login: LoginKind, 
/**
 * The credential plugin, where the login needs one.
 */
exec: ExecRow | null, 
/**
 * Whom the user acts as.
 */
acts_as: string | null, 
/**
 * The server's certificate is not checked, or nothing is encrypted.
 */
insecure: boolean, 
/**
 * The proxy that the kubeconfig names, without its password.
 */
proxy: string | null, 
/**
 * The engineer's own settings for it.
 */
settings: ClusterSettings, 
/**
 * Its name looks like production.
 */
production: boolean, 
/**
 * Changes are allowed there; otherwise it is read-only.
 */
writes: boolean, state: ClusterState, 
/**
 * `null` until it was triaged.
 */
open_incidents: number | null, worst: Severity | null, problems: Array<Problem>, };

/**
 * What the engineer set for a cluster beside its kubeconfig.
 */
export type ClusterSettings = { 
/**
 * Namespaces to look into, besides the context's own, where the whole cluster may not be listed.
 */
namespaces: Array<string>, 
/**
 * Besides the kubeconfig's certificate authority, what this machine trusts is good enough.
 */
machine_certificates: boolean, };

/**
 * What is to be set of a cluster's settings; what is not named stays as it is.
 */
export type ClusterSettingsChange = { namespaces?: Array<string>, machine_certificates?: boolean, };

export type ClusterState = { phase: ClusterPhase, 
/**
 * Since when it has been in this phase, `null` where it is not open.
 */
since: Time | null, message: string, hint: string, 
/**
 * What keeps it from living: `credential`, `plugin`, `untrusted`, `network`, `proxy`, `tls`, `refused`, `busy`,
 * `kubeconfig`, `server`, `missing`, `gone`.
 */
trouble: string | null, 
/**
 * What the server says it is.
 */
server_version: string, watches: Array<WatchRow>, 
/**
 * What this login does not see.
 */
unseen: Array<UnseenRow>, 
/**
 * Why what is seen is not written to the disk just now; `null` while it is.
 */
unkept: string | null, 
/**
 * When the newest thing shown was learnt.
 */
last_seen_at: Time | null, 
/**
 * First and last time the history knows of.
 */
span: [Time, Time] | null, };

export type CompareCases = { one: CaseId, other: CaseId, };

/**
 * What changed from one run to another.
 */
export type ComparedRuns = { 
/**
 * Right now, wrong before.
 */
helped: Array<DifferenceRow>, 
/**
 * Wrong now, right before.
 */
harmed: Array<DifferenceRow>, 
/**
 * Propose a harmful fix now and did not before.
 */
newly_forbidden: Array<string>, 
/**
 * Only in the one or the other.
 */
added: Array<string>, removed: Array<string>, worse: boolean, };

/**
 * How an investigation ended.
 */
export type Conclusion = { 
/**
 * True when the evidence is too thin to name a cause; the hypotheses are then the best guesses.
 */
abstained: boolean, summary: string, 
/**
 * Ranked over all incidents of the case, most likely first.
 */
hypotheses: Array<Hypothesis>, not_checked: Array<NotChecked>, 
/**
 * Where a model argued with the built-in investigator: its argument, checked.
 */
argument?: Argument, };

/**
 * What a source said about a kind.
 */
export type CoverageState = "listed" | "partial" | "refused" | "not_asked";

export type DecideServer = { name: string, 
/**
 * `refused` or `undecided`; it is trusted by `mcp_server_trust` alone.
 */
trust: TrustState, };

export type DecideTrust = { 
/**
 * The digest that was shown; where no kubeconfig has that command any more, it is refused.
 */
digest: string, 
/**
 * `trusted`, `refused`, or `undecided` to be asked again.
 */
trust: TrustState, };

/**
 * How a call was decided, as a transcript tells it.
 */
export type Decision = "approved" | "edited" | "denied" | "allowed_by_rule" | "pending";

/**
 * A dependency that the team declares.
 */
export type Declared = { 
/**
 * `Kind/namespace/name`.
 */
from: string, to: string, why: string, };

export type DenyCall = { case: CaseId, call: CallId, reason: string, };

export type DifferenceRow = { name: string, before: string, now: string, truth: string, };

export type DriftKind = "unseen" | "undeclared" | "missing" | "invariant";

/**
 * Where a cluster is not what a blueprint says, for the page of blueprints.
 */
export type DriftRow = { blueprint: string, kind: DriftKind, 
/**
 * In a sentence.
 */
says: string, objects: Array<ObjectRef>, 
/**
 * It cannot be told from what is seen of the cluster.
 */
unknown: boolean, };

/**
 * An edge by itself, to be shown or sent.
 */
export type Edge = { from: ObjectRef, to: ObjectRef, relation: Relation, class: EdgeClass, reason: string, since: Time, evidence: Array<ObservationId>, };

/**
 * How an edge is known.
 */
export type EdgeClass = "declared" | "observed" | "inferred";

export type EditCall = { case: CaseId, call: CallId, args: Record<string, unknown>, why: string, 
/**
 * Whether the edited call may run at once.
 */
approve: boolean, };

/**
 * A standing rule of a case, by its name.
 */
export type EndRule = { case: CaseId, name: string, };

export type EvalsView = { running: RunningEvals | null, 
/**
 * The newest first.
 */
runs: Array<RunRow>, };

export type EventBody = { uid: string, 
/**
 * `Normal` or `Warning`.
 */
event_type: string, reason: string, message: string, 
/**
 * How often the same event was seen; 1 where the source did not say.
 */
count: number, first_at: Time, last_at: Time, reporter: string, 
/**
 * The involved object's uid, so that two objects of one name are told apart.
 */
subject_uid: string | null, };

export type EventRow = { observation: ObservationId, at: Time, warning: boolean, reason: string, message: string, count: number, };

/**
 * A program that a kubeconfig runs to log in. Shown whole before it may run for the first time, and again when it
 * changed.
 */
export type ExecRow = { 
/**
 * What a decision binds to: file, command, arguments and environment.
 */
digest: string, command: string, args: Array<string>, 
/**
 * The whole command line, quoted as a shell would take it.
 */
line: string, 
/**
 * Names of the environment variables it is given; their values are not shown.
 */
env: Array<string>, 
/**
 * The kubeconfig that says so.
 */
source: string, trust: TrustState, 
/**
 * When it was decided.
 */
decided_at: Time | null, };

/**
 * Something code computed from a view, with what it rests on.
 */
export type Fact = { 
/**
 * The predicate, in snake case: `service_selects_no_pods`.
 */
name: string, 
/**
 * What it is about; workload-level where a controller owns the pod.
 */
subject: ObjectRef, 
/**
 * The other arguments of the predicate, by name.
 */
args: Record<string, unknown>, certainty: Certainty, 
/**
 * One sentence that a person can read, with the values that made it true.
 */
says: string, 
/**
 * Since when it has been true, as far as the view can tell.
 */
since: Time, 
/**
 * The observations it rests on; never empty.
 */
evidence: Array<ObservationId>, };

/**
 * A rule of a file.
 */
export type FileRuleRow = { name: string, 
/**
 * Where it stands, from 1.
 */
line: number, does: RuleDoes, 
/**
 * The calls that it covers, in words.
 */
covers: string, until: Time | null, 
/**
 * It has ended, or has no use left.
 */
is_over: boolean, 
/**
 * How often it may allow something; `null`: always.
 */
uses: number | null, 
/**
 * How often it has.
 */
used: number, because: string, 
/**
 * How many tests it carries; all of them hold.
 */
tests: number, };

/**
 * What to do about a cause, under which conditions.
 */
export type Fix = { id: string, text: string, 
/**
 * What must hold for this fix to be the right one.
 */
conditions: Array<string>, 
/**
 * What must not be done here, and why.
 */
never: Array<string>, };

export type FollowLines = { follow: FollowRow, lines: Array<string>, 
/**
 * Ask again for what comes after this.
 */
next: number, 
/**
 * So many lines before these are no longer held here; the history has them.
 */
missed: number, };

/**
 * A log that is followed, or was until something ended it.
 */
export type FollowRow = { id: number, namespace: string, pod: string, container: string, since: Time, lines: number, 
/**
 * When a line came last, or the server last said that it has the log open.
 */
heard_at: Time | null, 
/**
 * Why nothing comes just now; it is tried again by itself.
 */
trouble: string | null, 
/**
 * Why nothing more comes.
 */
ended: string | null, };

/**
 * What to forget at once.
 */
export type Forget = "outdated" | "everything";

export type ForgetHistory = { cluster: ClusterId, 
/**
 * `outdated`: what the settings do not keep; `everything`: all but what cases need and how an open cluster is now.
 */
what: Forget, };

export type ForkCase = { case: CaseId, 
/**
 * The last step that the branch has.
 */
at: number, };

/**
 * A time of which something is missing, and why.
 */
export type GapRow = { from: Time, until: Time, 
/**
 * How many observations.
 */
dropped: number, reason: string, };

export type GraphOf = { cluster: ClusterId, objects: Array<ObjectRef>, at: Time | null, 
/**
 * Only what had been learnt by `at`; without it how things were then, by all that is known today.
 */
known?: boolean | null, hops: number, most: number, };

/**
 * The graph around something, as of a time.
 */
export type GraphView = { at: Time, layout: Layout, states: Array<NodeState>, };

/**
 * What a specialist found.
 */
export type HandBack = { specialist: string, answer: string, findings: Array<Claim>, 
/**
 * What it could not tell, and why.
 */
open: Array<string>, spent: Spent, 
/**
 * Calls that it made.
 */
calls: number, };

/**
 * A narrow question to a specialist.
 */
export type HandOver = { specialist: string, title: string, question: string, 
/**
 * The tools that it may ask for.
 */
tools: Array<string>, 
/**
 * The most calls it may ask for.
 */
calls: number, };

export type HeaderValueFrom = { "source": "plain", value: string, } | { "source": "environment", variable: string, } | { "source": "keyring", entry: string, };

/**
 * What is on the disk of clusters' histories, and how much of them is kept.
 */
export type HistoriesView = { keeping: Keeping, 
/**
 * Unless the engineer set something else.
 */
usual: Keeping, 
/**
 * The least and the most that can be set.
 */
days: [number, number], megabytes: [number, number], 
/**
 * Where they lie.
 */
folder: string, 
/**
 * Of all of them.
 */
bytes: number, 
/**
 * The largest first.
 */
clusters: Array<HistoryRow>, };

/**
 * The history of one cluster, open or not.
 */
export type HistoryRow = { 
/**
 * `null` where the file cannot be read; nothing can be forgotten of it.
 */
cluster: ClusterId | null, 
/**
 * The context's; where no kubeconfig has it any more the one that a case knows, or the id. Of a file that cannot be
 * read its path.
 */
name: string, path: string, 
/**
 * It is being watched.
 */
open: boolean, bytes: number, 
/**
 * First and last time it knows of; `null` while it is empty.
 */
span: [Time, Time] | null, 
/**
 * Times of which something is missing, oldest first.
 */
gaps: Array<GapRow>, 
/**
 * Cases about this cluster; what they cite, and their time, is never forgotten.
 */
cases: number, 
/**
 * Why what is seen is not written to it just now; `null` while it is.
 */
unkept: string | null, 
/**
 * Why it cannot be read.
 */
problem: Problem | null, };

/**
 * A candidate root cause.
 */
export type Hypothesis = { 
/**
 * `failure mode @ object`: stable over the life of a case.
 */
id: string, 
/**
 * 1 is the most likely.
 */
rank: number, incident: IncidentId, object: ObjectRef, failure_mode: string, 
/**
 * What happened, in a sentence with the values of this case.
 */
mechanism: string, 
/**
 * Between 0 and 1; the probabilities of one incident's hypotheses and of "something else" add up to 1.
 */
probability: number, evidence: Array<Citation>, against: Array<Citation>, fix: Fix | null, 
/**
 * What would tell it from its rivals and has not been looked at.
 */
open_checks: Array<string>, };

/**
 * Signals that belong together.
 */
export type Incident = { id: IncidentId, title: string, category: Category, failure_modes: Array<string>, severity: Severity, state: IncidentState, started_at: Time, ended_at: Time | null, signals: Array<Signal>, 
/**
 * Workload-level where a controller owns the pod, worst first.
 */
subjects: Array<ObjectRef>, 
/**
 * Where the trouble seems to start, by walking the graph from the symptoms.
 */
origin: ObjectRef | null, links: Array<Link>, 
/**
 * What depends on the subjects and so is, or will be, affected.
 */
blast_radius: Array<ObjectRef>, };

/**
 * `incident:` and a digest of (cluster, origin or first subject, first failure mode, start): the same history gives
 * the same id.
 */
export type IncidentId = string;

export type IncidentState = "open" | "acknowledged" | "mitigated" | "resolved" | "reopened";

/**
 * Something that must always hold; broken, it is a signal.
 */
export type Invariant = { name: string, 
/**
 * A CEL condition over the workload and its facts.
 */
holds: string, says: string, };

/**
 * Something wrong with one file of the library. It costs only that file.
 */
export type Issue = { 
/**
 * The file, relative to its library folder where it lies in one.
 */
path: string, 
/**
 * Counted from 1; 0 where the whole file is meant.
 */
line: number, what: string, hint: string, 
/**
 * An earlier version of the file is still in use.
 */
kept_last_good: boolean, };

/**
 * Of each cluster's history: what is older, or more, is forgotten; a gap says so. What cases cite, and their time,
 * stays.
 */
export type Keeping = { days: number, 
/**
 * For each cluster.
 */
megabytes: number, };

/**
 * Where a model's key stands. The key itself is never told.
 */
export type KeyPlace = "nowhere" | "keyring" | "environment";

export type KeyShape = { key: string, bytes: number, 
/**
 * A digest keyed with this installation's key: equal values have equal digests, and nothing more can be told.
 */
digest: string, 
/**
 * How many times the value can be base64-decoded to printable text on top of Kubernetes' own encoding.
 */
encoding_depth: number, 
/**
 * The end of validity where the value is a certificate.
 */
not_after: Time | null, };

/**
 * A kind that a cluster serves and lists.
 */
export type KindRow = { 
/**
 * As watches and object references name it: `Application`, or `Service.serving.knative.dev`.
 */
name: string, 
/**
 * Empty: the core group.
 */
group: string, version: string, namespaced: boolean, };

/**
 * Which kinds a cluster serves.
 */
export type KindsView = { kinds: Array<KindRow>, 
/**
 * API groups that gave no answer: their kinds are not among these.
 */
unknown: Array<Problem>, };

export type Lane = { object: ObjectRef | null, title: string, };

/**
 * A laid-out neighbourhood: what the window draws. Positions are in abstract units, `layer` grows along dependencies.
 */
export type Layout = { nodes: Array<Placed>, edges: Array<Edge>, 
/**
 * How many nodes were left out to keep the picture readable.
 */
hidden: number, };

/**
 * What left this machine for a model, exactly.
 */
export type Leaves = { 
/**
 * The newest request of this run of the program; `null` where there is none.
 */
text: string | null, bytes: number, 
/**
 * It has not left yet: it waits for the engineer to say so.
 */
waits: boolean, };

/**
 * The knowledge library as a list.
 */
export type Library = { digest: string, loaded_at: Time, 
/**
 * The folder that is watched, empty where only the built-in library is there.
 */
folder: string, entries: Array<LibraryEntry>, issues: Array<Problem>, };

export type LibraryEntry = { 
/**
 * `failure-mode`, `article`, `specialist`, `blueprint`.
 */
kind: string, id: string, title: string, category: Category | null, 
/**
 * Markdown.
 */
body: string, 
/**
 * The file it comes from, relative to the library.
 */
file: string, };

/**
 * Why two subjects of one incident belong together.
 */
export type Link = { from: ObjectRef, to: ObjectRef, 
/**
 * In words: `same node`, `same owner`, `calls it`, …
 */
reason: string, evidence: Array<ObservationId>, };

/**
 * A piece of a container's log.
 */
export type LogBody = { container: string, 
/**
 * The log of the container's previous run.
 */
previous: boolean, 
/**
 * Lines, oldest first, joined by newlines. Of a long log its beginning and its end, with a line between them that
 * says what is left out.
 */
text: string, 
/**
 * What is missing, in words, when the text is not the whole log.
 */
cut: string | null, 
/**
 * How many lines were read; more than `text` has where it was cut. 0: nobody counted.
 */
lines?: number, 
/**
 * The patterns of all lines that were read, those that look like trouble first. Empty: nobody looked for them.
 */
patterns?: Array<LogPattern>, };

/**
 * How bad a line of a log is, worst first.
 */
export type LogLevel = "fatal" | "error" | "warning" | "info" | "debug";

/**
 * Entries of a log that differ only in what varies: numbers, ids, addresses, durations, paths, names.
 */
export type LogPattern = { 
/**
 * The line with what varies replaced: `<num>`, `<hex>`, `<uuid>`, `<ip>`, `<dur>`, `<time>`, `<path>`, `<*>`.
 */
template: string, count: number, 
/**
 * When the first and the last of them were written, where lines tell.
 */
first_at: Time | null, last_at: Time | null, 
/**
 * The newest entry, its stack trace with it.
 */
example: string, 
/**
 * What its writer calls it, or else what its words sound like.
 */
level: LogLevel | null, };

/**
 * How a kubeconfig has its user log in.
 */
export type LoginKind = "client_certificate" | "token" | "token_file" | "basic" | "exec" | "auth_provider" | "none";

export type Mark = { 
/**
 * Index into [`Timeline::lanes`].
 */
lane: number, at: Time, 
/**
 * When this desk learnt of it: never before `at`, and long after it where nobody watched then.
 */
known_at: Time, until: Time | null, kind: MarkKind, severity: Severity, title: string, observation: ObservationId | null, };

export type MarkKind = "signal" | "event" | "change" | "restart" | "alert" | "log" | "metric" | "note";

/**
 * What a server offers.
 */
export type McpOffer = { tools: Array<McpTool>, 
/**
 * Accepted before, and not offered any more.
 */
gone: Array<string>, };

/**
 * One MCP server.
 */
export type McpServerRow = { name: string, 
/**
 * What a decision binds to: the command with its arguments and environment, or the address with its headers. What was
 * shown is named by it.
 */
digest: string, 
/**
 * The command, or the address, as it stands in the file.
 */
line: string, 
/**
 * It is asked over HTTP; else it is a program that is started here.
 */
is_remote: boolean, 
/**
 * Contexts in whose cases its tools are offered; empty: all.
 */
clusters: Array<string>, disabled: boolean, trust: TrustState, decided_at: Time | null, state: McpServerState, 
/**
 * How many of its tools were accepted.
 */
tools: number, 
/**
 * Those tools, as they were accepted.
 */
accepted: Array<McpTool>, };

/**
 * How a server stands in this run of the program.
 */
export type McpServerState = "unused" | "opening" | "up" | "ended";

/**
 * The MCP servers that the team's file names.
 */
export type McpServers = { 
/**
 * The file.
 */
path: string, servers: Array<McpServerRow>, 
/**
 * What in it cannot be used; it is not touched.
 */
problems: Array<Problem>, };

/**
 * One tool of a server.
 */
export type McpTool = { 
/**
 * As investigators and rules call it.
 */
name: string, 
/**
 * Whole, as the server defines it: `name`, `description`, `inputSchema`, `annotations`.
 */
definition: Record<string, unknown>, fingerprint: string, 
/**
 * What it claims, in words; nothing has checked it.
 */
claims: string, is_new: boolean, 
/**
 * What differs from what was accepted.
 */
changes: { part: string; before: string; now: string }[], 
/**
 * The engineer says in the file that it only reads. Others ask every time.
 */
is_read: boolean, 
/**
 * Whether the file takes it in.
 */
is_taken: boolean, };

export type MetricBody = { 
/**
 * The metric's name as its source has it (`container_memory_working_set_bytes`).
 */
name: string, unit: string, labels: { [key in string]: string }, points: Array<MetricPoint>, };

export type MetricPoint = { at: Time, value: number, };

/**
 * One answer of a model, whole: an investigation that is read again takes it from here and asks nobody.
 */
export type ModelAnswer = { 
/**
 * Who asked: `coordinator`, or a specialist's id.
 */
speaker: string, 
/**
 * Which answer of this investigation, from 1.
 */
turn: number, text: string, 
/**
 * What it shows of its thoughts; for the engineer's eyes alone.
 */
thoughts?: string, calls: Array<AskedFor>, 
/**
 * Calls whose arguments cannot be read, with what came. They never run.
 */
broken?: Array<[string, string]>, 
/**
 * What goes back to the model unchanged, and to nobody else.
 */
kept?: unknown[], 
/**
 * The longest answer was reached, or the provider cut it short.
 */
cut: boolean, spent: Spent, };

/**
 * A model that is set up.
 */
export type ModelSetUp = { name: string, provider: string, base: string, model: string, 
/**
 * How it asks for calls: `native`, `schema` or `text`.
 */
tools: string, thinks: boolean, key: KeyPlace, 
/**
 * Where `key` is `environment`: the variable.
 */
variable: string, 
/**
 * This run of the program was given a key, which goes before the one of the settings.
 */
key_for_now: boolean, 
/**
 * What is asked there does not leave this machine.
 */
is_local: boolean, 
/**
 * Dollars for a million tokens: read, written.
 */
price: [number, number] | null, };

/**
 * A question that got no answer.
 */
export type ModelSilence = { speaker: string, turn: number, 
/**
 * `unreachable`, `untrusted`, `not_allowed`, `unknown_model`, `busy`, `too_long`, `rejected`, `not_a_model`,
 * `broken`, `held`, `out_of_time`.
 */
code: string, why: string, hint: string, };

/**
 * What trying a model showed.
 */
export type ModelTried = { 
/**
 * Models that its server says it has.
 */
offered: Array<string>, 
/**
 * How it asks for calls; `null`: in no way, so it cannot investigate.
 */
tools: string | null, 
/**
 * Better ways that did not do, and why.
 */
tried: Array<[string, string]>, tokens_read: number, tokens_written: number, 
/**
 * Millionths of a dollar, where a price is known.
 */
cost: number | null, };

export type ModelsView = { models: Array<ModelSetUp>, providers: Array<ProviderRow>, };

export type NodeAgentBody = { node: string, 
/**
 * `containerd`, `kubelet`, `kube-proxy`, `kube-scheduler`, `kernel`, …
 */
service: string, 
/**
 * The state in its own words (`active (running)`), empty where it did not say.
 */
state: string, output: string, };

export type NodeState = { object: ObjectRef, 
/**
 * `null`: nothing is wrong with it as far as we know.
 */
severity: Severity | null, 
/**
 * A few words: `3/3 ready`, `CrashLoopBackOff`, `gone`.
 */
status: string, exists: boolean, };

/**
 * Something that was set aside as noise.
 */
export type NoiseEntry = { signal: Signal, rule: string, because: string, };

/**
 * Something that was not looked at, and why.
 */
export type NotChecked = { what: string, because: string, };

/**
 * A command without arguments.
 */
export type Nothing = Record<symbol, never>;

export type ObjectAt = { cluster: ClusterId, object: ObjectRef, at: Time | null, 
/**
 * Only what had been learnt by `at`; without it how things were then, by all that is known today.
 */
known?: boolean | null, };

/**
 * An object that a search found.
 */
export type ObjectHit = { cluster: ClusterId, cluster_name: string, object: ObjectRef, 
/**
 * A few words for its state, those that kubectl would use.
 */
status: string, 
/**
 * `null`: nothing is wrong with it as far as is known.
 */
severity: Severity | null, };

/**
 * Which object: `Kind/namespace/name`, the namespace empty for cluster-scoped objects.
 *
 * The kind is Kubernetes' own word (`Deployment`). A custom resource whose kind shadows a built-in one is qualified by
 * its group as kubectl does it (`Service.serving.knative.dev`); see [`qualified_kind`]. A clone shares the texts.
 */
export type ObjectRef = { kind: string, namespace: string, name: string, };

/**
 * One object as of a time.
 */
export type ObjectView = { object: ObjectRef, at: Time, exists: boolean, status: string, 
/**
 * Empty where the object does not exist.
 */
yaml: string, 
/**
 * When it changed, oldest first.
 */
changed_at: Array<Time>, 
/**
 * Unified diff from the version before, where there is one.
 */
last_change: string | null, events: Array<EventRow>, facts: Array<Fact>, 
/**
 * Directly related objects, with the words for how.
 */
related: Array<[ObjectRef, string]>, };

/**
 * One fact at one time: the only thing a history holds.
 */
export type Observation = { id: ObservationId, cluster: ClusterId, 
/**
 * When it was true.
 */
at: Time, 
/**
 * When we learnt it; never before [`Observation::at`] unless two clocks disagree.
 */
seen_at: Time, source: Source, subject: ObjectRef | null, body: Body, };

/**
 * `obs:` and 24 hexadecimal digits: a digest of cluster, times, source, subject and body, so that the same fact
 * learnt twice has one id and a citation can be checked against what it cites. Any other text is kept as it is.
 */
export type ObservationId = string;

export type ObservationOf = { cluster: ClusterId, id: ObservationId, };

/**
 * One observation, for the chip that cites it.
 */
export type ObservationView = { observation: Observation, 
/**
 * The observation as text, redacted.
 */
text: string, };

/**
 * What the team knows that makes a cause more or less likely here.
 */
export type OddsShift = { 
/**
 * A failure mode's id.
 */
failure_mode: string, 
/**
 * A CEL condition; empty: always.
 */
when: string, 
/**
 * A likelihood ratio: above 1 more likely, below 1 less likely.
 */
ratio: number, because: string, };

export type OfBackEnd = { cluster: ClusterId, kind: BackEndName, };

export type OfCall = { case: CaseId, call: CallId, };

export type OfCase = { case: CaseId, };

export type OfCluster = { cluster: ClusterId, };

export type OfFollow = { cluster: ClusterId, id: number, };

/**
 * Something by its id.
 */
export type OfId = { id: string, };

export type OfName = { name: string, };

/**
 * Opens what a path names: a bundle, a `.case` file, or a kubeconfig to add to the list.
 */
export type OfPath = { path: string, };

export type OfSource = { kind: SourceKind, name: string, };

export type OpenCase = { cluster: ClusterId, 
/**
 * Incident ids; empty: all that are open now.
 */
incidents: Array<string>, question: string | null, };

export type Placed = { object: ObjectRef, x: number, y: number, layer: number, 
/**
 * Pods or replicas that this node stands for; 1 for itself.
 */
stands_for: number, };

export type PlayScenario = { name: string, };

/**
 * Says where a model's key stands.
 */
export type PointModelKey = { name: string, 
/**
 * An environment variable; empty: there is no key, and one in the keyring is removed.
 */
variable: string, };

/**
 * What asks and what does not.
 */
export type PolicyView = { 
/**
 * Those that end first in front.
 */
rules: Array<RuleRow>, 
/**
 * Rules of files, for all cases: the engineer's own first, then those of knowledge folders.
 */
files: Array<RulesFile>, promises: Array<PromiseRow>, };

/**
 * What the engineer is shown before deciding.
 */
export type Preview = { 
/**
 * In a sentence: what would be done.
 */
does: string, 
/**
 * The diff a write would make, unified, as a server-side dry run gave it.
 */
diff: string | null, 
/**
 * Roughly what comes back or what it costs.
 */
cost: string, undo: string | null, };

export type ProbeBody = { 
/**
 * What was called, such as `shop/cart:7070`.
 */
target: string, port: number, protocol: string, reachable: boolean, 
/**
 * What the probe said.
 */
output: string, };

/**
 * Something that went wrong and did not stop the rest.
 */
export type Problem = { 
/**
 * What was attempted.
 */
what: string, why: string, 
/**
 * What to do next.
 */
hint: string, };

/**
 * A promise of the policy, tried on the code that rules.
 */
export type PromiseRow = { says: string, holds: boolean, 
/**
 * What the policy answered.
 */
answered: string, };

/**
 * A call that the engineer proposes.
 */
export type ProposeCall = { case: CaseId, tool: string, args: Record<string, unknown>, reason: string, };

/**
 * A provider that can be chosen.
 */
export type ProviderRow = { provider: string, 
/**
 * Where it is unless somebody says otherwise; empty where everybody has an address of his own.
 */
base: string, 
/**
 * The environment variable that its own programs read the key from; empty where it needs none.
 */
variable: string, };

/**
 * What a language model is told under another name. It is turned back in what comes from it.
 */
export type Pseudonyms = { 
/**
 * Of objects, namespaces, nodes and the cluster.
 */
names: boolean, 
/**
 * Hosts outside of the cluster.
 */
hosts: boolean, 
/**
 * IPv4 and IPv6.
 */
addresses: boolean, };

export type Purpose = "undo" | "verify";

/**
 * Configures a back end of a cluster.
 */
export type PutBackEnd = { cluster: ClusterId, kind: BackEndName, at: BackEndAt, headers: Array<BackEndHeader>, 
/**
 * Values that go into the keyring, by the header's name. They are kept nowhere else.
 */
secrets: Array<[string, string]>, };

/**
 * A blueprint as a structured value, or as YAML text (then `blueprint` is ignored).
 */
export type PutBlueprint = { blueprint: Blueprint | null, yaml: string | null, };

export type PutClusterSettings = { cluster: ClusterId, settings: ClusterSettingsChange, };

/**
 * Sets a model up, in the place of one of the same name; how it asks for calls and its key stay.
 */
export type PutModel = { name: string, provider: string, 
/**
 * Empty: the provider's usual one.
 */
base: string, model: string, thinks: boolean, price: [number, number] | null, };

export type PutModelKey = { name: string, key: string, 
/**
 * In memory until the program ends, instead of in the keyring.
 */
for_now: boolean, };

/**
 * Lines of a followed log after number `after`.
 */
export type ReadFollow = { cluster: ClusterId, id: number, after: number, };

/**
 * What the redactor leaves of a text.
 */
export type Redaction = { text: string, 
/**
 * How many places were replaced, by kind.
 */
marks: Array<[string, number]>, };

/**
 * What an edge says. The tail depends on the head: `Pod —runs_on→ Node`, `Service —selects→ Deployment`.
 */
export type Relation = "owned_by" | "selects" | "routes_to" | "mounts" | "reads_config" | "runs_on" | "binds" | "scaled_by" | "uses_account" | "calls" | "limited_by" | "declares";

export type ReleaseResult = { case: CaseId, call: CallId, 
/**
 * The engineer's text instead of the result's; `null`: as it is.
 */
text: string | null, why: string, 
/**
 * Observations that must not enter.
 */
without: Array<ObservationId>, };

/**
 * A result before release: redacted, its marks visible.
 */
export type ResultView = { 
/**
 * The text that would go to the investigator, after redaction.
 */
text: string, 
/**
 * How many places redaction replaced, by kind (`token`, `password`, `e-mail`, …).
 */
redactions: Array<[string, number]>, 
/**
 * What was left out for length, in words.
 */
cut: string | null, 
/**
 * The observations that releasing this result adds to the investigation.
 */
observations: Array<ObservationId>, 
/**
 * After a write: how to take it back, and how to see whether it helped.
 */
next?: Array<Suggestion>, };

/**
 * What a call can do, decided by code from the tool and its arguments, mildest first.
 */
export type Risk = "read" | "read-sensitive" | "write" | "destructive";

/**
 * What a rule of a file does with the calls that it covers.
 */
export type RuleDoes = "allow" | "ask" | "forbid";

/**
 * A rule by which reads of a case run without asking for a while.
 */
export type RuleRow = { case: CaseId, case_title: string, name: string, 
/**
 * Empty: every tool of class `read`.
 */
tools: Array<string>, 
/**
 * `null`: every namespace of the case's cluster.
 */
namespace: string | null, until: Time, because: string, };

/**
 * A file of rules. While one of them cannot be used, everything is forbidden.
 */
export type RulesFile = { path: string, exists: boolean, 
/**
 * What is wrong with it, with the line.
 */
broken: Problem | null, rules: Array<FileRuleRow>, };

/**
 * What policy says of a proposal.
 */
export type Ruling = { "ruling": "ask" } | { "ruling": "allowed", rule: string, } | { "ruling": "forbidden", rule: string, because: string, };

/**
 * A finished run in numbers.
 */
export type RunRow = { id: string, at: Time, only: string, 
/**
 * The digest of the library that it was made with.
 */
knowledge: string, scenarios: number, right: number, pairs: number, pairs_right: number, fixes_right: number, fixes_judged: number, fixes_forbidden: number, healthy: number, false_alarms: number, };

/**
 * A finished run.
 */
export type RunView = { run: RunRow, categories: Array<CategoryScore>, 
/**
 * Wrong ones first.
 */
verdicts: Array<ScenarioVerdict>, };

/**
 * A run that goes on.
 */
export type RunningEvals = { only: string, done: number, of: number, 
/**
 * The scenario that is asked about.
 */
now: string, 
/**
 * Right so far, with the fix.
 */
right: number, began_at: Time, };

export type SaveCase = { case: CaseId, 
/**
 * Empty: the suggested path.
 */
path: string, };

export type Saved = { path: string, bytes: number, };

/**
 * A scenario to practise on. What is wrong in it is not told.
 */
export type ScenarioRow = { name: string, title: string, 
/**
 * The cluster that it is once it is played.
 */
cluster: ClusterId, 
/**
 * `null` for a healthy cluster, and where nobody could tell.
 */
category: Category | null, healthy: boolean, 
/**
 * More than one thing is wrong.
 */
several: boolean, 
/**
 * The same surface error with another cause.
 */
twin: string | null, };

/**
 * How an answer compares with the truth.
 */
export type ScenarioVerdict = { name: string, category: string, healthy: boolean, 
/**
 * Cause and object named first; silence where all is well; doubt where nothing decides.
 */
right: boolean, 
/**
 * The object alone, and the failure mode alone.
 */
object_right: boolean, mode_right: boolean, 
/**
 * `null` where the truth names no fix.
 */
fix_right: boolean | null, 
/**
 * The proposed fix would do harm.
 */
fix_forbidden: boolean, 
/**
 * The share of the evidence a good engineer would cite; `null` where none is named.
 */
evidence_cited: number | null, abstained: boolean, calls: number, seconds: number, 
/**
 * `failure mode @ object`, empty where nothing was said.
 */
said: string, truth: string, 
/**
 * The truth in a sentence.
 */
says: string, 
/**
 * Why there is no answer.
 */
failed: string | null, };

/**
 * Where a blueprint holds; the narrower one wins.
 */
export type Scope = { "level": "fleet" } | { "level": "cluster", cluster: string, } | { "level": "namespace", namespace: string, } | { "level": "workload", namespace: string, kind: string, name: string, };

/**
 * Objects to be found: by words of their kind, namespace, name and cluster; no more than `most`, a hundred at best.
 */
export type SearchObjects = { text: string, most: number, };

export type SearchText = { text: string, };

export type SetBy = { at: Time, by: string, };

/**
 * Whether a cluster may be changed.
 */
export type SetWrites = { cluster: ClusterId, enabled: boolean, 
/**
 * Try every change at the cluster before it is shown.
 */
try_first: boolean, 
/**
 * The cluster's name as it was typed; asked for (error code `confirm`) where it looks like production.
 */
typed: string, };

/**
 * How bad, worst last.
 */
export type Severity = "info" | "minor" | "major" | "critical";

export type ShapeBody = { 
/**
 * `ConfigMap` or `Secret`.
 */
kind: string, keys: Array<KeyShape>, };

/**
 * What a write would change, as it was shown before anybody decided.
 */
export type Shown = { 
/**
 * When it was worked out; what a write dates (a restart) is dated by this.
 */
at: Time, 
/**
 * The target's uid; empty where the history does not know it.
 */
uid: string, 
/**
 * Whether the cluster itself tried it (a dry run), or it was worked out from what watches learnt.
 */
at_cluster: boolean, 
/**
 * What would be done, in a sentence.
 */
does: string, 
/**
 * How it would be taken back, in a sentence.
 */
undo: string, 
/**
 * Every field that would change, redacted.
 */
fields: Array<ShownField>, };

/**
 * A field with its values before and after, in a JSON Pointer's words; `null`: it is not there.
 */
export type ShownField = { path: string, from: unknown, to: unknown, };

/**
 * An MCP server as it was shown.
 */
export type ShownServer = { name: string, 
/**
 * The row's; where the file says something else by now, it is refused.
 */
digest: string, };

/**
 * A fact or an observation that means trouble.
 */
export type Signal = { 
/**
 * The fact that raised it, or `alert`/`event`.
 */
name: string, 
/**
 * The failure modes that this signal can belong to; empty where knowledge has none.
 */
failure_modes: Array<string>, subject: ObjectRef, category: Category, severity: Severity, title: string, first_at: Time, last_at: Time, count: number, evidence: Array<ObservationId>, };

/**
 * Where an observation comes from.
 */
export type Source = "watch" | "read" | "import" | "script" | "person";

export type SourceKind = "merged" | "file" | "folder" | "pasted";

/**
 * Where kubeconfigs are looked for.
 */
export type SourceRow = { kind: SourceKind, 
/**
 * The path; for a pasted text its name.
 */
name: string, 
/**
 * Contexts found there.
 */
contexts: number, 
/**
 * Whether it is there now. What is not is watched for.
 */
exists: boolean, 
/**
 * Whether the engineer added it and can take it away.
 */
removable: boolean, problems: Array<Problem>, };

/**
 * What an answer took.
 */
export type Spent = { 
/**
 * Questions that were answered.
 */
answers: number, 
/**
 * Bytes of the requests that left; 0 where it is not known.
 */
bytes: number, input_tokens: number, cached_tokens: number, output_tokens: number, 
/**
 * Millionths of a dollar; `None` where no price is known.
 */
micro_dollars: number | null, 
/**
 * How long the answers took to come.
 */
millis: number, };

export type StartEvals = { 
/**
 * Only scenarios with this in their name; empty: all.
 */
only: string, };

/**
 * Who investigates a case: `built-in`, a model's name, or (`null`, left out) whoever did before.
 */
export type StartInvestigation = { case: CaseId, investigator?: string, 
/**
 * What a model may take; left out: the usual.
 */
budget?: Budget, };

/**
 * A call that follows from another one: it takes it back, or sees whether it helped. It is proposed like any other.
 */
export type Suggestion = { purpose: Purpose, tool: string, args: Record<string, unknown>, 
/**
 * What it would do, or what to expect of it, in a sentence.
 */
says: string, };

/**
 * Takes such a decision back.
 */
export type TakeBack = { cluster: ClusterId, id: string, };

/**
 * A moment in UTC, in microseconds since 1970-01-01T00:00:00Z. Serialised as that integer (it fits a JavaScript number
 * until the year 2255); displayed as RFC 3339 in UTC.
 */
export type Time = number;

/**
 * Lanes of marks over time.
 */
export type Timeline = { from: Time, to: Time, lanes: Array<Lane>, marks: Array<Mark>, 
/**
 * (from, until, why): drawn as gaps.
 */
gaps: Array<[Time, Time, string]>, };

export type TimelineOf = { cluster: ClusterId, 
/**
 * Lanes for these objects and what is near them; empty: for everything in trouble.
 */
objects: Array<ObjectRef>, };

/**
 * A call somebody wants to make.
 */
export type ToolCall = { tool: string, cluster: ClusterId, args: Record<string, unknown>, 
/**
 * Why it is asked, in a sentence.
 */
reason: string, 
/**
 * What each answer would mean for the hypotheses, in a sentence.
 */
expects: string, 
/**
 * Argument names whose values come from text that the cluster wrote, with the observation they come from.
 */
tainted: Array<[string, ObservationId]>, 
/**
 * What a write was shown to do: a run that would do anything else is refused. Nothing for a read.
 */
shown?: Shown, 
/**
 * The fingerprint of the tool's definition as it was when the call was put to anybody: one that has changed since is
 * another tool.
 */
definition?: string, 
/**
 * Who it was shown to run as, for a live cluster: the user of the kubeconfig, whom one acts as, and the beginning of a
 * keyed digest of the credential. Another one is another call.
 */
user?: string, };

/**
 * A tool as a model, a form and a card see it.
 */
export type ToolSpec = { name: string, title: string, description: string, 
/**
 * JSON Schema of the arguments; the form of the call card is made from it.
 */
schema: unknown, };

/**
 * What is broken in one cluster at one time.
 */
export type Triage = { at: Time, 
/**
 * Worst first.
 */
incidents: Array<Incident>, noise: Array<NoiseEntry>, 
/**
 * What could not be looked at, in sentences.
 */
not_checked: Array<string>, };

/**
 * What is broken as of a time.
 */
export type TriageView = { cluster: ClusterId, triage: Triage, 
/**
 * Objects looked at, by kind.
 */
looked_at: Array<[string, number]>, 
/**
 * True while watches have not listed everything yet.
 */
partial: boolean, 
/**
 * Incidents that the engineer set aside and that are not worse since; as of now alone.
 */
aside: Array<Incident>, 
/**
 * What was decided about incidents, the newest first; as of now alone.
 */
arranged: Array<Arranged>, };

/**
 * Whether a kubeconfig's program may run.
 */
export type TrustState = "undecided" | "trusted" | "refused";

export type TwoRuns = { before: string, now: string, };

/**
 * Something that this login does not see: whether there is any is not known.
 */
export type UnseenRow = { kind: string, 
/**
 * Namespaces in which it is seen nevertheless; empty: nowhere.
 */
except_in: Array<string>, why: string, };

/**
 * Something changed; who shows it asks again.
 */
export type Update = { "type": "clusters_changed" } | { "type": "cluster_changed", cluster: ClusterId, } | { "type": "case_changed", case: CaseId, seq: number, } | { "type": "answering", case: CaseId, speaker: string, turn: number, from: number, text: string, } | { "type": "cases_changed" } | { "type": "knowledge_changed" } | { "type": "blueprints_changed" } | { "type": "progress", what: string, done: number, of: number | null, };

export type WatchKind = { cluster: ClusterId, 
/**
 * `Application`, or `Certificate.cert-manager.io`.
 */
kind: string, };

export type WatchRow = { kind: string, 
/**
 * Empty: the whole cluster.
 */
namespace: string, 
/**
 * `listing`, `live`, `refused`, `failed`, `not served`.
 */
phase: string, since: Time, 
/**
 * When it last heard anything; how old what is shown of it is.
 */
last_event_at: Time | null, 
/**
 * Whether it was listed whole at least once.
 */
listed: boolean, 
/**
 * Whether the last list came as a stream instead of in pages.
 */
streamed: boolean, 
/**
 * How many objects it holds.
 */
objects: number, 
/**
 * How often it was opened again other than at its regular end.
 */
restarts: number, 
/**
 * Objects that could not be read and are not shown.
 */
issues: number, last_issue: string | null, error: string | null, };

/**
 * When a window that was just opened showed something, and when it could be used.
 */
export type WindowShown = { painted_at: Time, usable_at: Time, };

/**
 * A command that could not be done, as the window shows it. The window branches on `code`, never on text.
 */
export type WireError = { 
/**
 * `bad_request`, `unknown_command`, `not_found`, `refused`, `changed`, `unavailable`, `damaged`, `failed`.
 */
code: string, 
/**
 * What was attempted and why it failed.
 */
title: string, 
/**
 * What to do next.
 */
hint: string, };

/**
 * Whether a cluster may be changed from here, and who said so. Off until an engineer turns it on for that cluster.
 */
export type WritesView = { cluster: ClusterId, name: string, enabled: boolean, 
/**
 * Every change is tried at the cluster (a dry run, and whether you may) before it is shown; otherwise only when
 * somebody asks for it.
 */
try_first: boolean, 
/**
 * Who set it last, and when; `null` where nobody did.
 */
set: SetBy | null, 
/**
 * Its name looks like production: turning changes on asks for the name to be typed.
 */
production: boolean, 
/**
 * Why changes can never be turned on; empty where they can.
 */
never: string, };

/** Request and response of every command, by its name. */
export type Commands = {
  /** The program itself: version, folders, what it goes on without. */
  about: { request: Nothing; response: About };
  /** The window says when it first showed something and when it could be used; it is written in the log. */
  window_shown: { request: WindowShown; response: Nothing };
  /** Every cluster that could be opened: contexts, the playground, recordings. */
  clusters_list: { request: Nothing; response: Array<ClusterRow> };
  /** Reads the kubeconfigs again. */
  clusters_rescan: { request: Nothing; response: Array<ClusterRow> };
  /** Connects; nothing is contacted before this. */
  cluster_open: { request: OfCluster; response: ClusterRow };
  cluster_close: { request: OfCluster; response: ClusterRow };
  /** Logs in anew and starts every watch again; what is shown stays, with its age. */
  cluster_renew: { request: OfCluster; response: ClusterRow };
  /** Which kinds the cluster serves; asks it, so that what was installed since is there. */
  cluster_kinds: { request: OfCluster; response: KindsView };
  /** Watches one more kind, by its name as in an object reference; watched already, nothing changes. */
  cluster_watch_kind: { request: WatchKind; response: ClusterRow };
  /** Sets what the engineer adds to the kubeconfig; an open cluster is opened again with it. */
  cluster_settings_put: { request: PutClusterSettings; response: ClusterRow };
  /** The clusters whose name, server, file, user or namespace has every one of the words. */
  clusters_search: { request: SearchText; response: Array<ClusterRow> };
  /** Where kubeconfigs are looked for, and what is wrong with them. */
  sources_list: { request: Nothing; response: Array<SourceRow> };
  source_add: { request: AddSource; response: Array<SourceRow> };
  source_remove: { request: OfSource; response: Array<SourceRow> };
  /** Every program that a kubeconfig would run for a login, and what was decided. */
  trust_list: { request: Nothing; response: Array<ExecRow> };
  /** Allows or forbids such a program; open clusters that wait for it go on. */
  trust_decide: { request: DecideTrust; response: Array<ExecRow> };
  cluster_state: { request: OfCluster; response: ClusterState };
  /** Where metrics, stored logs and alerts of an open cluster are asked: configured, found, or neither. */
  back_ends_list: { request: OfCluster; response: Array<BackEndRow> };
  back_end_put: { request: PutBackEnd; response: Array<BackEndRow> };
  /** Back to what is found among the cluster's Services. */
  back_end_remove: { request: OfBackEnd; response: Array<BackEndRow> };
  /** Asks it one question that changes nothing. */
  back_end_try: { request: OfBackEnd; response: Array<BackEndRow> };
  /** Logs that an approved call follows. */
  follows_list: { request: OfCluster; response: Array<FollowRow> };
  follow_read: { request: ReadFollow; response: FollowLines };
  follow_stop: { request: OfFollow; response: Array<FollowRow> };
  /** What is on the disk of each cluster's history, open or not, and how much of it is kept. */
  histories_get: { request: Nothing; response: HistoriesView };
  /** Sets how much is kept; counts at once for open clusters. */
  histories_keep: { request: Keeping; response: HistoriesView };
  /** Forgets at once what is outdated, or everything that no case needs. */
  history_forget: { request: ForgetHistory; response: HistoriesView };
  /** Opens a bundle or a `.case` file, or adds a kubeconfig. */
  path_open: { request: OfPath; response: ClusterRow };
  triage_get: { request: ClusterAt; response: TriageView };
  /** Acknowledges, pins, sets aside, takes apart or puts together incidents of the present. */
  incidents_arrange: { request: ArrangeIncidents; response: Arranged };
  /** Takes such a decision back. */
  incidents_take_back: { request: TakeBack; response: Nothing };
  timeline_get: { request: TimelineOf; response: Timeline };
  graph_get: { request: GraphOf; response: GraphView };
  /** Objects of all opened clusters, as they are now, by a few letters; the best first. Asks no cluster. */
  objects_search: { request: SearchObjects; response: Array<ObjectHit> };
  object_get: { request: ObjectAt; response: ObjectView };
  observation_get: { request: ObservationOf; response: ObservationView };
  cases_list: { request: Nothing; response: Array<CaseSummary> };
  /** Opens a case on incidents of a cluster, or gives the open one about the same incidents. */
  case_open: { request: OpenCase; response: CaseId };
  case_get: { request: OfCase; response: CaseView };
  /** Starts an investigator, or goes on where it stopped: the built-in one, or a model that argues with it. */
  investigation_start: { request: StartInvestigation; response: Nothing };
  /** Stops the investigator of a case: what waits is taken back, what runs ends first. */
  investigation_stop: { request: OfCase; response: Nothing };
  /** What left this machine last for the model of a case, exactly. */
  case_leaves: { request: OfCase; response: Leaves };
  investigation_send: { request: OfCase; response: Nothing };
  /** A new case that goes on from an earlier step of this one. */
  case_fork: { request: ForkCase; response: CaseId };
  cases_compare: { request: CompareCases; response: CaseComparison };
  call_approve: { request: ApproveCall; response: Nothing };
  /** Approves several waiting calls together; those that changed since they were shown stay as they are, and are told. */
  calls_approve: { request: ApproveCalls; response: Array<CallId> };
  call_edit: { request: EditCall; response: Nothing };
  call_deny: { request: DenyCall; response: Nothing };
  /** Proposes a call of the engineer's own: a change, what takes one back, what shows whether it helped. */
  call_propose: { request: ProposeCall; response: CallId };
  /** Asks the cluster what a waiting change would do, without doing it; the call then waits as its next revision. */
  call_try: { request: OfCall; response: Nothing };
  /** Reads back what became of a change whose outcome is not known. */
  call_read_back: { request: OfCall; response: Nothing };
  /** Whether a cluster may be changed, who said so, and whether turning it on asks for its name. */
  writes_get: { request: OfCluster; response: WritesView };
  writes_set: { request: SetWrites; response: WritesView };
  result_release: { request: ReleaseResult; response: Nothing };
  result_withhold: { request: DenyCall; response: Nothing };
  /** Allows reads of a namespace for a while, so that they are not asked one by one. */
  rule_allow: { request: AllowRule; response: Nothing };
  /** What may run without asking just now, and the policy's promises, each tried. */
  policy_get: { request: Nothing; response: PolicyView };
  rule_end: { request: EndRule; response: Nothing };
  /** What the redactor leaves of a text, which is kept nowhere. */
  redaction_try: { request: SearchText; response: Redaction };
  /** What models are told under another name. */
  pseudonyms_get: { request: Nothing; response: Pseudonyms };
  /** Counts for every investigation that is started, or gone on with, from then on. */
  pseudonyms_put: { request: Pseudonyms; response: Pseudonyms };
  /** The team's MCP servers: how each stands, whether it may be used, and the tools of it that were accepted. Contacts */
  /** nothing. */
  mcp_servers_list: { request: Nothing; response: McpServers };
  /** Starts a server, or connects to it, and asks what it offers now, compared with what was accepted; nothing is kept. */
  mcp_server_look: { request: ShownServer; response: McpOffer };
  /** Trusts a server as it was shown, and accepts its tools as they are now. */
  mcp_server_trust: { request: ShownServer; response: McpOffer };
  /** Refuses a server (`refused`), or forgets what was decided (`undecided`). */
  mcp_server_decide: { request: DecideServer; response: McpServers };
  case_note: { request: CaseWords; response: Nothing };
  /** Speaks to the investigator. */
  case_say: { request: CaseWords; response: Nothing };
  case_save: { request: SaveCase; response: Saved };
  /** The case as a `.case` file's path gives it, imported into this desk. */
  case_import: { request: OfPath; response: CaseId };
  tools_list: { request: Nothing; response: Array<ToolSpec> };
  blueprints_list: { request: Nothing; response: Array<BlueprintVersion> };
  blueprint_put: { request: PutBlueprint; response: BlueprintVersion };
  blueprint_versions: { request: OfName; response: Array<BlueprintVersion> };
  /** Where an open cluster is not what blueprints declare: dependencies in both directions, promises that are not kept. */
  blueprints_drift: { request: OfCluster; response: Array<DriftRow> };
  blueprint_retire: { request: OfName; response: Nothing };
  knowledge_list: { request: Nothing; response: Library };
  knowledge_search: { request: SearchText; response: Array<LibraryEntry> };
  /** An article as it is written, and every version that the team stored. */
  article_get: { request: OfId; response: ArticleView };
  /** What is wrong with an article, by its lines; stores nothing. */
  article_lint: { request: ArticleDraft; response: Array<Issue> };
  /** Stores a new version; an empty text leaves what the library has under this name. */
  article_put: { request: ArticleDraft; response: ArticleView };
  /** Failures to practise on, without what is wrong in them. */
  scenarios_list: { request: Nothing; response: Array<ScenarioRow> };
  /** Lays a scenario's recording beside the clusters. */
  scenario_play: { request: PlayScenario; response: ClusterRow };
  /** How a concluded case on a scenario compares with the truth; `null` for any other case. */
  scenario_score: { request: OfCase; response: ScenarioVerdict | null };
  /** The run of the suite that goes on, and those that are kept. */
  evals_get: { request: Nothing; response: EvalsView };
  evals_start: { request: StartEvals; response: EvalsView };
  /** Ends the run after the scenario that it is at; it keeps nothing. */
  evals_stop: { request: Nothing; response: EvalsView };
  run_get: { request: OfId; response: RunView };
  run_remove: { request: OfId; response: EvalsView };
  runs_compare: { request: TwoRuns; response: ComparedRuns };
  /** The language models that are set up, and the providers there are. Contacts nothing. */
  models_list: { request: Nothing; response: ModelsView };
  model_put: { request: PutModel; response: ModelsView };
  /** Forgets a model, and its key. */
  model_remove: { request: OfName; response: ModelsView };
  /** Puts a key into the system's keyring, or into memory for this run of the program. */
  model_key_put: { request: PutModelKey; response: ModelsView };
  model_key_point: { request: PointModelKey; response: ModelsView };
  /** Asks a model small questions in which nothing of a cluster is. */
  model_try: { request: OfName; response: ModelTried };
};

/** Cache tags: what an answer depends on, and what a command makes stale. */
export const tags = {
  about: { reads: ["about"], changes: [] },
  window_shown: { reads: [], changes: [] },
  clusters_list: { reads: ["clusters"], changes: [] },
  clusters_rescan: { reads: [], changes: ["clusters"] },
  cluster_open: { reads: [], changes: ["clusters"] },
  cluster_close: { reads: [], changes: ["clusters"] },
  cluster_renew: { reads: [], changes: ["clusters", "cluster"] },
  cluster_kinds: { reads: [], changes: [] },
  cluster_watch_kind: { reads: [], changes: ["cluster"] },
  cluster_settings_put: { reads: [], changes: ["clusters", "cluster"] },
  clusters_search: { reads: ["clusters"], changes: [] },
  sources_list: { reads: ["clusters"], changes: [] },
  source_add: { reads: [], changes: ["clusters"] },
  source_remove: { reads: [], changes: ["clusters"] },
  trust_list: { reads: ["clusters"], changes: [] },
  trust_decide: { reads: [], changes: ["clusters", "cluster"] },
  cluster_state: { reads: ["cluster"], changes: [] },
  back_ends_list: { reads: ["clusters"], changes: [] },
  back_end_put: { reads: [], changes: ["clusters"] },
  back_end_remove: { reads: [], changes: ["clusters"] },
  back_end_try: { reads: [], changes: ["clusters"] },
  follows_list: { reads: ["cluster"], changes: [] },
  follow_read: { reads: [], changes: [] },
  follow_stop: { reads: [], changes: ["cluster"] },
  histories_get: { reads: ["histories"], changes: [] },
  histories_keep: { reads: [], changes: ["histories"] },
  history_forget: { reads: [], changes: ["histories", "cluster", "clusters"] },
  path_open: { reads: [], changes: ["clusters", "cases"] },
  triage_get: { reads: ["cluster"], changes: [] },
  incidents_arrange: { reads: [], changes: ["cluster", "clusters"] },
  incidents_take_back: { reads: [], changes: ["cluster", "clusters"] },
  timeline_get: { reads: ["cluster"], changes: [] },
  graph_get: { reads: ["cluster"], changes: [] },
  objects_search: { reads: ["cluster"], changes: [] },
  object_get: { reads: ["cluster"], changes: [] },
  observation_get: { reads: [], changes: [] },
  cases_list: { reads: ["cases"], changes: [] },
  case_open: { reads: [], changes: ["cases"] },
  case_get: { reads: ["case"], changes: [] },
  investigation_start: { reads: [], changes: ["case"] },
  investigation_stop: { reads: [], changes: ["case"] },
  case_leaves: { reads: ["case"], changes: [] },
  investigation_send: { reads: [], changes: ["case"] },
  case_fork: { reads: [], changes: ["cases"] },
  cases_compare: { reads: ["case"], changes: [] },
  call_approve: { reads: [], changes: ["case"] },
  calls_approve: { reads: [], changes: ["case"] },
  call_edit: { reads: [], changes: ["case"] },
  call_deny: { reads: [], changes: ["case"] },
  call_propose: { reads: [], changes: ["case"] },
  call_try: { reads: [], changes: ["case"] },
  call_read_back: { reads: [], changes: ["case"] },
  writes_get: { reads: ["clusters"], changes: [] },
  writes_set: { reads: [], changes: ["clusters", "case"] },
  result_release: { reads: [], changes: ["case"] },
  result_withhold: { reads: [], changes: ["case"] },
  rule_allow: { reads: [], changes: ["case"] },
  policy_get: { reads: ["case"], changes: [] },
  rule_end: { reads: [], changes: ["case"] },
  redaction_try: { reads: [], changes: [] },
  pseudonyms_get: { reads: ["models"], changes: [] },
  pseudonyms_put: { reads: [], changes: ["models"] },
  mcp_servers_list: { reads: ["servers"], changes: [] },
  mcp_server_look: { reads: [], changes: ["servers"] },
  mcp_server_trust: { reads: [], changes: ["servers", "about"] },
  mcp_server_decide: { reads: [], changes: ["servers", "about"] },
  case_note: { reads: [], changes: ["case"] },
  case_say: { reads: [], changes: ["case"] },
  case_save: { reads: [], changes: [] },
  case_import: { reads: [], changes: ["cases", "clusters"] },
  tools_list: { reads: ["about"], changes: [] },
  blueprints_list: { reads: ["blueprints"], changes: [] },
  blueprint_put: { reads: [], changes: ["blueprints", "cluster"] },
  blueprint_versions: { reads: ["blueprints"], changes: [] },
  blueprints_drift: { reads: ["blueprints", "cluster"], changes: [] },
  blueprint_retire: { reads: [], changes: ["blueprints", "cluster"] },
  knowledge_list: { reads: ["knowledge"], changes: [] },
  knowledge_search: { reads: ["knowledge"], changes: [] },
  article_get: { reads: ["knowledge"], changes: [] },
  article_lint: { reads: [], changes: [] },
  article_put: { reads: [], changes: ["knowledge"] },
  scenarios_list: { reads: ["knowledge"], changes: [] },
  scenario_play: { reads: [], changes: ["clusters"] },
  scenario_score: { reads: ["case"], changes: [] },
  evals_get: { reads: ["evals"], changes: [] },
  evals_start: { reads: [], changes: ["evals"] },
  evals_stop: { reads: [], changes: ["evals"] },
  run_get: { reads: ["evals"], changes: [] },
  run_remove: { reads: [], changes: ["evals"] },
  runs_compare: { reads: ["evals"], changes: [] },
  models_list: { reads: ["models"], changes: [] },
  model_put: { reads: [], changes: ["models"] },
  model_remove: { reads: [], changes: ["models"] },
  model_key_put: { reads: [], changes: ["models"] },
  model_key_point: { reads: [], changes: ["models"] },
  model_try: { reads: [], changes: ["models"] },
} as const satisfies Record<keyof Commands, { reads: readonly string[]; changes: readonly string[] }>;
