use model::{ClusterId, Risk, Ruling, Time, ToolCall};
use serde::{Deserialize, Serialize};

/// What one run of the program may do without asking, in the engineer's own word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approve {
    /// Every call asks.
    #[default]
    Ask,
    /// Nothing is asked and nothing runs.
    None,
    /// The risk class `read`, nothing higher; tainted calls too.
    Reads,
}

/// Allows calls without asking, within bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub name: String,
    /// Tool names; empty: all tools of class `read`.
    pub tools: Vec<String>,
    pub cluster: Option<ClusterId>,
    pub namespace: Option<String>,
    pub until: Time,
    pub because: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub approve: Approve,
    pub rules: Vec<Rule>,
    /// Why the rules could not be read: then everything is forbidden.
    pub broken: Option<String>,
}

impl Policy {
    /// Pure. The compiled floor (writes, sensitive reads, taint) comes first and no rule lowers it.
    pub fn rule(&self, _call: &ToolCall, _risk: Risk, _at: Time) -> Ruling {
        todo!()
    }
}
