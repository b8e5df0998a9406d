//! From a view to the edges of its graph.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{Doc, Held, ObjectRef, Observation, ObservationId, Snapshot, Time, View};

use crate::owners::{Owners, owners, workload_of};
use crate::template::{config_uses, pod_spec_of};
use crate::{Edge, EdgeClass, Relation, calls, routes};

/// Edges being collected, one per (from, to, relation): evidence and reason of the strongest class win.
pub(crate) struct Draft<'a> {
    snapshot: &'a Snapshot,
    owners: Owners,
    workloads: HashMap<ObjectRef, ObjectRef>,
    edges: BTreeMap<(ObjectRef, ObjectRef, Relation), Edge>,
}

impl Draft<'_> {
    pub(crate) fn workload_of(&self, object: &ObjectRef) -> ObjectRef {
        match self.workloads.get(object) {
            Some(workload) => workload.clone(),
            None => workload_of(object, &self.owners, self.snapshot),
        }
    }

    pub(crate) fn edge(
        &mut self,
        from: &ObjectRef,
        to: &ObjectRef,
        relation: Relation,
        class: EdgeClass,
        reason: String,
        held: &Held,
    ) {
        self.add(from, to, relation, class, reason, held.at, &held.observation);
    }

    pub(crate) fn observed(
        &mut self,
        from: &ObjectRef,
        to: &ObjectRef,
        relation: Relation,
        class: EdgeClass,
        reason: String,
        observation: &Observation,
    ) {
        self.add(from, to, relation, class, reason, observation.at, &observation.id);
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of an edge")]
    fn add(
        &mut self,
        from: &ObjectRef,
        to: &ObjectRef,
        relation: Relation,
        class: EdgeClass,
        reason: String,
        since: Time,
        evidence: &ObservationId,
    ) {
        if from == to {
            return;
        }
        let key = (from.clone(), to.clone(), relation);
        match self.edges.get_mut(&key) {
            None => {
                let evidence = vec![evidence.clone()];
                let edge = Edge { from: from.clone(), to: to.clone(), relation, class, reason, since, evidence };
                self.edges.insert(key, edge);
            }
            Some(edge) => {
                if class < edge.class {
                    edge.class = class;
                    edge.reason = reason;
                }
                edge.since = edge.since.min(since);
                // A node that runs five hundred pods of one workload needs no five hundred citations.
                if edge.evidence.len() < 8 && !edge.evidence.contains(evidence) {
                    edge.evidence.push(evidence.clone());
                }
            }
        }
    }
}

/// Everything a [`crate::Graph`] is made of.
pub(crate) struct Built {
    pub edges: Vec<Edge>,
    pub workloads: HashMap<ObjectRef, ObjectRef>,
    pub pods: BTreeMap<ObjectRef, Vec<ObjectRef>>,
}

pub(crate) fn build(view: &View, declared: &[(ObjectRef, ObjectRef, String)]) -> Built {
    let snapshot = &*view.snapshot;
    let owners = owners(snapshot);
    let mut workloads = HashMap::with_capacity(owners.len());
    let mut pods: BTreeMap<ObjectRef, Vec<ObjectRef>> = BTreeMap::new();
    for object in owners.keys() {
        workloads.insert(object.clone(), workload_of(object, &owners, snapshot));
    }
    for (pod, _) in snapshot.of_kind("Pod") {
        let workload = workloads.get(pod).unwrap_or(pod);
        pods.entry(workload.clone()).or_default().push(pod.clone());
    }
    let mut draft = Draft { snapshot, owners, workloads, edges: BTreeMap::new() };
    ownership(snapshot, &mut draft);
    let templated = templates(snapshot, &mut draft);
    placed_pods(snapshot, &templated, &mut draft);
    routes::services(snapshot, &mut draft);
    routes::gateways(snapshot, &mut draft);
    routes::bounds(snapshot, &mut draft);
    calls::from_recordings(view, &mut draft);
    for (from, to, why) in declared {
        let (from, to) = (draft.workload_of(from), to.clone());
        let evidence = snapshot.get(&from).or_else(|| snapshot.get(&to)).map(|h| h.observation.clone());
        let edge = Edge {
            from: from.clone(),
            to: to.clone(),
            relation: Relation::Calls,
            class: EdgeClass::Declared,
            reason: format!("declared by a blueprint: {why}"),
            since: snapshot.at,
            evidence: evidence.into_iter().collect(),
        };
        draft.edges.insert((from, to, Relation::Calls), edge);
    }
    Built { edges: draft.edges.into_values().collect(), workloads: draft.workloads, pods }
}

fn ownership(snapshot: &Snapshot, draft: &mut Draft) {
    let owned: Vec<(ObjectRef, ObjectRef, bool)> =
        draft.owners.iter().map(|(object, owner)| (object.clone(), owner.object.clone(), owner.declared)).collect();
    for (object, owner, declared) in owned {
        let Some(held) = snapshot.get(&object) else { continue };
        let (class, reason) = if declared {
            (EdgeClass::Declared, "owner reference".to_owned())
        } else {
            (EdgeClass::Inferred, "its name and labels fit".to_owned())
        };
        draft.edge(&object, &owner, Relation::OwnedBy, class, reason, held);
    }
}

/// Edges of pod templates, on the workload. Returns the workloads whose template was there.
fn templates(snapshot: &Snapshot, draft: &mut Draft) -> BTreeSet<ObjectRef> {
    let mut templated = BTreeSet::new();
    for kind in ["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet", "Rollout"] {
        for (object, held) in snapshot.of_kind(kind) {
            if let Some(spec) = pod_spec_of(kind, &held.object) {
                let workload = draft.workload_of(object);
                pod_spec_edges(&workload, spec, held, snapshot, draft);
                templated.insert(workload);
            }
        }
    }
    templated
}

fn placed_pods(snapshot: &Snapshot, templated: &BTreeSet<ObjectRef>, draft: &mut Draft) {
    for (pod, held) in snapshot.of_kind("Pod") {
        let Some(spec) = held.object.get("spec") else { continue };
        let workload = draft.workload_of(pod);
        // A pod of a StatefulSet has claims that the template does not name.
        if !templated.contains(&workload) {
            pod_spec_edges(&workload, spec, held, snapshot, draft);
        } else if workload.kind == "StatefulSet" {
            claims(&workload, spec, held, draft);
        }
        if let Some(node) = spec.get("nodeName").and_then(Doc::as_str).filter(|n| !n.is_empty()) {
            let node = ObjectRef::global("Node", node);
            let reason = format!("{} is placed there", pod.name);
            draft.edge(pod, &node, Relation::RunsOn, EdgeClass::Observed, reason.clone(), held);
            draft.edge(&workload, &node, Relation::RunsOn, EdgeClass::Observed, reason, held);
        }
    }
}

fn pod_spec_edges(workload: &ObjectRef, spec: &Doc, held: &Held, snapshot: &Snapshot, draft: &mut Draft) {
    let namespace = workload.namespace.as_str();
    for used in config_uses(spec) {
        let object = ObjectRef::new(used.kind, namespace, used.name);
        let (relation, reason) = match used.used_as {
            "env" => (Relation::ReadsConfig, format!("environment of {}", used.container)),
            "image_pull" => (Relation::ReadsConfig, "pulls its images with it".to_owned()),
            _ => (Relation::Mounts, format!("volume {}", used.target)),
        };
        draft.edge(workload, &object, relation, EdgeClass::Declared, reason, held);
    }
    claims(workload, spec, held, draft);
    let account = spec.get("serviceAccountName").and_then(Doc::as_str).filter(|a| !a.is_empty() && *a != "default");
    if let Some(account) = account {
        let account = ObjectRef::new("ServiceAccount", namespace, account);
        draft.edge(workload, &account, Relation::UsesAccount, EdgeClass::Declared, "runs as it".into(), held);
    }
    calls::from_environment(workload, spec, held, snapshot, draft);
}

fn claims(workload: &ObjectRef, spec: &Doc, held: &Held, draft: &mut Draft) {
    for volume in spec.get("volumes").and_then(Doc::as_array).into_iter().flatten() {
        let claim = volume.pointer("/persistentVolumeClaim/claimName").and_then(Doc::as_str);
        if let Some(claim) = claim {
            let claim = ObjectRef::new("PersistentVolumeClaim", workload.namespace.as_str(), claim);
            let reason = format!("volume {}", volume.get("name").and_then(Doc::as_str).unwrap_or(""));
            draft.edge(workload, &claim, Relation::Mounts, EdgeClass::Declared, reason, held);
        }
    }
}
