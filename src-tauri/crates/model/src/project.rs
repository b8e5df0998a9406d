use serde_json::{Map, Value, json};

use crate::{Doc, ObjectRef};

/// Annotations that repeat the object or say nothing about it.
const NOISY_ANNOTATIONS: &[&str] = &[
    "kubectl.kubernetes.io/last-applied-configuration",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "control-plane.alpha.kubernetes.io/leader",
];

/// Reduces an object to what the workbench keeps: no managed fields, no self links, no copied configuration, no values of
/// ConfigMaps and Secrets (their keys and sizes stay, as `keys`). Idempotent.
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
    if matches!(kind, "ConfigMap" | "Secret") {
        reduce_values(map);
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
