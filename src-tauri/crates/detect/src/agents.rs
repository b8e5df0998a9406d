//! What services on nodes say of themselves, once it is released.

use std::collections::{BTreeMap, BTreeSet};

use model::{Body, NodeAgentBody, ObjectRef, Observation};

use crate::found::Found;
use crate::json::short;
use crate::scene::Scene;

/// Units that make a node a part of the control plane.
const CONTROL_PLANE: &[&str] = &[
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
    "cloud-controller-manager",
    "scheduler",
    "controller-manager",
    "apiserver",
];
const RUNTIMES: &[&str] = &["containerd", "docker", "dockerd", "crio", "cri-o"];

/// How a unit's own words read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Up,
    Down,
    Restarting,
    Unknown,
}

fn health(state: &str, output: &str) -> Health {
    let state = state.to_ascii_lowercase();
    if state.starts_with("active (running)")
        || state == "active"
        || state == "running"
        || state.starts_with("active (exited)")
        || state == "healthy"
        || state == "ok"
    {
        Health::Up
    } else if state.contains("auto-restart")
        || state.starts_with("activating")
        || state.contains("crashloop")
        || state == "reloading"
    {
        Health::Restarting
    } else if state.starts_with("inactive")
        || state.starts_with("failed")
        || state == "dead"
        || state == "stopped"
        || state == "not found"
        || state.starts_with("deactivating")
        || state == "not running"
        || state == "exited"
        || (state.is_empty() && output.to_ascii_lowercase().contains("could not be found"))
    {
        Health::Down
    } else {
        Health::Unknown
    }
}

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let agents: Vec<(&Observation, &NodeAgentBody)> = scene
        .released(|body| match body {
            Body::NodeAgent(agent) => Some(agent),
            _ => None,
        })
        .collect();
    for (observation, agent) in &agents {
        let node = ObjectRef::global("Node", agent.node.as_str());
        if agent.node.is_empty() {
            continue;
        }
        match health(&agent.state, &agent.output) {
            Health::Up => {
                found
                    .fact("node_agent_up", &node)
                    .arg("service", agent.service.clone())
                    .arg("state", agent.state.clone())
                    .since(observation.at)
                    .because(&observation.id)
                    .says(format!("{} on {} is {}", agent.service, agent.node, agent.state));
                troubles(&node, observation, agent, found);
            }
            Health::Down | Health::Restarting => down(&node, observation, agent, found),
            Health::Unknown => {
                silent(&node, observation, agent, found);
                troubles(&node, observation, agent, found);
            }
        }
    }
    missing(&agents, found);
}

/// Nothing answers at the node's address: the machine or the way to it is gone, and with it every agent. One whose machine
/// refuses the connection would be another matter.
fn silent(node: &ObjectRef, observation: &Observation, agent: &NodeAgentBody, found: &mut Found) {
    let told = format!("{} {}", agent.state, agent.output).to_ascii_lowercase();
    let away =
        ["no route to host", "i/o timeout", "network is unreachable", "host is unreachable", "connection timed out"];
    if !away.iter().any(|words| told.contains(words)) {
        return;
    }
    found
        .fact("node_unreachable", node)
        .arg("service", agent.service.clone())
        .arg("message", short(&agent.output, 200))
        .since(observation.at)
        .because(&observation.id)
        .says(format!("nothing answers at the address of {}: {}", agent.node, short(&agent.output, 140)));
}

fn down(node: &ObjectRef, observation: &Observation, agent: &NodeAgentBody, found: &mut Found) {
    let control_plane = CONTROL_PLANE.contains(&agent.service.as_str());
    let line = deciding_line(&agent.output);
    let since = agent
        .output
        .lines()
        .find_map(|l| l.trim().strip_prefix("Active:"))
        .and_then(|l| l.split_once(" since "))
        .map_or("", |(_, s)| s);
    found
        .fact("node_agent_down", node)
        .arg("service", agent.service.clone())
        .arg("state", agent.state.clone())
        .arg("told_since", since)
        .arg("control_plane", control_plane)
        .arg("output", line.clone())
        .since(observation.at)
        .because(&observation.id)
        .says(format!(
            "{} on {} is {}{}",
            agent.service,
            agent.node,
            if agent.state.is_empty() { "not there" } else { &agent.state },
            if since.is_empty() { String::new() } else { format!(" since {since}") }
        ));
    if RUNTIMES.contains(&agent.service.as_str()) {
        found
            .fact("node_runtime_down", node)
            .arg("message", line)
            .arg("source", "agent")
            .since(observation.at)
            .because(&observation.id)
            .says(format!("the container runtime of {} ({}) is {}", agent.node, agent.service, agent.state));
    }
}

/// The line of a unit's output that says most about its end.
fn deciding_line(output: &str) -> String {
    let telling = [
        "failed with result",
        "main process exited",
        "deactivated successfully",
        "stopped ",
        "fatal",
        "panic",
        "error",
        "out of memory",
        "killed",
    ];
    let lines: Vec<&str> = output.lines().collect();
    let found = telling.iter().find_map(|word| lines.iter().rev().find(|l| l.to_ascii_lowercase().contains(word)));
    short(found.or(lines.last()).unwrap_or(&""), 200)
}

/// Known troubles in the output of a service that runs.
fn troubles(node: &ObjectRef, observation: &Observation, agent: &NodeAgentBody, found: &mut Found) {
    let patterns: &[(&str, &[&str])] = &[
        ("certificate_expired", &["certificate has expired", "x509: certificate has expired"]),
        ("disk_full", &["no space left on device"]),
        ("oom", &["out of memory: killed process", "oom-kill", "memory cgroup out of memory"]),
        ("pleg", &["pleg is not healthy", "pleg was last seen active"]),
        ("network_plugin", &["cni plugin not initialized", "network plugin is not ready"]),
        ("clock", &["clock is not synchronised", "clock not synchronized", "time has been changed", "clock skew"]),
        (
            "api_unreachable",
            &[
                "unable to connect to the server",
                "failed to contact api server",
                "error getting node",
                "connection refused",
            ],
        ),
        ("eviction", &["eviction manager: attempting to reclaim", "must evict pod"]),
        ("filesystem", &["ext4-fs error", "xfs_force_shutdown", "i/o error", "remounting filesystem read-only"]),
        ("gpu", &["nvrm: xid"]),
    ];
    for line in agent.output.lines() {
        let lower = line.to_ascii_lowercase();
        let Some((pattern, _)) = patterns.iter().find(|(_, words)| words.iter().any(|w| lower.contains(w))) else {
            continue;
        };
        found
            .fact("node_agent_error", node)
            .arg("service", agent.service.clone())
            .arg("pattern", *pattern)
            .arg("line", short(line, 240))
            .since(observation.at)
            .because(&observation.id)
            .says(format!("{} on {} says: {}", agent.service, agent.node, short(line, 160)));
        let (name, argument) = match *pattern {
            "disk_full" => ("disk_full", "path"),
            "oom" => ("kernel_oom", "process"),
            "clock" => ("node_clock_skew", ""),
            "filesystem" => ("volume_filesystem_damaged", "volume"),
            "gpu" => {
                crate::gpu::say(node, line, &agent.node, observation.at, &observation.id, found);
                continue;
            }
            _ => continue,
        };
        let draft = found.fact(name, node).arg("message", short(line, 200));
        let draft = if argument.is_empty() { draft.arg("seconds", -1) } else { draft.arg(argument, "") };
        draft.since(observation.at).because(&observation.id).says(format!("{}: {}", agent.node, short(line, 160)));
    }
}

/// A service that all other nodes of the same sort have and one lacks.
fn missing(agents: &[(&Observation, &NodeAgentBody)], found: &mut Found) {
    let mut by_node: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, agent) in agents {
        by_node.entry(&agent.node).or_default().insert(&agent.service);
    }
    let is_control = |services: &BTreeSet<&str>| services.iter().any(|s| CONTROL_PLANE.contains(s));
    let controls: Vec<&str> = by_node.iter().filter(|(_, s)| is_control(s)).map(|(n, _)| *n).collect();
    for service in ["kubelet", "kube-proxy"].iter().chain(CONTROL_PLANE) {
        let peers: Vec<&str> =
            if CONTROL_PLANE.contains(service) { controls.clone() } else { by_node.keys().copied().collect() };
        let lacking: Vec<&str> = peers.iter().copied().filter(|n| !by_node[n].contains(service)).collect();
        if peers.len() < 3 || lacking.len() != 1 {
            continue;
        }
        let Some((observation, _)) = agents.iter().find(|(_, a)| a.node == lacking[0]) else { continue };
        found
            .fact("node_agent_down", &ObjectRef::global("Node", lacking[0]))
            .arg("service", *service)
            .arg("state", "missing")
            .arg("told_since", "")
            .arg("control_plane", CONTROL_PLANE.contains(service))
            .arg("output", "")
            .since(observation.at)
            .because(&observation.id)
            .says(format!("{} has no {service}, all its peers have", lacking[0]));
    }
}

#[cfg(test)]
mod tests {
    use model::{Body, NodeAgentBody};

    use crate::sketch::{Sketch, fact, has};

    fn agent(node: &str, service: &str, state: &str, output: &str) -> Body {
        Body::NodeAgent(NodeAgentBody {
            node: node.into(),
            service: service.into(),
            state: state.into(),
            output: output.into(),
        })
    }

    #[test]
    fn a_dead_unit_is_down_and_a_running_one_is_up_and_an_unread_one_is_nothing() {
        let output = "Active: inactive (dead) since Tue; 1min ago\nsystemd[1]: Stopped x.";
        let facts = Sketch::new()
            .released(Some("Node/n1"), agent("n1", "containerd", "inactive (dead)", output))
            .released(Some("Node/n2"), agent("n2", "containerd", "active (running)", "fine"))
            .facts();
        assert_eq!(fact(&facts, "node_agent_down", "Node/n1").args["service"], "containerd");
        assert_eq!(fact(&facts, "node_runtime_down", "Node/n1").args["source"], "agent");
        assert_eq!(facts.iter().filter(|f| f.name == "node_agent_down").count(), 1);
        assert!(!has(&Sketch::new().facts(), "node_agent_down"));
    }

    #[test]
    fn a_unit_whose_state_nobody_can_read_is_neither_up_nor_down() {
        let facts = Sketch::new().released(Some("Node/n1"), agent("n1", "kubelet", "", "some lines")).facts();
        assert!(!has(&facts, "node_agent_down") && !has(&facts, "node_agent_up"));
    }
}
