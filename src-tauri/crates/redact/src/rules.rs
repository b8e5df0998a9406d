//! Tokens that say who issued them, by the rules of gitleaks (`rules/gitleaks.json`, MIT, `rules/LICENSE.gitleaks`).
//!
//! A rule's pattern is compiled when one of its keywords is met for the first time, and looks at that line alone: a
//! service that is named somewhere in a text makes no secret of a digest elsewhere.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;

use crate::entropy::bits_per_character;
use crate::marks::{Marks, OPENING, mark};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::read(include_str!("../rules/gitleaks.json")));

/// What a rule looks at around its keyword, in bytes: names before, long tokens after.
const BEFORE: usize = 200;
const AFTER: usize = 4_096;
/// Some of the patterns repeat large classes.
const LARGEST: usize = 64 << 20;

struct Rules {
    keywords: AhoCorasick,
    /// Which rule a keyword belongs to, by the automaton's number.
    owners: Vec<usize>,
    rules: Vec<Rule>,
}

struct Rule {
    id: String,
    text: String,
    group: Option<usize>,
    /// The least entropy, in bits for each character.
    entropy: f64,
    allow: Vec<String>,
    compiled: OnceLock<Option<(Regex, Vec<Regex>)>>,
}

impl Rules {
    fn read(text: &str) -> Rules {
        let file: Value = serde_json::from_str(text).unwrap_or_default();
        let (mut rules, mut owners, mut keywords) = (Vec::new(), Vec::new(), Vec::new());
        let strings = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        for rule in file["rules"].as_array().into_iter().flatten() {
            for keyword in strings(&rule["keywords"]) {
                owners.push(rules.len());
                keywords.push(keyword);
            }
            rules.push(Rule {
                id: rule["id"].as_str().unwrap_or_default().to_owned(),
                text: rule["regex"].as_str().unwrap_or_default().to_owned(),
                group: rule["group"].as_u64().map(|group| group as usize),
                entropy: rule["entropy"].as_f64().unwrap_or_default(),
                allow: strings(&rule["allow"]),
                compiled: OnceLock::new(),
            });
        }
        #[expect(clippy::expect_used, reason = "a constant of this crate; a test compiles it")]
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(keywords)
            .expect("some hundred words");
        Rules { keywords, owners, rules }
    }
}

impl Rule {
    fn compiled(&self) -> Option<&(Regex, Vec<Regex>)> {
        // As in RE2, which the rules are written for, classes are ASCII: that is quicker to compile and takes less memory.
        let compile = |text: &str| RegexBuilder::new(text).unicode(false).size_limit(LARGEST).build().ok();
        // They let a token end at an escaped end of a line; text inside of a string has escaped quotes as well.
        let text = self.text.replace(r"\\[nr]", r#"\\[nr"']"#);
        let whole = || Some((compile(&text)?, self.allow.iter().filter_map(|text| compile(text)).collect()));
        self.compiled.get_or_init(whole).as_ref()
    }

    /// The secrets between two places of the text.
    fn find(&self, text: &str, from: usize, to: usize, finds: &mut Vec<(usize, usize)>) {
        let Some((pattern, allow)) = self.compiled() else { return };
        let mut at = from;
        while at <= to {
            let Some(found) = pattern.captures_at(&text.as_bytes()[..to], at) else { return };
            let Some(whole) = found.get(0) else { return };
            let secret = match self.group {
                Some(group) => found.get(group),
                None => found.iter().skip(1).flatten().find(|group| !group.is_empty()),
            };
            let secret = secret.unwrap_or(whole);
            let (start, end) = (last_boundary(text, secret.start()), next_boundary(text, secret.end()));
            let secret = &text[start..end];
            let is_allowed = allow.iter().any(|pattern| pattern.is_match(secret.as_bytes()));
            let is_mark = secret.contains(OPENING.trim_end()) || text[..start].ends_with(OPENING);
            if !is_allowed && !is_mark && bits_per_character(secret) > self.entropy {
                finds.push((start, end));
            }
            at = if whole.end() > at { whole.end() } else { at + 1 };
        }
    }
}

pub(crate) fn scrub(text: &str, marks: &mut Marks, _depth: u8) -> Option<String> {
    let rules: &'static Rules = &RULES;
    let mut finds: Vec<(usize, usize, &'static str)> = Vec::new();
    // How far each rule has looked already; most texts meet no keyword at all.
    let mut looked: Vec<(usize, usize)> = Vec::new();
    for hit in rules.keywords.find_overlapping_iter(text) {
        let owner = rules.owners[hit.pattern().as_usize()];
        if looked.iter().any(|(rule, until)| *rule == owner && hit.start() < *until) {
            continue;
        }
        let line_start = text[..hit.start()].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[hit.end()..].find('\n').map_or(text.len(), |at| hit.end() + at);
        let from = next_boundary(text, line_start.max(hit.start().saturating_sub(BEFORE)));
        let to = next_boundary(text, line_end.min(hit.end() + AFTER));
        let mut found = Vec::new();
        rules.rules[owner].find(text, from, to, &mut found);
        finds.extend(found.into_iter().map(|(start, end)| (start, end, rules.rules[owner].id.as_str())));
        looked.retain(|(rule, _)| *rule != owner);
        looked.push((owner, to));
    }
    if finds.is_empty() {
        return None;
    }
    // The longest of those that begin first.
    finds.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    let mut out = String::new();
    let mut copied = 0;
    for (start, end, kind) in finds {
        if start < copied || start == end {
            continue;
        }
        out.push_str(&text[copied..start]);
        out.push_str(&mark(kind));
        marks.take(kind, &text[start..end]);
        copied = end;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

fn next_boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at.min(text.len())
}

/// A pattern sees bytes: a class that leaves some out may match a part of a character.
fn last_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_is_shipped_compiles_and_has_a_keyword() {
        assert!(RULES.rules.len() > 200, "{} rules", RULES.rules.len());
        for (number, rule) in RULES.rules.iter().enumerate() {
            let compiled = rule.compiled();
            assert!(compiled.is_some_and(|(_, allow)| allow.len() == rule.allow.len()), "{} does not compile", rule.id);
            assert!(RULES.owners.contains(&number), "{} has no keyword", rule.id);
        }
    }

    #[test]
    fn what_stands_around_a_secret_may_be_of_any_alphabet() {
        let token = "ghp_Zq3kP9xW7rT2vB6nM4cL8sD1fG5hJ0aYeUiK";
        for text in [format!("п{token}"), format!("密={token}。"), format!("é \"{token}\"ß"), format!("{token}ſ")]
        {
            let mut marks = Marks::default();
            let clean = scrub(&text, &mut marks, 0);
            assert!(clean.as_ref().is_some_and(|clean| !clean.contains(&token[4..])), "{text}: {clean:?}");
        }
    }

    #[test]
    fn a_rule_looks_at_its_own_line_alone() {
        let digest = "5f2b8a0c9d1e4f7a6b3c8d2e1f0a9b8c7d6e5f4a";
        let same = format!("datadog_api: '{digest}'");
        let other = format!("datadog agent started\nimage id = {digest}");
        let mut marks = Marks::default();
        assert!(scrub(&same, &mut marks, 0).is_some_and(|text| !text.contains(digest)));
        assert_eq!(scrub(&other, &mut marks, 0), None);
    }
}
