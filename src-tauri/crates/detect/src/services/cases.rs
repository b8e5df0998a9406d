use model::{Body, CoverageState, ProbeBody};
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
    let udp = udp(Some("TCP")).facts();
    assert_eq!(fact(&udp, "service_protocol_mismatch", "Service/shop/cart").args["container_protocol"], "TCP");
    assert!(!has(&Sketch::new().deployment("cart").facts(), "service_protocol_mismatch"));
}

/// A Service of UDP in front of a port of this protocol.
fn udp(container: Option<&str>) -> Sketch {
    Sketch::new()
        .deployment("cart")
        .but("Deployment/shop/cart", |d| {
            if let Some(protocol) = container {
                d["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = json!(protocol);
            }
        })
        .but("Service/shop/cart", |s| s["spec"]["ports"][0]["protocol"] = json!("UDP"))
}

#[test]
fn a_protocol_that_was_not_recorded_differs_from_none_unless_callers_of_this_port_speak_another() {
    assert!(!has(&udp(None).facts(), "service_protocol_mismatch"), "it may well be UDP");
    assert!(!has(&udp(Some("UDP")).facts(), "service_protocol_mismatch"));
    let called = |address: &str| {
        let variable = json!([{"name": "CART_ADDR", "value": address}]);
        let sketch = udp(None).deployment("web").but("Deployment/shop/web", |d| {
            d["spec"]["template"]["spec"]["containers"][0]["env"] = variable;
        });
        has(&sketch.facts(), "service_protocol_mismatch")
    };
    assert!(called("cart:80"));
    assert!(!called("cart:81"), "another port of the Service");
    assert!(!called("udp://cart:80"));
}

#[test]
fn a_port_that_is_offered_in_both_protocols_is_served_in_both_whatever_the_container_declares() {
    let both = udp(Some("TCP")).but("Service/shop/cart", |s| {
        let ports = s["spec"]["ports"].as_array_mut().unwrap();
        let mut other = ports[0].clone();
        other["name"] = json!("tcp");
        other["protocol"] = json!("TCP");
        ports.push(other);
    });
    assert!(!has(&both.facts(), "service_protocol_mismatch"));
}

#[test]
fn a_closed_port_is_confirmed_by_who_is_refused_there_and_open_where_it_answers() {
    let wrong = || {
        Sketch::new().deployment("cart").but("Service/shop/cart", |s| s["spec"]["ports"][0]["targetPort"] = json!(9999))
    };
    let attempt = |reachable: bool, output: &str| {
        let probe = ProbeBody {
            target: "cart.shop:80".into(),
            protocol: "tcp".into(),
            port: 80,
            reachable,
            output: output.into(),
        };
        wrong().released(Some("Service/shop/cart"), Body::Probe(probe)).facts()
    };
    let confirmed = |facts: &[model::Fact]| {
        fact(facts, "service_target_port_closed", "Service/shop/cart").args["confirmed"] == json!(true)
    };
    assert!(!confirmed(&wrong().facts()));
    assert!(confirmed(&attempt(false, "connect: connection refused")));
    assert!(!confirmed(&attempt(false, "bad address 'cart.shop'")));
    assert!(!has(&attempt(true, "open"), "service_target_port_closed"));
    let named = wrong().deployment("web").but("Deployment/shop/web", |d| {
        d["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "CART_ADDR", "value": "cart:8080"}])
    });
    assert!(confirmed(&named.facts()), "the caller knows it by the container's port");
}

#[test]
fn who_declares_only_a_port_for_metrics_has_not_said_where_it_serves() {
    let with = |name: &str| {
        let ports = json!([{"containerPort": 9090, "name": name}]);
        Sketch::new()
            .deployment("cart")
            .but("Deployment/shop/cart", |d| d["spec"]["template"]["spec"]["containers"][0]["ports"] = ports)
            .facts()
    };
    assert!(has(&with("http"), "service_target_port_closed"));
    assert!(!has(&with("http-metrics"), "service_target_port_closed"));
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

#[test]
fn a_service_without_a_selector_whose_endpoints_nobody_wrote_is_told_once_slices_were_listed() {
    let ports = json!([{"port": 5432}]);
    let with = |state: Option<CoverageState>, slice: serde_json::Value| {
        let sketch = Sketch::new().with("Service/shop/db", json!({"spec": {"ports": ports}}));
        let sketch = state.into_iter().fold(sketch, |sketch, state| sketch.covered("EndpointSlice", state));
        let labelled = json!({"metadata": {"labels": {"kubernetes.io/service-name": "db"}}, "endpoints": slice});
        sketch.with("EndpointSlice/shop/db-1", labelled).facts()
    };
    let listed = Some(CoverageState::Listed);
    assert!(has(&with(listed, json!([])), "service_endpoints_absent"));
    assert!(!has(&with(listed, json!([{"addresses": ["10.1.0.7"]}])), "service_endpoints_absent"));
    assert!(!has(&with(None, json!([])), "service_endpoints_absent"), "there may be others");
}
