use serde_json::Value;

use super::chat::usage_of;
use super::pieces::Pieces;
use crate::{Finish, ModelError};

#[derive(Default)]
pub(super) struct Fold {
    calls: Vec<Call>,
    /// Items whose text came in pieces, so that the whole one at its end is not told again.
    told: Vec<String>,
}

struct Call {
    item: String,
    id: String,
    has_arguments: bool,
}

impl Fold {
    pub fn event(&mut self, event: &Value, pieces: &mut Pieces) -> Result<(), ModelError> {
        let item = event["item_id"].as_str().unwrap_or_default();
        let delta = event["delta"].as_str().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "response.output_item.added" if event["item"]["type"] == "function_call" => {
                self.begin(&event["item"], pieces);
            }
            "response.output_text.delta" | "response.refusal.delta" => {
                self.told.push(item.to_owned());
                pieces.text(delta);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => pieces.thought(delta),
            "response.function_call_arguments.delta" => {
                if let Some(call) = self.calls.iter_mut().rfind(|call| call.item == item) {
                    call.has_arguments |= !delta.is_empty();
                    pieces.arguments(&call.id, delta);
                }
            }
            "response.output_item.done" => self.item(&event["item"], pieces),
            "response.completed" | "response.incomplete" => self.over(&event["response"], pieces),
            "response.failed" => return Err(crate::refusal::failed(&event["response"]["error"])),
            "" => {
                return Err(ModelError::NotAModel {
                    why: "its answer is not one of the responses format".into(),
                    hint: "Check the address and which kind of server it is.".into(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// A response in one piece.
    pub fn whole(&mut self, response: &Value, pieces: &mut Pieces) -> Result<(), ModelError> {
        if !response["output"].is_array() {
            return self.event(&Value::Null, pieces);
        }
        for item in response["output"].as_array().into_iter().flatten() {
            self.item(item, pieces);
        }
        self.over(response, pieces);
        Ok(())
    }

    fn begin(&mut self, item: &Value, pieces: &mut Pieces) -> usize {
        let own = item["id"].as_str().or(item["call_id"].as_str()).unwrap_or_default().to_owned();
        let id = pieces.call(item["call_id"].as_str(), item["name"].as_str().unwrap_or_default());
        self.calls.push(Call { item: own, id, has_arguments: false });
        self.calls.len() - 1
    }

    /// An item is whole.
    fn item(&mut self, item: &Value, pieces: &mut Pieces) {
        let own = item["id"].as_str().or(item["call_id"].as_str()).unwrap_or_default();
        match item["type"].as_str().unwrap_or_default() {
            // Only what is encrypted can be given back: nothing is stored there.
            "reasoning" if item["encrypted_content"].is_string() => pieces.keep(item.clone()),
            "function_call" => {
                let known = self.calls.iter().rposition(|call| call.item == own);
                let at = known.unwrap_or_else(|| self.begin(item, pieces));
                if !self.calls[at].has_arguments {
                    self.calls[at].has_arguments = true;
                    pieces.arguments(&self.calls[at].id, item["arguments"].as_str().unwrap_or_default());
                }
            }
            "message" if !self.told.iter().any(|told| told == own) => {
                for part in item["content"].as_array().into_iter().flatten() {
                    pieces.text(part["text"].as_str().or(part["refusal"].as_str()).unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    fn over(&mut self, response: &Value, pieces: &mut Pieces) {
        let finish = match response["incomplete_details"]["reason"].as_str() {
            Some("max_output_tokens") => Finish::Length,
            Some(_) => Finish::Refused,
            None if self.calls.is_empty() => Finish::Done,
            None => Finish::Calls,
        };
        pieces.end(finish, usage_of(&response["usage"]));
    }
}
