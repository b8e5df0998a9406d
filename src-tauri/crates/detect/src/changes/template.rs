//! The difference of two pod specs, in the words of people.

use model::Doc;

use crate::json::{list, text};
use crate::quantity;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// `image`, `env`, `resources`, `probes`, `command`, `volumes`, `scheduling`, `service_account`, `security`, `ports`, …
    pub what: &'static str,
    pub container: String,
    /// The field or variable.
    pub field: String,
    pub from: String,
    pub to: String,
}

impl Difference {
    pub(crate) fn plain(what: &'static str, field: &str, from: String, to: String) -> Self {
        Difference { what, container: String::new(), field: field.to_owned(), from, to }
    }

    pub(crate) fn shown(&self) -> String {
        let value = |text: &str| if text.is_empty() { "nothing".to_owned() } else { crate::json::short(text, 80) };
        if self.from.is_empty() && self.to.is_empty() {
            format!("{} {}", self.what, self.field)
        } else {
            format!(
                "{} from {} to {}",
                if self.field.is_empty() { self.what } else { &self.field },
                value(&self.from),
                value(&self.to)
            )
        }
    }

    pub(crate) fn only_tag(&self) -> bool {
        let (a, b) = (crate::images::Image::parse(&self.from), crate::images::Image::parse(&self.to));
        a.registry == b.registry && a.repository == b.repository
    }

    pub(crate) fn is_lowered(&self) -> bool {
        quantity::parse(&self.from).zip(quantity::parse(&self.to)).is_some_and(|(a, b)| b < a)
    }
}

/// Names whose values are not shown.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "secret", "token", "key", "credential", "auth", "dsn"].iter().any(|w| name.contains(w))
}

fn json(value: Option<&Doc>) -> String {
    match value {
        None => String::new(),
        Some(null) if null.is_null() => String::new(),
        Some(other) => other.as_str().map_or_else(|| other.to_string(), str::to_owned),
    }
}

pub(crate) fn differences(before: &Doc, after: &Doc) -> Vec<Difference> {
    let mut all = Vec::new();
    for field in ["/containers", "/initContainers"] {
        let (old, new) = (list(before, field), list(after, field));
        for container in new {
            let name = text(container, "/name");
            match old.iter().find(|c| text(c, "/name") == name) {
                Some(was) => of_container(name, was, container, &mut all),
                None if !old.is_empty() || field == "/initContainers" && !list(before, "/containers").is_empty() => {
                    all.push(Difference::plain(
                        "spec",
                        &format!("container {name}"),
                        String::new(),
                        text(container, "/image").to_owned(),
                    ));
                }
                None => {}
            }
        }
    }
    for (pointer, what) in [
        ("/nodeSelector", "scheduling"),
        ("/affinity", "scheduling"),
        ("/tolerations", "scheduling"),
        ("/topologySpreadConstraints", "scheduling"),
        ("/schedulerName", "scheduling"),
        ("/nodeName", "scheduling"),
        ("/priorityClassName", "scheduling"),
        ("/volumes", "volumes"),
        ("/serviceAccountName", "service_account"),
        ("/securityContext", "security"),
        ("/imagePullSecrets", "image"),
        ("/dnsPolicy", "dns"),
        ("/dnsConfig", "dns"),
        ("/hostNetwork", "spec"),
    ] {
        let (a, b) = (before.pointer(pointer), after.pointer(pointer));
        if a != b {
            all.push(Difference::plain(what, pointer.trim_start_matches('/'), json(a), json(b)));
        }
    }
    all
}

fn of_container(name: &str, before: &Doc, after: &Doc, all: &mut Vec<Difference>) {
    let mut push = |what, field: &str, from: String, to: String| {
        all.push(Difference { what, container: name.to_owned(), field: field.to_owned(), from, to });
    };
    if text(before, "/image") != text(after, "/image") {
        push("image", "image", text(before, "/image").to_owned(), text(after, "/image").to_owned());
    }
    for part in ["limits", "requests"] {
        for resource in ["cpu", "memory", "ephemeral-storage", "nvidia.com/gpu"] {
            let value =
                |object: &Doc| json(object.get("resources").and_then(|r| r.get(part)).and_then(|p| p.get(resource)));
            if value(before) != value(after) {
                push("resources", &format!("{part}.{resource}"), value(before), value(after));
            }
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if before.get(probe) != after.get(probe) {
            push("probes", probe, json(before.get(probe)), json(after.get(probe)));
        }
    }
    let env = |object: &Doc, variable: &str| -> String {
        let found = list(object, "/env").iter().find(|e| text(e, "/name") == variable);
        match found {
            None => String::new(),
            Some(_) if is_secret(variable) => "(not shown)".to_owned(),
            Some(e) => e.get("valueFrom").map_or_else(|| crate::addresses::mask(text(e, "/value")), Doc::to_string),
        }
    };
    let mut names: Vec<&str> =
        list(before, "/env").iter().chain(list(after, "/env")).map(|e| text(e, "/name")).collect();
    names.sort_unstable();
    names.dedup();
    for variable in names {
        let raw = |object: &Doc| list(object, "/env").iter().find(|e| text(e, "/name") == variable).cloned();
        if raw(before) != raw(after) {
            push("env", variable, env(before, variable), env(after, variable));
        }
    }
    for (field, what) in [
        ("envFrom", "env"),
        ("command", "command"),
        ("args", "command"),
        ("volumeMounts", "volumes"),
        ("ports", "ports"),
        ("securityContext", "security"),
        ("lifecycle", "spec"),
        ("workingDir", "command"),
    ] {
        if before.get(field) != after.get(field) {
            push(what, field, json(before.get(field)), json(after.get(field)));
        }
    }
}
