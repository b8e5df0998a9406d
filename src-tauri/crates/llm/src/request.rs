use model::ToolSpec;
use redact::Redacted;

use crate::{Endpoint, Opaque, encode};

/// What a model is asked, whole: a model keeps nothing between two requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who it is and how it should work.
    pub instructions: Redacted,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// The tools that it may ask for.
    pub tools: Vec<ToolSpec>,
    /// The longest answer, in tokens, its thoughts not counted.
    pub most_tokens: u32,
    pub effort: Effort,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The engineer, or the program in its own name.
    Said { text: Redacted },
    /// What the model answered: its text, the calls that it asked for as they ran, and what only it can read.
    Answered { text: Redacted, calls: Vec<Called>, kept: Vec<Opaque> },
    /// What became of a call. Text that a cluster wrote is data, and is fenced as such by whoever writes the request.
    Result { call: String, text: Redacted },
}

/// A call of an earlier answer. Where the engineer edited it, these are the engineer's arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// As in [`crate::Asked::id`].
    pub id: String,
    pub tool: String,
    /// JSON.
    pub args: Redacted,
}

/// How long it may think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    Low,
    #[default]
    Medium,
    High,
}

impl Request {
    /// The exact text that would leave for this model: what "what leaves this machine" shows.
    pub fn leaves(&self, endpoint: &Endpoint) -> String {
        String::from_utf8_lossy(&encode(endpoint, self).body).into_owned()
    }

    /// Every call of the conversation so far, oldest first.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Called> {
        self.messages.iter().flat_map(|message| match message {
            Message::Answered { calls, .. } => calls.as_slice(),
            Message::Said { .. } | Message::Result { .. } => &[],
        })
    }

    pub(crate) fn kept(&self) -> impl Iterator<Item = &Opaque> {
        self.messages.iter().flat_map(|message| match message {
            Message::Answered { kept, .. } => kept.as_slice(),
            Message::Said { .. } | Message::Result { .. } => &[],
        })
    }

    /// The tool that a call of this conversation was for.
    pub(crate) fn tool_of(&self, call: &str) -> &str {
        self.calls().find(|called| called.id == call).map_or("", |called| called.tool.as_str())
    }
}
