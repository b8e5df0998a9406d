use serde_json::{Value, json};

use crate::sketch::{Sketch, ago, reference};

fn env(name: &str, value: &str) -> impl FnOnce(&mut Value) {
    let variable = json!([{"name": name, "value": value}]);
    move |d| d["spec"]["template"]["spec"]["containers"][0]["env"] = variable
}

fn crash() -> Value {
    json!({"exitCode": 1, "reason": "Error", "startedAt": ago(100), "finishedAt": ago(90)})
}

#[test]
fn a_healthy_cluster_has_no_incident() {
    let triage = Sketch::new().deployment("web").deployment("cart").node("node-a", false).triage();
    assert!(triage.incidents.is_empty(), "{:#?}", triage.incidents);
}

#[test]
fn a_noisy_but_healthy_cluster_has_only_a_ledger() {
    let triage = Sketch::new()
        .deployment("web")
        .node("node-a", false)
        .with("Node/master", json!({"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}},
            "spec": {"unschedulable": true}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}))
        .but("Pod/shop/web-abc-1", |pod| {
            let status = &mut pod["status"]["containerStatuses"][0];
            status["restartCount"] = json!(1);
            status["lastState"] = json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(500)}});
        })
        .event_at("Pod/shop/web-abc-1", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 590, 1)
        .event_at("ReplicaSet/shop/web-abc", "FailedCreate", "Error creating: pods \"web-abc-\" is forbidden: error looking up service account shop/web: serviceaccount \"web\" not found", 599, 2)
        .event_at("Pod/shop/long-gone", "FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.", 590, 9)
        .with("Job/shop/done", json!({"status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}))
        .with("Pod/shop/done-x", json!({"status": {"phase": "Succeeded"}, "spec": {"containers": [{"name": "a"}]}}))
        .triage();
    assert!(triage.incidents.is_empty(), "{:#?}", triage.incidents);
    let rules: Vec<&str> = triage.noise.iter().map(|n| n.rule.as_str()).collect();
    assert!(rules.contains(&"control-plane-kept-free"), "{rules:?}");
    assert!(rules.contains(&"start-up-noise"), "{rules:?}");
    assert!(triage.noise.iter().all(|n| !n.because.is_empty()));
}

#[test]
fn an_alert_that_only_informs_is_set_aside_and_one_that_warns_is_not() {
    let fires = |severity: &str| {
        let alert = model::AlertBody {
            name: "CertificateExpiresSoon".into(),
            state: model::AlertState::Firing,
            severity: severity.into(),
            labels: [].into(),
            annotations: [].into(),
            starts_at: model::Time::from_seconds(0),
            ends_at: None,
        };
        Sketch::new().deployment("web").released(Some("Deployment/shop/web"), model::Body::Alert(alert)).triage()
    };
    let calm = fires("info");
    assert!(calm.incidents.is_empty() && calm.noise.iter().any(|n| n.rule == "informational-alert"), "{calm:#?}");
    assert_eq!(fires("warning").incidents.len(), 1);
}

#[test]
fn what_the_engineer_split_merged_and_pinned_stays_so() {
    use model::{Grouping, ObjectRef};
    let sketch = || {
        Sketch::new()
            .pending("db")
            .event("Pod/shop/db-abc-1", "FailedScheduling", "0/1 nodes are available: 1 Insufficient memory.")
            .broken("cart", "CrashLoopBackOff", "", crash())
            .but("Deployment/shop/cart", env("DB_ADDR", "db:5432"))
            .broken("till", "CrashLoopBackOff", "", crash())
    };
    let object = |name: &str| ObjectRef::new("Deployment", "shop", name);
    let groups = |rules: &[Grouping]| -> Vec<Vec<String>> {
        let triage = sketch().triage_by(rules);
        let names = |i: &model::Incident| {
            let mut names: Vec<String> =
                i.subjects.iter().filter(|s| s.kind == "Deployment").map(|s| s.name.to_string()).collect();
            names.sort();
            names
        };
        triage.incidents.iter().map(names).collect()
    };
    let usual = groups(&[]);
    assert!(usual.contains(&vec!["cart".into(), "db".into()]) && usual.contains(&vec!["till".into()]), "{usual:?}");
    let split = groups(&[Grouping::Split { one: object("cart"), other: object("db") }]);
    assert!(split.contains(&vec!["cart".into()]) && split.contains(&vec!["db".into()]), "{split:?}");
    let merged = groups(&[Grouping::Merge { one: object("cart"), other: object("till") }]);
    assert_eq!(merged, [vec!["cart".to_owned(), "db".into(), "till".into()]]);
    // A split holds against a merge over a third.
    let both = groups(&[
        Grouping::Merge { one: object("cart"), other: object("till") },
        Grouping::Split { one: object("till"), other: object("db") },
    ]);
    assert!(both.contains(&vec!["cart".into(), "till".into()]) && both.contains(&vec!["db".into()]), "{both:?}");
    let apart = |name: &str, signals: &[&str]| Grouping::Apart {
        these: vec![model::Trouble {
            object: object(name),
            signals: signals.iter().map(ToString::to_string).collect(),
        }],
    };
    let alone = groups(&[apart("cart", &[])]);
    assert!(alone.contains(&vec!["cart".into()]) && alone.contains(&vec!["db".into()]), "{alone:?}");
    // Put together with something else later, it is together with that and nothing else.
    let elsewhere = groups(&[apart("cart", &[]), Grouping::Merge { one: object("cart"), other: object("till") }]);
    assert!(elsewhere.contains(&vec!["cart".into(), "till".into()]), "{elsewhere:?}");
    // What one object shows can be two troubles.
    let twice = sketch().triage_by(&[apart("cart", &["crash_loop"])]).incidents;
    let of_cart: Vec<Vec<&str>> = twice
        .iter()
        .filter(|i| i.subjects.contains(&object("cart")))
        .map(|i| i.signals.iter().filter(|s| s.subject == object("cart")).map(|s| s.name.as_str()).collect())
        .collect();
    assert_eq!(of_cart.len(), 2, "{of_cart:?}");
    assert!(of_cart.contains(&vec!["crash_loop"]), "{of_cart:?}");
    for name in ["till", "cart"] {
        assert!(groups(&[Grouping::Pin { object: object(name) }])[0].contains(&name.to_owned()));
    }
}

#[test]
fn a_broken_database_and_the_callers_that_crash_for_it_are_one_incident_that_starts_at_the_database() {
    let triage = Sketch::new()
        .pending("db")
        .event("Pod/shop/db-abc-1", "FailedScheduling", "0/1 nodes are available: 1 Insufficient memory.")
        .broken("cart", "CrashLoopBackOff", "", crash())
        .but("Deployment/shop/cart", env("DB_ADDR", "db:5432"))
        .broken("web", "CrashLoopBackOff", "", crash())
        .but("Deployment/shop/web", env("CART_URL", "http://cart:80"))
        .node("node-a", false)
        .triage();
    assert_eq!(triage.incidents.len(), 1, "{:#?}", triage.incidents.iter().map(|i| &i.subjects).collect::<Vec<_>>());
    let incident = &triage.incidents[0];
    assert_eq!(incident.origin, Some(reference("Deployment/shop/db")));
    assert!(incident.links.iter().all(|l| !l.reason.is_empty() && !l.evidence.is_empty()));
    assert!(incident.subjects.contains(&reference("Deployment/shop/web")));
}

#[test]
fn two_unrelated_failures_in_one_namespace_are_two_incidents() {
    let triage = Sketch::new()
        .broken("cart", "CrashLoopBackOff", "", crash())
        .broken("mail", "ImagePullBackOff", "Back-off pulling image", Value::Null)
        .triage();
    assert_eq!(triage.incidents.len(), 2);
}

#[test]
fn a_caller_with_a_fault_of_its_own_is_not_put_to_its_dependency() {
    let triage = Sketch::new()
        .broken("db", "CrashLoopBackOff", "", crash())
        .broken("cart", "ImagePullBackOff", "Back-off pulling image", Value::Null)
        .but("Deployment/shop/cart", env("DB_ADDR", "db:80"))
        .triage();
    assert_eq!(triage.incidents.len(), 2, "{:#?}", triage.incidents.iter().map(|i| &i.links).collect::<Vec<_>>());
}

#[test]
fn a_node_that_fails_with_its_pods_is_one_incident() {
    let mut sketch = Sketch::new().node("node-a", false).but("Node/node-a", |node| {
        node["status"]["conditions"] = json!([{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
            "message": "Kubelet stopped posting node status.", "lastTransitionTime": ago(200)}]);
    });
    for name in ["a", "b", "c", "d"] {
        sketch = sketch.deployment(name).unavailable(name).but(&format!("Pod/shop/{name}-abc-1"), |pod| {
            pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "lastTransitionTime": ago(190)}]);
        });
    }
    let triage = sketch.triage();
    assert_eq!(triage.incidents.len(), 1, "{:#?}", triage.incidents.iter().map(|i| &i.subjects).collect::<Vec<_>>());
    assert_eq!(triage.incidents[0].origin, Some(model::ObjectRef::global("Node", "node-a")));
}

#[test]
fn the_same_view_gives_the_same_incidents() {
    let once = || {
        Sketch::new()
            .broken("cart", "CrashLoopBackOff", "", crash())
            .broken("mail", "ImagePullBackOff", "Back-off pulling image", Value::Null)
            .triage()
    };
    assert_eq!(once(), once());
}

#[test]
fn what_was_not_listed_is_told() {
    let triage = Sketch::unwatched().covered("Secret", model::CoverageState::Refused).triage();
    assert!(triage.not_checked.iter().any(|line| line.contains("Secret")), "{:?}", triage.not_checked);
}

#[test]
fn a_start_may_take_as_long_as_its_probes_leave_it() {
    let with = |delay: i64, seconds: i64| {
        let sketch = Sketch::new().deployment("cart").unavailable("cart").but("Deployment/shop/cart", |d| {
            d["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] =
                json!({"httpGet": {"port": 8080}, "initialDelaySeconds": delay});
        });
        let sketch = sketch.but("Pod/shop/cart-abc-1", |p| {
            p["metadata"]["creationTimestamp"] = json!(ago(seconds));
            p["status"]["conditions"] =
                json!([{"type": "Ready", "status": "False", "lastTransitionTime": ago(seconds)}]);
            p["status"]["containerStatuses"][0]["ready"] = json!(false);
        });
        sketch.triage().incidents.len()
    };
    assert_eq!((with(60, 80), with(60, 200), with(0, 80)), (0, 1, 1));
}

#[test]
fn what_crashed_before_its_node_had_trouble_is_an_incident_of_its_own() {
    let with = |crashed: i64| {
        let end = json!({"exitCode": 1, "startedAt": ago(40), "finishedAt": ago(35)});
        let message = "Back-off restarting failed container app";
        let sketch = Sketch::new().broken("cart", "CrashLoopBackOff", "", end).node("node-a", false);
        let sketch = sketch.event_lasting("Pod/shop/cart-abc-1", "BackOff", message, crashed, 30);
        let sketch = sketch.but("Node//node-a", |n| {
            n["status"]["conditions"] = json!([{"type": "Ready", "status": "True"},
                {"type": "DiskPressure", "status": "True", "lastTransitionTime": ago(900)}]);
        });
        sketch.triage().incidents.len()
    };
    assert_eq!((with(3000), with(800)), (2, 1));
}
