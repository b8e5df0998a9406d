#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod hostile;
#[cfg(unix)]
mod logins;
mod rights;

use std::time::{Duration, SystemTime};

use history::Query;
use model::{Body, CoverageState, Snapshot, Time};
use serde_json::{Value, json};

use super::*;
use crate::TroubleKind;
use crate::fake::Fake;

/// Long enough for a loaded machine; nothing below depends on how long anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Time(i64::try_from(since.as_micros()).unwrap())
    }
}

pub(crate) fn open(context: &Context) -> Arc<Connection> {
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    open_into(context, history, SearchPath::only(&[]))
}

pub(crate) fn open_patient(context: &Context, patience: Patience) -> Arc<Connection> {
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let redactor = Arc::new(Redactor::new([7; 32]));
    let search = Arc::new(SearchPath::only(&[]));
    Connection::open_with(context, Terms::default(), history, redactor, Arc::new(WallClock), search, patience)
}

fn open_into(context: &Context, history: Arc<History>, search: SearchPath) -> Arc<Connection> {
    let terms = Terms { trust: Arc::new(|_| crate::Trust::Trusted), ..Terms::default() };
    Connection::open(context, terms, history, Arc::new(Redactor::new([7; 32])), Arc::new(WallClock), Arc::new(search))
}

pub(crate) fn pod(name: &str) -> serde_json::Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
        "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"nodeName": "n1"}})
}

fn names(connection: &Connection, kind: &str) -> Vec<String> {
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    snapshot.of_kind(kind).map(|(object, _)| object.name.to_string()).collect()
}

/// Waits until the history says so.
async fn until(connection: &Connection, holds: impl Fn(&Snapshot) -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let snapshot = connection.history().snapshot(Time::MAX).unwrap();
            if holds(&snapshot) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("the history never said so");
}

async fn until_state(connection: &Connection, holds: impl FnMut(&ConnectionState) -> bool) -> ConnectionState {
    let mut states = connection.subscribe();
    let state = tokio::time::timeout(PATIENCE, states.wait_for(holds)).await.expect("the state was never reached");
    state.unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_cluster_is_listed_in_pages_then_followed() {
    let fake = Fake::start().await;
    for index in 0..5 {
        fake.put("pods", pod(&format!("cart-{index}")));
    }
    fake.put("nodes", json!({"metadata": {"name": "n1", "uid": "n"}}));
    let connection = open(&fake.context("{}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
    assert_eq!(state.server_version, "v1.36.2");
    assert_eq!(names(&connection, "Pod").len(), 5);
    assert_eq!(names(&connection, "Node"), ["n1"]);
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    assert!(snapshot.absence_is_known("Deployment", "shop"));

    fake.put("pods", pod("late"));
    fake.delete("pods", "shop", "cart-0");
    until(&connection, |s| {
        s.get(&ObjectRef::new("Pod", "shop", "late")).is_some()
            && s.deleted.contains_key(&ObjectRef::new("Pod", "shop", "cart-0"))
    })
    .await;
    assert!(fake.seen("/pods").iter().all(|seen| seen.agent.starts_with("caseboard/")));
    assert!(connection.state().last_event_at().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_asked_for_as_metadata_only() {
    let fake = Fake::start().await;
    let secret =
        json!({"metadata": {"name": "db", "namespace": "shop", "uid": "s"}, "data": {"password": "aHVudGVyMg=="}});
    fake.put("secrets", secret.clone());
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    let asked = fake.seen("/secrets");
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|seen| seen.accept.contains("as=PartialObjectMetadata")), "{asked:?}");
    assert_eq!(names(&connection, "Secret"), ["db"]);
    let text = format!("{:?}", connection.history().window(Time::MIN, Time::MAX).unwrap());
    assert!(!text.contains("aHVudGVyMg"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_odd_object_does_not_empty_a_list() {
    let fake = Fake::start().await;
    fake.put("pods", pod("good"));
    fake.put(
        "pods",
        json!({"metadata": {"name": "odd", "namespace": "shop", "labels": {"a": 7}, "ownerReferences": "?"},
        "spec": [], "status": {"conditions": "none"}}),
    );
    fake.put("pods", json!({"metadata": {"name": "zombie", "namespace": "shop", "creationTimestamp": 12}}));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Pod"), ["good", "odd", "zombie"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_kind_is_listed_as_not_seen_and_the_rest_goes_on() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.shelf().refused.insert("nodes".into());
    let connection = open(&fake.context("{}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
    assert!(state.message.contains("Node"), "{}", state.message);
    let nodes = state.watches.iter().find(|w| w.kind == "Node").unwrap();
    assert_eq!(nodes.phase, WatchPhase::Refused);
    assert_eq!(nodes.error.as_ref().unwrap().kind, TroubleKind::Refused);
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    assert!(!snapshot.absence_is_known("Node", ""));
    assert!(snapshot.coverage.iter().any(|c| c.kind == "Node" && c.state == CoverageState::Refused));
    assert_eq!(names(&connection, "Pod"), ["cart"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_one_namespace_sees_that_namespace() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.shelf().allowed_only_in = Some("shop".into());
    let connection = open(&fake.context("{}", "shop"));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
    let pods = state.watches.iter().find(|w| w.kind == "Pod").unwrap();
    assert_eq!((pods.namespace.as_str(), pods.phase), ("shop", WatchPhase::Live));
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    assert!(snapshot.absence_is_known("Pod", "shop") && !snapshot.absence_is_known("Pod", "other"));
    assert!(!snapshot.absence_is_known("Node", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_not_served_is_said_to_be_so() {
    for aggregated in [true, false] {
        let fake = Fake::start().await;
        fake.shelf().unserved.insert("endpointslices".into());
        fake.shelf().aggregated = aggregated;
        let connection = open(&fake.context("{}", ""));
        let state = connection.wait_synced(PATIENCE).await;
        assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
        let slices = state.watches.iter().find(|w| w.kind == "EndpointSlice").unwrap();
        assert_eq!(slices.phase, WatchPhase::NotServed);
        assert!(fake.seen("/endpointslices").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_fell_behind_lists_again_and_never_shows_an_empty_cluster() {
    for as_status in [false, true] {
        let fake = Fake::start().await;
        fake.put("pods", pod("stays"));
        fake.put("pods", pod("goes"));
        let connection = open(&fake.context("{}", ""));
        connection.wait_synced(PATIENCE).await;
        let observer = connection.clone();
        let watched = tokio::spawn(async move {
            loop {
                assert!(names(&observer, "Pod").contains(&"stays".to_owned()), "an empty cluster was shown");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        // While nobody watches, one goes and one comes, and the server forgets how.
        fake.shelf().gone_as_status = as_status;
        fake.delete("pods", "shop", "goes");
        fake.put("pods", pod("comes"));
        fake.forget();
        fake.cut();
        until(&connection, |s| {
            s.get(&ObjectRef::new("Pod", "shop", "comes")).is_some()
                && s.get(&ObjectRef::new("Pod", "shop", "goes")).is_none()
        })
        .await;
        assert!(!watched.is_finished(), "{:?}", watched.await);
        watched.abort();
        assert_eq!(names(&connection, "Pod"), ["comes", "stays"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_while_closed_is_noticed_and_what_stayed_is_not_told_twice() {
    let fake = Fake::start().await;
    fake.put("pods", pod("stays"));
    fake.put("pods", pod("goes"));
    let context = fake.context("{}", "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let first = open_into(&context, history.clone(), SearchPath::only(&[]));
    first.wait_synced(PATIENCE).await;
    first.close().await;
    assert_eq!(first.state().phase, ConnectionPhase::Closed);
    fake.delete("pods", "shop", "goes");

    let second = open_into(&context, history.clone(), SearchPath::only(&[]));
    second.wait_synced(PATIENCE).await;
    assert_eq!(names(&second, "Pod"), ["stays"]);
    let snapshot = history.snapshot(Time::MAX).unwrap();
    let gone = &snapshot.deleted[&ObjectRef::new("Pod", "shop", "goes")];
    assert_eq!(gone.object["spec"]["nodeName"], "n1", "its last version is kept");
    let versions = history
        .find(&Query {
            types: vec!["object"],
            subject: Some(ObjectRef::new("Pod", "shop", "stays")),
            ..Query::default()
        })
        .unwrap();
    assert_eq!(versions.len(), 1, "{versions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_vanished_while_closed_the_history_is_written_out_as_often() {
    let mut flushes = Vec::new();
    for gone in [1, 60] {
        let fake = Fake::start().await;
        fake.put("pods", pod("stays"));
        for number in 0..gone {
            fake.put("pods", pod(&format!("goes-{number}")));
        }
        let context = fake.context("{}", "");
        let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
        let first = open_into(&context, history.clone(), SearchPath::only(&[]));
        first.wait_synced(PATIENCE).await;
        first.close().await;
        for number in 0..gone {
            fake.delete("pods", "shop", &format!("goes-{number}"));
        }
        let second = open_into(&context, history.clone(), SearchPath::only(&[]));
        second.wait_synced(PATIENCE).await;
        flushes.push(second.inner.writer.flushed.load(Ordering::Relaxed));
        assert_eq!(names(&second, "Pod"), ["stays"]);
        let snapshot = history.snapshot(Time::MAX).unwrap();
        let last = &snapshot.deleted[&ObjectRef::new("Pod", "shop", format!("goes-{}", gone - 1).as_str())];
        assert_eq!(last.object["spec"]["nodeName"], "n1", "its last version is kept");
    }
    assert_eq!(flushes[0], flushes[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_login_is_told_apart_from_a_dead_network_and_recovers_by_itself() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.shelf().token = Some("right".into());
    let connection = open(&fake.context("{token: wrong}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::LoggedOut, "{state:?}");
    assert_eq!(state.trouble.as_ref().unwrap().kind, TroubleKind::Credential);
    assert!(
        state.message.contains("log in") && state.hint.contains("Log in") || state.hint.contains("log in"),
        "{state:?}"
    );
    fake.shelf().token = Some("wrong".into());
    connection.reconnect().await;
    let state = until_state(&connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
    assert!(state.trouble.is_none(), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_a_network_trouble() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let mut fake = Fake::start().await;
    fake.address = address;
    let connection = open(&fake.context("{token: t}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Unreachable, "{state:?}");
    assert_eq!(state.trouble.as_ref().unwrap().kind, TroubleKind::Network);
    assert!(state.hint.contains("Nothing listens there"), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_tls_is_a_tls_trouble() {
    let fake = Fake::start().await;
    let text = fake.kubeconfig("{}", "").replace("http://", "https://");
    let sources = crate::Sources { pasted: vec![("p".into(), text)], ..crate::Sources::default() };
    let found = crate::discover(&sources, &SearchPath::only(&[]));
    let connection = open(&found.contexts[0]);
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.trouble.as_ref().unwrap().kind, TroubleKind::Tls, "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_watch_shows_as_degraded_and_lives_again_without_news() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    fake.shelf().answers.insert("/api/v1/pods".into(), (500, "{}".into()));
    fake.cut();
    let state = until_state(&connection, |s| s.phase == ConnectionPhase::Degraded).await;
    assert!(state.message.contains("Pod"), "{state:?}");
    let pods = state.watches.iter().find(|w| w.kind == "Pod").unwrap();
    assert!(pods.listed && pods.phase == WatchPhase::Failed);
    fake.shelf().answers.clear();
    until_state(&connection, |s| s.phase == ConnectionPhase::Live).await;
    assert_eq!(names(&connection, "Pod"), ["cart"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_hangs_holds_up_no_other() {
    let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    let mut other = fake.clone();
    other.address = hanging.local_addr().unwrap();
    let slow = open(&other.context("{}", ""));
    let quick = open(&fake.context("{}", ""));
    assert_eq!(quick.wait_synced(PATIENCE).await.phase, ConnectionPhase::Live);
    assert_eq!(slow.state().phase, ConnectionPhase::Connecting);
    slow.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_asks_nothing_more() {
    let fake = Fake::start().await;
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    let watching = || fake.shelf().requests.iter().filter(|seen| seen.query.contains("watch=true")).count();
    while watching() < connection.state().watches.len() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    connection.close().await;
    let before = fake.shelf().requests.len();
    fake.put("pods", pod("late"));
    fake.cut();
    tokio::task::yield_now().await;
    connection.inner.writer.flush().await;
    assert_eq!(fake.shelf().requests.len(), before);
    assert!(names(&connection, "Pod").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_kept_under_what_they_are_about() {
    let fake = Fake::start().await;
    fake.put("events", json!({"metadata": {"name": "e", "namespace": "shop", "uid": "e"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "cart"},
        "type": "Warning", "reason": "BackOff", "message": "again", "count": 2, "lastTimestamp": "2026-01-01T00:00:00Z"}));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    let events = snapshot.events_of(&ObjectRef::new("Pod", "shop", "cart"));
    assert_eq!(events.len(), 1);
    assert!(matches!(&connection.history().get(&events[0].observation).unwrap().unwrap().body, Body::Event(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_opened_at_once_those_that_hang_or_fail_hold_up_none() {
    let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (expired, broken) = (Fake::start().await, Fake::start().await);
    expired.shelf().token = Some("another".into());
    broken.shelf().answers.insert("/api".into(), (200, "<html>".into()));
    let mut elsewhere = Fake::start().await;
    let mut opened = Vec::new();
    for address in [hanging.local_addr().unwrap(), hanging.local_addr().unwrap(), refused, refused] {
        elsewhere.address = address;
        opened.push(open(&elsewhere.context("{token: t}", "")));
    }
    opened.push(open(&expired.context("{token: t}", "")));
    opened.push(open(&broken.context("{token: t}", "")));
    let mut healthy = Vec::new();
    for _ in 0..4 {
        let fake = Fake::start().await;
        fake.put("pods", pod("cart"));
        healthy.push(open(&fake.context("{token: t}", "")));
    }
    for connection in &healthy {
        assert_eq!(connection.wait_synced(PATIENCE).await.phase, ConnectionPhase::Live);
        assert_eq!(names(connection, "Pod"), ["cart"]);
    }
    for (connection, phase) in opened[2..5].iter().zip([
        ConnectionPhase::Unreachable,
        ConnectionPhase::Unreachable,
        ConnectionPhase::LoggedOut,
    ]) {
        let state = until_state(connection, |s| s.phase == phase).await;
        assert!(!state.hint.is_empty(), "{state:?}");
    }
    for connection in &opened[..2] {
        assert!(!connection.state().is_synced(), "{:?}", connection.state());
    }
    for connection in opened.iter().chain(&healthy) {
        connection.close().await;
        assert_eq!(connection.state().phase, ConnectionPhase::Closed);
    }
}

fn finished(name: &str, phase: &str) -> Value {
    let mut pod = pod(name);
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "batch/v1", "kind": "Job", "name": "nightly", "uid": "j", "controller": true}]);
    pod["status"] = json!({"phase": phase});
    pod
}

#[tokio::test(flavor = "multi_thread")]
async fn succeeded_pods_are_counted_and_not_kept_and_that_is_no_deletion() {
    let fake = Fake::start().await;
    for index in 0..30 {
        fake.put("pods", finished(&format!("done-{index}"), "Succeeded"));
    }
    fake.put("pods", finished("works", "Running"));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Pod"), ["works"]);
    let counted =
        |succeeded, failed| [FinishedPods { namespace: "shop".into(), owner: "Job/nightly".into(), succeeded, failed }];
    assert_eq!(connection.finished_pods(), counted(30, 0));

    fake.put("pods", finished("works", "Succeeded"));
    until(&connection, |s| s.of_kind("Pod").count() == 0).await;
    assert_eq!(connection.finished_pods(), counted(31, 0));
    assert!(connection.history().snapshot(Time::MAX).unwrap().deleted.is_empty());

    fake.delete("pods", "shop", "done-7");
    for index in 0..25 {
        fake.put("pods", finished(&format!("lost-{index:02}"), "Failed"));
    }
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "lost-24")).is_some()).await;
    connection.inner.writer.flush().await;
    assert_eq!(connection.finished_pods(), counted(30, 25));
    assert_eq!(names(&connection, "Pod").len(), 20, "the newest");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_lease_is_read_when_nobody_heard_from_the_node() {
    let fake = Fake::start().await;
    let lease = json!({"metadata": {"name": "n1", "namespace": "kube-node-lease", "uid": "l", "resourceVersion": "1"},
        "spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}});
    let path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1";
    fake.shelf().answers.insert(path.into(), (200, lease.to_string()));
    let node = |status: &str| json!({"metadata": {"name": "n1", "uid": "n"}, "status": {"conditions": [{"type": "Ready", "status": status}]}});
    fake.put("nodes", node("True"));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert!(fake.seen("kube-node-lease").is_empty());
    fake.put("nodes", node("Unknown"));
    let lease = ObjectRef::new("Lease", "kube-node-lease", "n1");
    until(&connection, |s| s.get(&lease).is_some()).await;
    assert_eq!(fake.seen("kube-node-lease").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_kind_is_watched_when_somebody_asks_for_it() {
    let fake = Fake::start().await;
    fake.put(
        "baskets",
        json!({"metadata": {"name": "b", "namespace": "shop", "uid": "b"},
        "status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
    );
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert!(fake.seen("/baskets").is_empty());
    for _ in 0..2 {
        connection.watch_kind("Basket").await.unwrap();
    }
    until(&connection, |s| s.of_kind("Basket").count() == 1).await;
    fake.put("baskets", json!({"metadata": {"name": "late", "namespace": "shop", "uid": "l"}}));
    until(&connection, |s| s.of_kind("Basket").count() == 2).await;
    assert_eq!(connection.state().watches.iter().filter(|watch| watch.kind == "Basket").count(), 1);
    let (kinds, unknown) = connection.served_kinds().await.unwrap();
    let basket = kinds.iter().find(|kind| kind.name == "Basket").unwrap();
    assert!(basket.namespaced && !basket.group.is_empty() && unknown.is_empty(), "{basket:?} {unknown:?}");
    assert_eq!(kinds.iter().filter(|kind| kind.name == "Pod").count(), 1);
    let error = connection.watch_kind("Trolley").await.unwrap_err().to_string();
    assert!(error.contains("`Trolley`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_only_some_clusters_have_are_watched_where_they_are_served_and_not_mentioned_elsewhere() {
    let fake = Fake::start().await;
    fake.put("applications", json!({"metadata": {"name": "cart", "namespace": "argocd", "uid": "a"}}));
    fake.shelf().unserved.insert("gateways".into());
    let connection = open(&fake.context("{}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Application"), ["cart"]);
    assert!(state.watches.iter().all(|watch| watch.kind != "Gateway"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_events_is_one_event_with_its_count() {
    let fake = Fake::start().await;
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    for index in 0..300 {
        fake.put(
            "events",
            json!({"metadata": {"name": format!("e{index}"), "namespace": "shop", "uid": format!("e{index}")},
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "cart"},
            "type": "Warning", "reason": "BackOff", "message": format!("Back-off 5m0s restarting, attempt {index}"),
            "lastTimestamp": "2026-01-01T00:00:00Z"}),
        );
    }
    let cart = ObjectRef::new("Pod", "shop", "cart");
    until(&connection, |s| s.events_of(&cart).first().is_some_and(|seen| seen.event.count == 300)).await;
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    assert_eq!(snapshot.events_of(&cart).len(), 1);
    let kept = connection.history().find(&Query { types: vec!["event"], ..Query::default() }).unwrap();
    assert!(kept.len() < 30, "{}", kept.len());
}
