//! Clusters written by hand for tests.

use std::sync::Arc;

use model::{
    Body, ChangeKind, ClusterId, Coverage, CoverageState, Held, ObjectRef, Observation, Snapshot, Source, Time, View,
};
use serde_json::{Value, json};

pub(crate) struct Sketch {
    snapshot: Snapshot,
    released: Vec<Arc<Observation>>,
}

impl Sketch {
    pub(crate) fn new() -> Self {
        Sketch {
            snapshot: Snapshot::empty(ClusterId("cluster:test".into()), Time::from_seconds(1000)),
            released: vec![],
        }
    }

    pub(crate) fn with(mut self, object: &str, mut body: Value) -> Self {
        let object: ObjectRef = object.parse().expect("Kind/namespace/name");
        body["metadata"]["name"] = json!(object.name);
        body["metadata"]["namespace"] = json!(object.namespace);
        let cluster = self.snapshot.cluster.clone();
        let at = Time::from_seconds(0);
        let version = Body::Object {
            api_version: "v1".into(),
            uid: object.to_string().into(),
            resource_version: "1".into(),
            change: ChangeKind::Present,
            object: body.clone().into(),
        };
        let observation = Observation::new(cluster, at, at, Source::Script, Some(object.clone()), version);
        let held = Held {
            observation: observation.id,
            at,
            seen_at: at,
            uid: object.to_string().into(),
            api_version: "v1".into(),
            object: body.into(),
        };
        self.snapshot.objects.insert(object, held);
        self
    }

    pub(crate) fn without(mut self, object: &str) -> Self {
        self.snapshot.objects.remove(&object.parse().expect("Kind/namespace/name"));
        self
    }

    /// Of every kind that is here, everything is here.
    pub(crate) fn listed(mut self) -> Self {
        for kind in ["Deployment", "ReplicaSet", "Pod", "Service"] {
            self.snapshot.coverage.push(Coverage {
                kind: kind.into(),
                namespace: "".into(),
                state: CoverageState::Listed,
                observation: "".into(),
            });
        }
        self
    }

    pub(crate) fn released(mut self, body: Body) -> Self {
        let cluster = self.snapshot.cluster.clone();
        let at = Time::from_seconds(900);
        self.released.push(Arc::new(Observation::new(cluster, at, at, Source::Script, None, body)));
        self
    }

    pub(crate) fn view(self) -> View {
        View { snapshot: Arc::new(self.snapshot), released: self.released }
    }
}

pub(crate) fn object(text: &str) -> ObjectRef {
    text.parse().expect("Kind/namespace/name")
}

/// A deployment of one replica with its replica set and pod on `node`.
pub(crate) fn deployed(sketch: Sketch, name: &str, node: &str, env: Value) -> Sketch {
    let spec = json!({"containers": [{"name": "app", "env": env}]});
    let template = json!({"metadata": {"labels": {"app": name}}, "spec": spec});
    let mut placed = spec.clone();
    placed["nodeName"] = json!(node);
    sketch
        .with(
            &format!("Deployment/shop/{name}"),
            json!({"spec": {"selector": {"matchLabels": {"app": name}}, "template": template}}),
        )
        .with(
            &format!("ReplicaSet/shop/{name}-abc"),
            json!({"metadata": {"ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true}]}}),
        )
        .with(
            &format!("Pod/shop/{name}-abc-1"),
            json!({
            "metadata": {"labels": {"app": name, "pod-template-hash": "abc"}, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{name}-abc"), "controller": true}]},
            "spec": placed}),
        )
        .with(&format!("Service/shop/{name}"), json!({"spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}))
}
