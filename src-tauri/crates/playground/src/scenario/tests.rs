#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write;

use model::{Body, ChangeKind, ClusterId, Time};

use crate::{Scenario, built_in};

fn timeline(name: &str) -> String {
    let scenario = built_in(name).unwrap();
    let base = scenario.start;
    let mut text = String::new();
    for observation in scenario.observations(&ClusterId("cluster:test".into()), base) {
        let at = observation.at.seconds_since(base);
        let kind = observation.subject.as_ref().map(|s| s.kind.clone()).unwrap_or_default();
        let subject = observation.subject.map(|s| s.to_string()).unwrap_or_default();
        let says = match &observation.body {
            Body::Coverage { .. } => continue,
            Body::Object { .. } if at == 0.0 || !matches!(kind.as_str(), "Pod" | "Deployment") => continue,
            Body::Object { change: ChangeKind::Deleted, .. } => "deleted".to_owned(),
            Body::Object { object, .. } => {
                let status = &object["status"];
                let state = status["containerStatuses"][0]["state"].clone();
                let waiting = state["waiting"]["reason"].as_str().unwrap_or_default();
                let ready = status["containerStatuses"][0]["ready"] == true;
                match object["kind"].as_str().unwrap() {
                    "Pod" => format!(
                        "{} {waiting} ready={ready} restarts={}",
                        status["phase"], status["containerStatuses"][0]["restartCount"]
                    ),
                    _ => format!("ready={} of {}", status["readyReplicas"], status["replicas"]),
                }
            }
            Body::Event(event) => format!("{} {} x{}: {}", event.event_type, event.reason, event.count, event.message),
            other => serde_json::to_value(other).unwrap()["type"].as_str().unwrap().to_owned(),
        };
        if at > 400.0 {
            break;
        }
        writeln!(text, "{at:>7.1} {subject}: {says}").unwrap();
    }
    text
}

#[test]
fn a_rollout_that_crashes_plays_as_the_controllers_would_play_it() {
    insta::assert_snapshot!(timeline("refused-address"));
}

#[test]
fn the_same_script_gives_the_same_observations_whenever_it_is_played() {
    let scenario = built_in("refused-address").unwrap();
    let cluster = ClusterId("cluster:test".into());
    let once = scenario.observations(&cluster, scenario.start);
    let twice = scenario.observations(&cluster, scenario.start);
    assert_eq!(once, twice);
    let later = scenario.observations(&cluster, Time(scenario.start.0 + 86_400_000_000));
    assert_eq!(once.len(), later.len());
    for (a, b) in once.iter().zip(&later) {
        assert_eq!((b.at.0 - a.at.0, &a.subject), (86_400_000_000, &b.subject), "{a:?}");
    }
}

#[test]
fn observations_come_in_the_order_in_which_things_happened() {
    let scenario = built_in("demo").unwrap();
    let observations = scenario.observations(&ClusterId("cluster:test".into()), scenario.start);
    assert!(observations.windows(2).all(|pair| pair[0].at <= pair[1].at));
}

#[test]
fn no_value_of_configuration_enters_a_history() {
    let scenario = built_in("demo").unwrap();
    for observation in scenario.observations(&ClusterId("cluster:test".into()), scenario.start) {
        let text = serde_json::to_string(&observation).unwrap();
        assert!(!text.contains("playground-only") && !text.contains("Autumn sale"), "{text}");
    }
}

const SMALL: &str = "
name: small
title: t
about: a
truth: {healthy: true}
start: 2026-01-01T00:00:00Z
objects:
  - {node: n1}
  - {namespaces: [default]}
  - {workload: web, image: web:1}
steps:
  - at: 1m
    STEP
";

#[test]
fn a_broken_script_says_where_what_and_what_to_do() {
    let broken = |step: &str| Scenario::load("x.yaml", &SMALL.replace("STEP", step)).unwrap_err();
    for (step, line, what) in [
        ("rolout: {workload: web}", 12, "a step cannot do `rolout`"),
        ("rollout: {workload: wbe}", 12, "there is no workload `wbe` in the namespace `default`"),
        ("rollout: {workload: web, imgae: x}", 12, "unknown field `imgae`"),
        ("pods: {workload: web, state: crashed}", 12, "unknown variant `crashed`"),
        ("node: {name: n2, state: gone}", 12, "unknown variant `gone`"),
        ("node: {name: n2, state: unknown}", 12, "there is no node `n2`"),
        ("delete: Pod/default/nobody", 12, "there is no `Pod/default/nobody` to delete"),
        ("event: {object: nobody, reason: R, message: m}", 12, "`nobody` is not an object reference"),
        ("metric: {workload: web, name: m, from: -1h, every: 0, values: [1]}", 12, "`every` above zero"),
    ] {
        let error = broken(step);
        assert_eq!(error.line, line, "{step}: {error}");
        assert!(error.what.contains(what), "{step}: {error}");
        assert!(!error.hint.is_empty());
    }
    let cut = Scenario::load("x.yaml", "name: a\ntitle: [").unwrap_err();
    assert!(cut.line > 0, "{cut}");
    let time =
        Scenario::load("x.yaml", &SMALL.replace("STEP", "restart: web").replace("2026-01-01T00:00:00Z", "yesterday"))
            .unwrap_err();
    assert!(time.what.contains("`yesterday` is not an RFC 3339 time"), "{time}");
    let missing = Scenario::open(std::path::Path::new("no/such.yaml")).unwrap_err();
    assert!(missing.to_string().contains("no/such.yaml"));
}

#[test]
fn an_undo_brings_the_earlier_revision_back_with_its_health() {
    let text = SMALL.replace("STEP", "rollout: {workload: web, image: \"web:2\", pods: crash-loop}\n  - at: 2m\n    undo: web\n  - at: 3m\n    event: {object: Node//n1, reason: R, message: m}");
    let scenario = Scenario::load("x.yaml", &text).unwrap();
    let observations = scenario.observations(&ClusterId("cluster:test".into()), scenario.start);
    let last = observations
        .iter()
        .filter(|o| o.subject.as_ref().is_some_and(|s| s.kind == "Deployment"))
        .filter_map(|o| match &o.body {
            Body::Object { object, .. } => Some(object),
            _ => None,
        })
        .next_back()
        .unwrap();
    assert_eq!(last["spec"]["template"]["spec"]["containers"][0]["image"], "web:1");
    assert_eq!(last["status"]["readyReplicas"], 1);
    assert_eq!(last["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
}
