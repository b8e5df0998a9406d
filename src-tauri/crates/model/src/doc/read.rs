//! From JSON to nodes, straight from the bytes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::pool::{Builder, Built, Pool};
use super::{Doc, Node};

impl Pool {
    /// Reads JSON.
    pub fn read(&self, json: &[u8]) -> serde_json::Result<Doc> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let doc = self.deserialize(&mut reader)?;
        reader.end()?;
        Ok(doc)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(&self, deserializer: D) -> Result<Doc, D::Error> {
        let mut builder = Builder::new(self);
        Ok(Seed(&mut builder).deserialize(deserializer)?.doc)
    }

    pub fn doc(&self, value: &Value) -> Doc {
        build(&mut Builder::new(self), value).doc
    }
}

pub(super) fn build(builder: &mut Builder<'_>, value: &Value) -> Built {
    match value {
        Value::Null => builder.scalar(Node::Null),
        Value::Bool(value) => builder.scalar(Node::Bool(*value)),
        Value::Number(number) => {
            let whole = number.as_i64().map(Node::Int).or_else(|| number.as_u64().map(Node::Unsigned));
            builder.scalar(whole.or_else(|| number.as_f64().map(Node::Float)).unwrap_or_default())
        }
        Value::String(text) => builder.text(text),
        Value::Array(items) => {
            let open = builder.open();
            for item in items {
                let built = build(builder, item);
                builder.push(built);
            }
            builder.list(open)
        }
        Value::Object(map) => {
            let open = builder.open();
            for (key, value) in map {
                builder.key(key);
                let built = build(builder, value);
                builder.push(built);
            }
            builder.map(open)
        }
    }
}

/// Into the pool of the house.
impl From<Value> for Doc {
    fn from(value: Value) -> Self {
        Pool::house().doc(&value)
    }
}

impl From<&Value> for Doc {
    fn from(value: &Value) -> Self {
        Pool::house().doc(value)
    }
}

impl From<&str> for Doc {
    fn from(text: &str) -> Self {
        Builder::new(Pool::house()).text(text).doc
    }
}

/// Into the pool of the house.
impl<'de> serde::Deserialize<'de> for Doc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Pool::house().deserialize(deserializer)
    }
}

pub(super) struct Seed<'b, 'p>(pub(super) &'b mut Builder<'p>);

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Built;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Built, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Built;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Built, E> {
        Ok(self.0.scalar(Node::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Built, E> {
        Ok(self.0.scalar(Node::Int(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Built, E> {
        Ok(self.0.scalar(i64::try_from(value).map_or(Node::Unsigned(value), Node::Int)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Built, E> {
        Ok(self.0.scalar(if value.is_finite() { Node::Float(value) } else { Node::Null }))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Built, E> {
        Ok(self.0.text(text))
    }

    fn visit_unit<E: Error>(self) -> Result<Built, E> {
        Ok(self.0.scalar(Node::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Built, E> {
        Ok(self.0.scalar(Node::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Built, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Built, A::Error> {
        let builder = self.0;
        let open = builder.open();
        while let Some(item) = items.next_element_seed(Seed(builder))? {
            builder.push(item);
        }
        Ok(builder.list(open))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Built, A::Error> {
        let builder = self.0;
        let open = builder.open();
        while fields.next_key_seed(KeySeed(builder))?.is_some() {
            let value = fields.next_value_seed(Seed(builder))?;
            builder.push(value);
        }
        Ok(builder.map(open))
    }
}

struct KeySeed<'b, 'p>(&'b mut Builder<'p>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.0.key(key);
        Ok(())
    }
}
