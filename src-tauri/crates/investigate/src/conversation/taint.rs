//! Values in a call's arguments that a cluster wrote.

use model::{ObjectRef, ObservationId, Snapshot};
use serde_json::Value;

use super::evidence::{Ledger, even};
use super::offered::WHY;

/// Words of a value that are looked up by themselves are at least so long.
const LONG: usize = 8;

/// Argument names whose values stand in text that a cluster wrote, with the observation. What the inventory knows by that
/// name, what the engineer said, and times and numbers are not among them.
pub(crate) fn tainted(
    args: &Value,
    ledger: &Ledger,
    snapshot: &Snapshot,
    engineer: &[String],
) -> Vec<(String, ObservationId)> {
    let said: Vec<String> = engineer.iter().map(|words| even(words)).collect();
    let mut found = Vec::new();
    for (name, value) in args.as_object().into_iter().flatten().filter(|(name, _)| *name != WHY) {
        let source = texts(value).into_iter().find_map(|text| source(&text, ledger, snapshot, &said));
        found.extend(source.map(|id| (name.clone(), id)));
    }
    found
}

fn source(text: &str, ledger: &Ledger, snapshot: &Snapshot, said: &[String]) -> Option<ObservationId> {
    let plain = even(text);
    if is_known(snapshot, text) || said.iter().any(|words| words.contains(&plain)) || is_figure(text) {
        return None;
    }
    if let Some(id) = ledger.source_of(text) {
        return Some(id);
    }
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '|' | '(' | ')' | ','));
    let words = words.filter(|word| word.chars().count() >= LONG && !is_known(snapshot, word) && !is_figure(word));
    words.into_iter().find_map(|word| ledger.source_of(word))
}

/// Whether the inventory knows every part of it: a kind, a namespace, a name.
fn is_known(snapshot: &Snapshot, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let known = |part: &str| {
        let named = |o: &ObjectRef| o.name == part || o.namespace == part || o.kind == part;
        snapshot.objects.keys().any(named) || is_container(snapshot, part)
    };
    text.split('/').all(|part| part.is_empty() || known(part))
}

fn is_container(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.of_kind("Pod").any(|(_, held)| {
        let spec = &held.object["spec"];
        ["containers", "initContainers"]
            .into_iter()
            .flat_map(|field| spec[field].as_array().into_iter().flatten())
            .any(|container| container["name"] == name)
    })
}

/// A number, a duration or a time.
fn is_figure(text: &str) -> bool {
    let text = text.trim();
    text.chars().any(|c| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '-' | '+' | 'T' | 'Z' | 's' | 'm' | 'h' | 'd'))
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.iter().flat_map(|(name, item)| [vec![name.clone()], texts(item)].concat()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
