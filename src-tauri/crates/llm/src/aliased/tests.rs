use model::ToolSpec;
use redact::Redactor;
use serde_json::json;

use super::*;
use crate::{Called, Effort, Endpoint, Finish, Provider, Scripted, ToolMode, Usage};

const TOLD: [&str; 4] = ["ledger", "bank", "10.4.7.9", "acme"];

fn endpoint() -> Endpoint {
    Endpoint {
        name: "house".into(),
        provider: Provider::LlamaCpp,
        base: "http://127.0.0.1:1/v1".into(),
        model: "m".into(),
        tools: ToolMode::Native,
        thinks: false,
    }
}

fn request() -> Request {
    let redactor = Redactor::new([1; 32]);
    let tool = |name: &str, description: &str| ToolSpec {
        name: name.into(),
        title: String::new(),
        description: description.into(),
        schema: json!({"type": "object", "properties": {"from": {"enum": ["bank"]}}}),
    };
    let args = redactor.text(r#"{"namespace":"bank","workload":"ledger"}"#);
    let calls = vec![Called { id: "1".into(), tool: "logs".into(), args }];
    Request {
        instructions: redactor.text("The team of ledger asks."),
        messages: vec![
            Message::Said { text: redactor.text("Why does ledger in bank fail?") },
            Message::Answered { text: redactor.text("I look at ledger."), calls, kept: Vec::new() },
            Message::Result { call: "1".into(), text: redactor.text("ledger-0: 10.4.7.9 (db.acme.com) refuses") },
        ],
        tools: vec![tool("mcp.tickets.search", "Tickets of bank at tickets.acme.com.")],
        most_tokens: 100,
        effort: Effort::Low,
    }
}

fn aliased(model: Scripted) -> (Aliased, Arc<Scripted>) {
    let model = Arc::new(model.in_the_place_of(endpoint()));
    let hidden = Hidden { names: true, hosts: true, addresses: true };
    let names: Names = Arc::new(|| ["ledger", "bank"].map(str::to_owned).to_vec());
    (Aliased::new(Arc::clone(&model) as Arc<dyn Model>, hidden, names), model)
}

#[tokio::test]
async fn what_leaves_has_stand_ins_and_what_is_shown_of_it_is_what_leaves() {
    let (aliased, model) =
        aliased(Scripted::deciding(|_| Ok(vec![Delta::End { finish: Finish::Done, usage: Usage::default() }])));
    let shown = aliased.leaves(&request()).unwrap();
    aliased.ask(&request()).await.unwrap().whole().await.unwrap();
    assert_eq!(model.asked()[0].leaves(&endpoint()), shown);
    for told in TOLD {
        assert!(!shown.contains(told), "{told} in {shown}");
    }
    assert!(shown.contains("workload") && shown.contains("refuses"), "the rest stays: {shown}");
}

#[tokio::test]
async fn what_comes_back_has_the_true_names_wherever_it_was_cut() {
    let (aliased, _) = aliased(Scripted::deciding(|request| {
        let Message::Answered { calls, .. } = &request.messages[1] else { panic!("{request:?}") };
        let Message::Result { text, .. } = &request.messages[2] else { panic!("{request:?}") };
        let args = calls[0].args.as_str().replace("\"namespace\"", "\"said\":\"a\\n198.18.0.77\",\"namespace\"");
        let mut deltas: Vec<Delta> = Vec::new();
        deltas.push(Delta::CallBegins { id: "2".into(), tool: "logs".into() });
        for letter in text.as_str().chars() {
            deltas.push(Delta::Text(letter.to_string()));
            deltas.push(Delta::Thought(letter.to_string()));
        }
        let piece = |text: char| Delta::CallArguments { id: "2".into(), text: text.to_string() };
        deltas.extend(args.chars().map(piece));
        deltas.push(Delta::End { finish: Finish::Calls, usage: Usage::default() });
        Ok(deltas)
    }));
    let answer = aliased.ask(&request()).await.unwrap().whole().await.unwrap();
    assert_eq!(answer.text, "ledger-0: 10.4.7.9 (db.acme.com) refuses");
    assert_eq!(answer.thoughts, answer.text);
    let args = json!({"said": "a\n198.18.0.77", "namespace": "bank", "workload": "ledger"});
    assert_eq!(answer.calls[0].args, args, "a stand-in that stands for nothing stays");
}

#[tokio::test]
async fn what_breaks_off_is_an_error_as_before() {
    let broken = ModelError::broken("reset");
    let (aliased, _) = aliased(Scripted::new().breaking_off([Delta::Text("It is".into())], broken.clone()));
    assert_eq!(aliased.ask(&request()).await.unwrap().whole().await, Err(broken));
}
