//! Autoscalers, disruption budgets, jobs.

use model::{Doc, Held, ObjectRef, Time};
use topology::{Relation, containers};

use crate::found::Found;
use crate::json::{condition, created, flag, int, list, short, text, time};
use crate::quantity;
use crate::scene::{Existence, Scene, Workload};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (autoscaler, held) in scene.snapshot.of_kind("HorizontalPodAutoscaler") {
        autoscaling(scene, autoscaler, held, found);
    }
    absent(scene, found);
    for (budget, held) in scene.snapshot.of_kind("PodDisruptionBudget") {
        disruption(scene, budget, held, found);
    }
    for (job, held) in scene.snapshot.of_kind("Job") {
        job_failed(scene, job, held, found);
    }
    for (cron, held) in scene.snapshot.of_kind("CronJob") {
        cron_job(scene, cron, held, found);
    }
    for workload in scene.workloads.values() {
        limits(workload, found);
    }
}

fn autoscaling(scene: &Scene, autoscaler: &ObjectRef, held: &Held, found: &mut Found) {
    let object = &held.object;
    let target = ObjectRef::new(
        text(object, "/spec/scaleTargetRef/kind"),
        autoscaler.namespace.as_str(),
        text(object, "/spec/scaleTargetRef/name"),
    );
    if scene.exists(&target.kind, &target.namespace, &target.name) == Existence::Absent {
        found
            .fact("autoscaler_target_missing", autoscaler)
            .object("target", Some(&target))
            .since(held.at)
            .because(&held.observation)
            .says(format!("autoscaler {} is for {}, which does not exist", autoscaler.name, target.name));
    }
    let told = scene
        .events(autoscaler)
        .iter()
        .rfind(|t| t.event.reason.starts_with("FailedGet") || t.event.reason == "FailedComputeMetricsReplicas");
    let inactive = condition(object, "ScalingActive")
        .filter(|c| text(c, "/status") == "False" && text(c, "/reason") != "ScalingDisabled");
    if inactive.is_some() || told.is_some_and(|t| scene.at.seconds_since(t.event.last_at) < 600.0) {
        let message = inactive.map(|c| text(c, "/message")).or(told.map(|t| t.event.message.as_str())).unwrap_or("");
        let metric = message
            .split("unable to get metric ")
            .nth(1)
            .and_then(|r| r.split(':').next())
            .or_else(|| message.split("failed to get ").nth(1).and_then(|r| r.split(' ').next()))
            .unwrap_or("");
        found
            .fact("autoscaler_blind", &target)
            .arg("autoscaler", autoscaler.name.clone())
            .arg("message", short(message, 240))
            .arg("metric", metric)
            .since(told.map_or(held.at, |t| t.event.first_at))
            .because(&held.observation)
            .because_all(told.map(|t| t.id))
            .says(format!("autoscaler {} cannot read its metrics: {}", autoscaler.name, short(message, 140)));
    }
    let (max, current) = (int(object, "/spec/maxReplicas"), int(object, "/status/currentReplicas"));
    let limited = condition(object, "ScalingLimited")
        .is_some_and(|c| text(c, "/status") == "True" && text(c, "/reason").contains("TooMany"));
    let (ratio, wanted) = pressure(object);
    let at_max = max.is_some() && (max == current || int(object, "/status/desiredReplicas") >= max);
    let may_scale = max > int(object, "/spec/minReplicas");
    // Where the metric is not told, being at the ceiling is all that can be said.
    // What it was before somebody lowered it, of this very autoscaler.
    let earlier = scene.snapshot.earlier.get(autoscaler).map(|versions| versions.iter()).into_iter().flatten();
    let before = earlier.filter(|v| v.uid == held.uid).filter_map(|v| int(&v.object, "/spec/maxReplicas")).next_back();
    let lowered = before.filter(|before| max.is_some_and(|max| max < *before));
    if at_max && may_scale && (limited || ratio.is_none_or(|r| r > 1.0)) {
        found
            .fact("autoscaler_at_ceiling", &target)
            .arg("autoscaler", autoscaler.name.clone())
            .number("max", max)
            .number("current_ratio", ratio)
            .number("lowered_from", lowered)
            .arg("target", wanted.clone())
            .arg("metric", wanted)
            .since(held.at)
            .because(&held.observation)
            .says(format!(
                "autoscaler {} is at its ceiling of {} replicas{}{}",
                autoscaler.name,
                max.unwrap_or(-1),
                lowered.map(|before| format!(", which was {before} before")).unwrap_or_default(),
                ratio.map(|r| format!(" with the metric at {:.0} % of its target", r * 100.0)).unwrap_or_default()
            ));
    }
}

/// Current over target of the metric that presses most, and its name.
fn pressure(object: &Doc) -> (Option<f64>, String) {
    let mut most: (Option<f64>, String) = (None, String::new());
    for metric in list(object, "/spec/metrics") {
        let kind = text(metric, "/type").to_ascii_lowercase();
        let name = text(metric, &format!("/{kind}/name"));
        let target = int(metric, &format!("/{kind}/target/averageUtilization"));
        let current = list(object, "/status/currentMetrics").iter().find(|c| text(c, &format!("/{kind}/name")) == name);
        let current = current.and_then(|c| int(c, &format!("/{kind}/current/averageUtilization")));
        if let (Some(target), Some(current)) = (target.filter(|t| *t > 0), current) {
            let ratio = current as f64 / target as f64;
            if most.0.is_none_or(|m| ratio > m) {
                most = (Some(ratio), name.to_owned());
            }
        }
    }
    let (old, wanted) =
        (int(object, "/status/currentCPUUtilizationPercentage"), int(object, "/spec/targetCPUUtilizationPercentage"));
    if let (None, Some(old), Some(wanted)) = (most.0, old, wanted.filter(|w| *w > 0)) {
        most = (Some(old as f64 / wanted as f64), "cpu".to_owned());
    }
    most
}

fn absent(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values().filter(|w| matches!(w.object.kind.as_str(), "Deployment" | "StatefulSet"))
    {
        let scaled = scene.graph.dependencies(&workload.object).iter().any(|e| e.relation == Relation::ScaledBy);
        if !scaled && scene.snapshot.absence_is_known("HorizontalPodAutoscaler", &workload.object.namespace) {
            found
                .fact("autoscaler_absent", &workload.object)
                .since(workload.spec_held.at)
                .because(&workload.spec_held.observation)
                .says(format!("no autoscaler targets {}", workload.object.name));
        }
    }
}

fn disruption(scene: &Scene, budget: &ObjectRef, held: &Held, found: &mut Found) {
    let object = &held.object;
    let allowed = int(object, "/status/disruptionsAllowed");
    let (expected, healthy) = (int(object, "/status/expectedPods"), int(object, "/status/currentHealthy"));
    let workload =
        scene.graph.dependencies(budget).into_iter().find(|e| e.relation == Relation::Selects).map(|e| e.to.clone());
    // The eviction API serves no pod that several budgets are over, however much each of them allows.
    let over = workload.iter().flat_map(|w| scene.graph.dependents(w));
    let others: Vec<&ObjectRef> =
        over.map(|e| e.from).filter(|from| from.kind == "PodDisruptionBudget" && *from != budget).collect();
    // Nobody has counted what it allows.
    let uncounted = allowed.is_none() && object.get("spec").is_some_and(Doc::is_object);
    if others.is_empty() && !uncounted && (allowed != Some(0) || expected.is_none_or(|e| e == 0)) {
        return;
    }
    let pods = workload
        .as_ref()
        .and_then(|w| scene.workloads.get(w))
        .map(|w| scene.pods_of(w).map(|p| p.node_name().to_owned()).collect::<Vec<_>>())
        .unwrap_or_default();
    let draining = scene.nodes.iter().find(|n| n.is_cordoned() && pods.iter().any(|p| p == n.name()));
    let told = scene
        .all_events()
        .map(|(_, t)| *t)
        .find(|t| t.event.message.contains("Cannot evict pod") && t.event.message.contains("disruption budget"));
    if draining.is_none() && told.is_none() {
        return;
    }
    let draft = found
        .fact("disruption_budget_blocks", budget)
        .number("allowed", allowed)
        .number("expected", expected)
        .number("healthy", healthy)
        .object("workload", workload.as_ref())
        .arg("draining", draining.map_or("", |n| n.name()))
        .objects("others", others.iter().copied())
        .since(held.at)
        .because(&held.observation)
        .because_all(draining.map(|n| &n.held.observation))
        .because_all(told.map(|t| t.id));
    if uncounted && others.is_empty() {
        draft.unknown("its status is not known").says(format!("whether budget {} allows a disruption", budget.name));
        return;
    }
    draft.says(format!(
        "budget {} {}{}",
        budget.name,
        match others.first() {
            Some(other) => format!("is over the same pods as {}, which the eviction API does not serve", other.name),
            None => "allows no disruption".to_owned(),
        },
        draining.map(|n| format!(" while {} is drained", n.name())).unwrap_or_default()
    ));
}

fn job_failed(scene: &Scene, job: &ObjectRef, held: &Held, found: &mut Found) {
    let object = &held.object;
    let told = scene
        .events(&scene.graph.workload_of(job))
        .iter()
        .rfind(|t| t.subject == job && matches!(t.event.reason.as_str(), "BackoffLimitExceeded" | "DeadlineExceeded"))
        .copied();
    let failed = condition(object, "Failed").filter(|c| text(c, "/status") == "True");
    let complete = crate::jobs::is_settled(scene.snapshot, scene.graph, job);
    let reason = failed.map(|c| text(c, "/reason")).or(told.map(|t| t.event.reason.as_str()));
    let Some(reason) = reason.filter(|_| !complete) else { return };
    let since: Option<Time> = failed.and_then(|c| time(c, "/lastTransitionTime")).or(told.map(|t| t.event.first_at));
    found
        .fact("job_failed", &scene.graph.workload_of(job))
        .arg("job", job.name.clone())
        .arg("reason", reason)
        .number("failed", int(object, "/status/failed"))
        .number("backoff_limit", int(object, "/spec/backoffLimit"))
        .number("deadline_seconds", int(object, "/spec/activeDeadlineSeconds"))
        .since(since.unwrap_or(held.at))
        .because(&held.observation)
        .because_all(told.map(|t| t.id))
        .says(format!("job {} failed: {reason}", job.name));
}

/// Whether starts are missed for a run that does not end. That a run is skipped while the one before it goes on is how many
/// schedules are meant; skipped more than once for a run of hours is not.
fn hangs(scene: &Scene, cron: &ObjectRef, object: &Doc, skipped: u32) -> bool {
    const LONG_SECONDS: f64 = 6.0 * 3600.0;
    let active = list(object, "/status/active").iter().map(|job| text(job, "/name"));
    let mut began = active.filter_map(|name| {
        let job = scene.snapshot.get(&ObjectRef::new("Job", cron.namespace.as_str(), name))?;
        time(&job.object, "/status/startTime").or_else(|| created(&job.object))
    });
    skipped >= 3 && began.any(|at| scene.at.seconds_since(at) >= LONG_SECONDS)
}

fn cron_job(scene: &Scene, cron: &ObjectRef, held: &Held, found: &mut Found) {
    let last = time(&held.object, "/status/lastScheduleTime");
    if flag(&held.object, "/spec/suspend") {
        found
            .fact("cronjob_suspended", cron)
            .number("last_scheduled", last.map(Time::seconds))
            .since(held.at)
            .because(&held.observation)
            .says(format!("{} is suspended", cron.name));
        return;
    }
    let told = scene.events(cron).iter().rfind(|t| {
        matches!(
            t.event.reason.as_str(),
            "FailedNeedsStart"
                | "TooManyMissedTimes"
                | "MissSchedule"
                | "FailedCreate"
                | "UnparseableCronJobSchedule"
                | "InvalidSchedule"
        ) || (t.event.reason == "JobAlreadyActive" && hangs(scene, cron, &held.object, t.event.count))
    });
    let Some(told) = told else { return };
    let _ = created(&held.object);
    found
        .fact("cronjob_not_running", cron)
        .number("last_scheduled", last.map(Time::seconds))
        .arg("message", short(&told.event.message, 240))
        .since(told.event.first_at)
        .because(&held.observation)
        .because(told.id)
        .says(format!("{} does not start its jobs: {}", cron.name, short(&told.event.message, 160)));
}

/// Limits that cannot hold what runs under them.
fn limits(workload: &Workload, found: &mut Found) {
    let Some(spec) = workload.pod_spec else { return };
    for (container, _) in containers(spec).filter(|(_, init)| !init) {
        let name = text(container, "/name");
        let limit = quantity::of(container.pointer("/resources/limits/memory"));
        if limit.is_none() {
            found
                .fact("no_memory_limit", &workload.object)
                .arg("container", name)
                .since(workload.spec_held.at)
                .because(&workload.spec_held.observation)
                .says(format!("container {name} of {} has no memory limit", workload.object.name));
        }
        if let (Some(limit), Some(heap)) = (limit, heap_of(container))
            && heap > limit * 0.9
        {
            found
                .fact("limit_below_request_of_runtime", &workload.object)
                .arg("container", name)
                .arg("heap_bytes", heap)
                .arg("limit_bytes", limit)
                .since(workload.spec_held.at)
                .because(&workload.spec_held.observation)
                .says(format!(
                    "the heap of {name} may grow to {}, its limit is {}",
                    quantity::bytes(heap),
                    quantity::bytes(limit)
                ));
        }
        let cpu = quantity::of(container.pointer("/resources/limits/cpu"));
        if let Some(cpu) = cpu.filter(|c| *c > 0.0 && *c < 0.1) {
            found
                .fact("cpu_limit_tiny", &workload.object)
                .arg("container", name)
                .arg("limit_millicores", cpu * 1000.0)
                .since(workload.spec_held.at)
                .because(&workload.spec_held.observation)
                .says(format!("container {name} of {} may use {:.0}m CPU", workload.object.name, cpu * 1000.0));
        }
    }
}

/// The heap that a runtime is told to use.
fn heap_of(container: &Doc) -> Option<f64> {
    let env = list(container, "/env").iter().map(|e| (text(e, "/name"), text(e, "/value")));
    let arguments = ["/command", "/args"].into_iter().flat_map(|f| list(container, f)).filter_map(Doc::as_str);
    let go =
        env.clone().find(|(name, _)| *name == "GOMEMLIMIT").and_then(|(_, v)| quantity::parse(v.trim_end_matches('B')));
    let words: Vec<&str> = env.map(|(_, value)| value).chain(arguments).flat_map(str::split_whitespace).collect();
    let java = words.iter().find_map(|w| java_size(w.strip_prefix("-Xmx")?));
    let node = words
        .iter()
        .find_map(|w| w.strip_prefix("--max-old-space-size=")?.parse::<f64>().ok())
        .map(|mib| mib * 1024.0 * 1024.0);
    go.or(java).or(node)
}

/// `512m`, `2g`: Java's units are binary and of either case.
fn java_size(text: &str) -> Option<f64> {
    let unit = text.chars().last()?.to_ascii_lowercase();
    let factor = match unit {
        'k' => 1024.0,
        'm' => 1024f64.powi(2),
        'g' => 1024f64.powi(3),
        _ => return text.parse().ok(),
    };
    text[..text.len() - 1].parse::<f64>().ok().map(|n| n * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sketch::{Sketch, ago, fact, has};

    #[test]
    fn an_autoscaler_at_its_ceiling_with_its_target_unmet_is_told_and_one_at_ease_is_not() {
        let with = |current: i64| {
            Sketch::new().deployment("cart").with("HorizontalPodAutoscaler/shop/cart", json!({
                "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "cart"}, "maxReplicas": 3,
                    "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 50}}}]},
                "status": {"currentReplicas": 3, "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": current}}}]}})).facts()
        };
        assert_eq!(fact(&with(90), "autoscaler_at_ceiling", "Deployment/shop/cart").args["max"], 3);
        assert!(!has(&with(30), "autoscaler_at_ceiling"));
    }

    #[test]
    fn a_run_that_does_not_end_holds_back_the_next_and_one_that_takes_its_time_does_not() {
        let with = |hours: i64| {
            Sketch::new()
                .with(
                    "CronJob/shop/nightly",
                    json!({"spec": {"concurrencyPolicy": "Forbid"},
                    "status": {"active": [{"kind": "Job", "name": "nightly-1"}]}}),
                )
                .with("Job/shop/nightly-1", json!({"status": {"active": 1, "startTime": ago(hours * 3600)}}))
                .event_at("CronJob/shop/nightly", "JobAlreadyActive", "prior execution is running", 600, 40)
                .facts()
        };
        assert!(has(&with(30), "cronjob_not_running"));
        assert!(!has(&with(1), "cronjob_not_running"));
    }

    #[test]
    fn a_heap_above_the_limit_is_told() {
        let with = |flag: &str| {
            let flag = flag.to_owned();
            Sketch::new()
                .deployment("cart")
                .but("Deployment/shop/cart", move |d| {
                    d["spec"]["template"]["spec"]["containers"][0]["env"] =
                        json!([{"name": "JAVA_OPTS", "value": flag}])
                })
                .facts()
        };
        assert!(has(&with("-Xms64m -Xmx1g"), "limit_below_request_of_runtime"));
        assert!(!has(&with("-Xmx128m"), "limit_below_request_of_runtime"));
    }

    #[test]
    fn a_job_that_gave_up_is_told_and_one_that_is_done_is_not() {
        let with = |kind: &str| {
            Sketch::new().with("Job/shop/once", json!({"spec": {"backoffLimit": 2}, "status": {"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded"}]}})).facts()
        };
        assert_eq!(fact(&with("Failed"), "job_failed", "Job/shop/once").args["backoff_limit"], 2);
        assert!(!has(&with("Complete"), "job_failed"));
    }
}
