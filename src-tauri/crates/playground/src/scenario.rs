//! Scenario scripts and what they give: see [`Scenario`].

mod act;
mod actor;
mod beat;
mod controller;
mod expand;
mod file;
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

use model::{Blueprint, Body, ClusterId, CoverageState, ObjectRef, Observation, Source, Time};
use serde::Deserialize;
use serde_json::Value;

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
    /// What the team knows of this cluster; a desk has it beside the recording.
    pub blueprints: Vec<Blueprint>,
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
    /// Objects that name the same thing, such as the Service in front of a database.
    #[serde(default)]
    pub also: Vec<String>,
    /// Names of facts without which nobody could tell the cause from its rivals; where empty, the evidence.
    #[serde(default)]
    pub decides: Vec<String>,
    /// Further causes that have nothing to do with the first: each is an incident of its own.
    #[serde(default)]
    pub others: Vec<Other>,
}

/// One more thing that is wrong at the same time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    pub object: String,
    pub failure_mode: String,
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

impl Scenario {
    /// Reads a script and plays it once to its end; `path` is for messages.
    pub fn load(path: &str, text: &str) -> Result<Scenario, Broken> {
        let mut all = file::read(path, text)?;
        if all.len() == 1 {
            return Ok(all.remove(0));
        }
        let names: Vec<&str> = all.iter().map(|s| s.name.as_str()).collect();
        Err(Broken {
            path: path.to_owned(),
            line: 0,
            what: "it holds several scenarios".into(),
            hint: format!("Name one: `{path}#{}` ({})", names[0], names.join(", ")),
        })
    }

    /// As [`Scenario::load`], for a file that may hold twins.
    pub fn load_all(path: &str, text: &str) -> Result<Vec<Scenario>, Broken> {
        file::read(path, text)
    }

    /// Reads a script from a file; `file.yaml#name` is one of its twins.
    pub fn open(path: &Path) -> Result<Scenario, Broken> {
        let shown = path.display().to_string();
        let Some((file, name)) = shown.split_once(".yaml#").map(|(file, name)| (format!("{file}.yaml"), name)) else {
            return Scenario::load(&shown, &text_of(path)?);
        };
        let all = Scenario::load_all(&file, &text_of(Path::new(&file))?)?;
        all.into_iter().find(|scenario| scenario.name == name).ok_or_else(|| Broken {
            path: file,
            line: 0,
            what: format!("it has no `{name}`"),
            hint: "Name one of its twins".into(),
        })
    }

    /// All scenarios of a file.
    pub fn open_all(path: &Path) -> Result<Vec<Scenario>, Broken> {
        Scenario::load_all(&path.display().to_string(), &text_of(path)?)
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

fn text_of(path: &Path) -> Result<String, Broken> {
    std::fs::read_to_string(path).map_err(|error| Broken {
        path: path.display().to_string(),
        line: 0,
        what: error.to_string(),
        hint: "Check the path".into(),
    })
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
