//! Nodes: what a script says of them, where pods go, and what happens when one stops answering.

use std::collections::BTreeMap;

use model::{ObjectRef, Time};
use serde_json::{Value, json};

use super::actor::{Phase, Workload};
use super::script::{NodeReady, NodeStateWord, NodeWord, StateWord};
use super::stage::{Due, Stage, merge, text};

/// From the moment at which a node is given up until its pods are deleted: their toleration.
const EVICTION_SECONDS: i64 = 300;

const LEASE_SECONDS: i64 = 40;

const CONDITIONS: [(&str, &str, &str); 4] = [
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "KubeletReady", "kubelet is posting ready status"),
];

impl Stage {
    pub(super) fn node(&mut self, word: &NodeWord) {
        let created = self.ago(word.age);
        let subject = ObjectRef::global("Node", &word.node);
        let number = self.nodes().len() + 1;
        let zone = word.zone.clone().unwrap_or_else(|| "zone-a".into());
        let mut labels = json!({
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": word.node,
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/region": zone.rsplit_once(['-', 'a', 'b', 'c']).map_or("region", |(r, _)| r),
            "topology.kubernetes.io/zone": zone,
        });
        let mut taints = word.taints.clone();
        if word.control_plane {
            labels["node-role.kubernetes.io/control-plane"] = "".into();
            taints.push(json!({ "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" }));
        }
        merge(&mut labels, &json!(word.labels));
        let cpu = word.cpu.as_ref().map_or_else(|| "4".to_owned(), ToString::to_string);
        let mut room = json!({
            "cpu": cpu,
            "ephemeral-storage": "101430960Ki",
            "memory": word.memory.clone().unwrap_or_else(|| "16Gi".into()),
            "pods": word.pods.unwrap_or(110).to_string(),
        });
        if let Some(gpus) = word.gpus {
            room["nvidia.com/gpu"] = gpus.to_string().into();
        }
        let conditions: Vec<Value> = CONDITIONS
            .iter()
            .map(|(kind, reason, message)| {
                json!({
                    "type": kind, "status": if *kind == "Ready" { "True" } else { "False" },
                    "lastHeartbeatTime": text(self.now), "lastTransitionTime": text(created),
                    "reason": reason, "message": message,
                })
            })
            .collect();
        let mut spec = json!({
            "podCIDR": format!("10.244.{number}.0/24"),
            "podCIDRs": [format!("10.244.{number}.0/24")],
            "providerID": format!("playground:///{}", word.node),
        });
        if !taints.is_empty() {
            spec["taints"] = taints.into();
        }
        let node = json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": { "name": word.node, "creationTimestamp": text(created), "labels": labels },
            "spec": spec,
            "status": {
                "addresses": [
                    { "type": "InternalIP", "address": format!("10.0.1.{}", 10 + number) },
                    { "type": "Hostname", "address": word.node },
                ],
                "allocatable": room.clone(),
                "capacity": room,
                "conditions": conditions,
                "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
                "nodeInfo": {
                    "architecture": "amd64", "bootID": self.uid(&ObjectRef::global("Boot", &word.node)),
                    "containerRuntimeVersion": "containerd://2.1.4", "kernelVersion": "6.12.41-playground",
                    "kubeProxyVersion": "", "kubeletVersion": "v1.36.2",
                    "machineID": self.uid(&ObjectRef::global("Machine", &word.node)).replace('-', ""),
                    "operatingSystem": "linux", "osImage": "Debian GNU/Linux 12 (bookworm)",
                    "systemUUID": self.uid(&ObjectRef::global("System", &word.node)),
                },
            },
        });
        self.put(subject, node);
    }

    fn nodes(&self) -> Vec<(&ObjectRef, &Value)> {
        self.objects.range(ObjectRef::global("Node", "")..).take_while(|(o, _)| o.kind == "Node").collect()
    }

    /// The node for the workload's next pod: the emptiest of those it may go to.
    pub(super) fn place(&self, workload: &Workload) -> Option<String> {
        let taken = |node: &str| {
            self.workloads
                .values()
                .chain(std::iter::once(workload))
                .flat_map(|w| &w.pods)
                .filter(|p| p.counts() && p.node.as_deref() == Some(node))
                .count()
        };
        let own = |node: &str| workload.pods.iter().filter(|p| p.counts() && p.node.as_deref() == Some(node)).count();
        let daemon = workload.object.kind == "DaemonSet";
        self.candidates(workload)
            .into_iter()
            .filter(|n| !daemon || own(n) == 0)
            .min_by_key(|n| (own(n), taken(n), n.clone()))
    }

    fn candidates(&self, workload: &Workload) -> Vec<String> {
        let daemon = workload.object.kind == "DaemonSet";
        let wanted = workload.word.node_selector.clone().unwrap_or_default();
        self.nodes()
            .into_iter()
            .filter(|(_, node)| {
                let spec = &node["spec"];
                let schedulable = spec["unschedulable"] != true
                    && spec["taints"].as_array().is_none_or(|t| t.iter().all(|t| t["effect"] == "PreferNoSchedule"));
                daemon || schedulable
            })
            .filter(|(_, node)| wanted.iter().all(|(k, v)| node["metadata"]["labels"][k] == v.as_str()))
            .map(|(object, _)| object.name.to_string())
            .filter(|name| workload.word.on.as_ref().is_none_or(|on| on.is_empty() || on.contains(name)))
            .collect()
    }

    pub(super) fn daemon_nodes(&self, workload: &Workload) -> Vec<String> {
        self.candidates(workload)
    }

    /// The scheduler's sentence for a pod that fits nowhere: each node counts for the first thing that rules it out.
    pub(super) fn no_node_fits(&self, workload: &Workload) -> String {
        let wanted = workload.word.node_selector.clone().unwrap_or_default();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let nodes = self.nodes();
        for (_, node) in &nodes {
            let taint =
                node["spec"]["taints"].as_array().and_then(|t| t.iter().find(|t| t["effect"] != "PreferNoSchedule"));
            let matches = wanted.iter().all(|(k, v)| node["metadata"]["labels"][k] == v.as_str());
            let reason = if node["spec"]["unschedulable"] == true {
                "node(s) were unschedulable".to_owned()
            } else if let Some(taint) = taint {
                let text = |field: &str| taint[field].as_str().unwrap_or_default();
                format!("node(s) had untolerated taint {{{}: {}}}", text("key"), text("value"))
            } else if !matches {
                "node(s) didn't match Pod's node affinity/selector".to_owned()
            } else {
                "Insufficient cpu".to_owned()
            };
            *reasons.entry(reason).or_default() += 1;
        }
        let total = nodes.len();
        let mut reasons: Vec<String> = reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        reasons.sort();
        format!(
            "0/{total} nodes are available: {}. preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling.",
            reasons.join(", ")
        )
    }

    /// The next free pod address of a node.
    pub(super) fn address(&mut self, node: &str) -> String {
        let number = self
            .objects
            .get(&ObjectRef::global("Node", node))
            .and_then(|n| n.pointer("/spec/podCIDR"))
            .and_then(Value::as_str)
            .and_then(|c| c.split('.').nth(2))
            .unwrap_or("99")
            .to_owned();
        let next = self.addresses.entry(number.clone()).or_insert(1);
        *next += 1;
        let (high, low) = (*next / 250, *next % 250 + 1);
        if high == 0 { format!("10.244.{number}.{low}") } else { format!("10.245.{number}.{low}") }
    }

    pub(super) fn node_state(&mut self, word: &NodeStateWord) -> Result<(), String> {
        let subject = ObjectRef::global("Node", &word.name);
        let Some(mut node) = self.objects.get(&subject).cloned() else {
            return Err(format!("there is no node `{}`", word.name));
        };
        if let Some(cordoned) = word.cordoned {
            let taint = json!({ "key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "timeAdded": text(self.now) });
            set_taint(&mut node, taint, cordoned);
            merge(&mut node, &json!({ "spec": { "unschedulable": cordoned.then_some(true) } }));
            let reason = if cordoned { "NodeNotSchedulable" } else { "NodeSchedulable" };
            let message = format!("Node {} status is now: {reason}", word.name);
            self.event(&subject, "Normal", reason, &message, "kubelet", 1);
        }
        if let Some(pressure) = word.pressure.as_deref() {
            self.press(&mut node, &subject, pressure)?;
        }
        let lost = match word.state {
            None => None,
            Some(NodeReady::Ready) => {
                self.remove(&ObjectRef::new("Lease", "kube-node-lease", &word.name));
                self.condition(&mut node, "Ready", "True", "KubeletReady", "kubelet is posting ready status");
                for key in ["unreachable", "not-ready"] {
                    for effect in ["NoSchedule", "NoExecute"] {
                        set_taint(
                            &mut node,
                            json!({ "key": format!("node.kubernetes.io/{key}"), "effect": effect }),
                            false,
                        );
                    }
                }
                let message = format!("Node {} status is now: NodeReady", word.name);
                self.event(&subject, "Normal", "NodeReady", &message, "kubelet", 1);
                Some(false)
            }
            Some(state) => {
                let (status, key) =
                    if state == NodeReady::Unknown { ("Unknown", "unreachable") } else { ("False", "not-ready") };
                let (reason, said) = match state {
                    NodeReady::Unknown => ("NodeStatusUnknown", "Kubelet stopped posting node status."),
                    _ => ("KubeletNotReady", "container runtime is down"),
                };
                let said = word.message.clone().unwrap_or_else(|| said.into());
                if state == NodeReady::Unknown {
                    // A lease is worth keeping only once it is no longer renewed: the last time was before it ran out.
                    let renewed = self.now.plus_seconds(-LEASE_SECONDS);
                    self.put(ObjectRef::new("Lease", "kube-node-lease", &word.name), lease(&word.name, renewed));
                    for (kind, _, _) in CONDITIONS {
                        self.condition(&mut node, kind, status, reason, &said);
                    }
                } else {
                    self.condition(&mut node, "Ready", status, reason, &said);
                }
                for effect in ["NoSchedule", "NoExecute"] {
                    let taint = json!({ "key": format!("node.kubernetes.io/{key}"), "effect": effect, "timeAdded": text(self.now) });
                    set_taint(&mut node, taint, true);
                }
                let message = format!("Node {} status is now: NodeNotReady", word.name);
                self.event(&subject, "Normal", "NodeNotReady", &message, "node-controller", 1);
                Some(true)
            }
        };
        self.put(subject, node);
        if let Some(lost) = lost {
            self.lose_pods(&word.name, lost);
            if lost {
                let words = match &word.replacements {
                    Some(_) => json!(self.replacement_words(word)),
                    None => Value::Null,
                };
                self.plan(self.now.plus_seconds(EVICTION_SECONDS), Due::Evacuate { node: word.name.clone(), words });
            }
        }
        Ok(())
    }

    fn replacement_words(&mut self, word: &NodeStateWord) -> usize {
        self.replacements.push(word.replacements.as_ref().map(StateWord::state));
        self.replacements.len() - 1
    }

    fn press(&mut self, node: &mut Value, subject: &ObjectRef, pressure: &str) -> Result<(), String> {
        let (kind, yes, no, says) = match pressure {
            "disk" | "none" => {
                ("DiskPressure", "KubeletHasDiskPressure", "KubeletHasNoDiskPressure", "kubelet has disk pressure")
            }
            "memory" => (
                "MemoryPressure",
                "KubeletHasInsufficientMemory",
                "KubeletHasSufficientMemory",
                "kubelet has insufficient memory available",
            ),
            "pid" => (
                "PIDPressure",
                "KubeletHasInsufficientPID",
                "KubeletHasSufficientPID",
                "kubelet has insufficient PID available",
            ),
            other => {
                return Err(format!("a node cannot be under `{other}` pressure; it can be disk, memory, pid or none"));
            }
        };
        let lifted = pressure == "none";
        if lifted {
            for (kind, reason, message) in &CONDITIONS[..3] {
                self.condition(node, kind, "False", reason, message);
            }
        } else {
            self.condition(node, kind, "True", yes, says);
        }
        for (key, on) in [("disk-pressure", "disk"), ("memory-pressure", "memory"), ("pid-pressure", "pid")] {
            let taint = json!({ "key": format!("node.kubernetes.io/{key}"), "effect": "NoSchedule", "timeAdded": text(self.now) });
            if lifted || on == pressure {
                set_taint(node, taint, !lifted);
            }
        }
        let reason = if lifted { no } else { yes }.trim_start_matches("Kubelet");
        let reason = format!("Node{reason}");
        let message = format!("Node {} status is now: {reason}", subject.name);
        self.event(subject, "Normal", &reason, &message, "kubelet", 1);
        Ok(())
    }

    fn condition(&self, node: &mut Value, kind: &str, status: &str, reason: &str, message: &str) {
        let Some(conditions) = node.pointer_mut("/status/conditions").and_then(Value::as_array_mut) else { return };
        for condition in conditions.iter_mut().filter(|c| c["type"] == kind) {
            if condition["status"] != status {
                condition["lastTransitionTime"] = text(self.now).into();
            }
            condition["status"] = status.into();
            condition["reason"] = reason.into();
            condition["message"] = message.into();
        }
    }

    fn lose_pods(&mut self, node: &str, lost: bool) {
        let now = self.now;
        let mut told = Vec::new();
        for workload in self.workloads.values_mut() {
            for at in 0..workload.pods.len() {
                let pod = &mut workload.pods[at];
                if pod.node.as_deref() != Some(node)
                    || pod.lost == lost
                    || !matches!(pod.phase, Phase::Running | Phase::BackingOff | Phase::Exited)
                {
                    continue;
                }
                pod.lost = lost;
                pod.turned = now;
                if lost {
                    pod.episode += 1;
                    let name = pod.name.clone();
                    told.push(workload.pod_ref(&name));
                }
            }
        }
        for pod in told {
            self.event(&pod, "Warning", "NodeNotReady", "Node is not ready", "node-controller", 1);
        }
    }

    /// Deletes the pods of a node that is still lost; their kubelet cannot confirm, so they stay as terminating.
    pub(super) fn evacuate(&mut self, node: &str, words: &Value) {
        let state = words.as_u64().and_then(|n| self.replacements.get(n as usize).cloned()).flatten();
        let now: Time = self.now;
        let mut marked = Vec::new();
        for workload in self.workloads.values_mut() {
            if workload.object.kind == "DaemonSet" {
                continue;
            }
            let mut any = false;
            for at in 0..workload.pods.len() {
                let pod = &mut workload.pods[at];
                if pod.lost && pod.deleting.is_none() && pod.node.as_deref() == Some(node) {
                    pod.deleting = Some(now);
                    any = true;
                    let name = pod.name.clone();
                    marked.push(workload.pod_ref(&name));
                }
            }
            if any && let (Some(state), Some(revision)) = (&state, workload.revisions.last_mut()) {
                revision.state = state.clone();
            }
        }
        for pod in marked {
            let message = format!("Marking for deletion Pod {}/{}", pod.namespace, pod.name);
            self.event(&pod, "Normal", "TaintManagerEviction", &message, "taint-eviction-controller", 1);
        }
    }
}

fn set_taint(node: &mut Value, taint: Value, on: bool) {
    let spec = &mut node["spec"];
    let mut taints = spec["taints"].as_array().cloned().unwrap_or_default();
    taints.retain(|t| t["key"] != taint["key"] || t["effect"] != taint["effect"]);
    if on {
        taints.push(taint);
    }
    if taints.is_empty() {
        if let Some(spec) = spec.as_object_mut() {
            spec.remove("taints");
        }
    } else {
        spec["taints"] = taints.into();
    }
}

/// The lease by which a node's kubelet shows that it lives.
pub(crate) fn lease(node: &str, renewed: Time) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": node, "namespace": "kube-node-lease" },
        "spec": { "holderIdentity": node, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": micro(renewed) },
    })
}

/// As Kubernetes writes the times of leases.
fn micro(at: Time) -> String {
    text(at).replace('Z', ".000000Z")
}
