//! The words of a script. `knowledge/scenarios/README.md` explains them to authors.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::span::Span;

/// A node shorthand: `node: worker-1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeWord {
    pub node: String,
    #[serde(default)]
    pub age: Option<Span>,
    #[serde(default)]
    pub zone: Option<String>,
    #[serde(default)]
    pub cpu: Option<Text>,
    #[serde(default)]
    pub memory: Option<String>,
    #[serde(default)]
    pub pods: Option<u32>,
    #[serde(default)]
    pub gpus: Option<u32>,
    #[serde(default)]
    pub control_plane: bool,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub taints: Vec<Value>,
}

/// A namespace shorthand: `namespaces: [shop, data]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamespacesWord {
    pub namespaces: Vec<String>,
    #[serde(default)]
    pub age: Option<Span>,
}

/// A workload shorthand: the controller, its replica sets and its pods. In a `rollout` the same fields say what changes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkloadWord {
    pub workload: String,
    pub namespace: Option<String>,
    pub kind: Option<String>,
    pub age: Option<Span>,
    /// How long ago the current revision was rolled out; the workload's age where absent.
    pub rolled_out: Option<Span>,
    pub replicas: Option<u32>,
    pub image: Option<String>,
    pub command: Option<Vec<String>>,
    pub args: Option<Vec<String>>,
    pub port: Option<u16>,
    pub env: Option<IndexMap<String, Option<Text>>>,
    /// `envFrom` config maps.
    pub env_config: Option<Vec<String>>,
    /// Variable: `secret/key`.
    pub env_secret: Option<IndexMap<String, String>>,
    /// Path: `config/NAME`, `secret/NAME`, `claim/NAME` or `empty`.
    pub mount: Option<IndexMap<String, String>>,
    pub requests: Option<IndexMap<String, Text>>,
    pub limits: Option<IndexMap<String, Text>>,
    pub readiness: Option<ProbeWord>,
    pub liveness: Option<ProbeWord>,
    pub service_account: Option<String>,
    pub pull_secret: Option<String>,
    pub node_selector: Option<BTreeMap<String, String>>,
    pub labels: Option<BTreeMap<String, String>>,
    pub annotations: Option<BTreeMap<String, String>>,
    pub template_annotations: Option<BTreeMap<String, String>>,
    pub strategy: Option<String>,
    pub revision: Option<u32>,
    /// A Service of the same name on this port, in front of `port`.
    pub service: Option<u16>,
    /// The nodes its pods go to, in turn; all workers where absent.
    pub on: Option<Vec<String>>,
    /// Merged into the pod's `spec`, for whatever has no word of its own.
    pub spec: Option<Value>,
    /// Merged into the container.
    pub container: Option<Value>,
    pub pods: Option<StateWord>,
}

/// `/healthz`, or the fields of an HTTP, TCP or command probe.
#[derive(Clone, Debug)]
pub enum ProbeWord {
    Path(String),
    Fields(ProbeFields),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeFields {
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub tcp: bool,
    #[serde(default)]
    pub command: Option<Vec<String>>,
    #[serde(default)]
    pub delay: Option<u32>,
    #[serde(default)]
    pub period: Option<u32>,
    #[serde(default)]
    pub timeout: Option<u32>,
    #[serde(default)]
    pub failures: Option<u32>,
}

/// What state pods are in: a name, or a name with details.
#[derive(Clone, Debug)]
pub enum StateWord {
    Name(StateName),
    Details(Box<State>),
}

// Untagged enums would say only that nothing matched; these say what is wrong with the form that was chosen.
impl<'de> Deserialize<'de> for ProbeWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(path) => Ok(ProbeWord::Path(path)),
            fields => serde_json::from_value(fields).map(ProbeWord::Fields).map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for StateWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            name @ Value::String(_) => serde_json::from_value(name).map(StateWord::Name),
            details => serde_json::from_value(details).map(StateWord::Details),
        }
        .map_err(D::Error::custom)
    }
}

impl StateWord {
    pub fn state(&self) -> State {
        match self {
            StateWord::Name(name) => State::of(*name),
            StateWord::Details(state) => (**state).clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateName {
    /// Running and passing its probes.
    Ready,
    /// Running, the readiness probe fails with `message`.
    Unready,
    /// The container exits with `exit` after `life`, over and over.
    CrashLoop,
    /// As `crash-loop`, killed by the kernel for its memory.
    Oom,
    /// The image cannot be pulled: `message` is the registry's answer.
    ImagePull,
    /// No node fits: `message` is the scheduler's sentence.
    Pending,
    /// On a node, waiting for volumes or a sandbox: `reason` and `message` of the event.
    Creating,
    /// The container cannot be configured: `message` (`secret "x" not found`).
    ConfigError,
    /// Its controller may not create it: `message` is the API server's refusal.
    Refused,
    /// Killed by the kubelet: `message` (`The node was low on resource: …`).
    Evicted,
    /// Ended with exit code 0.
    Completed,
    /// Ended with `exit`, not restarted.
    Failed,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub state: StateName,
    #[serde(default)]
    pub exit: Option<i32>,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
    /// How long one run of the container lasts before it fails.
    #[serde(default)]
    pub life: Option<Span>,
    /// How often it had restarted before.
    #[serde(default)]
    pub restarts: Option<u32>,
    /// How long ago the container last restarted, for a quiet pod that has restarts behind it.
    #[serde(default)]
    pub restarted: Option<Span>,
    /// Only so many of the pods, the others stay as they are.
    #[serde(default)]
    pub only: Option<usize>,
    /// Merged into the pod's `status`.
    #[serde(default)]
    pub status: Option<Value>,
}

impl State {
    pub fn of(name: StateName) -> Self {
        State {
            state: name,
            exit: None,
            reason: None,
            message: None,
            life: None,
            restarts: None,
            restarted: None,
            only: None,
            status: None,
        }
    }
}

/// A text where YAML may have read a number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Text {
    Plain(String),
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Text::Plain(text) => f.write_str(text),
            Text::Int(number) => number.fmt(f),
            Text::Float(number) => number.fmt(f),
            Text::Bool(truth) => truth.fmt(f),
        }
    }
}

/// `service: cart`, for services that stand apart from a workload.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceWord {
    pub service: String,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub age: Option<Span>,
    pub port: u16,
    #[serde(default)]
    pub target_port: Option<Text>,
    #[serde(default)]
    pub selector: BTreeMap<String, String>,
    #[serde(default, rename = "type")]
    pub service_type: Option<String>,
    #[serde(default)]
    pub headless: bool,
}

/// `config: name` or `secret: name`, with the values that the served cluster gives and the history never holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigWord {
    #[serde(default)]
    pub config: Option<String>,
    #[serde(default)]
    pub secret: Option<String>,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub age: Option<Span>,
    #[serde(default, rename = "type")]
    pub secret_type: Option<String>,
    #[serde(default)]
    pub data: IndexMap<String, Text>,
}

/// `claim: name`: a volume claim, with its volume where it is bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimWord {
    pub claim: String,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub age: Option<Span>,
    pub size: String,
    #[serde(default)]
    pub class: Option<String>,
    #[serde(default)]
    pub mode: Option<String>,
    #[serde(default)]
    pub pending: bool,
}

/// `storage_class: name`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageClassWord {
    pub storage_class: String,
    pub provisioner: String,
    #[serde(default)]
    pub age: Option<Span>,
    #[serde(default)]
    pub default: bool,
    #[serde(default)]
    pub wait_for_consumer: bool,
}

/// `ingress: name`: host and paths to services.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngressWord {
    pub ingress: String,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub age: Option<Span>,
    pub host: String,
    #[serde(default)]
    pub class: Option<String>,
    /// Path: `service:port`.
    pub paths: IndexMap<String, String>,
}

/// What a step does to pods that exist.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodsWord {
    pub workload: String,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub kind: Option<String>,
    pub state: StateWord,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleWord {
    pub workload: String,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub kind: Option<String>,
    pub replicas: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetWord {
    pub workload: String,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub kind: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchWord {
    pub object: String,
    /// A JSON merge patch.
    pub merge: Value,
}

/// What happens to a node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeStateWord {
    pub name: String,
    #[serde(default)]
    pub state: Option<NodeReady>,
    #[serde(default)]
    pub cordoned: Option<bool>,
    /// `disk`, `memory` or `pid`, and `none` to lift it.
    #[serde(default)]
    pub pressure: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
    /// The state of the pods that take the place of those that were on a lost node.
    #[serde(default)]
    pub replacements: Option<StateWord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeReady {
    Ready,
    /// The kubelet says that it is not ready.
    NotReady,
    /// The kubelet no longer says anything.
    Unknown,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventWord {
    /// `Kind/namespace/name`, or a workload of which every pod gets it.
    #[serde(default)]
    pub object: Option<String>,
    #[serde(default)]
    pub pods_of: Option<String>,
    /// A Deployment, of whose newest replica set it is.
    #[serde(default)]
    pub set_of: Option<String>,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default = "warning", rename = "type")]
    pub event_type: String,
    pub reason: String,
    pub message: String,
    #[serde(default = "one")]
    pub count: u32,
    /// How long before this step it was first seen.
    #[serde(default)]
    pub over: Option<Span>,
    #[serde(default)]
    pub from: Option<String>,
}

fn warning() -> String {
    "Warning".into()
}

fn one() -> u32 {
    1
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogWord {
    #[serde(default)]
    pub workload: Option<String>,
    #[serde(default)]
    pub pod: Option<String>,
    #[serde(default)]
    pub namespace: Option<String>,
    #[serde(default)]
    pub container: Option<String>,
    /// The log of the container's previous run.
    #[serde(default)]
    pub previous: bool,
    /// The same text for the previous run and this one: every run ends alike.
    #[serde(default)]
    pub both: bool,
    pub text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricWord {
    /// `Kind/namespace/name`, or a workload of which every pod gets one.
    #[serde(default)]
    pub object: Option<String>,
    #[serde(default)]
    pub workload: Option<String>,
    #[serde(default)]
    pub namespace: Option<String>,
    pub name: String,
    #[serde(default)]
    pub unit: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    pub from: Span,
    #[serde(default)]
    pub to: Option<Span>,
    pub every: Span,
    /// Reached one after the other at equal distances between `from` and `to`, straight lines between them.
    pub values: Vec<f64>,
    /// How far points stray, as a share of the value.
    #[serde(default)]
    pub jitter: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertWord {
    pub name: String,
    #[serde(default)]
    pub object: Option<String>,
    #[serde(default)]
    pub severity: Option<String>,
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub since: Option<Span>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeResultWord {
    pub service: String,
    #[serde(default)]
    pub namespace: Option<String>,
    pub port: u16,
    #[serde(default)]
    pub protocol: Option<String>,
    pub reachable: bool,
    #[serde(default)]
    pub output: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeAgentWord {
    pub node: String,
    pub service: String,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub output: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeWord {
    pub reference: String,
    pub author: String,
    pub message: String,
    #[serde(default)]
    pub diff: Option<String>,
    #[serde(default)]
    pub object: Option<String>,
}

/// What a write to the served cluster sets off: `on: {undo: checkout}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReactionWord {
    pub on: ReactionTo,
    #[serde(default)]
    pub namespace: Option<String>,
    pub steps: Vec<Value>,
}

/// One act on one workload by name (or, for `change`, on one object by reference).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReactionTo {
    /// The pod template went back to one that was there before.
    Undo(String),
    /// The pod template became a new one.
    Rollout(String),
    /// The pods were replaced, the template is the same but for the restart annotation.
    Restart(String),
    Scale(String),
    /// Another object was written.
    Change(String),
}
