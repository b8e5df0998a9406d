//! Scenario scripts and what they give: see [`Scenario`].

mod act;
mod actor;
mod beat;
mod controller;
mod expand;
mod node;
mod plain;
mod pod;
mod script;
mod signal;
mod span;
mod stage;
mod template;
mod write;

use std::fmt;
use std::path::Path;

use model::{Body, ClusterId, CoverageState, ObjectRef, Observation, Source, Time};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

pub(crate) use node::lease;
pub(crate) use plain::base64;
pub use span::Span;
pub(crate) use stage::merge;
pub use stage::{Fault, Happening, Stage, What};

use script::ReactionWord;

/// A script that was read and played once, so that everything it names exists.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub title: String,
    pub about: String,
    /// The scenario with the same surface error and another cause.
    pub twin: Option<String>,
    pub truth: Truth,
    /// When the script's clock shows zero, unless a base is given.
    pub start: Time,
    /// From zero to the moment the recording ends.
    pub length: Span,
    pub(crate) namespace: String,
    pub(crate) objects: Vec<Act>,
    pub(crate) steps: Vec<Step>,
    pub(crate) reactions: Vec<(usize, ReactionWord)>,
}

/// What a good engineer would find.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Nothing is wrong, and nothing may be reported.
    #[serde(default)]
    pub healthy: bool,
    /// The root cause's object, `Kind/namespace/name`.
    #[serde(default)]
    pub object: Option<String>,
    #[serde(default)]
    pub failure_mode: Option<String>,
    /// In a sentence.
    #[serde(default)]
    pub says: String,
    /// The evidence does not decide between these failure modes; only what the team knows can.
    #[serde(default)]
    pub ambiguous: Vec<String>,
    #[serde(default)]
    pub fixes_ok: Vec<String>,
    #[serde(default)]
    pub fixes_forbidden: Vec<String>,
    /// Names of facts that a good engineer would cite.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// Something done: its name in the script, its words, and the line it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub line: usize,
    pub name: String,
    pub words: Value,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub at: Span,
    pub acts: Vec<Act>,
}

/// A script that cannot be played: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Broken {
    pub path: String,
    /// 0 where no line can be named.
    pub line: usize,
    pub what: String,
    pub hint: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "could not read the scenario `{}`: {}. {}", self.path, self.what, self.hint),
            line => write!(f, "could not read the scenario `{}`, line {line}: {}. {}", self.path, self.what, self.hint),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    about: String,
    #[serde(default)]
    twin: Option<String>,
    truth: Truth,
    start: Spanned<String>,
    #[serde(default)]
    length: Option<Span>,
    #[serde(default = "default_namespace")]
    namespace: String,
    objects: Vec<Spanned<Value>>,
    #[serde(default)]
    steps: Vec<Spanned<Value>>,
    #[serde(default)]
    reactions: Vec<Spanned<Value>>,
}

fn default_namespace() -> String {
    "default".into()
}

const FORMAT: &str = "`knowledge/scenarios/README.md` describes the format";

impl Scenario {
    /// Reads a script and plays it once to its end; `path` is for messages.
    pub fn load(path: &str, text: &str) -> Result<Scenario, Broken> {
        let broken =
            |line: usize, what: String, hint: &str| Broken { path: path.to_owned(), line, what, hint: hint.to_owned() };
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |l| l.line() as usize);
            let what = error.without_snippet().to_string();
            broken(line, what.lines().next().unwrap_or_default().to_owned(), FORMAT)
        })?;
        let start = file.start.value.parse::<Time>().map_err(|error| {
            broken(
                file.start.referenced.line() as usize,
                error.to_string(),
                "`start` is the time at which the script's clock shows zero",
            )
        })?;
        let objects = file
            .objects
            .into_iter()
            .map(|item| Act { line: item.referenced.line() as usize, name: "apply".into(), words: item.value })
            .collect();
        let mut steps = Vec::new();
        for item in file.steps {
            let line = item.referenced.line() as usize;
            steps.push(step(item.value, line).map_err(|what| broken(line, what, FORMAT))?);
        }
        steps.sort_by_key(|s| s.at);
        let mut reactions = Vec::new();
        for item in file.reactions {
            let line = item.referenced.line() as usize;
            let word: ReactionWord =
                serde_json::from_value(item.value).map_err(|error| broken(line, error.to_string(), FORMAT))?;
            for words in &word.steps {
                step(words.clone(), line).map_err(|what| broken(line, what, FORMAT))?;
            }
            reactions.push((line, word));
        }
        let last = steps.last().map_or(Span(0), |s| s.at);
        let scenario = Scenario {
            name: file.name,
            title: file.title,
            about: file.about,
            twin: file.twin,
            truth: file.truth,
            start,
            length: file.length.unwrap_or(last),
            namespace: file.namespace,
            objects,
            steps,
            reactions,
        };
        let mut stage = scenario.stage(scenario.start);
        stage.advance(scenario.end(scenario.start)).map_err(|fault| broken(fault.line, fault.what, &fault.hint))?;
        Ok(scenario)
    }

    /// Reads a script from a file.
    pub fn open(path: &Path) -> Result<Scenario, Broken> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Broken {
            path: shown.clone(),
            line: 0,
            what: error.to_string(),
            hint: "Check the path".into(),
        })?;
        Scenario::load(&shown, &text)
    }

    /// The base for which the recording ends at `now`.
    pub fn base_ending_at(&self, now: Time) -> Time {
        Time(now.0.saturating_sub(self.length.0))
    }

    /// When the recording ends, played from `base`.
    pub fn end(&self, base: Time) -> Time {
        Time(base.0.saturating_add(self.length.0))
    }

    /// The simulation at its beginning; [`Stage::advance`] plays it.
    pub fn stage(&self, base: Time) -> Stage {
        Stage::new(self, base)
    }

    /// The whole recording as observations, as if watched from `base` on.
    pub fn observations(&self, cluster: &ClusterId, base: Time) -> Vec<Observation> {
        let mut stage = self.stage(base);
        // A script is played to its end when it is loaded, so playing it again cannot fail.
        let happenings = stage.advance(self.end(base)).unwrap_or_default();
        let mut observations = coverage(cluster, base);
        observations.extend(happenings.iter().flat_map(|h| h.observations(cluster)));
        observations
    }
}

/// A script knows its whole cluster: what it does not have does not exist.
pub(crate) fn coverage(cluster: &ClusterId, at: Time) -> Vec<Observation> {
    crate::resource::kinds()
        .map(|kind| {
            let body = Body::Coverage { kind: kind.into(), namespace: String::new(), state: CoverageState::Listed };
            Observation::new(cluster.clone(), at, at, Source::Script, None, body)
        })
        .collect()
}

/// Splits a step into its time and its acts, in the order in which they are written.
pub(crate) fn step(words: Value, line: usize) -> Result<Step, String> {
    let Value::Object(map) = words else { return Err("a step is a list of words with `at`".into()) };
    let mut at = None;
    let mut acts = Vec::new();
    for (name, words) in map {
        if name == "at" {
            at = Some(serde_json::from_value::<Span>(words).map_err(|e| e.to_string())?);
            continue;
        }
        if !act::NAMES.contains(&name.as_str()) {
            return Err(format!("a step cannot do `{name}`; it can do {}", act::NAMES.join(", ")));
        }
        match words {
            Value::Array(items) => {
                acts.extend(items.into_iter().map(|words| Act { line, name: name.clone(), words }));
            }
            words => acts.push(Act { line, name, words }),
        }
    }
    let at = at.ok_or("a step needs `at`, such as `at: +90s`")?;
    Ok(Step { at, acts })
}

/// `Kind/namespace/name`, or a sentence about what is wrong with it.
pub(crate) fn object(text: &str) -> Result<ObjectRef, String> {
    text.parse::<ObjectRef>().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
