//! Why two subjects of trouble belong together.

use std::collections::{BTreeMap, BTreeSet};

use model::{Fact, Grouping, Link, ObjectRef, ObservationId};
use serde_json::Value;
use topology::{Graph, Relation};

use super::catalogue::{Role, role_of};

/// Subjects with their facts that became signals.
pub(crate) type Troubled<'f> = BTreeMap<ObjectRef, Vec<&'f Fact>>;

/// Why two subjects belong together that nothing but a person's word links; beside other reasons of a pair it comes first.
pub(crate) const MERGED: &str = "same incident: the engineer merged them";

/// All links between troubled subjects. `from` suffers from `to` where one of them does.
pub(crate) fn links(graph: &Graph, troubled: &Troubled, rules: &[Grouping]) -> Vec<Link> {
    let mut links = Vec::new();
    for rule in rules {
        if let Grouping::Merge { one, other } = rule
            && troubled.contains_key(one)
            && troubled.contains_key(other)
        {
            link(&mut links, one, other, MERGED.to_owned(), &[]);
        }
    }
    for facts in troubled.values() {
        for fact in facts {
            named_in_arguments(fact, graph, troubled, &mut links);
        }
    }
    for subject in troubled.keys() {
        along_edges(subject, graph, troubled, &mut links);
    }
    by_shared_value(troubled, &mut links);
    kept_from_existing(troubled, &mut links);
    began_together(troubled, &mut links);
    links.sort_by(|a, b| {
        (&a.from, &a.to, a.reason != MERGED, &a.reason).cmp(&(&b.from, &b.to, b.reason != MERGED, &b.reason))
    });
    links.dedup_by(|a, b| a.from == b.from && a.to == b.to);
    links
}

fn link(links: &mut Vec<Link>, from: &ObjectRef, to: &ObjectRef, reason: String, evidence: &[ObservationId]) {
    if from != to {
        let evidence = evidence.iter().take(4).cloned().collect();
        links.push(Link { from: from.clone(), to: to.clone(), reason, evidence });
    }
}

/// Arguments that name objects, and which side of the link the named object is on.
fn named_in_arguments(fact: &Fact, graph: &Graph, troubled: &Troubled, links: &mut Vec<Link>) {
    for (name, value) in &fact.args {
        let named: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        for text in named {
            let Ok(object) = text.parse::<ObjectRef>() else { continue };
            let object = graph.workload_of(&object);
            if object == fact.subject || !troubled.contains_key(&object) {
                continue;
            }
            let Some((suffers, reason)) = sense(fact, name) else { continue };
            if suffers == Suffers::Named
                && explains_itself(&troubled[&object])
                && fact.subject.kind != "Node"
                && fact.name != "config_source_failing"
                && fact.subject.kind != "Namespace"
            {
                continue;
            }
            // Who crashed well before its node had trouble is no victim of the node.
            let node = matches!(fact.name.as_str(), "node_not_ready" | "node_pressure");
            if node && began_before(&troubled[&object], &[fact]) {
                continue;
            }
            let (from, to) = match suffers {
                Suffers::Named => (&object, &fact.subject),
                Suffers::Subject => (&fact.subject, &object),
            };
            link(links, from, to, reason.to_owned(), &fact.evidence);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Suffers {
    Subject,
    Named,
}

fn sense(fact: &Fact, argument: &str) -> Option<(Suffers, &'static str)> {
    use Suffers::{Named, Subject};
    let truth = |name: &str| fact.args.get(name).and_then(Value::as_bool) == Some(true);
    Some(match (fact.name.as_str(), argument) {
        ("service_selects_no_pods", "near_workload") if truth("template_matches") => {
            (Subject, "routes to its pods, and there are none")
        }
        ("service_selects_no_pods", "near_workload") => (Named, "the Service does not find its pods"),
        ("service_no_ready_endpoints", "workload") => (Subject, "routes to its pods, and none is ready"),
        (
            "service_selects_wrong_pods"
            | "service_target_port_closed"
            | "service_named_port_missing"
            | "service_protocol_mismatch"
            | "endpoints_empty",
            "workload" | "expected",
        ) => (Named, "the Service does not reach its pods"),
        ("service_missing", "named_by" | "workload") => (Named, "names a Service that does not exist"),
        ("node_not_ready" | "node_pressure" | "node_cannot_pull", "workloads") => (Named, "runs on this node"),
        ("scheduler_not_working", "workloads") => (Named, "waits for the scheduler"),
        ("controller_manager_not_working", "symptoms" | "workloads") => (Named, "waits for the controller manager"),
        ("apiserver_trouble", "workloads") => (Named, "waits for the API server"),
        ("quota_exceeded", "workload") => (Named, "its pods are refused for the quota"),
        ("quota_leaves_no_room_for", "missing") => (Named, "is kept from existing by the quota"),
        ("namespace_terminating", "workloads") => (Named, "its namespace is on its way out"),
        ("traffic_policy_leaves_nobody", "callers") => (Named, "calls it from a node without its pods"),
        ("claim_terminating", "used_by") => (Named, "mounts the claim"),
        ("claim_pending", "used_by") => (Named, "mounts the claim"),
        ("policy_denies", "to") => (Subject, "may not call it"),
        ("dependency_broken", "on") => (Subject, "calls it"),
        ("refuses_clients", "clients") => (Named, "is refused by it"),
        ("replicas_zero", "depended_on_by") => (Named, "calls it"),
        ("log_pattern", "target_object") => (Subject, "its log names it"),
        ("env_port_wrong" | "env_protocol_wrong", "service") => (Subject, "its environment names it"),
        ("service_port_not_offered", "wanted_by") => (Named, "calls a port that it does not offer"),
        ("secret_differs_from_siblings" | "secret_encoded_twice" | "certificate_expired", "workloads") => {
            (Named, "reads it")
        }
        ("secret_differs_from_siblings" | "secret_encoded_twice" | "certificate_expired", "secret") => {
            (Subject, "reads it")
        }
        ("gitops_drift", "target") => (Named, "is deployed by it"),
        ("config_source_failing", "needed_by") => (Named, "needs what it should make"),
        ("disruption_budget_blocks", "workload") => (Named, "its disruption budget"),
        ("cluster_dns_unhealthy", "workloads") => (Named, "resolves names through it"),
        _ => return None,
    })
}

/// Facts that a broken dependency cannot bring about: whoever has one is broken by itself.
fn explains_itself(facts: &[&Fact]) -> bool {
    facts.iter().any(|f| {
        role_of(&f.name) == Role::Cause
            && !matches!(
                f.name.as_str(),
                "init_container_failing"
                    | "env_address_unknown"
                    | "lifecycle_hook_failed"
                    | "job_failed"
                    | "probe_too_early"
            )
    })
}

/// Whether what a subject shows can come from something it depends on.
fn may_suffer(facts: &[&Fact]) -> bool {
    !explains_itself(facts)
        && facts.iter().any(|f| {
            matches!(
                f.name.as_str(),
                "crash_loop"
                    | "pod_not_ready"
                    | "probe_failing"
                    | "container_restarted"
                    | "container_terminated"
                    | "replicas_unavailable"
                    | "init_container_failing"
                    | "log_pattern"
                    | "latency_rise"
                    | "error_rate_rise"
                    | "alert_firing"
                    | "probe_unreachable"
                    | "dependency_broken"
                    | "service_no_ready_endpoints"
                    | "job_failed"
                    | "rollout_stalled"
                    | "dns_resolution_failed"
                    | "traffic_rise"
                    | "metric_anomaly"
            )
        })
}

/// Whether a subject shows trouble that those who need it feel.
fn is_felt(facts: &[&Fact]) -> bool {
    facts.iter().any(|f| {
        !matches!(
            f.name.as_str(),
            "container_restarted"
                | "dependency_broken"
                | "alert_firing"
                | "latency_rise"
                | "traffic_rise"
                | "metric_anomaly"
        )
    })
}

fn along_edges(subject: &ObjectRef, graph: &Graph, troubled: &Troubled, links: &mut Vec<Link>) {
    let own = &troubled[subject];
    for edge in graph.dependencies(subject) {
        let to = graph.workload_of(edge.to);
        let Some(theirs) = troubled.get(&to) else {
            // Over a Service that is well to the workload behind it.
            if edge.relation == Relation::Calls && to.kind == "Service" && may_suffer(own) {
                for behind in graph.dependencies(&to).into_iter().filter(|e| e.relation == Relation::Selects) {
                    let felt = |theirs: &Vec<&Fact>| is_felt(theirs) && !began_before(own, theirs);
                    if troubled.get(behind.to).is_some_and(felt) {
                        link(links, subject, behind.to, format!("calls it: {}", edge.reason()), &edge.evidence());
                    }
                }
            }
            continue;
        };
        match edge.relation {
            Relation::Calls if may_suffer(own) && is_felt(theirs) && !began_before(own, theirs) => {
                link(links, subject, &to, format!("calls it: {}", edge.reason()), &edge.evidence());
            }
            Relation::Selects if subject.kind == "Service" => {
                link(links, subject, &to, "routes to its pods".to_owned(), &edge.evidence());
            }
            Relation::RoutesTo => link(links, subject, &to, "routes to it".to_owned(), &edge.evidence()),
            Relation::Mounts | Relation::ReadsConfig | Relation::UsesAccount | Relation::Binds => {
                link(links, subject, &to, edge.reason(), &edge.evidence());
            }
            Relation::ScaledBy => link(links, &to, subject, "scales it".to_owned(), &edge.evidence()),
            Relation::RunsOn
                if to.kind == "Node"
                    && suffers_on_node(own, &to)
                    && node_is_broken(theirs)
                    && !began_before(own, theirs) =>
            {
                link(links, subject, &to, "runs on this node".to_owned(), &edge.evidence());
            }
            _ => {}
        }
    }
}

/// Clocks and the intervals at which things are looked at are apart by less; a cause comes before what it brings about.
const BEFORE_SECONDS: f64 = 300.0;

/// Whether what keeps a subject from running began well before anything was wrong with what it depends on.
fn began_before(own: &[&Fact], theirs: &[&Fact]) -> bool {
    let began = own.iter().filter(|f| f.name == "crash_loop").map(|f| f.since).min();
    let troubled = theirs.iter().filter(|f| role_of(&f.name) != Role::Context).map(|f| f.since).min();
    began.zip(troubled).is_some_and(|(own, theirs)| theirs.seconds_since(own) > BEFORE_SECONDS)
}

fn node_is_broken(facts: &[&Fact]) -> bool {
    facts.iter().any(|f| f.name != "node_cordoned" && role_of(&f.name) == Role::Cause)
}

fn suffers_on_node(facts: &[&Fact], node: &ObjectRef) -> bool {
    let named = |f: &Fact| f.args.get("node").and_then(Value::as_str) == Some(node.name.as_str());
    facts.iter().any(|f| named(f))
        || !explains_itself(facts)
        || facts.iter().any(|f| {
            matches!(f.name.as_str(), "pod_evicted" | "oom_killed" | "volume_mount_failed" | "pod_stuck_terminating")
        })
}

/// Subjects that meet the same obstacle: one registry, the same nodes, the same missing object.
fn by_shared_value(troubled: &Troubled, links: &mut Vec<Link>) {
    let mut groups: BTreeMap<(String, String), Vec<(&ObjectRef, &Fact)>> = BTreeMap::new();
    for (subject, facts) in troubled {
        let mut keys = BTreeSet::new();
        for fact in facts {
            let text = |name: &str| fact.args.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
            let key = match fact.name.as_str() {
                "image_pull_failed" => match text("answer").as_str() {
                    "dns" | "refused" | "tls" | "timeout" | "rate_limited" | "unauthorized" => {
                        Some(("same registry", text("registry")))
                    }
                    _ => Some(("same image", text("image"))),
                },
                "gitops_drift" => Some(("same application", text("by"))),
                "config_object_missing" => Some(("same missing object", format!("{} {}", text("kind"), text("name")))),
                "service_account_missing" => Some(("same service account", text("account"))),
                "nodes_cordoned" => {
                    Some(("same cordoned nodes", fact.args.get("nodes").map(Value::to_string).unwrap_or_default()))
                }
                "insufficient_resource" if fact.args.get("fits_empty_node") == Some(&Value::Bool(true)) => {
                    Some(("same shortage", text("resource")))
                }
                "node_affinity_unmatched" => Some(("same node selector", text("selector"))),
                "taint_not_tolerated" => Some(("same taint", text("taint"))),
                "scheduler_silent" => Some(("same scheduler", text("scheduler"))),
                "webhook_unavailable" => Some(("same webhook", text("webhook"))),
                "quota_blocks" => Some(("same quota", text("quota"))),
                "storage_class_missing" => Some(("same storage class", text("class"))),
                "dns_resolution_failed" => Some(("same name does not resolve", text("host"))),
                "env_address_unknown" => Some(("same address", text("host"))),
                _ => None,
            };
            let Some((reason, value)) = key.filter(|(_, value)| !value.is_empty()) else { continue };
            let scope = if matches!(reason, "same missing object" | "same service account" | "same quota") {
                &subject.namespace
            } else {
                ""
            };
            if keys.insert((reason, value.clone())) {
                groups.entry((reason.to_owned(), format!("{scope} {value}"))).or_default().push((subject, fact));
            }
        }
    }
    for ((reason, value), members) in groups {
        for pair in members.windows(2) {
            let reason = format!("{reason}: {}", value.trim());
            link(links, pair[1].0, pair[0].0, reason, &pair[1].1.evidence);
        }
    }
}

/// Workloads that lack what a quota keeps from existing.
fn kept_from_existing(troubled: &Troubled, links: &mut Vec<Link>) {
    let quotas: Vec<(&ObjectRef, &Fact)> = troubled
        .iter()
        .flat_map(|(subject, facts)| facts.iter().map(move |f| (subject, *f)))
        .filter(|(_, f)| f.name == "quota_leaves_no_room_for")
        .collect();
    for (namespace, quota) in quotas {
        let Some(missing) = quota.args.get("missing").and_then(Value::as_array) else { continue };
        for (subject, facts) in troubled {
            let lacks = facts
                .iter()
                .find(|f| f.name == "claim_missing" && f.args.get("claim").is_some_and(|c| missing.contains(c)));
            if let Some(fact) = lacks {
                link(links, subject, namespace, "lacks what the quota leaves no room for".to_owned(), &fact.evidence);
            }
        }
    }
}

/// At least so many workloads must fail alike before that alone says that they have one cause.
const ALIKE: usize = 3;
/// Failures of one cause begin within restarts of each other.
const TOGETHER_SECONDS: f64 = 300.0;

/// Workloads of one namespace that crash the same way and began to at the same time.
fn began_together(troubled: &Troubled, links: &mut Vec<Link>) {
    let mut alike: BTreeMap<(&str, String), Vec<(&ObjectRef, &Fact)>> = BTreeMap::new();
    for (subject, facts) in troubled {
        if explains_itself(facts) {
            continue;
        }
        for fact in facts.iter().filter(|f| f.name == "crash_loop") {
            let end = format!(
                "{} {}",
                fact.args.get("exit_code").map(Value::to_string).unwrap_or_default(),
                fact.args.get("reason").and_then(Value::as_str).unwrap_or("")
            );
            alike.entry((&subject.namespace, end)).or_default().push((subject, fact));
        }
    }
    for ((_, end), mut members) in alike {
        members.sort_by_key(|(subject, fact)| (fact.since, *subject));
        let runs = members.chunk_by(|a, b| b.1.since.seconds_since(a.1.since) <= TOGETHER_SECONDS);
        for run in runs.filter(|run| run.len() >= ALIKE) {
            for pair in run.windows(2) {
                let reason = format!(
                    "same beginning: {} workloads began to end with exit code {} together",
                    run.len(),
                    end.trim()
                );
                link(links, pair[1].0, pair[0].0, reason, &pair[1].1.evidence);
            }
        }
    }
}
