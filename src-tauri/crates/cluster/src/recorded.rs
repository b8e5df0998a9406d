//! Answers out of a recorded history: what somebody collected, as of a time.

use history::{History, Query};
use model::{Body, ObjectRef, Observation, Time};

use crate::reach::{Containers, Measure};
use crate::{LogQuestion, MetricQuestion, ReadError};

type Answer = Result<Vec<Observation>, ReadError>;

const READ_LIVE: &str = "Open the live cluster to read it, or go on without it.";

fn find(history: &History, kind: &'static str, subject: Option<ObjectRef>, from: Option<Time>, to: Time) -> Answer {
    Ok(history.find(&Query { types: vec![kind], subject, from, to: Some(to), ..Query::default() })?)
}

/// What is collected for a whole cluster or not at all: the read, the type of its observations, and what it is.
type Whole = (&'static str, &'static str, &'static str);
const ALERTS: Whole = ("alerts", "alert", "the monitoring's list of alerts");
const METRICS: Whole = ("metrics", "metric", "any metric");
const NODE_AGENTS: Whole = ("node_agents", "node_agent", "what the nodes' agents say");
const CHANGES: Whole = ("what_changed", "change", "a record of changes outside the cluster");
const DEPENDENCIES: Whole = ("dependencies", "dependencies", "a record of which service calls which");

/// Which reads of monitoring and agents a recording cannot answer as of `to`, whatever they ask: each by its name, with what
/// is not there.
///
/// # Errors
///
/// Where the history's file cannot be read.
pub fn unanswerable(history: &History, to: Time) -> history::Result<Vec<(&'static str, &'static str)>> {
    let mut lacking = Vec::new();
    for (read, kind, what) in [ALERTS, METRICS, NODE_AGENTS] {
        let one = Query { types: vec![kind], to: Some(to), limit: Some(1), ..Query::default() };
        if history.find(&one)?.is_empty() {
            lacking.push((read, what));
        }
    }
    Ok(lacking)
}

/// All of one type as of `to`; an error where the recording never had any.
fn collected(history: &History, (_, kind, what): Whole, from: Option<Time>, to: Time) -> Answer {
    let found = find(history, kind, None, from, to)?;
    if found.is_empty() && find(history, kind, None, None, to)?.is_empty() {
        return Err(ReadError::not_available(what, "the recording holds none as of that time", READ_LIVE));
    }
    Ok(found)
}

pub(crate) fn logs(history: &History, question: &LogQuestion, to: Time) -> Answer {
    let LogQuestion { namespace, pod, containers, previous, since, .. } = question;
    let named = |container: &str| match containers {
        Containers::Named(names) => names.iter().any(|name| name == container),
        Containers::Telling | Containers::All => true,
    };
    let recorded = find(history, "log", Some(ObjectRef::new("Pod", namespace, pod)), *since, to)?;
    let (matching, others): (Vec<_>, Vec<_>) = recorded.into_iter().partition(|o| match &o.body {
        Body::Log(log) => log.previous == *previous && named(&log.container),
        _ => false,
    });
    if !matching.is_empty() {
        return Ok(matching);
    }
    let what = format!(
        "the {}log of `{namespace}/{pod}`{}",
        if *previous { "previous " } else { "" },
        match containers {
            Containers::Named(names) => format!(", container `{}`", names.join("`, `")),
            Containers::Telling | Containers::All => String::new(),
        }
    );
    let has: Vec<String> = others
        .iter()
        .filter_map(|o| match &o.body {
            Body::Log(log) => Some(format!("`{}`{}", log.container, if log.previous { " (previous)" } else { "" })),
            _ => None,
        })
        .collect();
    if has.is_empty() {
        Err(ReadError::not_available(what, "the recording holds no log of this pod", READ_LIVE))
    } else {
        let hint = format!("Of this pod the recording holds: {}.", has.join(", "));
        Err(ReadError::not_available(what, "the recording does not hold it", hint))
    }
}

pub(crate) fn metrics(history: &History, question: &MetricQuestion, to: Time) -> Answer {
    let mut found = collected(history, METRICS, question.from, to)?;
    found.retain(|o| {
        let Body::Metric(metric) = &o.body else { return false };
        let subject = o.subject.as_ref();
        question.name.as_ref().is_none_or(|name| metric.name.contains(name.as_str()))
            && question.measure.is_none_or(|measure| measures(measure, &metric.name))
            && question.query.as_ref().is_none_or(|query| query.contains(metric.name.as_str()))
            && question.namespace.as_ref().is_none_or(|ns| in_namespace(o, &metric.labels, ns))
            && question.object.as_ref().is_none_or(|object| {
                subject == Some(object)
                    || (subject.is_none_or(|s| s.namespace == object.namespace)
                        && metric.labels.values().any(|value| *value == object.name))
            })
    });
    Ok(found)
}

/// Whether a metric of this name answers the question, by the words that exporters use.
fn measures(measure: Measure, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match measure {
        Measure::Cpu => has(&["cpu"]) && !has(&["throttl", "cfs"]),
        Measure::Memory => has(&["memory", "_mem", "rss", "heap"]),
        Measure::Throttling => has(&["throttl", "cfs"]),
        Measure::Restarts => has(&["restart"]),
        Measure::HttpErrors => has(&["error", "5xx", "fail", "success"]),
        Measure::Latency => has(&["latency", "duration", "response_time", "rtt"]),
        Measure::VolumeUsage => has(&["volume_stats", "disk", "filesystem"]),
    }
}

fn in_namespace(o: &Observation, labels: &std::collections::BTreeMap<String, String>, namespace: &str) -> bool {
    match o.subject.as_ref().filter(|s| !s.namespace.is_empty()) {
        Some(subject) => subject.namespace == namespace,
        // A series that names no namespace may be about any.
        None => labels.get("namespace").is_none_or(|of| of == namespace),
    }
}

pub(crate) fn alerts(history: &History, namespace: Option<&str>, to: Time) -> Answer {
    let mut found = collected(history, ALERTS, None, to)?;
    found.retain(|o| match (&o.body, namespace) {
        (Body::Alert(alert), Some(namespace)) => in_namespace(o, &alert.labels, namespace),
        _ => true,
    });
    Ok(found)
}

pub(crate) fn probe(history: &History, namespace: &str, service: &str, port: Option<u16>, to: Time) -> Answer {
    let mut found = find(history, "probe", Some(ObjectRef::new("Service", namespace, service)), None, to)?;
    found.retain(|o| matches!(&o.body, Body::Probe(probe) if port.is_none_or(|port| port == probe.port)));
    if found.is_empty() {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        return Err(ReadError::not_available(
            format!("a connection attempt to `{namespace}/{service}{port}`"),
            "nobody made one while this was recorded",
            READ_LIVE,
        ));
    }
    Ok(found)
}

pub(crate) fn node_agents(history: &History, node: Option<&str>, to: Time) -> Answer {
    let mut found = collected(history, NODE_AGENTS, None, to)?;
    if let Some(node) = node {
        found.retain(|o| matches!(&o.body, Body::NodeAgent(agent) if agent.node == node));
        if found.is_empty() {
            return Err(ReadError::not_available(
                format!("what the agents of node `{node}` say"),
                "the recording holds other nodes, not this one",
                READ_LIVE,
            ));
        }
    }
    Ok(found)
}

pub(crate) fn shape(history: &History, kind: &str, namespace: &str, name: &str, to: Time) -> Answer {
    let found = find(history, "shape", Some(ObjectRef::new(kind, namespace, name)), None, to)?;
    // An older shape says what it was; the newest says what it is. Both are wanted for "what changed".
    if found.is_empty() {
        return Err(ReadError::not_available(
            format!("the shape of {kind} `{namespace}/{name}`"),
            "its contents were not collected",
            READ_LIVE,
        ));
    }
    Ok(found)
}

/// What somebody read of a release while this was recorded.
pub(crate) fn helm_release(history: &History, namespace: &str, release: &str, revision: u64, to: Time) -> Answer {
    let secret = crate::live::helm::secret_of(namespace, release, revision);
    let mut found = find(history, "tool_result", Some(secret), None, to)?;
    found.retain(|o| matches!(&o.body, Body::ToolResult { tool, .. } if tool == "helm_release"));
    if found.is_empty() {
        return Err(ReadError::not_available(
            format!("revision {revision} of the Helm release `{namespace}/{release}`"),
            "nobody read it while this was recorded; values of Secrets are never collected by themselves",
            READ_LIVE,
        ));
    }
    Ok(found)
}

pub(crate) fn object(history: &History, object: &ObjectRef, to: Time) -> Answer {
    let subject = (!object.name.is_empty()).then(|| object.clone());
    let mut found = history.find(&Query {
        types: vec!["object"],
        subject,
        namespace: (object.name.is_empty() && !object.namespace.is_empty()).then(|| object.namespace.to_string()),
        to: Some(to),
        ..Query::default()
    })?;
    found.retain(|o| o.subject.as_ref().is_some_and(|s| s.kind == object.kind));
    // The last word on each object; what was deleted by then is left in, as its deletion.
    let mut newest = std::collections::BTreeMap::new();
    for o in found {
        let Some(subject) = o.subject.clone() else { continue };
        let newer = newest.get(&subject).is_none_or(|held: &Observation| (held.at, held.seen_at) <= (o.at, o.seen_at));
        if newer {
            newest.insert(subject, o);
        }
    }
    let found: Vec<Observation> = newest.into_values().collect();
    if found.is_empty() && !history.snapshot(to)?.absence_is_known(&object.kind, &object.namespace) {
        return Err(ReadError::not_available(
            format!("{} `{}/{}`", object.kind, object.namespace, object.name),
            "it was not collected, and neither was a whole list of its kind",
            READ_LIVE,
        ));
    }
    if found.is_empty() && !object.name.is_empty() {
        return Err(ReadError::Missing {
            what: format!("{} `{}/{}`", object.kind, object.namespace, object.name),
            why: "the recording lists all objects of this kind, and it is not among them".into(),
            hint: "Check the name, or ask for what refers to it.".into(),
        });
    }
    Ok(found)
}

pub(crate) fn changes(history: &History, from: Option<Time>, to: Time) -> Answer {
    collected(history, CHANGES, from, to)
}

pub(crate) fn dependencies(history: &History, namespace: Option<&str>, to: Time) -> Answer {
    let mut found = collected(history, DEPENDENCIES, None, to)?;
    if let Some(namespace) = namespace {
        found.retain(|o| o.subject.as_ref().is_none_or(|s| s.namespace.is_empty() || s.namespace == namespace));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
