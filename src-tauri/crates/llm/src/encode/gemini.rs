//! Gemini. Its calls have no ids: results are matched by the tool's name and their order.

use serde_json::{Value, json};

use super::{arguments, held_to, instructions, is_native, kept_before, schema, wire_name};
use crate::{Effort, Endpoint, Message, Request, ToolMode, told};

pub(crate) fn body(endpoint: &Endpoint, request: &Request) -> Value {
    let mut settings = json!({ "maxOutputTokens": request.most_tokens });
    if endpoint.thinks {
        let budget = match request.effort {
            Effort::Low => 1_024,
            Effort::Medium => 8_192,
            Effort::High => 24_576,
        };
        // Thoughts count as output there.
        settings["maxOutputTokens"] = (request.most_tokens + budget).into();
        settings["thinkingConfig"] = json!({ "includeThoughts": true, "thinkingBudget": budget });
    }
    if let Some(schema) = held_to(endpoint, request) {
        settings["responseMimeType"] = "application/json".into();
        settings["responseJsonSchema"] = schema;
    }
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        let (role, parts) = turn(endpoint, request, message);
        match turns.last_mut() {
            Some((last, held)) if *last == role => held.extend(parts),
            _ => turns.push((role, parts)),
        }
    }
    turns.retain(|(_, parts)| !parts.is_empty());
    let mut body = json!({
        "systemInstruction": { "parts": [{ "text": instructions(endpoint, request) }] },
        "contents": turns.into_iter().map(|(role, parts)| json!({ "role": role, "parts": parts })).collect::<Vec<_>>(),
        "generationConfig": settings,
    });
    if is_native(endpoint, request) {
        let tools = request.tools.iter().map(|tool| {
            json!({
                "name": wire_name(&tool.name), "description": tool.description,
                "parametersJsonSchema": schema(&tool.schema),
            })
        });
        body["tools"] = json!([{ "functionDeclarations": tools.collect::<Vec<_>>() }]);
    }
    body
}

fn turn(endpoint: &Endpoint, request: &Request, message: &Message) -> (&'static str, Vec<Value>) {
    let text = |text: &str| (!text.is_empty()).then(|| json!({ "text": text }));
    match message {
        Message::Said { text: said } => ("user", text(said.as_str()).into_iter().collect()),
        Message::Answered { text: said, calls, .. } if endpoint.tools != ToolMode::Native => {
            ("model", text(&told::said(said.as_str(), calls)).into_iter().collect())
        }
        Message::Answered { text: said, calls, kept } => {
            let signature = |call: Option<&str>| kept_before(endpoint, kept, call).into_iter().next();
            let mut parts: Vec<Value> = text(said.as_str()).into_iter().collect();
            if let (Some(part), Some(signed)) = (parts.first_mut(), signature(None)) {
                part["thoughtSignature"] = signed;
            }
            for call in calls {
                let name = wire_name(&call.tool);
                let mut part = json!({ "functionCall": { "name": name, "args": arguments(call.args.as_str()) } });
                if let Some(signed) = signature(Some(&call.id)) {
                    part["thoughtSignature"] = signed;
                }
                parts.push(part);
            }
            ("model", parts)
        }
        Message::Result { call, text: said } if endpoint.tools == ToolMode::Native => {
            let name = wire_name(request.tool_of(call));
            let part = json!({ "functionResponse": { "name": name, "response": { "result": said.as_str() } } });
            ("user", vec![part])
        }
        Message::Result { call, text: said } => {
            ("user", text(&told::result(call, request.tool_of(call), said.as_str())).into_iter().collect())
        }
    }
}
