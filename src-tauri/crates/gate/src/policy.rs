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
    pub fn rule(&self, call: &ToolCall, risk: Risk, at: Time) -> Ruling {
        if let Some(why) = &self.broken {
            let because = format!("the rules could not be read ({why}), so nothing may run; repair or remove them");
            return Ruling::Forbidden { rule: BROKEN.into(), because };
        }
        match (self.approve, risk) {
            (Approve::None, Risk::Read | Risk::ReadSensitive | Risk::Write | Risk::Destructive)
            | (Approve::Ask | Approve::Reads, Risk::ReadSensitive | Risk::Write | Risk::Destructive) => Ruling::Ask,
            (Approve::Reads, Risk::Read) => Ruling::Allowed { rule: APPROVE_READS.into() },
            (Approve::Ask, Risk::Read) if !call.tainted.is_empty() => Ruling::Ask,
            (Approve::Ask, Risk::Read) => match self.rules.iter().find(|rule| rule.covers(call, at)) {
                Some(rule) => Ruling::Allowed { rule: rule.name.clone() },
                None => Ruling::Ask,
            },
        }
    }
}

/// The name under which a refusal for unreadable rules is logged.
const BROKEN: &str = "unreadable-rules";
/// The name under which `--approve reads` is logged.
const APPROVE_READS: &str = "approve-reads";

impl Rule {
    /// Whether a call of class `read` is within the rule's bounds. A call that names no namespace is in none.
    fn covers(&self, call: &ToolCall, at: Time) -> bool {
        (self.tools.is_empty() || self.tools.contains(&call.tool))
            && self.cluster.as_ref().is_none_or(|cluster| *cluster == call.cluster)
            && self.namespace.as_ref().is_none_or(|namespace| call.args["namespace"] == namespace.as_str())
            && at < self.until
    }
}

#[cfg(test)]
mod tests;
