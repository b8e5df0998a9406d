use serde_json::json;

use crate::sketch::{Sketch, fact, has};

#[test]
fn a_selector_that_misses_by_one_letter_names_the_workload_it_is_meant_for() {
    let facts = Sketch::new()
        .deployment("cart")
        .but("Service/shop/cart", |s| s["spec"]["selector"]["app"] = json!("cartt"))
        .facts();
    let told = fact(&facts, "service_selects_no_pods", "Service/shop/cart");
    assert_eq!((&told.args["near_workload"], &told.args["found"]), (&json!("Deployment/shop/cart"), &json!("cart")));
    assert!(!has(&Sketch::new().deployment("cart").facts(), "service_selects_no_pods"));
    let open = Sketch::unwatched().with("Service/shop/cart", json!({"spec": {"selector": {"app": "cart"}}})).facts();
    assert!(!has(&open, "service_selects_no_pods"), "pods were not listed");
}

#[test]
fn a_selector_that_finds_another_workloads_pods_is_told() {
    let facts = Sketch::new()
        .deployment("cart")
        .deployment("web")
        .but("Service/shop/cart", |s| s["spec"]["selector"]["app"] = json!("web"))
        .facts();
    assert_eq!(
        fact(&facts, "service_selects_wrong_pods", "Service/shop/cart").args["expected"],
        "Deployment/shop/cart"
    );
}

#[test]
fn a_target_port_that_no_container_has_is_told_unless_something_else_names_it() {
    let wrong = || {
        Sketch::new().deployment("cart").but("Service/shop/cart", |s| s["spec"]["ports"][0]["targetPort"] = json!(9999))
    };
    assert_eq!(
        fact(&wrong().facts(), "service_target_port_closed", "Service/shop/cart").args["container_ports"],
        json!([8080])
    );
    let named = wrong().but("Deployment/shop/cart", |d| {
        d["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["--listen=:9999"])
    });
    assert!(!has(&named.facts(), "service_target_port_closed"));
    let undeclared =
        wrong().but("Deployment/shop/cart", |d| d["spec"]["template"]["spec"]["containers"][0]["ports"] = json!([]));
    assert!(!has(&undeclared.facts(), "service_target_port_closed"), "declaring ports is optional");
}

#[test]
fn a_named_port_that_is_missing_and_a_protocol_that_differs_are_told() {
    let named = Sketch::new()
        .deployment("cart")
        .but("Service/shop/cart", |s| s["spec"]["ports"][0]["targetPort"] = json!("web"))
        .facts();
    assert!(has(&named, "service_named_port_missing"));
    let udp = Sketch::new()
        .deployment("cart")
        .but("Service/shop/cart", |s| s["spec"]["ports"][0]["protocol"] = json!("UDP"))
        .facts();
    assert_eq!(fact(&udp, "service_protocol_mismatch", "Service/shop/cart").args["container_protocol"], "TCP");
    assert!(!has(&Sketch::new().deployment("cart").facts(), "service_protocol_mismatch"));
}

#[test]
fn a_service_without_ready_pods_and_one_with_empty_endpoints_are_told_apart() {
    let unready = Sketch::new()
        .deployment("cart")
        .but("Pod/shop/cart-abc-1", |p| p["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]))
        .facts();
    assert!(has(&unready, "service_no_ready_endpoints") && !has(&unready, "endpoints_empty"));
    let empty = Sketch::new().deployment("cart").with("Endpoints/shop/cart", json!({})).facts();
    assert!(has(&empty, "endpoints_empty") && !has(&empty, "service_no_ready_endpoints"));
}
