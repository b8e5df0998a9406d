//! Anthropic's messages. Three places are marked for its cache: the tools, the instructions, and the end.

use serde_json::{Value, json};

use super::{arguments, instructions, is_native, kept_before, schema, wire_name};
use crate::{Effort, Endpoint, Message, Request, ToolMode, told};

/// The least that it accepts is 1024.
const MEDIUM: u32 = 4_096;
const HIGH: u32 = 16_384;

pub(crate) fn body(endpoint: &Endpoint, request: &Request) -> Value {
    let thoughts = match (endpoint.thinks, request.effort) {
        (false, _) | (true, Effort::Low) => 0,
        (true, Effort::Medium) => MEDIUM,
        (true, Effort::High) => HIGH,
    };
    let mut body = json!({
        "model": endpoint.model,
        "stream": true,
        "max_tokens": request.most_tokens + thoughts,
    });
    if thoughts > 0 {
        body["thinking"] = json!({ "type": "enabled", "budget_tokens": thoughts });
    }
    let cached = json!({ "type": "ephemeral" });
    let instructions = instructions(endpoint, request);
    if !instructions.is_empty() {
        body["system"] = json!([{ "type": "text", "text": instructions, "cache_control": cached }]);
    }
    if is_native(endpoint, request) {
        let mut tools: Vec<Value> = request
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "name": wire_name(&tool.name), "description": tool.description, "input_schema": schema(&tool.schema),
                })
            })
            .collect();
        if let Some(last) = tools.last_mut() {
            last["cache_control"] = cached.clone();
        }
        body["tools"] = tools.into();
    }
    // Its turns alternate: what stands side by side is one turn of several blocks.
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        let (role, blocks) = turn(endpoint, request, message);
        match turns.last_mut() {
            Some((last, held)) if *last == role => held.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    turns.retain(|(_, blocks)| !blocks.is_empty());
    if let Some(last) = turns.last_mut().and_then(|(role, blocks)| (*role == "user").then(|| blocks.last_mut())?) {
        last["cache_control"] = cached;
    }
    body["messages"] = turns.into_iter().map(|(role, blocks)| json!({ "role": role, "content": blocks })).collect();
    body
}

fn turn(endpoint: &Endpoint, request: &Request, message: &Message) -> (&'static str, Vec<Value>) {
    // Empty blocks of text are refused.
    let text = |text: &str| (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
    match message {
        Message::Said { text: said } => ("user", text(said.as_str()).into_iter().collect()),
        Message::Answered { text: said, calls, .. } if endpoint.tools != ToolMode::Native => {
            ("assistant", text(&told::said(said.as_str(), calls)).into_iter().collect())
        }
        Message::Answered { text: said, calls, kept } => {
            let before = |call: Option<&str>| kept_before(endpoint, kept, call);
            let mut blocks = before(None);
            blocks.extend(text(said.as_str()));
            for call in calls {
                blocks.extend(before(Some(&call.id)));
                blocks.push(json!({
                    "type": "tool_use", "id": call.id, "name": wire_name(&call.tool),
                    "input": arguments(call.args.as_str()),
                }));
            }
            ("assistant", blocks)
        }
        Message::Result { call, text: said } if endpoint.tools == ToolMode::Native => {
            let block = json!({ "type": "tool_result", "tool_use_id": call, "content": said.as_str() });
            ("user", vec![block])
        }
        Message::Result { call, text: said } => {
            ("user", text(&told::result(call, request.tool_of(call), said.as_str())).into_iter().collect())
        }
    }
}
