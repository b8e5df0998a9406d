//! A view, indexed for those who look for facts in it.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Body, Doc, EventBody, Fields, Held, ObjectRef, Observation, ObservationId, SeenEvent, Snapshot, Time, View,
};
use topology::{Graph, containers, labels_of, pod_spec_of};

use crate::json::{condition, created, flag, int, list, text, time};

/// Everything a fact may be computed from.
pub(crate) struct Scene<'a> {
    pub view: &'a View,
    pub graph: &'a Graph,
    pub snapshot: &'a Snapshot,
    pub at: Time,
    /// Pods that exist, have a spec and have not succeeded.
    pub pods: Vec<Pod<'a>>,
    pub workloads: BTreeMap<ObjectRef, Workload<'a>>,
    pub nodes: Vec<Node<'a>>,
    /// Events of pods and other objects that exist, by workload; see [`Scene::events`].
    events: BTreeMap<ObjectRef, Vec<Told<'a>>>,
    namespaces: BTreeSet<&'a str>,
    /// Indices into [`Scene::pods`], by namespace.
    pods_in: BTreeMap<&'a str, Vec<usize>>,
    workloads_in: BTreeMap<String, Vec<ObjectRef>>,
    /// Replica sets by deployment.
    replica_sets: BTreeMap<ObjectRef, Vec<(&'a ObjectRef, &'a Held)>>,
    /// What pods reserve of their nodes; see [`crate::capacity::reserved_on`].
    pub reserved: std::cell::OnceCell<crate::capacity::Reserved>,
}

/// An event together with whose it is.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub subject: &'a ObjectRef,
    pub event: &'a EventBody,
    pub id: &'a ObservationId,
}

#[derive(Clone)]
pub(crate) struct Pod<'a> {
    pub object: &'a ObjectRef,
    pub held: &'a Held,
    pub json: &'a Doc,
    pub workload: ObjectRef,
}

/// A container of a pod: what is asked for and what became of it.
#[derive(Clone, Copy)]
pub(crate) struct Container<'a> {
    pub name: &'a str,
    pub spec: &'a Doc,
    /// `Null` where the kubelet has said nothing.
    pub status: &'a Doc,
    pub init: bool,
}

pub(crate) struct Workload<'a> {
    pub object: ObjectRef,
    /// `None` where the bundle or cluster does not hold the workload itself.
    pub held: Option<&'a Held>,
    /// The pod spec that it wants now: of its template, or of its newest pod.
    pub pod_spec: Option<&'a Doc>,
    pub pod_labels: Fields<'a>,
    /// Indices into [`Scene::pods`].
    pub pods: Vec<usize>,
    /// What the spec rests on.
    pub spec_held: &'a Held,
}

#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    pub object: &'a ObjectRef,
    pub held: &'a Held,
    pub json: &'a Doc,
}

const WORKLOAD_KINDS: &[&str] = &["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet", "Rollout"];

impl<'a> Scene<'a> {
    pub(crate) fn new(view: &'a View, graph: &'a Graph) -> Self {
        let snapshot = &*view.snapshot;
        let mut pods = Vec::new();
        for (object, held) in snapshot.of_kind("Pod") {
            let json = &held.object;
            // A pod of which a recording holds only the name says nothing about itself.
            let told = !list(json, "/spec/containers").is_empty() || !text(json, "/status/phase").is_empty();
            if told && text(json, "/status/phase") != "Succeeded" {
                pods.push(Pod { object, held, json, workload: graph.workload_of(object) });
            }
        }
        let nodes = snapshot.of_kind("Node").map(|(object, held)| Node { object, held, json: &held.object }).collect();
        let mut scene = Scene {
            view,
            graph,
            snapshot,
            at: snapshot.at,
            pods,
            workloads: BTreeMap::new(),
            nodes,
            events: BTreeMap::new(),
            namespaces: snapshot.objects.keys().map(|o| o.namespace.as_str()).filter(|n| !n.is_empty()).collect(),
            pods_in: BTreeMap::new(),
            workloads_in: BTreeMap::new(),
            replica_sets: BTreeMap::new(),
            reserved: std::cell::OnceCell::new(),
        };
        for (index, pod) in scene.pods.iter().enumerate() {
            scene.pods_in.entry(pod.object.namespace.as_str()).or_default().push(index);
        }
        for (set, held) in snapshot.of_kind("ReplicaSet") {
            scene.replica_sets.entry(graph.workload_of(set)).or_default().push((set, held));
        }
        scene.gather_workloads();
        scene.gather_events();
        scene
    }

    fn gather_workloads(&mut self) {
        let mut by_workload: BTreeMap<ObjectRef, Vec<usize>> = BTreeMap::new();
        for (index, pod) in self.pods.iter().enumerate() {
            by_workload.entry(pod.workload.clone()).or_default().push(index);
        }
        for kind in WORKLOAD_KINDS {
            for (object, _) in self.snapshot.of_kind(kind) {
                by_workload.entry(self.graph.workload_of(object)).or_default();
            }
        }
        for (object, indices) in by_workload {
            let held = self.snapshot.get(&object);
            let newest = indices.iter().map(|i| &self.pods[*i]).max_by_key(|pod| (created(pod.json), pod.object));
            let template = held
                .and_then(|held| pod_spec_of(&object.kind, &held.object).map(|spec| (held, spec)))
                .filter(|(_, spec)| !list(spec, "/containers").is_empty());
            let (spec_held, pod_spec, pod_labels) = match (template, newest, held) {
                (Some((held, spec)), _, _) => {
                    let labels =
                        topology::template_of(&object.kind, &held.object).map_or(labels_of(Doc::null()), labels_of);
                    (held, Some(spec), labels)
                }
                (None, Some(pod), _) => (pod.held, pod.json.get("spec"), labels_of(pod.json)),
                (None, None, Some(held)) => (held, None, labels_of(Doc::null())),
                (None, None, None) => continue,
            };
            let workload = Workload { object: object.clone(), held, pod_spec, pod_labels, pods: indices, spec_held };
            self.workloads_in.entry(object.namespace.to_string()).or_default().push(object.clone());
            self.workloads.insert(object, workload);
        }
    }

    fn gather_events(&mut self) {
        let mut gathered: BTreeMap<ObjectRef, Vec<Told<'a>>> = BTreeMap::new();
        for (subject, seen) in &self.snapshot.events {
            let Some(owner) = self.owner_of_events(subject) else { continue };
            let uid = self.snapshot.get(subject).map(|held| &*held.uid);
            let born = self.snapshot.get(subject).and_then(|held| created(&held.object));
            for SeenEvent { event, observation, .. } in seen.iter() {
                let other = match (uid, &event.subject_uid) {
                    (Some(uid), Some(told)) => !uid.is_empty() && !told.is_empty() && uid != told.as_str(),
                    _ => false,
                };
                // An event from before the object's creation is about a former object of that name.
                let before = born.is_some_and(|born| event.last_at.plus_seconds(5) < born);
                if !other && !before {
                    gathered.entry(owner.clone()).or_default().push(Told { subject, event, id: observation });
                }
            }
        }
        for told in gathered.values_mut() {
            told.sort_by(|a, b| (a.event.last_at, a.id).cmp(&(b.event.last_at, b.id)));
        }
        self.events = gathered;
    }

    /// Whose trouble an event is: the workload's, where its subject exists or may exist. `None` for what is long gone.
    fn owner_of_events(&self, subject: &ObjectRef) -> Option<ObjectRef> {
        if self.snapshot.get(subject).is_some() {
            return Some(self.graph.workload_of(subject));
        }
        let gone = self.snapshot.deleted.contains_key(subject)
            || self.snapshot.absence_is_known(&subject.kind, &subject.namespace);
        if gone {
            return None;
        }
        let known = self.graph.workload_of(subject);
        Some(if known == *subject { self.workload_by_name(subject) } else { known })
    }

    /// The workload that a pod's or replica set's name points to, where the snapshot holds one.
    pub(crate) fn workload_by_name(&self, object: &ObjectRef) -> ObjectRef {
        let mut name = object.name.as_str();
        for _ in 0..2 {
            let Some((shorter, _)) = name.rsplit_once('-') else { break };
            name = shorter;
            for kind in ["Deployment", "StatefulSet", "DaemonSet", "Job"] {
                let workload = ObjectRef::new(kind, object.namespace.as_str(), name);
                if matches!(object.kind.as_str(), "Pod" | "ReplicaSet") && self.snapshot.get(&workload).is_some() {
                    return self.graph.workload_of(&workload);
                }
            }
        }
        object.clone()
    }

    /// Events of a workload, its pods and replica sets that exist, or of any other object; oldest first.
    pub(crate) fn events(&self, owner: &ObjectRef) -> &[Told<'a>] {
        self.events.get(owner).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn all_events(&self) -> impl Iterator<Item = (&ObjectRef, &Told<'a>)> {
        self.events.iter().flat_map(|(owner, told)| told.iter().map(move |t| (owner, t)))
    }

    pub(crate) fn events_of_pod<'s>(&'s self, pod: &'s Pod<'a>) -> impl Iterator<Item = &'s Told<'a>> {
        self.events(&pod.workload).iter().filter(move |told| told.subject == pod.object)
    }

    pub(crate) fn pods_of<'s>(&'s self, workload: &'s Workload<'a>) -> impl Iterator<Item = &'s Pod<'a>> + Clone {
        workload.pods.iter().map(|index| &self.pods[*index])
    }

    pub(crate) fn node(&self, name: &str) -> Option<&Node<'a>> {
        self.nodes.iter().find(|node| node.object.name == name)
    }

    /// Workloads of a namespace.
    pub(crate) fn workloads_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Workload<'a>> {
        self.workloads_in.get(namespace).into_iter().flatten().filter_map(|object| self.workloads.get(object))
    }

    /// Pods of a namespace.
    pub(crate) fn pods_in<'s>(&'s self, namespace: &str) -> impl Iterator<Item = &'s Pod<'a>> + use<'s, 'a> {
        self.pods_in.get(namespace).into_iter().flatten().map(|index| &self.pods[*index])
    }

    /// The replica sets of a deployment.
    pub(crate) fn replica_sets(&self, workload: &ObjectRef) -> &[(&'a ObjectRef, &'a Held)] {
        self.replica_sets.get(workload).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn exists(&self, kind: &str, namespace: &str, name: &str) -> Existence {
        if self.snapshot.get(&ObjectRef::new(kind, namespace, name)).is_some() {
            Existence::There
        } else if self.snapshot.absence_is_known(kind, namespace)
            || self.snapshot.deleted.contains_key(&ObjectRef::new(kind, namespace, name))
        {
            Existence::Absent
        } else {
            Existence::Unknown
        }
    }

    /// Released observations whose body `pick` takes.
    pub(crate) fn released<T: 'a>(
        &self,
        pick: impl Fn(&'a Body) -> Option<T> + 'a,
    ) -> impl Iterator<Item = (&'a Observation, T)> {
        self.view.released.iter().filter_map(move |o| Some((&**o, pick(&o.body)?)))
    }

    /// The workload an observation is about.
    pub(crate) fn workload_told(&self, subject: &ObjectRef) -> ObjectRef {
        let workload = self.graph.workload_of(subject);
        if workload == *subject && self.snapshot.get(subject).is_none() {
            self.workload_by_name(subject)
        } else {
            workload
        }
    }

    pub(crate) fn namespaces(&self) -> &BTreeSet<&'a str> {
        &self.namespaces
    }
}

/// Whether an object exists, as far as the snapshot can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existence {
    There,
    Absent,
    Unknown,
}

impl<'a> Pod<'a> {
    pub(crate) fn phase(&self) -> &'a str {
        text(self.json, "/status/phase")
    }

    pub(crate) fn node_name(&self) -> &'a str {
        text(self.json, "/spec/nodeName")
    }

    pub(crate) fn created(&self) -> Time {
        created(self.json).unwrap_or(self.held.at)
    }

    /// Whether the pod is being deleted.
    pub(crate) fn is_leaving(&self) -> bool {
        self.json.pointer("/metadata/deletionTimestamp").is_some()
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase(), "Succeeded" | "Failed")
    }

    /// Ready by condition, or by all containers where a recording lacks the conditions.
    pub(crate) fn is_ready(&self) -> bool {
        match condition(self.json, "Ready") {
            Some(ready) => text(ready, "/status") == "True",
            None => {
                let statuses = list(self.json, "/status/containerStatuses");
                self.phase() == "Running" && !statuses.is_empty() && statuses.iter().all(|s| flag(s, "/ready"))
            }
        }
    }

    /// Since when the pod has been ready or not ready; its start where the condition has no time.
    pub(crate) fn ready_since(&self) -> Option<Time> {
        condition(self.json, "Ready")
            .and_then(|c| time(c, "/lastTransitionTime"))
            .or_else(|| {
                let statuses = list(self.json, "/status/containerStatuses").iter();
                statuses.filter_map(|s| time(s, "/state/running/startedAt")).max()
            })
            .or_else(|| time(self.json, "/status/startTime"))
    }

    pub(crate) fn spec(&self) -> &'a Doc {
        self.json.get("spec").unwrap_or(Doc::null())
    }

    pub(crate) fn containers(&self) -> Vec<Container<'a>> {
        let json: &'a Doc = self.json;
        let found = containers(self.spec()).map(|(spec, init)| {
            let name = text(spec, "/name");
            let field = if init { "/status/initContainerStatuses" } else { "/status/containerStatuses" };
            let status = list(json, field).iter().find(|s| text(s, "/name") == name).unwrap_or(Doc::null());
            Container { name, spec, status, init }
        });
        found.collect()
    }
}

impl<'a> Container<'a> {
    pub(crate) fn waiting(&self) -> &'a str {
        text(self.status, "/state/waiting/reason")
    }

    pub(crate) fn is_ready(&self) -> bool {
        flag(self.status, "/ready")
    }

    pub(crate) fn restarts(&self) -> i64 {
        int(self.status, "/restartCount").unwrap_or(0)
    }

    /// How the container ended most recently: now, or before its current run.
    pub(crate) fn ended(&self) -> Option<&'a Doc> {
        let status: &'a Doc = self.status;
        status.pointer("/state/terminated").or_else(|| status.pointer("/lastState/terminated"))
    }

    /// A sidecar in the sense of Kubernetes 1.29: an init container that keeps running.
    pub(crate) fn is_sidecar(&self) -> bool {
        self.init && text(self.spec, "/restartPolicy") == "Always"
    }
}

impl Workload<'_> {
    /// How many pods it wants; `None` where that is not said or not known.
    pub(crate) fn desired(&self) -> Option<i64> {
        let object = &self.held?.object;
        match self.object.kind.as_str() {
            "DaemonSet" => int(object, "/status/desiredNumberScheduled"),
            "Deployment" | "StatefulSet" | "ReplicaSet" | "Rollout" => match object.pointer("/spec/replicas") {
                Some(replicas) => replicas.as_i64(),
                // The API server fills in 1; a capture without the field has lost it.
                None => None,
            },
            _ => None,
        }
    }

    pub(crate) fn is_running_forever(&self) -> bool {
        !matches!(self.object.kind.as_str(), "Job" | "CronJob")
    }
}

impl<'a> Node<'a> {
    pub(crate) fn name(&self) -> &'a str {
        &self.object.name
    }

    pub(crate) fn is_cordoned(&self) -> bool {
        flag(self.json, "/spec/unschedulable")
    }

    pub(crate) fn is_ready(&self) -> Option<bool> {
        condition(self.json, "Ready").map(|c| text(c, "/status") == "True")
    }

    pub(crate) fn is_control_plane(&self) -> bool {
        let labels = labels_of(self.json);
        labels.contains_key("node-role.kubernetes.io/control-plane")
            || labels.contains_key("node-role.kubernetes.io/master")
            || labels.get("kubernetes.io/role").is_some_and(|role| role == "master" || role == "control-plane")
            || list(self.json, "/spec/taints").iter().any(|taint| {
                matches!(
                    text(taint, "/key"),
                    "node-role.kubernetes.io/control-plane" | "node-role.kubernetes.io/master"
                )
            })
    }

    pub(crate) fn labels(&self) -> Fields<'a> {
        labels_of(self.json)
    }
}
