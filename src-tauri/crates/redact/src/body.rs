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

impl Redactor {
    /// What a body that is about to leave still holds: parts that never passed the redactor, and values that were seen
    /// after it. `own` are texts that came from where the body goes, such as a model's signed thoughts: they are random,
    /// and are told from leaks by being exactly those.
    pub fn leaks(&self, body: &[u8], own: &[&str]) -> Vec<Leak> {
        let mut leaks = Vec::new();
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => self.walk(&value, String::new(), own, &mut leaks),
            Err(_) => self.look(&String::from_utf8_lossy(body), "", &mut leaks),
        }
        leaks
    }

    fn walk(&self, value: &Value, at: String, own: &[&str], leaks: &mut Vec<Leak>) {
        match value {
            Value::String(text) if own.contains(&text.as_str()) => {}
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
        assert_eq!(redactor.leaks(body.as_bytes(), &[signature]), []);
    }
}
