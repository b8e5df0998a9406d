//! From an assessment to what the case holds: hypotheses with their citations, and sentences.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::{Blueprints, lacks_words, render, spoken};
use model::{Citation, ClusterId, Conclusion, Hypothesis, NotChecked, ObservationId};

use super::assessment::{Candidate, DECISIVE, Weight};
use super::next_call::Asking;

/// Hypotheses below this are not shown.
const SHOWN: f64 = 0.02;
const SHOWN_PER_INCIDENT: usize = 6;
/// Below this likelihood ratio nothing has been seen of a hypothesis itself.
const SUSPECTED: f64 = 3.0;
/// Below this the best hypothesis is a guess.
const THIN: f64 = 0.35;
/// Two causes of one incident that are closer than this are not told apart by what was seen.
const TIED: f64 = 1.3;

pub(crate) struct Telling<'a> {
    pub asking: Asking<'a>,
    pub blueprints: &'a Blueprints,
    pub cluster: &'a ClusterId,
    /// Observations that may be cited: of the inventory and of released results.
    pub citable: &'a dyn Fn(&ObservationId) -> bool,
}

impl Telling<'_> {
    pub fn hypotheses(&self) -> Vec<Hypothesis> {
        let assessment = self.asking.assessment;
        let mut shown: BTreeMap<usize, usize> = BTreeMap::new();
        let mut out = Vec::new();
        for candidate in &assessment.candidates {
            let count = shown.entry(candidate.incident).or_default();
            if *count >= SHOWN_PER_INCIDENT || (candidate.probability < SHOWN && *count > 0) {
                continue;
            }
            *count += 1;
            out.push(self.hypothesis(candidate, out.len() as u32 + 1));
        }
        out
    }

    fn hypothesis(&self, candidate: &Candidate, rank: u32) -> Hypothesis {
        let assessment = self.asking.assessment;
        let map = &assessment.map;
        let signal = map.fact(candidate.signal);
        let mut strongest: Vec<&Weight> = candidate.weights.values().collect();
        strongest.sort_by(|a, b| b.ln.abs().total_cmp(&a.ln.abs()));
        let mut evidence = self.citations(strongest.iter().copied().filter(|w| w.ln > 0.0));
        if evidence.is_empty() {
            evidence = self.cite(candidate.signal).into_iter().collect();
        }
        // A sentence with the values of the case is owed to evidence; a mere suspicion says that it is one.
        let mut mechanism = if candidate.mode.symptomatic || candidate.strongest() >= SUSPECTED {
            // The fact that says most may lack a word of the sentence that another one has.
            let template = &candidate.mode.mechanism;
            let others = strongest.iter().filter(|w| w.ln > 0.0).filter_map(|w| w.fact).map(|index| map.fact(index));
            match std::iter::once(signal).chain(others).find(|fact| !lacks_words(template, fact)) {
                Some(fact) => render(template, Some(fact), &candidate.object),
                None => format!("{} ({}): {}", candidate.mode.title, spoken(&candidate.object), signal.says),
            }
        } else {
            format!("{} ({}): suspected, nothing shows it yet", candidate.mode.title, spoken(&candidate.object))
        };
        if let Some(shift) = candidate.weights.get("blueprint") {
            mechanism = format!("{mechanism} ({})", shift.says);
        }
        if let Some(by) = &candidate.explained_by {
            mechanism = format!("{mechanism} (explained by {by})");
        }
        let fix = self
            .blueprints
            .fix(self.cluster, &candidate.object, &candidate.mode, |c| map.holds_near(c, &candidate.object));
        let open =
            self.asking.calls_of(candidate).into_iter().filter(|(c, _)| !self.asking.asked.contains(&c.digest()));
        Hypothesis {
            id: candidate.id(),
            rank,
            incident: assessment.incidents[candidate.incident].id.clone(),
            object: candidate.object.clone(),
            failure_mode: candidate.mode.id.clone(),
            mechanism,
            probability: round(candidate.probability),
            evidence,
            against: self.citations(strongest.iter().copied().filter(|w| w.ln < 0.0)),
            fix,
            open_checks: open.map(|(c, _)| format!("`{}`: {}", c.tool, c.reason)).collect(),
        }
    }

    fn citations<'w>(&self, weights: impl Iterator<Item = &'w Weight>) -> Vec<Citation> {
        let mut seen = BTreeSet::new();
        weights
            .filter_map(|w| w.fact)
            .filter_map(|index| self.cite(index))
            .filter(|citation| seen.insert((citation.id.clone(), citation.quote.clone())))
            .collect()
    }

    /// The newest observation that a fact rests on and that may be cited.
    fn cite(&self, index: usize) -> Option<Citation> {
        let fact = self.asking.assessment.map.fact(index);
        let id = fact.evidence.iter().rev().find(|id| (self.citable)(id))?;
        Some(Citation { id: id.clone(), quote: fact.says.clone() })
    }

    pub fn conclusion(&self, not_checked: Vec<NotChecked>) -> Conclusion {
        let hypotheses = self.hypotheses();
        let incidents = self.asking.assessment.incidents.len();
        let (abstained, summary) = match hypotheses.first() {
            None if incidents == 0 && not_checked.is_empty() => {
                (false, "Nothing is wrong as far as inventory, alerts, metrics and node agents show.".to_owned())
            }
            None if incidents == 0 => {
                (false, "Nothing is wrong as far as could be looked; what was not looked at is listed.".to_owned())
            }
            None => (true, "There is trouble, and no failure mode that I know fits what can be seen.".to_owned()),
            Some(first) if first.probability < THIN => (
                true,
                format!(
                    "The evidence is too thin to name a cause. The best guess: {}. {}",
                    first.mechanism,
                    missing(first)
                ),
            ),
            Some(first) if let Some(rival) = self.tied(first, &hypotheses) => (
                true,
                format!(
                    "What was seen does not decide between two causes: {}; or {}. {}",
                    first.mechanism,
                    rival.mechanism,
                    missing(first)
                ),
            ),
            // What restates a symptom is no cause, however sure it is.
            Some(first) if self.only_restates(first) => (
                false,
                format!(
                    "What is seen ({:.0} %): {}. Why is not known. {}",
                    first.probability * 100.0,
                    first.mechanism,
                    missing(first)
                ),
            ),
            Some(first) => (false, format!("Most likely ({:.0} %): {}.", first.probability * 100.0, first.mechanism)),
        };
        Conclusion { abstained, summary, hypotheses, not_checked, argument: None }
    }

    fn only_restates(&self, hypothesis: &Hypothesis) -> bool {
        self.asking.assessment.candidates.iter().any(|c| c.mode.symptomatic && c.id() == hypothesis.id)
    }

    /// The other cause of the same incident that is as likely, with another fix, where nothing decides for either.
    fn tied<'h>(&self, first: &Hypothesis, all: &'h [Hypothesis]) -> Option<&'h Hypothesis> {
        let candidate = |h: &Hypothesis| self.asking.assessment.candidates.iter().find(|c| c.id() == h.id);
        let undecided = |h: &Hypothesis| candidate(h).is_some_and(|c| !c.mode.symptomatic && c.strongest() < DECISIVE);
        let rival = all.iter().find(|h| h.incident == first.incident && h.id != first.id)?;
        let id = |h: &Hypothesis| h.fix.as_ref().map(|fix| fix.id.clone());
        let close = first.probability < TIED * rival.probability && first.failure_mode != rival.failure_mode;
        (close && id(first) != id(rival) && undecided(first) && undecided(rival)).then_some(rival)
    }

    /// What the first look shows.
    pub fn opening(&self, question: Option<&str>) -> String {
        let assessment = self.asking.assessment;
        let focus = self.asking.focus;
        let about = match question {
            Some(_) if !focus.is_empty() => format!("The question is about {}. ", focus.in_words()),
            Some(_) => "The question names nothing that I know in this cluster; I look at all of it. ".to_owned(),
            None => String::new(),
        };
        let seen = match assessment.incidents.as_slice() {
            [] => "The inventory shows no incident.".to_owned(),
            [one] => format!("One incident: {}.", one.title),
            many => format!("{} incidents, the worst: {}.", many.len(), many[0].title),
        };
        let lead = match assessment.candidates.first() {
            None => String::new(),
            Some(first) => {
                let rivals = assessment.of_incident(first.incident).count() - 1;
                let rivals = match rivals {
                    0 => "no rival".to_owned(),
                    1 => "one rival".to_owned(),
                    n => format!("{n} rivals"),
                };
                let mode = lower_first(&first.mode.title);
                format!(
                    " It could be that {mode} ({}), {:.0} %, with {rivals}.",
                    spoken(&first.object),
                    first.probability * 100.0
                )
            }
        };
        format!("{about}{seen}{lead}")
    }

    /// Which hypothesis moved most since `before`, and by which evidence.
    pub fn because(&self, before: &BTreeMap<String, f64>, known: &BTreeSet<String>, tool: &str) -> String {
        let assessment = self.asking.assessment;
        let moved = assessment
            .candidates
            .iter()
            .map(|c| (c, c.probability - before.get(&c.id()).copied().unwrap_or(0.0)))
            .filter(|(_, by)| by.abs() >= 0.01)
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        let Some((candidate, by)) = moved else {
            return format!("`{tool}` says nothing that moves a hypothesis.");
        };
        let fresh = |w: &&Weight| {
            w.fact.is_some_and(|i| {
                let fact = assessment.map.fact(i);
                !known.contains(&format!("{} {} {}", fact.name, fact.subject, fact.says))
            }) && (w.ln > 0.0) == (by > 0.0)
        };
        let why = candidate
            .weights
            .values()
            .filter(fresh)
            .max_by(|a, b| a.ln.abs().total_cmp(&b.ln.abs()))
            .and_then(|w| w.fact)
            .map(|i| format!(": {}", assessment.map.fact(i).says));
        let why = why.unwrap_or_else(|| match &candidate.explained_by {
            Some(other) => format!(", because {other} explains it"),
            None => format!(" after `{tool}`, as its rivals moved"),
        });
        let from = before.get(&candidate.id()).copied().unwrap_or(0.0) * 100.0;
        let way = if by > 0.0 { "rises" } else { "falls" };
        let to = candidate.probability * 100.0;
        format!("{} {way} from {from:.0} % to {to:.0} %{why}", candidate.words())
    }

    /// Facts as [`Telling::because`] recognises them.
    pub fn known(&self) -> BTreeSet<String> {
        let facts = self.asking.assessment.map.facts.iter().map(|b| &b.fact);
        facts.map(|f| format!("{} {} {}", f.name, f.subject, f.says)).collect()
    }

    pub fn probabilities(&self) -> BTreeMap<String, f64> {
        self.asking.assessment.candidates.iter().map(|c| (c.id(), c.probability)).collect()
    }
}

fn missing(first: &Hypothesis) -> String {
    match first.open_checks.first() {
        Some(check) => format!("What would settle it: {check}"),
        None => "Nothing that I can ask for would settle it.".to_owned(),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        // An abbreviation stays as it is.
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// Four decimals survive being written and read as JSON, so that a replayed step equals the recorded one.
fn round(probability: f64) -> f64 {
    (probability * 10_000.0).round() / 10_000.0
}
