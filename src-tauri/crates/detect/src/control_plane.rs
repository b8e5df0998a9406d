//! The control plane, as far as what it makes, or fails to make, tells of it.

use std::collections::BTreeSet;

use model::{ObjectRef, Time};

use crate::found::Found;
use crate::json::{created, int, text, time};
use crate::scene::{Node, Scene};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    static_pods(scene, found);
    scheduler(scene, found);
    controllers(scene, found);
}

/// The node that runs the control plane, where it is clear which; otherwise the namespace that stands for it.
pub(crate) fn place(scene: &Scene) -> ObjectRef {
    let nodes: Vec<&Node> = scene.nodes.iter().filter(|n| n.is_control_plane()).collect();
    let by_name: Vec<&Node> =
        scene.nodes.iter().filter(|n| n.name().contains("master") || n.name().contains("control-plane")).collect();
    match (&nodes[..], &by_name[..]) {
        ([one], _) | ([], [one]) => one.object.clone(),
        _ => ObjectRef::global("Namespace", "kube-system"),
    }
}

const COMPONENTS: &[&str] = &["kube-apiserver", "kube-scheduler", "kube-controller-manager", "etcd"];

fn static_pods(scene: &Scene, found: &mut Found) {
    for pod in scene.pods.iter().filter(|p| p.object.namespace == "kube-system") {
        let Some(component) = COMPONENTS.iter().find(|c| pod.object.name.starts_with(*c)) else { continue };
        let told =
            !text(pod.json, "/status/phase").is_empty() && pod.json.pointer("/status/containerStatuses").is_some();
        if !told || pod.is_ready() {
            continue;
        }
        let reason =
            pod.containers().iter().map(|c| c.waiting()).find(|w| !w.is_empty()).unwrap_or("not ready").to_owned();
        found
            .fact("control_plane_pod_down", pod.object)
            .arg("component", *component)
            .arg("node", pod.node_name())
            .arg("reason", reason.clone())
            .since(pod.ready_since().unwrap_or_else(|| pod.created()))
            .because(&pod.held.observation)
            .says(format!("{component} on {} is {reason}", pod.node_name()));
    }
}

/// A component's lease that nobody renewed for this long has no holder; they are renewed every few seconds.
const STALE_SECONDS: f64 = 60.0;

fn stale_lease<'s>(scene: &'s Scene, name: &str) -> Option<(&'s model::Held, f64)> {
    let held = scene.snapshot.get(&ObjectRef::new("Lease", "kube-system", name))?;
    let renewed = time(&held.object, "/spec/renewTime")?;
    let seconds = held.seen_at.min(scene.at).seconds_since(renewed);
    (seconds > STALE_SECONDS).then_some((held, seconds))
}

/// A pod that is younger than the one that waits by more than this was placed while that one waited.
const SINCE_SECONDS: i64 = 60;

/// Whether pods that were made well after `time` run. Events are forgotten after an hour, pods that were placed are there.
/// What a DaemonSet or the kubelet places is no sign.
pub(crate) fn placed_after(scene: &Scene, time: Time) -> bool {
    let asks_a_scheduler = |p: &&crate::scene::Pod| {
        !matches!(p.workload.kind.as_str(), "DaemonSet" | "Node")
            && p.object.namespace != "kube-system"
            && matches!(text(p.spec(), "/schedulerName"), "" | "default-scheduler")
    };
    let runs = |p: &crate::scene::Pod| !p.node_name().is_empty() || p.phase() == "Running";
    let after = time.plus_seconds(SINCE_SECONDS);
    scene.pods.iter().filter(asks_a_scheduler).any(|p| p.created() < Time::MAX && p.created() > after && runs(p))
}

fn scheduler(scene: &Scene, found: &mut Found) {
    let silent: Vec<(ObjectRef, Time, usize, Vec<model::ObservationId>)> = found
        .named("scheduler_silent")
        .filter(|f| {
            f.certainty == model::Certainty::Known
                && f.args.get("scheduler").and_then(|s| s.as_str()) == Some("default-scheduler")
        })
        .map(|f| {
            (
                f.subject.clone(),
                f.since,
                f.args.get("pods").and_then(|p| p.as_array()).map_or(1, Vec::len),
                f.evidence.clone(),
            )
        })
        .collect();
    let lease = stale_lease(scene, "kube-scheduler");
    // An answer to anybody after the first who got none shows that the scheduler works.
    let first = silent.iter().map(|s| s.1).min();
    let placed_since = first.is_some_and(|first| {
        scene.all_events().any(|(_, t)| {
            matches!(t.event.reason.as_str(), "Scheduled" | "FailedScheduling")
                && t.event.last_at > first.plus_seconds(5)
        })
    });
    if (silent.is_empty() || placed_since) && lease.is_none() {
        return;
    }
    let pending: usize = silent.iter().map(|s| s.2).sum();
    let since = first.unwrap_or(scene.at);
    let place = place(scene);
    let names: BTreeSet<&str> = silent.iter().map(|s| s.0.name.as_str()).collect();
    found
        .fact("scheduler_not_working", &place)
        .arg("pending", pending)
        .objects("workloads", silent.iter().map(|s| &s.0))
        .arg("since_seconds", scene.at.seconds_since(since).max(0.0) as i64)
        .arg("node", if place.kind == "Node" { place.name.to_string() } else { String::new() })
        .arg("lease_stale", lease.is_some())
        .since(since)
        .because_all(silent.iter().flat_map(|s| &s.3))
        .because_all(lease.map(|(held, _)| &held.observation))
        .says(match lease {
            Some((_, seconds)) => {
                format!("the scheduler's lease was last renewed {seconds:.0} s before; {pending} pods wait")
            }
            None => format!(
                "{pending} pods ({}) wait for a node and nothing was scheduled since",
                names.into_iter().collect::<Vec<_>>().join(", ")
            ),
        });
}

/// Two minutes without being looked at is longer than any controller's queue in a healthy cluster.
const UNSEEN_SECONDS: f64 = 120.0;

fn controllers(scene: &Scene, found: &mut Found) {
    let mut symptoms: Vec<String> = Vec::new();
    let mut evidence = Vec::new();
    let mut subjects: Vec<ObjectRef> = Vec::new();
    for kind in ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"] {
        for (object, held) in scene.snapshot.of_kind(kind) {
            let (wanted, seen) =
                (int(&held.object, "/metadata/generation"), int(&held.object, "/status/observedGeneration"));
            let behind = wanted.zip(seen).is_some_and(|(wanted, seen)| wanted > seen);
            let unborn = wanted.is_some()
                && held.object.get("status").is_none_or(|s| s.as_object().is_none_or(|s| s.is_empty()));
            let since = held.at.max(created(&held.object).unwrap_or(held.at));
            if (behind || unborn) && scene.at.seconds_since(since) > UNSEEN_SECONDS {
                symptoms.push(format!("{kind} {} has not been looked at", object.name));
                evidence.push(held.observation.clone());
                subjects.push(scene.graph.workload_of(object));
            }
        }
    }
    let lease = stale_lease(scene, "kube-controller-manager");
    if let Some((held, seconds)) = lease {
        symptoms.push(format!("its lease was last renewed {seconds:.0} s before"));
        evidence.push(held.observation.clone());
    }
    if symptoms.is_empty() {
        return;
    }
    found
        .fact("controller_manager_not_working", &place(scene))
        .arg("symptoms", symptoms.clone())
        .objects("workloads", &subjects)
        .since(scene.at)
        .because_all(&evidence)
        .says(format!("the controller manager does not act: {}", symptoms.join("; ")));
}

#[cfg(test)]
mod tests {
    use crate::sketch::{Sketch, ago, fact, has};
    use serde_json::json;

    #[test]
    fn pods_that_nobody_answers_for_point_at_the_scheduler() {
        let facts = Sketch::new()
            .with("Node/cp", json!({"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}, "status": {"conditions": []}}))
            .node("node-a", false)
            .pending("cart")
            .facts();
        assert_eq!(fact(&facts, "scheduler_not_working", "Node/cp").args["pending"], 1);
        assert!(has(&facts, "scheduler_silent"));
    }

    #[test]
    fn an_answer_however_bad_shows_that_the_scheduler_works() {
        let facts = Sketch::new()
            .pending("cart")
            .event("Pod/shop/cart-abc-1", "FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.")
            .facts();
        assert!(!has(&facts, "scheduler_silent") && !has(&facts, "scheduler_not_working"));
    }

    #[test]
    fn a_younger_pod_that_runs_shows_that_the_scheduler_works() {
        let facts = Sketch::new()
            .deployment("web")
            .pending("cart")
            .but("Pod/shop/cart-abc-1", |pod| pod["metadata"]["creationTimestamp"] = json!(ago(90_000)))
            .facts();
        assert!(!has(&facts, "scheduler_silent") && !has(&facts, "scheduler_not_working"));
        assert!(facts.iter().any(|f| f.name == "scheduler_silent"), "what it said of this one is not known");
    }

    #[test]
    fn where_events_were_not_asked_for_silence_is_unknown() {
        let facts = Sketch::unwatched().pending("cart").facts();
        assert!(!has(&facts, "scheduler_silent"));
        assert!(facts.iter().any(|f| f.name == "scheduler_silent"), "it is there as unknown");
    }

    #[test]
    fn a_lease_that_nobody_renews_has_no_holder() {
        let facts =
            Sketch::new().with("Lease/kube-system/kube-scheduler", json!({"spec": {"renewTime": ago(2000)}})).facts();
        assert!(has(&facts, "scheduler_not_working"));
    }
}
