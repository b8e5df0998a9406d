//! What a team says must always hold of its workloads, decided on a snapshot.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use model::{Certainty, ClusterId, Doc, Fact, Held, Invariant, ObjectRef, Snapshot};
use serde_json::{Value, json};

use crate::blueprints::Blueprints;
use crate::condition::{Condition, Decided, boxed, value_of};

/// What an invariant may mention.
pub(crate) const VARIABLES: [&str; 13] = [
    "object",
    "labels",
    "annotations",
    "spec",
    "status",
    "replicas",
    "ready",
    "containers",
    "pods",
    "nodes",
    "zones",
    "facts",
    "age_seconds",
];

/// Kinds that an invariant of a broader scope than one workload is about.
const KINDS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob"];

/// An invariant that is compiled.
#[derive(Debug)]
pub(crate) struct Promise {
    pub invariant: Invariant,
    pub holds: Condition,
}

/// Compiles one; the error says why it cannot be.
pub(crate) fn compile(invariant: &Invariant) -> Result<Promise, String> {
    if invariant.holds.trim().is_empty() {
        return Err("it says nothing".into());
    }
    let holds = Condition::compile_over(&invariant.holds, &VARIABLES).map_err(|(_, why)| why)?;
    Ok(Promise { invariant: invariant.clone(), holds })
}

impl Blueprints {
    /// Facts about invariants that do not hold, and unknown ones where what they ask for cannot be seen. `pods_of` gives the
    /// pods of a workload, `facts` what else is known of each object. Of two invariants of one name the narrower scope's is
    /// asked.
    pub fn broken(
        &self,
        cluster: &ClusterId,
        snapshot: &Snapshot,
        pods_of: impl Fn(&ObjectRef) -> Vec<ObjectRef>,
        facts: &[Fact],
    ) -> Vec<Fact> {
        if !self.promises() {
            return Vec::new();
        }
        let mut known: BTreeMap<&ObjectRef, BTreeSet<&str>> = BTreeMap::new();
        for fact in facts.iter().filter(|f| f.certainty == Certainty::Known) {
            known.entry(&fact.subject).or_default().insert(&fact.name);
        }
        let mut broken = Vec::new();
        for (object, held) in &snapshot.objects {
            let mut asked: BTreeSet<&str> = BTreeSet::new();
            let mut scene = None;
            for (version, promise) in self.promises_over(cluster, object, KINDS.contains(&object.kind.as_str())) {
                if !asked.insert(&promise.invariant.name) {
                    continue;
                }
                let scene = scene.get_or_insert_with(|| {
                    Workload::new(object, held, snapshot, pods_of(object), known.get(object).into_iter().flatten())
                });
                let certainty = match promise.holds.decide(&*scene) {
                    Decided::Holds => continue,
                    Decided::Broken => Certainty::Known,
                    Decided::Unknown(because) => Certainty::Unknown { because },
                };
                broken.push(fact(object, held, &version, promise, certainty, scene));
            }
        }
        broken
    }
}

/// A blueprint's name, version and owner, for a fact.
pub(crate) struct Source<'b> {
    pub name: &'b str,
    pub version: u32,
    pub owner: &'b str,
}

fn fact(
    object: &ObjectRef,
    held: &Held,
    source: &Source<'_>,
    promise: &Promise,
    certainty: Certainty,
    scene: &Workload,
) -> Fact {
    let invariant = &promise.invariant;
    let expects = if invariant.says.is_empty() { &invariant.holds } else { &invariant.says };
    let says = match certainty {
        Certainty::Known => {
            format!("{} breaks what `{}` promises: {} ({})", object.name, source.name, expects, scene.in_words())
        }
        Certainty::Unknown { .. } => {
            format!("whether {} keeps what `{}` promises ({expects})", object.name, source.name)
        }
    };
    let args = [
        ("invariant", json!(invariant.name)),
        ("holds", json!(invariant.holds)),
        ("expects", json!(expects)),
        ("blueprint", json!(source.name)),
        ("version", json!(source.version)),
        ("owner", json!(source.owner)),
    ];
    let mut evidence = vec![held.observation.clone()];
    evidence.extend(scene.evidence.iter().take(8).cloned());
    Fact {
        name: "invariant_broken".into(),
        subject: object.clone(),
        args: args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        certainty,
        says,
        since: scene.since,
        evidence,
    }
}

/// A workload as an invariant sees it. What is not known is not there, so that asking for it decides nothing.
struct Workload {
    values: HashMap<&'static str, Value>,
    bound: OnceLock<HashMap<&'static str, Box<dyn Val>>>,
    evidence: Vec<model::ObservationId>,
    since: model::Time,
}

impl Workload {
    fn new<'f>(
        object: &ObjectRef,
        held: &Held,
        snapshot: &Snapshot,
        pods: Vec<ObjectRef>,
        facts: impl Iterator<Item = &'f &'f str>,
    ) -> Self {
        let doc = &held.object;
        let at = |pointer: &str| doc.pointer(pointer).map(Doc::to_value);
        let mut values = HashMap::from([
            ("object", json!({"kind": object.kind, "namespace": object.namespace, "name": object.name})),
            ("labels", at("/metadata/labels").unwrap_or_else(|| json!({}))),
            ("annotations", at("/metadata/annotations").unwrap_or_else(|| json!({}))),
            ("facts", facts.map(|name| json!(name)).collect()),
        ]);
        values.extend(at("/spec").map(|spec| ("spec", spec)));
        values.extend(at("/status").map(|status| ("status", status)));
        values.extend(containers(doc).map(|containers| ("containers", containers)));
        let wanted = at("/spec/replicas").or_else(|| at("/status/desiredNumberScheduled"));
        let one = matches!(object.kind.as_str(), "Deployment" | "StatefulSet").then(|| json!(1));
        values.extend(wanted.or(one).map(|replicas| ("replicas", replicas)));
        let created = doc.pointer("/metadata/creationTimestamp").and_then(Doc::as_str);
        let created = created.and_then(|text| text.parse::<model::Time>().ok());
        values.extend(created.map(|t| ("age_seconds", json!(snapshot.at.seconds_since(t).max(0.0) as i64))));
        let mut evidence = Vec::new();
        let mut since = held.at;
        if snapshot.absence_is_known("Pod", &object.namespace) {
            let pods: Vec<(&ObjectRef, &Held)> =
                pods.iter().filter_map(|pod| snapshot.objects.get_key_value(pod)).collect();
            since = pods.iter().map(|(_, pod)| pod.at).fold(since, model::Time::max);
            evidence.extend(pods.iter().map(|(_, pod)| pod.observation.clone()));
            let seen: Vec<Seen> = pods.iter().map(|(name, pod)| Seen::of(name, &pod.object, snapshot)).collect();
            let ready = || seen.iter().filter(|pod| pod.ready);
            values.insert("pods", seen.iter().map(Seen::told).collect());
            values.insert("ready", json!(ready().count()));
            let nodes: BTreeSet<&str> = ready().map(|pod| pod.node).filter(|node| !node.is_empty()).collect();
            values.insert("nodes", json!(nodes));
            // A node without a zone leaves it open how many zones there are.
            let zones: Option<BTreeSet<&str>> = ready().map(|pod| pod.zone).collect();
            values.extend(zones.map(|zones| ("zones", json!(zones))));
        }
        Workload { values, bound: OnceLock::new(), evidence, since: since.min(snapshot.at) }
    }

    /// What it looks like instead, short.
    fn in_words(&self) -> String {
        let told = ["replicas", "ready", "zones", "nodes"].iter().filter_map(|name| {
            let value = self.values.get(name)?;
            let list =
                value.as_array().map(|items| items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
            Some(format!("{name}: {}", list.unwrap_or_else(|| value.to_string())))
        });
        let told: Vec<String> = told.collect();
        if told.is_empty() { "it does not".to_owned() } else { told.join("; ") }
    }
}

impl VariableResolver for Workload {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let bound = self
            .bound
            .get_or_init(|| self.values.iter().map(|(name, value)| (*name, boxed(value_of(value)))).collect());
        bound.get(variable).map(|value| CowVal::Borrowed(&**value))
    }
}

/// A pod of a workload.
struct Seen<'s> {
    name: &'s str,
    node: &'s str,
    zone: Option<&'s str>,
    ready: bool,
    restarts: i64,
}

impl<'s> Seen<'s> {
    fn of(name: &'s ObjectRef, pod: &'s Doc, snapshot: &'s Snapshot) -> Self {
        let text = |doc: &'s Doc, pointer: &str| doc.pointer(pointer).and_then(Doc::as_str).unwrap_or_default();
        let node = text(pod, "/spec/nodeName");
        let labels = snapshot.get(&ObjectRef::global("Node", node)).and_then(|n| n.object.pointer("/metadata/labels"));
        let zone = labels.and_then(|labels| {
            let known = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
            known.iter().find_map(|label| labels[*label].as_str())
        });
        let items = |pointer: &str| pod.pointer(pointer).and_then(Doc::as_array).into_iter().flatten();
        let ready = items("/status/conditions")
            .any(|c| c["type"].as_str() == Some("Ready") && c["status"].as_str() == Some("True"))
            && pod.pointer("/metadata/deletionTimestamp").is_none();
        let restarts = items("/status/containerStatuses").filter_map(|c| c["restartCount"].as_i64()).sum();
        Seen { name: name.name.as_str(), node, zone, ready, restarts }
    }

    fn told(&self) -> Value {
        let zone = self.zone.unwrap_or_default();
        json!({"name": self.name, "node": self.node, "zone": zone, "ready": self.ready, "restarts": self.restarts})
    }
}

/// Containers with amounts as numbers: bytes and thousandths of a CPU, -1 where none is set.
fn containers(object: &Doc) -> Option<Value> {
    let places =
        ["/spec/template/spec/containers", "/spec/jobTemplate/spec/template/spec/containers", "/spec/containers"];
    let containers = places.iter().find_map(|place| object.pointer(place).and_then(Doc::as_array))?;
    let told = containers.iter().map(|container| {
        let amount = |pointer: &str, unit: f64| {
            let text =
                container.pointer(pointer).map(|v| v.as_str().map_or_else(|| v.to_value().to_string(), str::to_owned));
            text.and_then(|text| detect::quantity(&text)).map_or(-1, |value| (value * unit).round() as i64)
        };
        json!({
            "name": container["name"].as_str().unwrap_or_default(),
            "image": container["image"].as_str().unwrap_or_default(),
            "memory_limit": amount("/resources/limits/memory", 1.0),
            "memory_request": amount("/resources/requests/memory", 1.0),
            "cpu_limit": amount("/resources/limits/cpu", 1000.0),
            "cpu_request": amount("/resources/requests/cpu", 1000.0),
            "env": environment(container),
            "readiness": container.pointer("/readinessProbe").is_some(),
            "liveness": container.pointer("/livenessProbe").is_some(),
        })
    });
    Some(told.collect())
}

/// Variables that hold plain values.
fn environment(container: &Doc) -> Value {
    let variables = container["env"].as_array().into_iter().flatten();
    let plain = variables.filter_map(|v| Some((v["name"].as_str()?.to_owned(), json!(v["value"].as_str()?))));
    Value::Object(plain.collect())
}
