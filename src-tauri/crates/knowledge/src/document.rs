//! A knowledge file: YAML front matter between two `---` lines, then Markdown.

use serde::de::DeserializeOwned;
use serde_saphyr::{Spanned, UserMessageFormatter};

use crate::Issue;

pub(crate) struct Document<'a> {
    pub front: &'a str,
    pub body: &'a str,
    /// Lines of the file before the first line of `front`.
    pub front_offset: u32,
}

impl<'a> Document<'a> {
    /// Splits a Markdown file. A `.yaml` file is all front matter.
    pub fn split(path: &str, text: &'a str) -> Result<Self, Issue> {
        if path.ends_with(".yaml") {
            return Ok(Document { front: text, body: "", front_offset: 0 });
        }
        let start = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")).ok_or_else(|| {
            Issue::new(
                1,
                "the file has no front matter",
                "Begin it with a line `---`, the fields, and another line `---`.",
            )
        })?;
        let mut at = 0;
        for line in start.split_inclusive('\n') {
            if line.trim_end() == "---" {
                let body = start[at + line.len()..].trim();
                return Ok(Document { front: &start[..at], body, front_offset: 1 });
            }
            at += line.len();
        }
        Err(Issue::new(1, "the front matter does not end", "Close it with a line `---` before the text."))
    }

    /// Reads the front matter into `T`; the issue has the line within the file.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Issue> {
        serde_saphyr::from_str(self.front).map_err(|error| {
            let line = error.location().map_or(0, |l| u32::try_from(l.line()).unwrap_or(0));
            let plain = error.without_snippet().render_with_formatter(&UserMessageFormatter);
            let what = plain.lines().next().unwrap_or_default();
            let what = what.split(" at line ").next().unwrap_or(what).trim_end_matches([':', ' ']);
            Issue::new(self.line(line), what, hint_for(what))
        })
    }

    /// The line in the file of a line in the front matter.
    pub fn line(&self, in_front: u32) -> u32 {
        if in_front == 0 { 1 } else { in_front + self.front_offset }
    }

    pub fn line_of<T>(&self, spanned: &Spanned<T>) -> u32 {
        self.line(u32::try_from(spanned.referenced.line()).unwrap_or(0))
    }
}

fn hint_for(what: &str) -> &'static str {
    if what.contains("unknown field") {
        "Remove the field or correct its name; `knowledge/README.md` lists the fields."
    } else if what.contains("missing field") {
        "Add the field; `knowledge/README.md` says what it means."
    } else if what.contains("unknown variant") {
        "Use one of the values that the message lists."
    } else {
        "Correct the YAML at this line; values with `: `, `#`, `{` or quotes need quotes around them."
    }
}
