//! A change that a model asks for, of an object that others change meanwhile.

use llm::Scripted;
use model::{Body, CallStep, CaseFact, ChangeKind, ObjectRef, Observation, Source};
use serde_json::json;

use super::stage::{CASE, cluster};
use super::talk::{Talk, answer, concluding, results};
use crate::Pause;

#[tokio::test]
async fn a_change_whose_object_has_changed_since_its_approval_is_asked_about_again_and_not_made() {
    let script = Scripted::deciding(|request| {
        Ok(match results(request).len() {
            0 => {
                let args = json!({"kind": "StatefulSet", "namespace": "bank", "name": "ledger", "replicas": 5});
                answer("More of it.", &[("1", "scale", args)])
            }
            _ => answer("", &[("2", "conclude", concluding(json!([])))]),
        })
    });
    let talk = Talk::with(script);
    let ledger = ObjectRef::new("StatefulSet", "bank", "ledger");
    let scaled_to = |replicas: u32, seconds: i64| {
        let at = talk.stage.as_of.plus_seconds(seconds);
        let snapshot = talk.stage.history.snapshot(at).unwrap();
        let held = snapshot.get(&ledger).unwrap();
        let mut object = held.object.to_value();
        object["spec"]["replicas"] = replicas.into();
        let body = Body::Object {
            api_version: "apps/v1".into(),
            uid: held.uid.as_str().into(),
            resource_version: format!("{seconds}").as_str().into(),
            change: ChangeKind::Present,
            object: object.into(),
        };
        let observation = Observation::new(cluster(), at, at, Source::Watch, Some(ledger.clone()), body);
        talk.stage.history.append(&[observation]).unwrap();
    };
    let from = |call: &gate::Call| {
        let fields = &call.call.shown.as_ref().unwrap().fields;
        fields.iter().find(|field| field.path == "/spec/replicas").unwrap().from.clone()
    };
    // After the time that the case looks at, and before the model asks for anything.
    scaled_to(2, 60);
    let mut runner = talk.runner();
    let call = loop {
        match runner.advance().await.unwrap() {
            Pause::AwaitingDecision(id) if talk.stage.tool_of(id) == "scale" => break id,
            Pause::AwaitingDecision(id) => talk.stage.approve(id),
            Pause::AwaitingRelease(id) => talk.stage.release(id),
            rest => panic!("{rest:?}"),
        }
    };
    let shown = talk.stage.door.call(CASE, call).unwrap();
    assert_eq!((shown.revision, from(&shown)), (1, Some(json!(2))), "it is shown as the cluster is now");

    talk.stage.approve(call);
    scaled_to(3, 120);
    assert_eq!(runner.advance().await.unwrap(), Pause::AwaitingDecision(call));
    let again = talk.stage.door.call(CASE, call).unwrap();
    assert_eq!((again.revision, from(&again)), (2, Some(json!(3))), "{again:?}");
    let steps = talk.stage.steps();
    let voided = |step: &CallStep| matches!(step, CallStep::Voided { because } if because == tools::DRIFTED);
    assert_eq!(steps.iter().filter(|step| voided(step)).count(), 1);
    let began = talk.stage.events().into_iter().filter(|event| {
        matches!(&event.fact, CaseFact::Call(fact) if fact.call == call && matches!(fact.step, CallStep::Started { .. }))
    });
    assert_eq!(began.count(), 0, "nothing was written");

    // Decided on as it is now, it begins.
    talk.stage.approve(call);
    assert_eq!(runner.advance().await.unwrap(), Pause::Concluded);
    assert_eq!(talk.stage.door.call(CASE, call).unwrap().revision, 2);
}
