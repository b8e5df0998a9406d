//! Nodes: conditions, cordons, pressure, and what runs on them.

#[cfg(test)]
mod tests;
use std::collections::{BTreeMap, BTreeSet};

use model::{ObjectRef, Time};

use crate::capacity::{allocatable, reserved_at_least};
use crate::found::Found;
use crate::json::{list, short, text, time};
use crate::quantity;
use crate::scene::{Node, Scene};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for node in &scene.nodes {
        conditions(scene, node, found);
        cordon(scene, node, found);
        taints(node, found);
        load(scene, node, found);
        events(scene, node, found);
        lease(scene, node, found);
    }
    versions(scene, found);
}

fn pods_on<'s>(scene: &'s Scene, node: &Node) -> (usize, BTreeSet<&'s ObjectRef>) {
    let pods = scene.pods.iter().filter(|p| p.node_name() == node.name());
    (pods.clone().count(), pods.map(|p| &p.workload).collect())
}

fn conditions(scene: &Scene, node: &Node, found: &mut Found) {
    if node.is_ready().is_none() {
        let (count, workloads) = pods_on(scene, node);
        found
            .fact("node_not_ready", node.object)
            .arg("reason", "")
            .arg("message", "")
            .arg("since_seconds", -1)
            .arg("pods", count)
            .objects("workloads", workloads)
            .arg("cause", "unknown")
            .since(node.held.at)
            .because(&node.held.observation)
            .unknown("it has no condition of that name")
            .says(format!("whether {} is ready", node.name()));
    }
    for condition in list(node.json, "/status/conditions") {
        let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
        let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
        let since = time(condition, "/lastTransitionTime").unwrap_or(node.held.at);
        match (kind, status) {
            ("Ready", "True") => {}
            ("Ready", _) => not_ready(scene, node, reason, message, since, found),
            ("MemoryPressure" | "DiskPressure" | "PIDPressure", "True") => {
                let pressure = kind.trim_end_matches("Pressure").to_ascii_lowercase();
                found
                    .fact("node_pressure", node.object)
                    .arg("kind", pressure.clone())
                    .arg("message", short(message, 200))
                    .objects("workloads", pods_on(scene, node).1)
                    .since(since)
                    .because(&node.held.observation)
                    .says(format!("{} is short of {pressure}", node.name()));
            }
            ("NetworkUnavailable", "True") => {
                found
                    .fact("node_network_unavailable", node.object)
                    .arg("message", short(message, 200))
                    .since(since)
                    .because(&node.held.observation)
                    .says(format!("the network of {} is not set up: {}", node.name(), short(message, 120)));
            }
            ("MemoryPressure" | "DiskPressure" | "PIDPressure" | "NetworkUnavailable", _) => {}
            _ if if is_good(kind) { matches!(status, "False" | "Unknown") } else { status == "True" } => {
                found
                    .fact("node_problem", node.object)
                    .arg("condition", kind)
                    .arg("reason", reason)
                    .arg("message", short(message, 200))
                    .since(since)
                    .because(&node.held.observation)
                    .says(format!("{} reports {kind}: {} {}", node.name(), reason, short(message, 120)));
                let words = format!("{kind} {reason}").to_ascii_lowercase();
                if ["ntp", "clock", "chrony", "timesync", "timedrift"].iter().any(|word| words.contains(word)) {
                    found
                        .fact("node_clock_skew", node.object)
                        .arg("seconds", -1)
                        .arg("message", short(message, 200))
                        .since(since)
                        .because(&node.held.observation)
                        .says(format!("nobody keeps the time of {}: {}", node.name(), short(message, 120)));
                }
            }
            _ => {}
        }
    }
}

/// Whether a condition of that name is well when it is True: `KernelReady` of EKS' monitoring agent, `Online`.
fn is_good(kind: &str) -> bool {
    matches!(kind, "EtcdIsVoter" | "Online")
        || ["Ready", "Healthy", "Available"]
            .iter()
            .any(|good| kind.strip_suffix(good).is_some_and(|before| !before.ends_with("Not")))
}

fn not_ready(scene: &Scene, node: &Node, reason: &str, message: &str, since: Time, found: &mut Found) {
    let told = format!("{reason} {message}").to_ascii_lowercase();
    let network = ["network plugin", "cni", "networknotready", "networkpluginnotready", "networkready=false"]
        .iter()
        .any(|w| told.contains(w));
    let down = told.contains("runtime is down") || told.contains("runtimeready=false");
    let runtime =
        down || (!network && ["container runtime", "containerd", "docker", "cri-o"].iter().any(|w| told.contains(w)));
    let events = scene.events(node.object);
    let runtime_event = events.iter().rfind(|t| {
        matches!(t.event.reason.as_str(), "ContainerGCFailed" | "ImageGCFailed" | "ContainerdUnhealthy")
            && (t.event.message.contains("containerd")
                || t.event.message.contains("connection error")
                || t.event.message.contains(".sock"))
    });
    let cause = if runtime {
        "runtime_down"
    } else if network {
        "network_plugin"
    } else if told.contains("stopped posting") || reason == "NodeStatusUnknown" || reason == "NodeStatusNeverUpdated" {
        "kubelet_silent"
    } else if told.contains("certificate") || told.contains("x509") {
        "certificate"
    } else if runtime_event.is_some() {
        "runtime_down"
    } else if told.contains("pleg") || told.contains("kubelet") {
        "kubelet"
    } else {
        "unknown"
    };
    let (count, workloads) = pods_on(scene, node);
    found
        .fact("node_not_ready", node.object)
        .arg("reason", reason)
        .arg("message", short(message, 240))
        .arg("since_seconds", scene.seconds_so(since, node.held))
        .arg("pods", count)
        .objects("workloads", workloads)
        .arg("cause", cause)
        .since(since)
        .because(&node.held.observation)
        .because_all(runtime_event.map(|t| t.id))
        .says(format!("{} is not ready ({reason}): {}", node.name(), short(message, 160)));
    if cause == "runtime_down" {
        found
            .fact("node_runtime_down", node.object)
            .arg(
                "message",
                short(if runtime { message } else { runtime_event.map_or("", |t| t.event.message.as_str()) }, 200),
            )
            .arg("source", if runtime { "condition" } else { "event" })
            .since(since)
            .because(&node.held.observation)
            .because_all(runtime_event.map(|t| t.id))
            .says(format!("the container runtime of {} is down", node.name()));
    }
}

fn cordon(scene: &Scene, node: &Node, found: &mut Found) {
    if !node.is_cordoned() {
        return;
    }
    let told = scene.events(node.object).iter().rfind(|t| t.event.reason == "NodeNotSchedulable");
    let taint = list(node.json, "/spec/taints").iter().find(|t| text(t, "/key") == "node.kubernetes.io/unschedulable");
    let since =
        taint.and_then(|t| time(t, "/timeAdded")).or_else(|| told.map(|t| t.event.last_at)).unwrap_or(node.held.at);
    let pending = scene.pods.iter().filter(|p| p.phase() == "Pending" && p.node_name().is_empty()).count();
    found
        .fact("node_cordoned", node.object)
        .arg("control_plane", node.is_control_plane())
        .arg("by", "")
        .arg("since_seconds", scene.seconds_so(since, node.held))
        .arg("pods_pending", pending)
        .since(since)
        .because(&node.held.observation)
        .because_all(told.map(|t| t.id))
        .says(format!("{} is cordoned", node.name()));
}

fn taints(node: &Node, found: &mut Found) {
    for taint in list(node.json, "/spec/taints") {
        let (key, effect) = (text(taint, "/key"), text(taint, "/effect"));
        let usual =
            key.is_empty() || key == "node.kubernetes.io/unschedulable" || key.starts_with("node-role.kubernetes.io/");
        if usual || effect == "PreferNoSchedule" {
            continue;
        }
        let value = text(taint, "/value");
        let shown = if value.is_empty() { format!("{key}:{effect}") } else { format!("{key}={value}:{effect}") };
        found
            .fact("node_taint", node.object)
            .arg("taint", shown.clone())
            .since(time(taint, "/timeAdded").unwrap_or(node.held.at))
            .because(&node.held.observation)
            .says(format!("{} has the taint {shown}", node.name()));
    }
}

fn load(scene: &Scene, node: &Node, found: &mut Found) {
    for resource in ["cpu", "memory", "pods"] {
        let Some(has) = allocatable(node, resource).filter(|a| *a > 0.0) else { continue };
        // That what is seen fills the node is true whatever else is on it.
        let taken = reserved_at_least(scene, node.name(), resource);
        let ratio = taken / has;
        if ratio >= 0.95 {
            found
                .fact("node_overcommitted", node.object)
                .arg("resource", resource)
                .arg("requested", taken)
                .arg("allocatable", has)
                .arg("ratio", ratio)
                .since(node.held.at)
                .because(&node.held.observation)
                .says(format!(
                    "pods on {} reserve {} of its {}",
                    node.name(),
                    quantity::shown(resource, taken),
                    quantity::shown(resource, has)
                ));
        }
    }
}

fn events(scene: &Scene, node: &Node, found: &mut Found) {
    for told in scene.events(node.object) {
        let message = &told.event.message;
        let fact = match told.event.reason.as_str() {
            "SystemOOM" | "OOMKilling" => "kernel_oom",
            "ImageGCFailed" | "FreeDiskSpaceFailed" | "EvictionThresholdMet" => "image_gc_failed",
            reason if crate::gpu::is_gpu_reason(reason) || crate::gpu::xid_in(message).is_some() => {
                crate::gpu::say(node.object, message, node.name(), told.event.first_at, told.id, found);
                continue;
            }
            _ => continue,
        };
        // A dead runtime lets garbage collection fail too; that is not a disk that fills.
        if fact == "image_gc_failed" && (message.contains("connection error") || message.contains("Unavailable")) {
            continue;
        }
        let process = message.split("process: ").nth(1).and_then(|rest| rest.split([',', ' ']).next()).unwrap_or("");
        let draft = found.fact(fact, node.object).arg("message", short(message, 240));
        let draft = if fact == "kernel_oom" { draft.arg("process", process) } else { draft };
        draft.since(told.event.first_at).because(told.id).says(format!("{}: {}", node.name(), short(message, 160)));
    }
}

fn lease(scene: &Scene, node: &Node, found: &mut Found) {
    let lease = ObjectRef::new("Lease", "kube-node-lease", node.name());
    let Some(held) = scene.snapshot.get(&lease) else { return };
    let Some(renewed) = time(&held.object, "/spec/renewTime") else { return };
    // What the snapshot holds may itself be old; the lease was current when it was seen.
    let seconds = held.seen_at.min(scene.at).seconds_since(renewed);
    if seconds > 60.0 {
        found
            .fact("node_lease_stale", node.object)
            .arg("seconds", seconds as i64)
            .since(renewed)
            .because(&held.observation)
            .says(format!("the kubelet of {} last renewed its lease {seconds:.0} s before", node.name()));
    }
}

fn versions(scene: &Scene, found: &mut Found) {
    let minor = |node: &Node| -> Option<String> {
        let version = text(node.json, "/status/nodeInfo/kubeletVersion");
        let mut parts = version.trim_start_matches('v').split('.');
        Some(format!("{}.{}", parts.next().filter(|p| !p.is_empty())?, parts.next()?))
    };
    let all: Vec<(&Node, String)> = scene.nodes.iter().filter_map(|n| Some((n, minor(n)?))).collect();
    let mut tally: BTreeMap<&String, usize> = BTreeMap::new();
    for (_, version) in &all {
        *tally.entry(version).or_default() += 1;
    }
    for (node, version) in &all {
        let others = tally.iter().filter(|(v, count)| **v != version || **count > 1);
        let others: BTreeSet<&String> = others.map(|(v, _)| *v).take(2).collect();
        if all.len() >= 3 && others.len() == 1 && !others.contains(version) {
            let others: Vec<&str> = others.into_iter().map(String::as_str).collect();
            found
                .fact("node_version_skew", node.object)
                .arg("version", version.clone())
                .arg("others", others.join(", "))
                .since(node.held.at)
                .because(&node.held.observation)
                .says(format!("the kubelet of {} is {version}, all others are {}", node.name(), others.join(", ")));
        }
    }
}
