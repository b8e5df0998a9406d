use model::{Hypothesis, ObjectRef, Spent};
use serde::{Deserialize, Serialize};

use crate::{Answer, Golden, Truth};

/// How one answer compares with the truth. All `…_3` are about the first three hypotheses, all `…_1` about the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verdict {
    pub name: String,
    pub twin: Option<String>,
    pub category: String,
    pub healthy: bool,
    pub component_1: bool,
    pub component_3: bool,
    pub mechanism_1: bool,
    pub mechanism_3: bool,
    /// Object and mechanism in the same hypothesis.
    pub both_1: bool,
    pub both_3: bool,
    pub abstained: bool,
    /// Something is wrong and nothing was said.
    pub silent: bool,
    /// Nothing is wrong and something was reported.
    pub false_alarm: bool,
    /// Incidents beyond what is wrong: a fault that is told twice, or a cluster that is well and is said not to be.
    pub incidents_too_many: usize,
    /// The fix of the first hypothesis is one of the right ones; `None` where the truth names none.
    pub fix_right: Option<bool>,
    /// The fix that was proposed for the first hypothesis, by its id.
    pub fix: String,
    /// A fix that does harm here was proposed for the first hypothesis.
    pub fix_forbidden: bool,
    /// The share of the evidence a good engineer would cite that the first hypothesis cites; `None` where none is named.
    pub evidence_cited: Option<f64>,
    pub calls: usize,
    /// How long the answer took.
    pub seconds: f64,
    /// `failure mode @ object` of the first hypothesis, empty where there is none.
    pub said: String,
    pub truth: String,
    /// What a language model took, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// Citations of the model that do not hold, and all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citations: Option<(u32, u32)>,
    /// Why there is no answer.
    pub failed: Option<String>,
}

impl Verdict {
    /// As [`Verdict::is_right`], with the fix that the truth asks for: cause and fix are chosen by the same evidence.
    pub fn is_right_with_fix(&self) -> bool {
        self.is_right() && self.fix_right != Some(false) && !self.fix_forbidden
    }

    /// What counts as right: both named first, silence about a healthy cluster, doubt where the evidence does not decide.
    pub fn is_right(&self) -> bool {
        self.failed.is_none() && if self.healthy { !self.false_alarm } else { self.both_1 }
    }
}

/// Compares one answer with the truth.
pub fn judge(golden: &Golden, answer: Result<Answer, String>) -> Verdict {
    let truth = &golden.truth;
    let mut verdict = Verdict {
        name: golden.name.clone(),
        twin: golden.twin.clone(),
        category: golden.category.clone(),
        healthy: truth.healthy,
        truth: truth_text(truth),
        ..Verdict::default()
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => {
            verdict.failed = Some(why);
            return verdict;
        }
    };
    let conclusion = &answer.conclusion;
    let hypotheses = &conclusion.hypotheses;
    verdict.calls = answer.calls.len();
    verdict.spent = answer.spent;
    verdict.citations = conclusion.argument.as_ref().map(|argument| (argument.unfounded, argument.citations));
    verdict.abstained = conclusion.abstained;
    verdict.said = hypotheses.first().map(|h| format!("{} @ {}", h.failure_mode, h.object)).unwrap_or_default();
    let wrong = if truth.healthy { 0 } else { 1 + truth.others.len() };
    verdict.incidents_too_many = answer.incidents.saturating_sub(wrong);
    if truth.healthy {
        verdict.false_alarm = answer.incidents > 0 || (!conclusion.abstained && !hypotheses.is_empty());
        return verdict;
    }
    verdict.silent = !conclusion.abstained && hypotheses.is_empty();
    if !truth.ambiguous.is_empty() {
        judge_doubt(&mut verdict, truth, conclusion.abstained, hypotheses);
        return verdict;
    }
    if !truth.others.is_empty() {
        judge_several(&mut verdict, truth, hypotheses);
    } else if !conclusion.abstained {
        for (rank, hypothesis) in hypotheses.iter().take(3).enumerate() {
            let component = is_object(truth, &hypothesis.object);
            let mechanism = hypothesis.failure_mode == truth.failure_mode;
            verdict.component_3 |= component;
            verdict.mechanism_3 |= mechanism;
            verdict.both_3 |= component && mechanism;
            if rank == 0 {
                (verdict.component_1, verdict.mechanism_1) = (component, mechanism);
                verdict.both_1 = component && mechanism;
            }
        }
    }
    let own = |h: &&Hypothesis| truth.others.is_empty() || is_object(truth, &h.object);
    if let Some(first) = hypotheses.iter().find(own) {
        judge_fix(&mut verdict, truth, first);
        verdict.evidence_cited = cited(truth, &answer, first);
    }
    verdict
}

/// Where the evidence does not decide, the right answer names the candidates and does not pretend.
fn judge_doubt(verdict: &mut Verdict, truth: &Truth, abstained: bool, hypotheses: &[Hypothesis]) {
    let candidates: Vec<&Hypothesis> =
        hypotheses.iter().take(3).filter(|h| truth.ambiguous.contains(&h.failure_mode)).collect();
    let first = hypotheses.first().is_some_and(|h| truth.ambiguous.contains(&h.failure_mode));
    verdict.component_3 = candidates.iter().any(|h| is_object(truth, &h.object));
    verdict.component_1 = hypotheses.first().is_some_and(|h| is_object(truth, &h.object));
    verdict.mechanism_3 = !candidates.is_empty();
    let named = candidates.iter().map(|h| &h.failure_mode).collect::<std::collections::BTreeSet<_>>().len();
    let doubts = abstained || (named == truth.ambiguous.len().min(3) && hypotheses[0].probability < 0.8);
    verdict.mechanism_1 = first && doubts;
    verdict.both_1 = verdict.component_1 && verdict.mechanism_1;
    verdict.both_3 = verdict.component_3 && verdict.mechanism_3;
}

/// Several things are wrong that have nothing to do with each other: each has to be named, in an incident of its own.
fn judge_several(verdict: &mut Verdict, truth: &Truth, hypotheses: &[Hypothesis]) {
    let main = truth.object.iter().map(|object| (object.clone(), truth.failure_mode.clone()));
    let wanted: Vec<(ObjectRef, String)> = main.chain(truth.others.iter().cloned()).collect();
    let mut incidents: Vec<&model::IncidentId> = Vec::new();
    for hypothesis in hypotheses {
        if !incidents.contains(&&hypothesis.incident) {
            incidents.push(&hypothesis.incident);
        }
    }
    let within = |limit: usize, fits: &dyn Fn(&Hypothesis, &(ObjectRef, String)) -> bool| {
        let place = |one: &(ObjectRef, String)| {
            incidents.iter().position(|incident| {
                hypotheses.iter().filter(|h| h.incident == **incident).take(limit).any(|h| fits(h, one))
            })
        };
        let places: Option<std::collections::BTreeSet<usize>> = wanted.iter().map(place).collect();
        places.is_some_and(|places| places.len() == wanted.len())
    };
    let object = |h: &Hypothesis, (object, _): &(ObjectRef, String)| {
        h.object == *object || (is_object(truth, object) && is_object(truth, &h.object))
    };
    let mode = |h: &Hypothesis, (_, mode): &(ObjectRef, String)| h.failure_mode == *mode;
    let both = |h: &Hypothesis, one: &(ObjectRef, String)| object(h, one) && mode(h, one);
    (verdict.component_1, verdict.component_3) = (within(1, &object), within(3, &object));
    (verdict.mechanism_1, verdict.mechanism_3) = (within(1, &mode), within(3, &mode));
    (verdict.both_1, verdict.both_3) = (within(1, &both), within(3, &both));
}

fn judge_fix(verdict: &mut Verdict, truth: &Truth, first: &Hypothesis) {
    let fix = first.fix.as_ref().map(|fix| fix.id.as_str());
    verdict.fix = fix.unwrap_or_default().to_owned();
    verdict.fix_forbidden = fix.is_some_and(|id| truth.fixes_forbidden.iter().any(|f| f == id));
    if !truth.fixes_ok.is_empty() {
        verdict.fix_right = Some(fix.is_some_and(|id| truth.fixes_ok.iter().any(|f| f == id)));
    }
}

/// The share of the expected facts of which the hypothesis cites an observation.
fn cited(truth: &Truth, answer: &Answer, first: &Hypothesis) -> Option<f64> {
    if truth.evidence.is_empty() {
        return None;
    }
    let cites = |name: &String| {
        answer
            .facts
            .iter()
            .filter(|fact| fact.name == *name)
            .any(|fact| fact.evidence.iter().any(|id| first.evidence.iter().any(|citation| citation.id == *id)))
    };
    let found = truth.evidence.iter().filter(|name| cites(name)).count();
    Some(found as f64 / truth.evidence.len() as f64)
}

fn is_object(truth: &Truth, said: &ObjectRef) -> bool {
    truth.object.as_ref() == Some(said) || truth.also.contains(said)
}

fn truth_text(truth: &Truth) -> String {
    match &truth.object {
        _ if truth.healthy => "healthy".into(),
        Some(object) => {
            let others = truth.others.iter().map(|(object, mode)| format!(", {mode} @ {object}"));
            format!("{} @ {object}{}", truth.failure_mode, others.collect::<String>())
        }
        None => truth.failure_mode.clone(),
    }
}
