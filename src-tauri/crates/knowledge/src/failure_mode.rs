use model::{Category, Fix};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::document::Document;
use crate::{Condition, Issue};

/// One way in which things break: how to recognise it, what tells it from its rivals, and what to do.
#[derive(Debug)]
pub struct FailureMode {
    pub id: String,
    pub category: Category,
    pub title: String,
    /// How common it is among its siblings before anything is known, between 0 and 1.
    pub prior: f64,
    /// It restates what is seen rather than why; it gives way to a cause on the same object or upstream.
    pub symptomatic: bool,
    /// What makes it a candidate.
    pub signals: Vec<Sign>,
    /// What shifts the odds of a candidate.
    pub evidence: Vec<Sign>,
    pub checks: Vec<Check>,
    pub fixes: Vec<FixRule>,
    /// The sentence of the hypothesis; `{argument}` comes from its strongest signal.
    pub mechanism: String,
    /// Markdown, for 03:00.
    pub body: String,
    pub path: String,
}

/// Which facts a sign looks at, seen from the candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// Facts about the candidate object itself.
    #[default]
    Same,
    /// The object and what touches it directly.
    Near,
    /// What depends on the object, over any number of hops.
    Dependents,
    /// What the object depends on, over any number of hops.
    Dependencies,
    Anywhere,
}

/// A fact that moves the odds.
#[derive(Debug)]
pub struct Sign {
    /// Names of facts; empty where the condition is about the object as a whole.
    pub facts: Vec<String>,
    pub on: On,
    pub when: Condition,
    /// For signals: a template of the object that is the candidate, instead of the fact's subject.
    pub object: String,
    /// A likelihood ratio: above 1 for, below 1 against.
    pub ratio: f64,
    /// Evidence of one family counts once, the strongest.
    pub family: String,
    pub says: String,
}

/// A call that could tell this from its rivals.
#[derive(Debug)]
pub struct Check {
    pub tool: String,
    /// Arguments; texts are templates over the object and its strongest signal.
    pub args: Value,
    pub why: String,
    pub expects: String,
    /// How much the answer separates, between 0 and 1.
    pub gain: f64,
    pub when: Condition,
}

/// A fix and when it is the right one.
#[derive(Debug)]
pub struct FixRule {
    pub when: Condition,
    pub fix: Fix,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    id: Spanned<String>,
    category: Category,
    title: String,
    prior: Spanned<f64>,
    #[serde(default)]
    symptomatic: bool,
    signals: Vec<SignFront>,
    #[serde(default)]
    evidence: Vec<SignFront>,
    #[serde(default)]
    checks: Vec<CheckFront>,
    fixes: Vec<FixFront>,
    mechanism: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignFront {
    #[serde(default)]
    fact: Option<OneOrMany>,
    #[serde(default)]
    on: On,
    #[serde(default)]
    when: Option<Spanned<String>>,
    #[serde(default)]
    object: String,
    ratio: Spanned<f64>,
    #[serde(default)]
    family: String,
    #[serde(default)]
    says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckFront {
    tool: String,
    args: Value,
    why: String,
    expects: String,
    gain: Spanned<f64>,
    #[serde(default)]
    when: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixFront {
    id: Spanned<String>,
    #[serde(default)]
    when: Option<Spanned<String>>,
    text: String,
    #[serde(default)]
    conditions: Vec<String>,
    #[serde(default)]
    never: Vec<String>,
}

impl FailureMode {
    /// Reads one file; all that is wrong with it is one issue, the first.
    pub fn read(path: &str, text: &str) -> Result<Self, Issue> {
        Self::parse(path, text).map_err(|issue| issue.at(path))
    }

    fn parse(path: &str, text: &str) -> Result<Self, Issue> {
        let document = Document::split(path, text)?;
        let front: Front = document.read()?;
        let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".md");
        if front.id.value != stem {
            return Err(Issue::new(
                document.line_of(&front.id),
                format!("the id `{}` is not the file's name `{stem}`", front.id.value),
                "Rename the file or the id: links and blueprints find a failure mode by both.",
            ));
        }
        if !front.id.value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(Issue::new(document.line_of(&front.id), "the id is not kebab-case", "Use a-z, 0-9 and `-`."));
        }
        if !(front.prior.value > 0.0 && front.prior.value < 1.0) {
            return Err(Issue::new(
                document.line_of(&front.prior),
                format!("the prior {} is not between 0 and 1", front.prior.value),
                "Use a share of the cases, such as 0.02.",
            ));
        }
        if front.signals.is_empty() {
            return Err(Issue::new(2, "there are no signals", "Name at least one fact that makes it a candidate."));
        }
        if front.fixes.is_empty() {
            return Err(Issue::new(2, "there are no fixes", "Say at least one safe next step."));
        }
        if document.body.is_empty() {
            return Err(Issue::new(1, "the text is empty", "Write what an engineer should read at 03:00."));
        }
        let mut ids: Vec<&str> = Vec::new();
        for fix in &front.fixes {
            if ids.contains(&fix.id.value.as_str()) {
                let line = document.line_of(&fix.id);
                return Err(Issue::new(
                    line,
                    format!("the fix `{}` is there twice", fix.id.value),
                    "Rename one of them.",
                ));
            }
            ids.push(&fix.id.value);
        }
        Ok(FailureMode {
            signals: signs(&document, front.signals, "signal")?,
            evidence: signs(&document, front.evidence, "")?,
            checks: front.checks.into_iter().map(|c| check(&document, c)).collect::<Result<_, _>>()?,
            fixes: front.fixes.into_iter().map(|f| fix(&document, f)).collect::<Result<_, _>>()?,
            id: front.id.value,
            category: front.category,
            title: front.title,
            prior: front.prior.value,
            symptomatic: front.symptomatic,
            mechanism: front.mechanism,
            body: document.body.to_owned(),
            path: path.to_owned(),
        })
    }
}

fn signs(document: &Document<'_>, fronts: Vec<SignFront>, family: &str) -> Result<Vec<Sign>, Issue> {
    fronts
        .into_iter()
        .enumerate()
        .map(|(nth, front)| {
            let line = document.line_of(&front.ratio);
            if !(front.ratio.value > 0.0 && front.ratio.value.is_finite()) {
                return Err(Issue::new(
                    line,
                    format!("the ratio {} is not above 0", front.ratio.value),
                    "Above 1 speaks for it, below 1 against it.",
                ));
            }
            let when = condition(document, front.when.as_ref())?;
            let facts = match front.fact {
                None => Vec::new(),
                Some(OneOrMany::One(name)) => vec![name],
                Some(OneOrMany::Many(names)) => names,
            };
            if facts.is_empty() && (when.is_empty() || when.mentions_fact() || family == "signal") {
                return Err(Issue::new(
                    line,
                    "this sign names no fact",
                    "Add `fact:` with a fact's name, or (evidence only) a `when` over `facts` and `near`.",
                ));
            }
            let family = match (front.family.is_empty(), family.is_empty()) {
                (false, _) => front.family,
                (true, false) => family.to_owned(),
                (true, true) => format!("evidence {}", nth + 1),
            };
            Ok(Sign {
                facts,
                on: front.on,
                when,
                object: front.object,
                ratio: front.ratio.value,
                family,
                says: front.says,
            })
        })
        .collect()
}

fn check(document: &Document<'_>, front: CheckFront) -> Result<Check, Issue> {
    if !(0.0..=1.0).contains(&front.gain.value) {
        return Err(Issue::new(
            document.line_of(&front.gain),
            format!("the gain {} is not between 0 and 1", front.gain.value),
            "1 decides, 0 tells nothing.",
        ));
    }
    if !front.args.is_object() {
        return Err(Issue::new(
            document.line_of(&front.gain),
            "`args` is not a mapping",
            "Write `args: {namespace: …}`.",
        ));
    }
    Ok(Check {
        when: condition(document, front.when.as_ref())?,
        tool: front.tool,
        args: front.args,
        why: front.why,
        expects: front.expects,
        gain: front.gain.value,
    })
}

fn fix(document: &Document<'_>, front: FixFront) -> Result<FixRule, Issue> {
    Ok(FixRule {
        when: condition(document, front.when.as_ref())?,
        fix: Fix { id: front.id.value, text: front.text, conditions: front.conditions, never: front.never },
    })
}

pub(crate) fn condition(document: &Document<'_>, text: Option<&Spanned<String>>) -> Result<Condition, Issue> {
    let Some(spanned) = text else { return Ok(Condition::default()) };
    Condition::compile(&spanned.value).map_err(|(line, why)| {
        Issue::new(
            document.line_of(spanned) + line - 1,
            format!("the condition `{}` does not compile: {why}", spanned.value),
            "Conditions are CEL, such as `fact.args.restarts > 3 && fact.args.reason == 'Error'`.",
        )
    })
}
