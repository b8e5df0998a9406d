//! The same made-up objects for a server that is not ours.

use model::Time;
use serde_json::{Map, Value};

use super::template::Template;
use super::{PodPhase, Slot, scenery};
use crate::store::Store;

/// Objects of a made-up cluster as a client writes them to a real API server: without what a server gives.
pub struct MadeUp {
    template: Template,
    started: Time,
}

impl Default for MadeUp {
    fn default() -> Self {
        MadeUp { template: Template::read(), started: crate::serve::now() }
    }
}

impl MadeUp {
    /// Namespaces, nodes, Deployments and ReplicaSets of the first so many pods, statuses included.
    pub fn scenery(&self, pods: u32) -> Vec<Value> {
        let store = Store::default();
        scenery::place(pods, &store, self.started);
        let kinds = ["Namespace", "Node", "Deployment", "ReplicaSet"];
        store.read(|kept| {
            let all = kinds.iter().flat_map(|kind| kept.all(kind));
            all.map(|(_, object)| as_written((**object).clone())).collect()
        })
    }

    /// The pod at a place after so many others.
    pub fn pod(&self, place: u32, life: u32, phase: PodPhase) -> Value {
        let restarts = if phase == PodPhase::Crashing { 4 } else { 0 };
        let (created, now) = (self.started.seconds(), crate::serve::now().seconds());
        let slot = Slot { life, restarts, phase, created, since: now, revision: 0 };
        let mut text = String::from("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",");
        self.template.write(self.started, place, &slot, &mut text);
        as_written(serde_json::from_str(&text).unwrap_or_default())
    }
}

fn as_written(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        let given = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"];
        let kept: Map<String, Value> =
            std::mem::take(metadata).into_iter().filter(|(field, _)| !given.contains(&field.as_str())).collect();
        *metadata = kept;
    }
    object
}
