use history::Query;
use model::{Doc, ObjectRef, View, controller_of};
use std::sync::Arc;
use topology::Graph;

use crate::Surroundings;

/// The cluster as the case looks at it: what previews and derived answers are made from.
pub(crate) struct Scene {
    pub view: View,
    pub graph: Graph,
}

/// How a pod is doing, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    /// No container ever ran: it has no log.
    NotStarted,
    Ready,
    /// Ready now, after restarts.
    Recovered,
    NotReady,
    Failing,
}

/// A pod of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodState {
    pub pod: ObjectRef,
    pub health: Health,
    /// Whether a container has run and ended before the current run.
    pub restarted: bool,
    created: String,
}

impl Scene {
    pub fn of(surroundings: &Surroundings) -> Result<Self, history::Error> {
        let snapshot = surroundings.history.snapshot(surroundings.as_of)?;
        let view = View::inventory(Arc::new(snapshot));
        let graph = Graph::build(&view, &surroundings.declared);
        Ok(Scene { view, graph })
    }

    /// What is said behind an object that something names and that certainly is not there; otherwise nothing.
    pub fn missing(&self, object: &ObjectRef) -> &'static str {
        let snapshot = &self.view.snapshot;
        let absent = snapshot.get(object).is_none() && snapshot.absence_is_known(&object.kind, &object.namespace);
        if absent { " (does not exist)" } else { "" }
    }

    /// The object that somebody calls a workload: `cart`, `Deployment/cart` or `Deployment/shop/cart`.
    pub fn workload(&self, namespace: &str, words: &str) -> Option<ObjectRef> {
        let parts: Vec<&str> = words.split('/').collect();
        let (kind, namespace, name) = match parts[..] {
            [name] => (None, namespace, name),
            [kind, name] => (Some(kind), namespace, name),
            [kind, namespace, name] => (Some(kind), namespace, name),
            _ => return None,
        };
        let kinds = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "Pod"];
        let known =
            |object: &ObjectRef| self.view.snapshot.get(object).is_some() || !self.graph.pods_of(object).is_empty();
        if let Some(kind) = kind {
            return Some(ObjectRef::new(kind, namespace, name)).filter(known);
        }
        let builtin = kinds.iter().map(|kind| ObjectRef::new(*kind, namespace, name)).find(known);
        builtin.or_else(|| {
            let named = |object: &&ObjectRef| object.namespace == namespace && object.name == name;
            self.graph.objects().filter(named).find(|o| !self.graph.pods_of(o).is_empty()).cloned()
        })
    }

    /// The pods of a workload, worst first, then newest first.
    pub fn pods(&self, workload: &ObjectRef) -> Vec<PodState> {
        let mut pods = self.graph.pods_of(workload);
        if workload.kind == "Pod" {
            pods.push(workload.clone());
        }
        if pods.is_empty() {
            // A replica set or a job below the workload that the graph names.
            let owned = self.view.snapshot.in_namespace("Pod", &workload.namespace);
            let of = |object: &Doc| controller_of(&workload.namespace, object).as_ref() == Some(workload);
            pods.extend(owned.filter(|(_, held)| of(&held.object)).map(|(pod, _)| pod.clone()));
        }
        let mut pods: Vec<PodState> = pods.into_iter().filter_map(|pod| self.pod(pod)).collect();
        pods.sort_by(|a, b| (b.health, &b.created, &a.pod).cmp(&(a.health, &a.created, &b.pod)));
        pods
    }

    pub fn pod(&self, pod: ObjectRef) -> Option<PodState> {
        let object = &self.view.snapshot.get(&pod)?.object;
        let statuses = || {
            ["containerStatuses", "initContainerStatuses"]
                .into_iter()
                .flat_map(|field| object["status"][field].as_array().into_iter().flatten())
        };
        let restarted =
            statuses().any(|s| s["restartCount"].as_u64() > Some(0) || s["lastState"]["terminated"].is_object());
        let ran = statuses().any(|s| s["state"]["running"].is_object() || s["state"]["terminated"].is_object());
        let failing = statuses().any(|s| {
            s["state"]["waiting"]["reason"] == "CrashLoopBackOff"
                || s["state"]["terminated"]["exitCode"].as_i64().is_some_and(|code| code != 0)
        });
        let phase = object["status"]["phase"].as_str().unwrap_or_default();
        let conditions = object["status"]["conditions"].as_array();
        let ready = phase == "Succeeded"
            || conditions.is_some_and(|c| c.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"));
        let health = if failing || phase == "Failed" {
            Health::Failing
        } else if !ran && !restarted {
            Health::NotStarted
        } else if !ready {
            Health::NotReady
        } else if restarted {
            Health::Recovered
        } else {
            Health::Ready
        };
        let created = object["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
        Some(PodState { pod, health, restarted, created })
    }
}

/// Pods of a workload that left a log behind though the inventory does not list them (any more), newest first.
pub(crate) fn pods_with_logs(
    surroundings: &Surroundings,
    namespace: &str,
    workload: &str,
) -> Result<Vec<ObjectRef>, history::Error> {
    let workload = workload.rsplit('/').next().unwrap_or(workload);
    let query = Query {
        types: vec!["log"],
        namespace: Some(namespace.to_owned()),
        to: Some(surroundings.as_of),
        ..Query::default()
    };
    let mut pods: Vec<ObjectRef> = Vec::new();
    for log in surroundings.history.find(&query)?.into_iter().rev() {
        let Some(pod) = log.subject.filter(|pod| pod.kind == "Pod" && made_by(workload, &pod.name)) else { continue };
        if !pods.contains(&pod) {
            pods.push(pod);
        }
    }
    Ok(pods)
}

/// Whether a controller of this name gives its pods such names: `cart-7d9c5b-x2x4z`, `cart-0`.
fn made_by(workload: &str, pod: &str) -> bool {
    let Some(rest) = pod.strip_prefix(workload).and_then(|rest| rest.strip_prefix('-')) else { return false };
    let parts: Vec<&str> = rest.split('-').collect();
    let made_up = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    match parts[..] {
        [one] => made_up(one) && (one.len() == 5 || one.chars().all(|c| c.is_ascii_digit())),
        [hash, one] => made_up(hash) && made_up(one) && one.len() == 5,
        _ => false,
    }
}
