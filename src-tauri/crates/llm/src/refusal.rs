//! What a server says instead of an answer, in words that help.

use serde_json::Value;

use crate::{Endpoint, ModelError};

/// What is told of a server's own words.
const LONGEST: usize = 300;

/// How long a request is said to be in the words of several servers.
const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "context length",
    "exceed_context_size",
    "exceeds the available context size",
    "prompt is too long",
    "exceeds the maximum number of tokens",
    "input is too long",
    "too many tokens",
    "request_too_large",
];

/// An answer whose status is no success.
pub(crate) fn of(endpoint: &Endpoint, status: u16, retry_after: Option<u64>, body: &str) -> ModelError {
    let told = Told::of(body);
    let why = match told.message.as_str() {
        "" => format!("{} answered {status}", endpoint.host()),
        message => format!("{message} ({status})"),
    };
    let code = told.code.as_str();
    let lower = format!("{} {}", told.message, told.code).to_ascii_lowercase();
    if TOO_LONG.iter().any(|words| lower.contains(words)) && matches!(status, 400 | 413 | 422 | 500) || status == 413 {
        return too_long(why);
    }
    match status {
        _ if code == "insufficient_quota" || status == 402 => ModelError::NotAllowed {
            why,
            hint: "The account has no credit left: add some at the provider, or choose another model.".into(),
        },
        400 if lower.contains("api key not valid") || lower.contains("api_key_invalid") => not_allowed(endpoint, why),
        401 => not_allowed(endpoint, why),
        403 => ModelError::NotAllowed {
            why,
            hint: format!("The key may not use `{}`: give it the right to, or choose another model.", endpoint.model),
        },
        404 if told.is_json && (lower.contains("model") || lower.contains("deployment")) => {
            ModelError::UnknownModel { why, hint: unknown_hint(endpoint) }
        }
        400 if lower.contains("model") && (lower.contains("not found") || lower.contains("does not exist")) => {
            ModelError::UnknownModel { why, hint: unknown_hint(endpoint) }
        }
        404 | 405 | 501 => ModelError::NotAModel {
            why: if told.is_json { why } else { format!("{} has nothing there ({status})", endpoint.host()) },
            hint: address_hint(endpoint),
        },
        300..=399 => ModelError::NotAModel {
            why: format!("{} sends elsewhere ({status}), and a key is not carried along", endpoint.host()),
            hint: "Give the address that it sends to, if you trust it.".into(),
        },
        429 => ModelError::Busy {
            why,
            after_seconds: retry_after,
            hint: match retry_after {
                Some(seconds) => format!("The provider allows no more for now: ask again in {seconds} s."),
                None => "The provider allows no more for now: ask again in a minute, or raise the limit there.".into(),
            },
        },
        503 | 529 => busy(why, retry_after),
        500..=599 => ModelError::Busy { why, after_seconds: retry_after, hint: "It failed inside. Ask again.".into() },
        _ => ModelError::Rejected { why, hint: "Change what is asked, or choose another model.".into() },
    }
}

/// An error in the middle of a stream, or in a body that said that all is well.
pub(crate) fn within(value: &Value) -> Option<ModelError> {
    let error = match value {
        Value::Array(items) => items.first()?.get("error"),
        _ => value.get("error"),
    };
    let is_error = value["type"] == "error";
    match error {
        Some(error) if error.is_object() || error.is_string() => Some(failed(error)),
        // The responses format has the message beside the type.
        _ if is_error => Some(failed(value)),
        _ => None,
    }
}

pub(crate) fn failed(error: &Value) -> ModelError {
    let told = Told::within(error);
    let why = if told.message.is_empty() { "it failed and does not say why".to_owned() } else { told.message.clone() };
    let lower = format!("{} {}", told.message, told.code).to_ascii_lowercase();
    if TOO_LONG.iter().any(|words| lower.contains(words)) {
        return too_long(why);
    }
    match told.code.as_str() {
        "overloaded_error" | "server_is_overloaded" | "529" | "503" | "UNAVAILABLE" => busy(why, None),
        "rate_limit_error" | "rate_limit_exceeded" | "429" | "RESOURCE_EXHAUSTED" => ModelError::Busy {
            why,
            after_seconds: None,
            hint: "The provider allows no more for now: ask again in a minute.".into(),
        },
        _ => ModelError::broken(why),
    }
}

/// Something that is neither a stream nor JSON.
pub(crate) fn wrong_content(endpoint: &Endpoint, content: &str, body: &str) -> ModelError {
    let title = body.split_once("<title>").and_then(|(_, rest)| rest.split("</title>").next()).map(short);
    let what = match (title, content) {
        (Some(title), _) => format!("a web page, “{title}”"),
        (None, "") => "something without a type".to_owned(),
        (None, content) => format!("`{content}`"),
    };
    ModelError::NotAModel {
        why: format!("{} answered with {what} instead of a stream of events", endpoint.host()),
        hint: address_hint(endpoint),
    }
}

struct Told {
    message: String,
    code: String,
    is_json: bool,
}

impl Told {
    fn of(body: &str) -> Told {
        match serde_json::from_str::<Value>(body) {
            Ok(Value::Array(items)) if !items.is_empty() => Told::within(items[0].get("error").unwrap_or(&items[0])),
            Ok(value) => Told::within(value.get("error").filter(|e| !e.is_null()).unwrap_or(&value)),
            Err(_) => {
                let is_page = body.trim_start().starts_with('<');
                Told { message: if is_page { String::new() } else { short(body) }, code: String::new(), is_json: false }
            }
        }
    }

    fn within(error: &Value) -> Told {
        let text = |field: &str| error[field].as_str().filter(|text| !text.is_empty());
        let message = error.as_str().or_else(|| text("message")).or_else(|| text("detail")).or_else(|| text("error"));
        let number = error["code"].as_u64().map(|code| code.to_string());
        let code = text("code").map(str::to_owned);
        let code = code.or_else(|| text("type").filter(|t| *t != "error").map(str::to_owned));
        let code = code.or_else(|| text("status").map(str::to_owned)).or(number);
        Told { message: short(message.unwrap_or_default()), code: code.unwrap_or_default(), is_json: true }
    }
}

fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn too_long(why: String) -> ModelError {
    ModelError::TooLong { why, hint: "Take results out of the conversation, or choose a model that reads more.".into() }
}

fn busy(why: String, after_seconds: Option<u64>) -> ModelError {
    ModelError::Busy {
        why,
        after_seconds,
        hint: "The provider is overloaded: ask again in a while, or choose another model.".into(),
    }
}

fn not_allowed(endpoint: &Endpoint, why: String) -> ModelError {
    ModelError::NotAllowed { why, hint: format!("Set the key of `{}` again.", endpoint.name) }
}

fn unknown_hint(endpoint: &Endpoint) -> String {
    format!(
        "Correct the name `{}`: `caseboard models test {}` lists what the server has.",
        endpoint.model, endpoint.name
    )
}

fn address_hint(endpoint: &Endpoint) -> String {
    match endpoint.provider.base() {
        Some(base) if base != endpoint.base => {
            format!("Check the address `{}`; the usual one of {} is `{base}`.", endpoint.base, endpoint.provider.word())
        }
        _ => format!("Check the address `{}`, and whether {} runs there.", endpoint.base, endpoint.provider.word()),
    }
}
