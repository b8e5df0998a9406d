//! Logs as the workbench keeps them: the text of both ends, and the patterns of all that was read.

mod entry;
mod mask;
mod patterns;
mod stamp;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Time;

pub use entry::Entries;
pub use patterns::Patterns;
pub use stamp::time_in;

/// A piece of a container's log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct LogBody {
    pub container: String,
    /// The log of the container's previous run.
    pub previous: bool,
    /// Lines, oldest first, joined by newlines. Of a long log its beginning and its end, with a line between them that
    /// says what is left out.
    pub text: String,
    /// What is missing, in words, when the text is not the whole log.
    pub cut: Option<String>,
    /// How many lines were read; more than `text` has where it was cut. 0: nobody counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[ts(as = "Option<u64>", optional)]
    pub lines: u64,
    /// The patterns of all lines that were read, those that look like trouble first. Empty: nobody looked for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<LogPattern>>", optional)]
    pub patterns: Vec<LogPattern>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Entries of a log that differ only in what varies: numbers, ids, addresses, durations, paths, names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogPattern {
    /// The line with what varies replaced: `<num>`, `<hex>`, `<uuid>`, `<ip>`, `<dur>`, `<time>`, `<path>`, `<*>`.
    pub template: String,
    pub count: u64,
    /// When the first and the last of them were written, where lines tell.
    pub first_at: Option<Time>,
    pub last_at: Option<Time>,
    /// The newest entry, its stack trace with it.
    pub example: String,
    /// What its writer calls it, or else what its words sound like.
    pub level: Option<LogLevel>,
}

/// How bad a line of a log is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Fatal,
    Error,
    Warning,
    Info,
    Debug,
}

impl LogLevel {
    /// The level that a line states in one of the usual forms, or that its words suggest.
    pub fn of(line: &str) -> Option<LogLevel> {
        let head = &line.as_bytes()[..line.len().min(HEAD)];
        stated(head).or_else(|| suggested(head))
    }

    pub fn is_trouble(self) -> bool {
        self <= LogLevel::Warning
    }
}

/// A level stands near the beginning, and so do the words that matter.
const HEAD: usize = 300;

fn stated(head: &[u8]) -> Option<LogLevel> {
    // klog: `E0131 03:14:00.123456`.
    if let [letter, digits @ ..] = head
        && digits.len() > 5
        && digits[..4].iter().all(u8::is_ascii_digit)
        && digits[4] == b' '
    {
        return match letter {
            b'I' => Some(LogLevel::Info),
            b'W' => Some(LogLevel::Warning),
            b'E' => Some(LogLevel::Error),
            b'F' => Some(LogLevel::Fatal),
            _ => None,
        };
    }
    // `level=error`, `"severity":"ERROR"`, `lvl: err`, `[error]`, ` ERROR `, `<info>`.
    let mut before: &[u8] = b"";
    for (word, glue, after) in words(head) {
        let named = before.eq_ignore_ascii_case(b"level")
            || before.eq_ignore_ascii_case(b"severity")
            || before.eq_ignore_ascii_case(b"lvl")
            || before.eq_ignore_ascii_case(b"loglevel");
        let joined = glue.iter().any(|b| matches!(b, b'=' | b':'));
        let bracketed = matches!(glue.last(), Some(b'[' | b'<' | b'(' | b'|'))
            && matches!(after, Some(b']' | b'>' | b')' | b'|' | b' ' | b':'));
        let shouted = word.len() > 3 && word.iter().all(u8::is_ascii_uppercase);
        let heads = before.is_empty() && matches!(after, Some(b':'));
        if ((named && joined) || bracketed || shouted || heads)
            && let Some(level) = named_level(word)
        {
            return Some(level);
        }
        before = word;
    }
    None
}

fn named_level(word: &[u8]) -> Option<LogLevel> {
    let of = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    if of(&["fatal", "panic", "critical", "crit", "emerg", "emergency", "alert", "dpanic"]) {
        Some(LogLevel::Fatal)
    } else if of(&["error", "err", "severe", "eror", "erro"]) {
        Some(LogLevel::Error)
    } else if of(&["warn", "warning", "wrn"]) {
        Some(LogLevel::Warning)
    } else if of(&["info", "information", "inf", "notice", "log"]) {
        Some(LogLevel::Info)
    } else if of(&["debug", "dbg", "trace", "verbose", "fine"]) {
        Some(LogLevel::Debug)
    } else {
        None
    }
}

/// Words of letters, what stands between them and the word before, and the byte after them.
fn words(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], Option<u8>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + head[at..].iter().position(u8::is_ascii_alphabetic)?;
        let length = head[start..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let glue = &head[at..start];
        at = start + length;
        Some((&head[start..at], glue, head.get(at).copied()))
    })
}

const FATAL: &[&str] = &["panic", "fatal", "traceback", "segfault", "oom"];
const ERROR: &[&str] = &[
    "error",
    "errors",
    "exception",
    "fail",
    "failed",
    "failure",
    "fails",
    "refused",
    "denied",
    "cannot",
    "unable",
    "invalid",
    "killed",
    "critical",
    "unhandled",
    "uncaught",
    "rejected",
    "unavailable",
    "unreachable",
    "forbidden",
    "unauthorized",
    "corrupt",
    "econnrefused",
    "enotfound",
    "etimedout",
    "enospc",
];
const WARNING: &[&str] = &["warn", "warning", "timeout", "timeouts", "retry", "retrying", "deprecated", "slow"];
const PHRASES: &[&str] = &["timed out", "could not", "no such", "not found", "out of memory", "no space left"];

fn suggested(head: &[u8]) -> Option<LogLevel> {
    let mut found: Option<LogLevel> = None;
    let mut before: &[u8] = b"";
    for (word, glue, _) in words(head) {
        let is = |list: &[&str]| list.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
        let two = PHRASES.iter().any(|phrase| {
            let (first, second) = phrase.split_once(' ').unwrap_or((phrase, ""));
            let second = second.split(' ').next().unwrap_or_default();
            glue == b" "
                && before.eq_ignore_ascii_case(first.as_bytes())
                && word.eq_ignore_ascii_case(second.as_bytes())
        });
        // `IllegalStateException`, `TypeError`: a name that ends in what it is.
        let named = [b"Exception".as_slice(), b"Error"].iter().any(|end| word.len() > end.len() && word.ends_with(end));
        let none = before.eq_ignore_ascii_case(b"no") || glue.ends_with(b"0 ");
        let level = if none {
            None
        } else if is(FATAL) {
            Some(LogLevel::Fatal)
        } else if is(ERROR) || two || named {
            Some(LogLevel::Error)
        } else if is(WARNING) {
            Some(LogLevel::Warning)
        } else {
            None
        };
        found = match (found, level) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        before = word;
    }
    found
}

#[cfg(test)]
mod tests;
