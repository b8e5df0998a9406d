//! Patterns out of lines as they come, by a tree of fixed depth: P. He, J. Zhu, Z. Zheng, M. R. Lyu, "Drain: An Online
//! Log Parsing Approach with Fixed Depth Tree", ICWS 2017.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::mask::{Word, mask};
use super::stamp::{stamp, time_in};
use crate::{LogLevel, LogPattern, Time};

/// Entries that share this part of their words are of one pattern; the paper's figure for most logs.
const ALIKE: f64 = 0.5;
/// So many first words choose the leaf, beside the number of words.
const DEPTH: usize = 1;
/// Groups of a leaf that an entry is compared with, newest first. Bounds the time.
const MOST_COMPARED: usize = 256;
/// Groups that are held while reading: what is rarer is counted as other. Bounds the memory.
const MOST_GROUPS: usize = 1_500;
/// Words of an entry that are looked at, and bytes of its first line.
const MOST_WORDS: usize = 64;
const MOST_BYTES: usize = 2_048;
/// Bytes of an example: a line and the top of its stack trace. More is held, so that nothing is cut before it is redacted.
const MOST_EXAMPLE: usize = 1_200;
const MOST_HELD: usize = 4_096;
const ANYTHING: &str = "<*>";

/// Mines patterns out of the entries of a log, in their order. Memory is bounded, whatever is read; the same entries give
/// the same patterns.
#[derive(Debug, Default)]
pub struct Patterns {
    pub(super) groups: Vec<Group>,
    /// By number of words and the first of them: the groups that may fit.
    leaves: HashMap<u64, Vec<usize>>,
    /// Entries of groups that were given up.
    others: u64,
    entries: u64,
    masked: String,
    words: Vec<Word>,
}

#[derive(Debug)]
pub(super) struct Group {
    leaf: u64,
    words: Vec<(String, bool)>,
    count: u64,
    first_at: Option<Time>,
    last_at: Option<Time>,
    example: String,
    level: Option<LogLevel>,
    /// The number of its newest entry.
    newest: u64,
}

impl Patterns {
    /// The patterns of a text whose lines belong together as [`super::Entries`] says.
    pub fn of_text(text: &str) -> Patterns {
        let mut patterns = Patterns::default();
        let mut entries = super::Entries::default();
        for line in text.lines() {
            if let Some(entry) = entries.add(line) {
                patterns.add(&entry, None);
            }
        }
        if let Some(entry) = entries.rest() {
            patterns.add(&entry, None);
        }
        patterns
    }

    /// Takes one entry; `at` where somebody else than the entry itself tells when it was written.
    pub fn add(&mut self, entry: &str, at: Option<Time>) {
        let telling = telling(entry);
        if telling.trim().is_empty() {
            return;
        }
        self.entries += 1;
        let at = at.or_else(|| time_in(entry));
        let level = LogLevel::of(without_stamp(telling));
        let found = self.group_of(without_stamp(telling), level);
        let entries = self.entries;
        let group = &mut self.groups[found];
        group.count += 1;
        group.newest = entries;
        group.first_at = match (group.first_at, at) {
            (Some(first), Some(at)) => Some(first.min(at)),
            (first, at) => first.or(at),
        };
        group.last_at = group.last_at.max(at);
        group.level = match (group.level, level) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        group.example.clear();
        group.example.push_str(clip(entry.trim_end(), MOST_HELD));
        if self.groups.len() > 2 * MOST_GROUPS {
            self.give_up();
        }
    }

    /// How many entries there were.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// At most `most` patterns, those that look like trouble first, then the most frequent; and how many more patterns
    /// with how many entries are not among them. Their texts pass through `redact` before they are shortened.
    pub fn found(mut self, most: usize, redact: impl Fn(&str) -> String) -> (Vec<LogPattern>, usize, u64) {
        self.groups.sort_by(|a, b| {
            let rank = |group: &Group| group.level.filter(|level| level.is_trouble()).map_or(3, |level| level as u8);
            (rank(a), Reverse(a.count), a.newest).cmp(&(rank(b), Reverse(b.count), b.newest))
        });
        let rest = self.groups.iter().skip(most);
        let (more, entries) = rest.fold((0, 0), |(more, entries), group| (more + 1, entries + group.count));
        let patterns = self.groups.into_iter().take(most).map(|group| {
            let mut template = String::new();
            for (word, apart) in &group.words {
                if *apart && !template.is_empty() {
                    template.push(' ');
                }
                template.push_str(word);
            }
            let example = redact(&group.example);
            LogPattern {
                template: redact(&template),
                count: group.count,
                first_at: group.first_at,
                last_at: group.last_at,
                example: clip(&example, MOST_EXAMPLE).to_owned(),
                level: group.level,
            }
        });
        (patterns.collect(), more, entries + self.others)
    }

    fn group_of(&mut self, line: &str, level: Option<LogLevel>) -> usize {
        mask(clip(line, MOST_BYTES), &mut self.masked, &mut self.words);
        self.words.truncate(MOST_WORDS);
        let masked = self.masked.as_str();
        let word = |word: &Word| &masked[word.from..word.to];
        let mut hasher = DefaultHasher::new();
        self.words.len().hash(&mut hasher);
        // One error among a million of the same words must not vanish in them.
        level.hash(&mut hasher);
        for first in self.words.iter().take(DEPTH).map(word) {
            // What varies, and what a number makes vary, leads to the same leaf.
            if first.contains('<') { ANYTHING } else { first }.hash(&mut hasher);
        }
        let leaf = hasher.finish();
        let candidates = self.leaves.entry(leaf).or_default();
        let mut best: Option<(usize, usize)> = None;
        for index in candidates.iter().rev().take(MOST_COMPARED).copied() {
            let group = &self.groups[index];
            if group.words.len() != self.words.len() {
                continue;
            }
            let same = group.words.iter().zip(&self.words).filter(|((known, _), new)| known == word(new)).count();
            if best.is_none_or(|(most, _)| same > most) {
                best = Some((same, index));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a line has few words")]
        let alike = |same: usize| same as f64 >= ALIKE * self.words.len() as f64;
        if let Some((same, index)) = best
            && alike(same)
        {
            for ((known, _), new) in self.groups[index].words.iter_mut().zip(&self.words) {
                let new = word(new);
                if known != new && known != ANYTHING {
                    ANYTHING.clone_into(known);
                }
            }
            return index;
        }
        candidates.push(self.groups.len());
        let words = self.words.iter().map(|w| (word(w).to_owned(), w.apart)).collect();
        self.groups.push(Group {
            leaf,
            words,
            count: 0,
            first_at: None,
            last_at: None,
            example: String::new(),
            level: None,
            newest: 0,
        });
        self.groups.len() - 1
    }

    /// Keeps those groups that are trouble, frequent or new.
    fn give_up(&mut self) {
        self.groups.sort_by_key(|group| {
            let trouble = group.level.is_some_and(LogLevel::is_trouble);
            (Reverse(group.count.ilog2() + u32::from(trouble)), Reverse(group.newest))
        });
        self.others += self.groups.drain(MOST_GROUPS..).map(|group| group.count).sum::<u64>();
        self.leaves.clear();
        for (index, group) in self.groups.iter().enumerate() {
            self.leaves.entry(group.leaf).or_default().push(index);
        }
    }
}

/// The line of an entry that says what it is: the first one, or of Python's traceback the last.
fn telling(entry: &str) -> &str {
    let first = entry.lines().next().unwrap_or_default();
    if first.contains("Traceback (most recent call last)") {
        let last = entry.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with([' ', '\t']));
        return last.unwrap_or(first);
    }
    first
}

/// The line after the time it begins with, in brackets or not.
fn without_stamp(line: &str) -> &str {
    let bytes = line.as_bytes();
    let start = bytes.iter().take(2).take_while(|b| !b.is_ascii_alphanumeric() && b.is_ascii()).count();
    match bytes.get(start..).and_then(stamp) {
        Some((_, length)) => line.get(start + length..).unwrap_or(line).trim_start_matches([']', ')', '"', ' ', '\t']),
        None => line,
    }
}

pub(super) fn clip(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
