use std::collections::BTreeSet;

use model::{ObjectRef, Snapshot};
use topology::Graph;

/// What the engineer's words narrow the investigation to: names of the inventory that they contain.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Focus {
    pub namespaces: BTreeSet<String>,
    /// Workload-level.
    pub objects: BTreeSet<ObjectRef>,
    /// Whether the words name what is in it; otherwise it is all that was collected.
    pub named: bool,
}

/// Kinds that people ask about by name.
const ASKED_KINDS: [&str; 17] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Pod",
    "Service",
    "Ingress",
    "Node",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "ConfigMap",
    "Secret",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "ResourceQuota",
    "ReplicaSet",
];

/// Names that are ordinary words of a question as well; they count only when written as `kind/…/name` or `kind name`.
const WORDS: [&str; 30] = [
    "the",
    "what",
    "why",
    "how",
    "and",
    "pod",
    "pods",
    "service",
    "services",
    "deployment",
    "node",
    "nodes",
    "logs",
    "log",
    "app",
    "error",
    "errors",
    "health",
    "check",
    "status",
    "wrong",
    "with",
    "high",
    "slow",
    "default",
    "job",
    "all",
    "restart",
    "cluster",
    "namespace",
];

impl Focus {
    pub fn of(text: &str, snapshot: &Snapshot, graph: &Graph) -> Self {
        let lower = text.to_lowercase();
        let tokens: Vec<&str> =
            lower.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/'))).collect();
        let mut words: BTreeSet<&str> = BTreeSet::new();
        let mut explicit: BTreeSet<&str> = BTreeSet::new();
        for (nth, token) in tokens.iter().enumerate() {
            let parts: Vec<&str> = token.trim_matches(['.', '/', '-']).split('/').collect();
            let after_kind = nth > 0 && is_kind(tokens[nth - 1]);
            for part in &parts {
                let part = part.trim_matches(['.', '-']);
                words.insert(part);
                if parts.len() > 1 || after_kind {
                    explicit.insert(part);
                }
            }
        }
        let named = |name: &str| {
            let name = name.to_lowercase();
            explicit.contains(name.as_str())
                || (name.len() > 2 && !WORDS.contains(&name.as_str()) && words.contains(name.as_str()))
        };

        let mut focus = Focus::default();
        let mut known: BTreeSet<String> = snapshot.of_kind("Namespace").map(|(n, _)| n.name.to_string()).collect();
        known.extend(snapshot.objects.keys().filter(|o| !o.namespace.is_empty()).map(|o| o.namespace.to_string()));
        focus.namespaces = known.into_iter().filter(|n| named(n)).collect();
        for kind in ASKED_KINDS {
            for (object, _) in snapshot.of_kind(kind).filter(|(o, _)| named(&o.name)) {
                focus.objects.insert(graph.workload_of(object));
            }
        }
        // A workload that is not in the inventory is known by its pods.
        if focus.objects.is_empty() {
            for (pod, _) in snapshot.of_kind("Pod") {
                let stem = |cut: usize| pod.name.rsplitn(cut + 1, '-').nth(cut).unwrap_or_default();
                if named(stem(1)) || named(stem(2)) {
                    focus.objects.insert(graph.workload_of(pod));
                }
            }
        }
        focus.named = !focus.is_empty();
        if !focus.named {
            focus.objects = all_there_is(snapshot, graph);
        }
        let spans: BTreeSet<&str> = focus.objects.iter().map(|o| o.namespace.as_str()).collect();
        if !focus.namespaces.is_empty() && focus.namespaces.iter().any(|n| spans.contains(n.as_str())) {
            let namespaces = focus.namespaces.clone();
            focus.objects.retain(|o| o.namespace.is_empty() || namespaces.contains(o.namespace.as_str()));
        }
        focus
    }

    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty() && self.objects.is_empty()
    }

    pub fn in_words(&self) -> String {
        let mut names: Vec<String> = self.objects.iter().map(knowledge::spoken).collect();
        if names.is_empty() {
            names = self.namespaces.iter().map(|n| format!("namespace `{n}`")).collect();
        }
        names.truncate(4);
        names.join(", ")
    }
}

/// With so few workloads in a recording, "this deployment" can mean no other.
const FEW: usize = 2;

/// The workloads of a recording that holds no more than a few: whoever collected it meant these. Where pods were merely
/// listed, it is those whose own objects were collected.
fn all_there_is(snapshot: &Snapshot, graph: &Graph) -> BTreeSet<ObjectRef> {
    let pods = snapshot.of_kind("Pod").map(|(pod, _)| pod);
    let workloads: BTreeSet<ObjectRef> =
        pods.filter(|pod| !of_the_system(pod)).map(|pod| graph.workload_of(pod)).take(8 * FEW).collect();
    if workloads.len() <= FEW {
        return workloads;
    }
    let described: BTreeSet<ObjectRef> = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]
        .into_iter()
        .flat_map(|kind| snapshot.of_kind(kind))
        .map(|(workload, _)| graph.workload_of(workload))
        .filter(|workload| !of_the_system(workload))
        .take(8 * FEW)
        .collect();
    if described.len() > FEW { BTreeSet::new() } else { described }
}

fn of_the_system(object: &ObjectRef) -> bool {
    matches!(&*object.namespace, "kube-system" | "kube-public" | "kube-node-lease")
}

fn is_kind(token: &str) -> bool {
    let token = token.trim_end_matches('s');
    matches!(token, "pvc" | "pv" | "namespace" | "statefulset" | "ingres" | "workload")
        || ASKED_KINDS.iter().any(|k| k.eq_ignore_ascii_case(token))
}
