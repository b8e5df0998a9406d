//! Logins that wait for trust, hang, expire and come back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::Trust;

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
