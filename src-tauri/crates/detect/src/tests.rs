//! Input that lacks something or contradicts itself: what cannot be decided is unknown, with why, and never a "no".

use std::collections::BTreeMap;

use model::{Body, Certainty, Fact, MetricBody, MetricPoint, Time};
use serde_json::json;

use crate::sketch::{NOW, Sketch, ago, fact, has};

/// Why a fact is unknown.
fn open<'f>(facts: &'f [Fact], name: &str, subject: &str) -> &'f str {
    match &fact(facts, name, subject).certainty {
        Certainty::Unknown { because } => because,
        Certainty::Known => panic!("{name} about {subject} is known"),
    }
}

#[test]
fn trouble_that_begins_in_the_future_by_another_clock_has_lasted_as_long_as_it_was_seen() {
    let unready = |at: String| {
        Sketch::new()
            .deployment("cart")
            .but("Pod/shop/cart-abc-1", |pod| {
                pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "lastTransitionTime": at}]);
                pod["status"]["containerStatuses"][0]["ready"] = json!(false);
            })
            .unavailable("cart")
    };
    let ahead = || unready(ago(-900));
    assert_eq!(fact(&ahead().facts(), "pod_not_ready", "Deployment/shop/cart").args["for_seconds"], 600);
    assert!(!ahead().triage().incidents.is_empty(), "it is no pod that has just started");
    assert_eq!(fact(&unready(ago(40)).facts(), "pod_not_ready", "Deployment/shop/cart").args["for_seconds"], 40);
}

#[test]
fn whose_event_it_is_the_uid_decides_and_not_a_clock_that_is_behind() {
    let told = |uid: &str, seconds: i64| {
        let message = "The node was low on resource: memory.";
        Sketch::new()
            .deployment("cart")
            .event_of("Pod/shop/cart-abc-1", uid, "FailedAttachVolume", message, seconds)
            .facts()
    };
    assert!(
        has(&told("Pod/shop/cart-abc-1", 3_000), "volume_attach_failed"),
        "written before its creation, and its own"
    );
    assert!(!has(&told("an earlier pod", 60), "volume_attach_failed"), "of a pod of the same name that is gone");
}

#[test]
fn another_object_of_the_same_name_is_said_to_be_another() {
    let changed = |uid: &str| {
        let mut sketch = Sketch::new().deployment("cart").earlier(
            "Service/shop/cart",
            4000,
            json!({"spec": {"selector": {"app": "carts"}, "ports": [{"port": 80, "targetPort": 8080}]}}),
        );
        sketch.rename_earlier("Service/shop/cart", uid);
        fact(&sketch.facts(), "changed_recently", "Service/shop/cart").args["how"].clone()
    };
    assert_eq!(changed("Service/shop/cart"), "version");
    assert_eq!(changed("another"), "recreated");
}

#[test]
fn what_changed_while_nobody_looked_is_not_known() {
    let facts = Sketch::new().deployment("cart").gap(7200, 3600).facts();
    let told = facts.iter().find(|f| f.name == "changed_recently").map(|f| &f.certainty);
    assert_eq!(told, Some(&Certainty::Unknown { because: "the program did not run".into() }));
    let before_yesterday = Sketch::new().deployment("cart").gap(300_000, 200_000).facts();
    assert!(!before_yesterday.iter().any(|f| f.name == "changed_recently"));
}

fn metric(name: &str, values: impl IntoIterator<Item = (i64, f64)>) -> Body {
    let points =
        values.into_iter().map(|(ago, value)| MetricPoint { at: Time::from_seconds(NOW - ago), value }).collect();
    Body::Metric(MetricBody { name: name.into(), unit: String::new(), labels: BTreeMap::new(), points })
}

#[test]
fn cpu_that_was_measured_only_before_it_became_slow_rules_nothing_out() {
    let slow = || metric("p95latency", (0..60).map(|i| (600 - 10 * i, if i < 30 { 2.0 } else { 900.0 })));
    let with = |cpu: Body| {
        let sketch = Sketch::new().deployment("cart").released(Some("Deployment/shop/cart"), slow());
        sketch.released(Some("Deployment/shop/cart"), cpu).facts()
    };
    let usage = |until: i64| {
        let values = (0..60).map(move |i| (600 - 10 * i, if i < until { 0.01 } else { f64::NAN }));
        metric("container_cpu_usage_cores", values)
    };
    assert_eq!(open(&with(usage(25)), "cpu_high", "Deployment/shop/cart"), "its CPU was not measured");
    assert!(!with(usage(60)).iter().any(|f| f.name == "cpu_high"), "measured all the time, and idle");
}

#[test]
fn memory_whose_series_ended_is_not_known_to_be_flat() {
    let with = |last: i64| {
        let series = metric("container_memory_working_set_bytes", (0..60).map(|i| (last + 10 * (59 - i), 1e8)));
        Sketch::new().deployment("cart").released(Some("Pod/shop/cart-abc-1"), series).facts()
    };
    assert!(open(&with(3600), "memory_flat", "Deployment/shop/cart").contains("3600 s before"));
    assert!(has(&with(20), "memory_flat"));
}

#[test]
fn figures_of_a_name_that_two_namespaces_have_are_nobodys_unless_they_say_whose() {
    let with = |namespace: Option<&str>| {
        let mut labels = BTreeMap::from([("app".to_owned(), "cart".to_owned())]);
        labels.extend(namespace.map(|n| ("namespace".to_owned(), n.to_owned())));
        let points = (0..60).map(|i| MetricPoint {
            at: Time::from_seconds(NOW - 600 + 10 * i),
            value: if i < 30 { 2.0 } else { 900.0 },
        });
        let series = MetricBody { name: "p95latency".into(), unit: String::new(), labels, points: points.collect() };
        let other = json!({"spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app"}]}}}});
        let sketch = Sketch::new().deployment("cart").with("Deployment/test/cart", other);
        sketch.released(None, Body::Metric(series)).facts()
    };
    assert!(!has(&with(None), "latency_rise"));
    fact(&with(Some("shop")), "latency_rise", "Deployment/shop/cart");
}

#[test]
fn a_port_without_its_number_may_be_the_one_that_is_missing() {
    let with = |ports: serde_json::Value| {
        Sketch::new()
            .deployment("cart")
            .but("Deployment/shop/cart", |d| d["spec"]["template"]["spec"]["containers"][0]["ports"] = ports)
            .facts()
    };
    assert!(has(&with(json!([{"containerPort": 9090}])), "service_target_port_closed"));
    let open = with(json!([{"containerPort": 9090}, {"name": "http"}]));
    assert!(!has(&open, "service_target_port_closed"));
    fact(&open, "service_target_port_closed", "Service/shop/cart");
}

#[test]
fn a_node_that_says_nothing_of_its_readiness_is_neither_ready_nor_not() {
    let facts = Sketch::new().with("Node/new", json!({"spec": {}, "status": {}})).facts();
    assert_eq!(open(&facts, "node_not_ready", "Node/new"), "it has no condition of that name");
    assert!(!Sketch::new().node("old", false).facts().iter().any(|f| f.name == "node_not_ready"));
}

#[test]
fn a_budget_that_nobody_counted_is_not_known_to_let_a_drain_go_on() {
    let with = |status: serde_json::Value| {
        let selector = json!({"matchLabels": {"app": "cart"}});
        let budget = json!({"spec": {"minAvailable": 1, "selector": selector}, "status": status});
        Sketch::new().deployment("cart").node("node-a", true).with("PodDisruptionBudget/shop/cart", budget).facts()
    };
    assert_eq!(
        open(&with(json!({})), "disruption_budget_blocks", "PodDisruptionBudget/shop/cart"),
        "its status is not known"
    );
    let counted = json!({"disruptionsAllowed": 1, "expectedPods": 2, "currentHealthy": 2});
    assert!(!with(counted).iter().any(|f| f.name == "disruption_budget_blocks"));
}

#[test]
fn an_event_about_nothing_and_one_about_an_unknown_kind_harm_nobody() {
    let sketch = || Sketch::new().deployment("cart");
    let plain = sketch().facts();
    let odd = sketch()
        .event("Unheard/shop/of", "FailedMount", "MountVolume.SetUp failed for volume \"x\" : timed out")
        .event("Pod/shop/cart", "BackOff", "")
        .facts();
    assert_eq!(plain, odd);
}
