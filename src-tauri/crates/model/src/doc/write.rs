use std::io::Write;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{Doc, Node};

impl Serialize for Doc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(*value),
            Node::Int(value) => serializer.serialize_i64(*value),
            Node::Unsigned(value) => serializer.serialize_u64(*value),
            Node::Float(value) => serializer.serialize_f64(*value),
            Node::Short(text) => serializer.serialize_str(text.as_str()),
            Node::Long(text) => serializer.serialize_str(text),
            Node::List(list) => {
                let mut items = serializer.serialize_seq(Some(list.slice.len()))?;
                for item in &list.slice {
                    items.serialize_element(item)?;
                }
                items.end()
            }
            Node::Map(_) | Node::Variant(_) => {
                let fields = self.as_object();
                let mut map = serializer.serialize_map(fields.map(|fields| fields.len()))?;
                for (key, value) in fields.into_iter().flatten() {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl Doc {
    /// As [`crate::canonical_json`] writes it.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        self.write::<true>(out);
    }

    /// As `serde_json` writes it, in a fraction of the time.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        self.write::<false>(out);
    }

    fn write<const SORTED: bool>(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Node::Null => out.extend_from_slice(b"null"),
            Node::Bool(true) => out.extend_from_slice(b"true"),
            Node::Bool(false) => out.extend_from_slice(b"false"),
            // Writing to memory does not fail.
            Node::Int(value) => drop(write!(out, "{value}")),
            Node::Unsigned(value) => drop(write!(out, "{value}")),
            Node::Float(value) => drop(serde_json::to_writer(out, value)),
            Node::Short(text) => write_text(text.as_str(), out),
            Node::Long(text) => write_text(text, out),
            Node::List(list) => {
                out.push(b'[');
                for (i, item) in list.slice.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write::<SORTED>(out);
                }
                out.push(b']');
            }
            Node::Map(_) | Node::Variant(_) => {
                out.push(b'{');
                let begin = out.len();
                let mut field = |(key, value): (&str, &Doc)| {
                    if out.len() > begin {
                        out.push(b',');
                    }
                    write_text(key, out);
                    out.push(b':');
                    value.write::<SORTED>(out);
                };
                if let Some(fields) = self.as_object() {
                    if SORTED { fields.sorted().for_each(&mut field) } else { fields.iter().for_each(&mut field) }
                }
                out.push(b'}');
            }
        }
    }
}

/// A JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // Without an early end, sixteen bytes are looked at in one step.
    let plain = text.bytes().fold(true, |plain, byte| plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\'));
    if plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        drop(serde_json::to_writer(out, text));
    }
}
