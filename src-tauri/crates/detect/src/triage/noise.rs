//! What looks like trouble and is none, by named rules.

use std::collections::{BTreeSet, HashMap};

use model::{Fact, ObjectRef};
use serde_json::Value;

/// A rule that sets a fact aside, and why it holds here.
pub(crate) struct Ruled {
    pub rule: &'static str,
    pub because: String,
}

/// What the rules look at beside the fact itself.
pub(crate) struct Surroundings<'f> {
    /// Subjects of which all replicas are ready.
    pub healthy: BTreeSet<&'f ObjectRef>,
    /// Namespaces in which something is refused for a quota.
    pub refused: BTreeSet<&'f str>,
    /// Workloads that some pod of waits for a node.
    pub anybody_waits: bool,
    /// Whether the cordon is the main reason of some workload's waiting.
    pub cordon_matters: bool,
    pub facts: &'f [Fact],
    by_subject: HashMap<&'f ObjectRef, Vec<&'f Fact>>,
}

impl<'f> Surroundings<'f> {
    pub(crate) fn of(facts: &'f [Fact]) -> Self {
        let named = |name: &'static str| facts.iter().filter(move |f| f.name == name);
        Surroundings {
            healthy: named("workload_healthy").map(|f| &f.subject).collect(),
            refused: named("quota_exceeded")
                .chain(named("quota_leaves_no_room_for"))
                .map(|f| f.subject.name.as_str())
                .collect(),
            anybody_waits: named("unschedulable").next().is_some() || named("scheduler_silent").next().is_some(),
            cordon_matters: named("unschedulable").any(|f| text(f, "main_reason") == "nodes_cordoned"),
            facts,
            by_subject: facts.iter().fold(HashMap::new(), |mut by_subject, fact| {
                by_subject.entry(&fact.subject).or_insert_with(Vec::new).push(fact);
                by_subject
            }),
        }
    }

    fn about(&self, subject: &ObjectRef) -> impl Iterator<Item = &'f Fact> + use<'_, 'f> {
        self.by_subject.get(subject).into_iter().flatten().copied()
    }
}

fn number(fact: &Fact, name: &str) -> f64 {
    fact.args.get(name).and_then(Value::as_f64).unwrap_or(-1.0)
}

fn truth(fact: &Fact, name: &str) -> Option<bool> {
    fact.args.get(name).and_then(Value::as_bool)
}

fn text<'f>(fact: &'f Fact, name: &str) -> &'f str {
    fact.args.get(name).and_then(Value::as_str).unwrap_or("")
}

/// How long a workload may take to come up before its not being there is trouble.
const START_SECONDS: f64 = 30.0;
/// How long an init container may run that has not failed: it fetches a model, or migrates a database.
pub(crate) const INIT_SECONDS: f64 = 900.0;
/// A container that has run this long since its last restart has recovered.
const SETTLED_SECONDS: f64 = 600.0;

/// Alerts that are no alarm, by the severity that their authors gave them.
fn is_informational(fact: &Fact) -> bool {
    let severity = text(fact, "severity").to_ascii_lowercase();
    matches!(severity.as_str(), "none" | "info" | "informational" | "debug")
}

pub(crate) fn rule(fact: &Fact, around: &Surroundings) -> Option<Ruled> {
    let because = |rule, because: String| Some(Ruled { rule, because });
    let subject = &fact.subject;
    let healthy = around.healthy.contains(subject);
    match fact.name.as_str() {
        "alert_firing" if is_informational(fact) => because(
            "informational-alert",
            format!("{} is there to inform; nobody is woken for it", text(fact, "alert")),
        ),
        "node_cordoned" if truth(fact, "control_plane") == Some(true) => because(
            "control-plane-kept-free",
            format!("{} is a control-plane node; ordinary pods are kept off it on purpose", subject.name),
        ),
        "node_cordoned" if named_by_waiting(fact, around) => {
            because("told-by-who-waits", format!("the workloads that wait for {} tell of it", subject.name))
        }
        "node_cordoned" if !around.anybody_waits || !around.cordon_matters => {
            because("maintenance-in-peace", format!("no pod waits for {}", subject.name))
        }
        // Whose pods wait is told by the workload's own facts; the node is what they name.
        "nodes_cordoned" if truth(fact, "all_candidates") != Some(true) && other_reason(fact, around) => because(
            "not-the-reason",
            format!("other nodes are schedulable; what keeps {} off them is told apart", subject.name),
        ),
        "node_affinity_unmatched" if main_reason(fact, around) == Some("nodes_cordoned") => {
            because("not-the-reason", format!("the nodes that {} asks for exist; they are cordoned", subject.name))
        }
        "taint_not_tolerated"
            if truth(fact, "automatic") == Some(true)
                || text(fact, "taint").contains("control-plane")
                || text(fact, "taint").contains("master") =>
        {
            if main_reason(fact, around) == Some("taint_not_tolerated") {
                None
            } else {
                because("control-plane-kept-free", "the taint keeps ordinary pods off on purpose".to_owned())
            }
        }
        "pod_not_ready" | "pod_pending" if still_starts(fact) => {
            because("still-starting", format!("for {:.0} s only", number(fact, "for_seconds")))
        }
        "container_waiting"
            if matches!(text(fact, "reason"), "ContainerCreating" | "PodInitializing")
                && ((0.0..120.0).contains(&number(fact, "for_seconds"))
                    || text(fact, "reason") == "PodInitializing" && initialises(subject, around)) =>
        {
            because("still-starting", format!("for {:.0} s only", number(fact, "for_seconds")))
        }
        "replicas_unavailable" | "pods_missing" | "service_no_ready_endpoints" if just_started(fact, around) => {
            because("still-starting", "its pods have had no longer than their start may take".to_owned())
        }
        "replicas_unavailable" | "pods_missing"
            if (0.0..2.0 * START_SECONDS).contains(&number(fact, "age_seconds")) && !in_trouble(subject, around) =>
        {
            because("still-starting", format!("it was made {:.0} s ago", number(fact, "age_seconds")))
        }
        "env_address_unknown"
            if healthy && number(fact, "likeness") < 0.72 && truth(fact, "workload_exists") != Some(true) =>
        {
            because(
                "optional-address",
                format!("{} is well, and nothing of that name or one like it exists", subject.name),
            )
        }
        "pod_stuck_terminating"
            if healthy
                && truth(fact, "node_ready") != Some(false)
                && fact.args.get("finalizers").and_then(Value::as_array).is_none_or(Vec::is_empty) =>
        {
            because(
                "on-its-way-out",
                "all pods that are wanted are ready; this one is left over from before".to_owned(),
            )
        }
        "lifecycle_hook_failed" if healthy => because("recovered", "all its pods are ready".to_owned()),
        "container_restarted"
            if truth(fact, "ready") == Some(true)
                && (number(fact, "for_seconds") > SETTLED_SECONDS
                    || number(fact, "for_seconds") < 0.0
                    || (number(fact, "restarts") <= 1.0
                        && healthy
                        && truth(fact, "killed_by_probe") != Some(true))) =>
        {
            because(
                "recovered",
                format!(
                    "the container has been ready since; its last restart was {:.0} s ago",
                    number(fact, "for_seconds").max(0.0)
                ),
            )
        }
        "probe_failing" if truth(fact, "ongoing") == Some(false) => {
            let start = (0.0..180.0).contains(&number(fact, "since_start_seconds"));
            because(if start { "start-up-noise" } else { "recovered" }, "the pod became ready afterwards".to_owned())
        }
        "probe_failing"
            if truth(fact, "ready") == Some(true)
                && truth(fact, "kills") != Some(true)
                && healthy
                && number(fact, "count") <= 3.0 =>
        {
            because("single-blip", "the pod is ready and the probe failed less often than it may".to_owned())
        }
        "container_port_conflict" if healthy => because("works-all-the-same", "all its pods are ready".to_owned()),
        // A probe that asks an undeclared port and succeeds is only unusual.
        "probe_port_unlistened" if !probe_fails(fact, around) => {
            because("works-all-the-same", "the probe does not fail".to_owned())
        }
        "image_pull_secret_missing" if !named(around, "image_pull_failed", subject) => {
            because("works-all-the-same", "images arrive without it".to_owned())
        }
        "request_exceeds_every_node" if healthy => because("works-all-the-same", "its pods run".to_owned()),
        "service_selects_no_pods"
            if text(fact, "near_workload").is_empty()
                && text(fact, "called") != "true"
                && truth(fact, "called") != Some(true) =>
        {
            because("nobody-calls-it", "no workload resembles what it selects, and nobody names it".to_owned())
        }
        "service_endpoints_absent" if truth(fact, "called") != Some(true) => {
            because("nobody-calls-it", "its endpoints are written by others, and nobody names it".to_owned())
        }
        "service_selects_no_pods" if truth(fact, "rests") == Some(true) => {
            because("rests-on-purpose", "what it routes to rests at zero replicas until there is work".to_owned())
        }
        "replicas_zero" if !text(fact, "rests_by").is_empty() => {
            because("rests-on-purpose", format!("{} lets it rest until there is work", text(fact, "rests_by")))
        }
        "replicas_zero"
            if !called(fact) && truth(fact, "served") != Some(true) && truth(fact, "recently") != Some(true) =>
        {
            because("scaled-down-on-purpose", "nothing calls it and nothing routes to it".to_owned())
        }
        "claim_pending" | "claim_unbound_for"
            if text(fact, "reason") == "waiting_for_consumer" && number(fact, "for_seconds") < 120.0 =>
        {
            because("still-starting", "it is bound once its pod is placed".to_owned())
        }
        "quota_full" if !around.refused.contains(subject.name.as_str()) => {
            because("nothing-refused", "the quota is used up and nothing was refused for it".to_owned())
        }
        "volume_mount_failed"
        | "volume_attach_failed"
        | "sandbox_failed"
        | "quota_exceeded"
        | "quota_blocks"
        | "pods_create_failed"
        | "service_account_missing"
        | "webhook_unavailable"
            if truth(fact, "ongoing") == Some(false) =>
        {
            because("recovered", "what failed succeeded afterwards".to_owned())
        }
        // Killed once and well since is over; killed again and again is an incident that pauses.
        "oom_killed" if truth(fact, "ongoing") == Some(false) && !comes_back(fact) => {
            because("recovered", "it was not killed again".to_owned())
        }
        // Over its own limit time after time is an incident that pauses while a replacement fills up.
        "pod_evicted" if healthy && truth(fact, "own") == Some(true) && number(fact, "count") >= 2.0 => None,
        "pod_evicted" | "pod_preempted" | "pod_failed" if healthy => {
            because("replaced", "its replacement is ready".to_owned())
        }
        "rollout_paused" if healthy && !named(around, "alert_firing", subject) => {
            because("held-back-on-purpose", "all its pods are ready, and nobody misses the new revision".to_owned())
        }
        "gitops_drift"
            if matches!(text(fact, "health"), "Healthy" | "")
                && text(fact, "sync") == "OutOfSync"
                && !target_unwell(fact, around) =>
        {
            because("works-all-the-same", "what it deploys is well; it only differs from what is written".to_owned())
        }
        "rollout_stalled" if healthy => because("recovered", "all replicas are ready".to_owned()),
        "autoscaler_at_ceiling" if healthy && number(fact, "current_ratio") <= 1.0 => {
            because("at-ease", "its target is met".to_owned())
        }
        _ => None,
    }
}

/// Three kills, the last of them within six hours.
fn comes_back(oom_killed: &Fact) -> bool {
    number(oom_killed, "restarts") >= 3.0 && (0.0..6.0 * 3600.0).contains(&number(oom_killed, "seconds_ago"))
}

fn named(around: &Surroundings, name: &str, subject: &ObjectRef) -> bool {
    around.about(subject).any(|f| f.name == name)
}

fn probe_fails(fact: &Fact, around: &Surroundings) -> bool {
    around.about(&fact.subject).any(|f| {
        f.name == "probe_failing" && f.args.get("probe") == fact.args.get("probe") && truth(f, "ongoing") == Some(true)
    })
}

fn main_reason<'f>(fact: &Fact, around: &Surroundings<'f>) -> Option<&'f str> {
    let told = around.about(&fact.subject).find(|f| f.name == "unschedulable")?;
    told.args.get("main_reason").and_then(Value::as_str)
}

fn other_reason(fact: &Fact, around: &Surroundings) -> bool {
    main_reason(fact, around).is_some_and(|main| main != "nodes_cordoned")
}

fn called(fact: &Fact) -> bool {
    fact.args.get("depended_on_by").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

fn just_started(fact: &Fact, around: &Surroundings) -> bool {
    let subject = match fact.args.get("workload").and_then(Value::as_str).and_then(|w| w.parse::<ObjectRef>().ok()) {
        Some(workload) => workload,
        None => fact.subject.clone(),
    };
    let waits: Vec<bool> = around
        .about(&subject)
        .filter(|f| matches!(f.name.as_str(), "pod_pending" | "pod_not_ready"))
        .map(still_starts)
        .collect();
    !waits.is_empty() && !in_trouble(&subject, around) && waits.iter().all(|starts| *starts)
}

/// Whether a pod that is not ready has had no longer than its start may take.
fn still_starts(fact: &Fact) -> bool {
    let allowed = match truth(fact, "init_runs") {
        Some(true) => INIT_SECONDS,
        _ => number(fact, "grace_seconds").max(START_SECONDS),
    };
    (0.0..allowed).contains(&number(fact, "for_seconds"))
}

/// Whether the pods of a workload wait for an init container that runs and has not failed.
fn initialises(subject: &ObjectRef, around: &Surroundings) -> bool {
    let mut pending = around.about(subject).filter(|f| f.name == "pod_pending").peekable();
    pending.peek().is_some() && pending.all(still_starts)
}

/// Whether something keeps a workload from coming up that time alone does not mend.
fn in_trouble(subject: &ObjectRef, around: &Surroundings) -> bool {
    around.about(subject).any(|f| {
        matches!(
            f.name.as_str(),
            "crash_loop"
                | "image_pull_failed"
                | "unschedulable"
                | "pods_create_failed"
                | "config_object_missing"
                | "container_cannot_start"
        )
    })
}

/// Whether the workload that a GitOps object deploys is in trouble.
fn target_unwell(fact: &Fact, around: &Surroundings) -> bool {
    let Ok(target) = text(fact, "target").parse::<ObjectRef>() else { return false };
    around
        .about(&target)
        .any(|f| matches!(f.name.as_str(), "replicas_unavailable" | "alert_firing" | "rollout_stalled"))
        || in_trouble(&target, around)
}

/// Whether a workload's own fact names this cordoned node.
fn named_by_waiting(fact: &Fact, around: &Surroundings) -> bool {
    around.facts.iter().any(|f| {
        f.name == "nodes_cordoned"
            && main_reason(f, around) == Some("nodes_cordoned")
            && f.args
                .get("nodes")
                .and_then(Value::as_array)
                .is_some_and(|nodes| nodes.iter().any(|n| *n == *fact.subject.name))
    })
}
