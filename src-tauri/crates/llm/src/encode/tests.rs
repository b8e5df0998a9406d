#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use model::ToolSpec;
use redact::Redactor;
use serde_json::json;

use super::*;
use crate::{Called, Effort, Message, Provider};

fn endpoint(provider: Provider) -> Endpoint {
    Endpoint {
        name: "x".into(),
        provider,
        base: provider.base().unwrap_or("https://x.openai.azure.com").into(),
        model: "m".into(),
        tools: ToolMode::Native,
        thinks: false,
    }
}

fn request() -> Request {
    let redactor = Redactor::new([1; 32]);
    let text = |text: &str| redactor.text(text);
    let called = |id: &str, pod: &str| Called {
        id: id.into(),
        tool: "logs".into(),
        args: text(&json!({"pod": pod}).to_string()),
    };
    let tool = ToolSpec {
        name: "logs".into(),
        title: "Logs".into(),
        description: "Reads logs.".into(),
        schema: json!({"$schema": "x", "title": "T", "type": "object", "properties": {"pod": {"type": "string"}}}),
    };
    Request {
        instructions: text("You find causes."),
        messages: vec![
            Message::Said { text: text("why?") },
            Message::Answered { text: text(""), calls: vec![called("1", "a"), called("2", "b")], kept: vec![] },
            Message::Result { call: "1".into(), text: text("denied") },
            Message::Result { call: "2".into(), text: text("DB_PASSWORD=hunter2hunter2") },
        ],
        tools: vec![tool],
        most_tokens: 1_000,
        effort: Effort::Medium,
    }
}

fn body(endpoint: &Endpoint, request: &Request) -> Value {
    serde_json::from_slice(&encode(endpoint, request).body).unwrap()
}

/// Whole, so that nobody adds what leaves without seeing it here.
#[test]
fn the_bytes_that_leave_are_these() {
    let schema = json!({"type": "object", "properties": {"pod": {"type": "string"}}});
    let secret = "DB_PASSWORD=[redacted: password]";
    assert_eq!(
        body(&endpoint(Provider::OpenAi), &request()),
        json!({
            "model": "m", "stream": true, "stream_options": {"include_usage": true}, "max_completion_tokens": 1000,
            "messages": [
                {"role": "system", "content": "You find causes."},
                {"role": "user", "content": "why?"},
                {"role": "assistant", "content": "", "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "logs", "arguments": "{\"pod\":\"a\"}"}},
                    {"id": "2", "type": "function", "function": {"name": "logs", "arguments": "{\"pod\":\"b\"}"}},
                ]},
                {"role": "tool", "tool_call_id": "1", "content": "denied"},
                {"role": "tool", "tool_call_id": "2", "content": secret},
            ],
            "tools": [{"type": "function", "function": {"name": "logs", "description": "Reads logs.", "parameters": schema}}],
        })
    );
    assert_eq!(
        body(&endpoint(Provider::OpenAiResponses), &request()),
        json!({
            "model": "m", "stream": true, "store": false, "instructions": "You find causes.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "why?"}]},
                {"type": "function_call", "call_id": "1", "name": "logs", "arguments": "{\"pod\":\"a\"}"},
                {"type": "function_call", "call_id": "2", "name": "logs", "arguments": "{\"pod\":\"b\"}"},
                {"type": "function_call_output", "call_id": "1", "output": "denied"},
                {"type": "function_call_output", "call_id": "2", "output": secret},
            ],
            "max_output_tokens": 1000,
            "tools": [{
                "type": "function", "name": "logs", "description": "Reads logs.", "parameters": schema, "strict": false,
            }],
        })
    );
    let cached = json!({"type": "ephemeral"});
    assert_eq!(
        body(&endpoint(Provider::Anthropic), &request()),
        json!({
            "model": "m", "stream": true, "max_tokens": 1000,
            "system": [{"type": "text", "text": "You find causes.", "cache_control": cached}],
            "tools": [{
                "name": "logs", "description": "Reads logs.", "input_schema": schema, "cache_control": cached,
            }],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "why?"}]},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "1", "name": "logs", "input": {"pod": "a"}},
                    {"type": "tool_use", "id": "2", "name": "logs", "input": {"pod": "b"}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "1", "content": "denied"},
                    {"type": "tool_result", "tool_use_id": "2", "content": secret, "cache_control": cached},
                ]},
            ],
        })
    );
    assert_eq!(
        body(&endpoint(Provider::Gemini), &request()),
        json!({
            "systemInstruction": {"parts": [{"text": "You find causes."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "why?"}]},
                {"role": "model", "parts": [
                    {"functionCall": {"name": "logs", "args": {"pod": "a"}}},
                    {"functionCall": {"name": "logs", "args": {"pod": "b"}}},
                ]},
                {"role": "user", "parts": [
                    {"functionResponse": {"name": "logs", "response": {"result": "denied"}}},
                    {"functionResponse": {"name": "logs", "response": {"result": secret}}},
                ]},
            ],
            "generationConfig": {"maxOutputTokens": 1000},
            "tools": [{"functionDeclarations": [
                {"name": "logs", "description": "Reads logs.", "parametersJsonSchema": schema},
            ]}],
        })
    );
}

#[test]
fn who_speaks_chat_completions_in_another_way_is_spoken_to_in_that_way() {
    let with = |provider, thinks| body(&Endpoint { thinks, ..endpoint(provider) }, &request());
    assert_eq!(with(Provider::Vllm, false)["max_tokens"], 1_000);
    assert!(with(Provider::Vllm, false).get("max_completion_tokens").is_none());
    assert_eq!(with(Provider::OpenAi, true)["reasoning_effort"], "medium");
    assert_eq!(with(Provider::OpenRouter, true)["reasoning"], json!({"effort": "medium"}));
    assert_eq!(with(Provider::OpenRouter, true)["usage"], json!({"include": true}));
    assert_eq!(with(Provider::LlamaCpp, false)["cache_prompt"], true);
    let through = Endpoint { model: "anthropic/claude".into(), ..endpoint(Provider::OpenRouter) };
    assert_eq!(body(&through, &request())["messages"][0]["content"][0]["cache_control"]["type"], "ephemeral");
    let azure = encode(&endpoint(Provider::Azure), &request());
    assert_eq!(azure.url, "https://x.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21");
    assert!(azure.headers.iter().all(|(name, _)| *name != "authorization" && *name != "api-key"), "no key in here");
}

#[test]
fn a_longer_conversation_begins_with_the_bytes_of_the_shorter_one() {
    let (shorter, mut longer) = (request(), request());
    longer.messages.push(Message::Said { text: Redactor::new([1; 32]).text("go on") });
    for provider in Provider::ALL {
        // The mark at the end moves on, which is what it is for.
        if provider == Provider::Anthropic {
            continue;
        }
        let (shorter, longer) = (body(&endpoint(provider), &shorter), body(&endpoint(provider), &longer));
        let turns = |body: &Value| {
            ["messages", "input", "contents"].iter().find_map(|field| body[*field].as_array().cloned()).unwrap()
        };
        // Gemini's last turn grows, the others get one more.
        let same = turns(&shorter).len() - usize::from(provider == Provider::Gemini);
        assert_eq!(turns(&longer)[..same], turns(&shorter)[..same], "{provider:?}");
    }
}

#[test]
fn without_native_calls_the_tools_are_told_in_words_and_results_are_said() {
    for provider in Provider::ALL {
        for mode in [ToolMode::Schema, ToolMode::Text] {
            let outgoing = encode(&Endpoint { tools: mode, ..endpoint(provider) }, &request());
            let text = String::from_utf8(outgoing.body).unwrap();
            assert!(
                text.contains("- logs: Reads logs.") && text.contains("Result of logs (1)"),
                "{provider:?}: {text}"
            );
            for native in ["\"tools\"", "tool_call_id", "tool_use", "functionCall", "function_call"] {
                assert!(!text.contains(native), "{provider:?}: {native} in {text}");
            }
            let held = ["response_format", "responseJsonSchema", "json_schema"].iter().any(|word| text.contains(word));
            assert_eq!(held, mode == ToolMode::Schema && provider.keeps_schemas(), "{provider:?}");
        }
    }
}

#[test]
fn a_tools_name_is_one_that_every_provider_takes() {
    assert_eq!(wire_name("mcp.grafana/query range"), "mcp_grafana_query_range");
    assert_eq!(wire_name(&"x".repeat(80)).len(), 64);
    assert_eq!(wire_name("größe"), "gr__e");
}
