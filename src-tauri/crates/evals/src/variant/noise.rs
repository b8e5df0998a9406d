//! Trouble that has nothing to do with a recording's own.

use model::{Body, ChangeKind, EventBody, ObjectRef, Observation, Source, Time};
use serde_json::{Value, json};

use super::NOISE;
use crate::Golden;

/// Trouble of another team, in a namespace of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// A job's pod cannot pull its image, for hours.
    UnpulledImage,
    /// A deployment ends again and again, for a day.
    CrashLoop,
    /// A nightly job failed.
    FailedJob,
    /// A claim names a storage class that does not exist, and its pod waits.
    UnboundClaim,
    /// Nothing is wrong: a new version of a healthy workload was rolled out just before the trouble of the recording.
    Rollout,
}

impl Noise {
    pub const ALL: [Noise; 5] =
        [Noise::UnpulledImage, Noise::CrashLoop, Noise::FailedJob, Noise::UnboundClaim, Noise::Rollout];

    fn words(self) -> &'static str {
        match self {
            Noise::UnpulledImage => "somebody else's image that cannot be pulled",
            Noise::CrashLoop => "somebody else's crash loop",
            Noise::FailedJob => "somebody else's failed job",
            Noise::UnboundClaim => "somebody else's unbound claim",
            Noise::Rollout => "somebody else's rollout",
        }
    }
}

impl Golden {
    /// The same recording with such trouble beside.
    pub fn with(&self, noise: Noise) -> Golden {
        let mut noisy = self.clone();
        noisy.name = format!("{} beside {}", self.name, noise.words());
        let mut added = Added { to: self, observations: Vec::new() };
        let began = self.as_of.plus_seconds(-3 * 3600);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NOISE, "uid": "noise-0"},
                               "status": {"phase": "Active"}});
        added.object(began, ObjectRef::global("Namespace", NOISE), namespace);
        match noise {
            Noise::UnpulledImage => added.unpulled_image(began),
            Noise::CrashLoop => added.crash_loop(self.as_of.plus_seconds(-24 * 3600)),
            Noise::FailedJob => added.failed_job(began),
            Noise::UnboundClaim => added.unbound_claim(began),
            Noise::Rollout => added.rollout(),
        }
        noisy.observations.extend(added.observations);
        noisy
    }
}

struct Added<'g> {
    to: &'g Golden,
    observations: Vec<Observation>,
}

impl Added<'_> {
    fn unpulled_image(&mut self, began: Time) {
        let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}});
        let container = json!({"name": "report", "ready": false, "restartCount": 0, "state": waiting});
        let pod = self.pod("nightly-report", began, json!(null), "Pending", container);
        let message = "Failed to pull image \"registry.invalid/report:1\": not found";
        self.warning(pod, began, "Failed", message);
    }

    fn crash_loop(&mut self, began: Time) {
        self.deployment("billing", began, 0, "1");
        let ended = json!({"exitCode": 1, "reason": "Error", "startedAt": self.ago(400), "finishedAt": self.ago(395)});
        let container = json!({"name": "billing", "ready": false, "restartCount": 270, "lastState": {"terminated": ended},
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}});
        let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "billing-6c5d8f7b9", "uid": "noise-rs",
                            "controller": true}]);
        let pod = self.pod("billing-6c5d8f7b9-q8x2z", began, owner, "Running", container);
        self.warning(
            pod,
            began,
            "BackOff",
            "Back-off restarting failed container billing in pod billing-6c5d8f7b9-q8x2z",
        );
    }

    fn failed_job(&mut self, began: Time) {
        let job = ObjectRef::new("Job", NOISE, "clean-up-29310");
        let failed = json!({"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit", "lastTransitionTime": self.ago(2 * 3600)});
        let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(&job, began),
            "spec": {"backoffLimit": 1, "completions": 1, "parallelism": 1},
            "status": {"failed": 2, "startTime": began.to_string(), "conditions": [failed]}});
        self.object(began, job.clone(), object);
        self.warning(job, began, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }

    fn unbound_claim(&mut self, began: Time) {
        let claim = ObjectRef::new("PersistentVolumeClaim", NOISE, "archive");
        let object = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(&claim, began),
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "archive-tier",
                     "resources": {"requests": {"storage": "5Gi"}}},
            "status": {"phase": "Pending"}});
        self.object(began, claim.clone(), object);
        self.warning(claim, began, "ProvisioningFailed", "storageclass.storage.k8s.io \"archive-tier\" not found");
    }

    fn rollout(&mut self) {
        let before = self.to.as_of.plus_seconds(-7 * 24 * 3600);
        let now = self.to.as_of.plus_seconds(-15 * 60);
        self.deployment("storefront", before, 1, "1");
        self.deployment("storefront", now, 1, "2");
    }

    /// One version of a deployment of one replica.
    fn deployment(&mut self, name: &str, at: Time, available: u32, version: &str) {
        let deployment = ObjectRef::new("Deployment", NOISE, name);
        let labels = json!({"app": name});
        let mut metadata = metadata(&deployment, self.to.as_of.plus_seconds(-7 * 24 * 3600));
        metadata["annotations"] = json!({"deployment.kubernetes.io/revision": version});
        let status = if available > 0 { "True" } else { "False" };
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                "spec": {"containers": [{"name": name, "image": format!("registry.internal/other/{name}:{version}")}]}}},
            "status": {"replicas": 1, "updatedReplicas": 1, "readyReplicas": available, "availableReplicas": available,
                "unavailableReplicas": 1 - available,
                "conditions": [{"type": "Available", "status": status, "lastTransitionTime": at.to_string()}]}});
        self.object(at, deployment, object);
    }

    fn pod(&mut self, name: &str, began: Time, owner: Value, phase: &str, container: Value) -> ObjectRef {
        let pod = ObjectRef::new("Pod", NOISE, name);
        let mut metadata = metadata(&pod, began);
        if owner.is_array() {
            metadata["ownerReferences"] = owner;
            metadata["labels"] = json!({"app": "billing", "pod-template-hash": "6c5d8f7b9"});
        }
        let image = json!([{"name": container["name"], "image": "registry.invalid/report:1"}]);
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"nodeName": self.to.some_node(), "containers": image},
            "status": {"phase": phase, "containerStatuses": [container], "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": began.to_string()}]}});
        self.object(began, pod.clone(), object);
        pod
    }

    fn warning(&mut self, subject: ObjectRef, began: Time, reason: &str, message: &str) {
        let last_at = self.to.as_of.plus_seconds(-30);
        let event = EventBody {
            uid: format!("noise-{reason}").into(),
            event_type: "Warning".into(),
            reason: reason.into(),
            message: message.into(),
            count: 30,
            first_at: began,
            last_at,
            reporter: "kubelet".into(),
            subject_uid: Some(uid(&subject).into()),
        };
        self.add(last_at, subject, Body::Event(event));
    }

    fn object(&mut self, at: Time, subject: ObjectRef, object: Value) {
        let body = Body::Object {
            api_version: object["apiVersion"].as_str().unwrap_or_default().into(),
            uid: object["metadata"]["uid"].as_str().unwrap_or_default().into(),
            resource_version: at.to_string().into(),
            change: ChangeKind::Present,
            object: object.into(),
        };
        self.add(at, subject, body);
    }

    fn add(&mut self, at: Time, subject: ObjectRef, body: Body) {
        self.observations.push(Observation::new(self.to.cluster.clone(), at, at, Source::Script, Some(subject), body));
    }

    fn ago(&self, seconds: i64) -> String {
        self.to.as_of.plus_seconds(-seconds).to_string()
    }
}

fn uid(object: &ObjectRef) -> String {
    format!("noise-{}-{}", object.kind, object.name)
}

fn metadata(object: &ObjectRef, created: Time) -> Value {
    json!({"name": object.name, "namespace": NOISE, "uid": uid(object), "creationTimestamp": created.to_string()})
}

impl Golden {
    fn some_node(&self) -> String {
        let nodes = self.observations.iter().filter_map(|o| o.subject.as_ref()).filter(|s| s.kind == "Node");
        nodes.map(|node| node.name.to_string()).max().unwrap_or_else(|| "node-1".into())
    }
}
