//! Reading objects that may lack anything.

use model::{Doc, Time};

pub(crate) fn text<'a>(value: &'a Doc, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Doc::as_str).unwrap_or("")
}

/// A whole number, also where it is written as text.
pub(crate) fn int(value: &Doc, pointer: &str) -> Option<i64> {
    let value = value.pointer(pointer)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

pub(crate) fn list<'a>(value: &'a Doc, pointer: &str) -> &'a [Doc] {
    value.pointer(pointer).and_then(Doc::as_array).unwrap_or(&[])
}

/// The entries of an object; empty where there is none.
pub(crate) fn entries<'a>(value: &'a Doc, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Doc)> + use<'a> {
    value.pointer(pointer).and_then(Doc::as_object).into_iter().flatten()
}

pub(crate) fn flag(value: &Doc, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Doc::as_bool).unwrap_or(false)
}

pub(crate) fn time(value: &Doc, pointer: &str) -> Option<Time> {
    text(value, pointer).parse().ok()
}

pub(crate) fn created(object: &Doc) -> Option<Time> {
    time(object, "/metadata/creationTimestamp")
}

/// A status condition by type.
pub(crate) fn condition<'a>(object: &'a Doc, kind: &str) -> Option<&'a Doc> {
    list(object, "/status/conditions").iter().find(|c| text(c, "/type") == kind)
}

/// The first `most` characters, on one line.
pub(crate) fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut cut: String = line.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// What a person reads as a number: an integer or a name of a port.
pub(crate) fn port_text(value: Option<&Doc>) -> String {
    match value {
        Some(number) if number.is_number() => number.to_string(),
        Some(name) => name.as_str().unwrap_or_default().to_owned(),
        None => String::new(),
    }
}
