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
/// An argument that is there and empty is meant to be read so.
pub fn lacks_words(template: &str, fact: &Fact) -> bool {
    const KNOWN: [&str; 6] = ["object", "says", "subject", "kind", "namespace", "name"];
    let names = template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    names
        .into_iter()
        .any(|name| !KNOWN.contains(&name) && !fact.args.contains_key(name.strip_prefix("args.").unwrap_or(name)))
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
