//! What leaves: an address, headers without the key, and the exact bytes of a body. Pure.

mod chat;
mod gemini;
mod messages;
mod responses;

use serde_json::Value;

use crate::{Endpoint, Format, Opaque, Request, ToolMode, told};

/// A request as it will be sent, but for the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// The request in the model's own format. Equal requests have equal bytes, and one that only grew at its end begins with
/// the same messages: that is what caches of prompts live from.
pub fn encode(endpoint: &Endpoint, request: &Request) -> Outgoing {
    let body = match endpoint.provider.format() {
        Format::Chat => chat::body(endpoint, request),
        Format::Responses => responses::body(endpoint, request),
        Format::Messages => messages::body(endpoint, request),
        Format::Gemini => gemini::body(endpoint, request),
    };
    let mut headers = vec![("content-type", "application/json".to_owned()), ("accept", "text/event-stream".to_owned())];
    if endpoint.provider.format() == Format::Messages {
        headers.push(("anthropic-version", "2023-06-01".to_owned()));
    }
    Outgoing { url: endpoint.url(), headers, body: body.to_string().into_bytes() }
}

/// Providers take letters, digits, `_` and `-` in the names of tools, 64 of them.
pub(crate) fn wire_name(tool: &str) -> String {
    let name: String = tool
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .take(64)
        .collect();
    if name.is_empty() { "_".into() } else { name }
}

/// A schema without what only documents it: some servers refuse words that they do not know.
fn schema(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("$schema");
        map.shift_remove("title");
        map.entry("type").or_insert_with(|| "object".into());
        map.entry("properties").or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    schema
}

/// Arguments as JSON. Redaction keeps JSON what it is; what is none all the same is handed on as text.
fn arguments(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => value,
        _ => serde_json::json!({ "arguments": text }),
    }
}

/// What this model gave with an answer and wants back: before a call, or before the text.
fn kept_before(endpoint: &Endpoint, kept: &[Opaque], call: Option<&str>) -> Vec<Value> {
    let of_this = own(endpoint, kept).filter(|part| part.before.as_deref() == call);
    of_this.map(|part| part.json.clone()).collect()
}

fn own<'a>(endpoint: &Endpoint, kept: &'a [Opaque]) -> impl Iterator<Item = &'a Opaque> + use<'a> {
    let maker = endpoint.maker();
    kept.iter().filter(move |part| part.maker == maker)
}

/// Who it is, and in the modes without native calls how it asks for them.
fn instructions(endpoint: &Endpoint, request: &Request) -> String {
    let plain = request.instructions.as_str();
    match endpoint.tools {
        ToolMode::Native => plain.to_owned(),
        ToolMode::Schema | ToolMode::Text if request.tools.is_empty() => plain.to_owned(),
        ToolMode::Schema | ToolMode::Text => format!("{plain}\n\n{}", told::described(&request.tools)),
    }
}

/// Whether native calls are offered.
fn is_native(endpoint: &Endpoint, request: &Request) -> bool {
    endpoint.tools == ToolMode::Native && !request.tools.is_empty()
}

/// The schema that the answer is held to, in the mode that has one.
fn held_to(endpoint: &Endpoint, request: &Request) -> Option<Value> {
    let wanted = endpoint.tools == ToolMode::Schema && !request.tools.is_empty() && endpoint.provider.keeps_schemas();
    wanted.then(|| told::schema(&request.tools))
}

#[cfg(test)]
mod tests;
