//! OpenAI's responses. Nothing is stored at the provider, so encrypted thoughts travel with the conversation.

use serde_json::{Value, json};

use super::{arguments, held_to, instructions, is_native, kept_before, schema, wire_name};
use crate::{Effort, Endpoint, Message, Request, ToolMode, told};

pub(crate) fn body(endpoint: &Endpoint, request: &Request) -> Value {
    let mut body = json!({
        "model": endpoint.model,
        "stream": true,
        "store": false,
        "instructions": instructions(endpoint, request),
        "input": request.messages.iter().flat_map(|message| items(endpoint, request, message)).collect::<Vec<_>>(),
        "max_output_tokens": request.most_tokens,
    });
    if endpoint.thinks {
        let effort = match request.effort {
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
        };
        body["reasoning"] = json!({ "effort": effort, "summary": "auto" });
        body["include"] = json!(["reasoning.encrypted_content"]);
    }
    if is_native(endpoint, request) {
        let tools = request.tools.iter().map(|tool| {
            json!({
                "type": "function", "name": wire_name(&tool.name), "description": tool.description,
                "parameters": schema(&tool.schema), "strict": false,
            })
        });
        body["tools"] = tools.collect();
    }
    if let Some(schema) = held_to(endpoint, request) {
        body["text"] = json!({ "format": {"type": "json_schema", "name": "answer", "strict": true, "schema": schema} });
    }
    body
}

fn items(endpoint: &Endpoint, request: &Request, message: &Message) -> Vec<Value> {
    let user = |text: &str| json!({ "role": "user", "content": [{ "type": "input_text", "text": text }] });
    let assistant = |text: &str| json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }] });
    match message {
        Message::Said { text } => vec![user(text.as_str())],
        Message::Answered { text, calls, .. } if endpoint.tools != ToolMode::Native => {
            vec![assistant(&told::said(text.as_str(), calls))]
        }
        Message::Answered { text, calls, kept } => {
            let before = |call: Option<&str>| kept_before(endpoint, kept, call);
            let mut items = before(None);
            if !text.as_str().is_empty() {
                items.push(assistant(text.as_str()));
            }
            for call in calls {
                items.extend(before(Some(&call.id)));
                items.push(json!({
                    "type": "function_call", "call_id": call.id, "name": wire_name(&call.tool),
                    "arguments": arguments(call.args.as_str()).to_string(),
                }));
            }
            items
        }
        Message::Result { call, text } if endpoint.tools == ToolMode::Native => {
            vec![json!({ "type": "function_call_output", "call_id": call, "output": text.as_str() })]
        }
        Message::Result { call, text } => vec![user(&told::result(call, request.tool_of(call), text.as_str()))],
    }
}
