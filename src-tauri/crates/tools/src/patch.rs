//! From two versions of an object to the merge patch (RFC 7386) that leads from one to the other.

use serde_json::{Map, Value};

/// A value that is needed for the patch and was redacted when the object was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Withheld {
    pub path: String,
}

/// The patch, empty where nothing differs. Lists are replaced whole.
pub(crate) fn merge(from: &Value, to: &Value) -> Result<Value, Withheld> {
    object("", from, to)
}

fn object(path: &str, from: &Value, to: &Value) -> Result<Value, Withheld> {
    let empty = Map::new();
    let (a, b) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    let mut patch = Map::new();
    for (key, after) in b {
        let below = format!("{path}.{key}");
        match (a.get(key), after) {
            (Some(before), after) if before == after => {}
            (Some(Value::Object(_)), Value::Object(_)) => {
                patch.insert(key.clone(), object(&below, &a[key], after)?);
            }
            (_, after) => {
                patch.insert(key.clone(), known(&below, after)?);
            }
        }
    }
    for key in a.keys().filter(|key| !b.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Ok(Value::Object(patch))
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
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_in_the_patch_and_what_was_added_is_taken_away() {
        let after = json!({"spec": {"image": "app:2", "same": [1, {"a": 2}], "added": true, "gone": {"x": 1, "y": 2}}});
        let before = json!({"spec": {"image": "app:1", "same": [1, {"a": 2}], "gone": {"x": 1}, "was": [3]}});
        let patch = merge(&after, &before);
        assert_eq!(patch, Ok(json!({"spec": {"image": "app:1", "added": null, "gone": {"y": null}, "was": [3]}})));
    }

    #[test]
    fn a_redacted_value_that_stays_does_no_harm_and_one_that_is_needed_stops_the_patch() {
        let with = |image: &str, password: &str| json!({"spec": {"image": image, "password": password}});
        let stays = merge(&with("app:2", "[redacted: password]"), &with("app:1", "[redacted: password]"));
        assert_eq!(stays, Ok(json!({"spec": {"image": "app:1"}})));
        let needed = merge(&with("app:1", "plain"), &with("app:1", "[redacted: password]"));
        assert_eq!(needed, Err(Withheld { path: "spec.password".into() }));
    }
}
