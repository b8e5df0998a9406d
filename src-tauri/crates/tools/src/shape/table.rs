use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Body, KeyShape, ObjectRef, Observation, ShapeBody, Time};

use crate::answer::{Answer, count};

/// A key that at least so many objects share is compared over them.
const SIBLINGS: usize = 3;

type Versions<'a> = Vec<(&'a Arc<Observation>, &'a ShapeBody)>;

pub(super) fn told(kind: &str, shapes: &[Arc<Observation>], now: Time) -> Answer {
    let mut by_object: BTreeMap<&ObjectRef, Versions<'_>> = BTreeMap::new();
    for o in shapes {
        if let (Some(subject), Body::Shape(shape)) = (&o.subject, &o.body) {
            by_object.entry(subject).or_default().push((o, shape));
        }
    }
    for versions in by_object.values_mut() {
        versions.sort_by_key(|(o, _)| (o.at, o.seen_at));
    }
    let odd = odd_ones(&by_object);
    let mut summary = format!("{}.", count(by_object.len(), kind, &format!("{kind}s")));
    for line in &odd {
        summary.push_str(&format!("\n{line}"));
    }
    let mut answer = Answer::new(summary);
    for (object, versions) in &by_object {
        let Some((newest, shape)) = versions.last() else { continue };
        let mut text = format!("== {}/{} as of {}", object.namespace, object.name, newest.at);
        for key in &shape.keys {
            text.push_str(&format!("\n  {}", line(key, now)));
        }
        for pair in versions.windows(2) {
            for change in changes(pair[0].1, pair[1].1) {
                text.push_str(&format!("\n  changed by {}: {change}", pair[1].0.at));
            }
        }
        answer = answer.part(text);
    }
    answer.resting_on(shapes.iter().cloned())
}

fn digest(key: &KeyShape) -> &str {
    key.digest.get(..10).unwrap_or(&key.digest)
}

fn line(key: &KeyShape, now: Time) -> String {
    let mut line = format!(
        "{}: {}, digest {}",
        key.key,
        count(usize::try_from(key.bytes).unwrap_or(usize::MAX), "byte", "bytes"),
        digest(key)
    );
    match key.encoding_depth {
        0 => {}
        1 => line.push_str(", looks base64-encoded once more"),
        n => line.push_str(&format!(", looks base64-encoded {n} times more")),
    }
    match key.not_after {
        Some(end) if end < now => line.push_str(&format!(", a certificate that ended {end}")),
        Some(end) => line.push_str(&format!(", a certificate until {end}")),
        None => {}
    }
    line
}

fn changes(before: &ShapeBody, after: &ShapeBody) -> Vec<String> {
    let of = |shape: &ShapeBody| -> BTreeMap<String, String> {
        shape.keys.iter().map(|k| (k.key.clone(), k.digest.clone())).collect()
    };
    let (before, after) = (of(before), of(after));
    let mut changes = Vec::new();
    for (key, value) in &after {
        match before.get(key) {
            None => changes.push(format!("`{key}` was added")),
            Some(old) if old != value => changes.push(format!("`{key}` has another value")),
            Some(_) => {}
        }
    }
    changes.extend(before.keys().filter(|key| !after.contains_key(*key)).map(|key| format!("`{key}` was removed")));
    changes
}

/// Objects whose value of a key differs from the one that all others share.
fn odd_ones(by_object: &BTreeMap<&ObjectRef, Versions<'_>>) -> Vec<String> {
    let mut values: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (object, versions) in by_object {
        for key in versions.last().iter().flat_map(|(_, shape)| &shape.keys) {
            values.entry(&key.key).or_default().entry(&key.digest).or_default().push(&object.name);
        }
    }
    let mut odd = Vec::new();
    for (key, by_digest) in values {
        let total: usize = by_digest.values().map(Vec::len).sum();
        let Some(most) = by_digest.values().map(Vec::len).max().filter(|most| *most >= SIBLINGS) else { continue };
        for names in by_digest.values().filter(|names| names.len() < most && names.len() == 1) {
            odd.push(format!("`{}` differs in `{key}` from the {most} of {total} that share one value.", names[0]));
        }
    }
    odd
}
