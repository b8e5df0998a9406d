use serde_json::json;

use crate::sketch::{Sketch, ago, fact, has};

#[test]
fn a_healthy_deployment_is_told_to_be_healthy_and_nothing_else() {
    let facts = Sketch::new().deployment("cart").facts();
    assert!(has(&facts, "workload_healthy"));
    for name in [
        "replicas_unavailable",
        "pods_missing",
        "pod_not_ready",
        "pod_pending",
        "replicas_zero",
        "crash_loop",
        "rollout_stalled",
    ] {
        assert!(!has(&facts, name), "{name}");
    }
}

#[test]
fn missing_replicas_are_counted_where_pods_were_listed_and_left_open_where_not() {
    let gone = |sketch: Sketch| sketch.deployment("cart").without("Pod/shop/cart-abc-1").unavailable("cart").facts();
    assert_eq!(fact(&gone(Sketch::new()), "pods_missing", "Deployment/shop/cart").args["existing"], 0);
    let open = gone(Sketch::unwatched());
    assert!(!has(&open, "pods_missing"));
    assert_eq!(fact(&open, "pods_missing", "Deployment/shop/cart").args["existing"], -1);
}

#[test]
fn replicas_that_nobody_counted_are_not_known_to_be_missing() {
    let bare = |sketch: Sketch| {
        let sketch = sketch.deployment("cart").without("Pod/shop/cart-abc-1");
        sketch.but("Deployment/shop/cart", |d| d["status"] = json!({})).facts()
    };
    assert!(has(&bare(Sketch::new()), "replicas_unavailable"));
    let open = bare(Sketch::unwatched());
    assert!(!has(&open, "replicas_unavailable"));
    fact(&open, "replicas_unavailable", "Deployment/shop/cart");
}

#[test]
fn zero_replicas_say_who_calls() {
    let facts = Sketch::new()
        .deployment("cart")
        .without("Pod/shop/cart-abc-1")
        .but("Deployment/shop/cart", |d| d["spec"]["replicas"] = json!(0))
        .deployment("web")
        .but("Deployment/shop/web", |d| {
            d["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "CART", "value": "cart:80"}])
        })
        .facts();
    assert_eq!(
        fact(&facts, "replicas_zero", "Deployment/shop/cart").args["depended_on_by"],
        json!(["Deployment/shop/web"])
    );
}

#[test]
fn an_evicted_pod_names_the_resource() {
    let facts = Sketch::new()
        .deployment("cart")
        .with("Pod/shop/cart-abc-0", json!({"metadata": {"labels": {"app": "cart"}}, "spec": {"nodeName": "node-a", "containers": [{"name": "app"}]},
            "status": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. Threshold quantity: 100Mi"}}))
        .facts();
    assert_eq!(fact(&facts, "pod_evicted", "Deployment/shop/cart").args["resource"], "memory");
}

#[test]
fn a_rollout_that_passed_its_deadline_is_stalled() {
    let with = |reason: &str| {
        let condition = json!([{"type": "Progressing", "status": if reason == "ProgressDeadlineExceeded" { "False" } else { "True" }, "reason": reason}]);
        Sketch::new()
            .deployment("cart")
            .but("Deployment/shop/cart", move |d| d["status"]["conditions"] = condition)
            .facts()
    };
    assert_eq!(
        fact(&with("ProgressDeadlineExceeded"), "rollout_stalled", "Deployment/shop/cart").args["reason"],
        "ProgressDeadlineExceeded"
    );
    assert!(!has(&with("NewReplicaSetAvailable"), "rollout_stalled"));
}

#[test]
fn a_pod_that_should_be_gone_is_stuck() {
    let with = |seconds: i64| {
        Sketch::new()
            .deployment("cart")
            .but("Pod/shop/cart-abc-1", move |p| p["metadata"]["deletionTimestamp"] = json!(ago(seconds)))
            .facts()
    };
    assert!(has(&with(600), "pod_stuck_terminating"));
    assert!(!has(&with(10), "pod_stuck_terminating"));
}

#[test]
fn objects_with_nothing_in_them_are_no_fault_and_no_crash() {
    let mut sketch = Sketch::unwatched();
    for kind in [
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "Pod",
        "Service",
        "PersistentVolumeClaim",
        "Ingress",
        "ReplicaSet",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "ResourceQuota",
        "LimitRange",
        "NetworkPolicy",
        "ConfigMap",
        "Secret",
        "HTTPRoute",
    ] {
        sketch = sketch
            .with(&format!("{kind}/shop/bare"), json!({}))
            .with(&format!("{kind}/shop/odd"), json!({"spec": 7, "status": ["x"]}));
    }
    for kind in ["Node", "PersistentVolume", "StorageClass", "VolumeAttachment", "ValidatingWebhookConfiguration"] {
        sketch = sketch
            .with(&format!("{kind}/bare"), json!({}))
            .with(&format!("{kind}/odd"), json!({"spec": null, "status": {"conditions": {}}}));
    }
    let troubled: Vec<String> = sketch.triage().incidents.into_iter().map(|i| i.title).collect();
    assert!(troubled.is_empty(), "{troubled:?}");
}
