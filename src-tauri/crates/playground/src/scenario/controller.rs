//! What the controllers do once something changed: rollouts go on, statuses are counted, endpoints follow readiness.

use std::collections::{BTreeMap, BTreeSet};

use model::ObjectRef;
use serde_json::{Value, json};

use super::actor::{Phase, Pod, Revision, Workload};
use super::script::{State, StateName};
use super::stage::{Due, Stage, Unsettled, text};

const PROGRESS_DEADLINE_SECONDS: i64 = 600;

impl Stage {
    /// Lets every controller look at the cluster once.
    pub(super) fn settle(&mut self) {
        let unsettled = std::mem::replace(&mut self.unsettled, Unsettled::Some(BTreeSet::new()));
        let names: Vec<ObjectRef> = match &unsettled {
            Unsettled::All => self.workloads.keys().cloned().collect(),
            Unsettled::Some(some) => some.iter().cloned().collect(),
        };
        for name in names {
            if let Some(mut workload) = self.workloads.remove(&name) {
                self.roll(&mut workload);
                self.write(&mut workload);
                self.workloads.insert(name, workload);
            }
        }
        self.route(&unsettled);
    }

    /// Adds and removes pods towards what the workload asks for.
    fn roll(&mut self, workload: &mut Workload) {
        if self.is_refused(workload) {
            return;
        }
        match workload.object.kind.as_str() {
            "StatefulSet" => self.roll_stateful(workload),
            "DaemonSet" => self.roll_daemon(workload),
            "Job" if workload.pods.is_empty() => self.add_pod(workload, 0),
            "Deployment" => self.roll_deployment(workload),
            _ => {}
        }
    }

    /// Whether the API server refuses the pods of the current revision; says so about once a minute, as controllers do
    /// while they back off.
    fn is_refused(&mut self, workload: &mut Workload) -> bool {
        let Some(revision) = workload.current().cloned() else { return false };
        if revision.state.state != StateName::Refused {
            return false;
        }
        let there = workload.pods.iter().filter(|p| p.counts()).count();
        if there >= workload.replicas as usize && revision.wanted == 0 && workload.revisions.len() == 1 {
            return true;
        }
        if let Some(current) = workload.revisions.last_mut() {
            current.wanted = (workload.replicas as usize).saturating_sub(there).max(1);
        }
        let due = workload.refused.is_none_or(|last| last.plus_seconds(60) <= self.now);
        if due {
            let owner = workload.owner_of_pods(&revision.hash);
            let refusal = revision.state.message.clone().unwrap_or_else(|| "forbidden".into());
            let pod = format!("{}-0", workload.object.name);
            let message = match owner.kind.as_str() {
                "StatefulSet" => format!("create Pod {pod} in StatefulSet {} failed error: {refusal}", owner.name),
                _ => format!("Error creating: {refusal}"),
            };
            if !self.objects.contains_key(&owner) {
                self.write_sets(workload);
            }
            self.event(&owner, "Warning", "FailedCreate", &message, reporter(&owner.kind), 3);
            workload.refused = Some(self.now);
        }
        true
    }

    fn roll_deployment(&mut self, workload: &mut Workload) {
        let Some(current) = workload.current().map(|r| r.hash.clone()) else { return };
        let desired = workload.replicas as usize;
        let recreate = workload.word.strategy.as_deref() == Some("Recreate");
        let surge = if recreate { 0 } else { desired.div_ceil(4) };
        let unavailable = if recreate { desired } else { desired / 4 };
        // Old pods that serve nobody go first, then as many as may be missing.
        loop {
            let live = |p: &&Pod| p.counts();
            let old: Vec<&Pod> = workload.pods.iter().filter(|p| p.counts() && p.hash != current).collect();
            let serving = workload.pods.iter().filter(live).filter(|p| p.ready && !p.lost).count();
            let newer = workload.pods.iter().filter(live).filter(|p| p.hash == current).count();
            let spare = (serving + unavailable).saturating_sub(desired);
            let victim = if recreate {
                old.first()
            } else {
                old.iter().find(|p| !p.ready).or(if spare > 0 { old.first() } else { None })
            };
            if let Some(name) = victim.map(|p| p.name.clone()) {
                self.remove_pod(workload, &name);
                continue;
            }
            if newer > desired {
                let extra = workload.pods.iter().filter(live).filter(|p| p.hash == current);
                let victim = extra.max_by_key(|p| (!p.ready, p.created)).map(|p| p.name.clone());
                if let Some(name) = victim {
                    self.remove_pod(workload, &name);
                    continue;
                }
            }
            let total = workload.pods.iter().filter(live).count();
            if newer < desired && total < desired + surge {
                self.add_pod(workload, 0);
                continue;
            }
            break;
        }
        let counts = counts(workload);
        let mut moved = false;
        for at in 0..workload.revisions.len() {
            let revision = &mut workload.revisions[at];
            let (from, to) = (revision.wanted, counts.get(&revision.hash).copied().unwrap_or_default());
            if from == to {
                continue;
            }
            revision.wanted = to;
            moved = true;
            if self.opening {
                continue;
            }
            let direction = if to > from { "up" } else { "down" };
            let message = format!(
                "Scaled {direction} replica set {}-{} from {from} to {to}",
                workload.object.name, revision.hash
            );
            self.event(&workload.object, "Normal", "ScalingReplicaSet", &message, "deployment-controller", 1);
        }
        if moved && !self.opening {
            workload.progressed = self.now;
        }
    }

    fn roll_stateful(&mut self, workload: &mut Workload) {
        let Some(current) = workload.current().map(|r| r.hash.clone()) else { return };
        let desired = workload.replicas;
        let extra: Vec<String> =
            workload.pods.iter().filter(|p| p.ordinal >= desired).map(|p| p.name.clone()).collect();
        for name in extra {
            self.remove_pod(workload, &name);
        }
        for ordinal in 0..desired {
            let there = workload.pods.iter().find(|p| p.ordinal == ordinal).cloned();
            match there {
                // Members come in order: the next one waits until this one is ready.
                Some(pod) if pod.counts() && !pod.ready && !self.opening && pod.hash == current => break,
                Some(pod) if pod.counts() => continue,
                Some(pod) if pod.deleting.is_some() => break,
                Some(pod) => self.remove_pod(workload, &pod.name),
                None => {}
            }
            self.add_pod(workload, ordinal);
            // The next one waits until this one is ready.
            if !self.opening {
                return;
            }
        }
        let others_ready = workload.pods.iter().filter(|p| p.hash == current).all(|p| p.ready);
        if others_ready
            && let Some(old) = workload.pods.iter().filter(|p| p.hash != current).max_by_key(|p| p.ordinal).cloned()
        {
            self.remove_pod(workload, &old.name);
            self.add_pod(workload, old.ordinal);
        }
    }

    fn roll_daemon(&mut self, workload: &mut Workload) {
        let Some(current) = workload.current().map(|r| r.hash.clone()) else { return };
        let nodes = self.daemon_nodes(workload);
        workload.replicas = nodes.len() as u32;
        while workload.pods.iter().filter(|p| p.counts()).count() < nodes.len() {
            self.add_pod(workload, 0);
        }
        let others_ready = workload.pods.iter().filter(|p| p.hash == current).all(|p| p.ready);
        if others_ready && let Some(old) = workload.pods.iter().find(|p| p.hash != current && p.counts()).cloned() {
            self.remove_pod(workload, &old.name);
            self.add_pod(workload, 0);
        }
    }

    pub(super) fn add_pod(&mut self, workload: &mut Workload, ordinal: u32) {
        let Some(revision) = workload.current().cloned() else { return };
        workload.born += 1;
        let born = workload.born.to_string();
        let owner = workload.owner_of_pods(&revision.hash);
        let name = match workload.object.kind.as_str() {
            "StatefulSet" => format!("{}-{ordinal}", owner.name),
            _ => format!("{}-{}", owner.name, self.hash(5, &[&owner.to_string(), &born])),
        };
        let created = if self.opening { revision.created } else { self.now };
        let mut state = revision.state.clone();
        // `only` asks for so many of the pods in that state; the others are well.
        if state.only.is_some_and(|only| workload.pods.iter().filter(|p| p.hash == revision.hash).count() >= only) {
            state = State::of(StateName::Ready);
        }
        let mut pod = Pod {
            name,
            ordinal,
            hash: revision.hash,
            created,
            state,
            episode: 0,
            node: None,
            address: None,
            phase: Phase::Unscheduled,
            restarts: 0,
            ready: false,
            turned: created,
            scheduled: created,
            started: created,
            last_exit: None,
            deleting: None,
            lost: false,
        };
        if self.opening {
            self.settle_in(workload, &mut pod);
        } else {
            let message = match workload.object.kind.as_str() {
                "StatefulSet" => format!("create Pod {} in StatefulSet {} successful", pod.name, workload.object.name),
                _ => format!("Created pod: {}", pod.name),
            };
            let reporter = reporter(&owner.kind);
            // The event names its owner's uid, so the owner has to be there first.
            if !self.objects.contains_key(&owner) {
                self.write_sets(workload);
            }
            self.event(&owner, "Normal", "SuccessfulCreate", &message, reporter, 1);
            self.begin(workload, &pod);
        }
        let object = self.pod_object(workload, &pod);
        self.put(workload.pod_ref(&pod.name), object);
        workload.pods.push(pod);
    }

    pub(super) fn remove_pod(&mut self, workload: &mut Workload, name: &str) {
        let Some(at) = workload.pods.iter().position(|p| p.name == name) else { return };
        let pod = workload.pods.remove(at);
        let owner = workload.owner_of_pods(&pod.hash);
        if pod.phase == Phase::Running && !pod.lost {
            let message = format!("Stopping container {}", workload.container());
            self.event(&workload.pod_ref(name), "Normal", "Killing", &message, "kubelet", 1);
        }
        let message = match owner.kind.as_str() {
            "StatefulSet" => format!("delete Pod {name} in StatefulSet {} successful", owner.name),
            _ => format!("Deleted pod: {name}"),
        };
        self.event(&owner, "Normal", "SuccessfulDelete", &message, reporter(&owner.kind), 1);
        self.remove(&workload.pod_ref(name));
    }

    /// Writes the workload's objects as they now are.
    pub(super) fn write(&mut self, workload: &mut Workload) {
        let available = workload.pods.iter().filter(|p| p.counts() && p.ready && !p.lost).count();
        let enough = available >= (workload.replicas - workload.replicas / 4) as usize;
        if workload.was_available != Some(enough) {
            workload.available_since = if self.opening { workload.created } else { self.now };
            workload.was_available = Some(enough);
        }
        if workload.object.kind == "Deployment" {
            let deadline = workload.progressed.plus_seconds(PROGRESS_DEADLINE_SECONDS);
            if !workload.rolled && self.complete(workload) {
                workload.rolled = true;
                workload.stalled = false;
                workload.progressed = self.now;
            }
            if !workload.rolled && !workload.stalled && workload.deadline != Some(deadline) && deadline > self.now {
                workload.deadline = Some(deadline);
                let revision = workload.current().map_or(0, |r| r.number);
                self.plan(deadline, Due::Deadline { workload: workload.object.clone(), revision });
            }
        }
        let object = self.workload_object(workload);
        self.put(workload.object.clone(), object);
        self.write_sets(workload);
        for pod in &workload.pods {
            let object = self.pod_object(workload, pod);
            self.put(workload.pod_ref(&pod.name), object);
        }
    }

    pub(super) fn complete(&self, workload: &Workload) -> bool {
        let Some(current) = workload.current() else { return true };
        let live = workload.pods.iter().filter(|p| p.counts());
        live.clone().all(|p| p.hash == current.hash)
            && live.filter(|p| p.ready && !p.lost).count() == workload.replicas as usize
    }

    pub(super) fn deadline(&mut self, name: &ObjectRef, revision: u32) {
        let now = self.now;
        let Some(workload) = self.workloads.get(name).cloned() else { return };
        let overdue = workload.progressed.plus_seconds(PROGRESS_DEADLINE_SECONDS) <= now;
        let current = workload.current().map_or(0, |r| r.number);
        if overdue
            && current == revision
            && !workload.rolled
            && let Some(workload) = self.workloads.get_mut(name)
        {
            workload.stalled = true;
        }
    }

    fn write_sets(&mut self, workload: &Workload) {
        if workload.object.kind != "Deployment" {
            return;
        }
        for revision in &workload.revisions {
            let object = self.set_object(workload, revision);
            let subject = ObjectRef::new(
                "ReplicaSet",
                &workload.object.namespace,
                format!("{}-{}", workload.object.name, revision.hash),
            );
            self.put(subject, object);
        }
    }

    fn set_object(&self, workload: &Workload, revision: &Revision) -> Value {
        let pods: Vec<&Pod> = workload.pods.iter().filter(|p| p.hash == revision.hash && p.counts()).collect();
        let ready = pods.iter().filter(|p| p.ready && !p.lost).count();
        let mut template = revision.template.clone();
        template["metadata"]["labels"]["pod-template-hash"] = revision.hash.clone().into();
        let mut selector = selector(workload);
        selector["pod-template-hash"] = revision.hash.clone().into();
        let mut status = json!({ "replicas": pods.len(), "observedGeneration": 1 });
        if !pods.is_empty() {
            status["fullyLabeledReplicas"] = pods.len().into();
        }
        if ready > 0 {
            status["readyReplicas"] = ready.into();
            status["availableReplicas"] = ready.into();
        }
        let newest = workload.current().is_some_and(|r| r.hash == revision.hash);
        if let Some((refused, since)) = workload.refusal().filter(|_| newest) {
            status["conditions"] = json!([{
                "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refused,
                "lastTransitionTime": text(since),
            }]);
        }
        json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{}-{}", workload.object.name, revision.hash),
                "namespace": workload.object.namespace,
                "uid": revision.uid,
                "creationTimestamp": text(revision.created),
                "generation": 1,
                "labels": template["metadata"]["labels"],
                "annotations": {
                    "deployment.kubernetes.io/desired-replicas": workload.replicas.to_string(),
                    "deployment.kubernetes.io/max-replicas": (workload.replicas + workload.replicas.div_ceil(4)).to_string(),
                    "deployment.kubernetes.io/revision": revision.number.to_string(),
                },
                "ownerReferences": [{
                    "apiVersion": "apps/v1", "kind": "Deployment", "name": workload.object.name, "uid": workload.uid,
                    "controller": true, "blockOwnerDeletion": true,
                }],
            },
            "spec": { "replicas": revision.wanted, "selector": { "matchLabels": selector }, "template": template },
            "status": status,
        })
    }

    /// Endpoints and slices of every Service that selects pods.
    fn route(&mut self, unsettled: &Unsettled) {
        let touched = |namespace: &str| match unsettled {
            Unsettled::All => true,
            Unsettled::Some(some) => some.iter().any(|w| w.namespace == namespace),
        };
        let services: Vec<(ObjectRef, Value)> = self
            .objects
            .range(ObjectRef::new("Service", "", "")..)
            .take_while(|(o, _)| o.kind == "Service")
            .filter(|(o, _)| touched(&o.namespace) && !self.frozen.contains(o))
            .filter(|(_, s)| s.pointer("/spec/selector").and_then(Value::as_object).is_some_and(|m| !m.is_empty()))
            .map(|(o, s)| (o.clone(), s.clone()))
            .collect();
        for (subject, service) in services {
            for (object, value) in super::plain::endpoints(self, &subject, &service) {
                self.put(object, value);
            }
        }
    }
}

fn counts(workload: &Workload) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for pod in workload.pods.iter().filter(|p| p.counts()) {
        *counts.entry(pod.hash.clone()).or_default() += 1;
    }
    counts
}

pub(super) fn selector(workload: &Workload) -> Value {
    json!({ "app": workload.object.name })
}

fn reporter(kind: &str) -> &'static str {
    match kind {
        "ReplicaSet" => "replicaset-controller",
        "StatefulSet" => "statefulset-controller",
        "DaemonSet" => "daemonset-controller",
        _ => "job-controller",
    }
}
