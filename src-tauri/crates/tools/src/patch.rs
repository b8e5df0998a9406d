//! From two versions of a pod template to the strategic merge patch that leads from one to the other.

use serde_json::{Map, Value, json};

/// Lists that the API server merges by a key; every other list is replaced whole.
const KEYS: &[(&str, &str)] = &[
    ("containers", "name"),
    ("initContainers", "name"),
    ("env", "name"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
    ("volumeMounts", "mountPath"),
    ("volumeDevices", "devicePath"),
    ("ports", "containerPort"),
    ("hostAliases", "ip"),
    ("topologySpreadConstraints", "topologyKey"),
];

/// A value that is needed for the patch and was redacted when the object was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Withheld {
    pub path: String,
}

/// The patch, empty where nothing differs.
pub(crate) fn strategic(from: &Value, to: &Value) -> Result<Value, Withheld> {
    object("", from, to)
}

fn object(path: &str, from: &Value, to: &Value) -> Result<Value, Withheld> {
    let empty = Map::new();
    let (a, b) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    let mut patch = Map::new();
    for (key, after) in b {
        let below = format!("{path}.{key}");
        match a.get(key) {
            Some(before) if before == after => {}
            Some(before) => {
                patch.insert(key.clone(), value(&below, key, before, after)?);
            }
            None => {
                patch.insert(key.clone(), known(&below, after)?);
            }
        }
    }
    for key in a.keys().filter(|key| !b.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Ok(Value::Object(patch))
}

fn value(path: &str, key: &str, before: &Value, after: &Value) -> Result<Value, Withheld> {
    match (before, after) {
        (Value::Object(_), Value::Object(_)) => object(path, before, after),
        (Value::Array(a), Value::Array(b)) => match KEYS.iter().find(|(list, _)| *list == key) {
            Some((_, merge_key)) => list(path, merge_key, a, b),
            None => known(path, after),
        },
        _ => known(path, after),
    }
}

fn list(path: &str, merge_key: &str, before: &[Value], after: &[Value]) -> Result<Value, Withheld> {
    let mut patch = Vec::new();
    for one in after {
        let key = &one[merge_key];
        let below = format!("{path}[{}]", key.as_str().map_or_else(|| key.to_string(), str::to_owned));
        match before.iter().find(|other| other[merge_key] == *key) {
            Some(other) if other == one => {}
            Some(other) => {
                let mut change = object(&below, other, one)?;
                change[merge_key] = key.clone();
                patch.push(change);
            }
            None => patch.push(known(&below, one)?),
        }
    }
    for gone in before.iter().filter(|other| !after.iter().any(|one| one[merge_key] == other[merge_key])) {
        patch.push(json!({merge_key: gone[merge_key], "$patch": "delete"}));
    }
    Ok(Value::Array(patch))
}

/// The value itself, if it is whole: writing a redaction's mark into a cluster would break what runs there.
fn known(path: &str, value: &Value) -> Result<Value, Withheld> {
    let whole = match value {
        Value::String(text) => !text.contains("[redacted: "),
        Value::Array(list) => list.iter().all(|one| known(path, one).is_ok()),
        Value::Object(map) => map.values().all(|one| known(path, one).is_ok()),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    };
    if whole { Ok(value.clone()) } else { Err(Withheld { path: path.trim_start_matches('.').to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(image: &str, env: Value) -> Value {
        json!({"spec": {"containers": [{"name": "app", "image": image, "env": env}, {"name": "proxy", "image": "p:1"}]}})
    }

    #[test]
    fn only_what_differs_is_in_the_patch() {
        let env = json!([{"name": "A", "value": "1"}]);
        let patch = strategic(&template("app:2", env.clone()), &template("app:1", env)).unwrap_or_default();
        assert_eq!(patch, json!({"spec": {"containers": [{"image": "app:1", "name": "app"}]}}));
    }

    #[test]
    fn a_variable_that_was_added_is_taken_away_again() {
        let before = template("app:1", json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]));
        let patch = strategic(&before, &template("app:1", json!([{"name": "A", "value": "1"}]))).unwrap_or_default();
        let env = json!([{"name": "B", "$patch": "delete"}]);
        assert_eq!(patch, json!({"spec": {"containers": [{"env": env, "name": "app"}]}}));
    }

    #[test]
    fn a_redacted_value_that_stays_does_no_harm_and_one_that_is_needed_stops_the_patch() {
        let secret = json!([{"name": "PASSWORD", "value": "[redacted: password]"}]);
        let stays = strategic(&template("app:2", secret.clone()), &template("app:1", secret.clone()));
        assert_eq!(stays, Ok(json!({"spec": {"containers": [{"image": "app:1", "name": "app"}]}})));
        let needed = strategic(&template("app:1", json!([])), &template("app:1", secret));
        assert_eq!(needed, Err(Withheld { path: "spec.containers[app].env[PASSWORD]".into() }));
    }

    #[test]
    fn a_field_that_the_other_version_does_not_have_is_removed() {
        let patch = strategic(&json!({"spec": {"nodeName": "a", "x": [1]}}), &json!({"spec": {"x": [1, 2]}}));
        assert_eq!(patch, Ok(json!({"spec": {"x": [1, 2], "nodeName": null}})));
    }
}
