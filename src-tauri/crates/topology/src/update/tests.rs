use std::collections::BTreeSet;
use std::sync::Arc;

use model::{ClusterId, Held, ObjectRef, ObservationId, Snapshot, Time, View};
use serde_json::{Value, json};

use crate::{Edge, Graph};

/// A small cluster in which everything happens that edges rest on.
struct World {
    snapshot: Snapshot,
    version: u64,
    seed: u64,
}

const NAMESPACES: [&str; 3] = ["bank", "shop", "void"];
const APPS: [&str; 3] = ["cart", "till", "web"];

impl World {
    fn new(seed: u64) -> Self {
        let snapshot = Snapshot::empty(ClusterId("cluster:test".into()), Time::from_seconds(1));
        World { snapshot, version: 0, seed }
    }

    fn below(&mut self, end: usize) -> usize {
        // Knuth's multiplier; the upper bits are the random ones.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as usize % end
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn held(&mut self, object: &ObjectRef, mut body: Value) -> Held {
        self.version += 1;
        body["metadata"]["name"] = json!(object.name);
        let at = Time::from_seconds(self.version as i64);
        Held {
            observation: ObservationId::from(format!("seen {}", self.version)),
            at,
            seen_at: at,
            uid: "".into(),
            api_version: "v1".into(),
            object: body.into(),
        }
    }

    fn put(&mut self, object: &ObjectRef, body: Value) {
        let held = self.held(object, body);
        self.snapshot.deleted.remove(object);
        self.snapshot.objects.insert(object.clone(), held);
    }

    fn delete(&mut self, object: &ObjectRef) {
        let Some(last) = self.snapshot.objects.remove(object) else { return };
        match self.below(4) {
            0 => {}
            _ => {
                let held = self.held(object, last.object.to_value());
                self.snapshot.deleted.insert(object.clone(), held);
            }
        }
    }

    fn any_of(&mut self, kinds: &[&str]) -> Option<ObjectRef> {
        let kind = self.one(kinds);
        let all: Vec<ObjectRef> = self.snapshot.of_kind(kind).map(|(object, _)| object.clone()).collect();
        if all.is_empty() { None } else { Some(all[self.below(all.len())].clone()) }
    }

    fn spec(&mut self) -> Value {
        let (app, namespace) = (self.one(&APPS), self.one(&NAMESPACES));
        let address = match self.below(4) {
            0 => format!("{app}:80"),
            1 => format!("{app}.{namespace}:80"),
            2 => format!("http://{app}.{namespace}.svc.cluster.local/x"),
            _ => format!("one.{app}.{namespace}.svc:80"),
        };
        let config = self.one(&["settings", "other"]);
        let mut spec = json!({"containers": [{"name": "app",
            "env": [{"name": "PEER_ADDR", "value": address}], "envFrom": [{"configMapRef": {"name": config}}]}]});
        if self.below(2) == 0 {
            spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": self.one(&APPS)}}]);
            spec["serviceAccountName"] = json!("robot");
        }
        spec
    }

    fn owner(&self, kind: &str, name: &str) -> Value {
        let group = if kind == "Job" || kind == "CronJob" { "batch/v1" } else { "apps/v1" };
        json!([{"apiVersion": group, "kind": kind, "name": name, "controller": true}])
    }

    fn put_pod(&mut self) {
        let (namespace, app, hash) = (self.one(&NAMESPACES), self.one(&APPS), self.one(&["abc", "def"]));
        let number = self.below(3);
        let mut body = json!({"metadata": {"labels": {"app": app, "pod-template-hash": hash}}, "spec": self.spec()});
        let name = match self.below(6) {
            0 | 1 => {
                body["metadata"]["ownerReferences"] = self.owner("ReplicaSet", &format!("{app}-{hash}"));
                format!("{app}-{hash}-{number}xx")
            }
            2 => {
                body["metadata"]["ownerReferences"] = self.owner("StatefulSet", app);
                format!("{app}-{number}")
            }
            3 => {
                body["metadata"]["ownerReferences"] = self.owner("Job", &format!("{app}-{hash}"));
                format!("{app}-{hash}-{number}yy")
            }
            // Without an owner reference labels or the name tell.
            4 => format!("{app}-{hash}-{number}zz"),
            _ => {
                body["metadata"]["labels"] = json!({});
                format!("{app}-{number}")
            }
        };
        if self.below(4) != 0 {
            body["spec"]["nodeName"] = json!(self.one(&["n1", "n2"]));
        }
        self.put(&ObjectRef::new("Pod", namespace, name), body);
    }

    fn put_workload(&mut self) {
        let (namespace, app, hash) = (self.one(&NAMESPACES), self.one(&APPS), self.one(&["abc", "def"]));
        let template = json!({"metadata": {"labels": {"app": self.one(&APPS)}}, "spec": self.spec()});
        let selected = json!({"spec": {"selector": {"matchLabels": {"app": app}}, "template": template.clone()}});
        match self.below(7) {
            0..=2 => self.put(&ObjectRef::new("Deployment", namespace, app), selected),
            3 => self.put(&ObjectRef::new("StatefulSet", namespace, app), selected),
            4 => {
                let mut set = json!({"metadata": {"labels": {"pod-template-hash": hash}}});
                if self.below(3) != 0 {
                    set["metadata"]["ownerReferences"] = self.owner("Deployment", app);
                }
                self.put(&ObjectRef::new("ReplicaSet", namespace, format!("{app}-{hash}")), set);
            }
            5 => {
                let mut job = json!({"spec": {"template": template}});
                if self.below(2) == 0 {
                    job["metadata"]["ownerReferences"] = self.owner("CronJob", app);
                }
                self.put(&ObjectRef::new("Job", namespace, format!("{app}-{hash}")), job);
            }
            _ => {
                let cron = json!({"spec": {"jobTemplate": {"spec": {"template": template}}}});
                self.put(&ObjectRef::new("CronJob", namespace, app), cron);
            }
        }
    }

    fn put_other(&mut self) {
        let (namespace, app) = (self.one(&NAMESPACES), self.one(&APPS));
        let labels = json!({"app": self.one(&APPS)});
        let peers = json!({"matchLabels": labels});
        let everybody = self.below(3) == 0;
        match self.below(9) {
            0..=2 => self.put(&ObjectRef::new("Service", namespace, app), json!({"spec": {"selector": labels}})),
            3 => {
                let selector = if everybody { json!({}) } else { peers };
                self.put(&ObjectRef::new("NetworkPolicy", namespace, app), json!({"spec": {"podSelector": selector}}));
            }
            4 => {
                let one_of = json!({"matchExpressions": [{"key": "app", "operator": "In", "values": APPS}]});
                let selector = if everybody { one_of } else { peers };
                let budget = ObjectRef::new("PodDisruptionBudget", namespace, app);
                self.put(&budget, json!({"spec": {"selector": selector}}));
            }
            5 => {
                let phase = self.one(&["Bound", "Pending"]);
                let mut claim = json!({"spec": {"volumeName": "pv-1"}, "status": {"phase": phase}});
                if everybody {
                    let pod = self.any_of(&["Pod"]).map_or_else(String::new, |pod| pod.name.to_string());
                    claim["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "Pod", "name": pod}]);
                }
                self.put(&ObjectRef::new("PersistentVolumeClaim", namespace, app), claim);
            }
            6 => {
                let target = json!({"spec": {"scaleTargetRef": {"kind": "Deployment", "name": app}}});
                self.put(&ObjectRef::new("HorizontalPodAutoscaler", namespace, app), target);
            }
            7 => {
                let backend = json!({"service": {"name": self.one(&APPS)}});
                let rule = json!({"http": {"paths": [{"path": "/", "backend": backend}]}});
                self.put(&ObjectRef::new("Ingress", namespace, app), json!({"spec": {"rules": [rule]}}));
            }
            _ => {
                let service = json!({"name": app, "namespace": namespace});
                let hook = json!({"name": "check", "clientConfig": {"service": service}});
                let configuration = ObjectRef::global("ValidatingWebhookConfiguration", "checks");
                self.put(&configuration, json!({"webhooks": [hook]}));
            }
        }
    }

    fn change(&mut self) {
        match self.below(12) {
            0..=3 => self.put_pod(),
            4 | 5 => self.put_workload(),
            6 | 7 => self.put_other(),
            8 => {
                // What only the status tells of.
                if let Some(object) = self.any_of(&["Pod", "Deployment", "PersistentVolumeClaim", "Service"]) {
                    let mut body = self.snapshot.objects[&object].object.to_value();
                    body["status"]["seen"] = json!(self.version);
                    self.put(&object, body);
                }
            }
            9 => {
                let kinds = ["Deployment", "ReplicaSet", "StatefulSet", "Service", "NetworkPolicy", "Job", "CronJob"];
                if let Some(object) = self.any_of(&kinds) {
                    self.delete(&object);
                }
            }
            _ => {
                if let Some(object) = self.any_of(&["Pod", "Pod", "PersistentVolumeClaim"]) {
                    self.delete(&object);
                }
            }
        }
        self.snapshot.at = Time::from_seconds(self.version as i64 + 10);
    }

    /// Everything that is named anywhere.
    fn named(&self) -> BTreeSet<ObjectRef> {
        self.snapshot.objects.keys().chain(self.snapshot.deleted.keys()).cloned().collect()
    }
}

/// All that a graph says.
fn told(graph: &Graph, of: &BTreeSet<ObjectRef>) -> (Vec<Edge>, Vec<ObjectRef>, Vec<(ObjectRef, Vec<ObjectRef>)>) {
    let edges: Vec<Edge> = graph.edges().map(|tie| tie.edge()).collect();
    let objects: Vec<ObjectRef> = graph.objects().cloned().collect();
    let all = of.iter().chain(&objects).map(|object| (graph.workload_of(object), graph.pods_of(object)));
    let workloads = all.collect();
    (edges, objects, workloads)
}

#[test]
fn a_graph_that_went_on_says_what_one_that_is_built_anew_says() {
    for seed in 0..5 {
        let mut world = World::new(seed);
        let declared = [(
            ObjectRef::new("Pod", "shop", "cart-abc-0xx"),
            "Service/bank/till".parse().expect("an object"),
            "by hand".to_owned(),
        )];
        let mut graph = Graph::build(&View::inventory(Arc::new(world.snapshot.clone())), &declared);
        let mut edges = 0;
        for step in 0..80 {
            for _ in 0..=world.below(3) {
                world.change();
            }
            let snapshot = Arc::new(world.snapshot.clone());
            let before = graph.clone();
            graph.go_on(Arc::clone(&snapshot));
            let anew = Graph::build(&View::inventory(snapshot), &declared);
            let named = world.named();
            let (is, ought) = (told(&graph, &named), told(&anew, &named));
            assert_eq!(is, ought, "seed {seed}, step {step}");
            edges += is.0.len();
            drop(before);
        }
        assert!(edges > 1_000, "the world has edges");
    }
}

#[test]
fn a_graph_that_somebody_still_looks_at_stays_as_it_was() {
    let mut world = World::new(7);
    for _ in 0..60 {
        world.change();
    }
    let named = world.named();
    let graph = Graph::build(&View::inventory(Arc::new(world.snapshot.clone())), &[]);
    let was = told(&graph, &named);
    let mut later = graph.clone();
    for _ in 0..60 {
        world.change();
        later.go_on(Arc::new(world.snapshot.clone()));
    }
    assert_eq!(told(&graph, &named), was);
    assert_ne!(told(&later, &named).0, was.0);
}

#[test]
fn places_of_what_is_gone_are_never_more_than_a_quarter_and_a_few() {
    const PODS: usize = 2_000;
    const AT_ONCE: usize = 100;
    let mut world = World::new(3);
    let pod = |number: usize| ObjectRef::new("Pod", "shop", format!("cart-{number}"));
    (0..PODS).for_each(|number| world.put(&pod(number), json!({})));
    let mut graph = Graph::build(&View::inventory(Arc::new(world.snapshot.clone())), &[]);
    for first in (0..24).map(|step| step * AT_ONCE) {
        for number in first..first + AT_ONCE {
            world.snapshot.objects.remove(&pod(number));
            world.put(&pod(PODS + number), json!({}));
        }
        graph.go_on(Arc::new(world.snapshot.clone()));
        let places = graph.places.len();
        // They are counted before what is new is added.
        assert!(places <= PODS + PODS / 4 + super::SPARE + AT_ONCE, "{places} places after {first} pods were replaced");
    }
}
