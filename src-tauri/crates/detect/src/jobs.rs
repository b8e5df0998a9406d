//! Jobs whose outcome is settled: what failed on the way to it is nobody's trouble any more.

use model::{Doc, ObjectRef, Snapshot, Time};
use topology::{Graph, labels_of};

use crate::json::{condition, created, list, text, time};

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
}
