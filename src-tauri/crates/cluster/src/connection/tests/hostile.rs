//! Servers that are slow, silent, half dead or wrong.

use std::sync::Mutex;

use super::*;
use crate::fake::{Script, Then, Wanted};

/// As patient as the program, a hundred times quicker.
fn quick() -> Patience {
    Patience {
        list: Duration::from_millis(150),
        silence: Duration::from_millis(600),
        first_retry: Duration::from_millis(10),
        last_retry: Duration::from_millis(300),
        quiet: Duration::from_secs(3600),
        pulse: Duration::from_millis(20),
        probe: Duration::from_millis(200),
        ..Patience::default()
    }
}

fn open_quick(fake: &Fake, patience: Patience) -> Arc<Connection> {
    open_at(fake, patience, Arc::new(WallClock))
}

fn open_at(fake: &Fake, patience: Patience, clock: Arc<dyn Clock>) -> Arc<Connection> {
    let context = fake.context("{}", "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let search = Arc::new(SearchPath::only(&[]));
    Connection::open_with(
        &context,
        Terms::default(),
        history,
        Arc::new(Redactor::new([7; 32])),
        clock,
        search,
        patience,
    )
}

fn watch_of(connection: &Connection, kind: &str) -> WatchState {
    connection.state().watches.into_iter().find(|watch| watch.kind == kind).unwrap()
}

fn queries(fake: &Fake, plural: &str) -> Vec<String> {
    fake.seen(plural).into_iter().map(|seen| seen.query).collect()
}

fn pod_line(event: &str, name: &str, version: u64) -> String {
    let mut pod = pod(name);
    pod["metadata"]["resourceVersion"] = version.to_string().into();
    format!("{}\n", json!({"type": event, "object": pod}))
}

fn bookmark(version: u64) -> String {
    let object = json!({"kind": "Pod", "metadata": {"resourceVersion": version.to_string()}});
    format!("{}\n", json!({"type": "BOOKMARK", "object": object}))
}

async fn until_watch(connection: &Connection, kind: &str, holds: impl Fn(&WatchState) -> bool) -> WatchState {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let watch = connection.state().watches.into_iter().find(|watch| watch.kind == kind);
            match watch {
                Some(watch) if holds(&watch) => return watch,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
    waited.await.expect("the watch never came to it")
}

fn service(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": name}, "spec": {"clusterIP": "10.0.0.7"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_streamed_where_the_server_can() {
    let fake = Fake::start().await;
    fake.put("services", service("cart"));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Service"), ["cart"]);
    assert!(watch_of(&connection, "Service").streamed);
    let asked = queries(&fake, "/services");
    assert!(asked.len() == 1 && asked[0].contains("sendInitialEvents=true"), "{asked:?}");
    fake.put("services", service("late"));
    until(&connection, |s| s.get(&ObjectRef::new("Service", "shop", "late")).is_some()).await;
    assert_eq!(queries(&fake, "/services").len(), 1, "the list goes on as the watch");
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_come_in_pages_and_the_next_page_is_asked_for_while_one_comes() {
    let fake = Fake::start().await;
    let metadata = json!({"resourceVersion": "7", "continue": "a b"});
    let unfinished = format!(r#"{{"kind":"PodList","metadata":{metadata},"items":[{},"#, pod("one"));
    let first = Script::to(Wanted::Page, &unfinished, Then::Hang);
    fake.shelf().scripts.push(("pods".into(), first));
    let next = json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [pod("two")]});
    fake.shelf().scripts.push(("pods".into(), Script::to(Wanted::Page, &next.to_string(), Then::End)));
    let connection = open_quick(&fake, Patience { list: PATIENCE, ..quick() });
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "one")).is_some()).await;
    while queries(&fake, "/pods").len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let asked = queries(&fake, "/pods");
    assert!(asked[0].starts_with("limit=") && !asked[0].contains("continue"), "{asked:?}");
    assert!(asked[1].contains("continue=a%20b"), "{asked:?}");
    assert!(!watch_of(&connection, "Pod").streamed);
    assert_eq!(names(&connection, "Pod"), ["one"], "a page is taken when it is its turn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_asked_for_ahead_is_asked_for_once() {
    let fake = Fake::start().await;
    let page = |next: &str, name: &str| {
        let metadata = json!({"resourceVersion": "1", "continue": next});
        format!(r#"{{"kind":"PodList","metadata":{metadata},"items":[{}]}}"#, pod(name))
    };
    for (next, name) in [("b", "one"), ("c", "two"), ("", "three")] {
        let text = page(next, name);
        let mut script = Script::to(Wanted::Page, "", Then::End);
        script.chunks = text.as_bytes().chunks(40).map(bytes::Bytes::copy_from_slice).collect();
        script.pause = Duration::from_millis(1);
        fake.shelf().scripts.push(("pods".into(), script));
    }
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Pod"), ["one", "three", "two"]);
    let asked: Vec<String> = queries(&fake, "/pods").into_iter().filter(|query| query.starts_with("limit=")).collect();
    assert_eq!(asked, ["limit=250", "limit=1000&continue=b", "limit=1000&continue=c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_streams_is_asked_for_one_once_by_each_first_kind() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    fake.put("pods", pod("cart"));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Pod"), ["cart"]);
    assert!(!watch_of(&connection, "Pod").streamed);
    let streams = fake.shelf().requests.iter().filter(|seen| seen.query.contains("sendInitialEvents")).count();
    assert!(streams <= LISTS_AT_ONCE, "{streams}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_byte_becomes_pages_for_every_kind() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    for kind in crate::kind::watched().into_iter().chain(crate::kind::watched_where_installed()) {
        let mut script = Script::to(Wanted::Stream, "", Then::Hang);
        // Some hold the headers back too.
        script.status = if kind.plural.len() % 2 == 0 { 0 } else { 200 };
        fake.shelf().scripts.push((kind.plural, script));
    }
    let connection = open_quick(&fake, quick());
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
    assert_eq!(names(&connection, "Pod"), ["cart"]);
    let streams = fake.shelf().requests.iter().filter(|seen| seen.query.contains("sendInitialEvents")).count();
    assert!(streams <= LISTS_AT_ONCE, "the others do not wait for it again: {streams}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etcd_that_reports_no_progress_makes_the_stream_an_error_event_and_the_list_pages() {
    let fake = Fake::start().await;
    fake.put("services", service("cart"));
    let error = json!({"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "code": 500,
        "message": "etcd does not support RequestWatchProgress", "reason": "InternalError"}});
    fake.shelf().scripts.push(("services".into(), Script::to(Wanted::Stream, &format!("{error}\n"), Then::End)));
    let connection = open_quick(&fake, quick());
    connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Service"), ["cart"]);
    assert!(!watch_of(&connection, "Service").streamed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_says_nothing_is_opened_again_from_where_it_was() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    fake.put("pods", pod("cart"));
    fake.shelf().scripts.push(("pods".into(), Script::to(Wanted::Changes, "", Then::Hang)));
    let connection = open_quick(&fake, quick());
    connection.wait_synced(PATIENCE).await;
    fake.put("pods", pod("unheard"));
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "unheard")).is_some()).await;
    let lists = queries(&fake, "/pods").iter().filter(|query| query.starts_with("limit=")).count();
    assert_eq!(lists, 1, "it is not listed again for that");
    assert!(watch_of(&connection, "Pod").restarts > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_is_cut_without_a_sign_is_noticed_by_asking_and_found_again() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    let connection = open_quick(&fake, Patience { silence: PATIENCE, quiet: Duration::from_millis(100), ..quick() });
    connection.wait_synced(PATIENCE).await;
    // Every stream stays open and silent, every question stays without an answer.
    fake.shelf().deaf = true;
    let watch = until_watch(&connection, "Pod", |watch| watch.phase == WatchPhase::Failed).await;
    assert_eq!(watch.error.unwrap().kind, TroubleKind::Network);
    assert_eq!(names(&connection, "Pod"), ["cart"], "what was seen stays shown");
    fake.shelf().deaf = false;
    fake.put("pods", pod("after"));
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "after")).is_some()).await;
    until_state(&connection, |s| s.phase == ConnectionPhase::Live).await;
}

struct SetClock(Mutex<Time>);

impl Clock for SetClock {
    fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sleep_every_watch_is_opened_again_at_once_and_nothing_is_listed_again() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    fake.put("pods", pod("cart"));
    fake.shelf().scripts.push(("pods".into(), Script::to(Wanted::Changes, "", Then::Hang)));
    let clock = Arc::new(SetClock(Mutex::new(WallClock.now())));
    let connection = open_at(&fake, Patience { silence: PATIENCE, ..quick() }, clock.clone());
    connection.wait_synced(PATIENCE).await;
    until_watch(&connection, "Pod", |watch| watch.phase == WatchPhase::Live).await;
    // While the machine slept: the stream is dead and looks alive.
    fake.put("pods", pod("overnight"));
    {
        let mut now = clock.0.lock().unwrap();
        *now = Time(now.0 + 8 * 3_600_000_000);
    }
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "overnight")).is_some()).await;
    let lists = queries(&fake, "/pods").iter().filter(|query| query.starts_with("limit=")).count();
    assert_eq!(lists, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttling_server_is_asked_no_sooner_than_it_wants() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    fake.put("pods", pod("cart"));
    let throttled = json!({"kind": "Status", "status": "Failure", "code": 429, "reason": "TooManyRequests",
        "message": "too many requests, please try again later"});
    let mut script = Script::to(Wanted::Page, &throttled.to_string(), Then::End);
    (script.status, script.retry_after) = (429, Some(3600));
    fake.shelf().scripts.push(("pods".into(), script));
    let connection = open_quick(&fake, quick());
    let watch = until_watch(&connection, "Pod", |watch| watch.phase == WatchPhase::Failed).await;
    assert_eq!(watch.error.unwrap().kind, TroubleKind::Busy);
    // Meanwhile the pauses of this patience would have been over dozens of times.
    until_watch(&connection, "Node", |watch| watch.phase == WatchPhase::Live).await;
    let pages = || queries(&fake, "/pods").iter().filter(|query| query.starts_with("limit=")).count();
    tokio::time::sleep(quick().last_retry * 3).await;
    assert_eq!(pages(), 1);
    connection.reconnect().await;
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "cart")).is_some()).await;
    assert_eq!(pages(), 2, "a person may ask sooner");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_bookmarks_is_no_news_and_moves_the_version() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    fake.put("pods", pod("cart"));
    let storm: String = (1000..21_000).map(bookmark).collect();
    fake.shelf().scripts.push(("pods".into(), Script::to(Wanted::Changes, &storm, Then::End)));
    let connection = open_quick(&fake, quick());
    connection.wait_synced(PATIENCE).await;
    let resumed = || queries(&fake, "/pods").iter().any(|query| query.contains("resourceVersion=20999"));
    while !resumed() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    connection.inner.writer.flush().await;
    let kept = connection.history().find(&Query { types: vec!["object"], ..Query::default() }).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(watch_of(&connection, "Pod").issues, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_object_is_counted_and_the_others_are_shown() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    let list = json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [
        pod("first"), null, 7, {"metadata": {}}, {"metadata": "?"}, [pod("nested")], pod("last")]});
    fake.shelf().scripts.push(("pods".into(), Script::to(Wanted::Page, &list.to_string(), Then::End)));
    let changes = [
        &*pod_line("ADDED", "before", 8),
        "{\"type\":\"ADDED\",\"object\":7}\n",
        "not json at all\n",
        "{\"type\":\"WHAT\",\"object\":{}}\n",
        &pod_line("ADDED", "behind", 9),
    ]
    .concat();
    fake.shelf().scripts.push(("pods".into(), Script::to(Wanted::Changes, &changes, Then::Hang)));
    let connection = open_quick(&fake, quick());
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "behind")).is_some()).await;
    assert_eq!(names(&connection, "Pod"), ["before", "behind", "first", "last"]);
    let watch = watch_of(&connection, "Pod");
    assert_eq!((watch.issues, watch.phase), (8, WatchPhase::Live));
    assert!(watch.last_issue.unwrap().contains("could not be read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_nine_megabytes_is_passed_over_and_one_of_five_is_not() {
    let fake = Fake::start().await;
    let noted = |name: &str, bytes: usize| {
        let mut pod = pod(name);
        pod["metadata"]["annotations"] = json!({"dump": "x".repeat(bytes)});
        pod
    };
    fake.put("pods", noted("five", 5 << 20));
    fake.put("pods", noted("nine", 9 << 20));
    fake.put("pods", pod("small"));
    let connection = open(&fake.context("{}", ""));
    connection.wait_synced(PATIENCE).await;
    assert_eq!(names(&connection, "Pod"), ["five", "small"]);
    let watch = watch_of(&connection, "Pod");
    assert_eq!(watch.issues, 1);
    assert!(watch.last_issue.unwrap().contains("passed over"));
    let kept = format!("{:?}", connection.history().snapshot(Time::MAX).unwrap());
    assert!(kept.len() < 1 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_comes_byte_by_byte_shows_each_object_when_it_is_there() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    let list =
        json!({"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [pod("one"), pod("two")]}).to_string();
    let mut script = Script::to(Wanted::Page, "", Then::Hang);
    // Both items are whole, in whichever order the list's members stand.
    let end = list.len() - 2;
    script.chunks = list.as_bytes()[..end].chunks(8).map(bytes::Bytes::copy_from_slice).collect();
    script.pause = Duration::from_millis(2);
    fake.shelf().scripts.push(("pods".into(), script));
    fake.put("pods", pod("three"));
    let connection = open_quick(&fake, Patience { list: Duration::from_millis(400), ..quick() });
    // The list never ends; what came is shown, and nothing is said to be absent.
    until(&connection, |s| s.of_kind("Pod").count() == 2).await;
    assert!(!connection.history().snapshot(Time::MAX).unwrap().absence_is_known("Pod", "shop"));
    // It is asked for again, and now it is whole.
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "three")).is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_an_answer_is_cut_the_watch_ends_up_with_what_is_there() {
    let list =
        json!({"kind": "PodList", "metadata": {"resourceVersion": "2"}, "items": [pod("a"), pod("b")]}).to_string();
    let changes = [pod_line("MODIFIED", "a", 2), bookmark(2)].concat();
    let mut cuts = Vec::new();
    for then in [Then::Break, Then::End] {
        cuts.extend([0, 1, 40, list.len() / 2, list.len() - 1].map(|end| (Wanted::Page, &list[..end], then)));
        cuts.extend([0, 1, 60, changes.len() - 5, changes.len()].map(|end| (Wanted::Changes, &changes[..end], then)));
    }
    for (to, text, then) in cuts {
        let fake = Fake::start().await;
        fake.shelf().streams = false;
        fake.put("pods", pod("a"));
        fake.put("pods", pod("b"));
        fake.shelf().scripts.push(("pods".into(), Script::to(to, text, then)));
        let connection = open_quick(&fake, quick());
        connection.wait_synced(PATIENCE).await;
        fake.put("pods", pod("c"));
        until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "c")).is_some()).await;
        assert_eq!(names(&connection, "Pod"), ["a", "b", "c"], "{to:?} {then:?} {text}");
        connection.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_the_server_no_longer_knows_is_listed_again() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    fake.put("pods", pod("cart"));
    let future = json!({"kind": "Status", "status": "Failure", "code": 504, "reason": "Timeout",
        "message": "Too large resource version: 900, current: 7",
        "details": {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}});
    let mut script = Script::to(Wanted::Changes, &future.to_string(), Then::End);
    script.status = 504;
    fake.shelf().scripts.push(("pods".into(), script));
    let connection = open_quick(&fake, quick());
    let lists = || queries(&fake, "/pods").iter().filter(|query| query.starts_with("limit=")).count();
    while lists() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    until_state(&connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_again_shows_as_that_and_is_no_younger_before_the_list_is_whole() {
    for as_status in [false, true] {
        let fake = Fake::start().await;
        fake.put("pods", pod("goes"));
        let clock = Arc::new(SetClock(Mutex::new(WallClock.now())));
        let patience = Patience { list: PATIENCE, silence: PATIENCE, jump: PATIENCE, ..quick() };
        let connection = open_at(&fake, patience, clock.clone());
        connection.wait_synced(PATIENCE).await;
        let before = until_watch(&connection, "Pod", |watch| watch.phase == WatchPhase::Live).await;
        {
            let mut now = clock.0.lock().unwrap();
            *now = Time(now.0 + 5_000_000);
        }
        // Half of the new list: one that came; of the one that went nothing is known yet.
        let half = format!(
            r#"{{"kind":"PodList","metadata":{{"resourceVersion":"9","continue":""}},"items":[{},"#,
            pod("comes")
        );
        fake.shelf().gone_as_status = as_status;
        fake.shelf().scripts.push(("pods".into(), Script::to(Wanted::Page, &half, Then::Hang)));
        // The versions went on, and the pods' watch heard nothing of it.
        fake.put("services", service("cart"));
        fake.forget();
        fake.cut();
        until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "comes")).is_some()).await;
        let watch = watch_of(&connection, "Pod");
        assert_eq!(watch.phase, WatchPhase::Relisting);
        assert!(watch.last_event_at.is_some() && watch.last_event_at == before.last_event_at, "{watch:?}");
        assert_eq!(names(&connection, "Pod"), ["comes", "goes"]);
        let state = connection.state();
        assert!(state.phase == ConnectionPhase::Live && state.message.contains("listed again"), "{}", state.message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bookmark_makes_what_is_shown_younger() {
    let fake = Fake::start().await;
    fake.shelf().streams = false;
    let clock = Arc::new(SetClock(Mutex::new(WallClock.now())));
    let mut script = Script::to(Wanted::Changes, &bookmark(9), Then::Hang);
    script.pause = Duration::from_millis(300);
    fake.shelf().scripts.push(("nodes".into(), script));
    let patience = Patience { silence: PATIENCE, jump: PATIENCE, ..quick() };
    let connection = open_at(&fake, patience, clock.clone());
    let listed = until_watch(&connection, "Node", |watch| watch.listed).await.last_event_at;
    let later = {
        let mut now = clock.0.lock().unwrap();
        *now = Time(now.0 + 5_000_000);
        *now
    };
    until_watch(&connection, "Node", |watch| watch.last_event_at == Some(later)).await;
    assert!(listed < Some(later));
}
