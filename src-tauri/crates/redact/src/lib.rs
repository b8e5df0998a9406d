//! Secrets out of text, before it is kept, shown to a model, logged or exported.
//!
//! Deliberately not here: I/O, and any way to turn a plain `String` into [`Redacted`] without passing the redactor.
//! Start with [`Redactor`].

use model::ShapeBody;
use serde_json::Value;

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
}

/// Finds secrets and replaces each by a visible mark such as `[redacted: token]`.
pub struct Redactor {
    #[expect(dead_code, reason = "filled in by the implementation")]
    key: [u8; 32],
}

impl Redactor {
    /// `key` keys the digests: two installations cannot compare theirs.
    pub fn new(key: [u8; 32]) -> Self {
        Redactor { key }
    }

    pub fn text(&self, _text: &str) -> Redacted {
        todo!()
    }

    /// Redacts every string of a JSON value (environment values, commands, annotations), keeping its structure.
    pub fn json(&self, _value: &mut Value) -> Vec<(String, u32)> {
        todo!()
    }

    /// A keyed digest: equal values have equal digests, nothing more can be told.
    pub fn digest(&self, _value: &[u8]) -> String {
        todo!()
    }

    /// Keys, sizes, digests and encoding depth of a ConfigMap or Secret as the API server gives it.
    pub fn shape(&self, _kind: &str, _object: &Value) -> ShapeBody {
        todo!()
    }
}
