//! A model that is told stand-ins asks for calls by them; what runs, and what the case holds, has the true names.

use std::sync::Arc;

use llm::{Aliased, Endpoint, Message, Model, Provider, Scripted, ToolMode};
use redact::Hidden;
use serde_json::{Value, json};

use super::talk::{Talk, answer, concluding, results};
use crate::Pause;

fn endpoint() -> Endpoint {
    Endpoint {
        name: "scripted".into(),
        provider: Provider::LlamaCpp,
        base: "http://127.0.0.1:1/v1".into(),
        model: "m".into(),
        tools: ToolMode::Native,
        thinks: false,
    }
}

#[tokio::test]
async fn what_leaves_has_stand_ins_and_what_runs_has_the_true_names() {
    let script = Scripted::deciding(|request| {
        let Message::Said { text } = &request.messages[0] else { panic!("{request:?}") };
        // The only way in which this model can know of it.
        let object = text.as_str().split("StatefulSet/").nth(1).unwrap();
        let name = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap().to_owned();
        let (namespace, rest) = object.split_once('/').unwrap();
        let args = json!({"kind": "StatefulSet", "namespace": namespace, "name": name(rest)});
        Ok(match results(request).len() {
            0 => answer(&format!("I look at {}.", name(rest)), &[("1", "describe", args)]),
            _ => answer("", &[("2", "conclude", concluding(json!([])))]),
        })
    });
    let mut talk = Talk::with(script.in_the_place_of(endpoint()));
    let names = ["ledger", "bank"].map(str::to_owned).to_vec();
    let hidden = Hidden { names: true, hosts: true, addresses: true };
    let aliased = Aliased::new(Arc::clone(&talk.model) as Arc<dyn Model>, hidden, Arc::new(move || names.clone()));
    talk.stage.speaking.as_mut().unwrap().model = Arc::new(aliased);
    let mut runner = talk.runner();
    let mut described = None;
    loop {
        match runner.advance().await.unwrap() {
            Pause::AwaitingDecision(id) => {
                if !talk.model.asked().is_empty() {
                    described = Some(talk.stage.door.call(super::stage::CASE, id).unwrap());
                }
                talk.stage.approve(id);
            }
            Pause::AwaitingRelease(id) => talk.stage.release(id),
            Pause::AwaitingSend | Pause::Concluded => break,
        }
    }
    let asked = talk.model.asked();
    assert!(asked.len() > 1, "it answered, and read the result");
    for request in &asked {
        let body: Value = serde_json::from_str(&request.leaves(&endpoint())).unwrap();
        let messages = body["messages"].to_string();
        assert!(!messages.contains("ledger") && !messages.contains("bank"), "{messages}");
    }
    let described = described.unwrap().call;
    assert_eq!(described.args, json!({"kind": "StatefulSet", "namespace": "bank", "name": "ledger"}));
    let case = serde_json::to_string(&talk.stage.events()).unwrap();
    assert!(case.contains("I look at ledger.") && !case.contains("I look at name-"), "the engineer reads true names");
}
