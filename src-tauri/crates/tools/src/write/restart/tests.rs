#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use super::super::undo::{self, RolloutUndo};
use super::*;

fn both(kind: Kind, spec: &Value) -> [Result<Plan, ToolError>; 2] {
    let mut spec = spec.clone();
    spec["template"] = json!({"spec": {"containers": [{"name": "app", "image": "web:2"}]}});
    let workload = json!({"kind": kind.word(), "metadata": {"name": "web", "uid": "u"}, "spec": spec});
    let owner = json!([{"kind": kind.word(), "name": "web", "uid": "u"}]);
    let kept = |revision: i64| {
        json!({"metadata": {"ownerReferences": owner, "annotations": {"deployment.kubernetes.io/revision": revision.to_string()}},
            "revision": revision, "spec": {"template": {"spec": {}}}, "data": {"spec": {"template": {"spec": {}}}}})
    };
    let (namespace, name) = ("shop".to_owned(), "web".to_owned());
    let restart = Args { kind, namespace: namespace.clone(), name: name.clone() };
    let undo = undo::Args { kind, namespace, name, to_revision: Some(1) };
    [
        RolloutRestart::plan(&restart, &workload, &[], Time(0)),
        RolloutUndo::plan(&undo, &workload, &[kept(1), kept(2)], Time(0)),
    ]
}

#[test]
fn a_paused_rollout_is_refused_with_how_to_resume_it() {
    for plan in both(Kind::Deployment, &json!({"paused": true})) {
        let Err(error) = plan else { panic!("it does nothing while it is paused") };
        assert!(error.why.contains("paused") && error.hint.contains("Resume it first"), "{error}");
    }
    for plan in both(Kind::Deployment, &json!({"paused": false})) {
        assert!(plan.is_ok());
    }
}

#[test]
fn a_strategy_that_waits_for_somebody_is_said_before_anybody_decides() {
    for kind in [Kind::StatefulSet, Kind::DaemonSet] {
        for plan in both(kind, &json!({"updateStrategy": {"type": "OnDelete"}})) {
            let does = plan.unwrap().does;
            assert!(does.contains("`OnDelete`") && does.contains("Delete its pods"), "{does}");
        }
    }
    for plan in both(Kind::StatefulSet, &json!({"updateStrategy": {"rollingUpdate": {"partition": 2}}})) {
        let does = plan.unwrap().does;
        assert!(does.contains("`partition` is 2"), "{does}");
    }
    for plan in both(Kind::StatefulSet, &json!({"updateStrategy": {"rollingUpdate": {"partition": 0}}})) {
        let does = plan.unwrap().does;
        assert!(!does.contains("partition"), "{does}");
    }
}
