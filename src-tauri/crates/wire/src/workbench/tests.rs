#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

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

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_about_an_incident_is_shown_until_it_is_taken_back() {
    let stage = Stage::open().await;
    stage.call("cluster_open", json!({})).await;
    let has = |view: &Value| view["triage"]["incidents"].as_array().is_some_and(|incidents| !incidents.is_empty());
    let view = stage.until("incidents", "triage_get", has).await;
    let incident = view["triage"]["incidents"][0]["id"].clone();

    let nothing = json!({"incidents": [incident], "act": "split", "signals": []});
    assert_eq!(stage.try_call("incidents_arrange", nothing).await.unwrap_err().code, "bad_request");
    let unknown = json!({"incidents": ["incident:gone"], "act": "pin", "signals": []});
    assert_eq!(stage.try_call("incidents_arrange", unknown).await.unwrap_err().code, "changed");

    let now = stage.call("triage_get", json!({"at": null})).await["triage"]["incidents"][0]["id"].clone();
    let pin = stage.call("incidents_arrange", json!({"incidents": [now], "act": "pin", "signals": []})).await;
    let view = stage.call("triage_get", json!({"at": null})).await;
    assert_eq!((&view["arranged"][0]["id"], &view["arranged"][0]["act"]), (&pin["id"], &json!("pin")));
    // It is kept with the desk, and no word about the past.
    let rules = stage.desk().grouping_rules().unwrap();
    assert!(
        matches!(rules.as_slice(), [model::GroupingRule { grouping: model::Grouping::Pin { .. }, .. }]),
        "{rules:?}"
    );
    // One of the command line is shown beside it.
    let object: model::ObjectRef = "Deployment/nowhere/any".parse().unwrap();
    stage.desk().add_grouping(None, model::Grouping::Pin { object }, "").unwrap();
    let both = stage.call("triage_get", json!({"at": null})).await["arranged"].as_array().unwrap().len();
    assert_eq!(both, 2);
    stage.desk().forget_grouping(2).unwrap();

    stage.call("incidents_take_back", json!({"id": pin["id"]})).await;
    assert_eq!(stage.call("triage_get", json!({"at": null})).await["arranged"], json!([]));
}

/// Approves and releases whatever is asked until the case has its conclusion.
async fn lead_to_its_end(stage: &Stage, case: &Value) {
    let begun = Instant::now();
    stage.call("investigation_start", json!({"case": case})).await;
    loop {
        let view = stage.call("case_get", json!({"case": case})).await;
        let facts: Vec<&Value> = view["events"].as_array().unwrap().iter().map(|event| &event["fact"]).collect();
        if facts.iter().any(|fact| fact["type"] == "concluded") {
            return;
        }
        let calls = || facts.iter().rev().filter(|fact| fact["type"] == "call");
        if let Some(last) = calls().next() {
            let call = &last["call"];
            let proposed = calls().find(|f| f["call"] == *call && f["step"]["step"] == "proposed").unwrap();
            // What was answered in between is refused, and looked at again.
            let _ = match last["step"]["step"].as_str() {
                Some("asked") => {
                    let digest = &proposed["step"]["digest"];
                    stage.try_call("call_approve", json!({"case": case, "call": call, "digest": digest})).await
                }
                Some("succeeded") => {
                    let release = json!({"case": case, "call": call, "text": null, "why": "", "without": []});
                    stage.try_call("result_release", release).await
                }
                _ => Ok(Value::Null),
            };
        }
        assert!(begun.elapsed() < PATIENCE, "{:#}", view["events"]);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_played_without_its_name_and_a_case_on_it_is_compared_with_the_truth() {
    let mut stage = Stage::open().await;
    let rows = stage.call("scenarios_list", json!({})).await;
    let listed = rows.as_array().unwrap().iter().find(|row| row["name"] == "oom-limit-lowered").unwrap().clone();
    let row = stage.call("scenario_play", json!({"name": "oom-limit-lowered"})).await;
    assert_eq!((&row["id"], &row["kind"]), (&listed["cluster"], &json!("recorded")));
    assert!(!format!("{}{}", row["name"], row["source"]).contains("oom"), "{row}");

    stage.cluster = ClusterId(row["id"].as_str().unwrap().to_owned());
    let case = stage.call("case_open", json!({"incidents": [], "question": null})).await;
    assert_eq!(stage.call("scenario_score", json!({"case": case})).await, Value::Null);
    lead_to_its_end(&stage, &case).await;
    let score = stage.call("scenario_score", json!({"case": case})).await;
    assert_eq!((&score["name"], &score["right"]), (&json!("oom-limit-lowered"), &json!(true)), "{score:#}");
    assert!(!score["says"].as_str().unwrap().is_empty());
}

/// Looks at a case until its facts are what they are waited for.
async fn case_until(stage: &Stage, case: &Value, what: &str, holds: impl Fn(&[&Value]) -> bool) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let view = stage.call("case_get", json!({"case": case})).await;
        let events = view["events"].as_array().unwrap();
        if holds(&events.iter().map(|event| &event["fact"]).collect::<Vec<_>>()) {
            return events.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: {:#}", view["events"]);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_investigation_is_stopped_by_the_engineer_and_goes_on_where_it_was() {
    let mut stage = Stage::open().await;
    let row = stage.call("scenario_play", json!({"name": "oom-limit-lowered"})).await;
    stage.cluster = ClusterId(row["id"].as_str().unwrap().to_owned());
    let case = stage.call("case_open", json!({"incidents": [], "question": null})).await;
    stage.call("investigation_start", json!({"case": case})).await;
    let asks = |facts: &[&Value]| facts.iter().filter(|fact| fact["step"]["step"] == "asked").count();
    case_until(&stage, &case, "a question", |facts| asks(facts) > 0).await;
    stage.call("investigation_stop", json!({"case": case})).await;
    let stopped = |facts: &[&Value]| facts.iter().any(|fact| fact["type"] == "stopped");
    let events = case_until(&stage, &case, "the end", stopped).await;
    let last = events.last().unwrap();
    assert_eq!((&last["fact"]["type"], &last["author"]["who"]), (&json!("stopped"), &json!("engineer")));
    assert_eq!(stage.call("case_get", json!({"case": case})).await["running"], false);

    // What waited was taken back, and the same investigation goes on to its end.
    let withdrawn = |event: &&Value| event["fact"]["step"]["step"] == "withdrawn";
    assert_eq!(events.iter().filter(withdrawn).count(), 1);
    let before = asks(&events.iter().map(|event| &event["fact"]).collect::<Vec<_>>());
    assert_eq!(before, 1);
    lead_to_its_end(&stage, &case).await;
    let view = stage.call("case_get", json!({"case": case})).await;
    let begun = view["events"].as_array().unwrap().iter().filter(|e| e["fact"]["type"] == "investigation_started");
    assert_eq!(begun.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_the_suite_tells_its_progress_is_kept_and_can_be_compared() {
    let stage = Stage::open().await;
    let none = stage.try_call("evals_start", json!({"only": "no such scenario"})).await.unwrap_err();
    assert_eq!(none.code, "bad_request");
    let started = stage.call("evals_start", json!({"only": "oom-l"})).await;
    assert_eq!(started["running"]["only"], "oom-l");
    let ended = stage.until("the run's end", "evals_get", |view| view["running"].is_null()).await;
    let run = &ended["runs"][0];
    assert!(run["scenarios"].as_u64().unwrap() >= 2 && run["right"] == run["scenarios"], "{run}");
    let view = stage.call("run_get", json!({"id": run["id"]})).await;
    assert_eq!(view["verdicts"].as_array().unwrap().len() as u64, run["scenarios"].as_u64().unwrap());
    let same = stage.call("runs_compare", json!({"before": run["id"], "now": run["id"]})).await;
    assert_eq!((&same["worse"], &same["helped"]), (&json!(false), &json!([])));
    assert_eq!(stage.try_call("run_get", json!({"id": "../desk"})).await.unwrap_err().code, "not_found");
    let view = stage.call("run_remove", json!({"id": run["id"]})).await;
    assert_eq!(view["runs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_updates_wakes_a_window_once_a_pause_and_loses_none() {
    let stage = Stage::open().await;
    let mut updates = stage.router.commands().updates();
    let pause = Duration::from_millis(300);
    let changed = |name: &str| Update::ClusterChanged { cluster: ClusterId(name.into()) };
    for _ in 0..100 {
        stage.desk().tell(changed("one"));
    }
    // Nothing was given lately: it comes at once, the rest of it after the pause.
    let mut heard = updates.gathered(pause).await.unwrap();
    stage.desk().tell(changed("two"));
    let began = Instant::now();
    while !heard.contains(&changed("two")) {
        heard = updates.gathered(pause).await.unwrap();
        assert_eq!(heard.iter().filter(|update| **update == changed("one")).count().max(1), 1, "{heard:?}");
    }
    assert!(began.elapsed() >= pause / 2, "the second came after {:?}", began.elapsed());
}
