//! Logins that wait for trust, hang, expire and come back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{Logins, Trust};

const EXEC: &str = "{exec: {command: corp-login}}";

fn plugin(folder: &Path, script: &str) -> SearchPath {
    let path = folder.join("corp-login");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    SearchPath::only(&[folder.to_owned(), "/usr/bin".into(), "/bin".into()])
}

fn printing(path: &Path) -> String {
    format!("printf '{{\"status\": {{\"token\": \"%s\"}}}}' \"$(cat '{}')\"", path.display())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_nobody_trusts_waits_for_trust_and_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start().await;
    let search = plugin(folder.path(), "echo '{\"status\": {\"token\": \"t\"}}'");
    let context = fake.context(EXEC, "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let trusted = Arc::new(AtomicBool::new(false));
    let asked = trusted.clone();
    let judge = move |_: &crate::ExecCommand| match asked.load(Ordering::SeqCst) {
        true => Trust::Trusted,
        false => Trust::Undecided,
    };
    let terms = Terms { trust: Arc::new(judge), ..Terms::default() };
    let redactor = Arc::new(Redactor::new([7; 32]));
    let connection = Connection::open(&context, terms, history, redactor, Arc::new(WallClock), Arc::new(search));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::AwaitingTrust, "{state:?}");
    assert!(state.message.contains("`corp-login`"), "{state:?}");
    assert!(fake.shelf().requests.is_empty());
    trusted.store(true, Ordering::SeqCst);
    connection.reconnect().await;
    until_state(&connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_plugin_hangs_it_is_said_and_closing_works() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start().await;
    let context = fake.context(EXEC, "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let connection = open_into(&context, history, plugin(folder.path(), "exec sleep 3600"));
    let state = until_state(&connection, |s| s.phase == ConnectionPhase::LoggingIn).await;
    assert!(state.message.contains("`corp-login`"), "{state:?}");
    connection.close().await;
    assert_eq!(connection.state().phase, ConnectionPhase::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_expired_is_renewed_by_a_question_to_a_back_end_behind_the_api_server() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "one").unwrap();
    let fake = Fake::start().await;
    fake.shelf().token = Some("one".into());
    let query = "/api/v1/namespaces/m/services/prometheus:9090/proxy/api/v1/query";
    fake.shelf().answers.insert(query.into(), (200, "{}".into()));
    let context = fake.context(EXEC, "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let connection = open_into(&context, history, plugin(folder.path(), &printing(&token)));
    connection.wait_synced(PATIENCE).await;
    let place = crate::BackEndPlace::Service {
        namespace: "m".into(),
        name: "prometheus".into(),
        port: 9090,
        https: false,
        path: String::new(),
    };
    let kind = crate::BackEndKind::Prometheus;
    let configured = crate::ConfiguredBackEnd { kind, place, headers: Vec::new(), problem: None };
    connection.configure_back_ends(vec![configured]);
    std::fs::write(&token, "two").unwrap();
    fake.shelf().token = Some("two".into());
    connection.try_back_end(kind).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_login_brings_everything_back_and_what_was_shown_stays() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "one").unwrap();
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.shelf().token = Some("one".into());
    let context = fake.context(EXEC, "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let connection = open_into(&context, history, plugin(folder.path(), &printing(&token)));
    connection.wait_synced(PATIENCE).await;

    fake.shelf().token = Some("two".into());
    fake.cut();
    let state = until_state(&connection, |s| s.phase == ConnectionPhase::LoggedOut).await;
    assert!(state.last_event_at().is_some() && state.watches.iter().any(|w| w.listed), "{state:?}");
    assert_eq!(names(&connection, "Pod"), ["cart"], "what was seen stays shown");

    // The engineer logs in, in another terminal, and says so.
    std::fs::write(&token, "two").unwrap();
    connection.renew().await;
    until_state(&connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
    fake.put("pods", pod("after"));
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "after")).is_some()).await;
    connection.close().await;
}

/// A context whose token stands in a file.
fn by_token_file(fake: &Fake, path: &Path, token: &str) -> Context {
    std::fs::write(path, token).unwrap();
    fake.shelf().token = Some(token.into());
    fake.context(&format!("{{tokenFile: '{}'}}", path.display()), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_rotated_before_it_was_refused_is_used_at_once_and_nobody_sees_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let fake = Fake::start().await;
    let connection = open(&by_token_file(&fake, &path, "one"));
    until_state(&connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
    let mut states = connection.subscribe();
    let lost = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn({
        let lost = lost.clone();
        async move {
            while states.changed().await.is_ok() {
                let logged_out =
                    states.borrow_and_update().trouble.as_ref().is_some_and(|t| t.kind == TroubleKind::Credential);
                lost.fetch_or(logged_out, Ordering::SeqCst);
            }
        }
    });
    std::fs::write(&path, "rotated").unwrap();
    fake.shelf().token = Some("rotated".into());
    fake.cut();
    fake.put("pods", pod("after"));
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "after")).is_some()).await;
    until_state(&connection, |s| s.phase == ConnectionPhase::Live).await;
    assert!(!lost.load(Ordering::SeqCst), "{:?}", connection.state());
    // Reads beside the watches likewise.
    assert!(connection.inner.get_json("/api/v1/pods").await.is_ok());
    watching.abort();
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_comes_after_the_refusal_is_noticed_however_long_the_watches_pause() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let fake = Fake::start().await;
    let context = by_token_file(&fake, &path, "one");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let for_ever = Duration::from_secs(24 * 3600);
    let patience = Patience {
        first_retry: for_ever,
        last_retry: for_ever,
        files: Duration::from_millis(20),
        ..Patience::default()
    };
    let (redactor, search) = (Arc::new(Redactor::new([7; 32])), Arc::new(SearchPath::only(&[])));
    let terms = Terms::default();
    let connection = Connection::open_with(&context, terms, history, redactor, Arc::new(WallClock), search, patience);
    until_state(&connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
    // A watch that ends before it said anything pauses, here for ever: those that follow a list in pages say something.
    fake.put("pods", pod("late"));
    fake.put("replicasets", json!({"metadata": {"name": "late", "namespace": "shop", "uid": "r"}}));
    let about = json!({"kind": "Pod", "namespace": "shop", "name": "late"});
    fake.put(
        "events",
        json!({"metadata": {"name": "late.1", "namespace": "shop", "uid": "e"},
        "involvedObject": about, "reason": "Started", "message": "Started container app", "type": "Normal"}),
    );
    until(&connection, |s| {
        s.of_kind("Pod").count() == 1 && s.of_kind("ReplicaSet").count() == 1 && !s.events.is_empty()
    })
    .await;
    fake.shelf().token = Some("rotated".into());
    fake.cut();
    until_state(&connection, |s| s.phase == ConnectionPhase::LoggedOut).await;
    std::fs::write(&path, "rotated").unwrap();
    until_state(&connection, |s| s.phase == ConnectionPhase::Live).await;
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_whose_login_is_refused_is_asked_again_with_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "one").unwrap();
    let fake = Fake::start().await;
    fake.shelf().token = Some("one".into());
    let context = fake.context(EXEC, "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let connection = open_into(&context, history, plugin(folder.path(), &printing(&token)));
    connection.wait_synced(PATIENCE).await;
    std::fs::write(&token, "two").unwrap();
    fake.shelf().token = Some("two".into());
    assert!(connection.inner.get_json("/api/v1/nodes").await.is_ok());
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_contexts_of_one_user_that_are_opened_at_once_log_in_once() {
    let folder = tempfile::tempdir().unwrap();
    let (hang, ran) = (folder.path().join("hang"), folder.path().join("ran"));
    std::fs::write(&hang, "").unwrap();
    let script = format!(
        "echo x >> '{}'\nwhile [ -e '{}' ]; do sleep 0.05; done\necho '{{\"status\": {{\"token\": \"t\"}}}}'",
        ran.display(),
        hang.display()
    );
    let search = Arc::new(plugin(folder.path(), &script));
    let fake = Fake::start().await;
    fake.shelf().token = Some("t".into());
    let mut text = format!(
        "clusters:\n- name: c\n  cluster: {{server: 'http://{}'}}\nusers:\n- name: u\n  user: {EXEC}\ncontexts:\n",
        fake.address
    );
    for number in 0..10 {
        text += &format!("- name: here-{number}\n  context: {{cluster: c, user: u, namespace: n{number}}}\n");
    }
    let sources = crate::Sources { pasted: vec![("a test".into(), text)], ..crate::Sources::default() };
    let contexts = crate::discover(&sources, &search).contexts;
    let logins = Logins::default();
    let open = |context: &Context| {
        let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
        let terms = Terms { trust: Arc::new(|_| Trust::Trusted), logins: logins.clone(), ..Terms::default() };
        let redactor = Arc::new(Redactor::new([7; 32]));
        Connection::open(context, terms, history, redactor, Arc::new(WallClock), search.clone())
    };
    let mut connections: Vec<_> = contexts.iter().map(open).collect();
    assert_eq!(connections.len(), 10);
    for connection in &connections {
        until_state(connection, |s| s.phase == ConnectionPhase::LoggingIn).await;
    }
    // Whoever has it run may go; it runs for the others.
    connections.remove(0).close().await;
    std::fs::remove_file(&hang).unwrap();
    for connection in &connections {
        until_state(connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
    }
    assert_eq!(std::fs::read_to_string(&ran).unwrap().lines().count(), 1);
    for connection in connections {
        connection.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_logs_in_and_is_asked_again_when_its_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("corp-login");
    let script = format!(
        "#!/bin/sh\nprintf '{{\"status\": {{\"token\": \"%s\"}}}}' \"$(cat '{}/token')\"\n",
        folder.path().display()
    );
    std::fs::write(&plugin, script).unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(folder.path().join("token"), "one").unwrap();
    let fake = Fake::start().await;
    fake.shelf().token = Some("one".into());
    fake.put("pods", pod("cart"));
    let context = fake.context("{exec: {command: corp-login, interactiveMode: IfAvailable}}", "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let search = SearchPath::only(&[folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]);
    let connection = open_into(&context, history, search);
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");

    // The token rotates: the old one is refused, the plugin gives the new one.
    std::fs::write(folder.path().join("token"), "two").unwrap();
    fake.shelf().token = Some("two".into());
    fake.cut();
    fake.put("pods", pod("after"));
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "after")).is_some()).await;
    until_state(&connection, |s| s.phase == ConnectionPhase::Live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_refuses_every_token_does_not_have_the_plugin_run_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let (plugin, ran) = (folder.path().join("corp-login"), folder.path().join("ran"));
    let script = format!("#!/bin/sh\necho x >> '{}'\necho '{{\"status\": {{\"token\": \"t\"}}}}'\n", ran.display());
    std::fs::write(&plugin, script).unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let fake = Fake::start().await;
    let context = fake.context("{exec: {command: corp-login}}", "");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let search = SearchPath::only(&[folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]);
    let connection = open_into(&context, history, search);
    connection.wait_synced(PATIENCE).await;
    let runs = || std::fs::read_to_string(&ran).unwrap().lines().count();
    assert_eq!(runs(), 1, "two dozen watches share one login");

    fake.shelf().token = Some("another".into());
    fake.cut();
    until_state(&connection, |s| s.phase == ConnectionPhase::LoggedOut).await;
    let asked = fake.shelf().requests.len();
    while fake.shelf().requests.len() < asked + 30 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(runs(), 2, "refused, it is renewed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_plugin_is_named_and_nothing_is_contacted() {
    let fake = Fake::start().await;
    let connection = open(&fake.context("{exec: {command: corp-login, installHint: get it from the portal}}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::LoggedOut, "{state:?}");
    assert_eq!(state.trouble.as_ref().unwrap().kind, TroubleKind::Plugin);
    assert!(state.message.contains("`corp-login`"), "{state:?}");
    assert_eq!(state.hint, "get it from the portal");
    assert!(fake.shelf().requests.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_auth_provider_is_refused_with_what_to_use_instead() {
    let fake = Fake::start().await;
    let connection = open(&fake.context("{auth-provider: {name: azure}}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert!(state.message.contains("no longer supported") && state.hint.contains("kubelogin"), "{state:?}");
    assert!(fake.shelf().requests.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_renewed_in_the_kubeconfig_is_picked_up_and_nothing_closes() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.shelf().token = Some("new".into());
    let connection = open(&fake.context("{token: old}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::LoggedOut, "{state:?}");
    connection.update(&fake.context("{token: new}", "")).await;
    until_state(&connection, |s| s.phase == ConnectionPhase::Live && s.is_synced()).await;
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "cart")).is_some()).await;
    connection.close().await;
}
