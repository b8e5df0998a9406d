mod place;

use serde_json::{Map, Value, json};

use crate::{Doc, ObjectRef};
pub use place::Place;

/// Annotations that repeat the object or say nothing about it.
const NOISY_ANNOTATIONS: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "control-plane.alpha.kubernetes.io/leader",
];

/// Reduces an object to what the workbench keeps: no managed fields, no self links, no copied configuration, no values of
/// ConfigMaps and Secrets (their keys and sizes stay, as `keys`), and of pods and nodes nothing that makes each differ
/// from its siblings without telling anything. Idempotent.
pub fn project(kind: &str, object: &mut Value) {
    let Some(map) = object.as_object_mut() else { return };
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        metadata.remove("selfLink");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|key, _| !NOISY_ANNOTATIONS.contains(&key.as_str()));
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    match kind {
        "ConfigMap" | "Secret" => reduce_values(map),
        "Pod" => reduce_pod(map),
        "Node" => {
            if let Some(status) = map.get_mut("status").and_then(Value::as_object_mut) {
                status.remove("images");
            }
        }
        _ => {}
    }
}

/// Every pod gets a volume with its account's token, under a name of its own.
const TOKEN_VOLUME: &str = "kube-api-access-";
/// Addresses of a pod or its host: the list, and the main one of it.
const ADDRESSES: &[(&str, &str)] = &[("podIPs", "podIP"), ("hostIPs", "hostIP")];

fn is_token(volume: &str) -> bool {
    volume.starts_with(TOKEN_VOLUME)
}

fn reduce_pod(pod: &mut Map<String, Value>) {
    fn retain(map: &mut Map<String, Value>, field: &str, stays: impl FnMut(&Value) -> bool) {
        let Some(list) = map.get_mut(field).and_then(Value::as_array_mut) else { return };
        let before = list.len();
        let mut stays = stays;
        list.retain(&mut stays);
        if list.is_empty() && before > 0 {
            map.remove(field);
        }
    }
    fn maps<'m>(map: &'m mut Map<String, Value>, field: &str) -> impl Iterator<Item = &'m mut Map<String, Value>> {
        let list = map.get_mut(field).and_then(Value::as_array_mut);
        list.into_iter().flatten().filter_map(Value::as_object_mut)
    }
    let token = |named: &Value| named["name"].as_str().is_some_and(is_token);
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        retain(spec, "volumes", |volume| !(token(volume) && volume["projected"].is_object()));
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            for container in maps(spec, list) {
                retain(container, "volumeMounts", |mount| !token(mount));
            }
        }
    }
    let Some(status) = pod.get_mut("status").and_then(Value::as_object_mut) else { return };
    for (all, one) in ADDRESSES {
        let repeats = matches!(status.get(*all).and_then(Value::as_array).map(Vec::as_slice),
            Some([only]) if status.get(*one) == only.get("ip"));
        if repeats {
            status.remove(*all);
        }
    }
    for condition in maps(status, "conditions") {
        condition.retain(|_, value| !value.is_null());
    }
    for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
        for container in maps(status, list) {
            container.remove("containerID");
            // Which volumes are mounted stands in the spec.
            retain(container, "volumeMounts", |mount| !token(mount));
            for state in ["state", "lastState"] {
                let ended = container.get_mut(state).and_then(|state| state.get_mut("terminated"));
                if let Some(ended) = ended.and_then(Value::as_object_mut) {
                    ended.remove("containerID");
                }
            }
        }
    }
}

fn reduce_values(map: &mut Map<String, Value>) {
    let mut keys = map.get("keys").and_then(Value::as_object).cloned().unwrap_or_default();
    for field in ["data", "binaryData", "stringData"] {
        if let Some(Value::Object(values)) = map.remove(field) {
            for (key, value) in values {
                let bytes = value.as_str().map_or(0, str::len);
                keys.insert(key, json!({ "bytes": bytes }));
            }
        }
    }
    map.insert("keys".into(), Value::Object(keys));
}

/// The controlling owner of an object, if it has one.
pub fn controller_of(namespace: &str, object: &Doc) -> Option<ObjectRef> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners.iter().find(|o| o["controller"] == true).or_else(|| owners.first())?;
    let kind = crate::qualified_kind(owner["apiVersion"].as_str().unwrap_or(""), owner["kind"].as_str()?);
    let namespace = if kind == "Node" { "" } else { namespace };
    Some(ObjectRef::new(kind, namespace, owner["name"].as_str()?))
}

/// An object's labels as pairs; empty where it has none.
pub fn labels(object: &Doc) -> impl Iterator<Item = (&str, &str)> {
    object
        .pointer("/metadata/labels")
        .and_then(Doc::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_each_pod_differ_and_tells_nothing_is_not_kept() {
        let mut pod = json!({
            "metadata": {"name": "cart-0", "managedFields": [{"manager": "kubelet"}]},
            "spec": {
                "volumes": [{"name": "data", "emptyDir": {}}, {"name": "kube-api-access-7xk2p", "projected": {"sources": []}}],
                "containers": [{"name": "app", "volumeMounts": [{"name": "kube-api-access-7xk2p", "mountPath": "/var/run"}]}]},
            "status": {
                "podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}], "hostIP": "10.1.0.1", "hostIPs": [{"ip": "fd00::1"}],
                "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null}],
                "containerStatuses": [{"name": "app", "containerID": "containerd://1", "restartCount": 2,
                    "lastState": {"terminated": {"exitCode": 137, "containerID": "containerd://0"}}}]}});
        project("Pod", &mut pod);
        let kept = json!({
            "metadata": {"name": "cart-0"},
            "spec": {"volumes": [{"name": "data", "emptyDir": {}}], "containers": [{"name": "app"}]},
            "status": {
                "podIP": "10.0.0.7", "hostIP": "10.1.0.1", "hostIPs": [{"ip": "fd00::1"}],
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "restartCount": 2, "lastState": {"terminated": {"exitCode": 137}}}]}});
        assert_eq!(pod, kept);
        let once = pod.clone();
        project("Pod", &mut pod);
        assert_eq!(pod, once);
    }
}
