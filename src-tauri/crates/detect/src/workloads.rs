//! Replicas, rollouts, pods that are not there or not ready.

#[cfg(test)]
mod tests;

use model::{Doc, Held, ObjectRef};
use topology::Relation;

use crate::found::Found;
use crate::json::{condition, created, flag, int, list, short, text, time};
use crate::scene::{Container, Existence, Pod, Scene, Workload};

/// How long a pod may take to become ready before that is worth a word; image pulls and schedulers need some of it.
const GRACE_SECONDS: f64 = 20.0;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values() {
        replicas(scene, workload, found);
        if !workload.calm {
            unready(scene, workload, found);
            pending(scene, workload, found);
            terminating(scene, workload, found);
            failed(scene, workload, found);
            crate::jobs::held_by_helper(scene, workload, found);
        }
        rollout(scene, workload, found);
    }
}

/// How long a pod of this spec may take to become ready by what its author wrote: probes that begin late or try for long.
/// At least half a minute, and no longer than the rollout may take.
fn start_seconds(workload: &Workload) -> f64 {
    const LEAST_SECONDS: i64 = 30;
    let Some(spec) = workload.pod_spec else { return LEAST_SECONDS as f64 };
    let number = |probe: &Doc, field: &str, default| int(probe, field).unwrap_or(default).max(0);
    let of = |container: &Doc| {
        let startup = container.get("startupProbe").filter(|p| p.is_object()).map_or(0, |probe| {
            number(probe, "/initialDelaySeconds", 0)
                + number(probe, "/periodSeconds", 10) * number(probe, "/failureThreshold", 3)
        });
        let readiness = container.get("readinessProbe").filter(|p| p.is_object()).map_or(0, |probe| {
            // The first attempt after the delay may come a period late, and one may fail.
            number(probe, "/initialDelaySeconds", 0) + 2 * number(probe, "/periodSeconds", 10)
        });
        startup + readiness
    };
    let written = list(spec, "/containers").iter().map(of).max().unwrap_or(0);
    let deadline = workload.held.and_then(|held| int(&held.object, "/spec/progressDeadlineSeconds")).unwrap_or(600);
    (LEAST_SECONDS + written).min(deadline.max(LEAST_SECONDS)) as f64
}

/// How long this pod may still be unready: what its spec asks for while it starts, half a minute after that.
fn grace_seconds(scene: &Scene, workload: &Workload, pod: &Pod) -> i64 {
    let allowed = start_seconds(workload);
    let again = pod.containers().iter().any(|c| c.restarts() > 0 || !matches!(c.waiting(), "" | "PodInitializing"));
    let age = scene.seconds_so(pod.created(), pod.held) as f64;
    if again || age >= allowed { 30 } else { allowed as i64 }
}

fn replicas(scene: &Scene, workload: &Workload, found: &mut Found) {
    let Some(held) = workload.held else { return };
    let object = &held.object;
    let subject = &workload.object;
    let Some(desired) = workload.desired() else { return };
    if desired == 0 && subject.kind != "DaemonSet" {
        zero(scene, workload, found);
        return;
    }
    let pods: Vec<&Pod> = scene.pods_of(workload).filter(|p| !p.is_finished() && !p.is_leaving()).collect();
    let ready_pods = pods.iter().filter(|p| p.is_ready()).count() as i64;
    // Status may lag or be missing in a capture; pods that are seen count for themselves.
    let ready =
        int(object, "/status/readyReplicas").or_else(|| int(object, "/status/numberReady")).unwrap_or(ready_pods);
    let available =
        int(object, "/status/availableReplicas").or_else(|| int(object, "/status/numberAvailable")).unwrap_or(ready);
    // A pod that is ready counts as available only after a while, where that is asked for.
    let young = |seconds: i64| {
        let ready = pods.iter().filter(|p| p.is_ready()).filter_map(|p| p.ready_since());
        seconds > 0 && ready.max().is_some_and(|at| scene.at.seconds_since(at) <= (seconds + 10) as f64)
    };
    let available = match int(object, "/spec/minReadySeconds") {
        Some(seconds) if ready >= desired && available < desired && young(seconds) => ready,
        _ => available,
    };
    let since = condition(object, "Available").and_then(|c| time(c, "/lastTransitionTime")).unwrap_or(held.at);
    let age = created(object).map(|t| scene.seconds_so(t, held));
    let covered = scene.snapshot.absence_is_known("Pod", &subject.namespace) || !pods.is_empty();
    if available < desired {
        let none = available == 0;
        let draft = found
            .fact("replicas_unavailable", subject)
            .arg("desired", desired)
            .arg("available", available)
            .arg("ready", ready)
            .arg("none", none)
            .number("age_seconds", age)
            .since(since)
            .because(&held.observation);
        // A controller leaves out what is zero; without a status nothing was counted.
        let counted = object.get("status").and_then(Doc::as_object).is_some_and(|status| !status.is_empty());
        if counted || covered {
            draft.says(format!("{available} of {desired} replicas of {} are available", subject.name));
        } else {
            draft
                .unknown(format!(
                    "its status is not known, and pods of namespace {} were not listed whole",
                    subject.namespace
                ))
                .says(format!("how many of the {desired} replicas of {} are available", subject.name));
        }
    }
    let existing = pods.len() as i64;
    // Where the controller counts them available, the capture lacks pods, not the cluster.
    let short = existing < desired && available < desired;
    if short && covered {
        found
            .fact("pods_missing", subject)
            .arg("desired", desired)
            .arg("existing", existing)
            .number("age_seconds", age)
            .since(since)
            .because(&held.observation)
            .says(format!("{} wants {desired} pods and {existing} exist", subject.name));
    } else if short {
        found
            .fact("pods_missing", subject)
            .arg("desired", desired)
            .arg("existing", -1)
            .number("age_seconds", age)
            .since(since)
            .because(&held.observation)
            .unknown(format!("pods of namespace {} were not listed whole", subject.namespace))
            .says(format!("{} wants {desired} pods; how many exist is not known", subject.name));
    }
    let restarting = pods.iter().any(|p| p.containers().iter().any(|c| !c.waiting().is_empty()));
    if available >= desired && ready_pods >= desired && !restarting {
        found
            .fact("workload_healthy", subject)
            .arg("desired", desired)
            .arg("ready", ready_pods)
            .since(since)
            .because(&held.observation)
            .because_all(pods.iter().map(|p| &p.held.observation))
            .says(format!("{} has all {desired} of its pods ready", subject.name));
    }
    if subject.kind == "DaemonSet" && ready < desired {
        let nodes: Vec<String> = pods.iter().filter(|p| !p.is_ready()).map(|p| p.node_name().to_owned()).collect();
        found
            .fact("daemonset_short", subject)
            .arg("desired", desired)
            .arg("ready", ready)
            .arg("nodes", nodes.clone())
            .since(since)
            .because(&held.observation)
            .says(format!("{} is ready on {ready} of {desired} nodes; not on {}", subject.name, nodes.join(", ")));
    }
    if subject.kind == "StatefulSet" && text(object, "/spec/podManagementPolicy") != "Parallel" && existing < desired {
        let ordinal = |pod: &Pod| pod.object.name.rsplit_once('-').and_then(|(_, n)| n.parse::<i64>().ok());
        let blocker = pods.iter().filter(|p| !p.is_ready()).min_by_key(|p| ordinal(p));
        if let Some(pod) = blocker {
            found
                .fact("statefulset_blocked", subject)
                .object("pod", Some(pod.object))
                .number("ordinal", ordinal(pod))
                .since(pod.created())
                .because(&held.observation)
                .because(&pod.held.observation)
                .says(format!("{} makes no further pods while {} is not ready", subject.name, pod.object.name));
        }
    }
}

fn zero(scene: &Scene, workload: &Workload, found: &mut Found) {
    let Some(held) = workload.held else { return };
    let subject = &workload.object;
    let scaler = scene.graph.dependencies(subject).into_iter().find(|e| e.relation == Relation::ScaledBy);
    let rests = crate::resting::rests(scene, workload);
    let callers: Vec<ObjectRef> = scene
        .graph
        .dependents(subject)
        .into_iter()
        .filter(|e| e.relation == Relation::Selects && e.from.kind == "Service")
        .flat_map(|e| scene.graph.dependents(e.from))
        .filter(|e| matches!(e.relation, Relation::Calls | Relation::RoutesTo))
        .map(|e| scene.graph.workload_of(e.from))
        .collect();
    let earlier = scene.snapshot.earlier.get(subject);
    let before = earlier.and_then(|versions| {
        versions.iter().rev().find_map(|v| v.object.pointer("/spec/replicas").and_then(Doc::as_i64).filter(|n| *n > 0))
    });
    let scaled_down = scene.events(subject).iter().rfind(|t| {
        t.event.reason == "ScalingReplicaSet"
            && t.event.message.starts_with("Scaled down")
            && t.event.message.contains(" to 0")
    });
    let served = scene
        .graph
        .dependents(subject)
        .into_iter()
        .any(|e| e.relation == Relation::Selects && e.from.kind == "Service");
    let says = match (&callers[..], before) {
        ([], None) if served => format!("{} is scaled to zero replicas while a Service routes to it", subject.name),
        ([], None) => format!("{} is scaled to zero replicas", subject.name),
        ([], Some(before)) => format!("{} was scaled from {before} to zero replicas", subject.name),
        (callers, _) => {
            let names: Vec<&str> = callers.iter().map(|c| c.name.as_str()).collect();
            format!("{} is scaled to zero replicas while {} call it", subject.name, names.join(", "))
        }
    };
    found
        .fact("replicas_zero", subject)
        .arg("scaled_by", scaler.map(|e| e.to.name.clone()).unwrap_or_default())
        .objects("depended_on_by", &callers)
        .arg("recently", before.is_some() || scaled_down.is_some())
        .number("previous", before)
        .arg("served", served)
        .object("rests_by", rests)
        .since(scaled_down.map_or(held.at, |t| t.event.last_at))
        .because(&held.observation)
        .because_all(scaled_down.map(|t| t.id))
        .because_all(rests.and_then(|by| scene.snapshot.get(by)).map(|by| &by.observation))
        .says(says);
}

fn unready(scene: &Scene, workload: &Workload, found: &mut Found) {
    if !workload.is_running_forever() {
        return;
    }
    let subject = &workload.object;
    let running: Vec<&Pod> = scene.pods_of(workload).filter(|p| p.phase() == "Running" && !p.is_leaving()).collect();
    let unready: Vec<&&Pod> = running.iter().filter(|p| !p.is_ready()).collect();
    let Some(since) = unready.iter().map(|p| p.ready_since().unwrap_or_else(|| p.created())).min() else { return };
    let so = |pod: &Pod| scene.seconds_so(pod.ready_since().unwrap_or_else(|| pod.created()), pod.held);
    let seconds = unready.iter().map(|pod| so(pod)).max().unwrap_or(0);
    let grace = unready.iter().map(|pod| grace_seconds(scene, workload, pod)).min().unwrap_or(0);
    let names: Vec<&str> = unready.iter().map(|p| p.object.name.as_str()).collect();
    found
        .fact("pod_not_ready", subject)
        .objects("pods", unready.iter().map(|p| p.object))
        .arg("count", unready.len())
        .arg("total", running.len())
        .arg("for_seconds", seconds)
        .arg("grace_seconds", grace)
        .since(since)
        .because_all(unready.iter().map(|p| &p.held.observation))
        .says(format!(
            "{} of {} running pods of {} are not ready: {}",
            unready.len(),
            running.len(),
            subject.name,
            short(&names.join(", "), 120)
        ));
    for pod in &unready {
        let containers = pod.containers();
        let (ready, not): (Vec<&Container>, Vec<&Container>) =
            containers.iter().filter(|c| !c.init).partition(|c| c.is_ready());
        if !ready.is_empty() && not.len() == 1 {
            found
                .fact("sidecar_not_ready", subject)
                .arg("container", not[0].name)
                .since(since)
                .because(&pod.held.observation)
                .says(format!("only container {} of {} is not ready", not[0].name, pod.object.name));
        }
    }
}

fn pending(scene: &Scene, workload: &Workload, found: &mut Found) {
    let subject = &workload.object;
    let pending: Vec<&Pod> = scene.pods_of(workload).filter(|p| p.phase() == "Pending" && !p.is_leaving()).collect();
    let Some(since) = pending.iter().map(|p| p.created()).min() else { return };
    let assigned = pending.iter().all(|p| !p.node_name().is_empty());
    let event = pending.iter().any(|p| scene.events_of_pod(p).any(|t| t.event.reason == "FailedScheduling"));
    let init_runs = pending.iter().all(|pod| {
        pod.containers().iter().any(|c| c.init && c.restarts() == 0 && c.status.pointer("/state/running").is_some())
    });
    let reason = pending
        .iter()
        .filter_map(|p| condition(p.json, "PodScheduled").filter(|c| text(c, "/status") == "False"))
        .map(|c| text(c, "/reason"))
        .chain(pending.iter().flat_map(|p| p.containers()).map(|c| c.waiting()))
        .find(|reason| !reason.is_empty())
        .unwrap_or("");
    found
        .fact("pod_pending", subject)
        .objects("pods", pending.iter().map(|p| p.object))
        .arg("count", pending.len())
        .arg("reason", reason)
        .arg("assigned", assigned)
        .arg("has_scheduler_event", event)
        .arg("init_runs", init_runs)
        .arg("for_seconds", pending.iter().map(|p| scene.seconds_so(p.created(), p.held)).max().unwrap_or(0))
        .since(since)
        .because_all(pending.iter().map(|p| &p.held.observation))
        .says(format!(
            "{} pods of {} are pending{}",
            pending.len(),
            subject.name,
            if assigned { ", placed on a node" } else { ", without a node" }
        ));
}

fn terminating(scene: &Scene, workload: &Workload, found: &mut Found) {
    for pod in scene.pods_of(workload).filter(|p| p.is_leaving()) {
        // The API server sets the deletion time to the end of the grace period.
        let Some(due) = time(pod.json, "/metadata/deletionTimestamp") else { continue };
        let over = scene.at.seconds_since(due);
        if over < 60.0 {
            continue;
        }
        let finalizers: Vec<&str> = list(pod.json, "/metadata/finalizers").iter().filter_map(Doc::as_str).collect();
        let node_ready = scene.node(pod.node_name()).and_then(|n| n.is_ready()).unwrap_or(true);
        found
            .fact("pod_stuck_terminating", &workload.object)
            .objects("pods", [pod.object])
            .arg("for_seconds", over as i64)
            .arg("finalizers", finalizers.clone())
            .arg("node", pod.node_name())
            .arg("node_ready", node_ready)
            .since(due)
            .because(&pod.held.observation)
            .says(format!(
                "{} should have been gone for {:.0} s{}",
                pod.object.name,
                over,
                if finalizers.is_empty() {
                    String::new()
                } else {
                    format!("; finalizers {} hold it", finalizers.join(", "))
                }
            ));
    }
}

fn failed(scene: &Scene, workload: &Workload, found: &mut Found) {
    let subject = &workload.object;
    let evicted = |pod: &&Pod| pod.phase() == "Failed" && text(pod.json, "/status/reason") == "Evicted";
    // Of a pod that is evicted again and again one remains each time.
    let alike = |message: &str| {
        let own = exceeds_its_own(message);
        let of = scene.pods_of(workload).filter(evicted).map(|p| text(p.json, "/status/message"));
        of.filter(|m| starved_of(m) == starved_of(message) && exceeds_its_own(m) == own).count()
    };
    for pod in scene.pods_of(workload).filter(|p| p.phase() == "Failed") {
        let (reason, message) = (text(pod.json, "/status/reason"), text(pod.json, "/status/message"));
        let disruption = condition(pod.json, "DisruptionTarget").filter(|c| text(c, "/status") == "True");
        if reason == "Evicted" {
            let event = scene.events_of_pod(pod).find(|t| t.event.reason == "Evicted");
            found
                .fact("pod_evicted", subject)
                .arg("resource", starved_of(message))
                .arg("node", pod.node_name())
                .arg("message", short(message, 240))
                .arg("own", exceeds_its_own(message))
                .arg("count", alike(message))
                .since(event.map_or_else(|| pod.created(), |t| t.event.last_at))
                .because(&pod.held.observation)
                .because_all(event.map(|t| t.id))
                .says(format!("{} was evicted from {}: {}", pod.object.name, pod.node_name(), short(message, 160)));
        } else if disruption.is_some_and(|c| text(c, "/reason") == "PreemptionByScheduler") {
            found
                .fact("pod_preempted", subject)
                .arg("by", short(disruption.map_or("", |c| text(c, "/message")), 160))
                .arg("node", pod.node_name())
                .since(pod.created())
                .because(&pod.held.observation)
                .says(format!("{} made room for a pod of higher priority", pod.object.name));
        } else {
            found
                .fact("pod_failed", subject)
                .arg("reason", reason)
                .arg("message", short(message, 240))
                .objects("pods", [pod.object])
                .since(pod.created())
                .because(&pod.held.observation)
                .says(format!("{} failed{}{}", pod.object.name, if reason.is_empty() { "" } else { ": " }, reason));
        }
    }
    // The pod itself is usually replaced at once; what the kubelet said about it stays.
    for told in scene.events(subject).iter().filter(|t| t.event.reason == "Evicted") {
        if scene.exists("Pod", &told.subject.namespace, &told.subject.name) == Existence::There {
            continue;
        }
        found
            .fact("pod_evicted", subject)
            .arg("resource", starved_of(&told.event.message))
            .arg("node", "")
            .arg("message", short(&told.event.message, 240))
            .arg("own", exceeds_its_own(&told.event.message))
            .arg("count", told.event.count)
            .since(told.event.first_at)
            .because(told.id)
            .says(format!("{} was evicted: {}", told.subject.name, short(&told.event.message, 160)));
    }
}

/// Whether the kubelet says that the pod went over a limit of its own, rather than that the node is short of something.
fn exceeds_its_own(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("exceeds the") || message.contains("exceeded its")
}

/// The resource whose shortage an eviction message names.
fn starved_of(message: &str) -> &'static str {
    let message = message.to_ascii_lowercase();
    for resource in ["ephemeral-storage", "memory", "nodefs", "imagefs", "inodes", "pid"] {
        if message.contains(resource) {
            return resource;
        }
    }
    if ["disk", "ephemeral local storage", "emptydir", "ephemeral storage"].iter().any(|word| message.contains(word)) {
        "ephemeral-storage"
    } else {
        ""
    }
}

fn rollout(scene: &Scene, workload: &Workload, found: &mut Found) {
    let Some(held) = workload.held else { return };
    let subject = &workload.object;
    let object = &held.object;
    if subject.kind == "Deployment" && flag(object, "/spec/paused") {
        found
            .fact("rollout_paused", subject)
            .arg("how", "paused")
            .arg("waiting", -1)
            .since(held.at)
            .because(&held.observation)
            .says(format!("the rollout of {} is paused", subject.name));
    }
    if subject.kind == "StatefulSet" {
        held_back(held, subject, found);
    }
    let progressing = condition(object, "Progressing");
    let exceeded =
        progressing.filter(|c| text(c, "/status") == "False" && text(c, "/reason") == "ProgressDeadlineExceeded");
    let told = scene.events(subject).iter().rfind(|t| t.event.reason == "ProgressDeadlineExceeded");
    let (newest, old_ready, new_ready) = revisions(scene, workload);
    let desired = workload.desired().unwrap_or(0);
    let (reason, since) = match (exceeded, told) {
        (Some(condition), _) => (
            "ProgressDeadlineExceeded",
            time(condition, "/lastTransitionTime").or_else(|| time(condition, "/lastUpdateTime")),
        ),
        (None, Some(told)) => ("ProgressDeadlineExceeded", Some(told.event.first_at)),
        (None, None) => {
            // A new revision beside an old one that still serves, and the new one does not get ready.
            let Some(newest) = newest else { return };
            if old_ready == 0 || new_ready >= desired || desired == 0 {
                return;
            }
            let pods: Vec<&Pod> = scene.pods_of(workload).filter(|p| p.is_of(newest) == Some(true)).collect();
            let oldest = pods.iter().map(|p| p.created()).min();
            // Only a start of which nothing failed yet may take as long as its probes leave it.
            let grace = match pods.iter().map(|pod| grace_seconds(scene, workload, pod)).min() {
                Some(grace) if grace > 30 => grace as f64,
                _ => GRACE_SECONDS,
            };
            if oldest.is_none_or(|t| scene.at.seconds_since(t) < grace) || pods.iter().all(|p| p.is_ready()) {
                return;
            }
            let waits = pods.iter().any(|p| p.phase() == "Pending");
            (if waits { "new_pods_pending" } else { "new_pods_failing" }, oldest)
        }
    };
    if exceeded.is_none() && told.is_some() && int(object, "/status/availableReplicas").unwrap_or(0) >= desired {
        return;
    }
    found
        .fact("rollout_stalled", subject)
        .arg("reason", reason)
        .arg("new_revision", newest.map(|n| n.name.clone()).unwrap_or_default())
        .arg("old_ready", old_ready)
        .since(since.unwrap_or(held.at))
        .because(&held.observation)
        .because_all(told.map(|t| t.id))
        .says(format!(
            "the rollout of {} does not complete ({reason}); {old_ready} pods of the old revision still serve",
            subject.name
        ));
}

/// A stateful set with a new revision of which members may not become: they wait to be deleted by hand, or a partition
/// leaves them as they are.
fn held_back(held: &Held, subject: &ObjectRef, found: &mut Found) {
    let object = &held.object;
    let (now, next) = (text(object, "/status/currentRevision"), text(object, "/status/updateRevision"));
    let Some(desired) = int(object, "/spec/replicas").filter(|n| *n > 0) else { return };
    let waiting = desired - int(object, "/status/updatedReplicas").unwrap_or(0);
    if now.is_empty() || next.is_empty() || now == next || waiting <= 0 {
        return;
    }
    let partition = int(object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    let (how, why) = match text(object, "/spec/updateStrategy/type") {
        "OnDelete" => ("on_delete", "its members are updated only when somebody deletes them".to_owned()),
        _ if partition >= waiting && partition > 0 => {
            ("partition", format!("its partition keeps members below {partition} as they are"))
        }
        _ => return,
    };
    found
        .fact("rollout_paused", subject)
        .arg("how", how)
        .arg("waiting", waiting)
        .since(held.at)
        .because(&held.observation)
        .says(format!("{waiting} of {desired} members of {} are of an earlier revision: {why}", subject.name));
}

/// The newest replica set of a deployment, and the ready pods of the others and of it.
fn revisions<'a>(scene: &Scene<'a>, workload: &Workload) -> (Option<&'a ObjectRef>, i64, i64) {
    if workload.object.kind != "Deployment" {
        return (None, 0, 0);
    }
    let mut sets: Vec<(i64, Option<model::Time>, &'a ObjectRef)> = scene
        .replica_sets(&workload.object)
        .iter()
        .map(|(set, held)| {
            let revision = int(&held.object, "/metadata/annotations/deployment.kubernetes.io~1revision").unwrap_or(0);
            (revision, created(&held.object), *set)
        })
        .collect();
    sets.sort();
    let Some((_, _, newest)) = sets.last().copied() else { return (None, 0, 0) };
    let mut ready = (0, 0);
    for pod in scene.pods_of(workload).filter(|p| p.is_ready() && !p.is_leaving()) {
        match pod.is_of(newest) {
            Some(true) => ready.1 += 1,
            Some(false) => ready.0 += 1,
            None => {}
        }
    }
    (Some(newest), ready.0, ready.1)
}
