use model::{Body, ChangeKind, CoverageState, ObjectRef, project, qualified_kind};
use serde_json::{Map, Value};

use super::files::File;
use super::reading::{Reading, Reason};
use super::{kinds, parse};

/// `cluster-resources/<name>[/<namespace>].json`.
pub(super) fn list(reading: &mut Reading, file: &File, name: &str, namespace: &str) -> Result<(), Reason> {
    let named = kinds::of_name(name);
    let namespace = if named.is_some_and(|(_, kind)| kinds::is_global(kind)) { "" } else { namespace };
    let listed = read(reading, file, named.map(|(version, kind)| (version.to_owned(), kind.to_owned())), namespace);
    // It was asked for, and what came cannot be read: nothing is known, which is not the same as "not asked".
    if let (Err(_), Some((_, kind))) = (&listed, named) {
        reading.cover(kind, namespace, CoverageState::Partial);
    }
    listed
}

/// `cluster-resources/custom-resources/<plural.group>[/<namespace>].json`.
pub(super) fn custom(reading: &mut Reading, file: &File, crd: &str, name: Option<&str>) -> Result<(), Reason> {
    let plural = super::layout::without_extension(crd);
    let named = reading.custom_kinds.get(plural).cloned();
    read(reading, file, named, name.map_or("", super::layout::without_extension))
}

fn read(reading: &mut Reading, file: &File, named: Option<(String, String)>, namespace: &str) -> Result<(), Reason> {
    let mut documents = parse::documents(&file.path, &file.text())?;
    let mut count = 0;
    let mut kinds_seen: Vec<String> = Vec::new();
    let mut nameless = 0;
    for document in &mut documents {
        let listed = listed_kind(document).or_else(|| named.clone());
        if let Some((version, kind)) = &listed {
            kinds_seen.push(qualified_kind(version, kind));
        }
        let mut empty = Vec::new();
        let items = match document {
            Value::Array(items) => items,
            Value::Object(map) if map.contains_key("items") => {
                map.get_mut("items").and_then(Value::as_array_mut).unwrap_or(&mut empty)
            }
            Value::Object(map) if map.contains_key("metadata") => {
                empty.push(document.take());
                &mut empty
            }
            Value::Null => continue,
            _ => return Err("it is neither a list nor an object".into()),
        };
        for item in items {
            let own = own_kind(item).or_else(|| listed.clone());
            match own.and_then(|(version, kind)| object(reading, version, kind, namespace, item.take())) {
                Some(kind) => {
                    kinds_seen.push(kind);
                    count += 1;
                }
                None => nameless += 1,
            }
        }
    }
    kinds_seen.sort();
    kinds_seen.dedup();
    for kind in &kinds_seen {
        reading.cover(kind, namespace, CoverageState::Listed);
    }
    match (count, nameless) {
        (0, 0) if kinds_seen.is_empty() => Err("it is empty, and its name is of no known kind".into()),
        (0, 1..) => Err(format!("none of its {nameless} items has a kind and a name")),
        _ => Ok(()),
    }
}

/// `Deployment` of a `DeploymentList`; none for a `List` of anything.
fn listed_kind(document: &Value) -> Option<(String, String)> {
    let kind = document.get("kind")?.as_str()?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    document.get("items")?;
    let version = document.get("apiVersion").and_then(Value::as_str).unwrap_or("v1");
    Some((version.to_owned(), kind.to_owned()))
}

fn own_kind(item: &Value) -> Option<(String, String)> {
    let kind = item.get("kind")?.as_str().filter(|kind| !kind.is_empty())?;
    Some((item.get("apiVersion")?.as_str()?.to_owned(), kind.to_owned()))
}

/// Keeps one object; gives its kind as references carry it.
pub(super) fn object(
    reading: &mut Reading,
    api_version: String,
    kind: String,
    namespace: &str,
    mut object: Value,
) -> Option<String> {
    let kind = qualified_kind(&api_version, &kind);
    let name = parse::text_of(&object, "/metadata/name").to_owned();
    if name.is_empty() || kind == "Event" {
        return None;
    }
    let own = parse::text_of(&object, "/metadata/namespace");
    let namespace = match own {
        _ if kinds::is_global(&kind) => "",
        "" => namespace,
        own => own,
    };
    let subject = ObjectRef::new(kind.clone(), namespace, name);
    if let Some(map) = object.as_object_mut() {
        map.entry("apiVersion").or_insert_with(|| api_version.clone().into());
        map.entry("kind").or_insert_with(|| kind.clone().into());
        if !subject.namespace.is_empty()
            && let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.entry("namespace").or_insert_with(|| subject.namespace.clone().into());
        }
    }
    if matches!(kind.as_str(), "ConfigMap" | "Secret") && has_values(&object) {
        let shape = reading.redactor.shape(&kind, &object);
        reading.note(reading.collected_at, Some(subject.clone()), Body::Shape(shape));
    }
    if kind == "CustomResourceDefinition" {
        definition(reading, &object);
    }
    project(&kind, &mut object);
    reading.redactor.json(&mut object);
    reading.know(&subject, &object);
    let body = Body::Object {
        api_version: api_version.into(),
        uid: parse::text_of(&object, "/metadata/uid").into(),
        resource_version: parse::text_of(&object, "/metadata/resourceVersion").into(),
        change: ChangeKind::Present,
        object: object.into(),
    };
    reading.note(reading.collected_at, Some(subject), body);
    Some(kind)
}

fn has_values(object: &Value) -> bool {
    ["data", "stringData", "binaryData"].into_iter().any(|field| object.get(field).is_some_and(Value::is_object))
}

/// A CustomResourceDefinition says which kind the files of its plural hold.
fn definition(reading: &mut Reading, object: &Value) {
    let group = parse::text_of(object, "/spec/group");
    let plural = parse::text_of(object, "/spec/names/plural");
    let kind = parse::text_of(object, "/spec/names/kind");
    let version = object
        .pointer("/spec/versions")
        .and_then(Value::as_array)
        .and_then(|versions| versions.iter().find(|v| v["storage"] == true).or_else(|| versions.first()))
        .and_then(|version| version["name"].as_str())
        .unwrap_or("v1");
    if !plural.is_empty() && !kind.is_empty() {
        reading.custom_kinds.insert(format!("{plural}.{group}"), (format!("{group}/{version}"), kind.to_owned()));
    }
}

/// `resources.json`: the API's own list of its resources.
pub(super) fn api_resources(reading: &mut Reading, file: &File) -> Result<(), Reason> {
    for document in parse::documents(&file.path, &file.text())? {
        let lists = match document {
            Value::Array(lists) => lists,
            one => vec![one],
        };
        for list in &lists {
            let version = parse::text_of(list, "/groupVersion");
            let Some((group, _)) = version.split_once('/') else { continue };
            for resource in list["resources"].as_array().into_iter().flatten() {
                let (plural, kind) = (parse::text_of(resource, "/name"), parse::text_of(resource, "/kind"));
                if !plural.contains('/') && !kind.is_empty() {
                    let entry = reading.custom_kinds.entry(format!("{plural}.{group}"));
                    entry.or_insert_with(|| (version.to_owned(), kind.to_owned()));
                }
            }
        }
    }
    Ok(())
}

/// `<kind>-errors.json`: what the cluster refused, by namespace or as a list.
pub(super) fn refusals(reading: &mut Reading, file: &File, name: &str) -> Result<(), Reason> {
    let Some((_, kind)) = kinds::of_name(name) else {
        return Err(format!("errors of `{name}`, which is no known kind"));
    };
    let documents = parse::documents(&file.path, &file.text())?;
    let entries: Map<String, Value> = match documents.into_iter().next() {
        Some(Value::Object(map)) => map,
        Some(Value::Array(items)) => items.into_iter().map(|item| (String::new(), item)).collect(),
        Some(Value::String(text)) => Map::from_iter([(String::new(), Value::String(text))]),
        _ => Map::new(),
    };
    for (namespace, said) in entries {
        let words = said.to_string().to_lowercase();
        let state = if words.contains("forbidden") || words.contains("unauthorized") || words.contains("cannot list") {
            CoverageState::Refused
        } else {
            CoverageState::Partial
        };
        let namespace = if kinds::is_global(kind) { "" } else { namespace.as_str() };
        reading.cover(kind, namespace, state);
    }
    Ok(())
}
