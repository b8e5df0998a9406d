use std::collections::BTreeMap;

use model::{ClusterId, Risk, Time, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a rule does with the calls that it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Reads run without being asked about.
    #[default]
    Allow,
    /// Asks, whatever another rule or the word of a run would allow.
    Ask,
    Forbid,
}

/// Speaks of calls within bounds. An empty bound bounds nothing. Texts are patterns: `*` stands for anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    pub name: String,
    pub does: Does,
    /// Names of tools, such as `logs` or `mcp.grafana.*`.
    pub tools: Vec<String>,
    /// What a call does, by the class that code gives it. Empty: `read` for a rule that allows, everything for others.
    pub verbs: Vec<Risk>,
    pub cluster: Option<ClusterId>,
    /// Names of clusters.
    pub contexts: Vec<String>,
    pub namespaces: Vec<String>,
    pub kinds: Vec<String>,
    /// By the argument's name.
    pub args: BTreeMap<String, String>,
    /// It ends by itself; `None`: it does not.
    pub until: Option<Time>,
    /// How often it may allow something; `None`: always.
    pub uses: Option<u32>,
    /// Results of what it allows go to a model on another machine without being looked at: letting a call run and letting
    /// its result leave are two. What stays on this machine needs no such word.
    pub releases: bool,
    pub because: String,
}

/// Whether a call is within a rule's bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    No,
    /// The call does not say.
    Maybe,
    Yes,
}

impl Rule {
    pub(super) fn stands(&self, at: Time) -> bool {
        self.until.is_none_or(|until| at < until)
    }

    /// A rule that allows covers a call with everything that it names; a strict one covers it with anything of it.
    pub(super) fn fit(&self, call: &ToolCall, risk: Risk, context: &str) -> Fit {
        let allows = self.does == Does::Allow;
        let within = |patterns: &[String], named: &[String], same: fn(&str, &str) -> bool| {
            let covered = |one: &String| patterns.iter().any(|pattern| same(pattern, one));
            match (patterns.is_empty(), named.is_empty()) {
                (true, _) => Fit::Yes,
                (false, true) => Fit::Maybe,
                (false, false) if allows => is(named.iter().all(covered)),
                (false, false) => is(named.iter().any(covered)),
            }
        };
        let own = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        let verbs = if allows && self.verbs.is_empty() { &[Risk::Read][..] } else { &self.verbs };
        let args = self.args.iter().map(|(name, pattern)| match said(&call.args[name]) {
            None => Fit::Maybe,
            Some(said) => is(matches(pattern, &said)),
        });
        [
            is(self.tools.is_empty() || self.tools.iter().any(|pattern| matches(pattern, &call.tool))),
            is(verbs.is_empty() || verbs.contains(&risk)),
            is(self.cluster.as_ref().is_none_or(|cluster| *cluster == call.cluster)),
            within(&self.contexts, &own(context), matches),
            within(&self.namespaces, &namespaces(call), matches),
            within(&self.kinds, &kinds(call), is_kind),
        ]
        .into_iter()
        .chain(args)
        .min()
        .unwrap_or(Fit::No)
    }
}

fn is(so: bool) -> Fit {
    if so { Fit::Yes } else { Fit::No }
}

/// An argument as text; what is left out or empty says nothing.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// Every namespace that the arguments name, at any depth.
pub(super) fn namespaces(call: &ToolCall) -> Vec<String> {
    let mut found = Vec::new();
    collect(&call.args, &mut |key, text| {
        if matches!(key, "namespace" | "namespaces" | "ns" | "to_namespace" | "from_namespace") {
            found.push(text.to_owned());
        }
    });
    found
}

/// Every kind that the arguments name, at any depth: as a kind, by an argument that is called like one (`pod`), or as
/// `Kind/name`; and those in the tool's own name.
pub(super) fn kinds(call: &ToolCall) -> Vec<String> {
    const BY_NAME: &[&str] = &["pod", "node", "service", "deployment", "secret", "job", "cronjob"];
    let mut found = Vec::new();
    collect(&call.args, &mut |key, text| match key {
        "kind" | "resource" => found.push(text.to_owned()),
        "object" | "workload" | "from" | "to" => found.extend(text.split_once('/').map(|(kind, _)| kind.to_owned())),
        key => found.extend(BY_NAME.iter().filter(|name| **name == key).map(|name| (*name).to_owned())),
    });
    let words = call.tool.split(['.', '_', '-', '/']);
    let named = words.filter(|word| BY_NAME.iter().any(|name| is_kind(name, word)));
    found.extend(named.map(str::to_owned));
    found.extend(matches!(call.tool.as_str(), "cordon" | "uncordon").then(|| "Node".to_owned()));
    found
}

fn collect(value: &Value, take: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                for text in texts.iter().filter_map(Value::as_str).map(str::trim).filter(|text| !text.is_empty()) {
                    take(key, text);
                }
                collect(value, take);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, take)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A kind as people and programs write it: in any case, in the plural, with its group or without.
pub(super) fn is_kind(pattern: &str, kind: &str) -> bool {
    let (pattern, kind) = (pattern.to_ascii_lowercase(), kind.to_ascii_lowercase());
    let bare = kind.split('.').next().unwrap_or_default();
    let one = |kind: &str| {
        matches(&pattern, kind)
            || kind.strip_suffix('s').is_some_and(|one| matches(&pattern, one))
            || kind.strip_suffix("ies").is_some_and(|one| matches(&pattern, &format!("{one}y")))
    };
    one(&kind) || one(bare)
}

/// Whether a text is like a pattern, in which `*` stands for anything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
