use std::path::Path;
use std::time::Duration;

use playground::{Pace, Scenario, Served, Settings, serve};
use serde_json::json;

use super::*;
use crate::cases::About;
use crate::{Opening, Paths};

/// Long enough for a loaded machine; nothing below depends on how long anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

async fn cluster(folder: &Path) -> Served {
    let text = include_str!("../../../../../tests/fixtures/scenarios/every-evidence.yaml");
    let scenario = Scenario::load("every-evidence.yaml", text).unwrap();
    let settings = Settings { port: 0, folder: folder.to_owned(), name: "every-evidence".into(), history: None };
    serve(playground::Source::Scenario(Box::new(scenario), Pace::Happened), settings).await.unwrap()
}

/// A desk whose files stay, with the cluster open and changes on.
async fn desk(folder: &Path, served: &Served, try_first: bool) -> (Arc<Desk>, ClusterId) {
    let kubeconfigs = cluster::Sources { files: vec![served.kubeconfig.clone()], ..cluster::Sources::default() };
    let paths = Paths::in_folder(&folder.join("home")).unwrap();
    let opening = Opening { paths, in_memory: false, knowledge: Vec::new(), kubeconfigs, with_added: false };
    let desk = Desk::open(opening).unwrap();
    let id = desk.clusters().remove(0).id;
    desk.open_cluster(&id).unwrap();
    desk.synced(&id, PATIENCE).await.unwrap();
    desk.set_writes(&id, true, try_first, "").unwrap();
    (desk, id)
}

fn scale(replicas: u32) -> Value {
    json!({"namespace": "shop", "name": "checkout", "replicas": replicas})
}

/// A call that an investigator proposes, as its runner does it.
fn investigators(desk: &Desk, case: CaseId, cluster: &ClusterId, tool: &str, args: Value) -> Call {
    let id = desk.ids.call();
    let surroundings = desk.surroundings_now(case).unwrap();
    let tool = desk.tool(tool).unwrap();
    let mut call = ToolCall::new(tool.spec().name, cluster.clone(), args);
    call.shown = tool.shown(&call, &surroundings);
    let (risk, preview) = (tool.risk(&call.args), tool.preview(&call, &surroundings));
    let author = Author::Investigator { name: "somebody".into() };
    desk.door.propose(case, id, call, risk, preview, &desk.policy(case).unwrap(), author).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_and_never_began_is_asked_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (first, id) = desk(folder.path(), &served, false).await;
    let case = first.open_case(&id, &About::All, None).unwrap();
    let scaled = first.propose(case, "scale", scale(3), "more of it").await.unwrap();
    let read = json!({"kind": "Deployment", "namespace": "shop", "name": "checkout"});
    let looked = investigators(&first, case, &id, "get_object", read).id;
    // The program ends between the word and the deed.
    for call in [scaled, looked] {
        let digest = first.door.call(case, call).unwrap().digest;
        first.door.approve(case, call, &digest, first.engineer()).unwrap();
    }
    first.case(case).unwrap();
    assert!(matches!(first.door.call(case, scaled).unwrap().state, CallState::Approved { .. }), "it may begin yet");
    first.close_cluster(&id).await.unwrap();
    drop(first);

    let (second, _) = desk(folder.path(), &served, false).await;
    let view = second.case(case).unwrap();
    let asked = second.door.call(case, scaled).unwrap();
    assert!(matches!(asked.state, CallState::AwaitingDecision { .. }), "{asked:?}");
    assert_eq!(asked.revision, 2);
    let said = |event: &model::CaseEvent| format!("{:?}", event.fact).contains("ended before it ran");
    assert!(view.events.iter().any(said), "and the case says why");
    let left = second.door.call(case, looked).unwrap();
    assert!(matches!(left.state, CallState::Approved { .. }), "its investigator begins it: {left:?}");
    second.case(case).unwrap();
    assert_eq!(second.door.call(case, scaled).unwrap().revision, 2, "asked once");

    second.approve(case, scaled, &asked.digest).unwrap();
    let done = tokio::time::timeout(PATIENCE, second.settled(case, scaled)).await.unwrap().unwrap();
    assert!(matches!(done.state, CallState::Released { .. }), "{done:?}");
    second.close_cluster(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_takes_no_approval_along() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (desk, id) = desk(folder.path(), &served, false).await;
    let case = desk.open_case(&id, &About::All, None).unwrap();
    let scaled = desk.propose(case, "scale", scale(3), "more of it").await.unwrap();
    let read = json!({"kind": "Deployment", "namespace": "shop", "name": "checkout"});
    let looked = investigators(&desk, case, &id, "get_object", read).id;
    for call in [scaled, looked] {
        let digest = desk.door.call(case, call).unwrap().digest;
        desk.door.approve(case, call, &digest, desk.engineer()).unwrap();
    }
    let last = desk.case(case).unwrap().events.last().unwrap().seq;
    let branch = desk.fork_case(case, last).unwrap();
    let asked = desk.door.call(branch, scaled).unwrap();
    assert!(matches!(asked.state, CallState::AwaitingDecision { .. }), "asked anew: {asked:?}");
    let left = desk.door.call(branch, looked).unwrap();
    assert!(matches!(left.state, CallState::Voided { .. }), "its investigator asks again: {left:?}");
    assert!(desk.door.start(branch, looked).is_err() && desk.door.start(branch, scaled).is_err());
    assert!(matches!(desk.door.call(case, scaled).unwrap().state, CallState::Approved { .. }), "the case keeps it");
    desk.close_cluster(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_is_opened_for_somebody_else_is_not_the_one_that_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (desk, id) = desk(folder.path(), &served, false).await;
    let mine = desk.open_case(&id, &About::All, None).unwrap();
    assert_eq!(desk.open_case(&id, &About::All, None).unwrap(), mine);
    assert_ne!(desk.new_case(&id, &About::All, None).unwrap(), mine);
    desk.close_cluster(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_investigators_change_is_tried_first_where_the_cluster_is_set_so() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    for (try_first, revision) in [(false, 1), (true, 2)] {
        let (desk, id) = desk(folder.path(), &served, try_first).await;
        let case = desk.open_case(&id, &About::All, Some(format!("{try_first}?"))).unwrap();
        let call = investigators(&desk, case, &id, "scale", scale(4));
        assert!(matches!(call.state, CallState::AwaitingDecision { .. }), "{call:?}");
        desk.try_first(case, &call).await.unwrap();
        let waits = desk.door.call(case, call.id).unwrap();
        assert!(matches!(waits.state, CallState::AwaitingDecision { .. }), "{waits:?}");
        assert_eq!(waits.revision, revision);
        assert_eq!(waits.call.shown.as_ref().is_some_and(|shown| shown.at_cluster), try_first);
        assert!(!desk.is_own(case, call.id).unwrap(), "it is still the investigator's");
        desk.try_first(case, &waits).await.unwrap();
        assert_eq!(desk.door.call(case, call.id).unwrap().revision, revision, "tried once");
        desk.close_cluster(&id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_investigation_is_stopped_and_goes_on_when_it_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (desk, id) = desk(folder.path(), &served, false).await;
    let case = desk.open_case(&id, &About::All, None).unwrap();
    assert_eq!(desk.stop_investigation(case).unwrap_err().code, "bad_request", "none goes on");
    let stopped = async |times: usize| {
        let said = |event: &model::CaseEvent| matches!(event.fact, model::CaseFact::Stopped { .. });
        while desk.case(case).unwrap().events.iter().filter(|event| said(event)).count() < times {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    for times in 1..=2 {
        desk.start_investigation(case, crate::Lead::default()).unwrap();
        let pause = tokio::time::timeout(PATIENCE, desk.paused(case)).await.unwrap().unwrap();
        let investigate::Pause::AwaitingDecision(call) = pause else { panic!("{pause:?}") };
        desk.stop_investigation(case).unwrap();
        tokio::time::timeout(PATIENCE, stopped(times)).await.unwrap();
        let state = desk.door.call(case, call).unwrap().state;
        assert!(matches!(state, CallState::Withdrawn { .. }), "{state:?}");
        assert!(!desk.case(case).unwrap().running);
    }
}

/// A change that was sent, and of which nobody knows whether it was made.
async fn lost(desk: &Arc<Desk>, case: CaseId, tool: &str, args: Value) -> CallId {
    let id = desk.propose(case, tool, args, "it may help").await.unwrap();
    let digest = desk.door.call(case, id).unwrap().digest;
    desk.door.approve(case, id, &digest, desk.engineer()).unwrap();
    drop(desk.door.start(case, id).unwrap());
    desk.door.outcome_unknown(case, id, "no answer came").unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_stays_unknown_and_is_read_back_later() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (desk, id) = desk(folder.path(), &served, false).await;
    let case = desk.open_case(&id, &About::All, None).unwrap();
    let call = lost(&desk, case, "scale", scale(3)).await;
    desk.set_writes(&id, false, false, "").unwrap();
    assert_eq!(desk.read_back(case, call).await.unwrap_err().code, "refused");
    let state = desk.door.call(case, call).unwrap().state;
    assert!(matches!(state, CallState::OutcomeUnknown { .. }), "{state:?}");
    let events = desk.case(case).unwrap().events;
    let CaseFact::Noted { text } = &events.last().unwrap().fact else { panic!("{:?}", events.last()) };
    assert!(text.starts_with("What became of `scale` could not be read: "), "{text}");

    desk.set_writes(&id, true, false, "").unwrap();
    desk.read_back(case, call).await.unwrap();
    let CallState::Released { text, .. } = desk.door.call(case, call).unwrap().state else { panic!("it was read") };
    assert!(text.contains("not done"), "{text}");
    desk.close_cluster(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_was_to_be_deleted_and_is_not_there_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (desk, id) = desk(folder.path(), &served, false).await;
    let case = desk.open_case(&id, &About::All, None).unwrap();
    let call = lost(&desk, case, "delete_pod", json!({"namespace": "shop", "name": "gone-by-now"})).await;
    desk.read_back(case, call).await.unwrap();
    let CallState::Released { text, .. } = desk.door.call(case, call).unwrap().state else { panic!("it was read") };
    assert!(text.contains("it was done"), "{text}");
    desk.close_cluster(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_the_kubeconfig_names_another_user_is_asked_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (desk, id) = desk(folder.path(), &served, false).await;
    let case = desk.open_case(&id, &About::All, None).unwrap();
    let waits = desk.propose(case, "scale", scale(3), "more of it").await.unwrap();
    let approved = desk.propose(case, "scale", scale(4), "more of it").await.unwrap();
    let before = desk.door.call(case, approved).unwrap();
    desk.door.approve(case, approved, &before.digest, desk.engineer()).unwrap();

    let config = std::fs::read_to_string(&served.kubeconfig).unwrap();
    let mut renamed: Value = serde_json::from_str(&config).unwrap();
    renamed["users"][0]["name"] = "somebody-else".into();
    renamed["contexts"][0]["context"]["user"] = "somebody-else".into();
    std::fs::write(&served.kubeconfig, renamed.to_string()).unwrap();
    desk.rescan();
    for call in [waits, approved] {
        let asked = tokio::time::timeout(PATIENCE, async {
            loop {
                let asked = desk.door.call(case, call).unwrap();
                if asked.revision > 1 {
                    return asked;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        let asked = asked.await.unwrap();
        assert!(matches!(asked.state, CallState::AwaitingDecision { .. }), "{asked:?}");
        assert!(asked.call.user.unwrap().starts_with("somebody-else"), "it says who it would run as now");
    }
    let first = desk.door.approve(case, approved, &before.digest, desk.engineer());
    assert!(first.is_err(), "the approval was of another call");

    // Read again without a change, nothing is asked.
    desk.rescan();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(desk.door.call(case, waits).unwrap().revision, 2);
    desk.close_cluster(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_object_has_changed_since_its_approval_is_asked_about_again() {
    let folder = tempfile::tempdir().unwrap();
    let served = cluster(folder.path()).await;
    let (desk, id) = desk(folder.path(), &served, false).await;
    let case = desk.open_case(&id, &About::All, None).unwrap();
    let [slow, quick] = [6, 4].map(scale);
    let slow = desk.propose(case, "scale", slow, "more of it").await.unwrap();
    let quick = desk.propose(case, "scale", quick, "more of it").await.unwrap();
    let done = |call| {
        desk.approve(case, call, &desk.door.call(case, call).unwrap().digest).unwrap();
        tokio::time::timeout(PATIENCE, desk.settled(case, call))
    };
    let done_by_somebody = done(quick).await.unwrap().unwrap();
    assert!(matches!(done_by_somebody.state, CallState::Released { .. }), "{done_by_somebody:?}");

    let mut asked = done(slow).await.unwrap().unwrap();
    while matches!(asked.state, CallState::Failed { .. }) {
        // The cluster refused what the history did not tell yet.
        tokio::time::sleep(Duration::from_millis(10)).await;
        asked = desk.door.call(case, slow).unwrap();
    }
    assert!(matches!(asked.state, CallState::AwaitingDecision { .. }), "{asked:?}");
    let from = asked.call.shown.unwrap().fields.into_iter().find(|field| field.path == "/spec/replicas");
    assert_eq!(from.unwrap().from, Some(json!(4)));
    let done = done(slow).await.unwrap().unwrap();
    assert!(matches!(done.state, CallState::Released { .. }), "shown as it is now, it is done: {done:?}");
    desk.close_cluster(&id).await.unwrap();
}
