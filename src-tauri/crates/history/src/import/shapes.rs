//! Secrets, ConfigMaps and what else may hold values: reduced here, never kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Body, CoverageState, ObjectRef};
use serde_json::{Map, Value, json};

use super::files::File;
use super::layout::without_extension;
use super::reading::{Reading, Reason};
use super::{objects, parse};

/// `secrets/<namespace>/<name>[/<key>].json` and `configmaps/…`: what the collectors of these names write.
pub(super) fn collected(
    reading: &mut Reading,
    file: &File,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<(), Reason> {
    let value = parse::documents(&file.path, &file.text())?.into_iter().next().unwrap_or_default();
    if value.get("items").is_some() || value.get("metadata").is_some() {
        return objects::list(reading, file, &format!("{kind}s"), namespace);
    }
    if !value.is_object() {
        return Err("it is not what a collector of Secrets or ConfigMaps writes".into());
    }
    reading.cover(kind, namespace, CoverageState::Partial);
    let exists =
        ["secretExists", "configMapExists", "configmapExists"].into_iter().find_map(|f| value.get(f)?.as_bool());
    if exists == Some(false) {
        return Ok(());
    }
    let own = parse::text_of(&value, "/name");
    let name = if own.is_empty() { without_extension(name) } else { own };
    let mut values: Map<String, Value> = value.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    let key = parse::text_of(&value, "/key");
    if let (false, Some(one)) = (key.is_empty(), value.get("value").and_then(Value::as_str)) {
        values.insert(key.to_owned(), one.into());
    }
    // The collectors write decoded values; the API server's Secrets are encoded.
    if kind == "Secret" {
        for value in values.values_mut() {
            *value = STANDARD.encode(value.as_str().unwrap_or_default()).into();
        }
    }
    let mut object = json!({
        "apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace},
    });
    if !values.is_empty() {
        object["data"] = Value::Object(values);
    }
    objects::object(reading, "v1".into(), kind.to_owned(), namespace, object);
    Ok(())
}

pub(super) fn collected_error(file: &File) -> Result<(), Reason> {
    Err(format!("the collector failed: {}", file.text().lines().next().unwrap_or_default().trim()))
}

/// `cluster-resources/auth-cani-list/<namespace>.json`: what the collecting account was allowed to do.
pub(super) fn rules(reading: &mut Reading, file: &File, name: &str) -> Result<(), Reason> {
    let namespace = ObjectRef::global("Namespace", without_extension(name));
    result(reading, file, "auth can-i --list", Some(namespace))
}

/// `cluster-info/*`: what the API server says of itself.
pub(super) fn cluster_info(reading: &mut Reading, file: &File) -> Result<(), Reason> {
    result(reading, file, "cluster-info", None)
}

fn result(reading: &mut Reading, file: &File, tool: &str, subject: Option<ObjectRef>) -> Result<(), Reason> {
    parse::documents(&file.path, &file.text())?;
    let text = reading.redacted(&file.text());
    reading.note(reading.collected_at, subject, Body::ToolResult { tool: tool.into(), text });
    Ok(())
}

/// Registries and user names of pull secrets. Nothing of them is kept.
pub(super) fn pull_secrets(file: &File) -> Result<(), Reason> {
    Err(format!("known and not used: registries and users of pull secrets ({} bytes)", file.bytes.len()))
}
