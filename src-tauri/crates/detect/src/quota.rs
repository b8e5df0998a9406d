//! Quotas, limit ranges and admission: what the API server refused, and what it would refuse.

#[cfg(test)]
mod cases;
mod room;

use std::sync::LazyLock;

use model::{ObjectRef, ObservationId, Time};
use regex::Regex;

use crate::found::Found;
use crate::json::{condition, entries, list, short, text, time};
use crate::quantity;
use crate::scene::{Existence, Scene};

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    refusals(scene, found);
    room::full(scene, found);
    limit_ranges(scene, found);
}

/// A refusal that a controller met when it made an object.
struct Refusal<'s> {
    /// Whose object was refused.
    workload: ObjectRef,
    message: &'s str,
    first: Time,
    last: Time,
    id: &'s ObservationId,
    source: &'static str,
}

#[expect(clippy::unwrap_used, reason = "a literal pattern that a test compiles")]
static QUOTA: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"exceeded quota: ([^,\s]+), requested: (.+?), used: (.+?), limited: (.+?)(?:$|[\s.;)]*$)").unwrap()
});

/// A resource of a quota: its name, what was requested, what is used, what is allowed.
type Overdrawn = (String, f64, f64, f64);

/// `requested: a=1,b=2, used: …` as the quota's name and its resources.
pub(crate) fn read_quota(message: &str) -> Option<(String, Vec<Overdrawn>)> {
    let found = QUOTA.captures(message.trim())?;
    let pairs = |text: &str| -> Vec<(String, f64)> {
        let parts = text.split(',').filter_map(|p| p.trim().split_once('='));
        parts
            .filter_map(|(k, v)| Some((k.trim().to_owned(), quantity::parse(v.trim().trim_end_matches('.'))?)))
            .collect()
    };
    let (requested, used, hard) = (pairs(&found[2]), pairs(&found[3]), pairs(&found[4]));
    let value = |all: &[(String, f64)], key: &str| all.iter().find(|(k, _)| k == key).map(|(_, v)| *v);
    let all = requested
        .iter()
        .filter_map(|(key, asked)| Some((key.clone(), *asked, value(&used, key)?, value(&hard, key)?)))
        .collect();
    Some((found[1].to_owned(), all))
}

fn refusals(scene: &Scene, found: &mut Found) {
    let mut all: Vec<Refusal> = Vec::new();
    for (owner, told) in scene.all_events() {
        let refused = matches!(
            told.event.reason.as_str(),
            "FailedCreate" | "ReplicaSetCreateError" | "FailedUpdate" | "FailedDaemonPod" | "ProvisioningFailed"
        );
        if refused && told.subject.kind != "PersistentVolumeClaim" {
            all.push(Refusal {
                workload: owner.clone(),
                message: &told.event.message,
                first: told.event.first_at,
                last: told.event.last_at,
                id: told.id,
                source: "event",
            });
        }
    }
    for kind in ["Deployment", "ReplicaSet"] {
        for (object, held) in scene.snapshot.of_kind(kind) {
            let Some(failure) = condition(&held.object, "ReplicaFailure").filter(|c| text(c, "/status") == "True")
            else {
                continue;
            };
            let at = time(failure, "/lastTransitionTime").unwrap_or(held.at);
            let message = text(failure, "/message");
            all.push(Refusal {
                workload: scene.graph.workload_of(object),
                message,
                first: at,
                last: at,
                id: &held.observation,
                source: "condition",
            });
        }
    }
    for refusal in &all {
        classify(scene, refusal, found);
    }
}

/// Whether the refused workload still lacks what was refused.
fn ongoing(scene: &Scene, refusal: &Refusal) -> bool {
    if refusal.source == "condition" {
        return true;
    }
    let Some(workload) = scene.workloads.get(&refusal.workload) else { return true };
    let pods = scene.pods_of(workload).filter(|p| !p.is_finished() && !p.is_leaving()).count() as i64;
    match workload.desired() {
        Some(desired) => pods < desired,
        // A job that made its pods since has got over it, however they ended.
        None => workload.pods.is_empty(),
    }
}

fn classify(scene: &Scene, refusal: &Refusal, found: &mut Found) {
    let subject = &refusal.workload;
    let message = refusal.message.to_ascii_lowercase();
    let still = ongoing(scene, refusal);
    let has = |words: &[&str]| words.iter().any(|w| message.contains(w));
    let account = missing_account(refusal.message);
    let answer = if has(&["exceeded quota"]) {
        "quota"
    } else if has(&["failed quota"]) {
        "quota_needs_requests"
    } else if account.is_some() {
        "service_account"
    } else if has(&[
        "maximum memory usage",
        "maximum cpu usage",
        "minimum cpu usage",
        "minimum memory usage",
        "limit to request ratio",
        "maximum storage",
    ]) {
        "limit_range"
    } else if has(&["violates podsecurity", "pod security", "podsecuritypolicy", "security context constraint"]) {
        "pod_security"
    } else if has(&["admission webhook", "failed calling webhook"]) {
        "webhook"
    } else if has(&["priorityclass", "priority class"]) {
        "priority_class"
    } else if has(&["forbidden"]) {
        "forbidden"
    } else if has(&["is invalid", "unsupported value", "must be"]) {
        "invalid"
    } else {
        "other"
    };
    let missing = account.as_ref().map(|a| ObjectRef::new("ServiceAccount", subject.namespace.as_str(), a.as_str()));
    found
        .fact("pods_create_failed", subject)
        .arg("answer", answer)
        .arg("message", short(refusal.message, 300))
        .object("missing", missing.as_ref())
        .arg("ongoing", still)
        .arg("quiet_seconds", scene.at.seconds_since(refusal.last).max(0.0) as i64)
        .since(refusal.first)
        .because(refusal.id)
        .says(format!("pods of {} are refused: {}", subject.name, short(refusal.message, 180)));
    match answer {
        "quota" => exceeded(scene, refusal, still, found),
        "quota_needs_requests" => needs_requests(refusal, found),
        "service_account" => no_account(scene, refusal, account.unwrap_or_default(), still, found),
        "limit_range" => {
            let bound = if message.contains("maximum") {
                "max"
            } else if message.contains("minimum") {
                "min"
            } else {
                "ratio"
            };
            found
                .fact("limit_range_violated", subject)
                .arg("limit_range", "")
                .arg("resource", if message.contains("memory") { "memory" } else { "cpu" })
                .arg("bound", bound)
                .arg("message", short(refusal.message, 240))
                .since(refusal.first)
                .because(refusal.id)
                .says(format!("a limit range refuses pods of {}: {}", subject.name, short(refusal.message, 160)));
        }
        "webhook" | "pod_security" => webhook(refusal, answer, found),
        "priority_class" => {
            found
                .fact("priority_class_missing", subject)
                .arg("class", between(refusal.message, "PriorityClass with name ", " ").unwrap_or_default())
                .since(refusal.first)
                .because(refusal.id)
                .says(format!("the priority class of {} does not exist", subject.name));
        }
        _ => {}
    }
}

fn exceeded(scene: &Scene, refusal: &Refusal, still: bool, found: &mut Found) {
    let Some((quota, resources)) = read_quota(refusal.message) else { return };
    let workload = &refusal.workload;
    let namespace = ObjectRef::global("Namespace", workload.namespace.as_str());
    let object = ObjectRef::new("ResourceQuota", workload.namespace.as_str(), quota.as_str());
    let held = scene.snapshot.get(&object).map(|h| &h.observation);
    for (resource, requested, used, hard) in resources {
        // The message lists every resource of the quota that was asked for, also those with room.
        if used + requested <= hard {
            continue;
        }
        let shown = |value| quantity::shown(&resource, value);
        let says = format!(
            "quota {quota} of {} refuses {} for {}: {} of {} are used",
            workload.namespace,
            shown(requested),
            workload.name,
            shown(used),
            shown(hard)
        );
        for (name, subject) in [("quota_exceeded", &namespace), ("quota_blocks", workload)] {
            let draft = found
                .fact(name, subject)
                .arg("quota", quota.clone())
                .arg("resource", resource.clone())
                .arg("requested", requested)
                .arg("used", used)
                .arg("hard", hard)
                .arg("ongoing", still)
                .since(refusal.first)
                .because(refusal.id)
                .because_all(held);
            let draft = if name == "quota_exceeded" {
                draft.object("workload", Some(workload)).arg("source", refusal.source)
            } else {
                draft
            };
            draft.says(says.clone());
        }
    }
}

fn needs_requests(refusal: &Refusal, found: &mut Found) {
    let quota = between(refusal.message, "failed quota: ", ":").unwrap_or_default();
    let resource = between(refusal.message, "must specify ", " ").unwrap_or_default();
    found
        .fact("quota_needs_requests", &refusal.workload)
        .arg("quota", quota.clone())
        .arg("resource", resource.clone())
        .since(refusal.first)
        .because(refusal.id)
        .says(format!("quota {quota} wants every pod to say its {resource}, and {} does not", refusal.workload.name));
}

fn no_account(scene: &Scene, refusal: &Refusal, account: String, still: bool, found: &mut Found) {
    let exists = scene.exists("ServiceAccount", &refusal.workload.namespace, &account);
    found
        .fact("service_account_missing", &refusal.workload)
        .arg("account", account.clone())
        .arg("ongoing", still && exists != Existence::There)
        .since(refusal.first)
        .because(refusal.id)
        .says(format!(
            "service account {account} of {} did not exist when its pods were to be made",
            refusal.workload.name
        ));
}

fn webhook(refusal: &Refusal, answer: &str, found: &mut Found) {
    let name = between(refusal.message, "webhook \"", "\"").unwrap_or_default();
    let down = refusal.message.contains("failed calling webhook");
    let subject = &refusal.workload;
    if down {
        found
            .fact("webhook_unavailable", subject)
            .arg("webhook", name.clone())
            .arg("service", "")
            .arg("failure_policy", "Fail")
            .arg("message", short(refusal.message, 240))
            .arg("answer", answer_of(refusal.message))
            .since(refusal.first)
            .because(refusal.id)
            .says(format!("webhook {name} cannot be called, so pods of {} are refused", subject.name));
    } else {
        found
            .fact("admission_denied", subject)
            .arg("webhook", name.clone())
            .arg(
                "policy",
                if answer == "pod_security" {
                    between(refusal.message, "PodSecurity \"", "\"").unwrap_or_default()
                } else {
                    String::new()
                },
            )
            .arg("message", short(refusal.message, 240))
            .since(refusal.first)
            .because(refusal.id)
            .says(format!("admission refuses pods of {}: {}", subject.name, short(refusal.message, 180)));
    }
}

/// Why a webhook cannot be called, from the API server's words.
fn answer_of(message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&["certificate has expired", "certificate is not yet valid"]) && !lower.contains(" is before ") {
        "certificate_expired"
    } else if has(&["x509", "certificate"]) {
        "certificate_untrusted"
    } else if has(&["no endpoints available", "not found"]) {
        "nobody"
    } else if has(&["refused"]) {
        "refused"
    } else if has(&["timeout", "deadline exceeded", "timed out"]) {
        "timeout"
    } else {
        "other"
    }
}

fn missing_account(message: &str) -> Option<String> {
    let named = between(message, "serviceaccount \"", "\"").or_else(|| between(message, "service account ", ":"))?;
    let name = named.rsplit('/').next()?.to_owned();
    message.contains("not found").then_some(name)
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let rest = text.split_once(before)?.1;
    Some(rest.split(after).next()?.trim().trim_matches('"').to_owned())
}

/// Pod templates against limit ranges, for workloads that lack pods.
fn limit_ranges(scene: &Scene, found: &mut Found) {
    for (range, held) in scene.snapshot.of_kind("LimitRange") {
        for workload in scene.workloads_in(&range.namespace) {
            let Some(spec) = workload.pod_spec else { continue };
            for limit in list(&held.object, "/spec/limits").iter().filter(|l| text(l, "/type") == "Container") {
                for container in list(spec, "/containers") {
                    for (resource, max) in entries(limit, "/max") {
                        let asked = quantity::of(container.pointer(&format!("/resources/limits/{resource}")));
                        let max = quantity::of(Some(max));
                        if let (Some(asked), Some(max)) = (asked, max)
                            && asked > max
                            && workload.pods.is_empty()
                        {
                            found
                                .fact("limit_range_violated", &workload.object)
                                .arg("limit_range", range.name.clone())
                                .arg("resource", resource)
                                .arg("bound", "max")
                                .arg("message", "")
                                .since(workload.spec_held.at)
                                .because(&held.observation)
                                .because(&workload.spec_held.observation)
                                .says(format!(
                                    "{} asks for {}, limit range {} allows {}",
                                    workload.object.name,
                                    quantity::shown(resource, asked),
                                    range.name,
                                    quantity::shown(resource, max)
                                ));
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotas_refusal_is_read_with_every_resource() {
        let message = "Error creating: pods \"a-1\" is forbidden: exceeded quota: compute, requested: requests.cpu=200m,requests.memory=64Mi, used: requests.cpu=900m,requests.memory=1Gi, limited: requests.cpu=1,requests.memory=2Gi";
        let (quota, resources) = read_quota(message).expect("a refusal");
        assert_eq!(quota, "compute");
        assert_eq!(resources[0], ("requests.cpu".into(), 0.2, 0.9, 1.0));
        assert_eq!(resources[1].0, "requests.memory");
        assert!(read_quota("pods \"a\" is forbidden: no reason given").is_none());
    }

    #[test]
    fn the_missing_account_is_named() {
        let message = "Error creating: pods \"x-\" is forbidden: error looking up service account shop/robot: serviceaccount \"robot\" not found";
        assert_eq!(missing_account(message).as_deref(), Some("robot"));
    }
}
