use std::collections::BTreeMap;

use model::{Fact, ObjectRef};
use serde_json::Value;

/// Fills a template. `{object}`, `{kind}`, `{namespace}` and `{name}` are of what the sentence is about, `{subject}` is the
/// fact's subject, `{says}` its sentence, any other `{word}` one of the fact's arguments (`{args.name}` where the word is taken). What is not
/// there is left out.
pub fn render(template: &str, fact: Option<&Fact>, object: &ObjectRef) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let Some(length) = rest[start..].find('}') else {
            out.push_str(&rest[start..]);
            return out;
        };
        let name = &rest[start + 1..start + length];
        out.push_str(&value_of(name, fact, object));
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}

/// Whether a template names an argument that the fact does not have: rendered, the sentence would have a hole there.
/// An argument that is there and empty is meant to be read so, and of placeholders that touch one is enough: `{line}{template}`.
pub fn lacks_words(template: &str, fact: &Fact) -> bool {
    const KNOWN: [&str; 6] = ["object", "says", "subject", "kind", "namespace", "name"];
    let has = |name: &str| KNOWN.contains(&name) || fact.args.contains_key(name.strip_prefix("args.").unwrap_or(name));
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, mut left)) = after.split_once('}') else { return false };
        let mut told = has(name);
        while let Some((name, after)) = left.strip_prefix('{').and_then(|next| next.split_once('}')) {
            told |= has(name);
            left = after;
        }
        if !told {
            return true;
        }
        rest = left;
    }
    false
}

fn value_of(name: &str, fact: Option<&Fact>, object: &ObjectRef) -> String {
    let args: Option<&BTreeMap<String, Value>> = fact.map(|f| &f.args);
    match name {
        "object" => spoken(object),
        "says" => fact.map(|f| f.says.clone()).unwrap_or_default(),
        "subject" => fact.map(|f| spoken(&f.subject)).unwrap_or_default(),
        "kind" => object.kind.to_string(),
        "namespace" if object.kind == "Namespace" => object.name.to_string(),
        "namespace" => object.namespace.to_string(),
        "name" => object.name.to_string(),
        _ => {
            let name = name.strip_prefix("args.").unwrap_or(name);
            args.and_then(|a| a.get(name)).map(text_of).unwrap_or_default()
        }
    }
}

/// `Deployment `shop/cart``, as sentences name an object.
pub fn spoken(object: &ObjectRef) -> String {
    if object.namespace.is_empty() {
        format!("{} `{}`", object.kind, object.name)
    } else {
        format!("{} `{}/{}`", object.kind, object.namespace, object.name)
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        Value::Number(n) if n.as_i64().is_none() => match n.as_f64() {
            Some(whole) if whole.fract() == 0.0 => format!("{whole:.0}"),
            Some(part) => format!("{part:.2}"),
            None => String::new(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::{Certainty, Fact, ObjectRef, Time};

    use super::*;

    #[test]
    fn a_sentence_lacks_words_where_the_fact_has_not_the_argument_and_not_where_it_is_empty() {
        let fact = Fact {
            name: "policy_denies_dns".into(),
            subject: ObjectRef::new("Deployment", "shop", "api"),
            args: BTreeMap::from([("policy".to_owned(), "closed".into()), ("rule".to_owned(), "".into())]),
            certainty: Certainty::Known,
            says: String::new(),
            since: Time::from_seconds(1),
            evidence: Vec::new(),
        };
        assert!(!lacks_words("policy {policy} holds {object}{rule}: {says}", &fact));
        assert!(lacks_words("policy {policy} keeps {object} from `{to}`", &fact));
        assert!(
            !lacks_words("{object} fails: {line}{policy}", &fact) && lacks_words("{object} fails: {line}{to}", &fact)
        );
    }
}
