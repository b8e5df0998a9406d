//! Facts as they are found.

use std::collections::BTreeMap;

use model::{Certainty, Fact, ObjectRef, ObservationId, Time};
use serde_json::Value;

/// Facts being collected.
#[derive(Default)]
pub(crate) struct Found {
    facts: Vec<Fact>,
}

impl Found {
    /// Begins a fact; [`Draft::says`] ends it.
    pub(crate) fn fact<'a>(&'a mut self, name: &str, subject: &ObjectRef) -> Draft<'a> {
        Draft {
            found: self,
            fact: Fact {
                name: name.to_owned(),
                subject: subject.clone(),
                args: BTreeMap::new(),
                certainty: Certainty::Known,
                says: String::new(),
                since: Time::MAX,
                evidence: Vec::new(),
            },
        }
    }

    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Fact> {
        self.facts.iter().filter(move |fact| fact.name == name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter()
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Fact> {
        self.facts.iter_mut()
    }

    /// Sorted by name, subject, arguments; two that say the same are one with the evidence of both.
    pub(crate) fn into_facts(self, at: Time) -> Vec<Fact> {
        let mut facts = self.facts;
        let args = |f: &Fact| serde_json::to_string(&f.args).unwrap_or_default();
        facts.sort_by(|a, b| (&a.name, &a.subject).cmp(&(&b.name, &b.subject)).then_with(|| args(a).cmp(&args(b))));
        facts.dedup_by(|second, first| {
            let same = second.name == first.name && second.subject == first.subject && second.args == first.args;
            if same {
                first.since = first.since.min(second.since);
                for id in &second.evidence {
                    if !first.evidence.contains(id) {
                        first.evidence.push(id.clone());
                    }
                }
            }
            same
        });
        for fact in &mut facts {
            fact.since = fact.since.min(at);
        }
        facts
    }
}

/// One fact being written.
pub(crate) struct Draft<'a> {
    found: &'a mut Found,
    fact: Fact,
}

impl Draft<'_> {
    pub(crate) fn arg(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fact.args.insert(name.to_owned(), value.into());
        self
    }

    /// A number that may not be known.
    pub(crate) fn number(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.arg(name, value),
            None => self.arg(name, -1),
        }
    }

    pub(crate) fn objects<'o>(self, name: &str, objects: impl IntoIterator<Item = &'o ObjectRef>) -> Self {
        let mut objects: Vec<String> = objects.into_iter().map(ToString::to_string).collect();
        objects.sort();
        objects.dedup();
        self.arg(name, objects)
    }

    /// An object, or nothing.
    pub(crate) fn object(self, name: &str, object: Option<&ObjectRef>) -> Self {
        self.arg(name, object.map(ToString::to_string).unwrap_or_default())
    }

    pub(crate) fn since(mut self, since: Time) -> Self {
        self.fact.since = self.fact.since.min(since);
        self
    }

    pub(crate) fn because(mut self, evidence: &ObservationId) -> Self {
        if self.fact.evidence.len() < 12 && !self.fact.evidence.contains(evidence) {
            self.fact.evidence.push(evidence.clone());
        }
        self
    }

    pub(crate) fn because_all<'e>(self, evidence: impl IntoIterator<Item = &'e ObservationId>) -> Self {
        evidence.into_iter().fold(self, Draft::because)
    }

    pub(crate) fn unknown(mut self, because: impl Into<String>) -> Self {
        self.fact.certainty = Certainty::Unknown { because: because.into() };
        self
    }

    /// Ends the fact with its sentence. Without evidence there is no fact.
    pub(crate) fn says(self, sentence: impl Into<String>) {
        let mut fact = self.fact;
        fact.says = sentence.into();
        if !fact.evidence.is_empty() {
            self.found.facts.push(fact);
        }
    }
}
