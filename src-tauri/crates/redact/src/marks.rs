use std::collections::BTreeMap;
use std::ops::Range;

use regex::{Captures, Regex};

/// How a mark begins; text after it has been redacted already.
pub(crate) const OPENING: &str = "[redacted: ";

/// What was replaced so far, by kind.
#[derive(Default)]
pub(crate) struct Marks(BTreeMap<&'static str, u32>);

impl Marks {
    pub fn count(&mut self, kind: &'static str) {
        *self.0.entry(kind).or_default() += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Most first.
    pub fn counted(self) -> Vec<(String, u32)> {
        let mut counted: Vec<_> = self.0.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
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
    mut judge: impl FnMut(&Captures<'_>) -> Option<Find>,
) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for captures in pattern.captures_iter(text) {
        let Some((range, kind)) = judge(&captures) else { continue };
        if range.is_empty() || range.start < copied || text[range.start..].starts_with(OPENING) {
            continue;
        }
        out.push_str(&text[copied..range.start]);
        out.push_str(&mark(kind));
        marks.count(kind);
        copied = range.end;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}
