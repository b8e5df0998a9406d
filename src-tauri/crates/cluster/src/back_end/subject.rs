//! The object that labels of a series or of an alert speak of.

use std::collections::BTreeMap;

use model::{ObjectRef, Snapshot};

type Labels = BTreeMap<String, String>;

/// Programs that tell of other objects. What is in their own place in the labels (their pod, their container) is the
/// target that was scraped and not what the series is about.
const OBJECTS: &str = "kube-state-metrics";
const NODES: &str = "node-exporter";

const POD: &[&str] = &["exported_pod", "pod", "pod_name", "kubernetes_pod_name", "k8s_pod_name"];

/// kube-state-metrics' names of kinds in namespaces, and those of OpenTelemetry; the more particular first.
const NAMED: &[(&str, &[&str])] = &[
    ("PersistentVolumeClaim", &["persistentvolumeclaim"]),
    ("HorizontalPodAutoscaler", &["horizontalpodautoscaler", "hpa"]),
    ("PodDisruptionBudget", &["poddisruptionbudget"]),
    ("ResourceQuota", &["resourcequota"]),
    ("Job", &["job_name", "k8s_job_name"]),
    ("CronJob", &["cronjob", "k8s_cronjob_name"]),
    ("Deployment", &["deployment", "k8s_deployment_name"]),
    ("StatefulSet", &["statefulset", "k8s_statefulset_name"]),
    ("DaemonSet", &["daemonset", "k8s_daemonset_name"]),
    ("ReplicaSet", &["replicaset", "k8s_replicaset_name"]),
];

/// The object; `None` where the labels name none but the program that was scraped.
pub(crate) fn subject_of(labels: &Labels) -> Option<ObjectRef> {
    let namespace = label(labels, &["exported_namespace", "namespace", "kubernetes_namespace", "k8s_namespace_name"]);
    let within = |kind: &str, name: Option<&str>| Some(ObjectRef::new(kind, namespace?, name?));
    let pod = label(labels, POD).filter(|_| !tells_of_its_exporter(labels));
    let named = NAMED.iter().find_map(|(kind, names)| Some((*kind, label(labels, names)?)));
    let found = match (named, pod) {
        // What is told of a workload's pod is told of the pod; what one pod tells of a workload is not.
        (Some((kind, name)), Some(pod)) if has_pods(kind) && is_of(pod, name) => within("Pod", Some(pod)),
        (Some((kind, name)), _) => within(kind, Some(name)),
        (None, pod) => within("Pod", pod),
    };
    let scraped = [OBJECTS, NODES].iter().any(|exporter| is_by(labels, exporter));
    found
        .or_else(|| Some(ObjectRef::global("PersistentVolume", label(labels, &["persistentvolume"])?)))
        .or_else(|| Some(ObjectRef::global("Node", label(labels, &["node", "k8s_node_name"])?)))
        .or_else(|| within("Service", label(labels, &["destination_service_name", "exported_service"])))
        .or_else(|| within("Service", label(labels, &["service"]).filter(|_| !scraped)))
        .or_else(|| namespace.filter(|_| !is_by(labels, NODES)).map(|name| ObjectRef::global("Namespace", name)))
}

/// The node that an exporter's series are about where no label says it: the one that its pod runs on, or the one whose
/// address was scraped.
pub(super) fn node_of_exporter(labels: &Labels, snapshot: &Snapshot) -> Option<ObjectRef> {
    if !is_by(labels, NODES) || label(labels, &["node"]).is_some() {
        return None;
    }
    let pod = label(labels, &["pod"]).zip(label(labels, &["namespace"]));
    let by_pod = pod.and_then(|(pod, namespace)| {
        let held = snapshot.get(&ObjectRef::new("Pod", namespace, pod))?;
        Some(ObjectRef::global("Node", held.object.pointer("/spec/nodeName")?.as_str()?))
    });
    by_pod.or_else(|| {
        let instance = label(labels, &["instance"])?;
        let host = instance.rsplit_once(':').map_or(instance, |(host, _)| host).trim_matches(['[', ']']);
        let node = snapshot.of_kind("Node").find(|(node, held)| {
            let addresses = held.object.pointer("/status/addresses").and_then(|list| list.as_array());
            node.name == host || addresses.into_iter().flatten().any(|at| at["address"].as_str() == Some(host))
        });
        node.map(|(node, _)| node.clone())
    })
}

/// Whether the pod in the labels is the exporter that was scraped. A pod that kube-state-metrics tells of comes with its
/// own container, or with none after a sum; only the exporter's is named like its job.
fn tells_of_its_exporter(labels: &Labels) -> bool {
    if label(labels, &["exported_pod"]).is_some() {
        return false;
    }
    let container = label(labels, &["container"]).unwrap_or_default();
    // What node-exporter tells is never of a pod.
    is_by(labels, NODES) || (is_by(labels, OBJECTS) && container.contains(OBJECTS))
        // Its own namespace was renamed aside, its pod was not: there was none to rename.
        || (labels.contains_key("exported_namespace") && labels.contains_key("pod"))
}

/// Whether this exporter was scraped for it.
fn is_by(labels: &Labels, exporter: &str) -> bool {
    let names = ["job", "app_kubernetes_io_name", "app"];
    names.iter().any(|name| label(labels, &[name]).is_some_and(|value| value.contains(exporter)))
}

fn has_pods(kind: &str) -> bool {
    matches!(kind, "Job" | "CronJob" | "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
}

fn is_of(pod: &str, owner: &str) -> bool {
    pod.strip_prefix(owner).is_some_and(|rest| rest.starts_with('-'))
}

fn label<'l>(labels: &'l Labels, names: &[&str]) -> Option<&'l str> {
    names.iter().find_map(|name| labels.get(*name).map(String::as_str).filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests;
