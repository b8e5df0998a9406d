#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::sync::Arc;
use std::time::Duration;

use gate::{Door, Permit, Policy};
use history::DeskFile;
use model::{Author, CallId, CaseFact, CaseId, ClusterId, Preview, Risk, ToolCall, Written};
use serde_json::json;

use super::*;
use crate::connection::Patience;
use crate::connection::tests::{WallClock, open, open_patient, pod};
use crate::fake::{Fake, Script, Then as FakeThen, Wanted as Asked};
use crate::{Change, Containers, LogQuestion, MetricQuestion, Part, Reach, Target, WriteError};

const PATIENCE: Duration = Duration::from_secs(60);

/// A permit as the gate makes it, for a call on this cluster.
fn permit(cluster: &ClusterId) -> Permit {
    let desk = Arc::new(DeskFile::in_memory().unwrap());
    let door = Door::new(desk, Arc::new(WallClock));
    let case = CaseId(uuid());
    let engineer = Author::Engineer { name: "engineer".into() };
    let opened = CaseFact::Opened {
        title: "t".into(),
        cluster: cluster.clone(),
        cluster_name: "c".into(),
        as_of: Time(0),
        question: None,
        incidents: Vec::new(),
    };
    door.write(case, &[Written { at: Time(0), author: Author::Program, fact: opened }]).unwrap();
    let call = ToolCall::new("test", cluster.clone(), json!({}));
    let preview = Preview { does: String::new(), diff: None, cost: String::new(), undo: None };
    let id = CallId(uuid());
    let by = Author::Investigator { name: "built-in".into() };
    let asked = door.propose(case, id, call, Risk::Read, preview, &Policy::default(), by).unwrap();
    door.approve(case, id, &asked.digest, engineer).unwrap();
    door.start(case, id).unwrap()
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

pub(crate) async fn live(fake: &Fake) -> (Reach, Permit) {
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    let permit = permit(connection.cluster());
    (Reach::Live(connection), permit)
}

fn text_of(observations: &[Observation]) -> String {
    serde_json::to_string(observations).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_the_failing_container_is_read_and_nothing_else_is_kept() {
    let fake = Fake::start().await;
    let mut cart = pod("cart");
    cart["spec"]["containers"] = json!([{"name": "mesh"}, {"name": "app"}]);
    cart["status"] = json!({"containerStatuses": [
        {"name": "mesh", "ready": true, "state": {"running": {}}},
        {"name": "app", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
    fake.put("pods", cart);
    fake.shelf().answers.insert("/api/v1/namespaces/shop/pods/cart/log".into(), (200, "one\ntwo\n".into()));
    let (reach, permit) = live(&fake).await;
    let question = LogQuestion {
        namespace: "shop".into(),
        pod: "cart".into(),
        previous: true,
        tail: Some(2),
        ..LogQuestion::default()
    };
    let found = reach.logs(&permit, &question, Time::MAX).await.unwrap().observations;
    let [seen] = &found[..] else { panic!("one log") };
    let Body::Log(log) = &seen.body else { panic!("a log") };
    assert_eq!((log.container.as_str(), log.text.as_str(), log.previous), ("app", "one\ntwo", true));
    assert!(log.cut.as_ref().unwrap().contains("2 lines"));
    let asked = fake.seen("/log");
    assert!(asked[0].query.contains("container=app") && asked[0].query.contains("previous=true"), "{asked:?}");
    let Reach::Live(connection) = &reach else { panic!("live") };
    assert!(connection.history().get(&seen.id).unwrap().is_none(), "the tool appends it, the read does not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_there_is_not_an_empty_log() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    let (reach, permit) = live(&fake).await;
    let mut question = LogQuestion {
        namespace: "shop".into(),
        pod: "cart".into(),
        containers: Containers::Named(vec!["app".into()]),
        ..Default::default()
    };
    let path = "/api/v1/namespaces/shop/pods/cart/log";
    let never = json!({"kind": "Status", "status": "Failure", "code": 400, "reason": "BadRequest", "metadata": {},
        "message": "previous terminated container \"app\" in pod \"cart\" not found"});
    fake.shelf().answers.insert(path.into(), (400, never.to_string()));
    question.previous = true;
    let error = reach.logs(&permit, &question, Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::NotAvailable { .. }), "{error:?}");
    assert!(error.to_string().contains("not found") && error.could_not_look(), "{error}");

    fake.shelf().answers.insert(path.into(), (200, String::new()));
    let empty = reach.logs(&permit, &question, Time::MAX).await.unwrap().observations;
    assert!(matches!(&empty[0].body, Body::Log(log) if log.text.is_empty() && log.cut.is_none()));

    question.pod = "nobody".into();
    question.containers = Containers::Telling;
    let error = reach.logs(&permit, &question, Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::Missing { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_for_another_cluster_reads_nothing() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    let (reach, _) = live(&fake).await;
    let other = permit(&ClusterId("cluster:another".into()));
    let question = LogQuestion { namespace: "shop".into(), pod: "cart".into(), ..LogQuestion::default() };
    let error = reach.logs(&other, &question, Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::WrongCluster { .. }), "{error:?}");
    assert!(matches!(reach.alerts(&other, None, Time::MAX).await, Err(ReadError::WrongCluster { .. })));
    assert!(matches!(reach.secret_shape(&other, "a", "b", Time::MAX).await, Err(ReadError::WrongCluster { .. })));
    let Reach::Live(connection) = &reach else { panic!("live") };
    let pod = ObjectRef::new("Pod", "shop", "cart");
    let target =
        Target { object: json!({}), uid: "uid-cart".into(), resource_version: String::new(), part: Part::Whole };
    let deleted = connection.change(&other, &pod, &Change::Delete, &target).await;
    assert!(matches!(deleted, Err(WriteError::Other(ReadError::WrongCluster { .. }))));
    assert!(matches!(connection.target(&other, &pod, Part::Whole).await, Err(ReadError::WrongCluster { .. })));
    let asked: Vec<String> =
        fake.shelf().requests.iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    let by_watches = |line: &String| {
        line.contains("selfsubjectrules")
            || line.starts_with("GET ") && !line.contains("/cart") && !line.contains("/namespaces/")
    };
    assert!(asked.iter().all(by_watches), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shape_of_a_secret_has_no_value() {
    let fake = Fake::start().await;
    fake.put(
        "secrets",
        json!({"metadata": {"name": "db", "namespace": "shop", "uid": "s"},
        "data": {"password": "aHVudGVyMg=="}}),
    );
    let (reach, permit) = live(&fake).await;
    let found = reach.secret_shape(&permit, "shop", "db", Time::MAX).await.unwrap();
    let text = text_of(&found);
    assert!(text.contains("\"password\"") && !text.contains("aHVudGVyMg") && !text.contains("hunter2"), "{text}");
    let error = reach.config_shape(&permit, "shop", "none", Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::Missing { .. }), "{error:?}");
    // As an object a Secret is only its metadata, whoever asks.
    let object = reach.object(&permit, &ObjectRef::new("Secret", "shop", "db"), Time::MAX).await.unwrap();
    assert!(!text_of(&object).contains("aHVudGVyMg"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unwatched_kind_is_found_by_discovery() {
    let fake = Fake::start().await;
    fake.put(
        "baskets",
        json!({"metadata": {"name": "b1", "namespace": "shop", "uid": "b"}, "status": {"phase": "Torn"}}),
    );
    let (reach, permit) = live(&fake).await;
    let found = reach.object(&permit, &ObjectRef::new("Basket", "shop", "b1"), Time::MAX).await.unwrap();
    assert!(text_of(&found).contains("Torn"));
    let listed = reach.object(&permit, &ObjectRef::new("Basket", "shop", ""), Time::MAX).await.unwrap();
    assert_eq!(listed.len(), 1);
    let error = reach.object(&permit, &ObjectRef::new("Basket", "shop", "b2"), Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::Missing { .. }), "{error:?}");
    let error = reach.object(&permit, &ObjectRef::new("Teapot", "shop", "t"), Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::NotAvailable { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn use_of_cpu_and_memory_is_read_where_it_is_served() {
    let fake = Fake::start().await;
    fake.shelf().answers.insert(
        "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods".into(),
        (200, json!({"items": [{"metadata": {"name": "cart-7f-x", "namespace": "shop"}, "timestamp": "2026-05-01T00:00:00Z",
            "window": "15s", "containers": [{"name": "app", "usage": {"cpu": "250m", "memory": "64Mi"}}]}]}).to_string()),
    );
    let (reach, permit) = live(&fake).await;
    let question = MetricQuestion {
        object: Some(ObjectRef::new("Deployment", "shop", "cart")),
        name: Some("memory".into()),
        ..MetricQuestion::default()
    };
    let found = reach.metrics(&permit, &question, Time::MAX).await.unwrap().observations;
    let [seen] = &found[..] else { panic!("one metric: {found:?}") };
    let Body::Metric(metric) = &seen.body else { panic!("a metric") };
    assert_eq!((metric.points[0].value, metric.unit.as_str()), (67_108_864.0, "bytes"));
    assert_eq!(seen.subject, Some(ObjectRef::new("Pod", "shop", "cart-7f-x")));
}

#[test]
fn quantities_are_read_as_kubernetes_writes_them() {
    use super::resource_use::quantity;
    for (text, value) in
        [("250m", 0.25), ("12345n", 1.2345e-5), ("64Mi", 67_108_864.0), ("1e3", 1000.0), ("2", 2.0), ("3k", 3000.0)]
    {
        assert!((quantity(text).unwrap() - value).abs() <= value * 1e-9, "{text}");
    }
    assert_eq!(quantity("lots"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_live_cluster_cannot_tell_is_said_with_what_to_do() {
    let fake = Fake::start().await;
    fake.shelf().unserved.insert("pods".into());
    let (reach, permit) = live(&fake).await;
    let errors = [
        reach.alerts(&permit, None, Time::MAX).await.unwrap_err(),
        reach.changes(&permit, None, Time::MAX).await.unwrap_err(),
        reach.dependencies(&permit, None, Time::MAX).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, ReadError::NotAvailable { .. }), "{error:?}");
        assert!(!error.hint().is_empty() && error.could_not_look());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kubelet_is_asked_and_of_one_that_is_not_reached_nothing_is_known() {
    let fake = Fake::start().await;
    fake.put("nodes", json!({"metadata": {"name": "n1", "uid": "1"}}));
    fake.put("nodes", json!({"metadata": {"name": "n2", "uid": "2"}}));
    fake.shelf().answers.insert("/api/v1/nodes/n1/proxy/healthz".into(), (200, "ok".into()));
    let down = json!({"kind": "Status", "status": "Failure", "code": 502, "reason": "BadGateway", "metadata": {},
        "message": "error trying to reach service: dial tcp 10.0.0.2:10250: connect: connection refused"});
    fake.shelf().answers.insert("/api/v1/nodes/n2/proxy/healthz".into(), (502, down.to_string()));
    let (reach, permit) = live(&fake).await;
    let found = reach.node_agents(&permit, None, Time::MAX).await.unwrap();
    let states: Vec<(String, String)> = found
        .observations
        .iter()
        .map(|o| match &o.body {
            Body::NodeAgent(agent) => (agent.node.clone(), agent.state.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(states, [("n1".into(), "ok".into())]);
    let [note] = &found.notes[..] else { panic!("{:?}", found.notes) };
    assert!(note.contains("`n2`") && note.contains("could not ask it"), "{note}");
    // Not reached is not known; it is no evidence that the kubelet is down.
    let error = reach.node_agents(&permit, Some("n2"), Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::NotAvailable { .. }) && error.hint().contains("not known"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ill_kubelet_and_the_services_it_lists_are_told_whole() {
    let fake = Fake::start().await;
    let page = "[+]ping ok\n[-]syncloop failed: runtime is down\ncontainerd inactive (dead)\nexited, code 1\n";
    fake.shelf().answers.insert("/api/v1/nodes/n1/proxy/healthz".into(), (500, page.into()));
    let (reach, permit) = live(&fake).await;
    let found = reach.node_agents(&permit, Some("n1"), Time::MAX).await.unwrap().observations;
    let bodies: Vec<_> = found
        .iter()
        .map(|o| match &o.body {
            Body::NodeAgent(agent) => (agent.service.as_str(), agent.state.as_str(), agent.output.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let kubelet = ("kubelet", "failed (not healthy)", "[+]ping ok\n[-]syncloop failed: runtime is down");
    assert_eq!(bodies, [kubelet, ("containerd", "inactive (dead)", "exited, code 1")]);
    let error = reach.node_agents(&permit, Some("n9"), Time::MAX).await.unwrap_err();
    assert!(matches!(error, ReadError::NotAvailable { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_tried_through_the_api_server() {
    let fake = Fake::start().await;
    fake.put(
        "services",
        json!({"metadata": {"name": "cart", "namespace": "shop", "uid": "s"}, "spec": {"ports": [
        {"port": 80}, {"port": 6379, "protocol": "TCP"}, {"port": 81}, {"port": 53, "protocol": "UDP"}]}}),
    );
    let proxied = |port: u16| format!("/api/v1/namespaces/shop/services/cart:{port}/proxy/");
    let status = |message: &str| {
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 503,
            "reason": "ServiceUnavailable", "message": message})
        .to_string()
    };
    fake.shelf().answers.insert(proxied(80), (404, "no such page".into()));
    fake.shelf().answers.insert(proxied(6379), (503, status("error trying to reach service: malformed HTTP response")));
    fake.shelf().answers.insert(proxied(81), (503, status("no endpoints available for service \"cart:81\"")));
    let (reach, permit) = live(&fake).await;
    let found = reach.probe(&permit, "shop", "cart", None, Time::MAX).await.unwrap();
    let told: Vec<(u16, bool)> = found
        .iter()
        .map(|o| match &o.body {
            Body::Probe(probe) => (probe.port, probe.reachable),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [(80, true), (6379, true), (81, false)]);
    assert!(matches!(reach.probe(&permit, "shop", "none", None, Time::MAX).await, Err(ReadError::Missing { .. })));
    let udp = reach.probe(&permit, "shop", "cart", Some(53), Time::MAX).await.unwrap_err();
    assert!(matches!(udp, ReadError::NotAvailable { .. }), "{udp:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_come_from_an_alertmanager_behind_a_service() {
    let fake = Fake::start().await;
    fake.put(
        "services",
        json!({"metadata": {"name": "main", "namespace": "monitoring", "uid": "s",
        "labels": {"app.kubernetes.io/name": "alertmanager"}}, "spec": {"ports": [{"name": "web", "port": 9093}]}}),
    );
    fake.shelf().answers.insert(
        "/api/v1/namespaces/monitoring/services/main:9093/proxy/api/v2/alerts".into(),
        (200, json!([
            {"labels": {"alertname": "CPUThrottlingHigh", "namespace": "shop", "pod": "cart-1", "severity": "warning"},
             "annotations": {}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "status": {"state": "active"}},
            {"labels": {"alertname": "Other", "namespace": "elsewhere"}, "annotations": {}, "status": {"state": "suppressed"}},
        ]).to_string()),
    );
    let (reach, permit) = live(&fake).await;
    let found = reach.alerts(&permit, Some("shop"), Time::MAX).await.unwrap().observations;
    let [seen] = &found[..] else { panic!("one alert: {found:?}") };
    assert_eq!(seen.subject, Some(ObjectRef::new("Pod", "shop", "cart-1")));
    assert!(
        matches!(&seen.body, Body::Alert(alert) if alert.state == model::AlertState::Firing && alert.ends_at.is_none())
    );
}

/// A Deployment without pods, and its name.
fn put_cart(fake: &Fake) -> ObjectRef {
    let metadata = json!({"name": "cart", "namespace": "shop", "uid": "d"});
    fake.put("deployments", json!({"metadata": metadata, "spec": {"replicas": 0}}));
    ObjectRef::new("Deployment", "shop", "cart")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_tried_first_and_meets_only_what_was_looked_at() {
    let fake = Fake::start().await;
    let object = put_cart(&fake);
    let (reach, permit) = live(&fake).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    let change = Change::Merge(json!({"spec": {"replicas": 2}}));
    let target = connection.target(&permit, &object, Part::Whole).await.unwrap();
    let tried = connection.try_change(&permit, &object, &change, &target).await.unwrap();
    assert_eq!((&tried.before["spec"]["replicas"], &tried.after["spec"]["replicas"]), (&json!(0), &json!(2)));
    assert!(!tried.same);
    assert!(fake.seen("/deployments/cart").iter().all(|s| s.method != "PATCH" || s.query.contains("dryRun=All")));

    let stale = || Target { resource_version: "stale".into(), ..copied(&target) };
    let conflict = connection.change(&permit, &object, &change, &stale()).await;
    assert!(matches!(conflict, Err(WriteError::Conflict { .. })), "{conflict:?}");
    let done = connection.change(&permit, &object, &change, &target).await.unwrap();
    assert_eq!(done.after["spec"]["replicas"], 2);

    let target = connection.target(&permit, &object, Part::Whole).await.unwrap();
    let another = Target { uid: "another uid".into(), ..copied(&target) };
    let conflict = connection.change(&permit, &object, &Change::Delete, &another).await;
    assert!(matches!(conflict, Err(WriteError::Conflict { .. })), "{conflict:?}");
    connection.change(&permit, &object, &Change::Delete, &target).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_never_came_may_have_been_made() {
    let fake = Fake::start().await;
    let object = put_cart(&fake);
    let (reach, permit) = live(&fake).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    for (replicas, answered) in [(2, 0), (3, 504), (4, 500)] {
        let change = Change::Merge(json!({"spec": {"replicas": replicas}}));
        let target = connection.target(&permit, &object, Part::Whole).await.unwrap();
        fake.shelf().after_change = Some(answered);
        let open = connection.change(&permit, &object, &change, &target).await;
        assert!(matches!(open, Err(WriteError::Open { .. })), "{answered}: {open:?}");
        let made = connection.target(&permit, &object, Part::Whole).await.unwrap();
        assert_eq!(made.object["spec"]["replicas"], replicas, "and it was");
    }
    fake.shelf().after_change = Some(422);
    let target = connection.target(&permit, &object, Part::Whole).await.unwrap();
    let change = Change::Merge(json!({"spec": {"replicas": 5}}));
    let refused = connection.change(&permit, &object, &change, &target).await;
    assert!(matches!(refused, Err(WriteError::Other(_))), "the server's own no: {refused:?}");
}

fn copied(target: &Target) -> Target {
    let Target { object, uid, resource_version, part } = target;
    Target { object: object.clone(), uid: uid.clone(), resource_version: resource_version.clone(), part: *part }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_is_asked_whether_its_user_may() {
    let fake = Fake::start().await;
    let (reach, permit) = live(&fake).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    let object = ObjectRef::new("Deployment", "shop", "cart");
    assert!(!connection.can(&permit, "patch", &object, Part::Whole).await.unwrap().allowed);
    fake.shelf().allowed = true;
    assert!(connection.can(&permit, "patch", &object, Part::Whole).await.unwrap().allowed);
    let asked = fake.seen("selfsubjectaccessreviews");
    assert!(asked[0].body.contains("\"resource\":\"deployments\""), "{asked:?}");
    connection.can(&permit, "patch", &object, Part::Scale).await.unwrap();
    assert!(fake.seen("selfsubjectaccessreviews")[2].body.contains("\"subresource\":\"scale\""));
}

#[test]
fn names_cannot_climb_out_of_their_place_in_a_path() {
    assert_eq!(segment("../../secrets?x=1#y"), "..%2F..%2Fsecrets%3Fx%3D1%23y");
    assert_eq!(segment(".."), "%2E%2E");
    assert_eq!(segment("cart-7f.v1:80"), "cart-7f.v1:80");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_container_is_read_and_one_that_cannot_be_loses_no_other() {
    let fake = Fake::start().await;
    let mut cart = pod("cart");
    cart["spec"] = json!({"initContainers": [{"name": "prepare"}], "containers": [{"name": "app"}, {"name": "mesh"}],
        "ephemeralContainers": [{"name": "debugger"}]});
    fake.put("pods", cart);
    let path = "/api/v1/namespaces/shop/pods/cart/log";
    for (container, answer) in [
        ("prepare", (200, "prepared\n".to_owned())),
        ("app", (200, "2026-05-01T00:00:01.123456789Z one\n2026-05-01T00:00:02Z \tat two\n".to_owned())),
        ("debugger", (200, String::new())),
    ] {
        fake.shelf().answers.insert(format!("{path}?container={container}"), answer);
    }
    let waiting = json!({"kind": "Status", "status": "Failure", "code": 400, "reason": "BadRequest", "metadata": {},
        "message": "container \"mesh\" in pod \"cart\" is waiting to start: PodInitializing"});
    fake.shelf().answers.insert(format!("{path}?container=mesh"), (400, waiting.to_string()));
    let (reach, permit) = live(&fake).await;
    let question = LogQuestion {
        namespace: "shop".into(),
        pod: "cart".into(),
        containers: Containers::All,
        since: Some("2026-05-01T00:00:00Z".parse().unwrap()),
        ..Default::default()
    };
    let read = reach.logs(&permit, &question, Time::MAX).await.unwrap();
    let told: Vec<(&str, &str)> = read
        .observations
        .iter()
        .map(|o| match &o.body {
            Body::Log(log) => (log.container.as_str(), log.text.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let app = "2026-05-01T00:00:01.123456Z one\n\tat two";
    assert_eq!(told, [("prepare", "prepared"), ("app", app), ("debugger", "")]);
    let [note] = &read.notes[..] else { panic!("{:?}", read.notes) };
    assert!(note.contains("`mesh`") && note.contains("waiting to start"), "{note}");
    let asked = fake.seen("/log");
    assert!(asked.iter().all(|seen| seen.query.contains("timestamps=true")), "{asked:?}");
    assert!(asked.iter().all(|seen| seen.query.contains("sinceTime=2026-05-01T00:00:00Z")), "{asked:?}");
    assert!(asked.iter().all(|seen| !seen.query.contains("tailLines")), "the whole log is read: {asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_held_against_the_whole_log_and_not_against_its_end() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    let lines: String = (0..3_000).map(|n| format!("{} {n}\n", if n == 2 { "needle" } else { "hay" })).collect();
    fake.shelf().answers.insert("/api/v1/namespaces/shop/pods/cart/log".into(), (200, lines));
    let (reach, permit) = live(&fake).await;
    let question = LogQuestion {
        namespace: "shop".into(),
        pod: "cart".into(),
        containers: Containers::Named(vec!["app".into()]),
        tail: Some(10),
        matching: Some(crate::Matching::new("needle")),
        ..Default::default()
    };
    let read = reach.logs(&permit, &question, Time::MAX).await.unwrap();
    let Body::Log(log) = &read.observations[0].body else { panic!("a log") };
    assert_eq!(log.text, "needle 2");
    assert!(log.cut.as_ref().unwrap().contains("1 of 3000 lines hold `needle`"), "{:?}", log.cut);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_pod_that_is_gone_what_was_read_before_is_told() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.shelf().answers.insert("/api/v1/namespaces/shop/pods/cart/log".into(), (200, "last words\n".into()));
    let (reach, permit) = live(&fake).await;
    let question = LogQuestion { namespace: "shop".into(), pod: "cart".into(), ..LogQuestion::default() };
    let Reach::Live(connection) = &reach else { panic!("live") };
    let error = reach.logs(&permit, &LogQuestion { pod: "other".into(), ..question.clone() }, Time::MAX).await;
    assert!(error.unwrap_err().hint().contains("the workload by name"));
    let mut cart = pod("cart");
    cart["spec"]["containers"] = json!([{"name": "app"}]);
    fake.put("pods", cart);
    let read = reach.logs(&permit, &question, Time::MAX).await.unwrap();
    connection.history().append(&read.observations).unwrap();
    fake.delete("pods", "shop", "cart");
    let read = reach.logs(&permit, &question, Time::MAX).await.unwrap();
    assert!(read.notes[0].contains("does not exist any more"), "{:?}", read.notes);
    assert!(text_of(&read.observations).contains("last words"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_is_held_kept_in_the_history_and_ends_with_its_pod() {
    let fake = Fake::start().await;
    let mut cart = pod("cart");
    cart["spec"]["containers"] = json!([{"name": "app"}]);
    cart["status"] = json!({"phase": "Succeeded"});
    fake.put("pods", cart);
    let lines = "2026-05-01T00:00:01Z one\n2026-05-01T00:00:02Z token ghp_0123456789abcdefghijklmnopqrstuvwxyz\n";
    fake.shelf().answers.insert("/api/v1/namespaces/shop/pods/cart/log".into(), (200, lines.into()));
    let (reach, permit) = live(&fake).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    let question = LogQuestion { namespace: "shop".into(), pod: "cart".into(), ..LogQuestion::default() };
    let following = reach.follow(&permit, &question).await.unwrap();
    let waited = tokio::time::timeout(PATIENCE, async {
        while connection.followed().iter().all(|follow| follow.ended.is_none()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("it never ended");
    let page = connection.followed_lines(following.id, 0, 100).unwrap();
    assert_eq!((page.lines.len(), page.next, page.missed), (2, 2, 0));
    assert!(page.lines[0].ends_with(" one") && !page.lines[1].contains("ghp_0123"), "{page:?}");
    assert!(page.state.ended.unwrap().contains("Succeeded"));
    let kept = connection.history().find(&history::Query { types: vec!["log"], ..Default::default() }).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!text_of(&kept).contains("ghp_0123"));
    assert!(fake.seen("/log")[0].query.contains("follow=true"));
    assert!(connection.stop_following(following.id) && !connection.stop_following(following.id));
    assert!(connection.followed_lines(following.id, 0, 1).is_none());
}

async fn until(holds: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.expect("it never came to it");
}

/// Follows the log of a pod that runs, where these are the answers, one after the other.
async fn follow_of(fake: &Fake, log: Duration, answers: Vec<Script>) -> (Reach, u64) {
    let mut cart = pod("cart");
    cart["spec"]["containers"] = json!([{"name": "app"}]);
    cart["status"] = json!({"phase": "Running"});
    fake.put("pods", cart);
    fake.shelf().scripts.extend(answers.into_iter().map(|answer| ("log".to_owned(), answer)));
    let connection = open_patient(&fake.context("{}", ""), Patience { log, ..Patience::default() });
    connection.wait_synced(PATIENCE).await;
    let permit = permit(connection.cluster());
    let reach = Reach::Live(connection);
    let question = LogQuestion { namespace: "shop".into(), pod: "cart".into(), ..LogQuestion::default() };
    let following = reach.follow(&permit, &question).await.unwrap();
    (reach, following.id)
}

fn line(second: u32, text: &str) -> String {
    format!("2026-05-01T00:00:{second:02}.000000001Z {text}\n")
}

fn said(connection: &Connection, id: u64) -> Vec<String> {
    let lines = connection.followed_lines(id, 0, 100).unwrap().lines;
    lines.iter().map(|line| line.rsplit_once(' ').unwrap().1.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_that_says_nothing_is_asked_for_again_from_its_last_line_and_no_line_comes_twice() {
    let fake = Fake::start().await;
    let first = line(1, "one") + &line(2, "two") + &line(2, "two-too");
    // What a server gives from a whole second on; one more line of the same instant was late.
    let second = line(2, "two") + &line(2, "two-too") + &line(2, "late") + &line(3, "three");
    let mut answers =
        vec![Script::to(Asked::Changes, &first, FakeThen::Hang), Script::to(Asked::Changes, &second, FakeThen::Hang)];
    answers.resize(1000, Script::to(Asked::Changes, "", FakeThen::Hang));
    let (reach, id) = follow_of(&fake, Duration::from_millis(300), answers).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    until(async || fake.seen("/log").len() >= 3).await;
    assert_eq!(said(connection, id), ["one", "two", "two-too", "late", "three"]);
    let asked: Vec<String> = fake.seen("/log").into_iter().map(|seen| seen.query).collect();
    assert!(asked[0].contains("tailLines=200") && !asked[0].contains("sinceTime"), "{asked:?}");
    assert!(asked[1].contains("sinceTime=2026-05-01T00:00:02Z") && !asked[1].contains("tailLines"), "{asked:?}");
    let state = connection.followed().remove(0);
    assert!(state.heard_at.is_some() && state.trouble.is_none() && state.ended.is_none(), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_log_is_asked_for_again_when_the_machine_wakes_up() {
    let fake = Fake::start().await;
    let answers = vec![
        Script::to(Asked::Changes, &line(1, "one"), FakeThen::Hang),
        Script::to(Asked::Changes, &(line(1, "one") + &line(9, "awake")), FakeThen::Hang),
    ];
    let (reach, id) = follow_of(&fake, Duration::from_secs(3600), answers).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    until(async || said(connection, id) == ["one"]).await;
    connection.reconnect().await;
    until(async || said(connection, id) == ["one", "awake"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_nothing_comes_of_a_followed_log_is_said_and_what_cannot_come_ends_it() {
    let status = |why: &str| {
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 400,
            "reason": "BadRequest", "message": why});
        Script { status: 400, ..Script::to(Asked::Changes, &body.to_string(), FakeThen::End) }
    };
    let fake = Fake::start().await;
    let waiting = "container \"app\" in pod \"cart\" is waiting to start: ContainerCreating";
    let hang = Script { status: 0, ..Script::to(Asked::Changes, "", FakeThen::Hang) };
    let (reach, _) = follow_of(&fake, Duration::from_secs(3600), vec![status(waiting), hang]).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    until(async || fake.seen("/log").len() == 2).await;
    let state = connection.followed().remove(0);
    assert!(state.ended.is_none() && state.trouble.is_some_and(|why| why.contains("waiting to start")));

    let fake = Fake::start().await;
    let wrong = "container app is not valid for pod cart";
    let (reach, _) = follow_of(&fake, Duration::from_secs(3600), vec![status(wrong)]).await;
    let Reach::Live(connection) = &reach else { panic!("live") };
    until(async || connection.followed().remove(0).ended.is_some()).await;
    let state = connection.followed().remove(0);
    assert!(state.ended.is_some_and(|why| why.contains("not valid")) && state.trouble.is_none());
    assert_eq!(fake.seen("/log").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agents_of_one_node_are_read_with_their_logs() {
    let fake = Fake::start().await;
    let base = "/api/v1/nodes/n1/proxy";
    let list = "<pre>\n<a href=\"kern.log\">kern.log</a>\n<a href=\"pods/\">pods/</a>\n</pre>\n";
    for (path, answer) in [
        (format!("{base}/healthz"), (200, "ok".to_owned())),
        (format!("{base}/logs/"), (200, list.to_owned())),
        (format!("{base}/logs/kern.log"), (200, "kernel: fine\nkernel: EXT4-fs error on sda\n".to_owned())),
    ] {
        fake.shelf().answers.insert(path, answer);
    }
    let (reach, permit) = live(&fake).await;
    let read = reach.node_agents(&permit, Some("n1"), Time::MAX).await.unwrap();
    let told: Vec<(&str, &str, bool)> = read
        .observations
        .iter()
        .map(|o| match &o.body {
            Body::NodeAgent(agent) => (agent.service.as_str(), agent.state.as_str(), agent.output.contains("EXT4")),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [("kubelet", "ok", false), ("kernel", "", true)]);
    assert!(read.notes.is_empty(), "{:?}", read.notes);

    // Where the rights do not reach that far, it is said which would.
    let no = json!({"kind": "Status", "code": 403, "message": "nodes \"n1\" is forbidden", "metadata": {}});
    fake.shelf().answers.insert(format!("{base}/logs/"), (403, no.to_string()));
    let read = reach.node_agents(&permit, Some("n1"), Time::MAX).await.unwrap();
    assert!(read.notes.iter().any(|note| note.contains("is forbidden")), "{:?}", read.notes);
    fake.shelf().answers.insert(format!("{base}/healthz"), (403, no.to_string()));
    let error = reach.node_agents(&permit, Some("n1"), Time::MAX).await.unwrap_err();
    assert!(matches!(&error, ReadError::Refused { hint, .. } if hint.contains("nodes/proxy")), "{error:?}");
}
