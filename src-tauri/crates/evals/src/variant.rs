//! Variants of a scenario, derived by code: a verdict must move when its evidence is gone, and must not when somebody
//! else has trouble too.

mod fields;
mod noise;

use std::collections::{BTreeMap, BTreeSet};

use model::{Body, Certainty, CoverageState, Fact, ObjectRef, Observation, ObservationId};
use serde_json::Value;

pub use noise::Noise;

use crate::{Answer, Golden, Report, Verdict};

/// The namespace of the trouble that [`Golden::with`] adds.
pub(crate) const NOISE: &str = "somebody-elses";

/// How often what is cited next may be taken away too.
const ROUNDS: usize = 8;

/// What a variant of a scenario must do to the verdict on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The deciding evidence is gone: what was said must change, or be said as undecided.
    Moves,
    /// Unrelated trouble was added: what was said must stay.
    Stays,
}

/// What is left of a recording without the evidence that decides.
#[derive(Debug)]
pub enum Mutated {
    Without(Box<Golden>),
    /// It cannot be taken away without taking the cluster away.
    Inseparable,
}

impl Golden {
    /// The same recording without what the deciding facts rest on; `facts_of` gives the facts of a whole recording with
    /// everything released. What was told goes first, then earlier versions of objects, then what their statuses say in
    /// words, then the fewest fields of the objects that are cited, at last the kinds of those objects: they the cluster
    /// then refuses to list, since an object that is not seen is not an absent one.
    pub fn without_evidence(&self, facts_of: impl Fn(&Golden) -> Vec<Fact>) -> Mutated {
        let decides = |fact: &&Fact| {
            fact.certainty == Certainty::Known && self.truth.deciding().iter().any(|name| *name == fact.name)
        };
        // Not only of whom it was said, and not only in the same words: that it is said at all has to end.
        let cited = |golden: &Golden| -> BTreeSet<ObservationId> {
            facts_of(golden).iter().filter(decides).flat_map(|fact| fact.evidence.iter().cloned()).collect()
        };
        let mut without = self.clone();
        without.name = format!("{} without its evidence", self.name);
        let mut left = cited(self);
        for step in [Golden::forget_told, Golden::forget_earlier, Golden::forget_words] {
            // A fact cites some of what it rests on; when that is gone, it cites the rest.
            for _ in 0..ROUNDS {
                if left.is_empty() {
                    break;
                }
                step(&mut without, &left);
                let before = std::mem::replace(&mut left, cited(&without));
                if before == left {
                    break;
                }
            }
        }
        if !left.is_empty()
            && let Some(fewer) = without.forget_fields(left.clone(), &cited)
        {
            (without, left) = (fewer, BTreeSet::new());
        }
        if !left.is_empty() {
            without.forget_kinds(&left);
            left = cited(&without);
        }
        if left.is_empty() && without.observations != self.observations {
            Mutated::Without(Box::new(without))
        } else {
            Mutated::Inseparable
        }
    }

    fn forget_told(&mut self, cited: &BTreeSet<ObservationId>) {
        self.observations.retain(|o| matches!(o.body, Body::Object { .. }) || !cited.contains(&o.id));
    }

    fn forget_earlier(&mut self, cited: &BTreeSet<ObservationId>) {
        let mut last: BTreeMap<ObjectRef, ObservationId> = BTreeMap::new();
        for one in self.observations.iter().filter(|o| matches!(o.body, Body::Object { .. })) {
            last.extend(one.subject.clone().map(|subject| (subject, one.id.clone())));
        }
        let changed: BTreeSet<ObjectRef> = self
            .observations
            .iter()
            .filter(|o| cited.contains(&o.id))
            .filter_map(|o| o.subject.clone())
            .filter(|subject| !matches!(subject.kind.as_str(), "Pod" | "Node"))
            .collect();
        self.observations.retain(|o| {
            let Some(subject) = o.subject.as_ref().filter(|_| matches!(o.body, Body::Object { .. })) else {
                return true;
            };
            !changed.contains(subject) || last.get(subject) == Some(&o.id)
        });
    }

    /// Messages in the statuses of the cited objects, in every version of them.
    fn forget_words(&mut self, cited: &BTreeSet<ObservationId>) {
        let subjects: BTreeSet<ObjectRef> =
            self.observations.iter().filter(|o| cited.contains(&o.id)).filter_map(|o| o.subject.clone()).collect();
        for one in self.observations.iter_mut().filter(|o| o.subject.as_ref().is_some_and(|s| subjects.contains(s))) {
            rewrite(one, |object| object.get_mut("status").is_some_and(silence));
        }
    }

    fn forget_kinds(&mut self, cited: &BTreeSet<ObservationId>) {
        let kinds: BTreeSet<String> = self
            .observations
            .iter()
            .filter(|o| cited.contains(&o.id) && matches!(o.body, Body::Object { .. } | Body::Shape(_)))
            .filter_map(|o| o.subject.as_ref().map(|subject| subject.kind.to_string()))
            .filter(|kind| !matches!(kind.as_str(), "Pod" | "Node" | "Namespace"))
            .collect();
        self.observations.retain_mut(|o| {
            if let Body::Coverage { kind, state, .. } = &mut o.body {
                if kinds.contains(kind.as_str()) {
                    *state = CoverageState::Refused;
                }
                return true;
            }
            o.subject.as_ref().is_none_or(|subject| !kinds.contains(subject.kind.as_str()))
        });
    }

    /// What an answer says of everything but the noise.
    pub fn without_noise(mut answer: Answer) -> Answer {
        answer.conclusion.hypotheses.retain(|h| h.object.namespace != NOISE && h.object.name != NOISE);
        let left: BTreeSet<_> = answer.conclusion.hypotheses.iter().map(|h| &h.incident).collect();
        answer.incidents = left.len();
        answer
    }
}

/// Puts another object into an observation of one, where `edit` says that it altered it.
fn rewrite(observation: &mut Observation, edit: impl FnOnce(&mut Value) -> bool) {
    let Body::Object { api_version, uid, resource_version, change, object } = &observation.body else { return };
    let mut value = object.to_value();
    if !edit(&mut value) {
        return;
    }
    let body = Body::Object {
        api_version: api_version.clone(),
        uid: uid.clone(),
        resource_version: resource_version.clone(),
        change: *change,
        object: value.into(),
    };
    let Observation { cluster, at, seen_at, source, subject, .. } = &*observation;
    *observation = Observation::new(cluster.clone(), *at, *seen_at, *source, subject.clone(), body);
}

/// Takes every message out of a status; whether there was one.
fn silence(status: &mut Value) -> bool {
    match status {
        Value::Object(map) => {
            let had = map.remove("message").is_some();
            map.values_mut().fold(had, |had, value| silence(value) || had)
        }
        Value::Array(items) => items.iter_mut().fold(false, |had, value| silence(value) || had),
        _ => false,
    }
}

/// Which of the variants' verdicts do not do what was demanded, each in a sentence. Scenarios that were not right to begin
/// with prove nothing and are left out.
pub fn unmet(original: &Report, variants: &[(String, Demand, Verdict)]) -> Vec<String> {
    let mut unmet = Vec::new();
    for (name, demand, variant) in variants {
        let Some(was) = original.verdicts.iter().find(|v| v.name == *name).filter(|v| v.is_right()) else { continue };
        match demand {
            // Cause and fix are chosen by the same evidence: another fix is another verdict.
            Demand::Moves if !variant.abstained && (&variant.said, &variant.fix) == (&was.said, &was.fix) => {
                unmet.push(format!("{}: without its evidence it still says {}", name, variant.said));
            }
            Demand::Stays if !variant.is_right() && variant.said != was.said => {
                unmet.push(format!("{}: turned into {}", variant.name, variant.said));
            }
            Demand::Moves | Demand::Stays => {}
        }
    }
    unmet
}
