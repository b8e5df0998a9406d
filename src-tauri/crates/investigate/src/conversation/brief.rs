//! What a model is told first: built from what code worked out, not dumped.

use std::collections::BTreeSet;

use model::{Conclusion, Fact, Hypothesis, Incident, ObjectRef, canonical_json};

use super::evidence::Ledger;
use super::fence::fenced;
use crate::BuiltIn;

/// Incidents that are told with their signals; of the others the titles.
const INCIDENTS: usize = 3;
const SIGNALS: usize = 6;
const HYPOTHESES: usize = 5;
/// So many characters of facts beside those that the hypotheses cite.
const FACTS: usize = 3_500;
/// So many characters of each result that the built-in investigator had.
pub(crate) const RESULT: usize = 1_500;

/// A result that was released before the model began.
pub(crate) struct Early {
    pub label: String,
    pub what: String,
    pub text: String,
}

/// The opening of a conversation.
pub(crate) fn opening(built_in: &BuiltIn, verdict: &Conclusion, early: &[Early], ledger: &mut Ledger) -> String {
    let mut text = match built_in.question() {
        Some(question) => format!("The engineer asks: {question}\n\n"),
        None => "What is the root cause?\n\n".to_owned(),
    };
    let snapshot = built_in.snapshot();
    text.push_str(&format!(
        "It is {}. Code has looked at the inventory; this is what it found, and what the built-in investigator makes of it. \
         Argue with it: look for what it missed, what speaks against its first hypothesis, and what would tell them apart.\n\n",
        snapshot.at
    ));
    let mut told = BTreeSet::new();
    let found = [incidents(built_in, ledger, &mut told), hypotheses(built_in, verdict, ledger, &mut told)].concat();
    let near = facts(built_in, ledger, &told);
    text.push_str(&fenced("inventory", "what code found", &format!("{found}{near}")));
    for result in early {
        text.push('\n');
        text.push_str(&fenced(&result.label, &result.what, &shortened(&result.text, RESULT)));
    }
    if !verdict.not_checked.is_empty() {
        let lines: Vec<String> =
            verdict.not_checked.iter().take(12).map(|n| format!("- {}: {}", n.what, n.because)).collect();
        text.push('\n');
        text.push_str(&fenced("not-checked", "what was not looked at", &lines.join("\n")));
    }
    text
}

/// What a specialist is told first of the objects that it is asked about.
pub(crate) fn narrow(built_in: &BuiltIn, question: &str, objects: &[ObjectRef], ledger: &mut Ledger) -> String {
    let wanted = built_in.near(objects);
    let about: Vec<&Fact> = built_in.facts().filter(|fact| wanted.contains(&fact.subject)).collect();
    let mut lines = String::new();
    for fact in newest_first(about) {
        let line = line(fact, ledger);
        if lines.len() + line.len() > FACTS {
            break;
        }
        lines.push_str(&line);
    }
    let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let mut text = format!("The question: {question}\n\nIt is {}.", built_in.snapshot().at);
    if !names.is_empty() {
        text.push_str(&format!(" It is about {}.", names.join(", ")));
    }
    if !lines.is_empty() {
        text.push_str("\n\n");
        text.push_str(&fenced("inventory", "what code found near these objects", &lines));
    }
    text
}

/// The beginning and the end of a text, and what was left out between them.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most * 2 / 3).collect();
    let tail: String = text.chars().skip(count - most / 3).collect();
    format!("{head}\n… {} characters left out; `read_more` has them …\n{tail}", count - most * 2 / 3 - most / 3)
}

fn incidents(built_in: &BuiltIn, ledger: &mut Ledger, told: &mut BTreeSet<String>) -> String {
    let all = built_in.troubles();
    let mut text = String::new();
    for (number, incident) in all.iter().enumerate() {
        if number >= INCIDENTS {
            text.push_str(&format!("Also: {}\n", incident.title));
            if number > 12 {
                text.push_str(&format!("and {} more incidents\n", all.len() - number - 1));
                break;
            }
            continue;
        }
        text.push_str(&told_incident(incident));
        let facts: Vec<&Fact> = built_in.facts().collect();
        for signal in incident.signals.iter().take(SIGNALS) {
            let fact = facts.iter().find(|fact| fact.name == signal.name && fact.subject == signal.subject);
            if let Some(fact) = fact {
                let line = line(fact, ledger);
                if told.insert(fact.says.clone()) {
                    text.push_str(&line);
                }
            }
        }
        if incident.signals.len() > SIGNALS {
            text.push_str(&format!("  and {} more signals\n", incident.signals.len() - SIGNALS));
        }
    }
    if all.is_empty() {
        text.push_str("The inventory shows no incident.\n");
    }
    text
}

fn told_incident(incident: &Incident) -> String {
    let names = |objects: &[ObjectRef]| {
        let mut names: Vec<String> = objects.iter().take(8).map(ToString::to_string).collect();
        if objects.len() > 8 {
            names.push(format!("{} more", objects.len() - 8));
        }
        names.join(", ")
    };
    let mut text =
        format!("Incident: {} (since {}), about {}", incident.title, incident.started_at, names(&incident.subjects));
    if let Some(origin) = &incident.origin {
        text.push_str(&format!("; it seems to begin at {origin}"));
    }
    if !incident.blast_radius.is_empty() {
        text.push_str(&format!("; affected: {}", names(&incident.blast_radius)));
    }
    text.push('\n');
    text
}

fn hypotheses(built_in: &BuiltIn, verdict: &Conclusion, ledger: &mut Ledger, told: &mut BTreeSet<String>) -> String {
    let facts: Vec<&Fact> = built_in.facts().collect();
    let mut text = format!("\nThe built-in investigator: {}\n", verdict.summary);
    for (number, hypothesis) in verdict.hypotheses.iter().take(HYPOTHESES).enumerate() {
        let Hypothesis { object, failure_mode, mechanism, probability, .. } = hypothesis;
        text.push_str(&format!("{:.0} % {failure_mode} @ {object}: {mechanism}\n", probability * 100.0));
        let mut cite = |sign: &str, citations: &[model::Citation]| {
            for citation in citations.iter().take(4) {
                let Some(fact) = facts.iter().find(|f| f.says == citation.quote) else { continue };
                let label = ledger.fact(fact);
                let said = if told.insert(fact.says.clone()) { fact.says.as_str() } else { "as above" };
                text.push_str(&format!("  {sign} {label} {said}\n"));
            }
        };
        cite("+", &hypothesis.evidence);
        cite("-", &hypothesis.against);
        if number < 3 {
            for check in hypothesis.open_checks.iter().take(2) {
                text.push_str(&format!("  open: {check}\n"));
            }
        }
        if let (0, Some(fix)) = (number, &hypothesis.fix) {
            text.push_str(&format!("  fix: {}\n", fix.text));
        }
    }
    text
}

/// Facts about the incidents' objects and what touches them, those that were told left out, the newest first.
fn facts(built_in: &BuiltIn, ledger: &mut Ledger, told: &BTreeSet<String>) -> String {
    let subjects: Vec<&ObjectRef> =
        built_in.troubles().iter().take(INCIDENTS).flat_map(|i| i.subjects.iter().chain(&i.origin)).collect();
    let wanted = built_in.near(subjects.iter().copied());
    let about: Vec<&Fact> =
        built_in.facts().filter(|f| wanted.contains(&f.subject) && !told.contains(&f.says)).collect();
    let mut text = String::new();
    let mut said = BTreeSet::new();
    let mut left_out = 0;
    for fact in newest_first(about) {
        if !said.insert(&fact.says) {
            continue;
        }
        if text.len() > FACTS {
            left_out += 1;
            continue;
        }
        text.push_str(&line(fact, ledger));
    }
    if left_out > 0 {
        text.push_str(&format!("and {left_out} more facts; ask for what you need\n"));
    }
    if text.is_empty() { text } else { format!("\nOther facts near these objects, newest first:\n{text}") }
}

fn newest_first(mut facts: Vec<&Fact>) -> Vec<&Fact> {
    facts.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.says.cmp(&b.says)));
    facts
}

fn line(fact: &Fact, ledger: &mut Ledger) -> String {
    format!("  {} {} (since {})\n", ledger.fact(fact), fact.says, fact.since)
}

/// A call in a line, for the head of its result.
pub(crate) fn in_a_line(tool: &str, args: &serde_json::Value) -> String {
    format!("{tool} {}", canonical_json(args))
}
