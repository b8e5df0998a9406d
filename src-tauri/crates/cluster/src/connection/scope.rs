//! What a login may watch, computed from the rules that the cluster says apply to it. Pure; `rights` asks.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Kind;

/// Where a kind is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    WholeCluster,
    /// In these namespaces, in the order in which they were asked for. Of the others nothing is known.
    Namespaces(Vec<String>),
    /// Nowhere; why.
    Refused(String),
}

/// The extent of every kind, by [`Kind::name`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope(BTreeMap<String, Extent>);

impl Scope {
    /// What is in namespaces is watched in these; whether it may be is not known.
    pub(crate) fn only(kinds: &[Kind], namespaces: &[String]) -> Self {
        let inside = kinds.iter().filter(|kind| kind.namespaced);
        Scope(inside.map(|kind| (kind.name(), Extent::Namespaces(namespaces.to_vec()))).collect())
    }

    /// What is not known is tried in the whole cluster; the cluster's refusal then says more.
    pub(crate) fn of(&self, kind: &Kind) -> Extent {
        self.0.get(&kind.name()).cloned().unwrap_or(Extent::WholeCluster)
    }
}

/// The rules of one SelfSubjectRulesReview.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// An authorizer besides RBAC could not list its rules: what these do not allow may be allowed all the same.
    pub incomplete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    /// Whether it is about some objects by name only, which no list can be.
    named: bool,
}

impl Rules {
    /// Of the review's `status`.
    pub(crate) fn read(status: &Value) -> Self {
        let words = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
        };
        let rules = status["resourceRules"].as_array().into_iter().flatten().map(|rule| Rule {
            verbs: words(&rule["verbs"]),
            groups: words(&rule["apiGroups"]),
            resources: words(&rule["resources"]),
            named: !words(&rule["resourceNames"]).is_empty(),
        });
        let error = status["evaluationError"].as_str().is_some_and(|error| !error.is_empty());
        Rules { rules: rules.collect(), incomplete: status["incomplete"] == true || error }
    }

    pub(crate) fn allows(&self, kind: &Kind) -> bool {
        let has = |words: &[String], word: &str| words.iter().any(|w| w == "*" || w == word);
        self.rules.iter().any(|rule| {
            !rule.named
                && has(&rule.verbs, "list")
                && has(&rule.groups, &kind.group)
                && has(&rule.resources, &kind.plural)
        })
    }
}

/// Everything that is known of what a login may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    /// The rules that hold in every namespace.
    pub everywhere: Rules,
    /// Those of the namespaces that were asked about, in the order of interest.
    pub namespaces: Vec<(String, Rules)>,
    /// Answers of SelfSubjectAccessReview by kind and namespace (empty: the whole cluster), where rules are incomplete.
    pub asked: BTreeMap<(String, String), bool>,
    /// Namespaces that may be seen, or of which that was not asked, and that are not watched: there are too many.
    pub left_out: Vec<String>,
    /// The cluster did not answer everything in time.
    pub partial: bool,
}

impl Rights {
    /// Takes the rules of namespaces in: those of interest, and of the others the first `at_most` in which anything may
    /// be listed. The rest is left out.
    pub(crate) fn take(&mut self, kinds: &[Kind], wanted: &[String], rules: Vec<(String, Rules)>, at_most: usize) {
        let mut room = at_most;
        let mut left_out = Vec::new();
        for (name, rules) in rules {
            let of_interest = wanted.contains(&name);
            let useful = kinds.iter().any(|kind| kind.namespaced && rules.allows(kind));
            match (of_interest, useful) {
                (true, _) => self.namespaces.push((name, rules)),
                (false, true) if room > 0 => {
                    room -= 1;
                    self.namespaces.push((name, rules));
                }
                (false, true) => left_out.push(name),
                (false, false) => {}
            }
        }
        self.left_out.splice(0..0, left_out);
    }

    pub(crate) fn everywhere(&self, kind: &Kind) -> bool {
        self.everywhere.allows(kind) || self.asked.get(&(kind.name(), String::new())) == Some(&true)
    }

    fn inside(&self, kind: &Kind, namespace: &str, rules: &Rules) -> bool {
        rules.allows(kind) || self.asked.get(&(kind.name(), namespace.to_owned())) == Some(&true)
    }

    /// What the rules leave open, to be asked one by one: kinds with the namespace, empty for the whole cluster.
    pub(crate) fn open<'k>(&self, kinds: &'k [Kind]) -> Vec<(&'k Kind, String)> {
        let mut open = Vec::new();
        for kind in kinds.iter().filter(|kind| !self.everywhere(kind)) {
            let mut add = |namespace: &str, rules: &Rules| {
                let question = (kind.name(), namespace.to_owned());
                if rules.incomplete && !rules.allows(kind) && !self.asked.contains_key(&question) {
                    open.push((kind, namespace.to_owned()));
                }
            };
            add("", &self.everywhere);
            if kind.namespaced {
                self.namespaces.iter().for_each(|(namespace, rules)| add(namespace, rules));
            }
        }
        open
    }

    /// Where the kinds are watched. With `only`, what is in namespaces is watched in no other than these.
    pub(crate) fn scope(&self, kinds: &[Kind], only: Option<&[String]>) -> Scope {
        let extent = |kind: &Kind| {
            match only.filter(|_| kind.namespaced) {
                Some(only) if self.everywhere(kind) => return Extent::Namespaces(only.to_vec()),
                None if self.everywhere(kind) => return Extent::WholeCluster,
                Some(_) | None => {}
            }
            let inside = |(namespace, rules): &&(String, Rules)| self.inside(kind, namespace, rules);
            let namespaces: Vec<String> = match kind.namespaced {
                true => self.namespaces.iter().filter(inside).map(|(namespace, _)| namespace.clone()).collect(),
                false => Vec::new(),
            };
            if !namespaces.is_empty() {
                return Extent::Namespaces(namespaces);
            }
            let asked: Vec<&str> = self.namespaces.iter().map(|(namespace, _)| namespace.as_str()).collect();
            let place = match (kind.namespaced, asked.as_slice()) {
                (false, _) | (true, []) => String::new(),
                (true, asked) => format!(", neither everywhere nor in {}", asked.join(", ")),
            };
            Extent::Refused(format!("your rules do not allow `list` on `{}`{place}", kind.resource()))
        };
        Scope(kinds.iter().map(|kind| (kind.name(), extent(kind))).collect())
    }
}

#[cfg(test)]
mod tests;
