//! A view, indexed for those who look for facts in it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{
    Body, Doc, EventBody, Fields, Held, ObjectRef, Observation, ObservationId, SeenEvent, Snapshot, Time, View,
};
use topology::{Graph, containers, labels_of, pod_spec_of};

use crate::jobs;
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
    /// The same by whom they are about.
    told_of: HashMap<&'a ObjectRef, Vec<Told<'a>>>,
    /// Places in [`Scene::nodes`], by name.
    node_names: HashMap<&'a str, usize>,
    namespaces: BTreeSet<&'a str>,
    /// Indices into [`Scene::pods`], by namespace.
    pods_in: BTreeMap<&'a str, Vec<usize>>,
    workloads_in: BTreeMap<String, Vec<ObjectRef>>,
    /// Replica sets by deployment.
    replica_sets: BTreeMap<ObjectRef, Vec<(&'a ObjectRef, &'a Held)>>,
    /// What pods reserve of their nodes; see [`crate::capacity::reserved_on`].
    pub reserved: OnceCell<crate::capacity::Reserved>,
    /// What the largest node has; see [`crate::capacity::largest`].
    pub largest: OnceCell<crate::capacity::Largest>,
    /// Indices into [`Scene::pods`] of those that mount a claim, by namespace and claim.
    mounting: HashMap<(&'a str, &'a str), Vec<usize>>,
    /// Indices into [`Scene::pods`], by namespace and a pair of labels.
    labelled: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
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
    phase: &'a str,
    node: &'a str,
    ready: bool,
    leaving: bool,
    /// It runs and is ready, and its containers have never been anything else.
    calm: bool,
    containers: Box<[Container<'a>]>,
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
    /// All its pods run, are ready and have never been anything else, and no event tells of it: whoever looks for trouble
    /// in its pods can leave it alone.
    pub calm: bool,
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
            let phase = text(json, "/status/phase");
            if !told || phase == "Succeeded" {
                continue;
            }
            let mut workload = graph.workload_of(object);
            if workload == *object || phase == "Failed" {
                let job = jobs::job_of(object, json).filter(|job| snapshot.get(job).is_some());
                // An attempt that failed on the way to a success is nobody's trouble.
                if phase == "Failed" && job.as_ref().is_some_and(|job| jobs::is_settled(snapshot, graph, job)) {
                    continue;
                }
                if let Some(job) = job.filter(|_| workload == *object) {
                    workload = graph.workload_of(&job);
                }
            }
            pods.push(Pod::of(object, held, workload));
        }
        let nodes: Vec<Node> =
            snapshot.of_kind("Node").map(|(object, held)| Node { object, held, json: &held.object }).collect();
        let node_names = nodes.iter().enumerate().map(|(place, node)| (node.object.name.as_str(), place)).collect();
        let mut namespaces = BTreeSet::new();
        let mut last = "";
        for object in snapshot.objects.keys().filter(|o| !o.namespace.is_empty()) {
            if object.namespace != last {
                last = &object.namespace;
                namespaces.insert(last);
            }
        }
        let mut scene = Scene {
            view,
            graph,
            snapshot,
            at: snapshot.at,
            pods,
            workloads: BTreeMap::new(),
            nodes,
            events: BTreeMap::new(),
            told_of: HashMap::new(),
            node_names,
            namespaces,
            pods_in: BTreeMap::new(),
            workloads_in: BTreeMap::new(),
            replica_sets: BTreeMap::new(),
            reserved: OnceCell::new(),
            largest: OnceCell::new(),
            mounting: HashMap::new(),
            labelled: HashMap::new(),
        };
        let mut first = 0;
        for together in scene.pods.chunk_by(|a, b| a.object.namespace == b.object.namespace) {
            let indices = first..first + together.len();
            first = indices.end;
            scene.pods_in.entry(together[0].object.namespace.as_str()).or_default().extend(indices);
        }
        for (set, held) in snapshot.of_kind("ReplicaSet") {
            scene.replica_sets.entry(graph.workload_of(set)).or_default().push((set, held));
        }
        scene.gather_events();
        scene.gather_workloads();
        if snapshot.of_kind("Service").next().is_some() {
            scene.gather_labels();
        }
        if snapshot.of_kind("PersistentVolumeClaim").next().is_some() {
            scene.gather_claims();
        }
        scene
    }

    fn gather_workloads(&mut self) {
        let mut by_workload: BTreeMap<ObjectRef, Vec<usize>> = BTreeMap::new();
        // Pods of a workload mostly stand together.
        let mut first = 0;
        for together in self.pods.chunk_by(|a, b| a.workload == b.workload) {
            let indices = first..first + together.len();
            first = indices.end;
            by_workload.entry(together[0].workload.clone()).or_default().extend(indices);
        }
        for kind in WORKLOAD_KINDS {
            for (object, _) in self.snapshot.of_kind(kind) {
                by_workload.entry(self.graph.workload_of(object)).or_default();
            }
        }
        for (object, indices) in by_workload {
            let held = self.snapshot.get(&object);
            let newest = || indices.iter().map(|i| &self.pods[*i]).max_by_key(|pod| (created(pod.json), pod.object));
            let template = held
                .and_then(|held| pod_spec_of(&object.kind, &held.object).map(|spec| (held, spec)))
                .filter(|(_, spec)| !list(spec, "/containers").is_empty());
            let (spec_held, pod_spec, pod_labels) = match (template, template.is_none().then(newest).flatten(), held) {
                (Some((held, spec)), _, _) => {
                    // A pod that nobody made is its own template.
                    let labels = match topology::template_of(&object.kind, &held.object) {
                        Some(template) => labels_of(template),
                        None if object.kind == "Pod" => labels_of(&held.object),
                        None => labels_of(Doc::null()),
                    };
                    (held, Some(spec), labels)
                }
                (None, Some(pod), _) => (pod.held, pod.json.get("spec"), labels_of(pod.json)),
                (None, None, Some(held)) => (held, None, labels_of(Doc::null())),
                (None, None, None) => continue,
            };
            let calm = self.events(&object).is_empty() && indices.iter().all(|i| self.pods[*i].calm);
            let workload =
                Workload { object: object.clone(), held, pod_spec, pod_labels, pods: indices, spec_held, calm };
            self.workloads_in.entry(object.namespace.to_string()).or_default().push(object.clone());
            self.workloads.insert(object, workload);
        }
    }

    fn gather_events(&mut self) {
        let mut gathered: BTreeMap<ObjectRef, Vec<Told<'a>>> = BTreeMap::new();
        for (subject, seen) in &self.snapshot.events {
            let Some(owner) = self.owner_of_events(subject) else { continue };
            let held = self.snapshot.get(subject);
            let uid = held.map(|held| &*held.uid);
            let born = held.and_then(|held| created(&held.object));
            for SeenEvent { event, observation, .. } in seen.iter() {
                let named = held.is_some_and(|held| {
                    event.subject_uid.as_ref().is_some_and(|told| is_named_by(subject, &held.object, told))
                });
                let other = match (uid, &event.subject_uid) {
                    (Some(uid), Some(told)) => !named && !uid.is_empty() && !told.is_empty() && uid != told.as_str(),
                    _ => false,
                };
                // An event from before the object's creation is about a former object of that name.
                // Where both say which object is meant, that decides: who wrote the event may have another clock.
                let same = matches!((uid, &event.subject_uid), (Some(uid), Some(told)) if !uid.is_empty() && uid == told.as_str());
                let before = !same && born.is_some_and(|born| event.last_at.plus_seconds(5) < born);
                if !other && !before {
                    gathered.entry(owner.clone()).or_default().push(Told { subject, event, id: observation });
                }
            }
        }
        for told in gathered.values_mut() {
            told.sort_by(|a, b| (a.event.last_at, a.id).cmp(&(b.event.last_at, b.id)));
            for one in told.iter() {
                self.told_of.entry(one.subject).or_default().push(*one);
            }
        }
        self.events = gathered;
    }

    /// When the trouble of a workload that is in trouble now cannot have begun later than: what tells that it was there.
    /// `None` where nothing tells of it from before `at`.
    pub(crate) fn in_trouble_before(&self, workload: &Workload<'a>, at: Time) -> Option<&'a ObservationId> {
        // Clocks of kubelets and of the API server are apart by seconds.
        const APART_SECONDS: i64 = 5;
        // A kubelet repeats what it says of a back-off within minutes; what was not repeated for longer was another trouble.
        const SAME_SECONDS: i64 = 900;
        let before = at.plus_seconds(-APART_SECONDS);
        // Where nobody looked, the change is as old as the gap.
        if self.snapshot.gaps.iter().any(|gap| gap.from <= at && at <= gap.until.plus_seconds(60)) {
            return None;
        }
        let unavailable = workload.held.filter(|held| {
            condition(&held.object, "Available").is_some_and(|c| {
                text(c, "/status") == "False" && time(c, "/lastTransitionTime").is_some_and(|since| since < before)
            })
        });
        if let Some(held) = unavailable {
            return Some(&held.observation);
        }
        let unwell = workload.pods.iter().map(|index| &self.pods[*index]);
        unwell.filter(|pod| !pod.is_ready() && !pod.is_leaving() && !pod.is_finished()).find_map(|pod| {
            let told = self.told_of.get(pod.object).into_iter().flatten().find(|told| {
                TROUBLE.contains(&told.event.reason.as_str())
                    && told.event.first_at < before
                    && told.event.last_at >= at.plus_seconds(-SAME_SECONDS)
            });
            let looped = pod.containers().iter().any(|container| {
                let ended = container.status.pointer("/lastState/terminated").and_then(|end| time(end, "/finishedAt"));
                container.waiting() == "CrashLoopBackOff" && ended.is_some_and(|ended| ended < before)
            });
            told.map(|told| told.id).or(looped.then_some(&pod.held.observation))
        })
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

    pub(crate) fn events_of_pod<'s>(
        &'s self,
        pod: &Pod<'_>,
    ) -> impl DoubleEndedIterator<Item = &'s Told<'a>> + use<'s, 'a> {
        self.told_of.get(pod.object).into_iter().flatten()
    }

    pub(crate) fn pods_of<'s>(&'s self, workload: &'s Workload<'a>) -> impl Iterator<Item = &'s Pod<'a>> + Clone {
        workload.pods.iter().map(|index| &self.pods[*index])
    }

    pub(crate) fn node(&self, name: &str) -> Option<&Node<'a>> {
        self.node_names.get(name).map(|place| &self.nodes[*place])
    }

    /// Workloads of a namespace.
    pub(crate) fn workloads_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Workload<'a>> {
        self.workloads_in.get(namespace).into_iter().flatten().filter_map(|object| self.workloads.get(object))
    }

    /// Pods of a namespace.
    pub(crate) fn pods_in<'s>(&'s self, namespace: &str) -> impl Iterator<Item = &'s Pod<'a>> + use<'s, 'a> {
        self.pods_in.get(namespace).into_iter().flatten().map(|index| &self.pods[*index])
    }

    /// Pods that mount a claim that exists.
    pub(crate) fn pods_with_claim<'s>(&'s self, claim: &ObjectRef) -> Vec<&'s Pod<'a>> {
        let found = self.mounting.get(&(claim.namespace.as_str(), claim.name.as_str()));
        found.into_iter().flatten().map(|index| &self.pods[*index]).collect()
    }

    /// Pods of a Service's namespace that have at least one pair of its selector among their labels: candidates for
    /// matching it.
    pub(crate) fn pods_like<'s>(&'s self, namespace: &str, selector: Fields<'_>) -> Vec<&'s Pod<'a>> {
        let Some((key, value)) = selector.iter().next() else { return Vec::new() };
        let found = value.as_str().and_then(|value| self.labelled.get(&(namespace, key, value)));
        found.into_iter().flatten().map(|index| &self.pods[*index]).collect()
    }

    fn gather_claims(&mut self) {
        for (index, pod) in self.pods.iter().enumerate() {
            for volume in list(pod.spec(), "/volumes") {
                let claim = volume.pointer("/persistentVolumeClaim/claimName").and_then(Doc::as_str);
                if let Some(claim) = claim {
                    self.mounting.entry((&pod.object.namespace, claim)).or_default().push(index);
                }
            }
        }
    }

    fn gather_labels(&mut self) {
        for (index, pod) in self.pods.iter().enumerate() {
            for (key, value) in labels_of(pod.json) {
                if let Some(value) = value.as_str() {
                    self.labelled.entry((&pod.object.namespace, key, value)).or_default().push(index);
                }
            }
        }
    }

    /// For how many seconds something has been so. Where the clock that wrote `since` is ahead of ours, for as long as we have
    /// seen it so: a time that lies in the future would make every trouble one that has just begun.
    pub(crate) fn seconds_so(&self, since: Time, held: &Held) -> i64 {
        const APART_SECONDS: f64 = 5.0;
        let told = self.at.seconds_since(since);
        let seconds = if told < -APART_SECONDS { self.at.seconds_since(held.seen_at) } else { told };
        seconds.max(0.0) as i64
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

/// What the kubelet says of a pod that does not come up or stay up.
const TROUBLE: [&str; 5] = ["BackOff", "Unhealthy", "Failed", "FailedMount", "FailedCreatePodSandBox"];

/// Whether an event's uid is the one that node agents write who do not know the object's: the kubelet, kube-proxy and
/// node-problem-detector name a Node by its name, and the kubelet a static pod by the digest of its manifest.
fn is_named_by(subject: &ObjectRef, object: &Doc, told: &str) -> bool {
    match subject.kind.as_str() {
        "Node" => subject.name == *told,
        "Pod" => ["hash", "mirror"].iter().any(|key| {
            let digest = object.pointer(&format!("/metadata/annotations/kubernetes.io~1config.{key}"));
            digest.and_then(Doc::as_str) == Some(told)
        }),
        _ => false,
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
    fn of(object: &'a ObjectRef, held: &'a Held, workload: ObjectRef) -> Self {
        let json = &held.object;
        let phase = text(json, "/status/phase");
        let containers = containers_of(json);
        let ready = is_ready(json, phase);
        let leaving = json.pointer("/metadata/deletionTimestamp").is_some();
        let calm = phase == "Running" && ready && !leaving && containers.iter().all(Container::is_calm);
        Pod {
            object,
            held,
            json,
            workload,
            phase,
            node: text(json, "/spec/nodeName"),
            ready,
            leaving,
            calm,
            containers,
        }
    }

    pub(crate) fn phase(&self) -> &'a str {
        self.phase
    }

    pub(crate) fn node_name(&self) -> &'a str {
        self.node
    }

    pub(crate) fn created(&self) -> Time {
        created(self.json).unwrap_or(self.held.at)
    }

    /// Whether the pod is being deleted.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase(), "Succeeded" | "Failed")
    }

    /// Ready by condition, or by all containers where a recording lacks the conditions.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether a replica set controls it; `None` where nothing does.
    pub(crate) fn is_of(&self, set: &ObjectRef) -> Option<bool> {
        let owners = list(self.json, "/metadata/ownerReferences");
        let owner = owners.iter().find(|o| flag(o, "/controller")).or_else(|| owners.first())?;
        let (kind, name) = (owner["kind"].as_str()?, owner["name"].as_str()?);
        Some(name == set.name && model::qualified_kind(text(owner, "/apiVersion"), kind) == set.kind.as_str())
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

    pub(crate) fn containers(&self) -> &[Container<'a>] {
        &self.containers
    }
}

fn is_ready(pod: &Doc, phase: &str) -> bool {
    match condition(pod, "Ready") {
        Some(ready) => text(ready, "/status") == "True",
        None => {
            let statuses = list(pod, "/status/containerStatuses");
            phase == "Running" && !statuses.is_empty() && statuses.iter().all(|s| flag(s, "/ready"))
        }
    }
}

fn containers_of(pod: &Doc) -> Box<[Container<'_>]> {
    let spec = pod.get("spec").unwrap_or(Doc::null());
    let statuses = |init| list(pod, if init { "/status/initContainerStatuses" } else { "/status/containerStatuses" });
    let (of_init, of_others) = (statuses(true), statuses(false));
    let found = containers(spec).map(|(spec, init)| {
        let name = text(spec, "/name");
        let statuses = if init { of_init } else { of_others };
        let status = statuses.iter().find(|s| text(s, "/name") == name).unwrap_or(Doc::null());
        Container { name, spec, status, init }
    });
    found.collect()
}

impl<'a> Container<'a> {
    /// Whether it runs, or has done what an init container is for, and never had to be started again.
    fn is_calm(&self) -> bool {
        let ended = self.status.pointer("/state/terminated");
        let done = |end: &Doc| {
            self.init
                && int(end, "/exitCode") == Some(0)
                && text(end, "/reason") == "Completed"
                && end.get("message").is_none()
        };
        self.is_ready()
            && self.restarts() == 0
            && self.waiting().is_empty()
            && self.status.pointer("/lastState/terminated").is_none()
            && ended.map_or_else(|| self.status.pointer("/state/running").is_some(), done)
    }

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
