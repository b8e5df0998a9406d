//! Which object a pod, replica set or job belongs to: owner references and, where the bundle or cluster lacks them, the
//! labels and names that controllers give to what they make.

use std::collections::HashMap;

use model::{Doc, Held, ObjectRef, Snapshot, controller_of};

use crate::place::Places;
use crate::selector::{labels_of, matches_selector};

/// Finds direct owners, one object after the other; remembers what it read of namespaces.
pub(crate) struct Owners<'a> {
    snapshot: &'a Snapshot,
    selectors: HashMap<&'a str, Vec<(&'a ObjectRef, &'a Doc)>>,
}

impl<'a> Owners<'a> {
    pub fn of(snapshot: &'a Snapshot) -> Self {
        Owners { snapshot, selectors: HashMap::new() }
    }

    /// Enters the owner of an object that exists or was deleted. Of several objects those that exist come first, both in
    /// the order of their references: the first who says something about a replica set that is not there is believed.
    pub fn find(&mut self, object: &'a ObjectRef, held: &'a Held, places: &mut Places) {
        let owner = match controller_of(&object.namespace, &held.object) {
            Some(owner) => Some((owner, true)),
            None => self.guessed(object, &held.object).map(|owner| (owner, false)),
        };
        let Some((owner, declared)) = owner.filter(|(owner, _)| owner.kind != "Node" && owner != object) else {
            return;
        };
        let owner_id = places.id(&owner);
        // The replica set itself may not be in a bundle; its name and the pods' hash still say which deployment it is of.
        if owner.kind == "ReplicaSet"
            && places.owner(owner_id).is_none()
            && self.snapshot.get(&owner).is_none()
            && let Some(deployment) = by_pod_hash(&owner, &held.object, self.snapshot)
        {
            let deployment = places.id(&deployment);
            places.own(owner_id, Some((deployment, false)));
        }
        let id = places.id(object);
        if places.owner(id).is_none() {
            places.own(id, Some((owner_id, declared)));
        }
    }

    fn guessed(&mut self, object: &'a ObjectRef, body: &Doc) -> Option<ObjectRef> {
        match object.kind.as_str() {
            "ReplicaSet" => by_hash(object, body, "Deployment").or_else(|| by_prefix(object, self.snapshot)),
            "Pod" => by_job_label(object, body)
                .or_else(|| self.by_selector(object, body))
                .or_else(|| by_name(object, self.snapshot)),
            _ => None,
        }
    }

    /// A pod without owner reference that one workload's selector matches: its controller would adopt it.
    fn by_selector(&mut self, pod: &'a ObjectRef, object: &Doc) -> Option<ObjectRef> {
        let labels = labels_of(object);
        if labels.is_empty() {
            return None;
        }
        let snapshot = self.snapshot;
        let selectors = self.selectors.entry(&pod.namespace).or_insert_with(|| selectors(snapshot, &pod.namespace));
        let mut matching = selectors.iter().filter(|(_, s)| matches_selector(s, labels));
        match (matching.next(), matching.next()) {
            (Some((workload, _)), None) => Some((*workload).clone()),
            _ => None,
        }
    }
}

fn selectors<'a>(snapshot: &'a Snapshot, namespace: &'a str) -> Vec<(&'a ObjectRef, &'a Doc)> {
    // A selector without terms is one that a capture has lost; taken at its word it would select everything.
    let terms = |s: &&Doc| s.get("matchLabels").is_some() || s.get("matchExpressions").is_some();
    ["DaemonSet", "Deployment", "StatefulSet"]
        .into_iter()
        .flat_map(|kind| snapshot.in_namespace(kind, namespace))
        .filter_map(|(object, held)| Some((object, held.object.pointer("/spec/selector").filter(terms)?)))
        .collect()
}

/// The job that wrote its name on its pod, as the job controller does (the second name is the one before Kubernetes 1.27).
fn by_job_label(pod: &ObjectRef, object: &Doc) -> Option<ObjectRef> {
    let labels = labels_of(object);
    let name = ["batch.kubernetes.io/job-name", "job-name"].into_iter().find_map(|label| labels.get(label)?.as_str());
    Some(ObjectRef::new("Job", &pod.namespace, name?))
}

fn by_hash(replica_set: &ObjectRef, object: &Doc, kind: &str) -> Option<ObjectRef> {
    let hash = labels_of(object).get("pod-template-hash")?.as_str()?;
    let name = replica_set.name.strip_suffix(hash)?.strip_suffix('-')?;
    Some(ObjectRef::new(kind, &replica_set.namespace, name))
}

fn by_pod_hash(replica_set: &ObjectRef, pod: &Doc, snapshot: &Snapshot) -> Option<ObjectRef> {
    if let Some(found) = by_hash(replica_set, pod, "Deployment") {
        return Some(found);
    }
    by_prefix(replica_set, snapshot)
}

/// The deployment whose name a replica set's begins with, where the snapshot holds it.
fn by_prefix(replica_set: &ObjectRef, snapshot: &Snapshot) -> Option<ObjectRef> {
    let (name, _) = replica_set.name.rsplit_once('-')?;
    let deployment = ObjectRef::new("Deployment", &replica_set.namespace, name);
    snapshot.get(&deployment).is_some().then_some(deployment)
}

/// A pod without owner reference and without telling labels, whose name is one that a controller gives:
/// `web-7f9dd8b6c4-x7gr9`, `db-0`.
fn by_name(pod: &ObjectRef, snapshot: &Snapshot) -> Option<ObjectRef> {
    let there = |kind: &str, name: &str| {
        let workload = ObjectRef::new(kind, &pod.namespace, name);
        snapshot.get(&workload).is_some().then_some(workload)
    };
    let generated = |part: &str, longest: usize| {
        (3..=longest).contains(&part.len()) && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let (rest, suffix) = pod.name.rsplit_once('-')?;
    if suffix.chars().all(|c| c.is_ascii_digit())
        && let Some(set) = there("StatefulSet", rest)
    {
        return Some(set);
    }
    // Captures shorten the hash and give it parts of their own; the deployment's name is what counts.
    let mut name = rest;
    for _ in 0..3 {
        let Some((shorter, hash)) = name.rsplit_once('-') else { break };
        if let Some(deployment) = there("Deployment", shorter).filter(|_| generated(suffix, 6) && generated(hash, 10)) {
            return Some(deployment);
        }
        name = shorter;
    }
    None
}
