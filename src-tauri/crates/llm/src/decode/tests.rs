#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::ToolSpec;
use redact::Redactor;
use serde_json::json;

use super::*;
use crate::{Answer, Called, Effort, Finish, Message, Provider, Usage, encode};

const CHAT: &str = include_str!("../../fixtures/chat_llama_cpp.txt");
const CHAT_CALLS: &str = include_str!("../../fixtures/chat_parallel_calls.txt");
const RESPONSES: &str = include_str!("../../fixtures/responses_llama_cpp.txt");
const RESPONSES_CALLS: &str = include_str!("../../fixtures/responses_calls.txt");
const MESSAGES: &str = include_str!("../../fixtures/messages_llama_cpp.txt");
const MESSAGES_CALLS: &str = include_str!("../../fixtures/messages_calls.txt");
const GEMINI_CALLS: &str = include_str!("../../fixtures/gemini_calls.txt");

/// Recorded from llama.cpp's server, or written after the provider's documentation.
const STREAMS: &[(Provider, &str)] = &[
    (Provider::LlamaCpp, CHAT),
    (Provider::OpenRouter, CHAT_CALLS),
    (Provider::OpenAiResponses, RESPONSES),
    (Provider::OpenAiResponses, RESPONSES_CALLS),
    (Provider::Anthropic, MESSAGES),
    (Provider::Anthropic, MESSAGES_CALLS),
    (Provider::Gemini, GEMINI_CALLS),
];

fn endpoint(provider: Provider, tools: ToolMode) -> Endpoint {
    Endpoint {
        name: "x".into(),
        provider,
        base: provider.base().unwrap().into(),
        model: "m".into(),
        tools,
        thinks: true,
    }
}

fn request(messages: Vec<Message>) -> Request {
    let tool = ToolSpec {
        name: "logs.read".into(),
        title: "Logs".into(),
        description: "Reads logs.".into(),
        schema: json!({"type": "object", "properties": {"pod": {"type": "string"}}}),
    };
    let instructions = Redactor::new([1; 32]).text("You find causes.");
    Request { instructions, messages, tools: vec![tool], most_tokens: 1_000, effort: Effort::High }
}

fn decoder(provider: Provider) -> Decoder {
    Decoder::new(&endpoint(provider, ToolMode::Native), &request(Vec::new()))
}

fn read(provider: Provider, pieces: &[&[u8]]) -> Result<Vec<Delta>, ModelError> {
    let mut decoder = decoder(provider);
    let mut deltas = Vec::new();
    for piece in pieces {
        deltas.extend(decoder.feed(piece)?);
    }
    deltas.extend(decoder.finish()?);
    Ok(deltas)
}

fn answer(provider: Provider, stream: &str) -> Answer {
    Answer::of(read(provider, &[stream.as_bytes()]).unwrap()).unwrap()
}

#[test]
fn it_does_not_matter_where_a_stream_is_cut() {
    for (provider, stream) in STREAMS {
        let bytes = stream.as_bytes();
        let whole = read(*provider, &[bytes]).unwrap();
        assert!(matches!(whole.last(), Some(Delta::End { .. })), "{provider:?}");
        for cut in 0..=bytes.len() {
            assert_eq!(read(*provider, &[&bytes[..cut], &bytes[cut..]]), Ok(whole.clone()), "{provider:?} at {cut}");
        }
        for size in [1, 2, 3, 7] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(read(*provider, &pieces), Ok(whole.clone()), "{provider:?} in pieces of {size}");
        }
        let returns = stream.replace('\n', "\r\n");
        assert_eq!(read(*provider, &[returns.as_bytes()]), Ok(whole), "{provider:?} with carriage returns");
    }
}

#[test]
fn a_stream_that_breaks_off_is_an_error_wherever_it_breaks() {
    for (provider, stream) in STREAMS {
        let bytes = stream.as_bytes();
        let mut complete = 0;
        for cut in 0..bytes.len() {
            match read(*provider, &[&bytes[..cut]]) {
                Ok(deltas) => {
                    assert!(matches!(deltas.last(), Some(Delta::End { .. })), "{provider:?} at {cut}");
                    complete += 1;
                }
                Err(error) => assert_eq!(error, ModelError::broke_off(), "{provider:?} at {cut}"),
            }
        }
        // Only what follows the reason for the end may be missing.
        assert!(complete < bytes.len() / 2, "{provider:?}: {complete} of {}", bytes.len());
    }
}

#[test]
fn text_and_what_it_took_are_read_from_recorded_answers() {
    let usage = |input, cached, output| Usage {
        input_tokens: input,
        cached_tokens: cached,
        output_tokens: output,
        ..Usage::default()
    };
    let said = |answer: Answer| (answer.text, answer.finish, answer.usage);
    assert_eq!(said(answer(Provider::LlamaCpp, CHAT)), ("I hope this".into(), Finish::Length, usage(31, 24, 8)));
    assert_eq!(
        said(answer(Provider::OpenAiResponses, RESPONSES)),
        ("Hello there".into(), Finish::Done, usage(16, 3, 4))
    );
    assert_eq!(said(answer(Provider::Anthropic, MESSAGES)), ("hi!".into(), Finish::Length, usage(31, 30, 4)));
}

#[test]
fn parallel_calls_thoughts_and_cost_are_read_alike_from_every_format() {
    for (provider, stream) in [
        (Provider::OpenRouter, CHAT_CALLS),
        (Provider::OpenAiResponses, RESPONSES_CALLS),
        (Provider::Anthropic, MESSAGES_CALLS),
        (Provider::Gemini, GEMINI_CALLS),
    ] {
        let answer = answer(provider, stream);
        let calls: Vec<_> = answer.calls.iter().map(|call| (call.tool.as_str(), call.args.clone())).collect();
        let both = [("logs.read", json!({"pod": "cart"})), ("logs.read", json!({"pod": "größe 😀"}))];
        assert_eq!(calls, both, "{provider:?}: the tool has its own name again");
        assert_ne!(answer.calls[0].id, answer.calls[1].id, "{provider:?}");
        assert!(answer.broken.is_empty() && !answer.thoughts.is_empty() && !answer.kept.is_empty(), "{provider:?}");
        let Usage { input_tokens, cached_tokens, output_tokens, .. } = answer.usage;
        assert_eq!((input_tokens, cached_tokens, output_tokens), (1_200, 1_000, 80), "{provider:?}");
    }
    assert_eq!(answer(Provider::OpenRouter, CHAT_CALLS).usage.micro_dollars, Some(1_230));
}

/// The answer given back with the results of its calls, as a next request carries it.
fn given_back(answer: &Answer) -> Request {
    let redactor = Redactor::new([1; 32]);
    let called = |call: &crate::Asked| Called {
        id: call.id.clone(),
        tool: call.tool.clone(),
        args: redactor.text(&call.args.to_string()),
    };
    let calls: Vec<Called> = answer.calls.iter().map(called).collect();
    let results = calls.iter().map(|call| Message::Result { call: call.id.clone(), text: redactor.text("nothing") });
    let mut messages = vec![Message::Said { text: redactor.text("why?") }];
    let results: Vec<Message> = results.collect();
    messages.push(Message::Answered { text: redactor.text(&answer.text), calls, kept: answer.kept.clone() });
    messages.extend(results);
    request(messages)
}

#[test]
fn thoughts_and_signatures_go_back_byte_for_byte_and_only_to_who_made_them() {
    for (provider, stream, exact) in [
        (
            Provider::OpenRouter,
            CHAT_CALLS,
            vec![
                r#""reasoning_details":[{"type":"reasoning.text","text":"Look at both — größer.","format":"anthropic-claude-v1","index":0,"signature":"Eq+9/Xm=="}]"#,
            ],
        ),
        (
            Provider::OpenAiResponses,
            RESPONSES_CALLS,
            vec![
                r#"{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAAABo_w==/+x","summary":[{"type":"summary_text","text":"Both logs."}]},{"type":"function_call","call_id":"call_a""#,
            ],
        ),
        (
            Provider::Anthropic,
            MESSAGES_CALLS,
            vec![
                r#"[{"type":"thinking","thinking":"Look at both — größer.\n","signature":"EqQBCgIYAhIM1gbcDjNkL7+s/9fKx2mQvT7bLpZ4wRnYc8HdGsJ3uE6aXo1iV=="},{"type":"redacted_thinking","data":"EmwKAhgBEgy3va3pzix"},{"type":"text","text":"I read two logs."},{"type":"tool_use","id":"call_a""#,
            ],
        ),
        (
            Provider::Gemini,
            GEMINI_CALLS,
            vec![
                r#"{"functionCall":{"name":"logs_read","args":{"pod":"cart"}},"thoughtSignature":"CoQCAdHtim9fKx2mQvT7bLpZ4wRnYc8HdGsJ3uE6aXo1iV=="}"#,
            ],
        ),
    ] {
        let request = given_back(&answer(provider, stream));
        let endpoint = endpoint(provider, ToolMode::Native);
        let body = String::from_utf8(encode(&endpoint, &request).body).unwrap();
        for part in exact {
            assert!(body.contains(part), "{provider:?}: {part}\nnot in {body}");
        }
        let other = Endpoint { model: "another".into(), ..endpoint };
        let body = String::from_utf8(encode(&other, &request).body).unwrap();
        for part in ["reasoning_details", "encrypted_content\"", "signature", "thoughtSignature", "redacted_thinking"] {
            let asked_for = part == "encrypted_content\"" && body.contains("reasoning.encrypted_content");
            assert!(asked_for || !body.contains(part), "{provider:?}: {part} in {body}");
        }
    }
}

#[test]
fn an_answer_in_one_piece_is_read_like_one_in_many() {
    let chat = json!({"choices": [{"finish_reason": "stop", "message": {"content": "Hi.", "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "logs_read", "arguments": "{\"pod\":\"a\"}"}}]}}]});
    let responses = json!({"status": "completed", "error": null, "output": [
        {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "Hi."}]},
        {"type": "function_call", "id": "f", "call_id": "a", "name": "logs_read", "arguments": "{\"pod\":\"a\"}"}]});
    let messages = json!({"type": "message", "stop_reason": "tool_use", "usage": {"input_tokens": 1}, "content": [
        {"type": "text", "text": "Hi."}, {"type": "tool_use", "id": "a", "name": "logs_read", "input": {"pod": "a"}}]});
    let gemini = json!([{"candidates": [{"finishReason": "STOP", "content": {"parts": [
        {"text": "Hi."}, {"functionCall": {"id": "a", "name": "logs_read", "args": {"pod": "a"}}}]}}]}]);
    for (provider, body) in [
        (Provider::Ollama, chat),
        (Provider::OpenAiResponses, responses),
        (Provider::Anthropic, messages),
        (Provider::Gemini, gemini),
    ] {
        let answer = Answer::of(decoder(provider).whole(body.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!((answer.text.as_str(), answer.calls.len()), ("Hi.", 1), "{provider:?}");
        assert_eq!((answer.calls[0].id.as_str(), &answer.calls[0].args), ("a", &json!({"pod": "a"})), "{provider:?}");
    }
    for provider in [Provider::Ollama, Provider::OpenAiResponses, Provider::Anthropic, Provider::Gemini] {
        let read = decoder(provider).whole(b"{\"hello\": \"world\"}");
        assert!(matches!(read, Err(ModelError::NotAModel { .. })), "{provider:?}: {read:?}");
        let read = read_one(provider, "data: {\"hello\": \"world\"}\n\n");
        assert!(matches!(read, Err(ModelError::NotAModel { .. })), "{provider:?}: {read:?}");
    }
}

fn read_one(provider: Provider, stream: &str) -> Result<Vec<Delta>, ModelError> {
    read(provider, &[stream.as_bytes()])
}

#[test]
fn an_error_within_a_stream_says_what_to_do() {
    let overloaded = r#"data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let long = r#"data: {"error":{"message":"This model's maximum context length is 8192 tokens.","code":"context_length_exceeded"}}"#;
    let failed =
        r#"data: {"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"slow down"}}}"#;
    assert!(matches!(read_one(Provider::Anthropic, &format!("{overloaded}\n\n")), Err(ModelError::Busy { .. })));
    assert!(matches!(read_one(Provider::OpenAi, &format!("{long}\n\n")), Err(ModelError::TooLong { .. })));
    assert!(matches!(read_one(Provider::OpenAiResponses, &format!("{failed}\n\n")), Err(ModelError::Busy { .. })));
    assert!(matches!(read_one(Provider::OpenAi, "data: {\"choices\"\n\n"), Err(ModelError::Broken { .. })));
}

#[test]
fn arguments_that_were_cut_by_the_longest_answer_are_no_call() {
    let stream = concat!(
        r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"logs_read","arguments":"{\"pod\": \"car"}}]}}]}"#,
        "\n\n",
        r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        "\n\ndata: [DONE]\n\n"
    );
    let answer = answer(Provider::OpenAi, stream);
    assert!(answer.calls.is_empty());
    assert_eq!(answer.broken, [("a".to_owned(), "{\"pod\": \"car".to_owned())]);
}

#[test]
fn calls_without_ids_or_with_used_ones_get_ids_of_their_own() {
    let call = |id: &str, pod: &str| {
        let arguments = json!({"pod": pod}).to_string();
        json!({"choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": 0, "id": id, "function": {"name": "logs_read", "arguments": arguments}}]}}]})
    };
    let stream = |ids: [&str; 2]| {
        let (first, second) = (call(ids[0], "a"), call(ids[1], "b"));
        format!("data: {first}\n\ndata: {second}\n\ndata: [DONE]\n\n")
    };
    // Both at index 0, which only the ids tell apart.
    let two = answer(Provider::Ollama, &stream(["x", "y"]));
    assert_eq!(two.calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["x", "y"]);

    let before = Called { id: "x".into(), tool: "logs.read".into(), args: Redactor::new([1; 32]).text("{}") };
    let earlier = Message::Answered { text: Redactor::new([1; 32]).text(""), calls: vec![before], kept: Vec::new() };
    let mut decoder = Decoder::new(&endpoint(Provider::Ollama, ToolMode::Native), &request(vec![earlier]));
    let again = Answer::of(decoder.feed(stream(["x", "y"]).as_bytes()).unwrap()).unwrap();
    assert_eq!(again.calls.len(), 2);
    assert!(again.calls.iter().all(|call| call.id != "x"), "{:?}", again.calls);
}

#[test]
fn calls_in_words_become_calls_and_their_json_is_never_shown() {
    let words = r#"{"say": "I look.", "calls": [{"tool": "logs_read", "args": {"pod": "a"}}]}"#;
    for mode in [ToolMode::Schema, ToolMode::Text] {
        let mut decoder = Decoder::new(&endpoint(Provider::LlamaCpp, mode), &request(Vec::new()));
        let mut deltas = Vec::new();
        for piece in [&words[..7], &words[7..40], &words[40..]] {
            let event = json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
            let told = decoder.feed(format!("data: {event}\n\n").as_bytes()).unwrap();
            assert!(told.is_empty(), "{told:?}");
        }
        deltas.extend(decoder.feed(b"data: [DONE]\n\n").unwrap());
        let answer = Answer::of(deltas).unwrap();
        assert_eq!(answer.text, "I look.");
        assert_eq!((answer.calls[0].tool.as_str(), &answer.calls[0].args), ("logs.read", &json!({"pod": "a"})));
    }
}
