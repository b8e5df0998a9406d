use serde_json::Value;

use super::pieces::Pieces;
use crate::{Finish, ModelError, Usage};

#[derive(Default)]
pub(super) struct Fold {
    calls: Vec<Call>,
    finish: Option<Finish>,
    usage: Usage,
    /// OpenRouter's parts of thoughts, by index, put together.
    details: Vec<Value>,
}

struct Call {
    index: u64,
    /// The server's, which may be none or one that another call had.
    told: String,
    id: String,
}

impl Fold {
    pub fn event(&mut self, event: &Value, pieces: &mut Pieces) -> Result<(), ModelError> {
        if let Some(usage) = event.get("usage").filter(|usage| usage.is_object()) {
            self.usage = usage_of(usage);
        }
        let Some(choice) = event["choices"].get(0) else {
            // The last piece has only the usage; a first one of Azure's has only what its filters say.
            let is_known =
                ["choices", "usage", "object", "prompt_filter_results"].iter().any(|f| event.get(*f).is_some());
            return if is_known { Ok(()) } else { Err(not_chat()) };
        };
        let delta = choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Value::Null);
        for field in ["reasoning_content", "reasoning"] {
            if let Some(thought) = delta[field].as_str() {
                pieces.thought(thought);
                break;
            }
        }
        for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
            self.detail(detail);
        }
        pieces.text(delta["content"].as_str().or(delta["refusal"].as_str()).unwrap_or_default());
        for (position, call) in delta["tool_calls"].as_array().into_iter().flatten().enumerate() {
            self.call(call, position as u64, pieces);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish = Some(match reason {
                "tool_calls" | "function_call" => Finish::Calls,
                "length" => Finish::Length,
                "content_filter" => Finish::Refused,
                _ => Finish::Done,
            });
        }
        Ok(())
    }

    fn call(&mut self, call: &Value, position: u64, pieces: &mut Pieces) {
        let index = call["index"].as_u64().unwrap_or(position);
        let told = call["id"].as_str().unwrap_or_default();
        let function = &call["function"];
        let name = function["name"].as_str().unwrap_or_default();
        // Some servers give every call the index 0; another id with a name is another call.
        let known = self.calls.iter().rposition(|c| c.index == index);
        let known = known.filter(|at| name.is_empty() || told.is_empty() || self.calls[*at].told == told);
        let at = known.unwrap_or_else(|| {
            let id = pieces.call(Some(told), name);
            self.calls.push(Call { index, told: told.to_owned(), id });
            self.calls.len() - 1
        });
        // Some give the arguments as an object instead of as text.
        match &function["arguments"] {
            Value::String(text) => pieces.arguments(&self.calls[at].id, text),
            Value::Object(object) => pieces.arguments(&self.calls[at].id, &Value::Object(object.clone()).to_string()),
            _ => {}
        }
    }

    fn detail(&mut self, detail: &Value) {
        let same = |held: &Value| held["index"] == detail["index"] && held["type"] == detail["type"];
        let Some(held) = self.details.last_mut().filter(|held| same(held)) else {
            self.details.push(detail.clone());
            return;
        };
        for (field, value) in detail.as_object().into_iter().flatten() {
            match (field.as_str(), held[field].as_str(), value.as_str()) {
                ("text" | "summary" | "data", Some(before), Some(more)) => {
                    held[field] = format!("{before}{more}").into()
                }
                (_, _, _) if !value.is_null() => held[field] = value.clone(),
                (_, _, _) => {}
            }
        }
    }

    /// It says itself that it is over.
    pub fn done(&mut self, pieces: &mut Pieces) {
        if !self.details.is_empty() {
            pieces.keep_with(None, Value::Array(std::mem::take(&mut self.details)));
        }
        let calls = if self.calls.is_empty() { Finish::Done } else { Finish::Calls };
        pieces.end(self.finish.unwrap_or(calls), self.usage);
    }

    /// Some close the connection instead.
    pub fn at_end(&mut self, pieces: &mut Pieces) {
        if self.finish.is_some() {
            self.done(pieces);
        }
    }
}

fn not_chat() -> ModelError {
    ModelError::NotAModel {
        why: "its answer is not one of chat completions".into(),
        hint: "Check the address and which kind of server it is.".into(),
    }
}

pub(super) fn usage_of(usage: &Value) -> Usage {
    let number = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or_default();
    let dollars = usage["cost"].as_f64().filter(|cost| cost.is_finite() && *cost >= 0.0);
    Usage {
        input_tokens: number("/prompt_tokens").max(number("/input_tokens")),
        cached_tokens: number("/prompt_tokens_details/cached_tokens")
            .max(number("/input_tokens_details/cached_tokens")),
        written_tokens: 0,
        output_tokens: number("/completion_tokens").max(number("/output_tokens")),
        thought_tokens: number("/completion_tokens_details/reasoning_tokens")
            .max(number("/output_tokens_details/reasoning_tokens")),
        micro_dollars: dollars.map(|cost| (cost * 1e6).round() as u64),
    }
}
