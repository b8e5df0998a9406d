//! From what a model concluded to what the case holds: citations looked up, confidence worked out.

use std::collections::BTreeSet;

use knowledge::{Library, spoken};
use model::{
    ArguedFix, Argument, CheckedCitation, Citation, Claim, Conclusion, Fix, Hypothesis, IncidentId, NotChecked,
    ObjectRef, Snapshot, Spent,
};

use super::evidence::{Ledger, counted};
use super::offered::{Claimed, Concluding};

/// Below this no cause is named, as with the built-in investigator.
const THIN: f64 = 0.35;
/// A model that is told by the built-in investigator's weight to be right is still one voice.
const MOST: f64 = 0.95;
/// What one observation, and each further one up to four, makes of a cause that only the model argues for.
const FIRST: f64 = 0.3;
const FURTHER: f64 = 0.1;
/// What each observation that speaks against leaves of it.
const AGAINST: f64 = 0.85;

/// Looks every citation up.
pub(crate) fn checked(claims: &[Claimed], ledger: &Ledger) -> Vec<Claim> {
    let one = |claim: &Claimed| Claim {
        says: claim.says.clone(),
        evidence: claim.evidence.iter().map(|cited| ledger.check(&cited.id, &cited.quote)).collect(),
    };
    claims.iter().map(one).collect()
}

/// What the conclusion of a model is weighed against.
pub(crate) struct Scale<'a> {
    pub model: &'a str,
    pub verdict: Conclusion,
    pub ledger: &'a Ledger,
    pub snapshot: &'a Snapshot,
    pub library: &'a Library,
    pub incidents: &'a [model::Incident],
    pub spent: Spent,
}

impl Scale<'_> {
    /// The conclusion, or why it cannot be taken as one.
    pub fn weigh(self, said: &Concluding) -> Result<Conclusion, String> {
        let chain = checked(&said.chain, self.ledger);
        let against = checked(&said.against, self.ledger);
        let (unfounded, citations) = counted(chain.iter().chain(&against));
        let mut argument = Argument {
            by: self.model.to_owned(),
            chain,
            against,
            fixes: said.fixes.iter().map(fix).collect(),
            settles: said.settles.clone(),
            unfounded,
            citations,
            confidence: String::new(),
            spent: self.spent,
        };
        let not_checked = || {
            let own = self.verdict.not_checked.iter().cloned();
            let more = said.not_checked.iter().filter(|n| !n.what.is_empty());
            let more = more.map(|n| NotChecked { what: n.what.clone(), because: n.because.clone() });
            own.chain(more).collect::<Vec<_>>()
        };
        if said.verdict == "unknown" {
            let first = self.verdict.hypotheses.first();
            // Where the built-in investigator stands on firm ground, a model's doubt does not move it.
            let abstained = self.verdict.abstained || first.is_none_or(|first| first.probability < 0.6);
            argument.confidence = "the model names no cause".into();
            let doubts =
                if said.mechanism.is_empty() { String::new() } else { format!(" {}", sentence(&said.mechanism)) };
            let summary = format!("`{}` finds the evidence too thin.{doubts} {}", self.model, self.verdict.summary);
            let not_checked = not_checked();
            return Ok(Conclusion { abstained, summary, not_checked, argument: Some(argument), ..self.verdict });
        }
        let object: ObjectRef = said.object.trim().parse().map_err(|_| {
            format!(
                "`object` is `{}`; write Kind/namespace/name of one object, or give the verdict `unknown`.",
                said.object
            )
        })?;
        if said.mechanism.trim().is_empty() || said.chain.is_empty() {
            return Err("`mechanism` and `chain` are empty; say what happened, each step with its evidence.".into());
        }
        let not_checked = not_checked();
        let seen = self.snapshot.get(&object).is_some()
            || self.snapshot.deleted.contains_key(&object)
            || self.verdict.hypotheses.iter().any(|h| h.object == object)
            || object.kind == "Namespace";
        Ok(self.ranked(said, object, seen, argument, not_checked))
    }

    fn ranked(
        self,
        said: &Concluding,
        object: ObjectRef,
        seen: bool,
        mut argument: Argument,
        not_checked: Vec<NotChecked>,
    ) -> Conclusion {
        let mode = self.library.failure_mode(said.failure_mode.trim());
        let failure_mode = mode.map_or("other", |mode| mode.id.as_str()).to_owned();
        let same = |h: &Hypothesis| h.object == object && (h.failure_mode == failure_mode);
        let own = self.verdict.hypotheses.iter().find(|h| same(h)).cloned();
        let incident = own.as_ref().map(|h| h.incident.clone()).unwrap_or_else(|| self.incident_of(&object));
        let agreed = own.as_ref().map_or(0.0, |h| h.probability);
        let rivals = self.verdict.hypotheses.iter().filter(|h| !same(h) && h.incident == incident);
        let rival = rivals.map(|h| h.probability).fold(0.0, f64::max);
        let (confidence, words) = confidence(&argument, agreed, rival, seen);
        argument.confidence = words;

        let hypothesis = Hypothesis {
            id: format!("{failure_mode} @ {object}"),
            rank: 1,
            incident: incident.clone(),
            failure_mode,
            mechanism: sentence(&said.mechanism).trim_end_matches('.').to_owned(),
            probability: confidence,
            evidence: citations(&argument.chain),
            against: citations(&argument.against),
            fix: own.and_then(|h| h.fix).or_else(|| argument.fixes.first().map(as_fix)),
            open_checks: argument.settles.clone(),
            object,
        };
        let left = (1.0 - confidence) / (1.0 - agreed).max(0.01);
        let mut hypotheses: Vec<Hypothesis> = vec![hypothesis.clone()];
        for mut other in self.verdict.hypotheses {
            if other.id == hypothesis.id {
                continue;
            }
            if other.incident == incident {
                other.probability = round(other.probability * left.min(1.0));
            }
            hypotheses.push(other);
        }
        // The incidents stay in their order; within the one that was argued about, the likeliest comes first.
        let worst = hypotheses.iter().filter(|h| h.incident == incident).map(|h| h.probability).fold(0.0, f64::max);
        hypotheses.sort_by(|a, b| {
            let of = |h: &Hypothesis| if h.incident == incident { 0 } else { 1 };
            of(a).cmp(&of(b)).then(b.probability.total_cmp(&a.probability))
        });
        for (rank, hypothesis) in (1..).zip(&mut hypotheses) {
            hypothesis.rank = rank;
        }
        let percent = |p: f64| format!("{:.0} %", p * 100.0);
        let leads = hypotheses[0].id == hypothesis.id;
        let abstained = worst < THIN;
        let what = format!("{} ({})", hypothesis.mechanism, spoken(&hypothesis.object));
        let summary = match (abstained, leads) {
            (true, _) => {
                let settle = match argument.settles.first() {
                    Some(settle) => format!(" What would settle it: {}", sentence(settle)),
                    None => String::new(),
                };
                format!(
                    "The evidence is too thin to name a cause. `{}` argues for: {what}, {}.{settle}",
                    self.model,
                    percent(confidence)
                )
            }
            (false, true) => format!("Most likely ({}): {what}.", percent(confidence)),
            (false, false) => format!(
                "Most likely ({}): {}. `{}` argues for another cause, {}: {what}.",
                percent(hypotheses[0].probability),
                hypotheses[0].mechanism,
                self.model,
                percent(confidence)
            ),
        };
        Conclusion { abstained, summary, hypotheses, not_checked, argument: Some(argument) }
    }

    fn incident_of(&self, object: &ObjectRef) -> IncidentId {
        let about = |i: &&model::Incident| {
            i.subjects.contains(object) || i.origin.as_ref() == Some(object) || i.blast_radius.contains(object)
        };
        let found = self.incidents.iter().find(about).or(self.incidents.first());
        found.map_or_else(|| IncidentId("incident:argued".into()), |incident| incident.id.clone())
    }
}

/// How sure code is of a model's cause, and how it came to that: what its observations make of it, together with the
/// built-in investigator's probability of the same cause; less by the share of citations that do not hold, by what speaks
/// against, and by half of the strongest rival's weight. A cause without one citation that holds, or in an object that nobody
/// saw, has none.
fn confidence(argument: &Argument, agreed: f64, rival: f64, seen: bool) -> (f64, String) {
    let held = |claims: &[Claim]| -> BTreeSet<String> {
        let cited = claims.iter().flat_map(|claim| &claim.evidence).filter(|cited| cited.holds);
        cited.filter_map(|cited| cited.id.as_ref().map(ToString::to_string)).collect()
    };
    let (observations, against) = (held(&argument.chain).len(), held(&argument.against).len());
    let founded = argument.chain.iter().filter(|claim| claim.evidence.iter().any(|cited| cited.holds)).count();
    if !seen {
        return (0.0, "the object that it names was never seen".into());
    }
    if observations == 0 {
        return (0.0, "no citation of its chain holds".into());
    }
    let base = FIRST + FURTHER * (observations.min(5) - 1) as f64;
    let share = founded as f64 / argument.chain.len() as f64;
    let joint = 1.0 - (1.0 - base) * (1.0 - agreed);
    let rivalled = if rival > agreed { 1.0 - rival / 2.0 } else { 1.0 };
    let against_it = AGAINST.powi(i32::try_from(against).unwrap_or(i32::MAX));
    let value = round((joint * share * against_it * rivalled).min(MOST));
    let words = format!(
        "{observations} observations hold, {founded} of {} steps are founded, {against} speak against, the built-in \
         investigator gives it {:.0} % and its strongest rival {:.0} %",
        argument.chain.len(),
        agreed * 100.0,
        rival * 100.0
    );
    (value, words)
}

/// What is left when a conversation ends before its conclusion: the built-in investigator's verdict, and why.
pub(crate) fn left_with(
    verdict: Conclusion,
    model: &str,
    because: &str,
    findings: Vec<Claim>,
    spent: Spent,
) -> Conclusion {
    let (unfounded, citations) = counted(&findings);
    let argument = Argument {
        by: model.to_owned(),
        chain: findings,
        against: Vec::new(),
        fixes: Vec::new(),
        settles: Vec::new(),
        unfounded,
        citations,
        confidence: "the model did not conclude".into(),
        spent,
    };
    let summary = format!(
        "`{model}` did not conclude: {}. This is the built-in investigator's verdict. {}",
        because.trim_end_matches('.'),
        verdict.summary
    );
    let mut not_checked = verdict.not_checked.clone();
    not_checked.push(NotChecked { what: format!("what `{model}` makes of it"), because: because.to_owned() });
    Conclusion { summary, not_checked, argument: Some(argument), ..verdict }
}

fn citations(claims: &[Claim]) -> Vec<Citation> {
    let mut cited: Vec<Citation> = Vec::new();
    let held = |one: &&CheckedCitation| one.holds;
    for claim in claims {
        for one in claim.evidence.iter().filter(held) {
            let Some(id) = &one.id else { continue };
            let quote = if one.quote.is_empty() { claim.says.clone() } else { one.quote.clone() };
            if !cited.iter().any(|known| known.id == *id && known.quote == quote) {
                cited.push(Citation { id: id.clone(), quote });
            }
        }
    }
    cited
}

fn fix(fix: &super::offered::Fixing) -> ArguedFix {
    ArguedFix { says: fix.says.clone(), conditions: fix.conditions.clone(), risk: fix.risk.clone() }
}

fn as_fix(fix: &ArguedFix) -> Fix {
    Fix { id: "argued".into(), text: fix.says.clone(), conditions: fix.conditions.clone(), never: Vec::new() }
}

fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

/// Four decimals survive being written and read as JSON.
fn round(probability: f64) -> f64 {
    (probability * 10_000.0).round() / 10_000.0
}
