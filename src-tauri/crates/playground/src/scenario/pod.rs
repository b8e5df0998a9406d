//! From a pod as the simulation plays it to the object that an API server would give.

use model::ObjectRef;
use serde_json::{Value, json};

use super::actor::{Exit, Phase, Pod, Workload};
use super::script::StateName;
use super::stage::{Stage, merge, text, uuid_of};

impl Stage {
    pub(super) fn pod_object(&self, workload: &Workload, pod: &Pod) -> Value {
        let empty = Value::Null;
        let revision = workload.revision_of(&pod.hash);
        let template = revision.map_or(&empty, |r| &r.template);
        let namespace = &workload.object.namespace;
        let owner = workload.owner_of_pods(&pod.hash);
        let mut metadata = template.get("metadata").cloned().unwrap_or_else(|| json!({}));
        metadata["name"] = pod.name.clone().into();
        metadata["namespace"] = namespace.clone().into();
        metadata["creationTimestamp"] = text(pod.created).into();
        let labels = &mut metadata["labels"];
        match workload.object.kind.as_str() {
            "Deployment" => {
                labels["pod-template-hash"] = pod.hash.clone().into();
                metadata["generateName"] = format!("{}-", owner.name).into();
            }
            "StatefulSet" => {
                labels["apps.kubernetes.io/pod-index"] = pod.ordinal.to_string().into();
                labels["controller-revision-hash"] = format!("{}-{}", workload.object.name, pod.hash).into();
                labels["statefulset.kubernetes.io/pod-name"] = pod.name.clone().into();
                metadata["generateName"] = format!("{}-", owner.name).into();
            }
            "DaemonSet" => {
                labels["controller-revision-hash"] = pod.hash.clone().into();
                labels["pod-template-generation"] = "1".into();
                metadata["generateName"] = format!("{}-", owner.name).into();
            }
            _ => {
                labels["batch.kubernetes.io/job-name"] = workload.object.name.clone().into();
                labels["job-name"] = workload.object.name.clone().into();
                metadata["generateName"] = format!("{}-", owner.name).into();
            }
        }
        let api_version = match owner.kind.as_str() {
            "Job" => "batch/v1",
            _ => "apps/v1",
        };
        metadata["ownerReferences"] = json!([{
            "apiVersion": api_version,
            "kind": owner.kind,
            "name": owner.name,
            "uid": self.uid_of(&owner).unwrap_or_else(|| self.uid(&owner)),
            "controller": true,
            "blockOwnerDeletion": true,
        }]);
        if let Some(at) = pod.deleting {
            metadata["deletionTimestamp"] = text(at.plus_seconds(30)).into();
            metadata["deletionGracePeriodSeconds"] = 30.into();
        }
        let mut spec = template.get("spec").cloned().unwrap_or_else(|| json!({ "containers": [] }));
        if spec.get("serviceAccountName").is_none() {
            spec["serviceAccountName"] = "default".into();
            spec["serviceAccount"] = "default".into();
        }
        if let Some(node) = &pod.node {
            spec["nodeName"] = node.clone().into();
        }
        if workload.object.kind == "StatefulSet" {
            spec["hostname"] = pod.name.clone().into();
        }
        merge(
            &mut spec,
            &json!({
                "enableServiceLinks": true,
                "preemptionPolicy": "PreemptLowerPriority",
                "priority": 0,
                "tolerations": [
                    { "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
                    { "key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
                ],
            }),
        );
        let mut status = self.pod_status(workload, pod, &spec);
        if let Some(patch) = &pod.state.status {
            merge(&mut status, patch);
        }
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status })
    }

    fn pod_status(&self, workload: &Workload, pod: &Pod, spec: &Value) -> Value {
        let (phase, qos) = (phase(pod), quality(spec));
        if pod.phase == Phase::Evicted {
            let message =
                pod.state.message.clone().unwrap_or_else(|| "The node was low on resource: ephemeral-storage.".into());
            return json!({
                "phase": "Failed", "reason": "Evicted", "message": message,
                "startTime": text(pod.scheduled), "qosClass": qos,
            });
        }
        let mut status = json!({ "phase": phase, "conditions": conditions(workload, pod) });
        let Some(node) = &pod.node else {
            status["qosClass"] = qos.into();
            return status;
        };
        let host = self
            .objects
            .get(&ObjectRef::global("Node", node))
            .and_then(|n| n.pointer("/status/addresses/0/address"))
            .cloned()
            .unwrap_or(Value::Null);
        status["hostIP"] = host.clone();
        status["hostIPs"] = json!([{ "ip": host }]);
        if let Some(address) = pod.address.as_ref().filter(|a| !a.is_empty()) {
            status["podIP"] = address.clone().into();
            status["podIPs"] = json!([{ "ip": address }]);
        }
        status["startTime"] = text(pod.scheduled).into();
        status["containerStatuses"] = json!([self.container_status(workload, pod, spec)]);
        status["qosClass"] = qos.into();
        status
    }

    fn container_status(&self, workload: &Workload, pod: &Pod, spec: &Value) -> Value {
        let image = spec.pointer("/containers/0/image").and_then(Value::as_str).unwrap_or_default();
        let name = spec.pointer("/containers/0/name").and_then(Value::as_str).unwrap_or_default();
        let container_id = |run: u32| {
            format!(
                "containerd://{}",
                uuid_of(&[&self.seed, &pod.name, &workload.uid, &run.to_string()]).replace('-', "")
            )
        };
        let ended = |exit: &Exit| {
            let mut ended = json!({
                "containerID": container_id(exit.run),
                "exitCode": exit.code,
                "reason": exit.reason,
                "startedAt": text(exit.started),
                "finishedAt": text(exit.finished),
            });
            if let Some(message) = &exit.message {
                ended["message"] = message.clone().into();
            }
            json!({ "terminated": ended })
        };
        let waiting = |reason: &str, message: Option<String>| {
            let mut waiting = json!({ "reason": reason });
            if let Some(message) = message {
                waiting["message"] = message.into();
            }
            json!({ "waiting": waiting })
        };
        let last = pod.last_exit.as_ref();
        let state = match pod.phase {
            Phase::Unscheduled | Phase::Creating => waiting("ContainerCreating", None),
            Phase::Unpulled { backing_off: false } => waiting("ErrImagePull", pod.state.message.clone()),
            Phase::Unpulled { backing_off: true } => {
                let answer = pod.state.message.as_ref().map(|m| format!(": ErrImagePull: {m}")).unwrap_or_default();
                waiting("ImagePullBackOff", Some(format!("Back-off pulling image \"{image}\"{answer}")))
            }
            Phase::Unconfigured => waiting("CreateContainerConfigError", pod.state.message.clone()),
            Phase::Running => json!({ "running": { "startedAt": text(pod.started) } }),
            Phase::BackingOff => {
                let subject = workload.pod_ref(&pod.name);
                let uid = self.uid_of(&subject).unwrap_or_else(|| self.uid(&subject));
                let pause = super::beat::pause_after(pod.restarts);
                waiting(
                    "CrashLoopBackOff",
                    Some(format!(
                        "back-off {pause} restarting failed container={name} pod={}_{}({uid})",
                        pod.name, workload.object.namespace
                    )),
                )
            }
            Phase::Exited | Phase::Succeeded | Phase::Failed | Phase::Evicted => {
                last.map_or_else(|| waiting("ContainerCreating", None), ended)
            }
        };
        let running = pod.phase == Phase::Running;
        let pulling = matches!(pod.phase, Phase::Unpulled { .. } | Phase::Unconfigured | Phase::Creating);
        let last_state = match pod.phase {
            Phase::Exited | Phase::Succeeded | Phase::Failed => json!({}),
            _ if pulling => json!({}),
            _ => last.map_or_else(|| json!({}), ended),
        };
        let mut status = json!({
            "name": name,
            "image": image,
            "imageID": "",
            "ready": pod.ready && running,
            "restartCount": if pulling { 0 } else { pod.restarts },
            "started": running,
            "state": state,
            "lastState": last_state,
        });
        if running || last.is_some() {
            let digest = uuid_of(&["image", image]).replace('-', "");
            let repository = image.rsplit_once(':').map_or(image, |(r, _)| r);
            status["imageID"] = format!("{repository}@sha256:{digest}{digest}").into();
            let run = if running { pod.restarts } else { last.map_or(0, |e| e.run) };
            status["containerID"] = container_id(run).into();
        }
        status
    }
}

fn phase(pod: &Pod) -> &'static str {
    match pod.phase {
        Phase::Unscheduled | Phase::Creating | Phase::Unpulled { .. } | Phase::Unconfigured => "Pending",
        Phase::Running | Phase::BackingOff | Phase::Exited => "Running",
        Phase::Succeeded => "Succeeded",
        Phase::Failed | Phase::Evicted => "Failed",
    }
}

fn conditions(workload: &Workload, pod: &Pod) -> Value {
    let condition = |kind: &str, holds: bool, at, reason: Option<&str>, message: Option<String>| {
        let mut condition = json!({
            "type": kind,
            "status": if holds { "True" } else { "False" },
            "lastProbeTime": null,
            "lastTransitionTime": text(at),
        });
        if let Some(reason) = reason {
            condition["reason"] = reason.into();
        }
        if let Some(message) = message {
            condition["message"] = message.into();
        }
        condition
    };
    if pod.phase == Phase::Unscheduled {
        let message = pod.state.message.clone().filter(|_| pod.state.state == StateName::Pending);
        if message.as_deref() == Some("") {
            return json!([]);
        }
        return json!([condition("PodScheduled", false, pod.created, Some("Unschedulable"), message)]);
    }
    let unready = format!("containers with unready status: [{}]", workload.container());
    let (reason, message) = match pod.phase {
        Phase::Succeeded => (Some("PodCompleted"), None),
        _ if pod.ready => (None, None),
        _ => (Some("ContainersNotReady"), Some(unready)),
    };
    let ready = pod.ready && pod.phase == Phase::Running;
    let sandbox = !matches!(pod.phase, Phase::Creating) || pod.state.state != StateName::Creating;
    json!([
        condition("PodReadyToStartContainers", sandbox, pod.scheduled, None, None),
        condition("Initialized", true, pod.scheduled, None, None),
        condition("Ready", ready && !pod.lost, pod.turned, reason, message.clone()),
        condition("ContainersReady", ready, pod.turned, reason, message),
        condition("PodScheduled", true, pod.scheduled, None, None),
    ])
}

fn quality(spec: &Value) -> &'static str {
    let containers = spec["containers"].as_array().map_or(&[][..], Vec::as_slice);
    let amounts = |c: &Value, field: &str| c["resources"][field].as_object().cloned().unwrap_or_default();
    if containers.iter().all(|c| amounts(c, "limits").is_empty() && amounts(c, "requests").is_empty()) {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|c| {
        let (limits, requests) = (amounts(c, "limits"), amounts(c, "requests"));
        ["cpu", "memory"]
            .iter()
            .all(|r| limits.contains_key(*r) && requests.get(*r).is_none_or(|q| Some(q) == limits.get(*r)))
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}
