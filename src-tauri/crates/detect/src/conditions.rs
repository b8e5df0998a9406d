//! Objects of kinds that nothing here knows, by what they say of themselves: `status.conditions`.

use std::collections::BTreeSet;

use model::{Doc, Held, ObjectRef, is_builtin_kind};

use crate::found::Found;
use crate::json::{list, short, text, time};
use crate::scene::Scene;

/// Controllers take their time; what stays unmet for longer is told.
const SETTLES_WITHIN_SECONDS: f64 = 120.0;

/// Conditions that are there to be true, by the API conventions and by what most controllers write.
const GOOD: &[&str] = &["Ready", "Available", "Healthy", "Synced", "Reconciled", "Established", "Valid", "Connected"];
/// Conditions that are there to be false.
const BAD: &[&str] = &["Degraded", "Failed", "Failing", "Failure", "Stalled", "Error", "ReconcileError", "Unhealthy"];

/// Of these kinds other facts tell more.
const KNOWN: &[&str] = &[
    "Application",
    "Kustomization",
    "HelmRelease",
    "Gateway",
    "GatewayClass",
    "GRPCRoute",
    "HTTPRoute",
    "TCPRoute",
    "TLSRoute",
    "VirtualService",
    "CustomResourceDefinition",
    "PodMetrics",
    "NodeMetrics",
];

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let kinds = scene.snapshot.coverage.iter().map(|coverage| coverage.kind.as_str());
    let custom: BTreeSet<&str> = kinds.filter(|kind| !is_builtin_kind(kind) && !KNOWN.contains(kind)).collect();
    for kind in custom {
        for (object, held) in scene.snapshot.of_kind(kind) {
            if !is_at_rest(&held.object) {
                unmet(scene, object, held, found);
            }
        }
    }
}

/// Somebody means it to be as it is.
fn is_at_rest(object: &Doc) -> bool {
    let is_set = |pointer: &str| object.pointer(pointer).and_then(Doc::as_bool).unwrap_or(false);
    is_set("/spec/suspend") || is_set("/spec/paused") || object.pointer("/metadata/deletionTimestamp").is_some()
}

/// Conditions with which an object says that it is not as it should be.
pub(crate) fn unmet_conditions(object: &Doc) -> impl Iterator<Item = &Doc> {
    list(object, "/status/conditions").iter().filter(|condition| {
        let (name, status) = (text(condition, "/type"), text(condition, "/status"));
        GOOD.contains(&name) && status == "False" || BAD.contains(&name) && status == "True"
    })
}

fn unmet(scene: &Scene, object: &ObjectRef, held: &Held, found: &mut Found) {
    for condition in unmet_conditions(&held.object) {
        let (name, status) = (text(condition, "/type"), text(condition, "/status"));
        let since = time(condition, "/lastTransitionTime").unwrap_or(held.at);
        let seconds = scene.at.seconds_since(since);
        if seconds < SETTLES_WITHIN_SECONDS {
            continue;
        }
        let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
        let told = if message.is_empty() { reason.to_owned() } else { short(message, 140) };
        found
            .fact("condition_unmet", object)
            .arg("condition", name)
            .arg("status", status)
            .arg("reason", reason)
            .arg("message", short(message, 240))
            .arg("for_seconds", seconds as i64)
            .since(since)
            .because(&held.observation)
            .says(format!("{} {} says {name} is {status}: {told}", object.kind, object.name));
    }
}

#[cfg(test)]
mod tests {
    use model::CoverageState;
    use serde_json::{Value, json};

    use crate::sketch::{Sketch, ago, fact, has};

    fn basket(condition: Value) -> Sketch {
        Sketch::new()
            .covered("Basket", CoverageState::Listed)
            .with("Basket/shop/fruit", json!({"status": {"conditions": [condition]}}))
    }

    #[test]
    fn what_a_custom_object_says_of_itself_is_told_once_it_stays_so() {
        let ready = |status: &str, seconds: i64| {
            basket(json!({"type": "Ready", "status": status, "reason": "NoApples", "message": "the orchard is empty",
                "lastTransitionTime": ago(seconds)}))
        };
        let facts = ready("False", 600).facts();
        let told = fact(&facts, "condition_unmet", "Basket/shop/fruit");
        assert_eq!((told.args["condition"].as_str(), told.args["for_seconds"].as_i64()), (Some("Ready"), Some(600)));
        assert!(told.says.contains("the orchard is empty"), "{}", told.says);
        assert!(!has(&ready("False", 30).facts(), "condition_unmet"), "it may come to rest yet");
        for status in ["True", "Unknown"] {
            assert!(!has(&ready(status, 600).facts(), "condition_unmet"), "{status}");
        }
        let suspended = ready("False", 600).but("Basket/shop/fruit", |body| body["spec"] = json!({"suspend": true}));
        assert!(!has(&suspended.facts(), "condition_unmet"), "somebody means it");
    }

    #[test]
    fn conditions_that_are_there_to_be_false_and_those_that_nobody_knows_are_told_apart() {
        let says = |name: &str, status: &str| {
            let condition = json!({"type": name, "status": status, "lastTransitionTime": ago(600)});
            has(&basket(condition).facts(), "condition_unmet")
        };
        assert!(says("Degraded", "True") && !says("Degraded", "False"));
        assert!(!says("Progressing", "False") && !says("Selected", "False"), "nobody knows what it should be");
        let pod = json!({"status": {"conditions": [
            {"type": "Ready", "status": "False", "lastTransitionTime": ago(600)}]}});
        assert!(
            !has(&Sketch::new().with("Pod/shop/one", pod).facts(), "condition_unmet"),
            "pods have facts of their own"
        );
    }
}
