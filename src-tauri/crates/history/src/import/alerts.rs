use std::collections::BTreeMap;

use model::{AlertBody, AlertState, Body, ObjectRef};
use serde_json::Value;

use super::files::File;
use super::parse;
use super::reading::{Reading, Reason};

/// `alerts.json`: Alertmanager's `/api/v2/alerts`, or Prometheus' `/api/v1/alerts`.
pub(super) fn list(reading: &mut Reading, file: &File) -> Result<(), Reason> {
    let document = parse::documents(&file.path, &file.text())?.into_iter().next().unwrap_or_default();
    let alerts = [Some(&document), document.pointer("/data/alerts"), document.get("data"), document.get("alerts")]
        .into_iter()
        .flatten()
        .find_map(Value::as_array)
        .ok_or("it is not a list of alerts")?;
    for alert in alerts {
        let labels = texts(reading, &alert["labels"]);
        let Some(name) = labels.get("alertname").cloned() else { continue };
        let starts_at = ["startsAt", "activeAt"].into_iter().find_map(|f| parse::time(alert.get(f)?));
        let starts_at = starts_at.unwrap_or(reading.collected_at);
        let ends_at = alert.get("endsAt").and_then(parse::time);
        let state = match alert.pointer("/status/state").or(alert.get("state")).and_then(Value::as_str) {
            Some("suppressed") => AlertState::Suppressed,
            Some("resolved" | "inactive") => AlertState::Resolved,
            _ if ends_at.is_some_and(|end| end < reading.collected_at) => AlertState::Resolved,
            _ => AlertState::Firing,
        };
        let subject = subject_of(reading, &labels);
        let body = AlertBody {
            name,
            state,
            severity: labels.get("severity").cloned().unwrap_or_default(),
            annotations: texts(reading, &alert["annotations"]),
            labels,
            starts_at,
            ends_at,
        };
        reading.note(starts_at, subject, Body::Alert(body));
    }
    Ok(())
}

fn texts(reading: &Reading, map: &Value) -> BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| {
            (key.clone(), reading.redacted(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        })
        .collect()
}

/// Which label names which kind, most specific first.
const BY_LABEL: &[(&str, &str)] = &[
    ("pod", "Pod"),
    ("pod_name", "Pod"),
    ("kube_pod", "Pod"),
    ("deployment", "Deployment"),
    ("kube_deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("kube_statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("kube_daemon_set", "DaemonSet"),
    ("job_name", "Job"),
    ("cronjob", "CronJob"),
    ("replicaset", "ReplicaSet"),
    ("kube_replicaset", "ReplicaSet"),
    ("horizontalpodautoscaler", "HorizontalPodAutoscaler"),
    ("persistentvolumeclaim", "PersistentVolumeClaim"),
    ("persistentvolume", "PersistentVolume"),
    ("ingress", "Ingress"),
    ("service", "Service"),
    ("node", "Node"),
    ("kube_node", "Node"),
];

/// Kinds of workloads, as an alert's words may mean any of them.
const ANY: &[&str] =
    &["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "Pod", "ReplicaSet", "Node"];

fn subject_of(reading: &Reading, labels: &BTreeMap<String, String>) -> Option<ObjectRef> {
    let namespace = ["namespace", "kube_namespace", "exported_namespace"].into_iter().find_map(|key| labels.get(key));
    let namespace = namespace.map(String::as_str);
    if let Some(name) =
        ["workload_name", "workload", "app", "app_kubernetes_io_name"].into_iter().find_map(|k| labels.get(k))
        && let Some(object) = reading.find(name, namespace, ANY)
    {
        return Some(object);
    }
    for (label, kind) in BY_LABEL {
        let Some(name) = labels.get(*label) else { continue };
        if let Some(object) = reading.find(name, namespace, &[kind]) {
            return Some(object);
        }
        if *kind == "Node" || *kind == "PersistentVolume" {
            return Some(ObjectRef::global(*kind, name));
        }
        // `service` may as well mean the workload; a kind that the label names stands even when it was not listed.
        if *kind == "Service"
            && let Some(object) = reading.find(name, namespace, ANY)
        {
            return Some(object);
        }
        if let Some(namespace) = namespace {
            return Some(ObjectRef::new(*kind, namespace, name));
        }
        if let Some(object) = reading.find(name, None, &[kind]) {
            return Some(object);
        }
    }
    namespace.map(|namespace| ObjectRef::global("Namespace", namespace))
}
