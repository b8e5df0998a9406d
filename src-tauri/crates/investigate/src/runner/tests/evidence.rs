//! Denying a call removes its evidence from the answer: for every tool, whoever investigates.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use history::History;
use model::{Body, Citation, Conclusion, ObjectRef, Observation, ObservationId, Source, Time};
use playground::Scenario;
use serde_json::{Value, json};
use tools::Toolbox;

use super::stage::{Script, Stage, call, cluster};
use crate::{Brief, BuiltIn, Move, Pause, Seen};

/// What a scenario leaves in a history, and when it ends. Playing it takes longer than everything else here.
pub(super) type Played = (Vec<Observation>, Time);

static EVERYTHING: LazyLock<Played> = LazyLock::new(|| {
    let text = include_str!("../../../../../../tests/fixtures/scenarios/every-evidence.yaml");
    play(&Scenario::load("every-evidence.yaml", text).unwrap())
});
pub(super) static DATABASE: LazyLock<Played> =
    LazyLock::new(|| play(&playground::built_in("refused-database").unwrap()));

fn play(scenario: &Scenario) -> Played {
    let base = Time::from_seconds(900_000);
    (scenario.observations(&cluster(), base), scenario.end(base))
}

/// A cluster with something for every tool to find.
fn recorded(stage: &mut Stage) {
    record(stage, &EVERYTHING);
    let text = json!({"name": "web", "namespace": "shop", "revision": 1, "manifest": [], "hooks": []}).to_string();
    let read = ObjectRef::new("Secret", "shop", "sh.helm.release.v1.web.v1");
    let at = Time::from_seconds(900_060);
    let body = Body::ToolResult { tool: "helm_release".into(), text };
    let release = Observation::new(cluster(), at, at, Source::Read, Some(read), body);
    stage.history.append(&[release, whole()]).unwrap();
}

/// A result that was too long to be shown whole.
fn whole() -> Observation {
    let at = Time::from_seconds(900_060);
    let body = Body::ToolResult { tool: "whole-result".into(), text: "one\ntwo\n".into() };
    Observation::new(cluster(), at, at, Source::Read, None, body)
}

pub(super) fn record(stage: &mut Stage, (observations, end): &Played) {
    let history = History::in_memory(cluster()).unwrap();
    history.append(observations).unwrap();
    stage.history = Arc::new(history);
    stage.as_of = *end;
}

/// A tool, arguments, and whether a body is what its answer brings.
type Asked = (&'static str, Value, fn(&Body) -> bool);

/// One call for every tool that reads, and what its answer brings.
fn calls() -> Vec<Asked> {
    let checkout = || json!({"kind": "Deployment", "namespace": "shop", "name": "checkout"});
    vec![
        ("logs", json!({"namespace": "shop", "workload": "checkout"}), |b| matches!(b, Body::Log(_))),
        ("metrics", json!({"namespace": "shop"}), |b| matches!(b, Body::Metric(_))),
        ("alerts", json!({}), |b| matches!(b, Body::Alert(_))),
        ("probe", json!({"namespace": "shop", "service": "checkout"}), |b| matches!(b, Body::Probe(_))),
        ("node_agents", json!({}), |b| matches!(b, Body::NodeAgent(_))),
        ("config_shape", json!({"namespace": "shop", "name": "settings"}), |b| matches!(b, Body::Shape(_))),
        ("secret_shape", json!({"namespace": "shop"}), |b| matches!(b, Body::Shape(_))),
        ("helm_release", json!({"namespace": "shop", "release": "web", "revision": 1}), |b| {
            matches!(b, Body::ToolResult { .. })
        }),
        ("get_object", json!({"kind": "Certificate", "namespace": "shop"}), |b| matches!(b, Body::Object { .. })),
        ("what_changed", json!({"namespace": "shop"}), |b| matches!(b, Body::Change { .. })),
        ("dependencies", json!({"namespace": "shop"}), |b| matches!(b, Body::Dependencies { .. })),
        ("describe", checkout(), |b| matches!(b, Body::Object { .. })),
        ("events", json!({"namespace": "shop"}), |b| matches!(b, Body::Event(_))),
        ("neighbours", checkout(), |b| matches!(b, Body::Object { .. })),
        ("knowledge_search", json!({"query": "crash"}), |b| matches!(b, Body::ToolResult { .. })),
        ("list", json!({"kind": "Pod", "namespace": "shop"}), |b| matches!(b, Body::Object { .. })),
        ("dependency_path", json!({"from": "Deployment/shop/web", "to": "Deployment/shop/checkout"}), |b| {
            matches!(b, Body::Object { .. })
        }),
        ("blast_radius", checkout(), |b| matches!(b, Body::Object { .. })),
        ("first_broken_hop", checkout(), |b| matches!(b, Body::Object { .. })),
        ("may_reach", json!({"from": "Deployment/shop/web", "to": "Service/shop/checkout"}), |b| {
            matches!(b, Body::Object { .. })
        }),
        ("dns_answer", json!({"name": "checkout", "from_namespace": "shop"}), |b| matches!(b, Body::Object { .. })),
        ("rollout_history", checkout(), |b| matches!(b, Body::Object { .. })),
        ("volume_chain", checkout(), |b| matches!(b, Body::Object { .. })),
        ("similar_cases", json!({"about": "checkout"}), |b| matches!(b, Body::ToolResult { .. })),
        ("result_page", json!({"id": whole().id}), |b| matches!(b, Body::ToolResult { .. })),
    ]
}

fn writes() -> Vec<(&'static str, Value)> {
    let checkout = || json!({"namespace": "shop", "name": "checkout"});
    vec![
        ("scale", json!({"namespace": "shop", "name": "checkout", "replicas": 1})),
        ("rollout_restart", checkout()),
        ("rollout_undo", checkout()),
        (
            "patch",
            json!({"kind": "Deployment", "namespace": "shop", "name": "checkout", "patch": {"spec": {"paused": true}}}),
        ),
        ("delete_pod", checkout()),
        ("cordon", json!({"node": "worker-1"})),
        ("uncordon", json!({"node": "worker-1"})),
        ("cronjob_suspend", checkout()),
        ("cronjob_resume", checkout()),
        (
            "annotate",
            json!({"kind": "Deployment", "namespace": "shop", "name": "checkout", "annotations": {"team": "shop"}}),
        ),
    ]
}

fn cited(conclusion: &Conclusion) -> Vec<&Citation> {
    conclusion.hypotheses.iter().flat_map(|h| h.evidence.iter().chain(&h.against)).collect()
}

#[test]
fn no_tool_is_left_out_below() {
    let tested: BTreeSet<String> = calls()
        .into_iter()
        .map(|(tool, ..)| tool)
        .chain(writes().into_iter().map(|(tool, _)| tool))
        .map(str::to_owned)
        .collect();
    let all: BTreeSet<String> = Toolbox::standard().specs().into_iter().map(|spec| spec.name).collect();
    assert_eq!(tested, all);
}

#[tokio::test]
async fn denying_a_tools_call_removes_its_evidence_from_the_answer() {
    for (tool, args, brings) in calls() {
        let answer = async |released: bool| {
            let mut stage = Stage::new();
            recorded(&mut stage);
            let script = Script::new(vec![Move::Call(call(tool, args.clone()))]);
            let seen = script.seen.clone();
            let mut runner = stage.runner(script);
            if released {
                stage.say_yes(&mut runner).await
            } else {
                stage.say_no(&mut runner).await
            }
            let seen = seen.lock().unwrap().clone();
            (seen, stage.conclusions().remove(0))
        };

        let (seen, conclusion) = answer(true).await;
        let Some(Seen::Released { observations, text, .. }) = seen.get(1) else { panic!("{tool}: {:?}", seen.get(1)) };
        assert!(observations.iter().any(|o| brings(&o.body)), "{tool} brings nothing of its own");
        assert!(!text.is_empty(), "{tool}");
        let ids: BTreeSet<&ObservationId> = observations.iter().map(|o| &o.id).collect();
        assert!(!conclusion.abstained && cited(&conclusion).iter().all(|c| ids.contains(&c.id)), "{tool}");

        let (seen, conclusion) = answer(false).await;
        assert!(matches!(seen.get(1), Some(Seen::Denied { reason, .. }) if reason == "not now"), "{tool}");
        assert!(!seen.iter().any(|s| matches!(s, Seen::Released { .. })), "{tool}");
        assert!(conclusion.abstained && cited(&conclusion).is_empty(), "{tool}");
    }
}

#[tokio::test]
async fn withholding_a_tools_result_removes_its_evidence_as_well() {
    for (tool, args, _) in calls() {
        let mut stage = Stage::new();
        recorded(&mut stage);
        let script = Script::new(vec![Move::Call(call(tool, args))]);
        let mut runner = stage.runner(script);
        let Pause::AwaitingDecision(id) = runner.advance().await.unwrap() else { panic!("{tool}") };
        stage.approve(id);
        let Pause::AwaitingRelease(id) = runner.advance().await.unwrap() else { panic!("{tool}") };
        stage.withhold(id, "not for you");
        assert_eq!(runner.advance().await.unwrap(), Pause::Concluded, "{tool}");
        assert!(cited(&stage.conclusions()[0]).is_empty(), "{tool}");
    }
}

#[tokio::test]
async fn a_denied_write_leaves_no_trace_of_having_run() {
    for (tool, args) in writes() {
        let mut stage = Stage::new();
        recorded(&mut stage);
        let before = stage.history.len().unwrap();
        let mut runner = stage.runner(Script::new(vec![Move::Call(call(tool, args))]));
        stage.say_no(&mut runner).await;
        assert!(!stage.steps().iter().any(|s| matches!(s, model::CallStep::Started { .. })), "{tool}");
        assert_eq!(stage.history.len().unwrap(), before, "{tool}");
    }
}

/// What the built-in investigator concludes about a cluster whose inventory alone does not tell the cause, when every
/// call of `denied` is refused and all others are approved; and the tools that it asked for.
async fn built_in(denied: &str) -> (Stage, Conclusion, BTreeSet<String>) {
    let mut stage = Stage::new();
    record(&mut stage, &DATABASE);
    let snapshot = Arc::new(stage.history.snapshot(stage.as_of).unwrap());
    let mut runner = stage.runner(BuiltIn::new(Brief::new(snapshot, knowledge::Library::builtin())));
    let mut asked = BTreeSet::new();
    loop {
        match runner.advance().await.unwrap() {
            Pause::AwaitingDecision(id) => {
                let tool = stage.tool_of(id);
                if tool == denied {
                    stage.deny(id, "not now")
                } else {
                    stage.approve(id)
                }
                asked.insert(tool);
            }
            Pause::AwaitingRelease(id) => stage.release(id),
            Pause::AwaitingSend | Pause::Concluded => break,
        }
    }
    let conclusion = stage.conclusions().remove(0);
    (stage, conclusion, asked)
}

/// What a conclusion cites beyond the inventory.
fn from_calls(stage: &Stage, conclusion: &Conclusion) -> Vec<Body> {
    let cited = cited(conclusion).into_iter().map(|c| stage.history.get(&c.id).unwrap().unwrap());
    cited.filter(|observation| !observation.is_inventory()).map(|observation| observation.body).collect()
}

#[tokio::test]
async fn denying_a_tool_removes_its_evidence_from_what_the_built_in_investigator_concludes() {
    let (stage, conclusion, asked) = built_in("").await;
    assert!(asked.contains("logs"), "{asked:?}");
    let whole = from_calls(&stage, &conclusion);
    assert!(whole.iter().any(|body| matches!(body, Body::Log(_))), "what the logs say takes part");
    for tool in asked {
        let (stage, conclusion, _) = built_in(&tool).await;
        let (_, _, brings) = calls().into_iter().find(|(name, ..)| *name == tool).unwrap();
        let left = from_calls(&stage, &conclusion);
        assert!(!left.iter().any(brings), "`{tool}` was denied and is cited: {left:#?}");
        assert!(conclusion.not_checked.iter().any(|n| n.what.contains(&tool)), "`{tool}`: the conclusion says so");
    }
}
