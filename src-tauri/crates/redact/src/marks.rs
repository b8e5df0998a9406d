use std::collections::BTreeMap;
use std::ops::Range;

use regex::{Captures, Regex};

/// How a mark begins; text after it has been redacted already.
pub(crate) const OPENING: &str = "[redacted: ";

/// What was replaced so far, by kind, and what stood there.
#[derive(Default)]
pub(crate) struct Marks {
    counts: BTreeMap<&'static str, u32>,
    taken: Vec<(Box<str>, &'static str)>,
}

impl Marks {
    pub fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Counts, and holds what was taken out until it is remembered.
    pub fn take(&mut self, kind: &'static str, value: &str) {
        self.count(kind);
        self.taken.push((value.into(), kind));
    }

    pub fn taken(&mut self) -> Vec<(Box<str>, &'static str)> {
        std::mem::take(&mut self.taken)
    }

    /// One of the kinds, where there is any.
    pub fn kind(&self) -> Option<&'static str> {
        self.counts.keys().next().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Most first.
    pub fn counted(self) -> Vec<(String, u32)> {
        let mut counted: Vec<_> = self.counts.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
        counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counted
    }
}

pub(crate) fn mark(kind: &str) -> String {
    format!("{OPENING}{kind}]")
}

/// A place to replace, and what stood there.
pub(crate) type Find = (Range<usize>, &'static str);

/// Replaces what `judge` finds in each match of `pattern`; `None` where there is nothing to replace.
pub(crate) fn replace(
    text: &str,
    pattern: &Regex,
    marks: &mut Marks,
    mut judge: impl FnMut(&Captures<'_>, &str) -> Option<Find>,
) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for captures in pattern.captures_iter(text) {
        let Some((range, kind)) = judge(&captures, text) else { continue };
        if range.is_empty() || range.start < copied || text[range.start..].starts_with(OPENING) {
            continue;
        }
        out.push_str(&text[copied..range.start]);
        out.push_str(&mark(kind));
        marks.take(kind, &text[range.clone()]);
        copied = range.end;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}
