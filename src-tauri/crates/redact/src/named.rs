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
        r#"(?P<name>{NAME})[\\"']*(?P<sep>[ \t]*(?::=|=>|[:=])[ \t]*)(?:(?P<open>\\+)"(?P<escaped>[^"\\]*)|"(?P<double>(?:[^"\\\n]|\\.)*)|'(?P<single>[^'\n]*)|(?P<bare>[^\s"'\\&,;)\]}}<>|]+))"#
    ))
});

/// `--password value`; `--password=value` is the case above.
static FLAG: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r#"--(?P<name>{NAME})[ \t]+["']?(?P<value>[^\s"'-][^\s"']*)"#)));

/// The same where each word of a command stands by itself, in JSON (also inside of a string) or a list of YAML:
/// `["--password", "value"]`, `- --password` and `- value` in the next line.
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"--(?P<name>{NAME})(?:\\*["']\s*,\s*\\*(?:"(?P<quoted>(?:[^"\\\n]|\\[^"])+)|'(?P<single>[^'\n]+))|["']?[ \t]*\r?\n[ \t]*-[ \t]+["']?(?P<bare>[^\s"'-][^\s"']*))"#
    ))
});

/// An environment variable as manifests write it: a name, then a value.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?i)\bname[\\"']*\s*[:=]\s*[\\"']*(?P<name>{NAME})[\\"']*\s*,?\s*[\\"']*value[\\"']*\s*[:=]\s*(?:\\*"(?P<quoted>(?:[^"\\\n]|\\[^"])+)|'(?P<single>[^'\n]+)|(?P<bare>[^\s"'\\,}}]+))"#
    ))
});

/// The same with the value first, as JSON with sorted keys of another tool may have it.
static VALUE_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?i)[\\"']value[\\"']+\s*:\s*(?:\\*"(?P<quoted>(?:[^"\\\n]|\\[^"])+)|'(?P<single>[^'\n]+)|(?P<bare>[^\s"'\\,}}]+))\\*["']?\s*,\s*\\*["']name[\\"']+\s*:\s*[\\"']*(?P<name>{NAME})["'\\]"#
    ))
});

/// A block of YAML: the name alone, then indented lines.
static BLOCK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?m)^(?P<indent>[ \t]*)(?:-[ \t]+)?["']?(?P<name>{NAME})["']?[ \t]*:[ \t]*[|>][+-]?[0-9]?[ \t]*\r?\n"#
    ))
});

/// `with password hunter2`, `password is hunter2`.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?i)\b(?:password|passwd|passphrase|passcode)(?:[ ]+(?:is|was|of))?[ ]+["'`]?(?P<value>[^\s"'`,]{8,})"#)
});

pub(crate) fn scrub(text: &str, marks: &mut Marks, _depth: u8) -> Option<String> {
    if !could_name(text) {
        return None;
    }
    let mut changed: Option<String> = None;
    let mut pass = |pattern: &Regex, judge: fn(&Captures<'_>, &str) -> Option<Find>| {
        if let Some(next) = replace(changed.as_deref().unwrap_or(text), pattern, marks, judge) {
            changed = Some(next);
        }
    };
    for variable in [&VARIABLE, &VALUE_FIRST] {
        pass(variable, |found, _| {
            let value = found.name("quoted").or_else(|| found.name("single")).or_else(|| found.name("bare"))?;
            take(value, &found["name"])
        });
    }
    pass(&BLOCK, block);
    pass(&LINE, |found, _| line(found));
    pass(&INLINE, inline);
    pass(&FLAG, |found, _| take(found.name("value")?, &found["name"]));
    pass(&LISTED, |found, _| {
        let value = found.name("quoted").or_else(|| found.name("single")).or_else(|| found.name("bare"))?;
        // The next word of the command may be another flag: then this one takes none.
        if value.as_str().starts_with('-') { None } else { take(value, &found["name"]) }
    });
    pass(&SAID, |found, _| said(found.name("value")?));
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

fn block(found: &Captures<'_>, text: &str) -> Option<Find> {
    let kind = kind_of(&found["name"])?;
    let start = found.get(0)?.end();
    let indent = found["indent"].len();
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        let inner = line.len() - line.trim_start_matches([' ', '\t']).len();
        if !line.trim().is_empty() && inner <= indent {
            break;
        }
        end += line.len();
    }
    let body = &text[start..end];
    let from = start + body.len() - body.trim_start().len();
    let to = start + body.trim_end().len();
    (from < to && !is_harmless(&text[from..to])).then_some((from..to, kind))
}

fn said(value: Match<'_>) -> Option<Find> {
    let word = value.as_str().trim_end_matches(['.', ':', '!', '?', ')', ';']);
    let telling = is_credential_like(word) && !is_object_name(word) && !is_harmless(word);
    telling.then(|| (value.start()..value.start() + word.len(), "password"))
}

/// The end of a value in a JSON string inside of a string: the quote that is escaped as often as the one it began with.
fn escaped_end(text: &str, start: usize, opening: usize) -> usize {
    let mut slashes = 0;
    for (at, letter) in text[start..].char_indices() {
        match letter {
            '\\' => slashes += 1,
            '"' if slashes <= opening => return start + at - slashes.min(at),
            '\n' => return start + at,
            _ => slashes = 0,
        }
    }
    text.len()
}

/// What follows a bare value up to the next space belongs to it, unless it begins another one or closes something.
fn bare_end(text: &str, end: usize) -> usize {
    let rest = text[end..].split(char::is_whitespace).next().unwrap_or_default();
    let own = rest.find(['"', '\'', '\\']).map_or(rest, |quote| &rest[..quote]);
    let more = own.starts_with([',', ';', '&', '|', ')', ']', '}', '<', '>'])
        && own.bytes().any(|b| b.is_ascii_alphanumeric())
        && !own.contains(['=', ':', '[', '{', '(']);
    if more { end + own.trim_end_matches([',', ';', ')', ']', '}', '>', '.']).len() } else { end }
}

fn inline(found: &Captures<'_>, text: &str) -> Option<Find> {
    let name = &found["name"];
    if let (Some(value), Some(open)) = (found.name("escaped"), found.name("open")) {
        if names_an_object(name, value.as_str()) {
            return None;
        }
        let (range, kind) = take(value, name)?;
        return Some((range.start..escaped_end(text, range.start, open.len()).max(range.end), kind));
    }
    let quoted = found.name("double").or_else(|| found.name("single"));
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
    let (range, kind) = (assigned || convincing).then(|| take(value, name)).flatten()?;
    let end = if assigned { bare_end(text, range.end) } else { range.end };
    Some((range.start..end, kind))
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
