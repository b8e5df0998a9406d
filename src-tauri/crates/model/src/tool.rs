use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::{ClusterId, ObservationId, digest_json};

/// What a call can do, decided by code from the tool and its arguments, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    Read,
    ReadSensitive,
    Write,
    Destructive,
}

/// A tool as a model, a form and a card see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ToolSpec {
    pub name: String,
    pub title: String,
    pub description: String,
    /// JSON Schema of the arguments; the form of the call card is made from it.
    #[ts(type = "unknown")]
    pub schema: Value,
}

/// A call somebody wants to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ToolCall {
    pub tool: String,
    pub cluster: ClusterId,
    #[ts(type = "Record<string, unknown>")]
    pub args: Value,
    /// Why it is asked, in a sentence.
    pub reason: String,
    /// What each answer would mean for the hypotheses, in a sentence.
    pub expects: String,
    /// Argument names whose values come from text that the cluster wrote, with the observation they come from.
    #[serde(default)]
    pub tainted: Vec<(String, ObservationId)>,
}

impl ToolCall {
    /// What an approval binds to: the tool, its arguments and the cluster, not the words around them.
    pub fn digest(&self) -> String {
        digest_json(&serde_json::json!({"tool": self.tool, "cluster": self.cluster, "args": self.args}))
    }
}

/// How a call was decided, as a transcript tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approved,
    Edited,
    Denied,
    AllowedByRule,
    Pending,
}
