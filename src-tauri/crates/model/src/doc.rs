//! JSON that never changes, small: what a thousand objects have in common is in memory once.
//!
//! A [`Doc`] reads like a `serde_json::Value`. Its nodes are 16 bytes; short text and numbers lie in the node itself, the
//! rest behind thin shared pointers. What is read goes through a [`Pool`] that gives equal parts the same memory, and
//! keeps a map that differs little from one it knows as that map and the differences: the specs of a template's pods
//! cost little more than their node's name.

mod alike;
mod fields;
mod number;
mod pool;
mod read;
mod reading;
mod shape;
mod write;

pub(crate) use write::write_text;

use std::fmt;
use std::ops::Index;

use serde_json::Value;
use triomphe::ThinArc;

use crate::Text;

pub use alike::Alike;
pub use fields::Fields;
pub use pool::{Pool, PoolSize};
pub use reading::{CowStr, OpenMap, Reading, Texts, Verbatim};
use shape::ShapeRef;

/// An immutable JSON value. Cheap to clone and to share between threads.
#[derive(Clone, Default)]
pub struct Doc(Node);

#[derive(Clone, Default)]
enum Node {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Unsigned(u64),
    Float(f64),
    Short(Short),
    Long(Text),
    List(ThinArc<(), Doc>),
    Map(MapNode),
    /// A map that has the keys of another one and some of its values.
    Variant(ThinArc<Base, Doc>),
}

type MapNode = ThinArc<ShapeRef, Doc>;

/// What a variant is a variant of.
struct Base {
    map: MapNode,
    /// Which values are its own, by the place of their keys; the lowest bit is the first key.
    own: u64,
}

/// Text of at most 14 bytes.
#[derive(Clone, Copy)]
struct Short {
    len: u8,
    bytes: [u8; Short::MOST],
}

static NULL: Doc = Doc(Node::Null);

impl Short {
    const MOST: usize = 14;

    fn of(text: &str) -> Option<Short> {
        let mut bytes = [0; Short::MOST];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Short { len: text.len() as u8, bytes })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn as_str(&self) -> &str {
        // Made from text only.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl Doc {
    /// What reading nothing gives.
    pub fn null() -> &'static Doc {
        &NULL
    }

    /// The value of a map's field or a list's element; `None` where there is none.
    pub fn get(&self, key: impl Key) -> Option<&Doc> {
        key.in_doc(self)
    }

    /// RFC 6901, as `serde_json::Value::pointer`.
    pub fn pointer(&self, pointer: &str) -> Option<&Doc> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut at = self;
        for step in pointer.strip_prefix('/')?.split('/') {
            at = match &at.0 {
                Node::List(_) => at.get(shape::place(step)?)?,
                _ if step.contains('~') => at.get(step.replace("~1", "/").replace("~0", "~").as_str())?,
                _ => at.get(step)?,
            };
        }
        Some(at)
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Node::Short(text) => Some(text.as_str()),
            Node::Long(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The text, shared where it is shared already.
    pub fn as_text(&self) -> Option<Text> {
        match &self.0 {
            Node::Short(text) => Some(Text::from(text.as_str())),
            Node::Long(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.0 {
            Node::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Doc]> {
        match &self.0 {
            Node::List(list) => Some(&list.slice),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<Fields<'_>> {
        Fields::of(self)
    }

    pub fn is_null(&self) -> bool {
        matches!(self.0, Node::Null)
    }

    pub fn is_boolean(&self) -> bool {
        matches!(self.0, Node::Bool(_))
    }

    pub fn is_string(&self) -> bool {
        matches!(self.0, Node::Short(_) | Node::Long(_))
    }

    pub fn is_number(&self) -> bool {
        matches!(self.0, Node::Int(_) | Node::Unsigned(_) | Node::Float(_))
    }

    pub fn is_array(&self) -> bool {
        matches!(self.0, Node::List(_))
    }

    pub fn is_object(&self) -> bool {
        matches!(self.0, Node::Map(_) | Node::Variant(_))
    }

    /// Whether both are the same piece of memory, and so equal; `false` says nothing.
    pub fn is_same(&self, other: &Doc) -> bool {
        match (&self.0, &other.0) {
            (Node::Long(a), Node::Long(b)) => a.is_same(b),
            (Node::List(a), Node::List(b)) => std::ptr::eq(&**a, &**b),
            (Node::Map(a), Node::Map(b)) => std::ptr::eq(&**a, &**b),
            (Node::Variant(a), Node::Variant(b)) => std::ptr::eq(&**a, &**b),
            _ => false,
        }
    }

    /// A copy that can be changed.
    pub fn to_value(&self) -> Value {
        match &self.0 {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(*value),
            Node::Int(value) => (*value).into(),
            Node::Unsigned(value) => (*value).into(),
            Node::Float(value) => (*value).into(),
            Node::Short(text) => text.as_str().into(),
            Node::Long(text) => text.as_str().into(),
            Node::List(list) => Value::Array(list.slice.iter().map(Doc::to_value).collect()),
            Node::Map(_) | Node::Variant(_) => Value::Object(
                self.as_object().into_iter().flatten().map(|(key, value)| (key.to_owned(), value.to_value())).collect(),
            ),
        }
    }
}

/// What a value is looked up by: a field's name, or a place in a list.
pub trait Key {
    fn in_doc<'d>(&self, doc: &'d Doc) -> Option<&'d Doc>;
}

impl Key for &str {
    fn in_doc<'d>(&self, doc: &'d Doc) -> Option<&'d Doc> {
        match &doc.0 {
            Node::Map(map) => map.slice.get(map.header.header.place(self)?),
            Node::Variant(_) => doc.as_object()?.get(self),
            _ => None,
        }
    }
}

impl Key for &String {
    fn in_doc<'d>(&self, doc: &'d Doc) -> Option<&'d Doc> {
        self.as_str().in_doc(doc)
    }
}

impl Key for &Text {
    fn in_doc<'d>(&self, doc: &'d Doc) -> Option<&'d Doc> {
        self.as_str().in_doc(doc)
    }
}

impl Key for usize {
    fn in_doc<'d>(&self, doc: &'d Doc) -> Option<&'d Doc> {
        doc.as_array()?.get(*self)
    }
}

/// As with `serde_json`: what is not there reads as null.
impl<K: Key> Index<K> for Doc {
    type Output = Doc;

    fn index(&self, key: K) -> &Doc {
        key.in_doc(self).unwrap_or(&NULL)
    }
}

impl PartialEq for Doc {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Node::Null, Node::Null) => true,
            (Node::Bool(a), Node::Bool(b)) => a == b,
            (Node::Int(a), Node::Int(b)) => a == b,
            (Node::Unsigned(a), Node::Unsigned(b)) => a == b,
            (Node::Float(a), Node::Float(b)) => a == b,
            (Node::Short(a), Node::Short(b)) => a.as_bytes() == b.as_bytes(),
            // What fits into a node is never anywhere else.
            (Node::Long(a), Node::Long(b)) => a == b,
            (Node::List(a), Node::List(b)) => self.is_same(other) || a.slice == b.slice,
            (Node::Map(_) | Node::Variant(_), Node::Map(_) | Node::Variant(_)) => {
                self.is_same(other) || self.as_object() == other.as_object()
            }
            _ => false,
        }
    }
}

impl PartialEq<Value> for Doc {
    fn eq(&self, other: &Value) -> bool {
        match (other, &self.0) {
            (Value::Null, _) => self.is_null(),
            (Value::Bool(value), _) => self.as_bool() == Some(*value),
            (Value::String(text), _) => self.as_str() == Some(text),
            (Value::Array(list), _) => self.as_array().is_some_and(|own| own == list.as_slice()),
            (Value::Object(map), _) => self.as_object().is_some_and(|own| {
                own.len() == map.len()
                    && own.iter().all(|(key, value)| map.get(key).is_some_and(|other| value == other))
            }),
            (Value::Number(number), Node::Int(value)) => number.as_i64() == Some(*value),
            (Value::Number(number), Node::Unsigned(value)) => number.as_u64() == Some(*value),
            (Value::Number(number), Node::Float(value)) => number.is_f64() && number.as_f64() == Some(*value),
            (Value::Number(_), _) => false,
        }
    }
}

impl PartialEq<Doc> for Value {
    fn eq(&self, other: &Doc) -> bool {
        other == self
    }
}

impl PartialEq<str> for Doc {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Doc {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

impl PartialEq<String> for Doc {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<bool> for Doc {
    fn eq(&self, other: &bool) -> bool {
        self.as_bool() == Some(*other)
    }
}

impl fmt::Debug for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As JSON, without white space.
impl fmt::Display for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests;
