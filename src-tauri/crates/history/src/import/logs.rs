use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::{Body, LogBody, NodeAgentBody, ObjectRef, Time};
use regex::Regex;

use super::files::File;
use super::parse;
use super::reading::{Reading, Reason};

/// Troubleshoot writes the reason here when it could not read a log.
const ERRORS: &str = "-logs-errors";
const PREVIOUS: &str = "-previous";

/// What runs on a node or beside the API server and ships logs like an application.
const AGENTS: &[&str] = &[
    "kubelet",
    "containerd",
    "dockerd",
    "crio",
    "kube-proxy",
    "kube-scheduler",
    "scheduler",
    "kube-controller-manager",
    "controller-manager",
    "kube-apiserver",
    "etcd",
    "cluster-autoscaler",
    "cloud-controller-manager",
    "kernel",
    "systemd",
];

/// `<namespace>/<pod>/<container>[-previous].log`.
pub(super) fn pod(reading: &mut Reading, file: &File, segments: &[&str]) -> Result<(), Reason> {
    let (namespace, pod, name) = match segments {
        [namespace, pod, name] => (*namespace, *pod, *name),
        [namespace, name] => (*namespace, name.trim_end_matches(".log"), ""),
        _ => return Err("a pod's log lies at `<namespace>/<pod>/<container>.log`".into()),
    };
    let pod = pod_of(reading, namespace, pod);
    let stem = name.trim_end_matches(".log").trim_end_matches(".txt");
    let (stem, failed) = match stem.strip_suffix(ERRORS) {
        Some(stem) => (stem, true),
        None => (stem, false),
    };
    let (stem, previous) = match stem.strip_suffix(PREVIOUS) {
        Some(stem) => (stem, true),
        None => (stem, false),
    };
    let container = container_of(reading, &pod, stem);
    let text = reading.redacted(file.text().trim_end_matches('\n'));
    let body = if failed {
        LogBody {
            container,
            previous,
            text: String::new(),
            cut: Some(format!("the log could not be read: {}", text.trim())),
            ..LogBody::default()
        }
    } else {
        LogBody { container, previous, text, cut: file.cut.clone(), ..LogBody::default() }
    };
    reading.note(reading.collected_at, Some(pod), Body::Log(body));
    Ok(())
}

/// `<collector>/<pod>/<container>.log`: what a logs collector writes; the namespace is the pod's.
pub(super) fn collected(
    reading: &mut Reading,
    file: &File,
    collector: &str,
    pod_name: &str,
    log: &str,
) -> Result<(), Reason> {
    let Some(known) = reading.find(pod_name, None, &["Pod"]) else {
        return Err(format!("a log of `{pod_name}` under `{collector}`, and no listed pod has that name"));
    };
    pod(reading, file, &[&known.namespace, pod_name, log])
}

/// The listed pod of this name, or the only one that a folder named after its workload can mean.
fn pod_of(reading: &Reading, namespace: &str, name: &str) -> ObjectRef {
    let exact = ObjectRef::new("Pod", namespace, name);
    if reading.find(name, Some(namespace), &["Pod"]).is_some() {
        return exact;
    }
    match reading.pods_with_prefix(namespace, name).as_slice() {
        [only] => only.clone(),
        _ => exact,
    }
}

/// A file that is named after no container of its pod is of the only one there is.
fn container_of(reading: &Reading, pod: &ObjectRef, name: &str) -> String {
    match reading.containers_of(pod) {
        [only] if only != name => only.clone(),
        _ => name.to_owned(),
    }
}

static SHIPPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?P<time>\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)\s+(?:(?P<level>[A-Za-z]+)\s+)?(?P<source>\S+)\s+(?P<host>\S+)\s+(?:\[(?P<tag>[^\]]*)\]\s*)?(?P<message>.*)$",
    )
    .ok()
});

/// `logs/*.log`: lines of many sources, as a log shipper joins them: time, level, source, pod or host, message. Each
/// line goes to the pod, the node's agent or the workload that it names.
pub(super) fn shipped(reading: &mut Reading, file: &File) -> Result<(), Reason> {
    let text = file.text();
    let mut by_source: BTreeMap<Origin, (Time, Vec<&str>)> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        let parsed = SHIPPED.as_ref().and_then(|shipped| shipped.captures(line));
        // A line without a head of its own continues the one before it.
        let (key, at) = match (parsed, current.take()) {
            (Some(parts), _) => {
                let at = parts.name("time").and_then(|t| parse::text_time(t.as_str())).unwrap_or(reading.collected_at);
                let part = |name: &str| parts.name(name).map_or("", |m| m.as_str());
                (source_of(reading, part("source"), part("host"), part("tag")), at)
            }
            (None, Some(before)) => before,
            (None, None) => ((None, String::new(), String::new()), reading.collected_at),
        };
        let held = by_source.entry(key.clone()).or_insert((at, Vec::new()));
        held.0 = held.0.max(at);
        held.1.push(line);
        current = Some((key, at));
    }
    for ((subject, agent, container), (at, lines)) in by_source {
        let text = reading.redacted(&lines.join("\n"));
        let body = if agent.is_empty() {
            Body::Log(LogBody { container, text, cut: file.cut.clone(), ..LogBody::default() })
        } else {
            let node = subject.as_ref().map(|s| s.name.clone()).unwrap_or_default();
            Body::NodeAgent(NodeAgentBody {
                node: node.to_string(),
                service: agent,
                state: String::new(),
                output: text,
            })
        };
        reading.note(at, subject, body);
    }
    Ok(())
}

/// Subject, agent (empty for an application) and container of a shipped line.
type Origin = (Option<ObjectRef>, String, String);

fn source_of(reading: &Reading, source: &str, host: &str, tag: &str) -> Origin {
    if let Some(pod) = reading.find(host, None, &["Pod"]) {
        let container = [tag, source].into_iter().find(|name| reading.containers_of(&pod).iter().any(|c| c == name));
        let container = container.map_or_else(|| container_of(reading, &pod, source), str::to_owned);
        return (Some(pod), String::new(), container);
    }
    if AGENTS.contains(&source) {
        return (Some(ObjectRef::global("Node", host)), source.to_owned(), String::new());
    }
    let workload = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];
    if let Some(workload) = reading.find(source, None, &workload) {
        // The pod is gone or was never listed: the line is still its workload's.
        let named_after = host.strip_prefix(source).is_some_and(|rest| rest.starts_with('-'));
        let subject = if named_after { ObjectRef::new("Pod", &*workload.namespace, host) } else { workload };
        return (Some(subject), String::new(), source.to_owned());
    }
    if let Some(node) = reading.find(host, None, &["Node"]) {
        return (Some(node), source.to_owned(), String::new());
    }
    let namespaces = reading.pod_namespaces();
    match namespaces.iter().next() {
        Some(only) if namespaces.len() == 1 => {
            (Some(ObjectRef::new("Pod", *only, host)), String::new(), source.to_owned())
        }
        _ => (None, String::new(), source.to_owned()),
    }
}
