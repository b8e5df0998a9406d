use model::{Doc, ObjectRef, Snapshot};

fn number(value: &Doc, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Doc::as_i64)
}

fn text<'a>(value: &'a Doc, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Doc::as_str)
}

/// A few words for the state of an object, the ones kubectl would use.
pub(crate) fn status(snapshot: &Snapshot, object: &ObjectRef) -> String {
    let Some(held) = snapshot.get(object) else {
        return if snapshot.deleted.contains_key(object) { "gone".into() } else { "not seen".into() };
    };
    let value = &held.object;
    match object.kind.as_str() {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            let wanted = number(value, "/spec/replicas").unwrap_or(1);
            let ready = number(value, "/status/readyReplicas").unwrap_or(0);
            format!("{ready}/{wanted} ready")
        }
        "DaemonSet" => {
            let wanted = number(value, "/status/desiredNumberScheduled").unwrap_or(0);
            let ready = number(value, "/status/numberReady").unwrap_or(0);
            format!("{ready}/{wanted} ready")
        }
        "Pod" => pod(value),
        "Node" => node(value),
        "Job" => match (number(value, "/status/succeeded"), number(value, "/status/failed")) {
            (Some(n), _) if n > 0 => "complete".into(),
            (_, Some(n)) if n > 0 => format!("{n} failed"),
            _ => "running".into(),
        },
        "PersistentVolumeClaim" | "PersistentVolume" | "Namespace" => {
            text(value, "/status/phase").unwrap_or("present").to_owned()
        }
        "Service" => text(value, "/spec/type").unwrap_or("ClusterIP").to_owned(),
        "ConfigMap" | "Secret" => {
            let keys = value.get("keys").and_then(Doc::as_object).map_or(0, |keys| keys.len());
            format!("{keys} {}", if keys == 1 { "key" } else { "keys" })
        }
        _ => "present".into(),
    }
}

fn pod(value: &Doc) -> String {
    let phase = text(value, "/status/phase").unwrap_or("Unknown");
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .filter_map(|pointer| value.pointer(pointer).and_then(Doc::as_array))
        .flatten();
    for container in statuses {
        if let Some(reason) = text(container, "/state/waiting/reason").filter(|r| *r != "PodInitializing") {
            return reason.to_owned();
        }
        let ended = text(container, "/state/terminated/reason");
        if let Some(reason) = ended.filter(|r| *r != "Completed") {
            return reason.to_owned();
        }
    }
    if let Some(reason) = text(value, "/status/reason") {
        return reason.to_owned();
    }
    let ready = value
        .pointer("/status/conditions")
        .and_then(Doc::as_array)
        .is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"));
    if phase == "Running" && !ready { "not ready".into() } else { phase.to_owned() }
}

fn node(value: &Doc) -> String {
    let ready = value
        .pointer("/status/conditions")
        .and_then(Doc::as_array)
        .and_then(|conditions| conditions.iter().find(|c| c["type"] == "Ready").and_then(|c| c["status"].as_str()));
    let word = match ready {
        Some("True") => "Ready",
        Some("False") => "NotReady",
        Some(_) => "Unknown",
        None => "present",
    };
    if value.pointer("/spec/unschedulable").is_some_and(|cordoned| *cordoned == true) {
        format!("{word}, cordoned")
    } else {
        word.to_owned()
    }
}
