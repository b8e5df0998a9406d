use std::path::PathBuf;

use clap::Subcommand;
use evals::Tried;
use playground::{Broken, Scenario, all_built_in};

use crate::{Failed, out};

/// The JSON Schema of a failure mode's front matter, for editors.
const SCHEMA: &str = include_str!("../../../../knowledge/failure-mode.schema.json");

#[derive(Subcommand)]
pub enum Knowledge {
    /// Check failure modes, articles, blueprints and scenarios; exit 1 where something is wrong.
    Lint {
        /// Folders laid over the built-in knowledge, as `CASEBOARD_KNOWLEDGE` names them; scenarios in their `scenarios/`.
        folders: Vec<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Say which failure modes are tried by which scenarios, and which are not.
    Coverage {
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of a failure mode's front matter.
    Schema,
}

impl Knowledge {
    pub fn run(self) -> Result<(), Failed> {
        match self {
            Knowledge::Lint { folders, json } => lint(folders, json),
            Knowledge::Coverage { json } => coverage(json),
            Knowledge::Schema => {
                out::line(SCHEMA.trim_end());
                Ok(())
            }
        }
    }
}

fn lint(mut folders: Vec<PathBuf>, json: bool) -> Result<(), Failed> {
    if folders.is_empty() {
        folders = ::knowledge::Shelf::folders_from(std::env::var("CASEBOARD_KNOWLEDGE").ok().as_deref());
    }
    let library = ::knowledge::Library::load(&folders);
    let mut scenarios = all_built_in();
    for folder in &folders {
        for part in ["scenarios", "scenarios/twins"] {
            scenarios.extend(scripts(&folder.join(part)));
        }
    }
    let findings = evals::lint(&library, &scenarios);
    if json {
        out::json(&findings)?;
    } else {
        findings.iter().for_each(|finding| out::line(&finding.to_string()));
        let modes = library.failure_modes().count();
        let played = scenarios.iter().filter(|s| s.is_ok()).count();
        out::say(&format!("{modes} failure modes and {played} scenarios: {} wrong", findings.len()));
    }
    if findings.is_empty() { Ok(()) } else { Err(Failed::Silent) }
}

fn scripts(folder: &std::path::Path) -> Vec<Result<Scenario, Broken>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.retain(|path| path.file_stem().is_none_or(|stem| stem != "setting"));
    paths.sort();
    let read = |path: &PathBuf| match Scenario::open_all(path) {
        Ok(all) => all.into_iter().map(Ok).collect(),
        Err(broken) => vec![Err(broken)],
    };
    paths.iter().flat_map(read).collect()
}

fn coverage(json: bool) -> Result<(), Failed> {
    let tried = evals::tried(&::knowledge::Library::builtin(), &all_built_in());
    if json {
        return out::json(&tried);
    }
    let count = |is: fn(&Tried) -> bool| tried.iter().filter(|one| is(one)).count();
    for one in &tried {
        let untried = match one.fixes_untried.as_slice() {
            [] => String::new(),
            fixes => format!("   fixes not tried: {}", fixes.join(", ")),
        };
        out::line(&format!("{:<34} {:>2} scenarios, {:>2} twins{untried}", one.mode, one.scenarios.len(), one.twins));
    }
    out::say(&format!(
        "{} failure modes: {} without a scenario, {} without a twin, {} with a fix that nothing tries",
        tried.len(),
        count(|one| one.scenarios.is_empty()),
        count(|one| one.twins == 0),
        count(|one| !one.fixes_untried.is_empty()),
    ));
    Ok(())
}
