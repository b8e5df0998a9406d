//! Which workload controls which pod.

use std::collections::{BTreeMap, HashMap};

use model::{Doc, ObjectRef, Snapshot, controller_of};

use crate::selector::{labels_of, matches_selector};

/// Where climbing from owner to owner ends: these are what people call the workload, whatever made them.
fn is_workload(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob")
}

/// How a pod or replica set was put to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub object: ObjectRef,
    /// False where the owner reference is missing and labels or the name told it.
    pub declared: bool,
}

/// Owners by object, one step each.
pub(crate) type Owners = HashMap<ObjectRef, Owner>;

/// Finds the direct owner of every pod, replica set and job, following owner references and, where the bundle or cluster
/// lacks them, the labels and names that controllers give to what they make.
pub(crate) fn owners(snapshot: &Snapshot) -> Owners {
    let mut owners = Owners::new();
    let mut selectors: BTreeMap<&str, Vec<(&ObjectRef, &Doc)>> = BTreeMap::new();
    for kind in ["DaemonSet", "Deployment", "StatefulSet"] {
        for (object, held) in snapshot.of_kind(kind) {
            // A selector without terms is one that a capture has lost; taken at its word it would select everything.
            let terms = |s: &&Doc| s.get("matchLabels").is_some() || s.get("matchExpressions").is_some();
            if let Some(selector) = held.object.pointer("/spec/selector").filter(terms) {
                selectors.entry(object.namespace.as_str()).or_default().push((object, selector));
            }
        }
    }
    for (object, held) in snapshot.objects.iter().chain(&snapshot.deleted) {
        let declared = controller_of(&object.namespace, &held.object);
        let guessed = || match object.kind.as_str() {
            "ReplicaSet" => by_hash(object, &held.object, "Deployment").or_else(|| by_prefix(object, snapshot)),
            "Pod" => by_selector(object, &held.object, &selectors).or_else(|| by_name(object, snapshot)),
            _ => None,
        };
        let owner = match declared {
            Some(owner) => Some(Owner { object: owner, declared: true }),
            None => guessed().map(|object| Owner { object, declared: false }),
        };
        let Some(owner) = owner.filter(|owner| owner.object.kind != "Node" && owner.object != *object) else {
            continue;
        };
        // The replica set itself may not be in a bundle; its name and the pods' hash still say which deployment it is of.
        if owner.object.kind == "ReplicaSet"
            && !owners.contains_key(&owner.object)
            && snapshot.get(&owner.object).is_none()
            && let Some(deployment) = by_pod_hash(&owner.object, &held.object, snapshot)
        {
            owners.insert(owner.object.clone(), Owner { object: deployment, declared: false });
        }
        owners.entry(object.clone()).or_insert(owner);
    }
    owners
}

fn by_hash(replica_set: &ObjectRef, object: &Doc, kind: &str) -> Option<ObjectRef> {
    let hash = labels_of(object).get("pod-template-hash")?.as_str()?;
    let name = replica_set.name.strip_suffix(hash)?.strip_suffix('-')?;
    Some(ObjectRef::new(kind, replica_set.namespace.as_str(), name))
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
    let deployment = ObjectRef::new("Deployment", replica_set.namespace.as_str(), name);
    snapshot.get(&deployment).is_some().then_some(deployment)
}

/// A pod without owner reference that one workload's selector matches: its controller would adopt it.
fn by_selector(
    pod: &ObjectRef,
    object: &Doc,
    selectors: &BTreeMap<&str, Vec<(&ObjectRef, &Doc)>>,
) -> Option<ObjectRef> {
    let labels = labels_of(object);
    if labels.is_empty() {
        return None;
    }
    let mut matching = selectors.get(pod.namespace.as_str())?.iter().filter(|(_, s)| matches_selector(s, labels));
    match (matching.next(), matching.next()) {
        (Some((workload, _)), None) => Some((*workload).clone()),
        _ => None,
    }
}

/// A pod without owner reference and without telling labels, whose name is one that a controller gives:
/// `web-7f9dd8b6c4-x7gr9`, `db-0`.
fn by_name(pod: &ObjectRef, snapshot: &Snapshot) -> Option<ObjectRef> {
    let there = |kind: &str, name: &str| {
        let workload = ObjectRef::new(kind, pod.namespace.as_str(), name);
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

/// The workload at the top: climbs while the next owner is a workload, an intermediate of one, or an object that the
/// snapshot holds.
pub(crate) fn workload_of(object: &ObjectRef, owners: &Owners, snapshot: &Snapshot) -> ObjectRef {
    let mut at = object.clone();
    for _ in 0..8 {
        if is_workload(&at.kind) {
            break;
        }
        let Some(owner) = owners.get(&at) else { break };
        let intermediate = matches!(at.kind.as_str(), "Pod" | "ReplicaSet" | "ReplicationController");
        let leads_on = is_workload(&owner.object.kind) || intermediate || snapshot.get(&owner.object).is_some();
        if !leads_on {
            break;
        }
        at = owner.object.clone();
    }
    at
}
