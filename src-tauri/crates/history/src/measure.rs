//! For tests and benchmarks, and nothing else: a full disk, and a load that is made up and always the same.

use model::{Body, ChangeKind, ClusterId, EventBody, ObjectRef, Observation, ObservationId, Source, Time};
use serde_json::{Value, json};

use crate::{DeskFile, History, Result};

/// A file that may become so many pages long and no longer: a disk that is full. What it has already stays.
pub fn limit(history: &History, pages: i64) -> Result<()> {
    history.store().outside_transaction("limit", &format!("PRAGMA max_page_count = {pages}"))
}

/// The same for a desk file.
pub fn limit_desk(file: &DeskFile, pages: i64) -> Result<()> {
    file.store().outside_transaction("limit", &format!("PRAGMA max_page_count = {pages}"))
}

/// Observations a second that the made-up cluster has.
const A_SECOND: i64 = 50;

/// A made-up cluster of pods whose status changes over and over, each change with an Event now and then.
pub struct Storm {
    pub objects: usize,
}

impl Storm {
    pub fn cluster() -> ClusterId {
        ClusterId("cluster:measured".into())
    }

    pub fn subject(&self, number: usize) -> ObjectRef {
        let app = number / 20;
        ObjectRef::new("Pod", format!("team-{}", app % 40), format!("app-{app}-{}-{}", word(app, 9), word(number, 5)))
    }

    /// When observation `number` happens.
    pub fn time(&self, number: usize) -> Time {
        Time(1_790_000_000_000_000 + number as i64 * 1_000_000 / A_SECOND)
    }

    /// Observation `number`: first every object once, then changes, one in ten an Event.
    pub fn observation(&self, number: usize) -> Observation {
        let at = self.time(number);
        let of = number.wrapping_mul(if number < self.objects { 1 } else { 7919 }) % self.objects;
        let subject = self.subject(of);
        let body = if number >= self.objects && number % 10 == 9 {
            event(of, number, at)
        } else {
            pod(&subject, of, number, at)
        };
        // Computing an id from the content is the watch's work, not the history's.
        let digest = blake3::hash(&(number as u64).to_le_bytes()).to_hex();
        Observation {
            id: ObservationId::from(format!("obs:{}", &digest[..24])),
            cluster: Self::cluster(),
            at,
            seen_at: Time(at.0 + 180_000 + (number as i64 * 7919) % 500_000),
            source: Source::Watch,
            subject: Some(subject),
            body,
        }
    }
}

/// Letters that look like those of generated names; the same for the same number.
fn word(number: usize, length: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let digest = blake3::hash(&(number as u64).to_le_bytes());
    digest.as_bytes().iter().take(length).map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

fn uid(number: usize) -> String {
    let hex = blake3::hash(&(number as u64 ^ 0xA5A5).to_le_bytes()).to_hex();
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

fn event(of: usize, number: usize, at: Time) -> Body {
    Body::Event(EventBody {
        uid: uid(of + 1_000_000).into(),
        event_type: "Warning".into(),
        reason: "Unhealthy".into(),
        message: format!(
            "Readiness probe failed: Get \"http://10.{}.{}.7:8080/ready\": context deadline exceeded",
            of / 250,
            of % 250
        )
        .into(),
        count: u32::try_from(number / 1000).unwrap_or(1),
        first_at: Time::from_seconds(1_790_000_000),
        last_at: at,
        reporter: "kubelet".into(),
        subject_uid: Some(uid(of).into()),
    })
}

/// A pod as a watch keeps it, about 3 kB as JSON.
fn pod(subject: &ObjectRef, of: usize, number: usize, at: Time) -> Body {
    let app = of / 20;
    let (resource_version, restarts) = ((1_000_000 + number).to_string(), number / 30_000);
    let ready = (number / 10_007) % 3 != 1;
    let now = Time::from_seconds(at.seconds()).to_string();
    let said = if ready { "True" } else { "False" };
    let state = if ready {
        json!({"running": {"startedAt": now}})
    } else {
        json!({"waiting": {"reason": "CrashLoopBackOff", "message": format!("back-off 5m0s restarting failed container=app pod={}_{}", &subject.name, &subject.namespace)}})
    };
    let node = format!("node-{}.eu-central-1.compute.internal", of % 200);
    let image = format!("registry.example.com/team-{}/app-{app}:v1.{}.{}", app % 40, app % 17, app % 7);
    let object: Value = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": &*subject.name, "namespace": &*subject.namespace, "uid": uid(of), "resourceVersion": resource_version,
            "creationTimestamp": "2026-09-21T14:13:20Z", "generateName": format!("app-{app}-{}-", word(app, 9)),
            "labels": {"app.kubernetes.io/name": format!("app-{app}"), "app.kubernetes.io/part-of": "shop", "pod-template-hash": word(app, 9)},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("app-{app}-{}", word(app, 9)), "uid": uid(app + 500_000), "controller": true, "blockOwnerDeletion": true}],
        },
        "spec": {
            "nodeName": node, "serviceAccountName": format!("app-{app}"), "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "containers": [{
                "name": "app", "image": image,
                "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                "env": [{"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": format!("app-{app}-db"), "key": "url"}}}, {"name": "LOG_LEVEL", "value": "info"}],
                "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1},
                "livenessProbe": {"httpGet": {"path": "/live", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}, {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}],
                "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}, {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "volumes": [{"name": "config", "configMap": {"name": format!("app-{app}-config"), "defaultMode": 420}}],
        },
        "status": {
            "phase": "Running", "podIP": format!("10.{}.{}.7", of / 250, of % 250), "hostIP": format!("192.168.{}.{}", of % 200, app % 250), "startTime": "2026-09-21T14:13:21Z", "qosClass": "Burstable",
            "conditions": [
                {"type": "Initialized", "status": "True", "lastTransitionTime": "2026-09-21T14:13:22Z"},
                {"type": "Ready", "status": said, "lastTransitionTime": now},
                {"type": "ContainersReady", "status": said, "lastTransitionTime": now},
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-09-21T14:13:20Z"},
            ],
            "containerStatuses": [{
                "name": "app", "image": image, "imageID": format!("registry.example.com/team-{}/app-{app}@sha256:{}", app % 40, blake3::hash(&app.to_le_bytes()).to_hex()),
                "containerID": format!("containerd://{}", blake3::hash(&(of * 31 + restarts).to_le_bytes()).to_hex()),
                "ready": ready, "started": ready, "restartCount": restarts, "state": state,
            }],
        },
    });
    let (api_version, uid) = ("v1".into(), uid(of));
    Body::Object {
        api_version,
        uid: uid.into(),
        resource_version: resource_version.into(),
        change: ChangeKind::Present,
        object: object.into(),
    }
}
