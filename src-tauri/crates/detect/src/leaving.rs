//! What is being deleted and does not go.

use model::{Doc, ObjectRef};

use crate::found::Found;
use crate::json::{condition, list, short, text, time};
use crate::scene::Scene;

/// A namespace's contents are deleted within seconds where nothing holds them.
const GOES_WITHIN_SECONDS: f64 = 120.0;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for (namespace, held) in scene.snapshot.of_kind("Namespace") {
        let object = &held.object;
        let deleted = time(object, "/metadata/deletionTimestamp");
        if deleted.is_none() && text(object, "/status/phase") != "Terminating" {
            continue;
        }
        let since = deleted.unwrap_or(held.at);
        let seconds = scene.at.seconds_since(since);
        if seconds < GOES_WITHIN_SECONDS {
            continue;
        }
        let says = |name: &str| {
            let told = condition(object, name).filter(|c| text(c, "/status") == "True");
            told.map(|c| text(c, "/message")).unwrap_or_default()
        };
        let (answer, message) = [
            ("discovery", says("NamespaceDeletionDiscoveryFailure")),
            ("finalizers", says("NamespaceFinalizersRemaining")),
            ("content", says("NamespaceDeletionContentFailure")),
            ("content", says("NamespaceContentRemaining")),
        ]
        .into_iter()
        .find(|(_, message)| !message.is_empty())
        .unwrap_or(("unknown", ""));
        let refused: Vec<&ObjectRef> = found
            .named("pods_create_failed")
            .filter(|f| f.subject.namespace == namespace.name)
            .map(|f| &f.subject)
            .collect();
        let refused: Vec<ObjectRef> = refused.into_iter().cloned().collect();
        let told = if message.is_empty() { "nothing says what holds it".to_owned() } else { short(message, 160) };
        found
            .fact("namespace_terminating", namespace)
            .arg("for_seconds", seconds as i64)
            .arg("answer", answer)
            .arg("message", short(message, 240))
            .objects("workloads", &refused)
            .since(since)
            .because(&held.observation)
            .says(format!("{} has been on its way out for {seconds:.0} s: {told}", namespace.name));
    }
    for (claim, held) in scene.snapshot.of_kind("PersistentVolumeClaim") {
        let Some(since) = time(&held.object, "/metadata/deletionTimestamp") else { continue };
        let seconds = scene.at.seconds_since(since);
        if seconds < GOES_WITHIN_SECONDS {
            continue;
        }
        let finalizers: Vec<&str> = list(&held.object, "/metadata/finalizers").iter().filter_map(Doc::as_str).collect();
        let mounts = |pod: &&crate::scene::Pod| {
            list(pod.spec(), "/volumes")
                .iter()
                .any(|v| text(v, "/persistentVolumeClaim/claimName") == claim.name.as_str())
        };
        let pods = scene.pods_in(&claim.namespace).filter(|pod| !pod.is_finished()).filter(mounts);
        let users: Vec<ObjectRef> = pods.map(|pod| pod.workload.clone()).collect();
        found
            .fact("claim_terminating", claim)
            .arg("for_seconds", seconds as i64)
            .arg("finalizers", finalizers)
            .objects("used_by", &users)
            .since(since)
            .because(&held.observation)
            .says(format!(
                "claim {} was deleted {seconds:.0} s ago and is kept while somebody mounts it; no new pod can",
                claim.name
            ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sketch::{Sketch, ago, fact, has};

    #[test]
    fn a_namespace_that_does_not_go_says_what_holds_it() {
        let leaving = |seconds: i64, conditions: serde_json::Value| {
            Sketch::new().with(
                "Namespace//old",
                json!({"metadata": {"deletionTimestamp": ago(seconds)},
                       "status": {"phase": "Terminating", "conditions": conditions}}),
            )
        };
        let held = json!([{"type": "NamespaceFinalizersRemaining", "status": "True",
            "message": "Some content in the namespace has finalizers remaining: backup.example.com/keep in 2 resource instances"}]);
        let facts = leaving(900, held.clone()).facts();
        let told = fact(&facts, "namespace_terminating", "Namespace//old");
        assert_eq!((told.args["answer"].as_str(), told.args["for_seconds"].as_i64()), (Some("finalizers"), Some(900)));
        assert!(told.says.contains("backup.example.com/keep"), "{}", told.says);
        assert!(!has(&leaving(30, held).facts(), "namespace_terminating"), "it may go yet");
        assert_eq!(
            fact(&leaving(900, json!([])).facts(), "namespace_terminating", "Namespace//old").args["answer"],
            "unknown"
        );
    }

    #[test]
    fn a_deleted_claim_that_is_mounted_stays_until_its_pods_go() {
        let facts = Sketch::new()
            .deployment("db")
            .with(
                "PersistentVolumeClaim/shop/data",
                json!({
                "metadata": {"deletionTimestamp": ago(900), "finalizers": ["kubernetes.io/pvc-protection"]},
                "status": {"phase": "Bound"}}),
            )
            .but("Pod/shop/db-abc-1", |pod| {
                pod["spec"]["volumes"] = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
            })
            .facts();
        let told = fact(&facts, "claim_terminating", "PersistentVolumeClaim/shop/data");
        assert_eq!(told.args["used_by"], json!(["Deployment/shop/db"]));
    }
}
