//! Secrets out of text, before it is kept, shown to a model, logged or exported.
//!
//! Layers, in order: what was taken out before (raw, in base64, percent-encoded), what has the form of a secret (private
//! keys, headers, credentials in URLs, tokens of known issuers by the rules of gitleaks), what has a secret's name
//! (`password=…`, `"apiKey": "…"`, environment variables), the data of a Secret that somebody printed, what is too random to be anything else, and e-mail addresses.
//! What only looks random, such as digests, commit ids, uids and the names of pods, stays: an investigation needs it.
//! [`Redactor::leaks`] looks once more at a whole body that is about to leave. [`Aliases`] are for who must not name
//! their systems either: reversible stand-ins for names, hosts and addresses.
//!
//! Deliberately not here: I/O, and any way to turn a plain `String` into [`Redacted`] without passing the redactor.
//! Start with [`Redactor`].

mod alias;
mod body;
mod clean;
mod entropy;
mod form;
mod manifest;
mod marks;
mod name;
mod named;
mod rules;
mod seen;
mod shape;
mod structure;

use std::borrow::Cow;

use model::ShapeBody;
use serde_json::Value;

use marks::Marks;
pub use structure::Reading;

pub use alias::{Aliases, Hidden};
pub use body::{Leak, Own};

/// Text that has passed a [`Redactor`]. There is no other way to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    text: String,
    marks: Vec<(String, u32)>,
}

impl Redacted {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many places were replaced, by kind (`token`, `password`, `private-key`, `e-mail`, …), most first.
    pub fn marks(&self) -> &[(String, u32)] {
        &self.marks
    }

    pub fn into_string(self) -> String {
        self.text
    }
}

/// Finds secrets and replaces each by a visible mark such as `[redacted: token]`.
pub struct Redactor {
    key: [u8; 32],
    clean: clean::Clean,
    seen: seen::Seen,
}

impl Redactor {
    /// `key` keys the digests: two installations cannot compare theirs.
    pub fn new(key: [u8; 32]) -> Self {
        Redactor { key, clean: clean::Clean::new(), seen: seen::Seen::default() }
    }

    /// Redacting again what was redacted changes nothing, unless a value was seen in the meantime that stands in it.
    pub fn text(&self, text: &str) -> Redacted {
        let mut marks = Marks::default();
        let known = self.seen.scrub(text, &mut marks);
        let text = scrub(known.as_deref().unwrap_or(text), &mut marks, 0).into_owned();
        self.remember(&mut marks);
        // A value that was named at the end of the text may stand at its beginning.
        let text = self.seen.scrub(&text, &mut marks).unwrap_or(text);
        Redacted { text, marks: marks.counted() }
    }

    fn remember(&self, marks: &mut Marks) {
        for (value, kind) in marks.taken() {
            self.seen.learn(&value, kind);
        }
    }

    /// Redacts every string of a JSON value (environment values, commands, annotations), keeping its structure.
    ///
    /// A value that its name makes a secret is replaced whole, by a mark that carries the beginning of its keyed digest:
    /// whether two of them are equal, or one has changed, can still be told. What is taken out is remembered; values that
    /// were seen elsewhere are looked for when a text is made of it ([`Redactor::text`]).
    pub fn json(&self, value: &mut Value) -> Vec<(String, u32)> {
        let mut marks = Marks::default();
        structure::scrub(self, value, &mut marks);
        self.remember(&mut marks);
        marks.counted()
    }

    /// What takes secrets out of an object while it is read.
    pub fn reading(&self) -> Reading<'_> {
        Reading::new(self)
    }

    /// A keyed digest: equal values have equal digests, nothing more can be told.
    pub fn digest(&self, value: &[u8]) -> String {
        blake3::keyed_hash(&self.key, value).to_hex()[..24].to_string()
    }

    /// Keys, sizes, digests and encoding depth of a ConfigMap or Secret as the API server gives it.
    pub fn shape(&self, kind: &str, object: &Value) -> ShapeBody {
        shape::shape(self, kind, object)
    }
}

/// How deep text is looked for inside of encoded text.
const DEEPEST: u8 = 2;

fn scrub<'a>(text: &'a str, marks: &mut Marks, depth: u8) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    if depth > DEEPEST || is_word(&text) {
        return text;
    }
    for layer in
        [manifest::scrub, form::scrub, rules::scrub, named::scrub, entropy::percent, entropy::scrub, form::addresses]
    {
        if let Some(changed) = layer(&text, marks, depth) {
            text = Cow::Owned(changed);
        }
    }
    // Lines that were written as one, as loggers do: what belongs to the start or the end of a line is found in them too.
    if text.contains("\\n") && !text.contains("\r\n") {
        let mut lines = text.replace("\\n", "\r\n");
        let mut changed = false;
        for layer in [manifest::scrub, named::scrub] {
            if let Some(next) = layer(&lines, marks, depth) {
                (lines, changed) = (next, true);
            }
        }
        if changed {
            text = Cow::Owned(lines.replace("\r\n", "\\n"));
        }
    }
    text
}

/// Shorter than any token and without a sign that could join a name and a value: most strings of a cluster are such.
fn is_word(text: &str) -> bool {
    text.len() < 15 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
}

#[cfg(test)]
mod tests;
