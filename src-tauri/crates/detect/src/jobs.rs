//! Jobs whose outcome is settled: what failed on the way to it is nobody's trouble any more.

use model::{Doc, ObjectRef, Snapshot, Time};
use topology::{Graph, labels_of};

use crate::found::Found;
use crate::json::{condition, created, int, list, text, time};
use crate::scene::{Scene, Workload};

/// The labels by which the Job controller marks its pods; the second is the older one.
const LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];

/// The Job of a pod: its owner, or the one its labels name where a capture lacks the owners.
pub(crate) fn job_of(pod: &ObjectRef, json: &Doc) -> Option<ObjectRef> {
    let owners = list(json, "/metadata/ownerReferences");
    let name = match owners.iter().find(|owner| text(owner, "/kind") == "Job") {
        Some(owner) => text(owner, "/name"),
        None if owners.is_empty() => {
            let labels = labels_of(json);
            LABELS.iter().find_map(|label| labels.get(label).and_then(Doc::as_str))?
        }
        None => return None,
    };
    Some(ObjectRef::new("Job", pod.namespace.as_str(), name))
}

fn holds(job: &Doc, kind: &str) -> bool {
    condition(job, kind).is_some_and(|c| text(c, "/status") == "True")
}

fn ended(job: &Doc) -> Option<Time> {
    condition(job, "Failed").and_then(|c| time(c, "/lastTransitionTime"))
}

/// Whether a Job succeeded, or failed and a later run of the same CronJob succeeded.
pub(crate) fn is_settled(snapshot: &Snapshot, graph: &Graph, job: &ObjectRef) -> bool {
    let Some(held) = snapshot.get(job) else { return false };
    if holds(&held.object, "Complete") {
        return true;
    }
    let schedule = graph.workload_of(job);
    if !holds(&held.object, "Failed") || schedule.kind != "CronJob" {
        return false;
    }
    let since = ended(&held.object).unwrap_or(held.at);
    let succeeded = snapshot.get(&schedule).and_then(|cron| time(&cron.object, "/status/lastSuccessfulTime"));
    let born = created(&held.object);
    succeeded.is_some_and(|at| at > since)
        || snapshot.of_kind("Job").any(|(other, later)| {
            other.namespace == job.namespace
                && holds(&later.object, "Complete")
                && created(&later.object) > born
                && graph.workload_of(other) == schedule
        })
}

/// Words in the names of containers that help others and end only when they are told to.
const HELPERS: &[&str] = &[
    "proxy",
    "istio",
    "linkerd",
    "envoy",
    "cloudsql",
    "sidecar",
    "agent",
    "fluent",
    "filebeat",
    "promtail",
    "vector",
    "otel",
    "collector",
    "exporter",
    "tailer",
    "shipper",
];
/// How long a helper may go on after the work is done: what it still has to send takes seconds.
const LINGERS_SECONDS: f64 = 300.0;

/// A Job whose work is done and which does not end, because a helper beside it runs on.
pub(crate) fn held_by_helper(scene: &Scene, workload: &Workload, found: &mut Found) {
    if workload.is_running_forever() {
        return;
    }
    for pod in scene.pods_of(workload).filter(|p| p.phase() == "Running" && !p.is_leaving()) {
        let own = || pod.containers().iter().filter(|c| !c.init);
        let done: Vec<(&str, Time)> = own()
            .filter(|c| int(c.status, "/state/terminated/exitCode") == Some(0))
            .filter_map(|c| Some((c.name, time(c.status, "/state/terminated/finishedAt")?)))
            .collect();
        let runs: Vec<&str> = own().filter(|c| c.status.pointer("/state/running").is_some()).map(|c| c.name).collect();
        let helps = |name: &&str| HELPERS.iter().any(|word| name.contains(word));
        let Some(since) = done.iter().map(|(_, at)| *at).max() else { continue };
        let seconds = scene.seconds_so(since, pod.held);
        if done.len() + runs.len() != own().count()
            || runs.is_empty()
            || !runs.iter().all(helps)
            || (seconds as f64) < LINGERS_SECONDS
        {
            continue;
        }
        let worked: Vec<&str> = done.iter().map(|(name, _)| *name).collect();
        found
            .fact("job_held_by_sidecar", &workload.object)
            .object("pod", Some(pod.object))
            .arg("containers", runs.clone())
            .arg("done", worked.clone())
            .arg("for_seconds", seconds)
            .since(since)
            .because(&pod.held.observation)
            .says(format!(
                "{} of {} ended well {seconds} s ago and {} still runs, so the job does not end",
                worked.join(", "),
                workload.object.name,
                runs.join(", ")
            ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sketch::{Sketch, ago, has};

    fn run(cron: &str, seconds: i64, outcome: &str) -> Value {
        json!({"metadata": {"creationTimestamp": ago(seconds + 60), "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "CronJob", "name": cron, "controller": true}]},
            "status": {"conditions": [{"type": outcome, "status": "True", "reason": "BackoffLimitExceeded",
                "lastTransitionTime": ago(seconds)}]}})
    }

    #[test]
    fn a_run_that_failed_is_over_once_a_later_one_of_its_schedule_succeeded() {
        let failed = |status: Value| {
            Sketch::new()
                .with("CronJob/shop/nightly", json!({"spec": {"schedule": "0 2 * * *"}, "status": status}))
                .with("Job/shop/nightly-1", run("nightly", 90_000, "Failed"))
        };
        assert!(has(&failed(json!({})).facts(), "job_failed"));
        assert!(!has(&failed(json!({"lastSuccessfulTime": ago(3600)})).facts(), "job_failed"));
        assert!(has(&failed(json!({"lastSuccessfulTime": ago(180_000)})).facts(), "job_failed"));
        let again =
            |seconds: i64| failed(json!({})).with("Job/shop/nightly-2", run("nightly", seconds, "Complete")).facts();
        assert!(!has(&again(3600), "job_failed") && has(&again(180_000), "job_failed"));
    }

    #[test]
    fn an_attempt_that_failed_on_the_way_to_a_success_is_no_trouble_with_or_without_its_owner() {
        let with = |pod: Value, outcome: &str| {
            let mut pod = pod;
            pod["spec"] = json!({"containers": [{"name": "load", "image": "r.example/load:1"}]});
            pod["status"] = json!({"phase": "Failed", "containerStatuses": [{"name": "load", "restartCount": 0,
                "state": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(400)}}}]});
            let job = json!({"status": {"conditions": [{"type": outcome, "status": "True", "lastTransitionTime": ago(300)}]}});
            Sketch::new().with("Job/shop/load", job).with("Pod/shop/load-a", pod).triage()
        };
        for metadata in [
            json!({"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "load", "controller": true}]}),
            json!({"labels": {"batch.kubernetes.io/job-name": "load"}}),
        ] {
            let pod = json!({"metadata": metadata});
            assert_eq!(with(pod.clone(), "Complete").incidents.len(), 0);
            let failed = with(pod, "Failed").incidents;
            assert_eq!(failed.len(), 1);
            assert!(failed[0].subjects.iter().all(|subject| subject.kind == "Job"), "{:?}", failed[0].subjects);
        }
    }

    #[test]
    fn a_job_whose_helper_runs_on_is_told_once_it_lingers() {
        let with = |helper: &str, exit: i64, seconds: i64| {
            let job = json!({"spec": {"template": {"spec": {"containers": [{"name": "load"}, {"name": helper}]}}}, "status": {"active": 1}});
            let pod = json!({
                "metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "load", "controller": true}]},
                "spec": {"containers": [{"name": "load"}, {"name": helper}]},
                "status": {"phase": "Running", "containerStatuses": [
                    {"name": "load", "restartCount": 0, "state": {"terminated": {"exitCode": exit, "finishedAt": ago(seconds)}}},
                    {"name": helper, "restartCount": 0, "ready": true, "state": {"running": {"startedAt": ago(4000)}}}]}});
            has(&Sketch::new().with("Job/shop/load", job).with("Pod/shop/load-a", pod).facts(), "job_held_by_sidecar")
        };
        assert!(with("istio-proxy", 0, 900));
        assert!(!with("istio-proxy", 0, 60), "it may have something to send yet");
        assert!(!with("istio-proxy", 1, 900), "the work failed");
        assert!(!with("second-half", 0, 900), "that may be work, too");
    }
}
