use model::ToolSpec;
use redact::Redacted;

/// What a model is asked, whole: a model keeps nothing between two requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who it is and how it should work.
    pub instructions: Redacted,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// The tools that it may ask for.
    pub tools: Vec<ToolSpec>,
    /// The longest answer, in tokens.
    pub most_tokens: u32,
    pub effort: Effort,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The engineer, or the program in its own name.
    Said { text: Redacted },
    /// What the model answered: its text, and the calls that it asked for as they ran.
    Answered { text: Redacted, calls: Vec<Called> },
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
    /// Every text that would leave this machine, in order: what "what leaves this machine" shows.
    pub fn leaves(&self) -> Vec<String> {
        let mut texts = vec![self.instructions.as_str().to_owned()];
        for message in &self.messages {
            match message {
                Message::Said { text } | Message::Result { text, .. } => texts.push(text.as_str().to_owned()),
                Message::Answered { text, calls } => {
                    texts.push(text.as_str().to_owned());
                    texts.extend(calls.iter().map(|call| format!("{} {}", call.tool, call.args.as_str())));
                }
            }
        }
        texts.extend(self.tools.iter().map(described));
        texts.retain(|text| !text.is_empty());
        texts
    }
}

fn described(tool: &ToolSpec) -> String {
    format!("{}: {} {}", tool.name, tool.description, tool.schema)
}
