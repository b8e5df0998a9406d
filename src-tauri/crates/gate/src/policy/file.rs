//! A file of rules: read, and tried by the tests that stand in it. One that cannot be used forbids everything.

use std::collections::BTreeMap;

use model::{ClusterId, Risk, Ruling, Time, ToolCall};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::{Spanned, UserMessageFormatter};

use super::{Does, Policy, RESERVED, Rule, Writes};

/// The rules of a file, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleFile {
    pub rules: Vec<WrittenRule>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WrittenRule {
    pub rule: Rule,
    /// Where it begins, from 1.
    pub line: u32,
    /// How many tests it carries; all of them hold.
    pub tests: u32,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BrokenRules {
    /// From 1.
    pub line: u32,
    pub what: String,
}

/// The class of a call as its tool gives it; `Ok(None)` where the tool is another program's, `Err` where there is no such
/// tool, or its arguments do not fit.
pub type Classify<'a> = &'a dyn Fn(&str, Option<&Value>) -> Result<Option<Risk>, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rules: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    does: Does,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    verbs: Vec<Verb>,
    #[serde(default)]
    clusters: Vec<String>,
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    args: BTreeMap<String, String>,
    until: Option<String>,
    uses: Option<u32>,
    #[serde(default)]
    releases: bool,
    because: String,
    #[serde(default)]
    tests: Vec<Spanned<Test>>,
}

/// The classes in the words of a file.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verb {
    Read,
    ReadSensitive,
    Write,
    Destructive,
}

impl From<Verb> for Risk {
    fn from(verb: Verb) -> Risk {
        match verb {
            Verb::Read => Risk::Read,
            Verb::ReadSensitive => Risk::ReadSensitive,
            Verb::Write => Risk::Write,
            Verb::Destructive => Risk::Destructive,
        }
    }
}

/// A call, and what all rules of the file together say of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    tool: String,
    #[serde(default)]
    cluster: String,
    #[serde(default)]
    args: Option<Value>,
    /// For tools of other programs, whose class nobody knows here.
    verb: Option<Verb>,
    gives: Does,
    /// Without: as if every rule still stood.
    at: Option<String>,
}

impl RuleFile {
    /// Reads a file and runs its tests: with changes on, no rule used yet, and none at its end unless a test says when.
    pub fn parse(text: &str, classify: Classify<'_>) -> Result<RuleFile, BrokenRules> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(RuleFile::default());
        }
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |l| u32::try_from(l.line()).unwrap_or(1)).max(1);
            let plain = error.without_snippet().render_with_formatter(&UserMessageFormatter);
            let what = plain.lines().next().unwrap_or_default();
            let what = what.split(" at line ").next().unwrap_or(what).trim_end_matches([':', ' ']).to_owned();
            BrokenRules { line, what }
        })?;
        let mut rules: Vec<WrittenRule> = Vec::new();
        for written in &file.rules {
            let line = line_of(written);
            let broken = |what: String| BrokenRules { line, what: format!("rule `{}`: {what}", written.value.name) };
            let rule = written.value.rule(classify).map_err(broken)?;
            if let Some(first) = rules.iter().find(|one| one.rule.name == rule.name) {
                return Err(broken(format!("the rule in line {} has the same name", first.line)));
            }
            let tests = u32::try_from(written.value.tests.len()).unwrap_or(u32::MAX);
            rules.push(WrittenRule { rule, line, tests });
        }
        let all: Vec<Rule> = rules.iter().map(|one| one.rule.clone()).collect();
        for written in &file.rules {
            for test in &written.value.tests {
                let what = |what: String| format!("a test of rule `{}`: {what}", written.value.name);
                let tried = test.value.run(&all, classify);
                tried.map_err(|why| BrokenRules { line: line_of(test), what: what(why) })?;
            }
        }
        Ok(RuleFile { rules })
    }
}

fn line_of<T>(spanned: &Spanned<T>) -> u32 {
    u32::try_from(spanned.referenced.line()).unwrap_or(1).max(1)
}

impl Written {
    fn rule(&self, classify: Classify<'_>) -> Result<Rule, String> {
        let name = self.name.trim();
        if name.is_empty() || RESERVED.contains(&name) {
            return Err("it needs a name of its own".into());
        }
        if self.because.trim().is_empty() {
            return Err("`because` is empty; say why the rule is there".into());
        }
        if self.tests.is_empty() {
            return Err("it has no `tests`; write at least one call and what it `gives`".into());
        }
        for tool in self.tools.iter().filter(|tool| !tool.contains('*')) {
            classify(tool, None)?;
        }
        let verbs: Vec<Risk> = self.verbs.iter().map(|verb| Risk::from(*verb)).collect();
        if self.does == Does::Allow && verbs.iter().any(|verb| *verb != Risk::Read) {
            return Err("it allows more than the verb `read`, and nothing else is ever allowed without asking".into());
        }
        if self.does != Does::Allow && self.uses.is_some() {
            return Err("`uses` counts what a rule allows; this one allows nothing".into());
        }
        if self.does != Does::Allow && self.releases {
            return Err("`releases` is about the results of what a rule allows; this one allows nothing".into());
        }
        if self.uses == Some(0) {
            return Err("`uses` is 0, so it would allow nothing; remove the rule".into());
        }
        let until = self.until.as_deref().map(|text| time("until", text)).transpose()?;
        Ok(Rule {
            name: name.to_owned(),
            does: self.does,
            tools: self.tools.clone(),
            verbs,
            cluster: None,
            contexts: self.clusters.clone(),
            namespaces: self.namespaces.clone(),
            kinds: self.kinds.clone(),
            args: self.args.clone(),
            until,
            uses: self.uses,
            releases: self.releases,
            because: self.because.trim().to_owned(),
        })
    }
}

fn time(field: &str, text: &str) -> Result<Time, String> {
    text.trim().parse().map_err(|_| format!("`{field}` is `{text}`; it takes a time such as 2026-01-31T18:00:00Z"))
}

impl Test {
    fn run(&self, rules: &[Rule], classify: Classify<'_>) -> Result<(), String> {
        let args = self.args.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let risk = match classify(&self.tool, Some(&args))? {
            Some(risk) => risk,
            None => self.verb.map(Risk::from).ok_or("say its `verb`: nobody here knows the tool's class")?,
        };
        let mut rules = rules.to_vec();
        let at = match &self.at {
            Some(at) => time("at", at)?,
            None => {
                rules.iter_mut().for_each(|rule| rule.until = None);
                Time(0)
            }
        };
        let policy = Policy { rules, writes: Writes::On, context: self.cluster.clone(), ..Policy::default() };
        let call = ToolCall::new(self.tool.clone(), ClusterId(self.cluster.clone()), args);
        let (gave, by) = match policy.rule(&call, risk, at) {
            Ruling::Ask => (Does::Ask, String::new()),
            Ruling::Allowed { rule } => (Does::Allow, format!(" by `{rule}`")),
            Ruling::Forbidden { rule, .. } => (Does::Forbid, format!(" by `{rule}`")),
        };
        if gave == self.gives {
            return Ok(());
        }
        let word = |does: Does| match does {
            Does::Allow => "allowed",
            Does::Ask => "asked",
            Does::Forbid => "forbidden",
        };
        Err(format!("`{}` should be {}, and it is {}{by}", self.tool, word(self.gives), word(gave)))
    }
}
