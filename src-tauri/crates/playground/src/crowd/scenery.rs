//! What stands around the pods: namespaces, nodes, Deployments, ReplicaSets.

use model::{ObjectRef, Time};
use serde_json::{Value, json};

use super::{APPS, DENSITY, REPLICAS, app, hash, namespace, node, owner, uid};
use crate::store::Store;

/// Puts all of it into the store; gives the revision that the pods begin with.
pub(super) fn place(pods: u32, store: &Store, started: Time) -> u64 {
    let apps = pods.div_ceil(REPLICAS);
    let at = Time::from_seconds(started.seconds()).to_string();
    store.write(|kept| {
        let mut put = |kind: &str, namespace: &str, name: &str, api: &str, mut object: Value| {
            object["apiVersion"] = api.into();
            object["kind"] = kind.into();
            object["metadata"]["name"] = name.into();
            if !namespace.is_empty() {
                object["metadata"]["namespace"] = namespace.into();
            }
            object["metadata"]["uid"] = uid(name).into();
            object["metadata"]["creationTimestamp"] = at.clone().into();
            kept.put(&ObjectRef::new(kind, namespace, name), object);
        };
        for number in 0..apps.div_ceil(APPS) {
            let name = namespace(number * APPS * REPLICAS);
            put("Namespace", "", &name, "v1", json!({ "status": { "phase": "Active" } }));
        }
        for number in 0..nodes(pods) {
            let name = node(number / REPLICAS * DENSITY * REPLICAS + number % REPLICAS);
            put("Node", "", &name, "v1", node_object(&name, &at));
        }
        for number in 0..apps {
            let replicas = REPLICAS.min(pods - number * REPLICAS);
            let (name, set, of) = (app(number), owner(number), namespace(number * REPLICAS));
            put("Deployment", &of, &name, "apps/v1", deployment(number, replicas, &at));
            put("ReplicaSet", &of, &set, "apps/v1", replica_set(number, replicas));
        }
        kept.revision()
    })
}

fn nodes(pods: u32) -> u32 {
    // Every block of a full density has as many nodes as a Deployment has replicas.
    pods.div_ceil(DENSITY * REPLICAS) * REPLICAS
}

fn node_object(name: &str, at: &str) -> Value {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({ "type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": at, "lastTransitionTime": at })
    };
    let room = json!({ "cpu": "32", "memory": "128Gi", "pods": "250", "ephemeral-storage": "200Gi" });
    json!({
        "metadata": { "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/region": "north", "topology.kubernetes.io/zone": "north-1",
        } },
        "spec": {},
        "status": {
            "capacity": room, "allocatable": room,
            "addresses": [{ "type": "Hostname", "address": name }],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.36.2", "osImage": "Debian GNU/Linux 13 (trixie)", "kernelVersion": "6.12.0",
                "containerRuntimeVersion": "containerd://2.2.0", "architecture": "amd64", "operatingSystem": "linux",
            },
        },
    })
}

fn labels(number: u32) -> Value {
    json!({ "app.kubernetes.io/name": app(number), "app.kubernetes.io/part-of": "platform" })
}

/// What the pods of a Deployment have in common, as far as their owners say it.
fn pod_template(number: u32) -> Value {
    let mut labels = labels(number);
    labels["pod-template-hash"] = hash(number).into();
    let image = format!("registry.example.internal/platform/{}:2026.11.3", app(number));
    json!({
        "metadata": { "labels": labels },
        "spec": { "containers": [
            { "name": "main", "image": image, "resources": {
                "limits": { "cpu": "500m", "memory": "512Mi" }, "requests": { "cpu": "100m", "memory": "256Mi" } } },
            { "name": "proxy", "image": "registry.example.internal/platform/proxy:1.29.4" },
        ] },
    })
}

fn deployment(number: u32, replicas: u32, at: &str) -> Value {
    json!({
        "metadata": { "generation": 1, "labels": labels(number), "annotations": { "deployment.kubernetes.io/revision": "1" } },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app.kubernetes.io/name": app(number) } },
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": "25%", "maxSurge": "25%" } },
            "template": pod_template(number),
        },
        "status": {
            "observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas,
            "availableReplicas": replicas,
            "conditions": [
                { "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
                  "message": "Deployment has minimum availability.", "lastUpdateTime": at, "lastTransitionTime": at },
                { "type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable",
                  "message": format!("ReplicaSet \"{}\" has successfully progressed.", owner(number)),
                  "lastUpdateTime": at, "lastTransitionTime": at },
            ],
        },
    })
}

fn replica_set(number: u32, replicas: u32) -> Value {
    let mut selector = json!({ "matchLabels": { "app.kubernetes.io/name": app(number) } });
    selector["matchLabels"]["pod-template-hash"] = hash(number).into();
    json!({
        "metadata": {
            "generation": 1, "labels": labels(number), "annotations": { "deployment.kubernetes.io/revision": "1" },
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": app(number),
                "uid": uid(&app(number)), "controller": true, "blockOwnerDeletion": true }],
        },
        "spec": { "replicas": replicas, "selector": selector, "template": pod_template(number) },
        "status": { "observedGeneration": 1, "replicas": replicas, "fullyLabeledReplicas": replicas,
            "readyReplicas": replicas, "availableReplicas": replicas },
    })
}
