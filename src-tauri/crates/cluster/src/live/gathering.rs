//! The lines of a log as they come: both ends are kept, all are counted and make patterns.

use std::collections::VecDeque;
use std::ops::AddAssign;

use model::{Entries, LogBody, Patterns, Time, time_in};
use redact::Redactor;

use crate::reach::{LogQuestion, Matching};

/// Of a log that is longer than both together its beginning and its end are kept, in bytes. A crash is told by the end; a
/// start that went wrong by the beginning.
const HEAD: usize = 64 << 10;
const TAIL: usize = 448 << 10;
/// Patterns that an observation keeps.
const MOST_PATTERNS: usize = 40;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amount {
    lines: u64,
    bytes: u64,
}

impl Amount {
    fn of(text: &str) -> Self {
        Amount { lines: text.lines().count() as u64, bytes: text.len() as u64 + 1 }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, more: Amount) {
        self.lines += more.lines;
        self.bytes += more.bytes;
    }
}

/// What was asked for, as each entry is held against it.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub matching: Option<Matching>,
    pub tail: Option<u32>,
}

impl Wanted {
    pub fn by(question: &LogQuestion) -> Self {
        let LogQuestion { since, until, matching, tail, .. } = question;
        Wanted { since: *since, until: *until, matching: matching.clone(), tail: *tail }
    }
}

/// Takes the lines of one log in their order.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    wanted: Wanted,
    entries: Entries,
    /// When the entry that is being put together was written, as the server says.
    at: Option<Time>,
    patterns: Patterns,
    read: Amount,
    kept: Amount,
    head: String,
    head_full: bool,
    tail: VecDeque<String>,
    tail_bytes: usize,
    left_out: Amount,
}

impl Gathering {
    pub fn new(wanted: Wanted) -> Self {
        Gathering { wanted, ..Gathering::default() }
    }

    /// One line, with the server's time in front of it where it was asked to give it.
    pub fn line(&mut self, line: &str) {
        let (at, text) = stamped(line);
        self.line_at(at, text);
    }

    pub fn line_at(&mut self, at: Option<Time>, text: &str) {
        self.read += Amount { lines: 1, bytes: text.len() as u64 + 1 };
        let before = self.entries.add(text);
        let began = self.at;
        if before.is_some() || began.is_none() {
            self.at = at;
        }
        if let Some(entry) = before {
            self.entry(&entry, began);
        }
    }

    /// How much was read so far.
    pub fn bytes(&self) -> u64 {
        self.read.bytes
    }

    pub fn lines(&self) -> u64 {
        self.read.lines
    }

    fn entry(&mut self, entry: &str, at: Option<Time>) {
        let told = at.or_else(|| time_in(entry));
        let Wanted { since, until, matching, tail } = &self.wanted;
        let early = since.is_some_and(|since| told.is_some_and(|at| at < since));
        let late = until.is_some_and(|until| told.is_some_and(|at| at > until));
        if early || late || matching.as_ref().is_some_and(|matching| !matching.is_in(entry)) {
            return;
        }
        let tail = *tail;
        self.patterns.add(entry, at);
        // The server's time where the line tells none itself.
        let text = match at {
            Some(at) if time_in(entry).is_none() => format!("{at} {entry}"),
            _ => entry.to_owned(),
        };
        let amount = Amount::of(&text);
        self.kept += amount;
        if tail.is_none() && !self.head_full && self.head.len() + text.len() <= HEAD {
            self.head.push_str(&text);
            self.head.push('\n');
            return;
        }
        self.head_full = true;
        self.tail_bytes += text.len() + 1;
        self.tail.push_back(text);
        let most = tail.map_or(usize::MAX, |tail| tail as usize);
        while self.tail_bytes > TAIL || self.tail.len() > most {
            let Some(out) = self.tail.pop_front() else { break };
            self.tail_bytes -= out.len() + 1;
            self.left_out += Amount::of(&out);
        }
    }

    /// The log as it is kept: redacted. `more` is what the reader knows to be missing.
    pub fn done(mut self, container: &str, previous: bool, redactor: &Redactor, more: Option<String>) -> LogBody {
        if let Some(entry) = self.entries.rest() {
            let at = self.at;
            self.entry(&entry, at);
        }
        let mut cut = Vec::new();
        let mut text = self.head;
        if self.left_out.lines > 0 {
            let Amount { lines, bytes } = self.left_out;
            let what = format!("{lines} lines ({})", size(bytes));
            if !text.is_empty() {
                text.push_str(&format!("… {what} are left out here …\n"));
            }
            cut.push(match self.wanted.tail {
                Some(tail) => format!("only the last {tail} entries are kept, {what} before them are not"),
                None => format!("{what} in the middle are not kept; the patterns count them"),
            });
        }
        for entry in &self.tail {
            text.push_str(entry);
            text.push('\n');
        }
        if let Some(matching) = &self.wanted.matching {
            let (kept, read) = (self.kept.lines, self.read.lines);
            cut.push(format!("{kept} of {read} lines hold `{}`; the others are left out", matching.text()));
        }
        match (self.wanted.since, self.wanted.until) {
            (Some(since), Some(until)) => cut.push(format!("only what was written from {since} to {until}")),
            (Some(since), None) => cut.push(format!("only what was written since {since}")),
            (None, Some(until)) => cut.push(format!("only what was written until {until}")),
            (None, None) => {}
        }
        cut.extend(more);
        let (patterns, _, _) = self.patterns.found(MOST_PATTERNS, |text| redactor.text(text).into_string());
        LogBody {
            container: container.to_owned(),
            previous,
            text: redactor.text(&text).as_str().trim_end().to_owned(),
            cut: (!cut.is_empty()).then(|| cut.join("; ")),
            lines: self.kept.lines,
            patterns,
        }
    }
}

/// `2026-05-01T00:00:00.123456789Z the line`, as the API server writes with `timestamps=true`.
pub(super) fn stamped(line: &str) -> (Option<Time>, &str) {
    match line.split_once(' ') {
        Some((time, rest)) if time.len() >= 20 && time.as_bytes()[10] == b'T' => match time_in(time) {
            Some(at) => (Some(at), rest),
            None => (None, line),
        },
        // An empty line has nothing behind its time.
        _ if line.len() >= 20 && line.len() <= 35 && line.as_bytes()[10] == b'T' => match time_in(line) {
            Some(at) => (Some(at), ""),
            None => (None, line),
        },
        _ => (None, line),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for a person")]
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{:.0} kB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests;
