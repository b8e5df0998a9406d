//! Pods that no node takes, and why: what the scheduler said, checked against nodes and specs.

mod answer;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use model::{Doc, ObjectRef, ObservationId, Time};
use topology::{labels_of, matches_selector};

use self::answer::{Answer, Reason, read};
use crate::capacity::{Largest, allocatable, allows_node, limits, requests, reserved_on, tolerates};
use crate::found::Found;
use crate::json::{condition, entries, int, list, short, text};
use crate::quantity;
use crate::scene::{Existence, Node, Pod, Scene, Told, Workload};

/// A scheduler that works answers within seconds.
const SILENCE_SECONDS: f64 = 60.0;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values() {
        let waiting: Vec<&Pod> = scene
            .pods_of(workload)
            .filter(|_| !workload.calm)
            .filter(|p| p.node_name().is_empty() && !p.is_leaving() && matches!(p.phase(), "Pending" | ""))
            .collect();
        if !waiting.is_empty() {
            stuck(scene, workload, &waiting, found);
        }
        if let Some(spec) = workload.pod_spec {
            too_big(scene, workload, spec, found);
            pinned(scene, workload, spec, found);
        }
    }
}

/// The newest answer of the scheduler about any of the pods, with where it stands.
struct Said<'s> {
    message: &'s str,
    since: Time,
    evidence: Vec<&'s ObservationId>,
}

fn said<'s>(scene: &'s Scene, pods: &[&'s Pod]) -> Option<Said<'s>> {
    let events: Vec<&Told> = pods
        .iter()
        .flat_map(|p| scene.events(&p.workload).iter().filter(|t| t.subject == p.object))
        .filter(|t| t.event.reason == "FailedScheduling")
        .collect();
    if let Some(newest) = events.iter().max_by_key(|t| t.event.last_at) {
        let since = events.iter().map(|t| t.event.first_at).min().unwrap_or(newest.event.first_at);
        return Some(Said { message: &newest.event.message, since, evidence: events.iter().map(|t| t.id).collect() });
    }
    pods.iter().find_map(|pod| {
        let condition = condition(pod.json, "PodScheduled").filter(|c| text(c, "/status") == "False")?;
        let message = text(condition, "/message");
        (!message.is_empty()).then(|| Said { message, since: pod.created(), evidence: vec![&pod.held.observation] })
    })
}

fn stuck(scene: &Scene, workload: &Workload, pods: &[&Pod], found: &mut Found) {
    let subject = &workload.object;
    let spec = pods[0].spec();
    let gates: Vec<&str> = list(spec, "/schedulingGates").iter().map(|g| text(g, "/name")).collect();
    let oldest = pods.iter().map(|p| p.created()).min().unwrap_or(scene.at);
    let seconds = pods.iter().map(|p| scene.seconds_so(p.created(), p.held)).max().unwrap_or(0);
    if !gates.is_empty() {
        found
            .fact("scheduling_gated", subject)
            .arg("gates", gates.clone())
            .since(oldest)
            .because(&pods[0].held.observation)
            .says(format!("pods of {} wait for the scheduling gates {}", subject.name, gates.join(", ")));
        return;
    }
    let Some(said) = said(scene, pods) else {
        silent(scene, workload, pods, oldest, seconds, found);
        return;
    };
    let answer = read(said.message);
    let main = main_reason(scene, spec, &answer);
    let names: Vec<&str> = answer.reasons.iter().map(|(reason, _)| reason.name()).collect();
    found
        .fact("unschedulable", subject)
        .arg("message", short(said.message, 300))
        .number("nodes_total", answer.nodes_total)
        .arg("reasons", names)
        .arg("main_reason", main.map_or("", Reason::name))
        .objects("pods", pods.iter().map(|p| p.object))
        .arg("for_seconds", seconds)
        .since(said.since)
        .because_all(said.evidence.iter().copied())
        .because_all(pods.iter().map(|p| &p.held.observation))
        .says(format!("no node takes {} pods of {}: {}", pods.len(), subject.name, short(said.message, 200)));
    for (reason, count) in &answer.reasons {
        explain(scene, workload, pods, &said, &answer, reason, *count, found);
    }
}

/// The reason that stands in the way of most nodes which could ever take the pod. The control plane and nodes that the
/// pod's own selector leaves out come last; where the only nodes that it allows are cordoned, the cordon is the reason.
fn main_reason<'r>(scene: &Scene, spec: &Doc, answer: &'r Answer) -> Option<&'r Reason> {
    let cordon = answer.reasons.iter().find(|(r, _)| matches!(r, Reason::Cordoned));
    if cordon.is_some() && answer.reasons.len() > 1 {
        let workers: Vec<&Node> = scene.nodes.iter().filter(|n| !n.is_control_plane()).collect();
        let allowed: Vec<&&Node> = workers.iter().filter(|n| allows_node(spec, n)).collect();
        if !allowed.is_empty() && allowed.len() < workers.len() && allowed.iter().all(|n| n.is_cordoned()) {
            return cordon.map(|(reason, _)| reason);
        }
        return answer
            .reasons
            .iter()
            .filter(|(r, _)| !matches!(r, Reason::Cordoned))
            .max_by_key(|(_, n)| *n)
            .map(|(r, _)| r);
    }
    answer.reasons.iter().max_by_key(|(_, n)| *n).map(|(r, _)| r)
}

#[expect(clippy::too_many_arguments, reason = "one reason of one answer about one workload")]
fn explain(
    scene: &Scene,
    workload: &Workload,
    pods: &[&Pod],
    said: &Said,
    answer: &Answer,
    reason: &Reason,
    count: i64,
    found: &mut Found,
) {
    let subject = &workload.object;
    let spec = pods[0].spec();
    let total = answer.nodes_total;
    match reason {
        Reason::Insufficient(resource) => insufficient(scene, workload, spec, said, total, resource, count, found),
        Reason::NodeAffinity => affinity(scene, workload, spec, said, found),
        Reason::PodAntiAffinity => anti_affinity(scene, workload, pods, said, found),
        Reason::PodAffinity => {
            let term = list(spec, "/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution").first();
            found
                .fact("pod_affinity_unmatched", subject)
                .arg("topology_key", term.map_or("", |t| text(t, "/topologyKey")))
                .arg("selector", term.and_then(|t| t.get("labelSelector")).map(Doc::to_string).unwrap_or_default())
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(format!("no node runs the pods that {} must stand beside", subject.name));
        }
        Reason::Taint(taint) => {
            found
                .fact("taint_not_tolerated", subject)
                .arg("taint", taint.clone())
                .arg("nodes", count)
                .number("nodes_total", total)
                .arg("automatic", taint.contains("node.kubernetes.io/"))
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(if taint.is_empty() {
                    format!("{count} nodes have taints that pods of {} do not tolerate", subject.name)
                } else {
                    format!("{count} nodes have the taint {taint}, which pods of {} do not tolerate", subject.name)
                });
        }
        Reason::Cordoned => cordoned(scene, workload, spec, said, total, count, found),
        Reason::TopologySpread => {
            let key = list(spec, "/topologySpreadConstraints").first().map_or("", |c| text(c, "/topologyKey"));
            found
                .fact("topology_spread_unsatisfied", subject)
                .arg("topology_key", key)
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(format!("no node keeps the spread of {} over {key}", subject.name));
        }
        Reason::TooManyPods => {
            found
                .fact("too_many_pods", subject)
                .arg("nodes", count)
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(format!("{count} nodes hold as many pods as they may"));
        }
        Reason::HostPort => {
            let ports =
                list(spec, "/containers").iter().flat_map(|c| list(c, "/ports")).filter_map(|p| int(p, "/hostPort"));
            let port = ports.into_iter().next();
            found
                .fact("host_port_conflict", subject)
                .number("port", port)
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(format!("the host port of {} is taken on every candidate", subject.name));
        }
        Reason::Volume(kind) => {
            let claims: Vec<String> = list(spec, "/volumes")
                .iter()
                .filter_map(|v| v.pointer("/persistentVolumeClaim/claimName").and_then(Doc::as_str))
                .map(|name| ObjectRef::new("PersistentVolumeClaim", subject.namespace.as_str(), name).to_string())
                .collect();
            found
                .fact("volume_binding_failed", subject)
                .arg("claims", claims.clone())
                .arg("reason", *kind)
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(format!("the volumes of {} keep it from a node ({kind}): {}", subject.name, claims.join(", ")));
        }
        Reason::Claims => {
            let claims = list(spec, "/resourceClaims").iter().map(|c| text(c, "/name").to_owned());
            found
                .fact("resource_claims_unallocated", subject)
                .arg("claims", claims.collect::<Vec<_>>())
                .arg("nodes", count)
                .number("nodes_total", total)
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(format!("{count} nodes have no device free that {} claims", subject.name));
        }
        Reason::Other(sentence) => {
            found
                .fact("unschedulable_otherwise", subject)
                .arg("reason", short(sentence, 200))
                .arg("nodes", count)
                .since(said.since)
                .because_all(said.evidence.iter().copied())
                .says(format!("{count} nodes do not take {}: {}", subject.name, short(sentence, 160)));
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one reason of one answer about one workload")]
fn insufficient(
    scene: &Scene,
    workload: &Workload,
    spec: &Doc,
    said: &Said,
    total: Option<i64>,
    resource: &str,
    count: i64,
    found: &mut Found,
) {
    let subject = &workload.object;
    let requested = requests(spec).get(resource).copied();
    let usable: Vec<&Node> = scene.nodes.iter().filter(|n| !n.is_cordoned() && allows_node(spec, n)).collect();
    let largest = usable
        .iter()
        .filter_map(|n| allocatable(n, resource))
        .fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))));
    let free = usable
        .iter()
        .filter_map(|n| Some(allocatable(n, resource)? - reserved_on(scene, n.name(), resource)?))
        .fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))));
    let fits = requested.zip(largest).map(|(r, l)| r <= l);
    found
        .fact("insufficient_resource", subject)
        .arg("resource", resource)
        .arg("nodes", count)
        .number("nodes_total", total)
        .number("requested", requested)
        .number("largest_allocatable", largest)
        .number("largest_free", free)
        .arg("fits_empty_node", fits.unwrap_or(true))
        .since(said.since)
        .because_all(said.evidence.iter().copied())
        .because(&workload.spec_held.observation)
        .because_all(usable.iter().map(|n| &n.held.observation))
        .says(format!(
            "{count} nodes have too little {resource} left for {}{}{}",
            subject.name,
            requested.map(|r| format!(", which asks for {}", quantity::shown(resource, r))).unwrap_or_default(),
            largest.map(|l| format!("; the largest node has {}", quantity::shown(resource, l))).unwrap_or_default()
        ));
}

fn affinity(scene: &Scene, workload: &Workload, spec: &Doc, said: &Said, found: &mut Found) {
    let subject = &workload.object;
    let selector: Vec<(String, Vec<String>)> = entries(spec, "/nodeSelector")
        .map(|(k, v)| (k.to_owned(), vec![v.as_str().unwrap_or("").to_owned()]))
        .collect();
    let terms = list(spec, "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let expressions: Vec<&Doc> = terms.iter().flat_map(|t| list(t, "/matchExpressions")).collect();
    let matching: Vec<&Node> = scene.nodes.iter().filter(|n| allows_node(spec, n)).collect();
    let schedulable = matching.iter().filter(|n| !n.is_cordoned()).count();
    let kind = if selector.is_empty() { "nodeAffinity" } else { "nodeSelector" };
    let (key, values) = match (selector.first(), expressions.first()) {
        (Some((key, values)), _) => (key.clone(), values.clone()),
        (None, Some(e)) => {
            (text(e, "/key").to_owned(), list(e, "/values").iter().filter_map(Doc::as_str).map(str::to_owned).collect())
        }
        (None, None) => (String::new(), Vec::new()),
    };
    let shown = if selector.is_empty() {
        let parts = expressions.iter().map(|e| {
            let values: Vec<&str> = list(e, "/values").iter().filter_map(Doc::as_str).collect();
            format!("{} {} {}", text(e, "/key"), text(e, "/operator"), values.join("|")).trim_end().to_owned()
        });
        parts.collect::<Vec<_>>().join(", ")
    } else {
        selector.iter().map(|(k, v)| format!("{k}={}", v.join("|"))).collect::<Vec<_>>().join(", ")
    };
    let nodes_known = !scene.nodes.is_empty();
    let key_exists = scene.nodes.iter().any(|n| n.labels().contains_key(&key));
    let only_cordoned = !matching.is_empty() && schedulable == 0;
    found
        .fact("node_affinity_unmatched", subject)
        .arg("selector", shown.clone())
        .arg("kind", kind)
        .arg("key", key)
        .arg("values", values)
        .number("matching_nodes", nodes_known.then_some(matching.len()))
        .arg("key_exists", key_exists)
        .arg("matches_only_unschedulable", only_cordoned)
        .since(said.since)
        .because_all(said.evidence.iter().copied())
        .because(&workload.spec_held.observation)
        .says(match (nodes_known, matching.len()) {
            (true, 0) => format!("{} asks for a node with {shown}, and no node has that", subject.name),
            (true, n) => format!(
                "{} asks for a node with {shown}; {n} nodes have that, {schedulable} of them schedulable",
                subject.name
            ),
            (false, _) => format!("{} asks for a node with {shown}; the scheduler finds none", subject.name),
        });
}

fn anti_affinity(scene: &Scene, workload: &Workload, pods: &[&Pod], said: &Said, found: &mut Found) {
    let subject = &workload.object;
    let spec = pods[0].spec();
    let terms = list(spec, "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution");
    let mut conflicts: BTreeSet<ObjectRef> = BTreeSet::new();
    for term in terms {
        let Some(selector) = term.get("labelSelector") else { continue };
        let others = scene.pods.iter().filter(|p| {
            p.object.namespace == subject.namespace
                && !p.node_name().is_empty()
                && matches_selector(selector, labels_of(p.json))
        });
        conflicts.extend(others.map(|p| p.workload.clone()));
    }
    let key = terms.first().map_or("", |t| text(t, "/topologyKey"));
    let domains: BTreeSet<&str> =
        scene.nodes.iter().filter(|n| !n.is_cordoned()).filter_map(|n| n.labels().get(key)?.as_str()).collect();
    let own = conflicts.contains(subject);
    let replicas = workload.desired();
    found
        .fact("pod_anti_affinity_conflict", subject)
        .arg("topology_key", key)
        .objects("conflicts_with", &conflicts)
        .arg("self", own)
        .number("replicas", replicas)
        .number("domains", (!domains.is_empty()).then_some(domains.len()))
        .since(said.since)
        .because_all(said.evidence.iter().copied())
        .because(&workload.spec_held.observation)
        .says(format!(
            "{} may not share {} with {}{}",
            subject.name,
            if key.is_empty() { "a node" } else { key },
            if conflicts.is_empty() {
                "pods already there".to_owned()
            } else {
                conflicts.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
            },
            replicas
                .filter(|_| own && !domains.is_empty())
                .map(|r| format!("; it wants {r} replicas in {} places", domains.len()))
                .unwrap_or_default()
        ));
}

fn cordoned(
    scene: &Scene,
    workload: &Workload,
    spec: &Doc,
    said: &Said,
    total: Option<i64>,
    count: i64,
    found: &mut Found,
) {
    let subject = &workload.object;
    let nodes: Vec<&Node> = scene.nodes.iter().filter(|n| n.is_cordoned()).collect();
    let workers: Vec<&str> = nodes.iter().filter(|n| !n.is_control_plane()).map(|n| n.name()).collect();
    let candidates: Vec<&Node> = scene.nodes.iter().filter(|n| !n.is_control_plane() && allows_node(spec, n)).collect();
    let all = !candidates.is_empty() && candidates.iter().all(|n| n.is_cordoned());
    let names: Vec<&str> = nodes.iter().map(|n| n.name()).collect();
    found
        .fact("nodes_cordoned", subject)
        .arg("nodes", names.clone())
        .arg("count", count)
        .number("nodes_total", total)
        .arg("all_candidates", all || total == Some(count))
        .arg("workers", workers.clone())
        .since(said.since)
        .because_all(said.evidence.iter().copied())
        .because_all(nodes.iter().map(|n| &n.held.observation))
        .says(if all {
            format!(
                "every node that {} may use is cordoned: {}",
                subject.name,
                candidates.iter().map(|n| n.name()).collect::<Vec<_>>().join(", ")
            )
        } else {
            format!("{count} nodes are unschedulable for {}: {}", subject.name, names.join(", "))
        });
}

fn silent(scene: &Scene, workload: &Workload, pods: &[&Pod], oldest: Time, seconds: i64, found: &mut Found) {
    let subject = &workload.object;
    let spec = pods[0].spec();
    let scheduler = Some(text(spec, "/schedulerName")).filter(|s| !s.is_empty()).unwrap_or("default-scheduler");
    // A pod without any answer although somebody asked for its events.
    let events_known = scene.snapshot.absence_is_known("Event", &subject.namespace)
        || scene.snapshot.events.keys().any(|o| o.namespace == subject.namespace);
    if !events_known {
        found
            .fact("scheduler_silent", subject)
            .objects("pods", pods.iter().map(|p| p.object))
            .arg("for_seconds", seconds)
            .arg("scheduler", scheduler)
            .since(oldest)
            .because_all(pods.iter().map(|p| &p.held.observation))
            .unknown("events were not listed")
            .says(format!(
                "{} pods of {} have no node; what the scheduler says is not known",
                pods.len(),
                subject.name
            ));
        return;
    }
    let unbound = list(spec, "/volumes")
        .iter()
        .filter_map(|v| v.pointer("/persistentVolumeClaim/claimName").and_then(Doc::as_str))
        .any(|claim| {
            let claim = ObjectRef::new("PersistentVolumeClaim", subject.namespace.as_str(), claim);
            scene.snapshot.get(&claim).is_none_or(|held| text(&held.object, "/status/phase") == "Pending")
        });
    if scene.at.seconds_since(oldest) < SILENCE_SECONDS || unbound {
        return;
    }
    let silence = found
        .fact("scheduler_silent", subject)
        .objects("pods", pods.iter().map(|p| p.object))
        .arg("for_seconds", seconds)
        .arg("scheduler", scheduler)
        .since(oldest)
        .because_all(pods.iter().map(|p| &p.held.observation));
    if scheduler == "default-scheduler" && crate::control_plane::placed_after(scene, oldest) {
        silence
            .unknown("pods that were made later run, so the scheduler works, and its answer was not kept")
            .says(format!("why {} pods of {} have no node", pods.len(), subject.name));
        return;
    }
    silence.says(format!(
        "{} pods of {} have waited {seconds} s without a node, and {scheduler} has said nothing about them",
        pods.len(),
        subject.name
    ));
    if scheduler != "default-scheduler" {
        found
            .fact("scheduler_unknown", subject)
            .arg("scheduler", scheduler)
            .since(oldest)
            .because_all(pods.iter().map(|p| &p.held.observation))
            .says(format!("{} asks for the scheduler {scheduler}, which does not answer", subject.name));
    }
}

fn too_big(scene: &Scene, workload: &Workload, spec: &Doc, found: &mut Found) {
    let all = scene.largest.get_or_init(|| Largest::of(scene));
    for (name, amounts) in [("request_exceeds_every_node", requests(spec)), ("limit_exceeds_every_node", limits(spec))]
    {
        for (resource, wanted) in amounts {
            let Some((known, largest)) = all.of_resource(scene, &resource) else { continue };
            if known < all.nodes.len() && (resource == "cpu" || resource == "memory") {
                continue;
            }
            if wanted > largest {
                found
                    .fact(name, &workload.object)
                    .arg("resource", resource.clone())
                    .arg("requested", wanted)
                    .arg("largest_allocatable", largest)
                    .arg(
                        "unit",
                        if resource == "cpu" {
                            "cores"
                        } else if resource.contains("memory") || resource.contains("storage") {
                            "bytes"
                        } else {
                            ""
                        },
                    )
                    .since(workload.spec_held.at)
                    .because(&workload.spec_held.observation)
                    .because_all(all.nodes.iter().map(|n| &scene.nodes[*n].held.observation))
                    .says(format!(
                        "a pod of {} asks for {}, the largest node has {}",
                        workload.object.name,
                        quantity::shown(&resource, wanted),
                        quantity::shown(&resource, largest)
                    ));
            }
        }
    }
}

fn pinned(scene: &Scene, workload: &Workload, spec: &Doc, found: &mut Found) {
    if workload.object.kind == "Pod" {
        return;
    }
    // A pod's own node name is where it was placed; only a template's is a wish.
    let of_template = workload.held.is_some_and(|held| held.observation == workload.spec_held.observation);
    let named = Some(text(spec, "/nodeName")).filter(|n| of_template && !n.is_empty());
    let selected = spec.pointer("/nodeSelector/kubernetes.io~1hostname").and_then(Doc::as_str);
    let Some(node) = named.or(selected) else { return };
    let there = scene.node(node);
    let listed = there.is_some() || scene.exists("Node", "", node) == Existence::Absent;
    let taints = there.is_some_and(|n| list(n.json, "/spec/taints").iter().any(|taint| !tolerates(spec, taint)));
    let draft = found
        .fact("pinned_to_node", &workload.object)
        .arg("node", node)
        .arg("exists", there.is_some())
        .arg("ready", there.and_then(|n| n.is_ready()).unwrap_or(false) && !taints)
        .since(workload.spec_held.at)
        .because(&workload.spec_held.observation)
        .because_all(there.map(|n| &n.held.observation));
    let draft = if listed { draft } else { draft.unknown("Nodes were not listed") };
    draft.says(format!("{} may only run on {node}", workload.object.name));
}
