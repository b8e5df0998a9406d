#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::time::{Duration, Instant};

use history::{Writer, measure};
use model::{Body, ClusterId, LogBody, ObjectRef, Observation, Source, Time};
use serde_json::{Value, json};

use super::*;
use crate::{Router, WireError};

const PATIENCE: Duration = Duration::from_secs(120);
/// More than are held in memory.
const FLOOD: i64 = 21_000;

struct Stage {
    router: Router<Workbench>,
    cluster: ClusterId,
    _home: tempfile::TempDir,
}

impl Stage {
    async fn open() -> Stage {
        let home = tempfile::tempdir().unwrap();
        let opening = Opening {
            paths: Paths::in_folder(home.path()).unwrap(),
            in_memory: false,
            knowledge: Vec::new(),
            kubeconfigs: cluster::Sources::default(),
            with_added: false,
        };
        let bench = Workbench::with(opening, "demo".into()).await.unwrap();
        let cluster = bench.desk.clusters()[0].id.clone();
        Stage { router: Router::new(bench), cluster, _home: home }
    }

    fn desk(&self) -> &Arc<Desk> {
        self.router.commands().desk()
    }

    async fn try_call(&self, name: &str, mut request: Value) -> Result<Value, WireError> {
        request["cluster"] = json!(self.cluster);
        self.router.call(name, request).await
    }

    async fn call(&self, name: &str, request: Value) -> Value {
        self.try_call(name, request).await.unwrap()
    }

    /// Asks until the answer is what it is waited for.
    async fn until(&self, what: &str, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.call(name, json!({"at": null, "objects": []})).await;
            if holds(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {answer:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn line(cluster: &ClusterId, number: i64, now: Time) -> Observation {
    let body =
        LogBody { container: "app".into(), previous: false, text: format!("line {number}"), ..LogBody::default() };
    let (at, subject) = (now.plus_seconds(number - FLOOD), ObjectRef::new("Pod", "shop", "chatty"));
    Observation::new(cluster.clone(), at, at, Source::Watch, Some(subject), Body::Log(body))
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_watching_goes_on_with_a_warning_and_facts_are_refused_until_there_is_room() {
    let stage = Stage::open().await;
    stage.call("cluster_open", json!({})).await;
    let history = stage.desk().history(&stage.cluster).unwrap();
    measure::limit(&history, 1).unwrap();

    let state = stage.until("a warning", "cluster_state", |state| state["unkept"].is_string()).await;
    let warning = state["unkept"].as_str().unwrap();
    assert!(warning.contains("in memory only") && warning.contains("the disk is full"), "{warning}");
    // What is broken is told all the same, out of memory.
    let triage = stage
        .until("incidents", "triage_get", |view| {
            view["triage"]["incidents"].as_array().is_some_and(|incidents| !incidents.is_empty())
        })
        .await;
    let histories = stage.call("histories_get", json!({})).await;
    assert_eq!(histories["clusters"][0]["unkept"], state["unkept"]);

    // A case's facts are written, or nothing happens.
    measure::limit_desk(stage.desk().desk_file(), 1).unwrap();
    let incident = &triage["triage"]["incidents"][0]["id"];
    let open = json!({"incidents": [incident], "question": "why? ".repeat(20_000)});
    let refused = stage.try_call("case_open", open.clone()).await.unwrap_err();
    assert!(refused.code == "failed" && refused.title.contains("the disk is full"), "{refused:?}");
    assert_eq!(stage.call("cases_list", json!({})).await, json!([]));
    measure::limit_desk(stage.desk().desk_file(), 1 << 20).unwrap();
    stage.call("case_open", open).await;

    // More than memory may hold.
    let clock: Arc<dyn model::Clock> = Arc::new(desk::SystemClock);
    let now = clock.now();
    let flood = Writer::start(Arc::clone(&history), clock, |_| ()).unwrap();
    for number in 0..FLOOD {
        while !flood.has_room() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        flood.keep(line(&stage.cluster, number, now));
    }
    let (done, written) = tokio::sync::oneshot::channel();
    flood.flush(move |written| done.send(written).unwrap());
    assert!(!written.await.unwrap(), "there is no room");

    measure::limit(&history, 1 << 30).unwrap();
    stage.until("the file to be written again", "cluster_state", |state| state["unkept"].is_null()).await;
    drop(flood);
    let timeline = stage
        .until("the gap", "histories_get", |view| {
            let gaps = view["clusters"][0]["gaps"].as_array();
            gaps.is_some_and(|gaps| gaps.iter().any(|gap| gap["dropped"].as_u64() > Some(1_000)))
        })
        .await;
    let reason = timeline["clusters"][0]["gaps"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("could not be written"), "{reason}");
    let draws =
        |picture: &Value| picture["gaps"].as_array().is_some_and(|gaps| gaps.iter().any(|gap| gap[2] == reason));
    stage.until("the gap to be drawn", "timeline_get", draws).await;
    stage.router.commands().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_cluster_forgets_by_itself_what_the_settings_no_longer_keep() {
    let stage = Stage::open().await;
    let keep = |days: u32| stage.router.call("histories_keep", json!({"days": days, "megabytes": 500}));
    keep(300).await.unwrap();
    stage.call("cluster_open", json!({})).await;
    let history = stage.desk().history(&stage.cluster).unwrap();
    let ago = model::Clock::now(&desk::SystemClock).plus_seconds(-100 * 86_400);
    let old: Vec<Observation> = (0..500).map(|number| line(&stage.cluster, number, ago)).collect();
    history.append(&old).unwrap();
    let gone = |view: &Value| {
        let gaps = view["clusters"][0]["gaps"].as_array();
        gaps.is_some_and(|gaps| gaps.iter().any(|gap| gap["dropped"].as_u64() >= Some(500)))
    };
    let kept = stage.call("histories_get", json!({})).await;
    assert!(!gone(&kept) && kept["keeping"]["days"] == 300, "{kept:#}");

    keep(30).await.unwrap();
    let told = stage.until("the oldest to be forgotten", "histories_get", gone).await;
    assert_eq!(told["clusters"][0]["gaps"][0]["reason"], "older than 30 days");
    assert_eq!(history.get(&old[0].id).unwrap(), None);
    assert_eq!(keep(0).await.unwrap_err().code, "bad_request");
    stage.router.commands().close().await;
}
