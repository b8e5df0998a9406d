use model::{ClusterId, Risk, Ruling, Time, ToolCall};
use serde::{Deserialize, Serialize};

mod selftest;

pub use selftest::{Promise, self_test};

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

/// Whether a cluster may be changed, as the engineer set it for that cluster. Off until somebody turns it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    #[default]
    Off,
    /// Each change still asks.
    On,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub approve: Approve,
    pub rules: Vec<Rule>,
    /// Whether the cluster that the policy is about may be changed at all.
    pub writes: Writes,
    /// Why the rules could not be read: then everything is forbidden.
    pub broken: Option<String>,
}

impl Policy {
    /// Pure. The compiled floor comes first and no rule lowers it: a cluster whose changes are off is not changed, some
    /// targets are never destroyed from here, and writes, sensitive reads and tainted reads ask every time.
    pub fn rule(&self, call: &ToolCall, risk: Risk, at: Time) -> Ruling {
        if let Some(why) = &self.broken {
            let because = format!("the rules could not be read ({why}), so nothing may run; repair or remove them");
            return Ruling::Forbidden { rule: BROKEN.into(), because };
        }
        if matches!(risk, Risk::Write | Risk::Destructive) && self.writes == Writes::Off {
            return Ruling::Forbidden { rule: READ_ONLY.into(), because: HOW_TO_ENABLE.into() };
        }
        if risk == Risk::Destructive
            && let Some(because) = protected(call)
        {
            return Ruling::Forbidden { rule: PROTECTED.into(), because };
        }
        if ASK_EVERY_TIME.contains(&call.tool.as_str()) {
            return Ruling::Ask;
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

/// The name under which a refusal of changes to a read-only cluster is logged.
const READ_ONLY: &str = "read-only";
const HOW_TO_ENABLE: &str = "changes are off for this cluster; turn them on at the cluster's row in the window, or for \
    one run of the command line with --allow-writes, and propose it again";
/// The name under which a refusal for the target's sake is logged.
const PROTECTED: &str = "protected-target";
/// Where the cluster keeps what it runs on. What is lost there is everybody's loss.
const PROTECTED_NAMESPACES: &[&str] = &["kube-system", "kube-public", "kube-node-lease"];
/// Reads of what Secrets hold, by name as well as by their class: no rule and no word of a run covers them.
const ASK_EVERY_TIME: &[&str] = &["secret_shape", "helm_release"];

/// Why a destructive call is never made from here. A call that names no namespace is about the whole cluster.
fn protected(call: &ToolCall) -> Option<String> {
    match call.args["namespace"].as_str().map(str::trim).unwrap_or_default() {
        "" => Some(
            "what reaches the whole cluster is not destroyed from here; use kubectl with somebody beside you".into(),
        ),
        namespace if PROTECTED_NAMESPACES.contains(&namespace) => Some(format!(
            "`{namespace}` holds what the cluster runs on; nothing in it is destroyed from here. Use kubectl if it must be"
        )),
        _ => None,
    }
}

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
