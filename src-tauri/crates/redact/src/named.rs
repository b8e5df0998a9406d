//! What has a secret's name: `password=…`, `"apiKey": "…"`, `--token …`, an environment variable and its value.

use std::sync::LazyLock;

use regex::{Captures, Match, Regex};

use crate::form::pattern;
use crate::marks::{Find, Marks, replace};
use crate::name::{could_name, is_credential_like, is_harmless, is_object_name, kind_of};

/// Names that could be a secret's, by [`could_name`]; [`kind_of`] decides.
const NAME: &str = r"[\w.-]*(?i:pass|pwd|pw|secret|token|key|cred|auth|conn)[\w.-]*";

/// A whole line: YAML, `.env`, properties, `kubectl describe`. The value goes to its end.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?m)^[ \t]*(?:-[ \t]+)?(?:export[ \t]+)?(?P<name>{NAME})[ \t]*(?P<sep>[:=])[ \t]*(?P<value>[^\s"'{{\[|>&!][^\r\n]*?)[ \t\r]*$"#
    ))
});

/// Anywhere in a line: JSON, also inside of a JSON string, queries, logfmt, prose.
static INLINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?P<name>{NAME})[\\"']*(?P<sep>[ \t]*(?::=|=>|[:=])[ \t]*)(?:\\+"(?P<escaped>[^"\\]*)|"(?P<double>(?:[^"\\\n]|\\.)*)|'(?P<single>[^'\n]*)|(?P<bare>[^\s"'\\&,;)\]}}<>|]+))"#
    ))
});

/// `--password value`; `--password=value` is the case above.
static FLAG: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r#"--(?P<name>{NAME})[ \t]+["']?(?P<value>[^\s"'-][^\s"']*)"#)));

/// An environment variable as manifests write it: a name, then a value.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?i)\bname[\\"']*\s*[:=]\s*[\\"']*(?P<name>{NAME})[\\"']*\s*,?\s*[\\"']*value[\\"']*\s*[:=]\s*(?:\\*"(?P<quoted>(?:[^"\\\n]|\\[^"])+)|'(?P<single>[^'\n]+)|(?P<bare>[^\s"'\\,}}]+))"#
    ))
});

pub(crate) fn scrub(text: &str, marks: &mut Marks, _depth: u8) -> Option<String> {
    if !could_name(text) {
        return None;
    }
    let mut changed: Option<String> = None;
    let mut pass = |pattern: &Regex, judge: fn(&Captures<'_>) -> Option<Find>| {
        if let Some(next) = replace(changed.as_deref().unwrap_or(text), pattern, marks, judge) {
            changed = Some(next);
        }
    };
    pass(&VARIABLE, |found| {
        let value = found.name("quoted").or_else(|| found.name("single")).or_else(|| found.name("bare"))?;
        take(value, &found["name"])
    });
    pass(&LINE, line);
    pass(&INLINE, inline);
    pass(&FLAG, |found| take(found.name("value")?, &found["name"]));
    changed
}

fn take(value: Match<'_>, name: &str) -> Option<Find> {
    let kind = kind_of(name)?;
    let harmless = is_harmless(value.as_str()) || is_plain_number(value.as_str(), kind);
    (!harmless).then(|| (value.range(), kind))
}

fn line(found: &Captures<'_>) -> Option<Find> {
    let (name, value) = (&found["name"], found.name("value")?);
    let kind = kind_of(name)?;
    if value.as_str().contains(char::is_whitespace) {
        // Several words: a password of words, or the rest of a sentence. The other patterns look at sentences.
        let first = value.as_str().split_whitespace().next().unwrap_or_default();
        let is_sentence = &found["sep"] == "=" || kind != "password" || is_of_prose(first);
        return if is_sentence { None } else { take(value, name) };
    }
    if names_an_object(name, value.as_str()) || (&found["sep"] == ":" && is_of_prose(value.as_str())) {
        return None;
    }
    take(value, name)
}

fn inline(found: &Captures<'_>) -> Option<Find> {
    let name = &found["name"];
    let quoted = found.name("escaped").or_else(|| found.name("double")).or_else(|| found.name("single"));
    if let Some(value) = quoted {
        return if names_an_object(name, value.as_str()) { None } else { take(value, name) };
    }
    let value = found.name("bare")?;
    let kind = kind_of(name)?;
    if names_an_object(name, value.as_str()) {
        return None;
    }
    let assigned = found["sep"].contains('=') && !found["sep"].contains(' ');
    let trimmed = value.as_str().trim_end_matches(['.', ':', '!', '?']);
    let convincing = is_credential_like(trimmed) || (kind == "password" && !is_of_prose(trimmed));
    (assigned || convincing).then(|| take(value, name)).flatten()
}

/// `secret="shop/db-credentials"` in the kubelet's log names an object and gives nothing away.
fn names_an_object(name: &str, value: &str) -> bool {
    kind_of(name) == Some("secret") && is_object_name(value)
}

/// `token: 5` counts something.
fn is_plain_number(value: &str, kind: &str) -> bool {
    kind != "password" && value.len() <= 6 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Words that follow `password:` in messages.
fn is_of_prose(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "a",
        "accepted",
        "an",
        "and",
        "authentication",
        "bad",
        "cannot",
        "changed",
        "could",
        "denied",
        "does",
        "error",
        "expected",
        "expired",
        "failed",
        "for",
        "from",
        "has",
        "illegal",
        "in",
        "incorrect",
        "invalid",
        "is",
        "login",
        "mismatch",
        "missing",
        "must",
        "no",
        "not",
        "of",
        "ok",
        "on",
        "or",
        "rejected",
        "required",
        "reset",
        "set",
        "should",
        "the",
        "to",
        "too",
        "unauthorized",
        "unknown",
        "unsupported",
        "user",
        "using",
        "was",
        "with",
        "wrong",
        "yes",
    ];
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    word.is_empty() || WORDS.contains(&word.as_str())
}
