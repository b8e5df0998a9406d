//! A tool of somebody else's server, as such tools come in: its description and its answers are theirs.

use async_trait::async_trait;
use gate::Permit;
use model::{EventBody, LogBody, Preview, ResultView, Risk, Time, ToolCall, ToolSpec};
use serde_json::{Value, json};
use tools::{Failure, Outcome, Surroundings, Tool, ToolError};

pub const NAME: &str = "mcp.tickets.search";

pub struct Foreign {
    description: String,
    answer: String,
}

impl Foreign {
    pub fn describing(words: &str) -> Self {
        Foreign { description: words.to_owned(), answer: "no tickets".into() }
    }

    pub fn answering(words: &str) -> Self {
        Foreign { description: "Searches tickets.".into(), answer: words.to_owned() }
    }
}

#[async_trait]
impl Tool for Foreign {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: NAME.into(),
            title: "Tickets".into(),
            description: self.description.clone(),
            schema: json!({"type": "object", "properties": {}}),
        }
    }

    fn risk(&self, _args: &Value) -> Risk {
        Risk::ReadSensitive
    }

    fn check(&self, _args: &Value) -> Result<(), ToolError> {
        Ok(())
    }

    fn preview(&self, _call: &ToolCall, _surroundings: &Surroundings) -> Preview {
        Preview { does: "Searches tickets.".into(), diff: None, cost: String::new(), undo: None }
    }

    async fn run(&self, _permit: Permit, surroundings: &Surroundings) -> Result<Outcome, Failure> {
        let redacted = surroundings.redactor.text(&self.answer);
        let result = ResultView {
            text: redacted.as_str().to_owned(),
            redactions: redacted.marks().to_vec(),
            cut: None,
            observations: Vec::new(),
            next: Vec::new(),
        };
        Ok(Outcome { result, observations: Vec::new() })
    }
}

/// A warning of the kubelet.
pub fn event(at: Time) -> EventBody {
    EventBody {
        uid: "event-1".into(),
        event_type: "Warning".into(),
        reason: "".into(),
        message: "".into(),
        count: 3,
        first_at: at,
        last_at: at,
        reporter: "kubelet".into(),
        subject_uid: None,
    }
}

pub fn log(_at: Time, previous: bool, text: String) -> LogBody {
    LogBody { container: "web".into(), previous, text, cut: None, lines: 0, patterns: Vec::new() }
}
