//! Clusters written by hand for tests.

use std::sync::Arc;

use model::{
    Body, ChangeKind, ClusterId, Coverage, CoverageState, EventBody, Fact, Held, ObjectRef, Observation, SeenEvent,
    Snapshot, Source, Text, Time, Triage, View,
};
use serde_json::{Value, json};
use topology::Graph;

/// The present of every sketch; times in objects count back from here.
pub(crate) const NOW: i64 = 1_800_000_000;

/// `seconds` before the present, as Kubernetes writes it.
pub(crate) fn ago(seconds: i64) -> String {
    Time::from_seconds(NOW - seconds).to_string()
}

pub(crate) struct Sketch {
    snapshot: Snapshot,
    released: Vec<Arc<Observation>>,
}

impl Sketch {
    /// A cluster in which everything was asked for.
    pub(crate) fn new() -> Self {
        let mut sketch = Sketch::unwatched();
        for kind in [
            "Pod",
            "Event",
            "Service",
            "ConfigMap",
            "Secret",
            "PersistentVolumeClaim",
            "PersistentVolume",
            "StorageClass",
            "ServiceAccount",
            "Node",
            "Deployment",
            "NetworkPolicy",
            "IngressClass",
            "HorizontalPodAutoscaler",
        ] {
            sketch = sketch.covered(kind, CoverageState::Listed);
        }
        sketch
    }

    /// A cluster of which only what is written is known.
    pub(crate) fn unwatched() -> Self {
        Sketch {
            snapshot: Snapshot::empty(ClusterId("cluster:sketch".into()), Time::from_seconds(NOW)),
            released: Vec::new(),
        }
    }

    pub(crate) fn covered(self, kind: &str, state: CoverageState) -> Self {
        self.asked(kind, "", state)
    }

    /// All objects of a kind in one namespace are known.
    pub(crate) fn covered_in(self, kind: &str, namespace: &str) -> Self {
        self.asked(kind, namespace, CoverageState::Listed)
    }

    fn asked(mut self, kind: &str, namespace: &str, state: CoverageState) -> Self {
        let body = Body::Coverage { kind: kind.into(), namespace: namespace.into(), state };
        let observation = self.observe(None, body, NOW).id;
        self.snapshot.coverage.push(Coverage { kind: kind.into(), namespace: namespace.into(), state, observation });
        self
    }

    fn observe(&self, subject: Option<ObjectRef>, body: Body, seconds: i64) -> Observation {
        let at = Time::from_seconds(seconds);
        Observation::new(self.snapshot.cluster.clone(), at, at, Source::Script, subject, body)
    }

    fn hold(&self, object: &ObjectRef, mut body: Value, seconds: i64) -> Held {
        body["metadata"]["name"] = json!(object.name);
        if !object.namespace.is_empty() {
            body["metadata"]["namespace"] = json!(object.namespace);
        }
        let uid: Text = object.to_string().into();
        let version = Body::Object {
            api_version: "v1".into(),
            uid: uid.clone(),
            resource_version: "1".into(),
            change: ChangeKind::Present,
            object: body.clone().into(),
        };
        let observation = self.observe(Some(object.clone()), version, seconds);
        Held {
            observation: observation.id,
            at: observation.at,
            seen_at: observation.at,
            uid,
            api_version: "v1".into(),
            object: body.into(),
        }
    }

    pub(crate) fn with(mut self, object: &str, body: Value) -> Self {
        let object = reference(object);
        let held = self.hold(&object, body, NOW - 600);
        self.snapshot.objects.insert(object, held);
        self
    }

    /// An earlier version of an object, `seconds` before the present.
    pub(crate) fn earlier(mut self, object: &str, seconds: i64, body: Value) -> Self {
        let object = reference(object);
        let held = self.hold(&object, body, NOW - seconds);
        Arc::make_mut(self.snapshot.earlier.or_default(object)).push(held);
        self
    }

    /// Changes an object that is already there.
    pub(crate) fn but(self, object: &str, change: impl FnOnce(&mut Value)) -> Self {
        let mut body = self.snapshot.objects[&reference(object)].object.to_value();
        change(&mut body);
        self.with(object, body)
    }

    pub(crate) fn without(mut self, object: &str) -> Self {
        self.snapshot.objects.remove(&reference(object));
        self
    }

    pub(crate) fn event(self, subject: &str, reason: &str, message: &str) -> Self {
        self.event_at(subject, reason, message, 60, 3)
    }

    pub(crate) fn event_at(mut self, subject: &str, reason: &str, message: &str, seconds: i64, count: u32) -> Self {
        let subject = reference(subject);
        let event = EventBody {
            uid: format!("{subject} {reason} {message}").into(),
            event_type: "Warning".into(),
            reason: reason.into(),
            message: message.into(),
            count,
            first_at: Time::from_seconds(NOW - seconds),
            last_at: Time::from_seconds(NOW - seconds + 1),
            reporter: Text::default(),
            subject_uid: None,
        };
        let observation = self.observe(Some(subject.clone()), Body::Event(event.clone()), NOW - seconds);
        let seen = SeenEvent { observation: observation.id, seen_at: observation.at, event };
        Arc::make_mut(self.snapshot.events.or_default(subject)).push(seen);
        self
    }

    /// An event that was first seen and last seen so many seconds before the present.
    pub(crate) fn event_lasting(mut self, subject: &str, reason: &str, message: &str, first: i64, last: i64) -> Self {
        self = self.event_at(subject, reason, message, first, 9);
        if let Some(seen) = Arc::make_mut(self.snapshot.events.or_default(reference(subject))).last_mut() {
            seen.event.last_at = Time::from_seconds(NOW - last);
        }
        self
    }

    /// An event that says of which object of its subject's name it is.
    pub(crate) fn event_of(mut self, subject: &str, uid: &str, reason: &str, message: &str, seconds: i64) -> Self {
        self = self.event_at(subject, reason, message, seconds, 3);
        let subject = reference(subject);
        if let Some(seen) = Arc::make_mut(self.snapshot.events.or_default(subject)).last_mut() {
            seen.event.subject_uid = Some(uid.into());
        }
        self
    }

    /// Makes the earlier versions of an object those of another one of its name.
    pub(crate) fn rename_earlier(&mut self, object: &str, uid: &str) {
        for held in Arc::make_mut(self.snapshot.earlier.or_default(reference(object))) {
            held.uid = uid.into();
        }
    }

    /// Nobody looked from then to then, in seconds before the present.
    pub(crate) fn gap(mut self, from: i64, until: i64) -> Self {
        let (at, until) = (Time::from_seconds(NOW - from), Time::from_seconds(NOW - until));
        let reason = "the program did not run".to_owned();
        let observation = self.observe(None, Body::Gap { until, dropped: 0, reason: reason.clone() }, NOW - from);
        self.snapshot.gaps.push(model::Gap { from: at, until, dropped: 0, reason, observation: observation.id });
        self
    }

    pub(crate) fn released(mut self, subject: Option<&str>, body: Body) -> Self {
        let observation = self.observe(subject.map(reference), body, NOW - 30);
        self.released.push(Arc::new(observation));
        self
    }

    /// A healthy deployment of one ready pod behind a Service of its name.
    pub(crate) fn deployment(self, name: &str) -> Self {
        let labels = json!({"app": name});
        let spec = json!({"containers": [{"name": "app", "image": "registry.example/app:1",
            "ports": [{"containerPort": 8080}], "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m"}}}]});
        let mut placed = spec.clone();
        placed["nodeName"] = json!("node-a");
        self.with(&format!("Deployment/shop/{name}"), json!({
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
            "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}}))
            .with(&format!("ReplicaSet/shop/{name}-abc"), json!({"metadata": {"creationTimestamp": ago(600), "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true}]}}))
            .with(&format!("Pod/shop/{name}-abc-1"), json!({
                "metadata": {"creationTimestamp": ago(600), "labels": {"app": name, "pod-template-hash": "abc"}, "ownerReferences": [
                    {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{name}-abc"), "controller": true}]},
                "spec": placed,
                "status": {"phase": "Running", "startTime": ago(600), "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": ago(590)}}}]}}))
            .with(&format!("Service/shop/{name}"), json!({"spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}}))
    }

    /// A deployment whose pod waits without a node.
    pub(crate) fn pending(self, name: &str) -> Self {
        self.deployment(name)
            .but(&format!("Pod/shop/{name}-abc-1"), |pod| {
                pod["spec"].as_object_mut().expect("a spec").remove("nodeName");
                pod["status"] = json!({"phase": "Pending"});
            })
            .unavailable(name)
    }

    /// A deployment whose container waits for `reason`, with `message`, after `restarts`.
    pub(crate) fn broken(self, name: &str, reason: &str, message: &str, last: Value) -> Self {
        self.deployment(name)
            .but(&format!("Pod/shop/{name}-abc-1"), |pod| {
                pod["status"]["conditions"] =
                    json!([{"type": "Ready", "status": "False", "lastTransitionTime": ago(300)}]);
                pod["status"]["containerStatuses"] = json!([{"name": "app", "ready": false,
                    "restartCount": if last.is_null() { 0 } else { 5 },
                    "state": {"waiting": {"reason": reason, "message": message}}, "lastState": {"terminated": last}}]);
            })
            .unavailable(name)
    }

    pub(crate) fn unavailable(self, name: &str) -> Self {
        self.but(&format!("Deployment/shop/{name}"), |d| d["status"] = json!({"replicas": 1, "unavailableReplicas": 1}))
    }

    pub(crate) fn node(self, name: &str, cordoned: bool) -> Self {
        self.with(
            &format!("Node/{name}"),
            json!({
            "metadata": {"labels": {"kubernetes.io/hostname": name}},
            "spec": {"unschedulable": cordoned},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True"}]}}),
        )
    }

    pub(crate) fn view(self) -> View {
        View { snapshot: Arc::new(self.snapshot), released: self.released }
    }

    pub(crate) fn facts(self) -> Vec<Fact> {
        let view = self.view();
        let graph = Graph::build(&view, &[]);
        let facts = crate::facts(&view, &graph);
        // Leaving calm workloads alone must leave nothing out.
        let mut scene = crate::scene::Scene::new(&view, &graph);
        scene.workloads.values_mut().for_each(|workload| workload.calm = false);
        assert_eq!(facts, crate::facts_of(&scene));
        facts
    }

    pub(crate) fn triage(self) -> Triage {
        self.triage_by(&[])
    }

    pub(crate) fn triage_by(self, rules: &[model::Grouping]) -> Triage {
        let view = self.view();
        let graph = Graph::build(&view, &[]);
        let facts = crate::facts(&view, &graph);
        crate::triage_by(&view, &graph, &facts, rules)
    }
}

pub(crate) fn reference(text: &str) -> ObjectRef {
    text.parse().expect("Kind/namespace/name")
}

/// The one fact of a name about a subject.
pub(crate) fn fact<'f>(facts: &'f [Fact], name: &str, subject: &str) -> &'f Fact {
    let subject = reference(subject);
    let found = facts.iter().find(|f| f.name == name && f.subject == subject);
    found.unwrap_or_else(|| {
        let all: Vec<String> = facts.iter().map(|f| format!("{} {}", f.name, f.subject)).collect();
        panic!("no {name} about {subject} among\n{}", all.join("\n"))
    })
}

pub(crate) fn has(facts: &[Fact], name: &str) -> bool {
    facts.iter().any(|f| f.name == name && f.certainty == model::Certainty::Known)
}
