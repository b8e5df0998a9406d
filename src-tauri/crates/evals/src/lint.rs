//! What is wrong with a library beyond what its reader notices: words that nobody knows, and knowledge that nothing tries.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::{FailureMode, Library};
use playground::{Broken, Scenario};
use serde::Serialize;
use tools::Toolbox;

/// One finding, with the place to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub path: String,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: usize,
    pub what: String,
    pub hint: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}. {}", self.path, self.line, self.what, self.hint)
    }
}

/// Everything that is wrong with the files of a library and with scenarios, by path and line.
pub fn lint(library: &Library, scenarios: &[Result<Scenario, Broken>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = library
        .issues()
        .iter()
        .map(|issue| Finding {
            path: issue.path.clone(),
            line: issue.line as usize,
            what: issue.what.clone(),
            hint: issue.hint.clone(),
        })
        .collect();
    let tools: BTreeSet<String> = Toolbox::standard().specs().into_iter().map(|spec| spec.name).collect();
    for mode in library.failure_modes() {
        let text = library.text(&mode.path).unwrap_or_default();
        unknown_facts(mode, text, &mut findings);
        for check in mode.checks.iter().filter(|check| !tools.contains(&check.tool)) {
            findings.push(Finding {
                path: mode.path.clone(),
                line: line_of(text, &check.tool),
                what: format!("there is no tool `{}`", check.tool),
                hint: format!("The tools are {}.", tools.iter().cloned().collect::<Vec<_>>().join(", ")),
            });
        }
    }
    let fixes: BTreeSet<&str> =
        library.failure_modes().flat_map(|mode| mode.fixes.iter().map(|rule| rule.fix.id.as_str())).collect();
    for scenario in scenarios {
        match scenario {
            Ok(scenario) => unknown_words(scenario, library, &fixes, &mut findings),
            Err(broken) => findings.push(Finding {
                path: broken.path.clone(),
                line: broken.line,
                what: broken.what.clone(),
                hint: broken.hint.clone(),
            }),
        }
    }
    findings.sort();
    findings
}

fn unknown_facts(mode: &FailureMode, text: &str, findings: &mut Vec<Finding>) {
    let named = mode.signals.iter().chain(&mode.evidence).flat_map(|sign| sign.facts.iter().map(String::as_str));
    let fixes = mode.fixes.iter().map(|rule| &rule.when);
    let conditions = mode.signals.iter().chain(&mode.evidence).map(|sign| &sign.when);
    let checks = mode.checks.iter().map(|check| &check.when);
    // `'name' in facts` and `in near` are the only ways in which a condition names one.
    let mentioned: BTreeSet<&str> = conditions
        .chain(fixes)
        .chain(checks)
        .flat_map(|condition| {
            condition.text().match_indices("' in ").filter_map(|(at, _)| {
                let rest = &condition.text()[at + 5..];
                let about_facts = rest.starts_with("facts") || rest.starts_with("near");
                about_facts.then(|| condition.text()[..at].rsplit('\'').next()).flatten()
            })
        })
        .collect();
    let unknown: BTreeSet<&str> = named.chain(mentioned).filter(|name| !detect::is_fact(name)).collect();
    for name in unknown {
        findings.push(Finding {
            path: mode.path.clone(),
            line: line_of(text, name),
            what: format!("there is no fact `{name}`, so what rests on it never holds"),
            hint: "`src-tauri/crates/detect/FACTS.md` lists the facts.".into(),
        });
    }
}

fn unknown_words(scenario: &Scenario, library: &Library, fixes: &BTreeSet<&str>, findings: &mut Vec<Finding>) {
    let truth = &scenario.truth;
    let mut say = |what: String, hint: &str| {
        findings.push(Finding { path: format!("scenario {}", scenario.name), line: 0, what, hint: hint.to_owned() });
    };
    let others = truth.others.iter().map(|other| &other.failure_mode);
    for mode in truth.failure_mode.iter().chain(&truth.ambiguous).chain(others) {
        if library.failure_mode(mode).is_none() {
            say(format!("there is no failure mode `{mode}`"), "Write its file first.");
        }
    }
    for fix in truth.fixes_ok.iter().chain(&truth.fixes_forbidden).filter(|fix| !fixes.contains(fix.as_str())) {
        say(format!("no failure mode has a fix `{fix}`"), "A truth names fixes by the ids of the library.");
    }
    for fact in truth.evidence.iter().chain(&truth.decides).filter(|fact| !detect::is_fact(fact)) {
        say(format!("there is no fact `{fact}`"), "`src-tauri/crates/detect/FACTS.md` lists the facts.");
    }
}

/// The first line that holds a word; 0 where none does.
fn line_of(text: &str, word: &str) -> usize {
    let is_word = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
            !part(line[..at].chars().next_back()) && !part(line[at + word.len()..].chars().next())
        })
    };
    text.lines().position(is_word).map_or(0, |at| at + 1)
}

/// How well scenarios try one failure mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tried {
    pub mode: String,
    /// The scenarios whose cause it is.
    pub scenarios: Vec<String>,
    /// How many of these have a twin.
    pub twins: usize,
    /// Fixes of the file that no scenario asks for.
    pub fixes_untried: Vec<String>,
}

/// For every failure mode of the library, the scenarios that try it.
pub fn tried(library: &Library, scenarios: &[Result<Scenario, Broken>]) -> Vec<Tried> {
    let mut by_mode: BTreeMap<&str, Vec<&Scenario>> = BTreeMap::new();
    for scenario in scenarios.iter().flatten() {
        let others = scenario.truth.others.iter().map(|other| other.failure_mode.as_str());
        for mode in scenario.truth.failure_mode.iter().map(String::as_str).chain(others) {
            by_mode.entry(mode).or_default().push(scenario);
        }
    }
    let tried = library.failure_modes().map(|mode| {
        let scenarios = by_mode.get(mode.id.as_str()).cloned().unwrap_or_default();
        let asked: BTreeSet<&str> =
            scenarios.iter().flat_map(|scenario| scenario.truth.fixes_ok.iter().map(String::as_str)).collect();
        let untried = mode.fixes.iter().map(|rule| &rule.fix.id).filter(|id| !asked.contains(id.as_str()));
        Tried {
            mode: mode.id.clone(),
            twins: scenarios.iter().filter(|scenario| scenario.twin.is_some()).count(),
            scenarios: scenarios.iter().map(|scenario| scenario.name.clone()).collect(),
            fixes_untried: untried.cloned().collect(),
        }
    });
    tried.collect()
}
