//! Pods that have run their course: counted, and of the failed ones the newest kept. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{Doc, ObjectRef, Time, qualified_kind};
use serde::Serialize;
use serde_json::{Map, Value};

/// Evictions and failed Jobs are evidence; the thousandth of one owner adds nothing to the twentieth.
const FAILED_KEPT_OF_OWNER: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Failed,
}

/// How many pods of one owner have finished.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FinishedPods {
    pub namespace: String,
    /// `Job/nightly`; empty for pods that nobody owns.
    pub owner: String,
    pub succeeded: u64,
    pub failed: u64,
}

/// What becomes of a pod that has finished.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Kept, and this one, if any, makes room for it.
    Keep {
        instead: Option<ObjectRef>,
    },
    Count,
}

/// The finished pods of a cluster.
#[derive(Default)]
pub(crate) struct Finished {
    owners: BTreeMap<(String, String), Owner>,
    /// By namespace and name: whose it is, how it ended, the list that had it last.
    pods: HashMap<(String, String), (String, Outcome, u32)>,
}

#[derive(Default)]
struct Owner {
    succeeded: u64,
    failed: u64,
    /// The failed ones that are kept, oldest first.
    kept: BTreeSet<(Time, String)>,
}

impl Finished {
    pub(crate) fn take(
        &mut self,
        pod: &ObjectRef,
        owner: String,
        outcome: Outcome,
        ended_at: Time,
        listing: u32,
    ) -> Verdict {
        let place = (pod.namespace.to_string(), pod.name.to_string());
        let before = self.pods.insert(place.clone(), (owner.clone(), outcome, listing));
        let of = self.owners.entry((place.0, owner)).or_default();
        if before.is_none() {
            match outcome {
                Outcome::Succeeded => of.succeeded += 1,
                Outcome::Failed => of.failed += 1,
            }
        }
        if outcome == Outcome::Succeeded {
            return Verdict::Count;
        }
        of.kept.retain(|(_, name)| *name != place.1);
        of.kept.insert((ended_at, place.1.clone()));
        if of.kept.len() <= FAILED_KEPT_OF_OWNER {
            return Verdict::Keep { instead: None };
        }
        match of.kept.pop_first() {
            Some((_, name)) if name == place.1 => Verdict::Count,
            oldest => {
                let instead = oldest.map(|(_, name)| ObjectRef::new("Pod", pod.namespace.clone(), name));
                Verdict::Keep { instead }
            }
        }
    }

    /// It is there no more. Whether it had been counted.
    pub(crate) fn gone(&mut self, namespace: &str, name: &str) -> bool {
        let place = (namespace.to_owned(), name.to_owned());
        let Some((owner, outcome, _)) = self.pods.remove(&place) else { return false };
        let key = (place.0, owner);
        if let Some(of) = self.owners.get_mut(&key) {
            match outcome {
                Outcome::Succeeded => of.succeeded = of.succeeded.saturating_sub(1),
                Outcome::Failed => of.failed = of.failed.saturating_sub(1),
            }
            of.kept.retain(|(_, kept)| *kept != place.1);
            if of.succeeded + of.failed == 0 {
                self.owners.remove(&key);
            }
        }
        true
    }

    /// After a whole list of a namespace, or with an empty one of the cluster: what it did not have is gone.
    pub(crate) fn reconcile(&mut self, namespace: &str, listing: u32) {
        let listed = |of: &str| namespace.is_empty() || of == namespace;
        let gone = self.pods.iter().filter(|((of, _), (_, _, seen))| *seen != listing && listed(of));
        let gone: Vec<(String, String)> = gone.map(|(place, _)| place.clone()).collect();
        for (namespace, name) in gone {
            self.gone(&namespace, &name);
        }
    }

    pub(crate) fn counts(&self) -> Vec<FinishedPods> {
        let count = |((namespace, owner), of): (&(String, String), &Owner)| FinishedPods {
            namespace: namespace.clone(),
            owner: owner.clone(),
            succeeded: of.succeeded,
            failed: of.failed,
        };
        self.owners.iter().map(count).collect()
    }
}

/// How a pod ended, where it has.
pub(crate) fn outcome(pod: &Doc) -> Option<Outcome> {
    match pod["status"]["phase"].as_str() {
        Some("Succeeded") => Some(Outcome::Succeeded),
        Some("Failed") => Some(Outcome::Failed),
        _ => None,
    }
}

/// `Kind/name` of the controlling owner.
pub(crate) fn owner(pod: &Doc) -> String {
    let owners = pod["metadata"]["ownerReferences"].as_array().unwrap_or_default();
    let owner = owners.iter().find(|owner| owner["controller"] == true).or_else(|| owners.first());
    owner.map_or_else(String::new, |owner| {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        format!("{}/{}", qualified_kind(text("apiVersion"), text("kind")), text("name"))
    })
}

/// What is kept of a failed pod: who it was, where it ran, what it asked for and how it ended.
pub(crate) fn reduce(pod: &Doc) -> Doc {
    let mut pod = pod.to_value();
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        reduce_spec(spec);
    }
    pod.into()
}

fn reduce_spec(spec: &mut Map<String, Value>) {
    retain(
        spec,
        &["nodeName", "containers", "initContainers", "restartPolicy", "priorityClassName", "serviceAccountName"],
    );
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(container) = container.as_object_mut() {
                retain(container, &["name", "image", "command", "args", "resources"]);
            }
        }
    }
}

fn retain(map: &mut Map<String, Value>, fields: &[&str]) {
    map.retain(|field, _| fields.contains(&field.as_str()));
}

#[cfg(test)]
mod tests;
