//! Patches in the three forms that clients send: merge, strategic merge, JSON patch.

use serde_json::{Map, Value};

pub(crate) use crate::scenario::merge;

/// By which field the elements of a list are told apart in a strategic merge; `None`: the list is replaced.
fn key_of(list: &str) -> Option<&'static str> {
    Some(match list {
        "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "imagePullSecrets" => "name",
        "volumeMounts" => "mountPath",
        "ports" => "containerPort",
        "conditions" => "type",
        "ownerReferences" => "uid",
        "hostAliases" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        _ => return None,
    })
}

/// A strategic merge patch, with the directives that kubectl writes.
pub fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if patch.get("$patch").and_then(Value::as_str) == Some("replace") {
        let mut whole = patch.clone();
        whole.remove("$patch");
        *target = whole.into();
        return;
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(map) = target.as_object_mut() else { return };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|key, _| kept.iter().any(|k| k == key));
    }
    for (field, value) in patch {
        if let Some(list) = field.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(items) = map.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| value.as_array().is_none_or(|gone| !gone.contains(item)));
            }
            continue;
        }
        if field.starts_with('$') {
            continue;
        }
        match (value, key_of(field)) {
            (Value::Null, _) => {
                map.remove(field);
            }
            (Value::Array(items), Some(key)) => {
                // A Service's ports are told apart by their number, a container's by the container's.
                let key = if field == "ports" && items.iter().all(|i| i.get("containerPort").is_none()) {
                    "port"
                } else {
                    key
                };
                let there = map.entry(field.clone()).or_insert_with(|| Value::Array(Vec::new()));
                merge_list(there, items, key);
            }
            (Value::Object(_), _) => strategic(map.entry(field.clone()).or_insert(Value::Null), value),
            _ => {
                map.insert(field.clone(), value.clone());
            }
        }
    }
}

fn merge_list(target: &mut Value, patches: &[Value], key: &str) {
    if !target.is_array() {
        *target = Value::Array(Vec::new());
    }
    let Some(list) = target.as_array_mut() else { return };
    if patches.iter().any(|p| p["$patch"] == "replace" && p.get(key).is_none()) {
        list.clear();
    }
    for patch in patches {
        let Some(id) = patch.get(key) else { continue };
        let at = list.iter().position(|item| item.get(key) == Some(id));
        match (at, patch["$patch"].as_str()) {
            (Some(at), Some("delete")) => {
                list.remove(at);
            }
            (None, Some("delete")) => {}
            (Some(at), _) => strategic(&mut list[at], patch),
            (None, _) => {
                let mut item = Value::Object(Map::new());
                strategic(&mut item, patch);
                list.push(item);
            }
        }
    }
}

/// A JSON patch (RFC 6902); the error says which operation failed and why.
pub fn json_patch(target: &mut Value, operations: &Value) -> Result<(), String> {
    let operations = operations.as_array().ok_or("a JSON patch is a list of operations")?;
    for operation in operations {
        let path = operation["path"].as_str().ok_or("an operation needs `path`")?;
        let missing = || format!("the path `{path}` does not exist");
        match operation["op"].as_str().unwrap_or_default() {
            "test" => {
                if target.pointer(path) != Some(&operation["value"]) {
                    return Err(format!("testing path {path} failed"));
                }
            }
            "replace" => *target.pointer_mut(path).ok_or_else(missing)? = operation["value"].clone(),
            "add" => add(target, path, operation["value"].clone())?,
            "remove" => {
                remove(target, path).ok_or_else(missing)?;
            }
            "move" => {
                let value = remove(target, operation["from"].as_str().unwrap_or_default()).ok_or_else(missing)?;
                add(target, path, value)?;
            }
            "copy" => {
                let from = operation["from"].as_str().unwrap_or_default();
                let value = target.pointer(from).cloned().ok_or_else(missing)?;
                add(target, path, value)?;
            }
            other => return Err(format!("`{other}` is not an operation of a JSON patch")),
        }
    }
    Ok(())
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let Some((parent, last)) = split(path) else {
        *target = value;
        return Ok(());
    };
    match target.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.insert(last, value);
        }
        Some(Value::Array(list)) if last == "-" => list.push(value),
        Some(Value::Array(list)) => {
            let at = last.parse::<usize>().ok().filter(|at| *at <= list.len());
            list.insert(at.ok_or_else(|| format!("`{path}` is outside its list"))?, value);
        }
        _ => return Err(format!("there is nothing at `{parent}` to add to")),
    }
    Ok(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&last),
        Value::Array(list) => {
            let at = last.parse::<usize>().ok().filter(|at| *at < list.len())?;
            Some(list.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_strategic_patch_merges_containers_by_name() {
        let mut object = json!({ "spec": { "containers": [
            { "name": "a", "image": "a:1", "env": [{ "name": "X", "value": "1" }, { "name": "Y", "value": "2" }] },
            { "name": "b", "image": "b:1" },
        ] } });
        strategic(
            &mut object,
            &json!({ "spec": { "$setElementOrder/containers": [{ "name": "a" }], "containers": [
                { "name": "a", "image": "a:2", "env": [{ "name": "Y", "$patch": "delete" }, { "name": "Z", "value": "3" }] },
                { "name": "c", "image": "c:1" },
            ] } }),
        );
        assert_eq!(
            object,
            json!({ "spec": { "containers": [
                { "name": "a", "image": "a:2", "env": [{ "name": "X", "value": "1" }, { "name": "Z", "value": "3" }] },
                { "name": "b", "image": "b:1" },
                { "name": "c", "image": "c:1" },
            ] } })
        );
    }

    #[test]
    fn a_json_patch_does_what_it_says_or_says_why_not() {
        let mut object = json!({ "a": { "b/c": 1, "list": [1, 2] } });
        let patch = json!([
            { "op": "replace", "path": "/a/b~1c", "value": 2 },
            { "op": "add", "path": "/a/list/-", "value": 3 },
            { "op": "remove", "path": "/a/list/0" },
            { "op": "copy", "from": "/a/list", "path": "/d" },
            { "op": "move", "from": "/a/b~1c", "path": "/e" },
        ]);
        assert_eq!(json_patch(&mut object, &patch), Ok(()));
        assert_eq!(object, json!({ "a": { "list": [2, 3] }, "d": [2, 3], "e": 2 }));
        for wrong in [
            json!([{ "op": "replace", "path": "/nowhere", "value": 1 }]),
            json!([{ "op": "test", "path": "/e", "value": 3 }]),
            json!([{ "op": "add", "path": "/a/list/9", "value": 3 }]),
            json!({ "op": "add" }),
        ] {
            assert!(json_patch(&mut object, &wrong).is_err(), "{wrong}");
        }
    }
}
