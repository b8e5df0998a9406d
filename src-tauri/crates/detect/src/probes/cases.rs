use serde_json::{Value, json};

use crate::sketch::{Sketch, ago, fact, has};

fn probed(probes: Value) -> Sketch {
    let again = probes.clone();
    let put = |container: &mut Value, probes: &Value| {
        for (key, value) in probes.as_object().into_iter().flatten() {
            container[key] = value.clone();
        }
    };
    Sketch::new()
        .deployment("cart")
        .but("Deployment/shop/cart", move |d| put(&mut d["spec"]["template"]["spec"]["containers"][0], &probes))
        .but("Pod/shop/cart-abc-1", move |p| {
            put(&mut p["spec"]["containers"][0], &again);
            p["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "lastTransitionTime": ago(300)}]);
            p["status"]["containerStatuses"][0]["ready"] = json!(false);
        })
        .unavailable("cart")
}

#[test]
fn a_probe_on_a_port_that_nobody_listens_on_is_told() {
    let facts = probed(json!({"readinessProbe": {"tcpSocket": {"port": 9999}}}))
        .event(
            "Pod/shop/cart-abc-1",
            "Unhealthy",
            "Readiness probe failed: dial tcp 10.0.0.1:9999: connect: connection refused",
        )
        .facts();
    assert_eq!(fact(&facts, "probe_failing", "Deployment/shop/cart").args["answer"], "refused");
    assert_eq!(fact(&facts, "probe_port_unlistened", "Deployment/shop/cart").args["container_ports"], json!([8080]));
    let fine = probed(json!({"readinessProbe": {"tcpSocket": {"port": 8080}}})).facts();
    assert!(!has(&fine, "probe_port_unlistened"));
}

#[test]
fn http_against_grpc_is_a_mismatch_of_kind() {
    let facts = probed(json!({"readinessProbe": {"httpGet": {"port": 8080, "path": "/"}}, "livenessProbe": {"grpc": {"port": 8080}}}))
        .event("Pod/shop/cart-abc-1", "Unhealthy", "Readiness probe failed: Get \"http://10.0.0.1:8080/\": net/http: HTTP/1.x transport connection broken: malformed HTTP response \"\\x00\"")
        .facts();
    let told = fact(&facts, "probe_kind_mismatch", "Deployment/shop/cart");
    assert_eq!((&told.args["speaks"], &told.args["other_probe_kind"]), (&json!("grpc"), &json!("grpc")));
    assert!(has(&facts, "probes_disagree"));
}

#[test]
fn a_liveness_probe_that_kills_within_seconds_is_too_early() {
    let hasty = json!({"livenessProbe": {"tcpSocket": {"port": 8080}, "initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 1}});
    let patient = json!({"livenessProbe": {"tcpSocket": {"port": 8080}, "initialDelaySeconds": 30}});
    let with = |probe: Value, ran: i64| {
        probed(probe)
            .but("Pod/shop/cart-abc-1", |p| {
                let status = &mut p["status"]["containerStatuses"][0];
                status["restartCount"] = json!(3);
                status["lastState"] =
                    json!({"terminated": {"exitCode": 137, "startedAt": ago(60 + ran), "finishedAt": ago(60)}});
            })
            .event(
                "Pod/shop/cart-abc-1",
                "Unhealthy",
                "Liveness probe failed: dial tcp 10.0.0.1:8080: connect: connection refused",
            )
            .event("Pod/shop/cart-abc-1", "Killing", "Container app failed liveness probe, will be restarted")
            .facts()
    };
    assert_eq!(fact(&with(hasty.clone(), 4), "probe_too_early", "Deployment/shop/cart").args["allows_seconds"], 2);
    assert!(!has(&with(patient, 70), "probe_too_early"));
    assert!(!has(&with(hasty, 2400), "probe_too_early"), "who served for 40 minutes did start");
}
