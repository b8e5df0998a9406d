//! What differs between two versions of an object.

use model::ShownField;
use serde_json::Value;

use crate::answer::{short, yaml};

/// Fields that change without anybody changing anything.
const OF_NO_INTEREST: &[&str] = &[
    "/status",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/managedFields",
    "/metadata/uid",
    "/metadata/creationTimestamp",
    "/metadata/annotations/deployment.kubernetes.io~1revision",
];

/// A field that differs, in JSON Pointer's words, with both values (`None`: not there).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub path: String,
    pub from: Option<Value>,
    pub to: Option<Value>,
}

impl Field {
    pub fn told(&self) -> String {
        let words = |value: &Option<Value>| match value {
            None => "nothing".to_owned(),
            Some(Value::String(text)) => short(&format!("`{text}`"), 120),
            Some(value) => short(&value.to_string(), 120),
        };
        format!("{}: {} → {}", self.path.trim_start_matches('/').replace('/', "."), words(&self.from), words(&self.to))
    }
}

/// What somebody changed between two versions, outermost fields first, in the order of the newer one.
pub(crate) fn fields(before: &Value, after: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    walk(String::new(), before, after, &mut found);
    found
}

fn walk(path: String, before: &Value, after: &Value, found: &mut Vec<Field>) {
    if before == after || OF_NO_INTEREST.contains(&path.as_str()) {
        return;
    }
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let gone = a.keys().filter(|key| !b.contains_key(*key));
            for key in b.keys().chain(gone) {
                let below = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                step(below, a.get(key), b.get(key), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
            if a.iter().chain(b).all(|one| name(one).is_some()) {
                // Containers, variables, ports: their names say which is which.
                let of = |list: &[Value], wanted: &str| {
                    list.iter().find(|one| name(one).as_deref() == Some(wanted)).cloned()
                };
                let mut names: Vec<String> = b.iter().chain(a).filter_map(name).collect();
                let mut seen = std::collections::BTreeSet::new();
                names.retain(|n| seen.insert(n.clone()));
                for wanted in names {
                    step(format!("{path}[{wanted}]"), of(a, &wanted).as_ref(), of(b, &wanted).as_ref(), found);
                }
            } else {
                found.push(Field { path, from: Some(before.clone()), to: Some(after.clone()) });
            }
        }
        _ => found.push(Field { path, from: Some(before.clone()), to: Some(after.clone()) }),
    }
}

fn step(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Field>) {
    match (before, after) {
        (Some(before), Some(after)) => walk(path, before, after, found),
        (from, to) if !OF_NO_INTEREST.contains(&path.as_str()) => {
            found.push(Field { path, from: from.cloned(), to: to.cloned() });
        }
        _ => {}
    }
}

/// Changed fields as a diff: each under its place, what goes and what comes.
pub(crate) fn rendered(name: &str, fields: &[ShownField]) -> String {
    let mut text = format!("--- {name}\n+++ {name}\n");
    for ShownField { path, from, to } in fields {
        let place = path.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~");
        let last = path.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        text.push_str(&format!("@@ {} @@\n", if place.is_empty() { name } else { &place }));
        for (sign, value) in [('-', from), ('+', to)] {
            let Some(value) = value else { continue };
            let block = if last.is_empty() || last.ends_with(']') {
                yaml(value)
            } else {
                yaml(&Value::Object(serde_json::Map::from_iter([(last.clone(), value.clone())])))
            };
            for line in block.lines() {
                text.push(sign);
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_changed_variable_is_named_by_container_and_variable() {
        let version = |value: &str, ready: u32| {
            json!({"spec": {"containers": [{"name": "app", "env": [{"name": "URL", "value": value}]}]},
                   "status": {"ready": ready}})
        };
        let found = fields(&version("a", 1), &version("b", 0));
        assert_eq!(found.len(), 1, "status is not a change somebody made");
        assert_eq!(found[0].told(), "spec.containers[app].env[URL].value: `a` → `b`");
    }

    #[test]
    fn what_was_added_and_what_was_removed_both_show() {
        let found = fields(&json!({"spec": {"a": 1}}), &json!({"spec": {"b": 2}}));
        let told: Vec<String> = found.iter().map(Field::told).collect();
        assert_eq!(told, ["spec.b: nothing → 2", "spec.a: 1 → nothing"]);
    }

    #[test]
    fn two_equal_versions_have_no_difference() {
        assert_eq!(fields(&json!({"spec": [1, 2]}), &json!({"spec": [1, 2]})), []);
    }
}
