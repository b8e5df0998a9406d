//! Secrets in JSON, where the structure says what a string is.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Texts;
use serde_json::{Map, Value};

use crate::clean::is_identifier;
use crate::marks::{Marks, OPENING};
use crate::name::{is_harmless, is_object_name, is_password};
use crate::{Redactor, is_word, scrub as scrub_text};

/// JSON inside of a string inside of JSON: last-applied configurations do it once, Helm twice.
const DEEPEST: u8 = 3;

pub(crate) fn scrub(redactor: &Redactor, value: &mut Value, marks: &mut Marks) {
    Walk { redactor, marks, depth: 0 }.value(value);
}

struct Walk<'a> {
    redactor: &'a Redactor,
    marks: &'a mut Marks,
    depth: u8,
}

impl Walk<'_> {
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) => self.object(map),
            Value::Array(items) => self.items(items),
            Value::String(text) => self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, map: &mut Map<String, Value>) {
        if map.get("kind").and_then(Value::as_str) == Some("Secret") {
            for field in ["data", "stringData"] {
                for (_, value) in map.get_mut(field).and_then(Value::as_object_mut).into_iter().flatten() {
                    self.whole(value, "secret");
                }
            }
        }
        // `{"name": "DB_PASSWORD", "value": "…"}`: environment variables, Helm's set values, Argo's parameters.
        let name = ["name", "key"].iter().find_map(|field| map.get(*field).and_then(Value::as_str));
        let kind = name.and_then(|name| self.kind_of(name));
        if let (Some(kind), Some(value)) = (kind, map.get_mut("value")) {
            self.whole(value, kind);
        }
        for (name, value) in map.iter_mut() {
            match self.kind_of(name) {
                Some(kind) if value.is_string() => self.whole(value, kind),
                Some("password") if is_password(name) => self.passwords(value),
                // A registry's login, as container runtimes keep it.
                None if name == "auth" && is_login(value) => self.whole(value, "password"),
                Some(_) | None => self.value(value),
            }
        }
        if map.get("kind").and_then(Value::as_str) == Some("Secret") {
            for field in ["data", "stringData"] {
                let values = map.get_mut(field).and_then(Value::as_object_mut).into_iter().flatten();
                values.for_each(|(_, value)| self.surely(value));
            }
        }
    }

    /// A list of passwords, or one that is a number.
    fn passwords(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.passwords(item)),
            Value::Number(number) if number.to_string().len() >= 4 => {
                *value = Value::String(number.to_string());
                self.whole(value, "password");
            }
            Value::String(_) => self.whole(value, "password"),
            Value::Number(_) | Value::Object(_) | Value::Null | Value::Bool(_) => self.value(value),
        }
    }

    fn items(&mut self, items: &mut [Value]) {
        let mut named = None;
        for item in items {
            // `["--password", "…"]`
            match (named.take(), item.as_str()) {
                (Some(kind), Some(text)) if !text.starts_with('-') => self.whole(item, kind),
                _ => {
                    let flag = item.as_str().and_then(|text| text.strip_prefix("--")).filter(|f| !f.contains('='));
                    named = flag.and_then(|flag| self.kind_of(flag));
                    self.value(item);
                }
            }
        }
    }

    fn kind_of(&self, name: &str) -> Option<&'static str> {
        self.redactor.clean.kind_of(name)
    }

    fn text(&mut self, text: &mut String) {
        if self.hides_nothing(text) {
            return;
        }
        // Deep inside of encoded text less is looked for.
        if !self.scrub(text) && self.depth == 0 {
            self.redactor.clean.learn(text);
        }
    }

    /// Whether anything was taken out.
    fn scrub(&mut self, text: &mut String) -> bool {
        let looks_like_json = text.starts_with(['{', '[']) && !text.starts_with(OPENING) && self.depth < DEEPEST;
        if looks_like_json && let Ok(mut inside) = serde_json::from_str::<Value>(text) {
            let before = inside.clone();
            self.depth += 1;
            self.value(&mut inside);
            self.depth -= 1;
            let changed = inside != before;
            if changed {
                *text = inside.to_string();
            }
            return changed;
        }
        match scrub_text(text, self.marks, 0) {
            std::borrow::Cow::Owned(changed) => {
                *text = changed;
                true
            }
            std::borrow::Cow::Borrowed(_) => false,
        }
    }

    fn whole(&mut self, value: &mut Value, kind: &'static str) {
        let Value::String(text) = value else { return self.value(value) };
        match self.mark(text, kind) {
            Some(mark) => *text = mark,
            None => self.text(text),
        }
    }

    /// A value of a Secret, which is one whatever it looks like.
    fn surely(&mut self, value: &mut Value) {
        let Value::String(text) = value else { return };
        if !text.trim().is_empty() && !text.starts_with(OPENING) {
            let digest = self.redactor.digest(text.as_bytes());
            self.marks.take("secret", text);
            *text = format!("{OPENING}secret {}]", &digest[..6]);
        }
    }

    /// What stands for a text that its name makes a secret, unless it is none.
    fn mark(&mut self, text: &str, kind: &'static str) -> Option<String> {
        if is_harmless(text) || (kind == "secret" && is_object_name(text)) {
            return None;
        }
        let digest = self.redactor.digest(text.as_bytes());
        self.marks.take(kind, text);
        Some(format!("{OPENING}{kind} {}]", &digest[..6]))
    }

    fn hides_nothing(&self, text: &str) -> bool {
        is_word(text) || is_identifier(text) || self.redactor.clean.knows(text)
    }
}

/// Takes secrets out of an object while it is read: what it keeps of each text is what [`Redactor::json`] leaves of it,
/// which besides knows passwords that are numbers or lists, values with a `key` for a name, and registries' logins.
pub struct Reading<'r> {
    redactor: &'r Redactor,
    marks: Marks,
}

impl<'r> Reading<'r> {
    pub(crate) fn new(redactor: &'r Redactor) -> Self {
        Reading { redactor, marks: Marks::default() }
    }

    fn walk(&mut self) -> Walk<'_> {
        Walk { redactor: self.redactor, marks: &mut self.marks, depth: 0 }
    }
}

impl Texts for Reading<'_> {
    fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let mut walk = self.walk();
        if walk.hides_nothing(text) {
            return Cow::Borrowed(text);
        }
        let mut kept = text.to_owned();
        walk.text(&mut kept);
        self.redactor.remember(&mut self.marks);
        if kept == text { Cow::Borrowed(text) } else { Cow::Owned(kept) }
    }

    fn kind_of(&mut self, name: &str) -> Option<&'static str> {
        self.redactor.clean.kind_of(name)
    }

    fn secret<'t>(&mut self, text: &'t str, kind: &'static str) -> Cow<'t, str> {
        let mark = self.walk().mark(text, kind);
        self.redactor.remember(&mut self.marks);
        match mark {
            Some(mark) => Cow::Owned(mark),
            None => self.text(text),
        }
    }
}

/// `user:password` in base64.
fn is_login(value: &Value) -> bool {
    let decoded = value.as_str().and_then(|text| STANDARD.decode(text).ok());
    decoded.and_then(|bytes| String::from_utf8(bytes).ok()).is_some_and(|pair| pair.contains(':'))
}
