use llm::{Effort, Endpoint, Message, Provider, Request, Scripted, ToolMode};
use model::Time;
use playground::Scenario;

use super::*;
use crate::testing::desk_in_memory;

fn request(desk: &Desk) -> Request {
    let text = "Deployment/shop/checkout asks 10.4.7.9 (db.acme.com); `logs` of checkout-7d4b-x2 in kube-system say so";
    Request {
        instructions: desk.redactor.text("You find causes."),
        messages: vec![Message::Said { text: desk.redactor.text(text) }],
        tools: Vec::new(),
        most_tokens: 100,
        effort: Effort::Low,
    }
}

fn model() -> Arc<dyn Model> {
    let endpoint = Endpoint {
        name: "house".into(),
        provider: Provider::LlamaCpp,
        base: "http://127.0.0.1:1/v1".into(),
        model: "m".into(),
        tools: ToolMode::Native,
        thinks: false,
    };
    Arc::new(Scripted::new().in_the_place_of(endpoint))
}

#[tokio::test]
async fn what_the_engineer_switched_on_leaves_under_another_name_and_nothing_else() {
    let (desk, _folder) = desk_in_memory();
    let text = include_str!("../../../../../tests/fixtures/scenarios/every-evidence.yaml");
    let scenario = Scenario::load("every-evidence.yaml", text).unwrap();
    let id = ClusterId("demo".into());
    let history = history::History::in_memory(id.clone()).unwrap();
    history.append(&scenario.observations(&id, Time::from_seconds(1_000_000))).unwrap();
    desk.add_recorded(id.clone(), "eu-shop".into(), String::new(), Arc::new(history));
    let request = request(&desk);
    let leaves = || desk.under_pseudonyms(&id, model()).unwrap().leaves(&request).unwrap();

    assert_eq!(desk.pseudonyms().unwrap(), Pseudonyms::default());
    assert_eq!(leaves(), model().leaves(&request).unwrap(), "off unless somebody turns it on");
    for (on, gone, stays) in [
        (Pseudonyms { names: true, ..Pseudonyms::default() }, &["checkout", "shop"][..], &["10.4.7.9", "acme"][..]),
        (Pseudonyms { hosts: true, ..Pseudonyms::default() }, &["acme"], &["10.4.7.9", "checkout"]),
        (Pseudonyms { addresses: true, ..Pseudonyms::default() }, &["10.4.7.9"], &["acme", "checkout"]),
    ] {
        desk.set_pseudonyms(on).unwrap();
        let leaves = leaves();
        assert!(!gone.iter().any(|told| leaves.contains(told)), "{on:?}: {leaves}");
        assert!(stays.iter().all(|told| leaves.contains(told)), "{on:?}: {leaves}");
        assert!(leaves.contains("kube-system") && leaves.contains("`logs`"), "{leaves}");
    }
}

#[tokio::test]
async fn a_choice_that_cannot_be_read_lets_nothing_out() {
    let (desk, _folder) = desk_in_memory();
    desk.file.set_setting(SETTING, "neither").unwrap();
    let refused = desk.under_pseudonyms(&ClusterId("demo".into()), model()).err().unwrap();
    assert_eq!(refused.code, "damaged");
    desk.set_pseudonyms(Pseudonyms::default()).unwrap();
    assert!(desk.under_pseudonyms(&ClusterId("demo".into()), model()).is_ok());
}
