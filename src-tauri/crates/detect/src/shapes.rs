//! Shapes of Secrets and ConfigMaps, once they are released: never a value, only whether values are equal.

use std::collections::BTreeMap;

use model::{Body, KeyShape, ObjectRef, Observation, ShapeBody};
use topology::Relation;

use crate::found::Found;
use crate::scene::Scene;

struct Seen<'o> {
    object: &'o ObjectRef,
    observation: &'o Observation,
    shape: &'o ShapeBody,
}

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    // The newest shape of each object.
    let mut newest: BTreeMap<&ObjectRef, Seen> = BTreeMap::new();
    for (observation, shape) in scene.released(|body| match body {
        Body::Shape(shape) => Some(shape),
        _ => None,
    }) {
        let Some(object) = &observation.subject else { continue };
        if newest.get(object).is_none_or(|seen| seen.observation.at <= observation.at) {
            newest.insert(object, Seen { object, observation, shape });
        }
    }
    let all: Vec<&Seen> = newest.values().collect();
    for seen in &all {
        for key in &seen.shape.keys {
            siblings(scene, seen, key, &all, found);
            encoding(scene, seen, key, &all, found);
            certificate(scene, seen, key, found);
        }
    }
}

fn readers(scene: &Scene, object: &ObjectRef) -> Vec<ObjectRef> {
    let edges = scene.graph.dependents(object).into_iter();
    let readers = edges
        .filter(|e| matches!(e.relation, Relation::ReadsConfig | Relation::Mounts))
        .map(|e| scene.graph.workload_of(e.from));
    let mut readers: Vec<ObjectRef> = readers.collect();
    readers.sort();
    readers.dedup();
    readers
}

/// The same key of other objects of the same kind and namespace. Service-specific prefixes of keys are left out of the
/// comparison: `ORDERS_DB_PASSWORD` and `CART_DB_PASSWORD` are both a `DB_PASSWORD`.
fn same_key<'s, 'o>(seen: &Seen, key: &KeyShape, all: &'s [&'s Seen<'o>]) -> Vec<(&'s Seen<'o>, &'o KeyShape)> {
    let others = all.iter().filter(|o| {
        o.object != seen.object && o.object.kind == seen.object.kind && o.object.namespace == seen.object.namespace
    });
    let own = tail(&key.key);
    let mut same = Vec::new();
    for other in others {
        same.extend(other.shape.keys.iter().filter(|k| k.key == key.key || tail(&k.key) == own).map(|k| (*other, k)));
    }
    same
}

/// The last two parts of a key's name, which say what it holds.
fn tail(key: &str) -> String {
    let parts: Vec<&str> = key.split(['_', '-', '.']).collect();
    parts[parts.len().saturating_sub(2)..].join("_").to_ascii_lowercase()
}

fn siblings(scene: &Scene, seen: &Seen, key: &KeyShape, all: &[&Seen], found: &mut Found) {
    let others = same_key(seen, key, all);
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, other) in &others {
        *tally.entry(&other.digest).or_default() += 1;
    }
    let Some((common, n)) = tally.iter().max_by_key(|(_, n)| **n) else { return };
    // All (or all but another odd one) of at least three others agree, and this one does not.
    if *n < 3 || *n + 1 < others.len() || *common == key.digest || tally.contains_key(key.digest.as_str()) {
        return;
    }
    let readers = readers(scene, seen.object);
    for subject in std::iter::once(seen.object).chain(&readers) {
        found
            .fact("secret_differs_from_siblings", subject)
            .object("secret", Some(seen.object))
            .arg("key", key.key.clone())
            .arg("siblings", *n)
            .objects("workloads", &readers)
            .since(seen.observation.at)
            .because(&seen.observation.id)
            .because_all(others.iter().take(3).map(|(o, _)| &o.observation.id))
            .says(format!("key {} of {} differs from the one that {n} other objects share", key.key, seen.object.name));
    }
}

fn encoding(scene: &Scene, seen: &Seen, key: &KeyShape, all: &[&Seen], found: &mut Found) {
    if key.encoding_depth == 0 || key.bytes < 8 {
        return;
    }
    let others = same_key(seen, key, all);
    let usual = others.iter().map(|(_, k)| k.encoding_depth).max();
    let neighbours = seen.shape.keys.iter().filter(|k| k.key != key.key).map(|k| k.encoding_depth).max();
    let odd = match (usual, neighbours) {
        (Some(usual), _) => key.encoding_depth > usual,
        (None, Some(neighbours)) => key.encoding_depth > neighbours,
        (None, None) => seen.shape.kind == "Secret",
    };
    if !odd {
        return;
    }
    let readers = readers(scene, seen.object);
    for subject in std::iter::once(seen.object).chain(&readers) {
        found
            .fact("secret_encoded_twice", subject)
            .object("secret", Some(seen.object))
            .arg("key", key.key.clone())
            .arg("depth", key.encoding_depth)
            .number("siblings_depth", usual)
            .objects("workloads", &readers)
            .since(seen.observation.at)
            .because(&seen.observation.id)
            .says(format!("key {} of {} is base64 once more than it should be", key.key, seen.object.name));
    }
}

fn certificate(scene: &Scene, seen: &Seen, key: &KeyShape, found: &mut Found) {
    let Some(not_after) = key.not_after else { return };
    let left = not_after.seconds_since(scene.at);
    let name = match left {
        left if left < 0.0 => "certificate_expired",
        left if left < 7.0 * 86_400.0 => "certificate_expires_soon",
        _ => return,
    };
    let readers = readers(scene, seen.object);
    for subject in std::iter::once(seen.object).chain(&readers) {
        found
            .fact(name, subject)
            .object("secret", Some(seen.object))
            .arg("key", key.key.clone())
            .arg("not_after", not_after.seconds())
            .arg("seconds_ago", -left as i64)
            .objects("workloads", &readers)
            .since(if left < 0.0 { not_after } else { seen.observation.at })
            .because(&seen.observation.id)
            .says(format!("the certificate in {} of {} ends at {not_after}", key.key, seen.object.name));
    }
}

#[cfg(test)]
mod tests {
    use model::{Body, KeyShape, ShapeBody, Time};

    use crate::sketch::{NOW, Sketch, fact, has};

    fn shape(key: &str, digest: &str, depth: u8, not_after: Option<i64>) -> Body {
        let key = KeyShape {
            key: key.into(),
            bytes: 12,
            digest: digest.into(),
            encoding_depth: depth,
            not_after: not_after.map(Time::from_seconds),
        };
        Body::Shape(ShapeBody { kind: "Secret".into(), keys: vec![key] })
    }

    fn shop(odd: &str, depth: u8) -> Sketch {
        let mut sketch = Sketch::new().deployment("cart").but("Deployment/shop/cart", |d| {
            d["spec"]["template"]["spec"]["containers"][0]["envFrom"] =
                serde_json::json!([{"secretRef": {"name": "cart-db"}}]);
        });
        for name in ["a-db", "b-db", "c-db", "d-db"] {
            sketch = sketch.released(Some(&format!("Secret/shop/{name}")), shape("PASSWORD", "same", 0, None));
        }
        sketch.released(Some("Secret/shop/cart-db"), shape("PASSWORD", odd, depth, None))
    }

    #[test]
    fn the_one_secret_that_differs_is_told_together_with_who_reads_it() {
        let facts = shop("other", 0).facts();
        fact(&facts, "secret_differs_from_siblings", "Secret/shop/cart-db");
        fact(&facts, "secret_differs_from_siblings", "Deployment/shop/cart");
        assert!(!has(&shop("same", 0).facts(), "secret_differs_from_siblings"));
        assert!(!has(&Sketch::new().deployment("cart").facts(), "secret_differs_from_siblings"));
    }

    #[test]
    fn a_value_that_is_encoded_once_more_than_its_siblings_is_told() {
        assert!(has(&shop("same", 1).facts(), "secret_encoded_twice"));
        assert!(!has(&shop("same", 0).facts(), "secret_encoded_twice"));
    }

    #[test]
    fn a_certificate_is_judged_by_the_views_time() {
        let with = |at| Sketch::new().released(Some("Secret/shop/tls"), shape("tls.crt", "x", 0, Some(at))).facts();
        assert!(has(&with(NOW - 10), "certificate_expired"));
        assert!(has(&with(NOW + 3600), "certificate_expires_soon"));
        assert!(!has(&with(NOW + 90 * 86_400), "certificate_expires_soon"));
    }
}
