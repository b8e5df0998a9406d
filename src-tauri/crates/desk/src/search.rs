//! Objects of all opened clusters, found by a few letters of what they are called.

use std::collections::BTreeMap;

use model::{ObjectRef, Severity, Snapshot};

use crate::rows::{ClusterPhase, ObjectHit};
use crate::{Desk, DeskError, pictures};

/// No list that a person reads is longer.
const MOST: usize = 100;

/// The short names that people type, as `kubectl api-resources` has them.
const SHORT: &[(&str, &str)] = &[
    ("cj", "CronJob"),
    ("cm", "ConfigMap"),
    ("crd", "CustomResourceDefinition"),
    ("deploy", "Deployment"),
    ("ds", "DaemonSet"),
    ("hpa", "HorizontalPodAutoscaler"),
    ("ing", "Ingress"),
    ("netpol", "NetworkPolicy"),
    ("no", "Node"),
    ("ns", "Namespace"),
    ("pdb", "PodDisruptionBudget"),
    ("po", "Pod"),
    ("pv", "PersistentVolume"),
    ("pvc", "PersistentVolumeClaim"),
    ("rs", "ReplicaSet"),
    ("sa", "ServiceAccount"),
    ("sc", "StorageClass"),
    ("sts", "StatefulSet"),
    ("svc", "Service"),
];

impl Desk {
    /// The objects of all opened clusters in whose kind, namespace, name or cluster every word of `text` stands, the best
    /// first; at most `most` of them, and never more than a hundred. A word that is a kind, or kubectl's short name of one,
    /// means that kind. Looks at what is held in memory and asks nobody.
    pub fn search_objects(&self, text: &str, most: usize) -> Result<Vec<ObjectHit>, DeskError> {
        let words: Vec<String> = text.split([' ', '/']).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
        let most = most.min(MOST);
        if words.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let mut best = Best::new(most);
        for row in self.clusters().into_iter().filter(|row| row.state.phase != ClusterPhase::Closed) {
            let Ok(opened) = self.opened(&row.id) else { continue };
            let looked = crate::desk::lock(&opened.looks).newest();
            let snapshot = match &looked {
                Some(look) => std::sync::Arc::clone(&look.snapshot),
                None => std::sync::Arc::new(opened.history.present(self.now_of(&row.id)?)?),
            };
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let troubled = looked.as_ref().map(|look| pictures::worst_by_object(&look.triage)).unwrap_or_default();
            find(&snapshot, &row.name, &words, &troubled, &mut best, |object| ObjectHit {
                cluster: row.id.clone(),
                cluster_name: row.name.clone(),
                severity: troubled.get(object).copied(),
                status: pictures::status(&snapshot, object),
                object: object.clone(),
            });
        }
        Ok(best.into_hits())
    }
}

/// The best of what was found, in order; what is worse than the last of a full list is not even described.
struct Best {
    most: usize,
    hits: Vec<(Rank, ObjectHit)>,
}

/// Lower is better: how well the name fits, how bad it is, and the order of names.
type Rank = (u8, std::cmp::Reverse<Option<Severity>>, usize, ObjectRef);

impl Best {
    fn new(most: usize) -> Self {
        Best { most, hits: Vec::new() }
    }

    fn offer(&mut self, rank: Rank, hit: impl FnOnce() -> ObjectHit) {
        let place = self.hits.partition_point(|(known, _)| *known <= rank);
        if place >= self.most {
            return;
        }
        self.hits.insert(place, (rank, hit()));
        self.hits.truncate(self.most);
    }

    fn into_hits(self) -> Vec<ObjectHit> {
        self.hits.into_iter().map(|(_, hit)| hit).collect()
    }
}

fn find(
    snapshot: &Snapshot,
    cluster: &str,
    words: &[&str],
    troubled: &BTreeMap<ObjectRef, Severity>,
    best: &mut Best,
    hit: impl Fn(&ObjectRef) -> ObjectHit,
) {
    // Objects of a kind stand together: of a kind that is named, nothing else is looked at.
    let kinds: Vec<&str> = words.iter().filter_map(|word| kind_of(snapshot, word)).collect();
    let rest: Vec<&str> = words.iter().copied().filter(|word| kind_of(snapshot, word).is_none()).collect();
    let mut offer = |object: &ObjectRef, rest: &[&str]| {
        if let Some(fits) = fits(object, cluster, rest) {
            let severity = troubled.get(object).copied();
            let rank = (fits, std::cmp::Reverse(severity), object.name.len(), object.clone());
            best.offer(rank, || hit(object));
        }
    };
    match kinds.as_slice() {
        [] => snapshot.objects.keys().for_each(|object| offer(object, &rest)),
        [kind] => snapshot.of_kind(kind).for_each(|(object, _)| offer(object, &rest)),
        // `service cart deploy`: one of them is a part of a name.
        _ => snapshot.objects.keys().for_each(|object| offer(object, words)),
    }
}

/// The kind that a word names, where there are objects of it.
fn kind_of<'a>(snapshot: &'a Snapshot, word: &str) -> Option<&'a str> {
    let whole = SHORT.iter().find(|(short, _)| *short == word).map(|(_, kind)| *kind);
    let named = |kind: &str| match whole {
        Some(whole) => kind == whole,
        None => {
            let singular = word.strip_suffix('s').unwrap_or(word);
            kind.eq_ignore_ascii_case(word) || kind.eq_ignore_ascii_case(singular)
        }
    };
    // From kind to kind, not from object to object.
    let mut next = snapshot.objects.keys().next();
    while let Some(object) = next {
        if named(object.kind.as_str()) {
            return Some(object.kind.as_str());
        }
        // The least reference that no object of this kind comes after.
        let after = ObjectRef::new(format!("{}\u{0}", object.kind), "", "");
        next = snapshot.objects.range(after..).next().map(|(object, _)| object);
    }
    None
}

/// How well all words fit an object: 0 it is called that, 1 its name begins so, 2 the name has them, 3 they stand elsewhere.
/// Words that only the cluster's name has find no object.
fn fits(object: &ObjectRef, cluster: &str, words: &[&str]) -> Option<u8> {
    let (mut worst, mut elsewhere) = (0, 0);
    for word in words {
        let fit = if object.name.eq_ignore_ascii_case(word) {
            0
        } else {
            match (place(&object.name, word), place(&object.namespace, word), place(&object.kind, word)) {
                (Some(0), _, _) => 1,
                (Some(_), _, _) => 2,
                (None, None, None) if place(cluster, word).is_none() => return None,
                (None, None, None) => {
                    elsewhere += 1;
                    3
                }
                (None, _, _) => 3,
            }
        };
        worst = worst.max(fit);
    }
    (words.is_empty() || elsewhere < words.len()).then_some(worst)
}

/// Where a word of small letters begins in a text. Names of Kubernetes are ASCII.
fn place(text: &str, word: &str) -> Option<usize> {
    text.as_bytes().windows(word.len()).position(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
