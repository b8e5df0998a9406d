//! What a pod spec refers to.

use std::collections::BTreeMap;

use model::Doc;

/// The pod template of a workload object, where its kind has one.
pub fn template_of<'a>(kind: &str, object: &'a Doc) -> Option<&'a Doc> {
    match kind {
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template"),
        "Pod" => None,
        _ => object.pointer("/spec/template"),
    }
}

/// The pod spec that an object is or carries.
pub fn pod_spec_of<'a>(kind: &str, object: &'a Doc) -> Option<&'a Doc> {
    if kind == "Pod" { object.get("spec") } else { template_of(kind, object)?.get("spec") }
}

/// Containers and init containers of a pod spec, init containers first.
pub fn containers(pod_spec: &Doc) -> impl Iterator<Item = (&Doc, bool)> {
    let list = |field: &str| pod_spec.get(field).and_then(Doc::as_array).unwrap_or(&[]);
    list("initContainers").iter().map(|c| (c, true)).chain(list("containers").iter().map(|c| (c, false)))
}

/// One use of a ConfigMap or Secret by a pod spec.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigUse {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    pub name: String,
    /// The key that is asked for; `None` for the whole object.
    pub key: Option<String>,
    pub optional: bool,
    /// `env`, `volume`, `projected`, `image_pull`.
    pub used_as: &'static str,
    /// The container, empty for volumes of the pod and pull secrets.
    pub container: String,
    /// The variable or the volume.
    pub target: String,
}

fn text<'a>(value: &'a Doc, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Doc::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Doc, pointer: &str) -> &'a [Doc] {
    value.pointer(pointer).and_then(Doc::as_array).unwrap_or(&[])
}

/// Every ConfigMap and Secret that a pod spec names. The service account's own token and the root certificate that
/// Kubernetes adds to every pod are left out.
pub fn config_uses(pod_spec: &Doc) -> Vec<ConfigUse> {
    let mut uses = Vec::new();
    for (container, _) in containers(pod_spec) {
        from_container(container, &mut uses);
    }
    for volume in list(pod_spec, "/volumes") {
        from_volume(volume, &mut uses);
    }
    for secret in list(pod_spec, "/imagePullSecrets") {
        push(&mut uses, "Secret", text(secret, "/name"), None, true, "image_pull", "", "");
    }
    uses
}

#[expect(clippy::too_many_arguments, reason = "one call site per field of the spec reads best in a row")]
fn push(
    uses: &mut Vec<ConfigUse>,
    kind: &'static str,
    name: &str,
    key: Option<&str>,
    optional: bool,
    used_as: &'static str,
    container: &str,
    target: &str,
) {
    if !name.is_empty() && name != "kube-root-ca.crt" {
        uses.push(ConfigUse {
            kind,
            name: name.to_owned(),
            key: key.map(str::to_owned),
            optional,
            used_as,
            container: container.to_owned(),
            target: target.to_owned(),
        });
    }
}

fn from_container(container: &Doc, uses: &mut Vec<ConfigUse>) {
    let name = text(container, "/name");
    for variable in list(container, "/env") {
        for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
            if let Some(reference) = variable.pointer(&format!("/valueFrom/{field}")) {
                let key = reference.get("key").and_then(Doc::as_str);
                let optional = reference["optional"] == true;
                push(uses, kind, text(reference, "/name"), key, optional, "env", name, text(variable, "/name"));
            }
        }
    }
    for source in list(container, "/envFrom") {
        for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            if let Some(reference) = source.get(field) {
                let optional = reference["optional"] == true;
                push(uses, kind, text(reference, "/name"), None, optional, "env", name, "");
            }
        }
    }
}

fn from_volume(volume: &Doc, uses: &mut Vec<ConfigUse>) {
    let target = text(volume, "/name");
    let mut source = |source: &Doc, used_as: &'static str| {
        for (field, name_field, kind) in [("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret")] {
            let Some(reference) = source.get(field) else { continue };
            let named = reference.get(name_field).or_else(|| reference.get("name")).and_then(Doc::as_str);
            let optional = reference["optional"] == true;
            let items = list(reference, "/items");
            if items.is_empty() {
                push(uses, kind, named.unwrap_or(""), None, optional, used_as, "", target);
            }
            for item in items {
                let key = item.get("key").and_then(Doc::as_str);
                push(uses, kind, named.unwrap_or(""), key, optional, used_as, "", target);
            }
        }
    };
    source(volume, "volume");
    for projected in list(volume, "/projected/sources") {
        source(projected, "projected");
    }
}

/// Environment variables with a literal value, by container: (container, variable, value), `$(NAME)` references to
/// earlier variables of the same container resolved.
pub(crate) fn literal_env(pod_spec: &Doc) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (container, _) in containers(pod_spec) {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for variable in list(container, "/env") {
            let (name, Some(value)) = (text(variable, "/name"), variable.get("value").and_then(Doc::as_str)) else {
                continue;
            };
            let mut value = value.to_owned();
            if value.contains("$(") {
                for (known, replacement) in &known {
                    value = value.replace(&format!("$({known})"), replacement);
                }
            }
            known.insert(name.to_owned(), value.clone());
            found.push((text(container, "/name").to_owned(), name.to_owned(), value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_of_naming_configuration_is_found() {
        let spec = json!({
            "imagePullSecrets": [{"name": "pull"}],
            "containers": [{"name": "app",
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s1", "key": "k", "optional": true}}}],
                "envFrom": [{"configMapRef": {"name": "c1"}}]}],
            "volumes": [
                {"name": "v", "secret": {"secretName": "s2", "items": [{"key": "tls.crt"}]}},
                {"name": "p", "projected": {"sources": [{"configMap": {"name": "c2"}}, {"configMap": {"name": "kube-root-ca.crt"}}]}}]
        });
        let uses = config_uses(&spec.into());
        let names: Vec<(&str, &str, bool)> = uses.iter().map(|u| (u.used_as, u.name.as_str(), u.optional)).collect();
        assert_eq!(
            names,
            [
                ("env", "s1", true),
                ("env", "c1", false),
                ("volume", "s2", false),
                ("projected", "c2", false),
                ("image_pull", "pull", true)
            ]
        );
        assert_eq!(uses[2].key.as_deref(), Some("tls.crt"));
    }

    #[test]
    fn variables_may_refer_to_earlier_variables() {
        let spec = json!({"containers": [{"name": "app", "env": [
            {"name": "HOST", "value": "db"}, {"name": "URL", "value": "postgres://$(HOST):5432/x"}]}]});
        assert_eq!(literal_env(&spec.into())[1].2, "postgres://db:5432/x");
    }
}
