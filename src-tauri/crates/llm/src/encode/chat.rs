//! OpenAI's chat completions, and where those who speak them differ.

use serde_json::{Value, json};

use super::{arguments, held_to, instructions, is_native, own, schema, wire_name};
use crate::{Effort, Endpoint, Message, Provider, Request, ToolMode, told};

pub(crate) fn body(endpoint: &Endpoint, request: &Request) -> Value {
    let mut body = json!({ "model": endpoint.model, "stream": true, "stream_options": {"include_usage": true} });
    // The newer name is refused by most servers that are not OpenAI's, the older one by OpenAI's newer models.
    let most = match endpoint.provider {
        Provider::OpenAi | Provider::Azure => "max_completion_tokens",
        _ => "max_tokens",
    };
    body[most] = request.most_tokens.into();
    if endpoint.thinks {
        let effort = match request.effort {
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
        };
        match endpoint.provider {
            Provider::OpenRouter => body["reasoning"] = json!({ "effort": effort }),
            _ => body["reasoning_effort"] = effort.into(),
        }
    }
    match endpoint.provider {
        Provider::OpenRouter => body["usage"] = json!({ "include": true }),
        Provider::LlamaCpp => body["cache_prompt"] = true.into(),
        _ => {}
    }
    let mut messages = vec![json!({ "role": "system", "content": instructions(endpoint, request) })];
    messages.extend(request.messages.iter().map(|message| told(endpoint, request, message)));
    mark_for_cache(endpoint, &mut messages);
    body["messages"] = messages.into();
    if is_native(endpoint, request) {
        let tools = request.tools.iter().map(|tool| {
            json!({ "type": "function", "function": {
                "name": wire_name(&tool.name), "description": tool.description, "parameters": schema(&tool.schema),
            }})
        });
        body["tools"] = tools.collect();
    }
    if let Some(schema) = held_to(endpoint, request) {
        body["response_format"] =
            json!({ "type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema} });
    }
    body
}

fn told(endpoint: &Endpoint, request: &Request, message: &Message) -> Value {
    match message {
        Message::Said { text } => json!({ "role": "user", "content": text.as_str() }),
        Message::Answered { text, calls, kept } => {
            if endpoint.tools != ToolMode::Native {
                return json!({ "role": "assistant", "content": told::said(text.as_str(), calls) });
            }
            let mut told = json!({ "role": "assistant", "content": text.as_str() });
            if !calls.is_empty() {
                let calls = calls.iter().map(|call| {
                    json!({ "id": call.id, "type": "function", "function": {
                        "name": wire_name(&call.tool), "arguments": arguments(call.args.as_str()).to_string(),
                    }})
                });
                told["tool_calls"] = calls.collect();
            }
            let details: Vec<&Value> = own(endpoint, kept).flat_map(|part| part.json.as_array()).flatten().collect();
            if !details.is_empty() {
                told["reasoning_details"] = json!(details);
            }
            told
        }
        Message::Result { call, text } if endpoint.tools == ToolMode::Native => {
            json!({ "role": "tool", "tool_call_id": call, "content": text.as_str() })
        }
        Message::Result { call, text } => {
            json!({ "role": "user", "content": told::result(call, request.tool_of(call), text.as_str()) })
        }
    }
}

/// OpenRouter hands marks on to the providers that want to be told what to keep; the others keep by themselves.
fn mark_for_cache(endpoint: &Endpoint, messages: &mut [Value]) {
    if endpoint.provider != Provider::OpenRouter || !endpoint.model.starts_with("anthropic/") {
        return;
    }
    let last = messages.len() - 1;
    for (at, message) in messages.iter_mut().enumerate() {
        let text = message["content"].as_str().unwrap_or_default();
        if (at == 0 || at == last) && !text.is_empty() {
            message["content"] = json!([{ "type": "text", "text": text, "cache_control": {"type": "ephemeral"} }]);
        }
    }
}
