use async_trait::async_trait;
use gate::Permit;
use model::{CaseFact, CaseId, CaseSummary, Conclusion, Incident, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, short, unstored, written_down};
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

/// Cases that are told, and how many of the newest are looked through.
const SHOWN: usize = 6;
const LOOKED_AT: usize = 300;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// What it is about: the failure mode, the workload, words of the error. Left out: what this case itself is about.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "About")]
    pub about: Option<String>,
    /// Only cases of this cluster.
    #[serde(default)]
    #[schemars(title = "This cluster only")]
    pub here_only: bool,
}

pub(crate) struct SimilarCases;

/// How a case ended.
struct Ended {
    case: CaseSummary,
    conclusion: Conclusion,
    notes: Vec<String>,
    /// Words of it, for comparing.
    words: Vec<String>,
}

#[async_trait]
impl Typed for SimilarCases {
    type Args = Args;
    const NAME: &'static str = "similar_cases";
    const TITLE: &'static str = "Cases like this one";
    const DESCRIPTION: &'static str = "Finds earlier cases of this desk that are like this one, with the cause that was \
        found, what fixed it, and what the engineer noted.";

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let about = args.about.as_ref().map_or("this case".to_owned(), |about| format!("`{}`", about.trim()));
        Preview {
            does: format!("Looks through the concluded cases on this machine for ones like {about}."),
            diff: None,
            cost: "nothing: no cluster is asked".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let unstored = |error: &history::Error| unstored(Self::NAME, error);
        let own = permit.case();
        let wanted = match &args.about {
            Some(about) => words_of(about),
            None => words_of(&about_this(surroundings, own).map_err(|e| unstored(&e))?),
        };
        if wanted.is_empty() {
            return Err(ToolError {
                what: format!("`{}` has no answer", Self::NAME),
                why: "this case says nothing yet that could be compared".into(),
                hint: "Say what it is `about`.".into(),
            });
        }
        let here = surroundings.history.cluster();
        let cases = surroundings.desk.cases().map_err(|e| unstored(&e))?;
        let mut found = Vec::new();
        let mut looked_at = 0;
        for case in cases.into_iter().filter(|case| case.concluded && case.id != own).take(LOOKED_AT) {
            if args.here_only && case.cluster != *here {
                continue;
            }
            looked_at += 1;
            if let Some(ended) = ended(surroundings, case).map_err(|e| unstored(&e))? {
                let score = alike(&wanted, &ended.words);
                if score > 0.0 {
                    found.push((score, ended));
                }
            }
        }
        found.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(other.case.opened_at.cmp(&one.case.opened_at)));
        let looked = count(looked_at, "concluded case", "concluded cases");
        let summary = match found.len() {
            0 => format!("None of {looked} is like this one."),
            n => format!("{} of {looked} {} like this one.", n.min(SHOWN), if n == 1 { "is" } else { "are" }),
        };
        let parts: Vec<String> = found.iter().take(SHOWN).map(|(_, ended)| told(ended)).collect();
        let mut answer = Answer::new(&summary);
        for part in &parts {
            answer = answer.part(part);
        }
        let hidden = found.len().saturating_sub(SHOWN);
        Ok(answer.cut_if(hidden > 0, format!("{hidden} cases that are less alike")).resting_on(written_down(
            Self::NAME,
            &summary,
            &parts,
            surroundings,
        )))
    }
}

/// What a case is about: its title and question, its incidents, and the hypotheses that it has so far.
fn about_this(surroundings: &Surroundings, case: CaseId) -> Result<String, history::Error> {
    let mut text = String::new();
    for event in surroundings.desk.events(case, 0)? {
        match event.fact {
            CaseFact::Opened { title, question, incidents, .. } => {
                text.push_str(&format!("{title} {} ", question.unwrap_or_default()));
                incidents.iter().for_each(|incident| text.push_str(&of_incident(incident)));
            }
            CaseFact::HypothesesMoved { hypotheses, .. } => {
                for one in hypotheses.iter().take(3) {
                    text.push_str(&format!("{} {} {} ", one.failure_mode, one.object, one.mechanism));
                }
            }
            _ => {}
        }
    }
    Ok(text)
}

fn of_incident(incident: &Incident) -> String {
    format!("{} ", incident.title)
}

fn ended(surroundings: &Surroundings, case: CaseSummary) -> Result<Option<Ended>, history::Error> {
    let mut conclusion = None;
    let mut notes = Vec::new();
    let mut text = case.title.clone();
    for event in surroundings.desk.events(case.id, 0)? {
        match event.fact {
            CaseFact::Concluded { conclusion: last } => conclusion = Some(last),
            CaseFact::Noted { text } => notes.push(text),
            CaseFact::Opened { incidents, .. } => {
                incidents.iter().for_each(|incident| text.push_str(&format!(" {}", of_incident(incident))));
            }
            _ => {}
        }
    }
    let Some(conclusion) = conclusion else { return Ok(None) };
    for one in conclusion.hypotheses.iter().take(2) {
        text.push_str(&format!(" {} {} {}", one.failure_mode, one.object, one.mechanism));
    }
    let words = words_of(&text);
    Ok(Some(Ended { case, conclusion, notes, words }))
}

/// Words that tell something, each once.
fn words_of(text: &str) -> Vec<String> {
    const NOTHING: &[&str] =
        &["the", "and", "its", "has", "was", "are", "not", "that", "for", "with", "this", "from", "into"];
    let mut words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .map(|word| word.trim_matches('-').to_lowercase())
        .filter(|word| word.len() > 2 && !NOTHING.contains(&word.as_str()) && !word.chars().all(|c| c.is_ascii_digit()))
        .collect();
    words.sort();
    words.dedup();
    words
}

/// The share of what is wanted that the other has; below a quarter they have nothing to do with each other.
fn alike(wanted: &[String], other: &[String]) -> f64 {
    let common = wanted.iter().filter(|word| other.binary_search(word).is_ok()).count();
    let share = common as f64 / wanted.len().min(other.len()).max(1) as f64;
    if share < 0.25 { 0.0 } else { share }
}

fn told(ended: &Ended) -> String {
    let Ended { case, conclusion, notes, .. } = ended;
    let mut text = format!("== {} ({}, {}; case {})", case.title, case.cluster_name, case.opened_at, case.id);
    if conclusion.abstained {
        text.push_str("\nNo cause was named.");
    }
    if let Some(first) = conclusion.hypotheses.first() {
        let likely = if conclusion.abstained { "best guess" } else { "cause" };
        text.push_str(&format!(
            "\n{likely} ({:.0} %): {} [{}]: {}",
            first.probability * 100.0,
            first.object,
            first.failure_mode,
            short(&first.mechanism, 300)
        ));
        if let Some(fix) = &first.fix {
            text.push_str(&format!("\nfix: {}", short(&fix.text, 300)));
        }
    }
    for note in notes.iter().rev().take(3) {
        text.push_str(&format!("\nnoted: {}", short(note, 200)));
    }
    text
}
