//! The last look at what is about to leave.

use serde_json::Value;

use crate::Redactor;

/// Something in a body that must not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Where, as a JSON pointer (`/messages/3/content`); empty for the body as a whole.
    pub at: String,
    /// What it looks like: `token`, `password`, …
    pub kind: String,
}

/// A text that came from where the body goes. It may be random, and is told from a leak by being exactly that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own<'a> {
    /// Such as a model's signed thoughts.
    Text(&'a str),
    /// The id of a call, where it stands as the whole value of a field that ends with `id`; elsewhere it is a text like
    /// any other.
    Id(&'a str),
}

impl Own<'_> {
    fn is(self, text: &str, field: &str) -> bool {
        match self {
            Own::Text(own) => own == text,
            Own::Id(own) => own == text && (field == "id" || field.ends_with("_id")),
        }
    }
}

impl Redactor {
    /// What a body that is about to leave still holds: parts that never passed the redactor, and values that were seen
    /// after it.
    pub fn leaks(&self, body: &[u8], own: &[Own<'_>]) -> Vec<Leak> {
        let mut leaks = Vec::new();
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => self.walk(&value, String::new(), own, &mut leaks),
            Err(_) => self.look(&String::from_utf8_lossy(body), "", &mut leaks),
        }
        leaks
    }

    fn walk(&self, value: &Value, at: String, own: &[Own<'_>], leaks: &mut Vec<Leak>) {
        let field = at.rsplit('/').next().unwrap_or_default();
        match value {
            Value::String(text) if own.iter().any(|own| own.is(text, field)) => {}
            Value::String(text) => self.look(text, &at, leaks),
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.walk(item, format!("{at}/{number}"), own, leaks);
                }
            }
            Value::Object(map) => {
                for (name, item) in map {
                    let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    self.look(name, &at, leaks);
                    self.walk(item, at, own, leaks);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn look(&self, text: &str, at: &str, leaks: &mut Vec<Leak>) {
        for (kind, _) in self.text(text).marks() {
            leaks.push(Leak { at: at.to_owned(), kind: kind.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_of_redacted_text_holds_nothing_and_one_of_plain_text_is_told_by_its_place() {
        let redactor = Redactor::new([7; 32]);
        let plain = "the job logged DB_PASSWORD=hunter2-and-more";
        let told = redactor.text(plain);
        let body = |text: &str| json!({"messages": [{"role": "user", "content": text}]}).to_string();
        assert_eq!(redactor.leaks(body(told.as_str()).as_bytes(), &[]), []);
        let leak = Leak { at: "/messages/0/content".into(), kind: "password".into() };
        assert_eq!(redactor.leaks(body(plain).as_bytes(), &[]), [leak]);
    }

    #[test]
    fn a_value_that_is_seen_later_is_found_in_what_was_redacted_before() {
        let redactor = Redactor::new([7; 32]);
        let early = redactor.text("retrying with hunter2Hunter3 in 5 s").into_string();
        assert!(early.contains("hunter2Hunter3"));
        redactor.json(&mut json!({"env": [{"name": "DB_PASSWORD", "value": "hunter2Hunter3"}]}));
        let body = json!({"text": early}).to_string();
        assert_eq!(redactor.leaks(body.as_bytes(), &[]).len(), 1);
    }

    #[test]
    fn a_signature_of_the_model_may_go_back_to_it() {
        let redactor = Redactor::new([7; 32]);
        let signature = "9fKx2mQvT7bLpZ4wRnYc8HdGsJ3uE6aXo1iVq0PzL5tB";
        let body = json!({"signature": signature}).to_string();
        assert_eq!(redactor.leaks(body.as_bytes(), &[]).len(), 1);
        assert_eq!(redactor.leaks(body.as_bytes(), &[Own::Text(signature)]), []);
    }

    #[test]
    fn an_id_of_the_model_may_go_back_to_it_as_an_id_and_nowhere_else() {
        let redactor = Redactor::new([7; 32]);
        let id = "toolu_vrtx_01PiDVQfuGkgrmBQAVy4jdTu";
        let body = json!({"content": [{"type": "tool_use", "id": id}, {"tool_use_id": id, "content": id}]}).to_string();
        let leaks = redactor.leaks(body.as_bytes(), &[Own::Id(id)]);
        assert_eq!(leaks.iter().map(|leak| leak.at.as_str()).collect::<Vec<_>>(), ["/content/1/content"]);
        assert_eq!(redactor.leaks(body.as_bytes(), &[]).len(), 3);
    }
}
