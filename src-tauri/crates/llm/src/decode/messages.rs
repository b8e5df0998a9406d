use serde_json::{Value, json};

use super::pieces::Pieces;
use crate::{Finish, ModelError, Usage};

#[derive(Default)]
pub(super) struct Fold {
    blocks: Vec<(u64, Block)>,
    usage: Usage,
    finish: Option<Finish>,
    has_calls: bool,
}

enum Block {
    Text,
    Thinking { text: String, signature: String },
    Call { id: String, input: Value, has_arguments: bool },
    Other,
}

impl Fold {
    pub fn event(&mut self, event: &Value, pieces: &mut Pieces) -> Result<(), ModelError> {
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => self.count(&event["message"]["usage"]),
            "content_block_start" => self.begin(event["index"].as_u64(), &event["content_block"], pieces),
            "content_block_delta" => self.more(event["index"].as_u64(), &event["delta"], pieces),
            "content_block_stop" => self.stop(event["index"].as_u64(), pieces),
            "message_delta" => {
                self.count(&event["usage"]);
                self.reason(event["delta"]["stop_reason"].as_str());
            }
            "message_stop" => self.over(pieces),
            // `ping`, and whatever comes later.
            "" => {
                return Err(ModelError::NotAModel {
                    why: "its answer is not one of the messages format".into(),
                    hint: "Check the address and which kind of server it is.".into(),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// A message in one piece.
    pub fn whole(&mut self, message: &Value, pieces: &mut Pieces) -> Result<(), ModelError> {
        if !message["content"].is_array() {
            return self.event(&Value::Null, pieces);
        }
        for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
            let index = Some(index as u64);
            self.begin(index, block, pieces);
            self.stop(index, pieces);
        }
        self.count(&message["usage"]);
        self.reason(message["stop_reason"].as_str());
        self.over(pieces);
        Ok(())
    }

    fn begin(&mut self, index: Option<u64>, block: &Value, pieces: &mut Pieces) {
        let text = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
        let begun = match block["type"].as_str().unwrap_or_default() {
            "text" => {
                pieces.text(&text("text"));
                Block::Text
            }
            "thinking" => {
                pieces.thought(&text("thinking"));
                Block::Thinking { text: text("thinking"), signature: text("signature") }
            }
            "redacted_thinking" => {
                pieces.keep(block.clone());
                Block::Other
            }
            "tool_use" => {
                self.has_calls = true;
                let id = pieces.call(block["id"].as_str(), block["name"].as_str().unwrap_or_default());
                Block::Call { id, input: block["input"].clone(), has_arguments: false }
            }
            _ => Block::Other,
        };
        self.blocks.push((index.unwrap_or_default(), begun));
    }

    fn more(&mut self, index: Option<u64>, delta: &Value, pieces: &mut Pieces) {
        let index = index.unwrap_or_default();
        let Some((_, block)) = self.blocks.iter_mut().rfind(|(at, _)| *at == index) else { return };
        let more = |field: &str| delta[field].as_str().unwrap_or_default();
        match (block, delta["type"].as_str().unwrap_or_default()) {
            (Block::Text, "text_delta") => pieces.text(more("text")),
            (Block::Thinking { text, .. }, "thinking_delta") => {
                text.push_str(more("thinking"));
                pieces.thought(more("thinking"));
            }
            (Block::Thinking { signature, .. }, "signature_delta") => signature.push_str(more("signature")),
            (Block::Call { id, has_arguments, .. }, "input_json_delta") => {
                *has_arguments |= !more("partial_json").is_empty();
                pieces.arguments(id, more("partial_json"));
            }
            (Block::Text | Block::Thinking { .. } | Block::Call { .. } | Block::Other, _) => {}
        }
    }

    fn stop(&mut self, index: Option<u64>, pieces: &mut Pieces) {
        let index = index.unwrap_or_default();
        let Some(at) = self.blocks.iter().rposition(|(at, _)| *at == index) else { return };
        match self.blocks.remove(at).1 {
            // Without a signature nobody takes it back.
            Block::Thinking { text, signature } if !signature.is_empty() => {
                pieces.keep(json!({ "type": "thinking", "thinking": text, "signature": signature }));
            }
            Block::Call { id, input, has_arguments: false } if input.as_object().is_some_and(|map| !map.is_empty()) => {
                pieces.arguments(&id, &input.to_string());
            }
            Block::Text | Block::Thinking { .. } | Block::Call { .. } | Block::Other => {}
        }
    }

    fn reason(&mut self, reason: Option<&str>) {
        self.finish = match reason {
            None => self.finish,
            Some("tool_use") => Some(Finish::Calls),
            Some("max_tokens" | "model_context_window_exceeded") => Some(Finish::Length),
            Some("refusal") => Some(Finish::Refused),
            Some(_) => Some(Finish::Done),
        };
    }

    /// Its numbers are totals, told again while they grow; what comes from a cache is not in its input.
    fn count(&mut self, usage: &Value) {
        let number = |field: &str| usage[field].as_u64();
        let (read, written) = (number("cache_read_input_tokens"), number("cache_creation_input_tokens"));
        if let Some(input) = number("input_tokens") {
            self.usage.cached_tokens = read.unwrap_or(self.usage.cached_tokens);
            self.usage.written_tokens = written.unwrap_or(self.usage.written_tokens);
            self.usage.input_tokens = input + self.usage.cached_tokens + self.usage.written_tokens;
        }
        self.usage.output_tokens = number("output_tokens").unwrap_or(self.usage.output_tokens);
    }

    fn over(&mut self, pieces: &mut Pieces) {
        let calls = if self.has_calls { Finish::Calls } else { Finish::Done };
        pieces.end(self.finish.unwrap_or(calls), self.usage);
    }
}
