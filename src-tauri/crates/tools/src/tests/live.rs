//! Against the playground's API server, over HTTP through a kubeconfig, as any cluster is reached.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cluster::{Connection, Reach, SearchPath, Sources, Terms, discover};
use history::History;
use model::{Body, Clock, ObjectRef, Source, Time};
use playground::{Pace, Served, Settings, serve};
use serde_json::{Value, json};

use super::stage::{Stage, redactor, scenario};

/// Long enough for a loaded machine; nothing below depends on how long anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Time(i64::try_from(since.as_micros()).unwrap())
    }
}

struct Live {
    stage: Stage,
    connection: Arc<Connection>,
    _served: Served,
    _folder: tempfile::TempDir,
}

async fn live(writes_enabled: bool) -> Live {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { port: 0, folder: folder.path().to_owned(), name: "every-evidence".into(), history: None };
    let source = playground::Source::Scenario(Box::new(scenario()), Pace::Happened);
    let served = serve(source, settings).await.unwrap();
    let search = SearchPath::only(&[]);
    let found = discover(&Sources { files: vec![served.kubeconfig.clone()], ..Sources::default() }, &search);
    let [context] = &found.contexts[..] else { panic!("{:?}", found.issues) };
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let connection = Connection::open(
        context,
        Terms::default(),
        Arc::clone(&history),
        Arc::new(redactor()),
        Arc::new(WallClock),
        Arc::new(search),
    );
    connection.wait_synced(PATIENCE).await;
    let stage = Stage::on(Reach::Live(Arc::clone(&connection)), history, WallClock.now(), writes_enabled);
    Live { stage, connection, _served: served, _folder: folder }
}

impl Live {
    /// Waits until the watched history says so.
    async fn until(&self, holds: impl Fn(&model::Doc) -> bool) {
        let checkout = ObjectRef::new("Deployment", "shop", "checkout");
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let snapshot = self.connection.history().snapshot(Time::MAX).unwrap();
                if snapshot.get(&checkout).is_some_and(|held| holds(&held.object)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.expect("the history never said so");
    }
}

fn checkout(more: Value) -> Value {
    let mut args = json!({"namespace": "shop", "name": "checkout"});
    for (key, value) in more.as_object().unwrap() {
        args[key] = value.clone();
    }
    args
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_live_read_brings_is_in_the_history_before_the_answer_is_given() {
    let live = live(false).await;
    let logs = json!({"namespace": "shop", "workload": "checkout"});
    assert!(
        live.stage
            .surroundings
            .history
            .find(&history::Query { types: vec!["log"], ..Default::default() })
            .unwrap()
            .is_empty()
    );
    let outcome = live.stage.run("logs", logs.clone()).await.unwrap();
    assert!(outcome.result.text.contains("lookup db-eu"), "{}", outcome.result.text);
    assert!(!outcome.result.text.contains("ghp_0123456789"), "{}", outcome.result.text);
    for id in &outcome.result.observations {
        let kept = live.stage.surroundings.history.get(id).unwrap().unwrap();
        assert_eq!(kept.source, Source::Read);
        let Body::Log(log) = &kept.body else { panic!("{kept:?}") };
        assert!(!log.text.contains("ghp_0123456789"), "what is kept is redacted");
    }
    // What was read stays out of the inventory: it enters an investigation by release alone.
    let snapshot = live.stage.surroundings.history.snapshot(Time::MAX).unwrap();
    assert!(snapshot.objects.values().all(|held| !outcome.result.observations.contains(&held.observation)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_secret_is_told_by_its_digests() {
    let live = live(false).await;
    let outcome = live.stage.run("secret_shape", json!({"namespace": "shop"})).await.unwrap();
    assert!(outcome.result.text.contains("`db-d` differs in `password`"), "{}", outcome.result.text);
    let kept = serde_json::to_string(&outcome.observations).unwrap();
    assert!(!kept.contains("b3RoZXI=") && !kept.contains("\"other\""), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_refused_until_they_are_enabled_for_the_cluster() {
    let live = live(false).await;
    let error = live.stage.run("scale", checkout(json!({"replicas": 3}))).await.unwrap_err();
    assert!(error.why.contains("not enabled"), "{error}");
    assert!(error.hint.contains("settings"), "{}", error.hint);
    let preview = live.stage.preview("scale", checkout(json!({"replicas": 3})));
    assert!(preview.does.contains("not enabled"), "it is said before anybody decides: {}", preview.does);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_that_was_approved_is_tried_done_and_told_with_its_way_back() {
    let live = live(true).await;
    let text = live.stage.text("scale", checkout(json!({"replicas": 3}))).await;
    assert!(text.contains("-replicas: 2") && text.contains("+replicas: 3"), "{text}");
    assert!(text.contains("To take it back: `scale` Deployment/shop/checkout to 2"), "{text}");
    assert!(text.contains("Read back: version "), "{text}");
    live.until(|object| object["spec"]["replicas"] == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_brings_the_template_of_the_revision_before_and_nothing_else() {
    let live = live(true).await;
    let text = live.stage.text("rollout_undo", checkout(json!({}))).await;
    assert!(text.contains("Done."), "{text}");
    live.until(|object| {
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        let env = container["env"].as_array().unwrap();
        container["image"] == "registry.internal/shop/checkout:1.0.0"
            && env.iter().any(|e| e["name"] == "DB_HOST" && e["value"] == "db")
            // The password comes from a Secret, and still does.
            && env.iter().any(|e| e["valueFrom"]["secretKeyRef"]["name"] == "db-a")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_marks_the_template() {
    let live = live(true).await;
    live.stage.run("rollout_restart", checkout(json!({}))).await.unwrap();
    live.until(|object| {
        object["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"].is_string()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_since_the_preview_stops_a_write() {
    let live = live(true).await;
    // Somebody else scales it; the case still looks at the time before.
    live.stage.run("scale", checkout(json!({"replicas": 4}))).await.unwrap();
    live.until(|object| object["spec"]["replicas"] == 4).await;
    let error = live.stage.run("scale", checkout(json!({"replicas": 6}))).await.unwrap_err();
    assert!(error.why.contains("`spec.replicas` is 4 now"), "{error}");
    let crate::Failure::Drifted { now, .. } = &error else { panic!("it says what it would do now: {error:?}") };
    assert_eq!(now.fields[0].from, Some(json!(4)), "{now:?}");
    assert!(error.hint.contains("Propose the change again"), "{}", error.hint);
    let object = ObjectRef::new("Deployment", "shop", "checkout");
    let snapshot = live.connection.history().snapshot(Time::MAX).unwrap();
    assert_eq!(snapshot.get(&object).unwrap().object["spec"]["replicas"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_says_what_a_change_would_do_and_nothing_is_changed_by_asking() {
    let live = live(true).await;
    let args =
        json!({"kind": "Deployment", "namespace": "shop", "name": "checkout", "patch": {"spec": {"replicas": 4}}});
    let call = live.stage.call("patch", args.clone());
    let tool = live.stage.toolbox.get("patch").unwrap();
    assert!(tool.shown(&call, &live.stage.surroundings).is_none(), "the history cannot tell what a patch makes");
    let unseen = live.stage.run("patch", args).await.unwrap_err();
    assert!(unseen.why.contains("nobody was shown"), "{unseen}");

    let leave = live.stage.leave(call.clone());
    let shown = tool.try_out(leave, &live.stage.surroundings).await.unwrap();
    assert!(shown.at_cluster && shown.fields.iter().any(|field| field.path == "/spec/replicas"), "{shown:?}");
    let call = model::ToolCall { shown: Some(shown), ..call };
    let preview = tool.preview(&call, &live.stage.surroundings);
    assert!(preview.diff.unwrap().contains("+replicas: 4") && preview.cost.contains("dry run"));
    let checkout = ObjectRef::new("Deployment", "shop", "checkout");
    let snapshot = live.connection.history().snapshot(Time::MAX).unwrap();
    assert!(snapshot.get(&checkout).unwrap().object["spec"]["replicas"] == 2);

    let outcome = tool.run(live.stage.permit(call), &live.stage.surroundings).await.unwrap();
    assert_eq!(outcome.result.next.len(), 2, "how to take it back, and what to look at: {:?}", outcome.result.next);
    assert_eq!(outcome.result.next[0].args["patch"], json!({"spec": {"replicas": 2}}));
    live.until(|object| object["spec"]["replicas"] == 4).await;
}
