use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use model::{Body, ObjectRef};
use redact::Redactor;
use serde_json::{Map, Value, json};

use super::{Answer, segment};
use crate::{Connection, ReadError};

/// A release that unpacks to more is not taken into memory; charts are far smaller.
const MOST_UNPACKED: u64 = 64 << 20;
/// A value that is shorter is also an ordinary word or number, and is masked only where it stands alone.
const SHORTEST_INSIDE: usize = 8;
const MASK: &str = "[redacted: secret]";

/// The Secret in which Helm keeps a revision of a release.
pub(crate) fn secret_of(namespace: &str, release: &str, revision: u64) -> ObjectRef {
    ObjectRef::new("Secret", namespace, format!("sh.helm.release.v1.{release}.v{revision}"))
}

impl Connection {
    /// One revision of a Helm release: chart, values, hooks and manifest, redacted before it leaves this function.
    pub(crate) async fn helm_release(&self, namespace: &str, release: &str, revision: u64) -> Answer {
        let secret = secret_of(namespace, release, revision);
        let what = format!("revision {revision} of the Helm release `{namespace}/{release}`");
        let path = format!("/api/v1/namespaces/{}/secrets/{}", segment(namespace), segment(&secret.name));
        let value = self.inner.get_json(&path).await.map_err(|trouble| trouble.reading(&what))?;
        let told = told(&value, &self.inner.redactor).map_err(|why| ReadError::Failed {
            what,
            why: why.into(),
            hint: "Look at it with `helm get all`; it may be of a version of Helm that keeps releases otherwise."
                .into(),
        })?;
        drop(value);
        let body = Body::ToolResult { tool: "helm_release".into(), text: told.to_string() };
        Ok(vec![self.inner.read_now(secret, body)])
    }
}

/// What may be kept and shown of a release. Errors never quote it.
fn told(secret: &Value, redactor: &Redactor) -> Result<Value, &'static str> {
    let packed = secret["data"]["release"].as_str().ok_or("its Secret holds no release")?;
    let mut release = unpacked(packed)?;
    let manifest = documents(release["manifest"].as_str().unwrap_or_default());
    let hooks = release["hooks"].as_array().cloned().unwrap_or_default();
    let hook_documents: Vec<Vec<Value>> =
        hooks.iter().map(|hook| documents(hook["manifest"].as_str().unwrap_or_default())).collect();

    let mut secrets = Vec::new();
    for document in manifest.iter().chain(hook_documents.iter().flatten()) {
        values_of_secret(document, &mut secrets);
    }
    let shown = |mut value: Value| {
        without_values(&mut value);
        mask(&mut value, &secrets);
        redactor.json(&mut value);
        value
    };
    let text = |value: &Value| {
        let mut value = value.clone();
        mask(&mut value, &secrets);
        redactor.text(value.as_str().unwrap_or_default()).into_string()
    };
    let (info, metadata) = (release["info"].take(), release["chart"]["metadata"].take());
    let hooks: Vec<Value> = hooks
        .iter()
        .zip(hook_documents)
        .map(|(hook, documents)| {
            json!({
                "name": hook["name"], "kind": hook["kind"], "events": hook["events"],
                "weight": hook["weight"], "delete_policies": hook["delete_policies"],
                "phase": hook["last_run"]["phase"],
                "manifest": documents.into_iter().map(&shown).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(json!({
        "name": release["name"], "namespace": release["namespace"], "revision": release["version"],
        "status": info["status"], "description": text(&info["description"]),
        "first_deployed": info["first_deployed"], "last_deployed": info["last_deployed"],
        "chart": {"name": metadata["name"], "version": metadata["version"], "app_version": metadata["appVersion"]},
        "values": shown(release["config"].take()),
        "hooks": hooks,
        "manifest": manifest.into_iter().map(shown).collect::<Vec<_>>(),
    }))
}

/// Kubernetes' base64 around Helm's base64 around gzip around JSON.
fn unpacked(packed: &str) -> Result<Value, &'static str> {
    let helms = STANDARD.decode(packed.trim()).map_err(|_| "its Secret is not base64")?;
    let gzipped = STANDARD.decode(helms.trim_ascii()).map_err(|_| "it is not packed as Helm packs releases")?;
    let mut text = Vec::new();
    GzDecoder::new(gzipped.as_slice())
        .take(MOST_UNPACKED + 1)
        .read_to_end(&mut text)
        .map_err(|_| "it does not unpack")?;
    if text.len() as u64 > MOST_UNPACKED {
        return Err("it unpacks to more than 64 MiB");
    }
    let release: Value = serde_json::from_slice(&text).map_err(|_| "what is packed in it is not JSON")?;
    if release.is_object() && release["chart"].is_object() {
        Ok(release)
    } else {
        Err("what is packed in it is no release")
    }
}

/// The objects of a manifest. A document that is not YAML is replaced by a mark: nobody knows what is in it.
fn documents(manifest: &str) -> Vec<Value> {
    let mut documents = Vec::new();
    let mut text = String::new();
    for line in manifest.lines().chain(["---"]) {
        if line.trim_end() != "---" {
            text.push_str(line);
            text.push('\n');
            continue;
        }
        let whole = std::mem::take(&mut text);
        if whole.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        match serde_saphyr::from_str::<Value>(&whole) {
            Ok(Value::Object(object)) => documents.push(Value::Object(object)),
            Ok(_) | Err(_) => documents.push(json!({"kind": "[redacted: a part that is not YAML]"})),
        }
    }
    documents
}

fn is_secret(object: &Value) -> bool {
    object["kind"] == "Secret"
}

fn values_of_secret(object: &Value, values: &mut Vec<String>) {
    if object["kind"] == "List" {
        object["items"].as_array().into_iter().flatten().for_each(|item| values_of_secret(item, values));
    }
    if !is_secret(object) {
        return;
    }
    for (field, encoded) in [("data", true), ("stringData", false)] {
        for value in object[field].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()) {
            let decoded = encoded.then(|| STANDARD.decode(value.trim()).ok()).flatten();
            values.extend(decoded.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !text.is_empty()));
            if !value.is_empty() {
                values.push(value.to_owned());
            }
        }
    }
}

/// Secrets keep their keys, ConfigMaps too; neither a value.
fn without_values(object: &mut Value) {
    if object["kind"] == "List"
        && let Some(items) = object.get_mut("items").and_then(Value::as_array_mut)
    {
        items.iter_mut().for_each(without_values);
    }
    if !is_secret(object) {
        return;
    }
    for field in ["data", "stringData"] {
        if let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) {
            values.iter_mut().for_each(|(_, value)| *value = MASK.into());
        }
    }
}

/// Takes the values of the release's own Secrets out of everything else: charts copy them from their values.
fn mask(value: &mut Value, secrets: &[String]) {
    match value {
        Value::String(text) => {
            if secrets.iter().any(|secret| secret == text) {
                *text = MASK.to_owned();
                return;
            }
            for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST_INSIDE) {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), MASK);
                }
            }
        }
        Value::Number(number) if secrets.contains(&number.to_string()) => *value = MASK.into(),
        Value::Array(list) => list.iter_mut().for_each(|one| mask(one, secrets)),
        Value::Object(map) => masked(map, secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn masked(map: &mut Map<String, Value>, secrets: &[String]) {
    map.iter_mut().for_each(|(_, value)| mask(value, secrets));
}

#[cfg(test)]
mod tests;
