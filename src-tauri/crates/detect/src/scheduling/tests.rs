use serde_json::{Value, json};

use crate::sketch::{Sketch, fact, has};

fn waiting(message: &str, spec: Value) -> Sketch {
    Sketch::new()
        .node("node-a", false)
        .node("node-b", false)
        .pending("cart")
        .but("Pod/shop/cart-abc-1", move |p| {
            for (key, value) in spec.as_object().into_iter().flatten() {
                p["spec"][key] = value.clone();
            }
        })
        .event("Pod/shop/cart-abc-1", "FailedScheduling", message)
}

#[test]
fn a_selector_that_no_node_has_is_told_from_one_whose_nodes_are_cordoned() {
    let selector = json!({"nodeSelector": {"disk": "ssd"}});
    let message =
        "0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) didn't match Pod's node affinity/selector.";
    let nowhere = waiting(message, selector.clone()).facts();
    assert_eq!(fact(&nowhere, "node_affinity_unmatched", "Deployment/shop/cart").args["matching_nodes"], 0);
    assert_eq!(fact(&nowhere, "unschedulable", "Deployment/shop/cart").args["main_reason"], "node_affinity_unmatched");
    let cordoned = waiting(message, selector)
        .node("node-b", true)
        .but("Node/node-b", |n| n["metadata"]["labels"]["disk"] = json!("ssd"))
        .facts();
    assert_eq!(fact(&cordoned, "unschedulable", "Deployment/shop/cart").args["main_reason"], "nodes_cordoned");
    assert_eq!(fact(&cordoned, "nodes_cordoned", "Deployment/shop/cart").args["all_candidates"], true);
}

#[test]
fn a_request_above_every_node_is_computed_without_the_scheduler() {
    let big = |cpu: &str| {
        let cpu = cpu.to_owned();
        Sketch::new()
            .node("node-a", false)
            .deployment("cart")
            .but("Deployment/shop/cart", move |d| {
                d["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!(cpu)
            })
            .facts()
    };
    assert_eq!(fact(&big("64"), "request_exceeds_every_node", "Deployment/shop/cart").args["largest_allocatable"], 4.0);
    assert!(!has(&big("2"), "request_exceeds_every_node"));
    let unknown = Sketch::new().deployment("cart").facts();
    assert!(!has(&unknown, "request_exceeds_every_node"), "no node is known");
}

#[test]
fn a_shortage_says_whether_an_empty_node_would_do() {
    let facts = waiting(
        "0/2 nodes are available: 2 Insufficient memory.",
        json!({"containers": [{"name": "app", "resources": {"requests": {"memory": "4Gi"}}}]}),
    )
    .facts();
    let told = fact(&facts, "insufficient_resource", "Deployment/shop/cart");
    assert_eq!((&told.args["resource"], &told.args["fits_empty_node"]), (&json!("memory"), &json!(true)));
}

#[test]
fn replicas_that_may_not_share_a_node_are_told() {
    let term = json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "cart"}}, "topologyKey": "kubernetes.io/hostname"}]}}});
    let facts = waiting("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.", term).facts();
    assert_eq!(
        fact(&facts, "pod_anti_affinity_conflict", "Deployment/shop/cart").args["topology_key"],
        "kubernetes.io/hostname"
    );
}

#[test]
fn a_taint_is_named() {
    let facts =
        waiting("0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: gpu}.", json!({})).facts();
    assert_eq!(fact(&facts, "taint_not_tolerated", "Deployment/shop/cart").args["taint"], "dedicated: gpu");
}
