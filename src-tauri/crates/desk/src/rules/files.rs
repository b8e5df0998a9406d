//! The files of rules: `rules.yaml` in the state folder, and in each knowledge folder. They are read whenever something is
//! ruled on, so a change counts at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gate::{BrokenRules, Does, Policy, Rule, RuleFile, WrittenRule};
use model::{ClusterId, Risk, Ruling, Time, ToolCall};
use serde_json::Value;

use crate::desk::lock;
use crate::paths::RULES;
use crate::rows::{FileRuleRow, Problem, RuleDoes, RulesFile};
use crate::{Desk, DeskError};

/// A file of rules is no longer.
const LONGEST: u64 = 1_000_000;

/// The files as they were read last, and what came of them.
#[derive(Default)]
pub(crate) struct Shelved {
    texts: Vec<Result<Option<String>, String>>,
    read: Arc<Vec<Read>>,
}

struct Read {
    path: PathBuf,
    exists: bool,
    file: Result<RuleFile, BrokenRules>,
}

/// What all rules say of a call that somebody tries.
#[derive(Debug, serde::Serialize)]
pub struct TriedRules {
    pub ruling: Ruling,
    pub risk: Risk,
}

impl Desk {
    /// A policy with what the files say.
    pub(crate) fn with_rules(&self, mut policy: Policy) -> Policy {
        for read in self.rule_files().iter() {
            match &read.file {
                Ok(file) => policy.rules.extend(file.rules.iter().map(|written| written.rule.clone())),
                Err(broken) => policy.broken = Some(format!("`{}`, {broken}", read.path.display())),
            }
        }
        policy
    }

    fn rule_files(&self) -> Arc<Vec<Read>> {
        let folders = self.knowledge.iter().map(|folder| folder.join(RULES));
        let paths: Vec<PathBuf> = std::iter::once(self.paths.rules()).chain(folders).collect();
        let texts: Vec<_> = paths.iter().map(|path| text_of(path)).collect();
        let mut shelved = lock(&self.rules);
        if shelved.texts == texts && shelved.read.len() == texts.len() {
            return Arc::clone(&shelved.read);
        }
        let mut names: Vec<(String, PathBuf)> = Vec::new();
        let mut read = Vec::new();
        for (path, text) in paths.into_iter().zip(&texts) {
            let file = match text {
                Ok(None) => Ok(RuleFile::default()),
                Ok(Some(text)) => RuleFile::parse(text, &|tool, args| self.class_of(tool, args)),
                Err(why) => Err(BrokenRules { line: 1, what: why.clone() }),
            };
            let file = file.and_then(|file| {
                for WrittenRule { rule, line, .. } in &file.rules {
                    if let Some((name, other)) = names.iter().find(|(name, _)| *name == rule.name) {
                        let what = format!("`{}` has a rule `{name}` too; names are counted by", other.display());
                        return Err(BrokenRules { line: *line, what });
                    }
                }
                names.extend(file.rules.iter().map(|written| (written.rule.name.clone(), path.clone())));
                Ok(file)
            });
            match &file {
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "a file of rules cannot be used; everything is forbidden")
                }
                Ok(file) if text.as_ref().is_ok_and(Option::is_some) => {
                    tracing::info!(path = %path.display(), rules = file.rules.len(), "a file of rules was read");
                }
                Ok(_) => {}
            }
            read.push(Read { exists: !matches!(text, Ok(None)), path, file });
        }
        *shelved = Shelved { texts, read: Arc::new(read) };
        Arc::clone(&shelved.read)
    }

    /// The class of a call by its tool; of tools of other programs nothing is known here.
    fn class_of(&self, tool: &str, args: Option<&Value>) -> Result<Option<Risk>, String> {
        if tool.starts_with("mcp.") {
            return Ok(None);
        }
        let Some(own) = self.toolbox.get(tool) else {
            let names: Vec<String> = self.toolbox.specs().into_iter().map(|spec| spec.name).collect();
            return Err(format!("there is no tool `{tool}`; there are {}", names.join(", ")));
        };
        let Some(args) = args else { return Ok(None) };
        own.check(args).map_err(|error| error.to_string())?;
        Ok(Some(own.risk(args)))
    }

    /// The files of rules as they stand, with how often each rule was used.
    pub fn rules_files(&self) -> Result<Vec<RulesFile>, DeskError> {
        let now = self.clock.now();
        let mut files = Vec::new();
        for read in self.rule_files().iter() {
            let mut rules = Vec::new();
            for written in read.file.iter().flat_map(|file| &file.rules) {
                rules.push(row(written, self.file.uses_of(&written.rule.name)?, now));
            }
            let path = read.path.display().to_string();
            let broken = read.file.as_ref().err().map(|error| Problem {
                what: format!("Everything is forbidden, because `{path}` cannot be used"),
                why: format!("{error}."),
                hint: "Correct the file; it is read again at once. `caseboard rules check` tries it.".into(),
            });
            files.push(RulesFile { path, exists: read.exists, broken, rules });
        }
        Ok(files)
    }

    /// Reads a file of rules that need not be in use, and runs its tests.
    pub fn check_rules(&self, path: &Path) -> Result<RulesFile, DeskError> {
        let shown = path.display().to_string();
        let text = match text_of(path) {
            Ok(Some(text)) => text,
            Ok(None) => return Err(DeskError::not_found(format!("There is no file `{shown}`."))),
            Err(why) => return Err(DeskError::bad_request(format!("`{shown}` cannot be used: {why}."), "Correct it.")),
        };
        let file = RuleFile::parse(&text, &|tool, args| self.class_of(tool, args)).map_err(|error| {
            DeskError::bad_request(
                format!("`{shown}` cannot be used, {error}."),
                "Correct it; as long as a file in use is so, everything is forbidden.",
            )
        })?;
        let now = self.clock.now();
        let rules: Result<_, DeskError> =
            file.rules.iter().map(|written| Ok(row(written, self.file.uses_of(&written.rule.name)?, now))).collect();
        Ok(RulesFile { path: shown, exists: true, broken: None, rules: rules? })
    }

    /// What would be ruled of a call now, as an investigator would propose it; nothing is proposed.
    pub fn try_rules(&self, context: &str, tool: &str, args: &Value, writes: bool) -> Result<TriedRules, DeskError> {
        let known = self.tool(tool)?;
        known.check(args).map_err(|error| DeskError::bad_request(error.to_string(), error.hint))?;
        let risk = known.risk(args);
        let cluster = self.clusters().into_iter().find(|row| row.name == context).map(|row| row.id);
        let writes = if writes { gate::Writes::On } else { gate::Writes::Off };
        let policy = self.with_rules(Policy { context: context.to_owned(), writes, ..Policy::default() });
        let call = ToolCall::new(tool, cluster.unwrap_or_else(|| ClusterId(context.to_owned())), args.clone());
        let used = |rule: &str| self.file.uses_of(rule).unwrap_or(u32::MAX);
        Ok(TriedRules { ruling: policy.rule_after(&call, risk, self.clock.now(), &used), risk })
    }
}

fn text_of(path: &Path) -> Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("it cannot be read: {error}")),
        Ok(found) if found.len() > LONGEST => return Err("it is longer than a megabyte".into()),
        Ok(_) => {}
    }
    std::fs::read_to_string(path).map(Some).map_err(|error| format!("it cannot be read: {error}"))
}

fn row(written: &WrittenRule, used: u32, now: Time) -> FileRuleRow {
    let WrittenRule { rule, line, tests } = written;
    let used_up = rule.uses.is_some_and(|most| used >= most);
    FileRuleRow {
        name: rule.name.clone(),
        line: *line,
        does: match rule.does {
            Does::Allow => RuleDoes::Allow,
            Does::Ask => RuleDoes::Ask,
            Does::Forbid => RuleDoes::Forbid,
        },
        covers: covers(rule),
        until: rule.until,
        is_over: used_up || rule.until.is_some_and(|until| until <= now),
        uses: rule.uses,
        used,
        because: rule.because.clone(),
        tests: *tests,
    }
}

/// The calls that a rule covers, in a sentence.
fn covers(rule: &Rule) -> String {
    let list = |words: &[String]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let verbs: Vec<&str> = rule
        .verbs
        .iter()
        .map(|verb| match verb {
            Risk::Read => "reads",
            Risk::ReadSensitive => "sensitive reads",
            Risk::Write => "writes",
            Risk::Destructive => "destructive calls",
        })
        .collect();
    let mut text = match (&verbs[..], rule.does, rule.tools.is_empty()) {
        (_, _, false) => list(&rule.tools),
        ([], Does::Allow, true) => "reads".to_owned(),
        ([], Does::Ask | Does::Forbid, true) => "every call".to_owned(),
        (verbs, _, true) => verbs.join(", "),
    };
    if !rule.tools.is_empty() && !verbs.is_empty() {
        text.push_str(&format!(" ({})", verbs.join(", ")));
    }
    let bounds = [(&rule.kinds, "about"), (&rule.namespaces, "in"), (&rule.contexts, "of")];
    for (words, preposition) in bounds.into_iter().filter(|(words, _)| !words.is_empty()) {
        text.push_str(&format!(" {preposition} {}", list(words)));
    }
    let args: Vec<String> = rule.args.iter().map(|(name, pattern)| format!("`{name}` is `{pattern}`")).collect();
    if !args.is_empty() {
        text.push_str(&format!(" where {}", args.join(" and ")));
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
