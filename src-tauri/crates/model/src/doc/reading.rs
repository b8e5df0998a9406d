//! From bytes to what is kept of an object, in one pass: what the projection drops and what a text hides is never part of
//! a document.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::pool::{Builder, Built, Open, Pool};
use super::{Doc, Node};
use crate::Text;
use crate::project::Place;

/// What becomes of texts on their way into a document.
pub trait Texts {
    /// What is kept of a text.
    fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str>;

    /// The kind of secret that something of this name is.
    fn kind_of(&mut self, name: &str) -> Option<&'static str>;

    /// What is kept of a text that its name makes a secret.
    fn secret<'t>(&mut self, text: &'t str, kind: &'static str) -> Cow<'t, str>;
}

/// Every text as it is.
pub struct Verbatim;

impl Texts for Verbatim {
    fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }

    fn kind_of(&mut self, _: &str) -> Option<&'static str> {
        None
    }

    fn secret<'t>(&mut self, text: &'t str, _: &'static str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

/// An object that is being read. Fields are added in the order in which they come.
pub struct Reading<'p, T> {
    builder: Builder<'p>,
    texts: T,
    /// Of the last list item: the kind of secret that it announces as a command line's flag.
    flag: Option<&'static str>,
    /// Of the last field `name`: the kind of secret that its text announces.
    named: Option<&'static str>,
}

/// A map whose fields are being read.
#[derive(Clone, Copy)]
pub struct OpenMap(Open);

/// What is known of a value before it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The value of a field `name`.
    Name,
    /// A text is a secret of this kind.
    Secret(&'static str),
    /// The texts of a map are.
    Secrets(&'static str),
    /// A text of such a map; where it is none of that kind, its own name may make it one of another.
    OfSecret(&'static str, Option<&'static str>),
    /// An item after a flag that announces a secret, or after none.
    After(Option<&'static str>),
}

impl<'p, T: Texts> Reading<'p, T> {
    pub fn new(pool: &'p Pool, texts: T) -> Self {
        Reading { builder: Builder::new(pool), texts, flag: None, named: None }
    }

    /// Begins a map.
    pub fn begin(&self) -> OpenMap {
        OpenMap(self.builder.open())
    }

    /// Adds a field with a text of our own.
    pub fn text(&mut self, name: &str, text: &str) {
        self.builder.key(name);
        let built = self.builder.text(text);
        self.builder.push(built);
    }

    /// Adds a field with a text that was sent; gives the text as it was sent, shared where it was kept as it is.
    pub fn own(&mut self, name: &str, text: &str) -> Text {
        let kept = self.texts.text(text);
        self.text(name, &kept);
        self.last().as_text().filter(|kept| *kept == *text).unwrap_or_else(|| text.into())
    }

    /// Adds a field with a value of our own.
    pub fn value(&mut self, name: &str, value: &Value) {
        self.builder.key(name);
        let built = super::read::build(&mut self.builder, value);
        self.builder.push(built);
    }

    /// Reads the value of a field of a map, and adds it where it is kept; gives whether it is.
    pub fn field<'de, A: MapAccess<'de>>(&mut self, of: Place, name: &str, map: &mut A) -> Result<bool, A::Error> {
        self.field_after(of, name, None, map)
    }

    /// As [`Reading::field`]; the texts of the value, which is a map, are secrets of a kind.
    pub fn secrets<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        kind: &'static str,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        self.field_after(Place::Anywhere, name, Some(Before::Secrets(kind)), map)
    }

    fn field_after<'de, A: MapAccess<'de>>(
        &mut self,
        of: Place,
        name: &str,
        before: Option<Before>,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        let Some(place) = of.field(name) else {
            map.next_value::<IgnoredAny>()?;
            return Ok(false);
        };
        let before = before.unwrap_or_else(|| self.texts.kind_of(name).map_or(Before::Nothing, Before::Secret));
        let mark = self.builder.open();
        self.builder.key(name);
        let built = map.next_value_seed(Seed { reading: self, place, before })?;
        Ok(self.keep(of, name, mark, built))
    }

    fn keep(&mut self, of: Place, name: &str, mark: Open, built: Option<Built>) -> bool {
        match built.filter(|built| of.keeps_field(name, &built.doc)) {
            Some(built) => self.builder.push(built),
            None => {
                self.builder.back_to(mark);
                return false;
            }
        }
        true
    }

    /// What is known of a field's value: of the map that it stands in, of its key, of its neighbours `name` and `kind`.
    fn before(&mut self, map: Before, key: &str, named: Option<&'static str>, of_secret: bool) -> Before {
        let kind = match (map, key) {
            (Before::Secrets(kind), _) => return Before::OfSecret(kind, self.texts.kind_of(key)),
            (_, "name") => return Before::Name,
            (_, "data" | "stringData") if of_secret => return Before::Secrets("secret"),
            (_, "value") => named.or_else(|| self.texts.kind_of(key)),
            _ => self.texts.kind_of(key),
        };
        kind.map_or(Before::Nothing, Before::Secret)
    }

    /// What was added last.
    pub fn last(&self) -> &Doc {
        self.builder.last()
    }

    /// Ends a map that [`Reading::open`] began.
    pub fn end(&mut self, map: OpenMap) {
        let built = self.builder.map(map.0);
        self.builder.push(built);
    }

    /// Begins a map that is a field of the one that is being read.
    pub fn open(&mut self, name: &str) -> OpenMap {
        self.builder.key(name);
        self.begin()
    }

    /// Drops the field whose map [`Reading::open`] began.
    pub fn forget(&mut self, map: OpenMap) {
        self.builder.back_to(map.0);
        self.builder.drop_key();
    }

    /// The whole.
    pub fn finish(mut self, map: OpenMap) -> Doc {
        self.builder.map(map.0).doc
    }
}

/// Reads one value; `None` where nothing of it is kept.
struct Seed<'r, 'p, T> {
    reading: &'r mut Reading<'p, T>,
    place: Place,
    before: Before,
}

impl<'de, T: Texts> DeserializeSeed<'de> for Seed<'_, '_, T> {
    type Value = Option<Built>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<T> Seed<'_, '_, T> {
    fn scalar<E>(self, node: Node) -> Result<Option<Built>, E> {
        self.reading.flag = None;
        Ok(Some(self.reading.builder.scalar(node)))
    }
}

impl<'de, T: Texts> Visitor<'de> for Seed<'_, '_, T> {
    type Value = Option<Built>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.scalar(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.scalar(Node::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.scalar(i64::try_from(value).map_or(Node::Unsigned(value), Node::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.scalar(if value.is_finite() { Node::Float(value) } else { Node::Null })
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.scalar(Node::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.scalar(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let Reading { builder, texts, flag, named } = self.reading;
        *flag = None;
        let kept = match self.before {
            Before::Secret(kind) => texts.secret(text, kind),
            Before::OfSecret(kind, own) => match (texts.secret(text, kind), own) {
                (Cow::Borrowed(text), Some(own)) => texts.secret(text, own),
                (kept, _) => kept,
            },
            // `["--password", "…"]`
            Before::After(Some(kind)) if !text.starts_with('-') => texts.secret(text, kind),
            Before::After(_) => {
                let name = text.strip_prefix("--").filter(|name| !name.contains('='));
                *flag = name.and_then(|name| texts.kind_of(name));
                texts.text(text)
            }
            Before::Name => {
                *named = texts.kind_of(text);
                texts.text(text)
            }
            Before::Nothing | Before::Secrets(_) => texts.text(text),
        };
        Ok(Some(builder.text(&kept)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let Seed { reading, place, .. } = self;
        let open = reading.builder.open();
        let (mut some, mut kept) = (false, false);
        let mut flag = None;
        while let Some(item) = items.next_element_seed(Seed {
            reading: &mut *reading,
            place: place.item(),
            before: Before::After(flag),
        })? {
            some = true;
            flag = reading.flag.take();
            if let Some(item) = item.filter(|item| place.keeps_item(&item.doc)) {
                kept = true;
                reading.builder.push(item);
            }
        }
        if some && !kept {
            return Ok(None);
        }
        Ok(Some(reading.builder.list(open)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let Seed { reading, place, before } = self;
        let open = reading.builder.open();
        let mut count = 0;
        // `{"name": "DB_PASSWORD", "value": "…"}`: environment variables, Helm's set values, Argo's parameters.
        let mut name: Option<Option<&'static str>> = None;
        let mut kind: Option<bool> = None;
        // What can only be read once a later field says what it is.
        let mut late: Vec<(usize, String, Value)> = Vec::new();
        while let Some(CowStr(key)) = fields.next_key()? {
            let Some(field) = place.field(&key) else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            let mark = reading.builder.open();
            reading.builder.key(&key);
            let depends = match &*key {
                "value" => name.is_none(),
                "data" | "stringData" => kind.is_none(),
                _ => false,
            };
            if depends {
                late.push((count, key.into_owned(), fields.next_value()?));
                let blank = reading.builder.scalar(Node::Null);
                reading.builder.push(blank);
                count += 1;
                continue;
            }
            let before = reading.before(before, &key, name.flatten(), kind == Some(true));
            reading.named = None;
            let built = fields.next_value_seed(Seed { reading: &mut *reading, place: field, before })?;
            let named = reading.named.take();
            if !reading.keep(place, &key, mark, built) {
                continue;
            }
            count += 1;
            match &*key {
                "name" => name = Some(named.filter(|_| reading.last().is_string())),
                "kind" => kind = Some(reading.last() == "Secret"),
                _ => {}
            }
        }
        for (at, key, value) in late {
            let before = reading.before(before, &key, name.flatten(), kind == Some(true));
            let seed = Seed { reading: &mut *reading, place: Place::Anywhere, before };
            let built = seed.deserialize(value).map_err(Error::custom)?;
            if let Some(built) = built {
                reading.builder.set(open, at, built);
            }
        }
        for (all, one) in place.repeats() {
            let builder = &mut reading.builder;
            let Some(place) = builder.find(open, all) else { continue };
            let one = builder.find(open, one).map(|place| builder.at(open, place));
            let repeats = matches!(builder.at(open, place).as_array(), Some([only]) if only.get("ip") == one);
            if repeats {
                builder.remove(open, place);
            }
        }
        reading.flag = None;
        Ok(Some(reading.builder.map(open)))
    }
}

/// A key or a text of what is read, without a copy where that can be.
pub struct CowStr<'de>(pub Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for CowStr<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = CowStr<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(CowStr(Cow::Borrowed(key)))
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
                Ok(CowStr(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

#[cfg(test)]
mod tests;
