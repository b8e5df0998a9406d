//! Logs as a real API server gives them, from a kubelet's server that kwok plays.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use caseboard_tests::controlplane::ControlPlane;
use caseboard_tests::process::eventually;
use caseboard_tests::skip;
use cluster::{Connection, Containers, LogQuestion, Matching, Reach, SearchPath, Sources, Terms, discover};
use gate::{Door, Permit, Policy};
use history::{DeskFile, History, Query};
use model::{
    Author, Body, CallId, CaseFact, CaseId, Clock, ClusterId, LogBody, Preview, Risk, Time, ToolCall, Written,
};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(120);

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// As the gate makes it for an approved read.
fn permit(cluster: &ClusterId) -> anyhow::Result<Permit> {
    let door = Door::new(Arc::new(DeskFile::in_memory()?), Arc::new(WallClock));
    let (case, call) = (CaseId(uuid::Uuid::now_v7()), CallId(uuid::Uuid::now_v7()));
    let opened = CaseFact::Opened {
        title: "logs".into(),
        cluster: cluster.clone(),
        cluster_name: "real".into(),
        as_of: Time(0),
        question: None,
        incidents: Vec::new(),
    };
    door.write(case, &[Written { at: Time(0), author: Author::Program, fact: opened }])?;
    let asked = ToolCall::new("logs", cluster.clone(), json!({}));
    let preview = Preview { does: String::new(), diff: None, cost: String::new(), undo: None };
    let by = Author::Investigator { name: "built-in".into() };
    let asked = door.propose(case, call, asked, Risk::Read, preview, &Policy::default(), by)?;
    door.approve(case, call, &asked.digest, Author::Engineer { name: "engineer".into() })?;
    Ok(door.start(case, call)?)
}

fn append(path: &Path, lines: impl Iterator<Item = (i64, String)>) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    let mut text = String::new();
    for (second, line) in lines {
        text.push_str(&format!("{} stdout F {line}\n", nanoseconds(second)));
    }
    Ok(file.write_all(text.as_bytes())?)
}

/// The CRI's own form has nine digits.
fn nanoseconds(second: i64) -> String {
    Time::from_seconds(second).to_string().trim_end_matches('Z').to_owned() + ".000000000Z"
}

fn logs(read: &cluster::Read) -> Vec<&LogBody> {
    read.observations
        .iter()
        .filter_map(|o| match &o.body {
            Body::Log(log) => Some(log),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_a_real_api_server_are_read_whole_and_followed() -> anyhow::Result<()> {
    let test = "logs_of_a_real_api_server_are_read_whole_and_followed";
    if let Some(why) = ControlPlane::missing() {
        skip(test, &why);
        return Ok(());
    }
    let plane = ControlPlane::shared().await?;
    let Some([current, previous]) = plane.server().map(|server| server.talker_logs()) else {
        skip(test, "the cluster is somebody else's; its kubelets log what they like");
        return Ok(());
    };
    const NOON: i64 = 1_780_000_000;
    let lines = (0..20_000).map(|n| {
        let line =
            if n == 7 { "ERROR disk sda is full".into() } else { format!("served request {n} in {} ms", n % 89) };
        (NOON + n, line)
    });
    append(&current, lines)?;
    append(&previous, std::iter::once((NOON - 9, "panic: the run before".to_owned())))?;

    let namespace = plane.namespace("talk").await?;
    let image = "registry.k8s.io/pause:3.10";
    plane
        .apply(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "talk", "namespace": namespace.name},
            "spec": {"containers": [{"name": "talker", "image": image}, {"name": "mute", "image": image}]}}))
        .await?;
    plane.kubectl(&["wait", "--for=condition=Ready", "pod/talk", "-n", &namespace.name, "--timeout=90s"]).await?;

    let sources = Sources { files: vec![plane.kubeconfig.clone()], ..Sources::default() };
    let search = Arc::new(SearchPath::only(&[]));
    let context = discover(&sources, &search).contexts.into_iter().next().context("no context")?;
    let history = Arc::new(History::in_memory(context.id.clone())?);
    let redactor = Arc::new(redact::Redactor::new([3; 32]));
    let terms = Terms::default();
    let connection = Connection::open(&context, terms, history.clone(), redactor, Arc::new(WallClock), search);
    let permit = permit(connection.cluster())?;
    let reach = Reach::Live(connection.clone());

    let question = LogQuestion {
        namespace: namespace.name.clone(),
        pod: "talk".into(),
        containers: Containers::All,
        ..LogQuestion::default()
    };
    let read = reach.logs(&permit, &question, Time::MAX).await?;
    let [log] = logs(&read)[..] else { anyhow::bail!("one log: {read:?}") };
    assert_eq!((log.container.as_str(), log.lines), ("talker", 20_000), "{:?}", log.cut);
    assert!(log.patterns[0].example.contains("disk sda is full"), "{:?}", log.patterns);
    assert_eq!(log.patterns[0].first_at, Some(Time::from_seconds(NOON + 7)), "the server's time");
    assert_eq!(log.patterns.iter().map(|pattern| pattern.count).sum::<u64>(), 20_000);
    assert!(log.patterns.len() < 5, "{:?}", log.patterns);
    assert!(read.notes.iter().any(|note| note.contains("`mute`")), "it has no log: {:?}", read.notes);

    let talker = LogQuestion { containers: Containers::Named(vec!["talker".into()]), ..question };
    let some = LogQuestion {
        matching: Some(Matching::new("request 1[0-9] ")),
        since: Some(Time::from_seconds(NOON + 12)),
        until: Some(Time::from_seconds(NOON + 15)),
        ..talker.clone()
    };
    let read = reach.logs(&permit, &some, Time::MAX).await?;
    assert_eq!(logs(&read)[0].lines, 4, "{read:?}");
    let before = reach.logs(&permit, &LogQuestion { previous: true, ..talker.clone() }, Time::MAX).await;
    // kwok's pods never restart; the API server says that there is no previous run, unless kwok gives it anyway.
    match before {
        Ok(read) => assert!(logs(&read)[0].text.contains("the run before"), "{read:?}"),
        Err(error) => assert!(error.could_not_look(), "{error}"),
    }

    let following = reach.follow(&permit, &LogQuestion { tail: Some(2), ..talker }).await?;
    let id = following.id;
    let held = |needle: &'static str| {
        let connection = connection.clone();
        async move {
            let page = connection.followed_lines(id, 0, 1_000).context("it is followed")?;
            anyhow::ensure!(page.lines.iter().any(|line| line.contains(needle)), "{page:?}");
            Ok(())
        }
    };
    eventually(PATIENCE, "what was there", || held("served request 19999")).await?;
    append(&current, std::iter::once((NOON + 30_000, "hello again".to_owned())))?;
    eventually(PATIENCE, "what came later", || held("hello again")).await?;
    eventually(PATIENCE, "the history to have it", || {
        let history = history.clone();
        async move {
            let kept = history.find(&Query { types: vec!["log"], ..Query::default() })?;
            anyhow::ensure!(format!("{kept:?}").contains("hello again"), "not yet");
            Ok(())
        }
    })
    .await?;
    assert!(connection.stop_following(id));
    connection.close().await;
    Ok(())
}
