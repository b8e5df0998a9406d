use model::{Risk, Ruling, Time, ToolCall};
use serde::{Deserialize, Serialize};

mod file;
mod rule;
mod selftest;

pub use file::{BrokenRules, Classify, RuleFile, WrittenRule};
use rule::Fit;
pub use rule::{Does, Rule};
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

/// Whether a cluster may be changed, as the engineer set it for that cluster. Off until somebody turns it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    #[default]
    Off,
    /// Each change still asks.
    On,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    pub approve: Approve,
    pub rules: Vec<Rule>,
    /// Whether the cluster that the policy is about may be changed at all.
    pub writes: Writes,
    /// That cluster's name, as rules write it; empty where it is not known.
    pub context: String,
    /// Why the rules could not be read: then everything is forbidden.
    pub broken: Option<String>,
}

impl Policy {
    /// What is ruled of a call while no rule is used up. See [`Policy::rule_after`].
    pub fn rule(&self, call: &ToolCall, risk: Risk, at: Time) -> Ruling {
        self.rule_after(call, risk, at, &|_| 0)
    }

    /// Pure; `used` says how often each rule was used. The compiled floor comes first and no rule lowers it: a cluster whose
    /// changes are off is not changed, some targets are never destroyed from here, and writes, sensitive reads, reads of
    /// Secrets, what runs inside of containers, and tainted reads ask every time. Of the rules the strictest counts: what one
    /// forbids no other allows, and what one wants to be asked is asked. Where it cannot be told whether a strict rule
    /// covers a call (it names no namespace), the call asks.
    pub fn rule_after(&self, call: &ToolCall, risk: Risk, at: Time, used: &dyn Fn(&str) -> u32) -> Ruling {
        if let Some(why) = &self.broken {
            let because = format!("the rules could not be read ({why}), so nothing may run; repair or remove them");
            return Ruling::Forbidden { rule: BROKEN.into(), because };
        }
        if matches!(risk, Risk::Write | Risk::Destructive) && self.writes == Writes::Off {
            return Ruling::Forbidden { rule: READ_ONLY.into(), because: HOW_TO_ENABLE.into() };
        }
        // What another program's tool destroys nobody here knows: whatever of it may write keeps the same distance.
        let may_destroy = risk == Risk::Destructive || (risk == Risk::Write && is_foreign(call));
        if may_destroy && let Some(because) = protected(call) {
            return Ruling::Forbidden { rule: PROTECTED.into(), because };
        }
        let standing = || self.rules.iter().filter(|rule| rule.stands(at));
        let fits = |does: Does| {
            standing().filter(move |rule| rule.does == does).map(|rule| (rule, rule.fit(call, risk, &self.context)))
        };
        let mut asks = false;
        for (rule, fit) in fits(Does::Forbid) {
            match fit {
                Fit::Yes => {
                    return Ruling::Forbidden { rule: rule.name.clone(), because: rule.because.clone() };
                }
                Fit::Maybe => asks = true,
                Fit::No => {}
            }
        }
        asks |= fits(Does::Ask).any(|(_, fit)| fit != Fit::No);
        asks |= self.approve == Approve::None || risk != Risk::Read || asks_every_time(call);
        if asks {
            return Ruling::Ask;
        }
        if self.approve == Approve::Reads {
            return Ruling::Allowed { rule: APPROVE_READS.into() };
        }
        if !call.tainted.is_empty() {
            return Ruling::Ask;
        }
        let left = |rule: &Rule| rule.uses.is_none_or(|most| used(&rule.name) < most);
        match fits(Does::Allow).find(|(rule, fit)| *fit == Fit::Yes && left(rule)) {
            Some((rule, _)) => Ruling::Allowed { rule: rule.name.clone() },
            None => Ruling::Ask,
        }
    }

    /// Whether a rule of this policy has this name, and how often it may be used.
    pub fn counts(&self, name: &str) -> Option<Option<u32>> {
        self.rules.iter().find(|rule| rule.name == name).map(|rule| rule.uses)
    }

    /// Whether results of what the rule of this name allowed may leave this machine unseen.
    pub fn releases(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.name == name && rule.releases)
    }

    /// Why a call that was decided on under an earlier policy may not start under this one: it is forbidden now, or a rule
    /// let it pass that no longer does.
    pub fn takes_back(&self, call: &ToolCall, risk: Risk, by_rule: bool, at: Time) -> Option<String> {
        match self.rule(call, risk, at) {
            // Turning changes off has words of its own, at the tool.
            Ruling::Forbidden { rule, .. } if rule == READ_ONLY => None,
            Ruling::Forbidden { rule, because } => Some(format!("`{rule}` forbids it now: {because}")),
            Ruling::Ask if by_rule => Some("no rule allows it any more".to_owned()),
            Ruling::Ask | Ruling::Allowed { .. } => None,
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
/// Words in the name of a tool, ours or another program's, that runs something inside of a container.
const RUNS_INSIDE: &[&str] = &["exec", "attach", "shell", "run", "debug", "portforward", "proxy"];
/// The names that rules of a file cannot have.
const RESERVED: &[&str] = &[BROKEN, APPROVE_READS, READ_ONLY, PROTECTED];

/// What no rule allows, whatever class it was given.
fn asks_every_time(call: &ToolCall) -> bool {
    let mut words = call.tool.split(['.', '_', '-', '/']);
    ASK_EVERY_TIME.contains(&call.tool.as_str())
        || words.any(|word| RUNS_INSIDE.contains(&word.to_ascii_lowercase().as_str()))
        || rule::kinds(call).iter().any(|kind| rule::is_kind("Secret", kind))
}

/// Whether the tool is another program's.
fn is_foreign(call: &ToolCall) -> bool {
    call.tool.starts_with("mcp.")
}

/// Words in the name of another program's tool that takes something away.
const DESTROYS: &[&str] =
    &["delete", "remove", "destroy", "drain", "evict", "purge", "prune", "uninstall", "terminate"];

/// Why a destructive call is never made from here. A call that names no namespace is about the whole cluster; of another
/// program's tool, which may not be about a cluster at all, that is taken from its name.
fn protected(call: &ToolCall) -> Option<String> {
    if is_foreign(call) {
        let named = rule::namespaces(call);
        let place = named.iter().find(|one| PROTECTED_NAMESPACES.contains(&one.as_str()));
        let mut words = call.tool.split(['.', '_', '-', '/']);
        let destroys = words.any(|word| DESTROYS.iter().any(|verb| word.to_ascii_lowercase().starts_with(verb)));
        return match place {
            Some(namespace) => Some(in_protected(namespace)),
            None if destroys && named.is_empty() => Some(WHOLE_CLUSTER.into()),
            None => None,
        };
    }
    match call.args["namespace"].as_str().map(str::trim).unwrap_or_default() {
        "" => Some(WHOLE_CLUSTER.into()),
        namespace if PROTECTED_NAMESPACES.contains(&namespace) => Some(in_protected(namespace)),
        _ => None,
    }
}

const WHOLE_CLUSTER: &str =
    "what reaches the whole cluster is not destroyed from here; use kubectl with somebody beside you";

fn in_protected(namespace: &str) -> String {
    format!(
        "`{namespace}` holds what the cluster runs on; nothing in it is destroyed from here. Use kubectl if it must be"
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
