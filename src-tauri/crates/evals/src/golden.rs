use std::path::Path;

use knowledge::Library;
use model::{Blueprint, BlueprintVersion, ClusterId, ObjectRef, Observation, Time, digest_hex};
use playground::{Broken, Scenario, all_built_in};
use serde::{Deserialize, Serialize};

/// A recording and the truth about it.
#[derive(Clone, Debug)]
pub struct Golden {
    pub name: String,
    /// The scenario with the same surface error and another cause.
    pub twin: Option<String>,
    /// The category of the true failure mode, `healthy`, or `unknown`.
    pub category: String,
    pub question: Option<String>,
    pub truth: Truth,
    pub cluster: ClusterId,
    pub as_of: Time,
    pub observations: Vec<Observation>,
    /// What the team knows of its system.
    pub blueprints: Vec<BlueprintVersion>,
}

/// What a good engineer would find.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Truth {
    /// Nothing is wrong, and nothing may be reported.
    pub healthy: bool,
    pub object: Option<ObjectRef>,
    pub failure_mode: String,
    /// Failure modes between which the evidence does not decide. Where there are any, saying so is the right answer.
    pub ambiguous: Vec<String>,
    pub fixes_ok: Vec<String>,
    pub fixes_forbidden: Vec<String>,
    /// Names of the facts that a good engineer would cite.
    pub evidence: Vec<String>,
    /// Objects that name the same thing as `object`.
    pub also: Vec<ObjectRef>,
    /// Names of the facts without which nobody could tell it from its rivals; where empty, the evidence.
    pub decides: Vec<String>,
    /// What else is wrong and has nothing to do with it: each object with its failure mode.
    pub others: Vec<(ObjectRef, String)>,
}

impl Truth {
    /// The facts on which the verdict rests.
    pub fn deciding(&self) -> &[String] {
        if self.decides.is_empty() { &self.evidence } else { &self.decides }
    }
}

impl Golden {
    /// Plays a scenario to its end; its category is that of the true failure mode in `library`.
    pub fn of(scenario: &Scenario, library: &Library) -> Golden {
        let truth = &scenario.truth;
        let mode = truth.failure_mode.clone().unwrap_or_default();
        let category = match library.failure_mode(&mode) {
            _ if truth.healthy => "healthy".to_owned(),
            Some(known) => serde_json::to_value(known.category)
                .ok()
                .and_then(|category| category.as_str().map(str::to_owned))
                .unwrap_or_default(),
            None => "unknown".to_owned(),
        };
        let cluster = Golden::cluster_of(&scenario.name);
        Golden {
            name: scenario.name.clone(),
            twin: scenario.twin.clone(),
            category,
            question: None,
            truth: Truth {
                healthy: truth.healthy,
                object: truth.object.as_deref().and_then(|object| object.parse().ok()),
                failure_mode: mode,
                ambiguous: truth.ambiguous.clone(),
                fixes_ok: truth.fixes_ok.clone(),
                fixes_forbidden: truth.fixes_forbidden.clone(),
                evidence: truth.evidence.iter().chain(&truth.decides).cloned().collect(),
                decides: truth.decides.clone(),
                also: truth.also.iter().filter_map(|object| object.parse().ok()).collect(),
                others: truth
                    .others
                    .iter()
                    .filter_map(|other| Some((other.object.parse().ok()?, other.failure_mode.clone())))
                    .collect(),
            },
            as_of: scenario.end(scenario.start),
            observations: scenario.observations(&cluster, scenario.start),
            cluster,
            blueprints: scenario.blueprints.iter().map(|blueprint| written(blueprint, scenario.start)).collect(),
        }
    }

    /// The cluster that a scenario is, by its name.
    pub fn cluster_of(name: &str) -> ClusterId {
        ClusterId(format!("cluster:{}", digest_hex(&[b"scenario", name.as_bytes()])))
    }

    /// The scenarios that are built into the program.
    pub fn built_in(library: &Library) -> (Vec<Golden>, Vec<Broken>) {
        sorted(all_built_in(), library)
    }

    /// The scenarios of a folder, by name; those that cannot be read are listed and leave the rest as it is.
    pub fn folder(folder: &Path, library: &Library) -> Result<(Vec<Golden>, Vec<Broken>), std::io::Error> {
        let mut paths: Vec<_> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
        // What is around scenarios is none.
        paths.retain(|path| path.file_stem().is_none_or(|stem| stem != "setting"));
        paths.sort();
        let scenarios = paths.iter().flat_map(|path| match Scenario::open_all(path) {
            Ok(all) => all.into_iter().map(Ok).collect(),
            Err(broken) => vec![Err(broken)],
        });
        Ok(sorted(scenarios, library))
    }
}

fn written(blueprint: &Blueprint, at: Time) -> BlueprintVersion {
    BlueprintVersion { version: 1, at, author: "the script".into(), blueprint: blueprint.clone() }
}

fn sorted(
    scenarios: impl IntoIterator<Item = Result<Scenario, Broken>>,
    library: &Library,
) -> (Vec<Golden>, Vec<Broken>) {
    let (mut golden, mut broken) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        match scenario {
            Ok(scenario) => golden.push(Golden::of(&scenario, library)),
            Err(one) => broken.push(one),
        }
    }
    golden.sort_by(|a, b| a.name.cmp(&b.name));
    (golden, broken)
}
