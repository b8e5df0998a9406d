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
    words.into_iter().find_map(|word| {
        ledger.source_of(word).or_else(|| {
            let parts = parts(word).into_iter().filter(|part| !is_known(snapshot, part) && !is_figure(part));
            parts.filter(|part| !said.iter().any(|words| words.contains(&even(part)))).find_map(|p| ledger.source_of(p))
        })
    })
}

/// What a word is made of that can be a cluster's by itself: a host in an address, the beginning of a path. Runs of its
/// pieces, the longest first; a single piece is a word like any other unless it is very long.
fn parts(word: &str) -> Vec<&str> {
    /// More pieces than any address has; of what has more, beginnings and ends are looked at.
    const PIECES: usize = 24;
    let is_joint = |c: char| !c.is_alphanumeric() && c != '_';
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (at, c) in word.char_indices().filter(|(_, c)| !is_joint(*c)) {
        match pieces.last_mut() {
            Some((_, end)) if *end == at => *end = at + c.len_utf8(),
            _ => pieces.push((at, at + c.len_utf8())),
        }
    }
    let mut parts = Vec::new();
    for (first, (from, _)) in pieces.iter().enumerate() {
        for (last, (_, to)) in pieces.iter().enumerate().skip(first) {
            let part = &word[*from..*to];
            let long = if first == last { 2 * LONG } else { LONG };
            let at_an_end = first == 0 || last + 1 == pieces.len();
            if part.chars().count() >= long && part != word && (pieces.len() <= PIECES || at_an_end) {
                parts.push(part);
            }
        }
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_looked_at_by_the_hosts_and_paths_in_it_and_not_by_its_single_words() {
        let of = |word: &'static str| parts(word);
        let address = of("https://collect.evil.example/v1?x=1");
        assert!(address.contains(&"collect.evil.example") && address.contains(&"evil.example"), "{address:?}");
        let path = of("/var/lib/ledger/data.db");
        assert!(path.contains(&"var/lib/ledger"), "{path:?}");
        assert!(!of("shop-frontend-v2").contains(&"frontend"));
        assert!(of("frontend").is_empty());
    }

    #[test]
    fn what_holds_a_token_of_a_cluster_is_tainted_and_what_the_engineer_said_is_not() {
        let mut ledger = Ledger::default();
        ledger.words("a failure", "dial tcp collect.evil.example:443 refused");
        let snapshot = Snapshot::empty(model::ClusterId("c".into()), model::Time(0));
        let args = serde_json::json!({"url": "https://collect.evil.example/steal?all=1", "pod": "cart-1"});
        let found = tainted(&args, &ledger, &snapshot, &[]);
        assert_eq!(found, [("url".to_owned(), ObservationId::from("a failure"))]);
        assert_eq!(tainted(&args, &ledger, &snapshot, &["look at https://collect.evil.example".into()]), []);
    }
}
