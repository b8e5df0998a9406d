#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::collections::BTreeMap;

use model::{
    AlertBody, AlertState, ChangeKind, ClusterId, CoverageState, LogBody, MetricBody, NodeAgentBody, ProbeBody, Source,
};
use serde_json::json;

use super::*;

fn history(bodies: Vec<(i64, Option<ObjectRef>, Body)>) -> History {
    let cluster = ClusterId("cluster:recorded".into());
    let history = History::in_memory(cluster.clone()).unwrap();
    let observations: Vec<Observation> = bodies
        .into_iter()
        .map(|(at, subject, body)| {
            let at = Time::from_seconds(at);
            Observation::new(cluster.clone(), at, at, Source::Import, subject, body)
        })
        .collect();
    history.append(&observations).unwrap();
    history
}

fn log(container: &str, previous: bool) -> Body {
    Body::Log(LogBody {
        container: container.into(),
        previous,
        text: format!("{container} {previous}"),
        ..LogBody::default()
    })
}

fn question(container: Option<&str>, previous: bool) -> LogQuestion {
    LogQuestion {
        namespace: "shop".into(),
        pod: "cart".into(),
        containers: container.map_or(Containers::Telling, |name| Containers::Named(vec![name.to_owned()])),
        previous,
        ..LogQuestion::default()
    }
}

fn cart() -> Option<ObjectRef> {
    Some(ObjectRef::new("Pod", "shop", "cart"))
}

#[test]
fn a_recorded_log_is_found_by_container_and_run() {
    let history = history(vec![
        (10, cart(), log("app", false)),
        (10, cart(), log("app", true)),
        (10, cart(), log("mesh", false)),
    ]);
    let to = Time::from_seconds(20);
    assert_eq!(logs(&history, &question(None, false), to).unwrap().len(), 2);
    assert_eq!(logs(&history, &question(Some("app"), true), to).unwrap().len(), 1);
    let error = logs(&history, &question(Some("mesh"), true), to).unwrap_err();
    assert!(error.hint().contains("`app` (previous)"), "{error:?}");
}

#[test]
fn nothing_from_after_the_time_the_case_looks_at_is_found() {
    let history = history(vec![(10, cart(), log("app", false))]);
    let error = logs(&history, &question(None, false), Time::from_seconds(9)).unwrap_err();
    assert!(matches!(error, ReadError::NotAvailable { .. }), "{error:?}");
    assert_eq!(logs(&history, &question(None, false), Time::from_seconds(10)).unwrap().len(), 1);
}

#[test]
fn a_source_that_was_never_recorded_differs_from_one_that_says_nothing() {
    let alert = |namespace: &str| {
        Body::Alert(AlertBody {
            name: "Hot".into(),
            state: AlertState::Firing,
            severity: "warning".into(),
            labels: BTreeMap::from([("namespace".into(), namespace.into())]),
            annotations: BTreeMap::new(),
            starts_at: Time(0),
            ends_at: None,
        })
    };
    let to = Time::MAX;
    let without = history(vec![]);
    let with = history(vec![(10, None, alert("elsewhere"))]);
    assert!(matches!(alerts(&without, Some("shop"), to), Err(ReadError::NotAvailable { .. })));
    assert!(alerts(&with, Some("shop"), to).unwrap().is_empty());
    assert_eq!(alerts(&with, None, to).unwrap().len(), 1);
    for answer in [
        metrics(&without, &MetricQuestion::default(), to),
        node_agents(&without, None, to),
        changes(&without, None, to),
        dependencies(&without, None, to),
        probe(&without, "shop", "cart", None, to),
        shape(&without, "Secret", "shop", "db", to),
        object(&without, &ObjectRef::new("Basket", "shop", "b"), to),
    ] {
        let error = answer.unwrap_err();
        assert!(matches!(error, ReadError::NotAvailable { .. }) && !error.hint().is_empty(), "{error:?}");
    }
}

#[test]
fn of_monitoring_and_agents_a_recording_can_answer_what_it_holds_by_then() {
    let firing = AlertBody {
        name: "Down".into(),
        state: AlertState::Firing,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        severity: "warning".into(),
        starts_at: Time::from_seconds(5),
        ends_at: None,
    };
    let history = history(vec![(5, None, Body::Alert(firing))]);
    let reads = |at: i64| -> Vec<&str> {
        unanswerable(&history, Time::from_seconds(at)).unwrap().into_iter().map(|(read, _)| read).collect()
    };
    assert_eq!(reads(9), ["metrics", "node_agents"]);
    assert_eq!(reads(4), ["alerts", "metrics", "node_agents"]);
}

#[test]
fn metrics_are_found_by_object_by_label_and_by_name() {
    let metric = |name: &str, pod: &str| {
        Body::Metric(MetricBody {
            name: name.into(),
            unit: "bytes".into(),
            labels: BTreeMap::from([("pod".into(), pod.into())]),
            points: Vec::new(),
        })
    };
    let history = history(vec![
        (1, cart(), metric("memory", "cart")),
        (1, None, metric("memory", "cart")),
        (1, Some(ObjectRef::new("Pod", "other", "cart")), metric("memory", "cart")),
        (1, cart(), metric("cpu", "cart")),
    ]);
    let found = |question: MetricQuestion| metrics(&history, &question, Time::MAX).unwrap().len();
    assert_eq!(found(MetricQuestion::default()), 4);
    assert_eq!(found(MetricQuestion { object: cart(), ..MetricQuestion::default() }), 3);
    assert_eq!(found(MetricQuestion { name: Some("mem".into()), ..MetricQuestion::default() }), 3);
    assert_eq!(found(MetricQuestion { namespace: Some("other".into()), ..MetricQuestion::default() }), 2);
}

#[test]
fn an_object_is_missing_only_where_its_kind_was_listed_whole() {
    let basket = |name: &str| Some(ObjectRef::new("Basket", "shop", name));
    let version = |version: &str, change: ChangeKind| Body::Object {
        api_version: "shop.example/v1".into(),
        uid: "u".into(),
        resource_version: version.into(),
        change,
        object: json!({"metadata": {"resourceVersion": version}}).into(),
    };
    let listed = Body::Coverage { kind: "Basket".into(), namespace: "shop".into(), state: CoverageState::Listed };
    let history = history(vec![
        (1, basket("b"), version("1", ChangeKind::Present)),
        (5, basket("b"), version("2", ChangeKind::Present)),
        (3, basket("gone"), version("3", ChangeKind::Deleted)),
        (6, None, listed),
    ]);
    let ask = |name: &str, to: i64| object(&history, &ObjectRef::new("Basket", "shop", name), Time::from_seconds(to));
    let newest = |found: Vec<Observation>| match &found[0].body {
        Body::Object { resource_version, .. } => resource_version.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(newest(ask("b", 10).unwrap()), "2");
    assert_eq!(newest(ask("b", 4).unwrap()), "1");
    assert!(matches!(ask("never", 10), Err(ReadError::Missing { .. })));
    assert!(matches!(ask("never", 4), Err(ReadError::NotAvailable { .. })));
    assert_eq!(ask("", 10).unwrap().len(), 2);
}

#[test]
fn probes_and_agents_are_found_by_what_they_are_about() {
    let probed = |port: u16| {
        Body::Probe(ProbeBody {
            target: format!("cart:{port}"),
            port,
            protocol: "tcp".into(),
            reachable: false,
            output: String::new(),
        })
    };
    let agent = |node: &str| {
        Body::NodeAgent(NodeAgentBody {
            node: node.into(),
            service: "containerd".into(),
            state: "inactive (dead)".into(),
            output: String::new(),
        })
    };
    let service = Some(ObjectRef::new("Service", "shop", "cart"));
    let history = history(vec![
        (1, service.clone(), probed(80)),
        (1, service, probed(81)),
        (1, Some(ObjectRef::global("Node", "n1")), agent("n1")),
    ]);
    let to = Time::MAX;
    assert_eq!(probe(&history, "shop", "cart", None, to).unwrap().len(), 2);
    assert_eq!(probe(&history, "shop", "cart", Some(81), to).unwrap().len(), 1);
    assert!(probe(&history, "shop", "cart", Some(82), to).is_err());
    assert_eq!(node_agents(&history, Some("n1"), to).unwrap().len(), 1);
    assert!(node_agents(&history, Some("n2"), to).is_err());
}
