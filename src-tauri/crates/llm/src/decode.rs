//! What comes: bytes of an answer, cut anywhere, become [`Delta`]s. Pure.

mod chat;
mod gemini;
mod messages;
mod pieces;
mod responses;
mod sse;

use std::collections::HashMap;

use serde_json::Value;

use crate::encode::wire_name;
use crate::{Delta, Endpoint, Format, ModelError, Request, ToolMode, refusal, told};
use pieces::Pieces;
use sse::{Event, Sse};

/// Reads one answer to one request.
pub struct Decoder {
    sse: Sse,
    fold: Fold,
    pieces: Pieces,
    /// The tools' own names, by those that went over the wire.
    names: HashMap<String, String>,
    /// In the modes without native calls: what was said so far, which is JSON and for nobody's eyes.
    held: Option<String>,
    is_over: bool,
}

enum Fold {
    Chat(chat::Fold),
    Responses(responses::Fold),
    Messages(messages::Fold),
    Gemini(gemini::Fold),
}

impl Decoder {
    /// For the answer to this request at this endpoint.
    pub fn new(endpoint: &Endpoint, request: &Request) -> Decoder {
        let fold = match endpoint.provider.format() {
            Format::Chat => Fold::Chat(chat::Fold::default()),
            Format::Responses => Fold::Responses(responses::Fold::default()),
            Format::Messages => Fold::Messages(messages::Fold::default()),
            Format::Gemini => Fold::Gemini(gemini::Fold::default()),
        };
        let names = request.tools.iter().map(|tool| (wire_name(&tool.name), tool.name.clone())).collect();
        let in_words = endpoint.tools != ToolMode::Native && !request.tools.is_empty();
        Decoder {
            sse: Sse::default(),
            fold,
            pieces: Pieces::new(endpoint.maker(), request.calls().map(|call| call.id.clone())),
            names,
            held: in_words.then(String::new),
            is_over: false,
        }
    }

    /// The next bytes of the body. After an error, or after [`Delta::End`], nothing more comes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Delta>, ModelError> {
        if self.is_over {
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        let fed = self.sse.feed(bytes, &mut events);
        let told = self.read(events);
        match (fed, told) {
            (Ok(()), told) => told,
            (Err(why), _) => self.fail(ModelError::broken(why)),
        }
    }

    /// The body is at its end.
    pub fn finish(&mut self) -> Result<Vec<Delta>, ModelError> {
        if self.is_over {
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        self.sse.finish(&mut events);
        let mut deltas = self.read(events)?;
        if self.is_over {
            return Ok(deltas);
        }
        match &mut self.fold {
            Fold::Chat(fold) => fold.at_end(&mut self.pieces),
            Fold::Gemini(fold) => fold.at_end(&mut self.pieces),
            // Both say themselves when they are over.
            Fold::Responses(_) | Fold::Messages(_) => {}
        }
        deltas.extend(self.taken());
        if self.is_over { Ok(deltas) } else { self.fail(ModelError::broke_off()) }
    }

    /// A body that is one JSON document: what a server answers that does not stream.
    pub fn whole(&mut self, body: &[u8]) -> Result<Vec<Delta>, ModelError> {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return self.fail(ModelError::broken("it says that it is JSON, and is not"));
        };
        if let Some(error) = refusal::within(&value) {
            return self.fail(error);
        }
        let read = match &mut self.fold {
            Fold::Chat(fold) => fold.event(&value, &mut self.pieces),
            Fold::Gemini(fold) => match &value {
                Value::Array(items) => items.iter().try_for_each(|item| fold.event(item, &mut self.pieces)),
                _ => fold.event(&value, &mut self.pieces),
            },
            Fold::Responses(fold) => fold.whole(&value, &mut self.pieces),
            Fold::Messages(fold) => fold.whole(&value, &mut self.pieces),
        };
        if let Err(error) = read {
            return self.fail(error);
        }
        let mut deltas = self.taken();
        if !self.is_over {
            deltas.extend(self.finish()?);
        }
        Ok(deltas)
    }

    fn read(&mut self, events: Vec<Event>) -> Result<Vec<Delta>, ModelError> {
        let mut deltas = Vec::new();
        for event in events {
            if self.is_over {
                break;
            }
            if let Err(error) = self.event(&event) {
                return self.fail(error);
            }
            deltas.extend(self.taken());
        }
        Ok(deltas)
    }

    fn event(&mut self, event: &Event) -> Result<(), ModelError> {
        let data = event.data.trim();
        if data.is_empty() {
            return Ok(());
        }
        if data == "[DONE]" {
            if let Fold::Chat(fold) = &mut self.fold {
                fold.done(&mut self.pieces);
            }
            return Ok(());
        }
        let Ok(value) = serde_json::from_str::<Value>(data) else {
            return Err(ModelError::broken("a piece of it is not JSON"));
        };
        if let Some(error) = refusal::within(&value) {
            return Err(error);
        }
        match &mut self.fold {
            Fold::Chat(fold) => fold.event(&value, &mut self.pieces),
            Fold::Responses(fold) => fold.event(&value, &mut self.pieces),
            Fold::Messages(fold) => fold.event(&value, &mut self.pieces),
            Fold::Gemini(fold) => fold.event(&value, &mut self.pieces),
        }
    }

    fn fail<T>(&mut self, error: ModelError) -> Result<T, ModelError> {
        self.is_over = true;
        Err(error)
    }

    /// What the last event brought, with the tools' own names, and calls read out of words.
    fn taken(&mut self) -> Vec<Delta> {
        let mut deltas = Vec::new();
        for delta in self.pieces.take() {
            match (delta, &mut self.held) {
                (Delta::Text(text), Some(held)) => held.push_str(&text),
                (Delta::CallBegins { id, tool }, _) => {
                    let tool = self.names.get(&tool).cloned().unwrap_or(tool);
                    deltas.push(Delta::CallBegins { id, tool });
                }
                (end @ Delta::End { .. }, held) => {
                    if let Some(held) = held.take() {
                        let (say, calls) = told::read(&held);
                        deltas.extend((!say.is_empty()).then_some(Delta::Text(say)));
                        for (tool, args) in calls {
                            let tool = self.names.get(&tool).cloned().unwrap_or(tool);
                            let id = self.pieces.id(None);
                            deltas.push(Delta::CallBegins { id: id.clone(), tool });
                            deltas.push(Delta::CallArguments { id, text: args });
                        }
                    }
                    deltas.push(end);
                    self.is_over = true;
                }
                (other, _) => deltas.push(other),
            }
        }
        deltas
    }
}

#[cfg(test)]
mod tests;
