use serde_json::{Value, json};

use crate::sketch::{Sketch, fact, has};

fn short(hard: &str, used: &str) -> Sketch {
    Sketch::new().deployment("cart").without("Pod/shop/cart-abc-1").unavailable("cart").with(
        "ResourceQuota/shop/compute",
        json!({"status": {"hard": {"requests.cpu": hard}, "used": {"requests.cpu": used}}}),
    )
}

#[test]
fn a_refusal_for_a_quota_is_told_from_both_sides() {
    let message = "Error creating: pods \"cart-1\" is forbidden: exceeded quota: compute, requested: requests.cpu=100m, used: requests.cpu=950m, limited: requests.cpu=1";
    let facts = short("1", "950m").event("ReplicaSet/shop/cart-abc", "FailedCreate", message).facts();
    assert_eq!(fact(&facts, "quota_exceeded", "Namespace/shop").args["workload"], "Deployment/shop/cart");
    assert_eq!(fact(&facts, "quota_blocks", "Deployment/shop/cart").args["resource"], "requests.cpu");
    assert_eq!(fact(&facts, "pods_create_failed", "Deployment/shop/cart").args["answer"], "quota");
}

#[test]
fn a_quota_without_room_is_computed_where_no_event_tells_of_it() {
    assert!(has(&short("1", "950m").facts(), "quota_leaves_no_room_for"));
    assert!(!has(&short("2", "950m").facts(), "quota_leaves_no_room_for"));
    assert!(!has(&short("1", "950m").facts(), "quota_full"));
}

#[test]
fn a_service_that_the_quota_keeps_from_existing_is_named() {
    let facts = Sketch::new()
        .deployment("cart")
        .without("Service/shop/cart")
        .deployment("web")
        .but("Deployment/shop/web", |d| {
            d["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "CART", "value": "cart:80"}])
        })
        .with("ResourceQuota/shop/objects", json!({"status": {"hard": {"services": "1"}, "used": {"services": "1"}}}))
        .facts();
    let told = fact(&facts, "quota_leaves_no_room_for", "Namespace/shop");
    assert_eq!(told.args["missing"], json!(["Service/shop/cart"]));
}

#[test]
fn other_refusals_have_their_own_names() {
    let with = |message: &str| {
        Sketch::new()
            .deployment("cart")
            .without("Pod/shop/cart-abc-1")
            .event("ReplicaSet/shop/cart-abc", "FailedCreate", message)
            .facts()
    };
    let answer = |message: &str| -> Value {
        fact(&with(message), "pods_create_failed", "Deployment/shop/cart").args["answer"].clone()
    };
    assert_eq!(
        answer(
            "pods \"x\" is forbidden: error looking up service account shop/robot: serviceaccount \"robot\" not found"
        ),
        "service_account"
    );
    assert_eq!(
        answer("pods \"x\" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"),
        "limit_range"
    );
    assert_eq!(answer("admission webhook \"policy.example\" denied the request: no latest tags"), "webhook");
    assert_eq!(
        answer("pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": privileged"),
        "pod_security"
    );
    assert!(has(
        &with("Internal error occurred: failed calling webhook \"w.example\": connection refused"),
        "webhook_unavailable"
    ));
}
