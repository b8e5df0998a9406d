use serde_json::Value;

use super::pieces::Pieces;
use crate::{Finish, ModelError, Usage};

#[derive(Default)]
pub(super) struct Fold {
    finish: Option<Finish>,
    usage: Usage,
    has_calls: bool,
    /// The text's signature may come with any of its pieces; one counts.
    is_signed: bool,
}

impl Fold {
    pub fn event(&mut self, event: &Value, pieces: &mut Pieces) -> Result<(), ModelError> {
        let known = ["candidates", "usageMetadata", "promptFeedback"].iter().any(|field| event.get(*field).is_some());
        if !known {
            return Err(ModelError::NotAModel {
                why: "its answer is not one of Gemini".into(),
                hint: "Check the address and which kind of server it is.".into(),
            });
        }
        self.count(&event["usageMetadata"]);
        if event["promptFeedback"]["blockReason"].is_string() {
            self.finish = Some(Finish::Refused);
        }
        let candidate = &event["candidates"][0];
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            self.part(part, pieces);
        }
        match candidate["finishReason"].as_str() {
            None => {}
            Some("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL") => {
                return Err(ModelError::broken("it asked for a call that cannot be read"));
            }
            Some("STOP") => self.finish = Some(if self.has_calls { Finish::Calls } else { Finish::Done }),
            Some("MAX_TOKENS") => self.finish = Some(Finish::Length),
            Some(_) => self.finish = Some(Finish::Refused),
        }
        Ok(())
    }

    fn part(&mut self, part: &Value, pieces: &mut Pieces) {
        let signature = part.get("thoughtSignature").filter(|signed| signed.is_string());
        let text = part["text"].as_str().unwrap_or_default();
        if part["thought"] == true {
            return pieces.thought(text);
        }
        if let Some(call) = part.get("functionCall") {
            self.has_calls = true;
            let id = pieces.call(call["id"].as_str(), call["name"].as_str().unwrap_or_default());
            if let Some(signed) = signature {
                pieces.keep_with(Some(&id), signed.clone());
            }
            let args = call.get("args").map_or_else(|| "{}".to_owned(), Value::to_string);
            return pieces.arguments(&id, &args);
        }
        pieces.text(text);
        if let (Some(signed), false) = (signature, self.is_signed) {
            self.is_signed = true;
            pieces.keep_with(None, signed.clone());
        }
    }

    fn count(&mut self, usage: &Value) {
        let number = |field: &str| usage[field].as_u64().unwrap_or_default();
        if usage.is_object() {
            let thoughts = number("thoughtsTokenCount");
            self.usage = Usage {
                input_tokens: number("promptTokenCount") + number("toolUsePromptTokenCount"),
                cached_tokens: number("cachedContentTokenCount"),
                output_tokens: number("candidatesTokenCount") + thoughts,
                thought_tokens: thoughts,
                ..Usage::default()
            };
        }
    }

    /// It ends by closing the connection, after it said why it stopped.
    pub fn at_end(&mut self, pieces: &mut Pieces) {
        if let Some(finish) = self.finish {
            pieces.end(finish, self.usage);
        }
    }
}
