#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

//! Against servers that misbehave, and one that nobody here wrote.

mod hostile;
mod llama;

use model::ToolSpec;
use redact::Redactor;
use serde_json::json;

use super::*;
use crate::{Effort, Finish, Message, Provider, ToolMode};
use hostile::{Hostile, Says};

const GOOD: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It is DNS.\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n"
);

fn impatient() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        first: Duration::from_secs(20),
        between: Duration::from_secs(20),
        tries: 3,
        pause: Duration::from_millis(5),
        longest_pause: Duration::from_secs(2),
    }
}

fn endpoint(provider: Provider, base: &str) -> Endpoint {
    Endpoint {
        name: "mine".into(),
        provider,
        base: base.into(),
        model: "small".into(),
        tools: ToolMode::Native,
        thinks: false,
    }
}

fn remote(base: &str) -> Remote {
    let redactor = Arc::new(Redactor::new([1; 32]));
    let key = Key::new("sk-proj-0123456789abcdefghij0123456789");
    Remote::new(endpoint(Provider::OpenAi, base), key, redactor, impatient(), None).unwrap()
}

fn request(text: &str) -> Request {
    let redactor = Redactor::new([1; 32]);
    Request {
        instructions: redactor.text("You find causes."),
        messages: vec![Message::Said { text: redactor.text(text) }],
        tools: Vec::new(),
        most_tokens: 100,
        effort: Effort::Low,
    }
}

async fn asked(server: &Hostile) -> Result<crate::Answer, ModelError> {
    match remote(&server.base()).ask(&request("why?")).await {
        Ok(mut answering) => answering.whole().await,
        Err(error) => Err(error),
    }
}

#[tokio::test]
async fn what_was_shown_is_what_leaves_and_the_key_is_in_its_header_alone() {
    let server = Hostile::that(vec![Says::stream(GOOD)]).await;
    let answer = asked(&server).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish), ("It is DNS.", Finish::Done));
    let heard = server.heard();
    let shown = encode(&endpoint(Provider::OpenAi, &server.base()), &request("why?"));
    assert_eq!(heard[0].body, shown.body);
    let key = "Bearer sk-proj-0123456789abcdefghij0123456789";
    assert_eq!(heard[0].header("authorization"), Some(key));
    assert_eq!(heard[0].head.matches("sk-proj").count(), 1);
}

/// As Vertex and llama.cpp write them: by themselves they look like tokens.
#[tokio::test]
async fn the_second_request_leaves_with_the_ids_that_the_model_gave_its_calls() {
    for id in ["toolu_vrtx_01PiDVQfuGkgrmBQAVy4jdTu", "aB3dE5gH7jK9mN1pQ2sT4vW6xY8zC0fR"] {
        let redactor = Redactor::new([1; 32]);
        let called = crate::Called { id: id.into(), tool: "logs".into(), args: redactor.text("{}") };
        let mut second = request("why?");
        second.messages.push(Message::Answered { text: redactor.text("I look."), calls: vec![called], kept: vec![] });
        second.messages.push(Message::Result { call: id.into(), text: redactor.text("nothing") });
        for provider in Provider::ALL {
            for tools in [ToolMode::Native, ToolMode::Text] {
                let server = Hostile::that(vec![Says::nothing()]).await;
                let endpoint = Endpoint { tools, ..endpoint(provider, &server.base()) };
                let once = Patience { tries: 1, ..impatient() };
                let remote = Remote::new(endpoint, None, Arc::new(Redactor::new([1; 32])), once, None).unwrap();
                let error = remote.ask(&second).await.err();
                assert!(!matches!(error, Some(ModelError::Held { .. })), "{provider:?} {tools:?}: {error:?}");
                assert_eq!(server.heard().len(), 1, "{provider:?} {tools:?}");
            }
        }
        // Anywhere else it is what it looks like.
        let server = Hostile::that(vec![Says::stream(GOOD)]).await;
        let leak = ToolSpec { name: "x".into(), title: id.into(), description: id.into(), schema: json!({}) };
        let held = Request { tools: vec![leak], ..second };
        assert!(matches!(remote(&server.base()).ask(&held).await.err(), Some(ModelError::Held { .. })));
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again_after_the_time_that_it_gives() {
    let busy = Says::status(429, "{\"error\":{\"message\":\"slow down\"}}").with("retry-after: 1");
    let overloaded =
        Says::status(529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}");
    let server = Hostile::that(vec![busy, overloaded, Says::stream(GOOD)]).await;
    assert_eq!(asked(&server).await.unwrap().text, "It is DNS.");
    assert_eq!(server.heard().len(), 3);
}

#[tokio::test]
async fn a_server_that_wants_more_time_than_anybody_waits_is_not_waited_for() {
    let busy = Says::status(429, "{\"error\":{\"message\":\"slow down\"}}").with("retry-after: 3600");
    let server = Hostile::that(vec![busy]).await;
    let error = asked(&server).await.unwrap_err();
    assert!(matches!(&error, ModelError::Busy { after_seconds: Some(3600), .. }), "{error:?}");
    assert!(error.hint().contains("3600 s"));
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn nothing_is_asked_twice_once_an_answer_began() {
    let half = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It is\"}}]}\n\ndata: {\"choices\":[{\"ind";
    let server = Hostile::that(vec![Says::stream(half), Says::stream(GOOD)]).await;
    let mut answering = remote(&server.base()).ask(&request("why?")).await.unwrap();
    assert_eq!(answering.next().await, Some(Ok(Delta::Text("It is".into()))));
    assert_eq!(answering.next().await, Some(Err(ModelError::broke_off())));
    assert_eq!(answering.next().await, None);
    let server_cut = Hostile::that(vec![Says::stream(half).cut(), Says::stream(GOOD)]).await;
    let error = asked(&server_cut).await.unwrap_err();
    assert!(matches!(error, ModelError::Broken { .. }), "{error:?}");
    assert_eq!((server.heard().len(), server_cut.heard().len()), (1, 1));
}

#[tokio::test]
async fn a_connection_that_breaks_before_an_answer_is_tried_again() {
    let server = Hostile::that(vec![Says::nothing(), Says::stream(GOOD)]).await;
    assert_eq!(asked(&server).await.unwrap().text, "It is DNS.");
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn each_refusal_has_words_that_help() {
    let page = "<html><head><title>Sign in to Corp</title></head></html>";
    type Case = (Says, fn(&ModelError) -> bool, &'static str);
    let cases: Vec<Case> = vec![
        (
            Says::status(
                401,
                "{\"error\":{\"message\":\"Incorrect API key provided: sk-proj-0123456789abcdefghij0123456789\"}}",
            ),
            |e| matches!(e, ModelError::NotAllowed { .. }),
            "Set the key of `mine` again",
        ),
        (
            Says::status(
                404,
                "{\"error\":{\"message\":\"The model `small` does not exist\",\"code\":\"model_not_found\"}}",
            ),
            |e| matches!(e, ModelError::UnknownModel { .. }),
            "caseboard models test mine",
        ),
        (Says::status(404, page), |e| matches!(e, ModelError::NotAModel { .. }), "Check the address"),
        (
            Says::status(
                400,
                "{\"error\":{\"code\":400,\"message\":\"request (5031 tokens) exceeds the available context size (2048 tokens), try increasing it\",\"type\":\"exceed_context_size_error\"}}",
            ),
            |e| matches!(e, ModelError::TooLong { .. }),
            "Take results out",
        ),
        (
            Says::status(400, "{\"error\":{\"message\":\"Unknown parameter\"}}"),
            |e| matches!(e, ModelError::Rejected { .. }),
            "Change what is asked",
        ),
        (
            Says::status(429, "{\"error\":{\"message\":\"You exceeded your quota\",\"code\":\"insufficient_quota\"}}"),
            |e| matches!(e, ModelError::NotAllowed { .. }),
            "no credit left",
        ),
        (
            Says::status(200, page).with("content-type: text/html"),
            |e| matches!(e, ModelError::NotAModel { why, .. } if why.contains("Sign in to Corp")),
            "Check the address",
        ),
        (
            Says::status(302, "").with("location: https://elsewhere.example/"),
            |e| matches!(e, ModelError::NotAModel { .. }),
            "Give the address",
        ),
    ];
    for (says, is_it, hint) in cases {
        let server = Hostile::that(vec![says]).await;
        let error = asked(&server).await.unwrap_err();
        assert!(is_it(&error), "{error:?}");
        assert!(error.hint().contains(hint), "{error:?}");
        assert!(!error.to_string().contains("0123456789abcdefghij"), "the key is in {error}");
        assert_eq!(server.heard().len(), 1, "{error:?} was asked again");
    }
}

#[tokio::test]
async fn a_certificate_of_nobody_is_refused_and_nothing_is_sent() {
    let server = Hostile::with_tls(vec![Says::stream(GOOD)]).await;
    let error = asked(&server).await.unwrap_err();
    assert!(matches!(error, ModelError::Untrusted { .. }), "{error:?}");
    assert!(server.heard().is_empty());

    let redactor = Arc::new(Redactor::new([1; 32]));
    let at = endpoint(Provider::OpenAi, &server.base());
    let trusting = Remote::new(at, None, redactor, impatient(), Some(server.certificate().as_bytes())).unwrap();
    let answer = trusting.ask(&request("why?")).await.unwrap().whole().await.unwrap();
    assert_eq!(answer.text, "It is DNS.");
}

#[tokio::test]
async fn a_server_without_tls_behind_https_is_told_as_such() {
    let server = Hostile::that(vec![Says::stream(GOOD)]).await;
    let error = remote(&server.base().replace("http://", "https://")).ask(&request("why?")).await.err().unwrap();
    assert!(matches!(error, ModelError::NotAModel { .. }), "{error:?}");
    assert!(error.hint().contains("http://"), "{error:?}");
}

#[tokio::test]
async fn nobody_at_the_address_is_told_with_what_to_start() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = endpoint(Provider::Ollama, &format!("http://{free}/v1"));
    let remote = Remote::new(at, None, Arc::new(Redactor::new([1; 32])), impatient(), None).unwrap();
    let error = remote.ask(&request("why?")).await.err().unwrap();
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
    assert!(error.hint().contains("Start ollama"), "{error:?}");
}

#[tokio::test]
async fn what_must_not_leave_holds_the_whole_request() {
    let server = Hostile::that(vec![Says::stream(GOOD)]).await;
    let remote = remote(&server.base());
    let early = request("retrying with hunter2Hunter3 in 5 s");
    // The value is seen after the text was redacted.
    remote.redactor.json(&mut json!({"env": [{"name": "DB_PASSWORD", "value": "hunter2Hunter3"}]}));
    let error = remote.ask(&early).await.err().unwrap();
    assert!(matches!(&error, ModelError::Held { why, .. } if why.contains("/messages/1/content")), "{error:?}");
    assert!(server.heard().is_empty());
}

#[test]
fn a_key_is_not_sent_in_the_clear_and_not_printed() {
    let key = Key::new("abc123");
    assert_eq!(format!("{key:?}"), "Some(Key(…))");
    assert_eq!((Key::new("  "), Key::new("two words")), (None, None));
    let redactor = || Arc::new(Redactor::new([1; 32]));
    let far = endpoint(Provider::Vllm, "http://gpu.corp.example:8000/v1");
    assert!(Remote::new(far.clone(), key, redactor(), impatient(), None).is_err());
    assert!(Remote::new(far, None, redactor(), impatient(), None).is_ok());
    assert!(Remote::new(endpoint(Provider::Vllm, "gpu:8000"), None, redactor(), impatient(), None).is_err());
}

#[tokio::test]
async fn a_model_is_asked_for_calls_in_the_best_way_that_it_can() {
    let refuses = Says::status(400, "{\"error\":{\"message\":\"this model does not support tools\"}}");
    let words = r#"{\"say\": \"\", \"calls\": [{\"tool\": \"weather\", \"args\": {\"city\": \"Vienna\"}}]}"#;
    let in_words = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{words}\"}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let server = Hostile::that(vec![refuses, Says::stream(GOOD), Says::stream(&in_words)]).await;
    let at = endpoint(Provider::LlamaCpp, &server.base());
    let probe = crate::Probe::of(&at, None, impatient(), None).await.unwrap();
    assert_eq!(probe.tools, Some(ToolMode::Text));
    let tried: Vec<ToolMode> = probe.tried.iter().map(|(mode, _)| *mode).collect();
    assert_eq!(tried, [ToolMode::Native, ToolMode::Schema]);
}
