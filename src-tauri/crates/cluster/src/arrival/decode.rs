//! From bytes to what is kept of an object, in one pass: managed fields, copied configuration and the values of
//! ConfigMaps and Secrets are passed over while they are read and are never in memory as values.

use std::borrow::Cow;
use std::fmt;

use model::{CowStr, Doc, Place, Pool, Reading, Text, Texts, Time};
use redact::Redactor;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::Kind;

/// An object as it arrived: projected, without secrets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Incoming {
    pub name: Text,
    pub namespace: Text,
    pub uid: Text,
    pub resource_version: Text,
    /// The last write that the API server recorded.
    pub written_at: Option<Time>,
    /// The endpoints controller's own date.
    pub triggered_at: Option<Time>,
    pub object: Doc,
    /// An Event as it was sent; of other kinds null. Of Events only what they say is kept.
    pub event: Value,
}

/// One line of a watch.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    Added(Incoming),
    Modified(Incoming),
    Deleted(Incoming),
    /// Nothing changed up to a version; `whole` ends the initial events of a streamed list.
    Bookmark {
        version: String,
        whole: bool,
    },
    /// A status object.
    Error(Value),
}

const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// Text longer than this is cut: it is a file that somebody put into an annotation.
const LONGEST_TEXT: usize = 256 << 10;

/// Reads objects of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Decoder<'a> {
    pub kind: &'a Kind,
    pub redactor: &'a Redactor,
}

impl Decoder<'_> {
    /// An item of a list. The error says what is odd about it.
    pub(crate) fn item(self, bytes: &[u8]) -> Result<Incoming, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let found = ObjectSeed(self).deserialize(&mut json)?;
        json.end()?;
        Ok(found)
    }

    pub(crate) fn line(self, bytes: &[u8]) -> Result<Line, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let line = json.deserialize_map(LineVisitor(self))?;
        json.end()?;
        Ok(line)
    }
}

struct LineVisitor<'a>(Decoder<'a>);

impl<'de> Visitor<'de> for LineVisitor<'_> {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event of a watch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
        let mut event = String::new();
        let mut line = None;
        // Every API server names the event first; one that does not costs a copy.
        let mut early: Option<Value> = None;
        while let Some(CowStr(key)) = map.next_key()? {
            match &*key {
                "type" => event = map.next_value()?,
                "object" => match event.as_str() {
                    "ADDED" => line = Some(Line::Added(map.next_value_seed(ObjectSeed(self.0))?)),
                    "MODIFIED" => line = Some(Line::Modified(map.next_value_seed(ObjectSeed(self.0))?)),
                    "DELETED" => line = Some(Line::Deleted(map.next_value_seed(ObjectSeed(self.0))?)),
                    _ => early = Some(map.next_value()?),
                },
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if let Some(line) = line {
            return Ok(line);
        }
        let object = early.ok_or_else(|| A::Error::missing_field("object"))?;
        let incoming = |object: Value| ObjectSeed(self.0).deserialize(object).map_err(A::Error::custom);
        match event.as_str() {
            "BOOKMARK" => {
                let metadata = &object["metadata"];
                let version = metadata["resourceVersion"].as_str().filter(|version| !version.is_empty());
                let version = version.ok_or_else(|| A::Error::custom("a bookmark without a version"))?.to_owned();
                let whole = metadata["annotations"]["k8s.io/initial-events-end"] == "true";
                Ok(Line::Bookmark { version, whole })
            }
            "ERROR" => Ok(Line::Error(object)),
            "ADDED" => incoming(object).map(Line::Added),
            "MODIFIED" => incoming(object).map(Line::Modified),
            "DELETED" => incoming(object).map(Line::Deleted),
            other => Err(A::Error::custom(format!("an event of the unknown type `{other}`"))),
        }
    }
}

struct ObjectSeed<'a>(Decoder<'a>);

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = Incoming;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Incoming, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = Incoming;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Incoming, A::Error> {
        let Decoder { kind, redactor } = self.0;
        if kind.is_event() {
            return event(map);
        }
        let bare_kind = &*kind.kind;
        let values_hidden = kind.group.is_empty() && matches!(bare_kind, "ConfigMap" | "Secret");
        let place = Place::of_kind(&kind.name());
        let mut found = Incoming::default();
        let mut reading = Reading::new(Pool::house(), Kept(redactor.reading()));
        let object = reading.begin();
        reading.text("apiVersion", &kind.api_version());
        reading.text("kind", bare_kind);
        let mut keys = Map::new();
        while let Some(CowStr(field)) = map.next_key()? {
            match &*field {
                // A list's items do not say their own kind.
                "apiVersion" | "kind" => {
                    map.next_value::<IgnoredAny>()?;
                }
                "metadata" => {
                    let open = reading.open(&field);
                    map.next_value_seed(MetadataSeed { found: &mut found, reading: &mut reading })?;
                    reading.end(open);
                }
                // Whatever the server sent, metadata is all that stays.
                _ if kind.metadata_only() && field != "type" => {
                    map.next_value::<IgnoredAny>()?;
                }
                "data" | "binaryData" | "stringData" if values_hidden => {
                    map.next_value_seed(ShapeSeed { redactor, keys: &mut keys })?;
                }
                "data" | "stringData" if bare_kind == "Secret" => {
                    reading.secrets(&field, "secret", &mut map)?;
                }
                _ => {
                    reading.field(place, &field, &mut map)?;
                }
            }
        }
        if values_hidden && !kind.metadata_only() {
            reading.value("keys", &Value::Object(keys));
        }
        if found.name.is_empty() {
            return Err(A::Error::custom("an object without a name"));
        }
        found.object = reading.finish(object);
        Ok(found)
    }
}

fn event<'de, A: MapAccess<'de>>(mut map: A) -> Result<Incoming, A::Error> {
    let mut event = Map::new();
    while let Some(CowStr(field)) = map.next_key()? {
        event.insert(field.into_owned(), map.next_value_seed(AnySeed)?);
    }
    let text = |field: &str| {
        Text::from(event.get("metadata").and_then(|metadata| metadata[field].as_str()).unwrap_or_default())
    };
    if !event.get("metadata").is_some_and(|metadata| metadata["name"].is_string()) {
        return Err(A::Error::custom("an object without a name"));
    }
    Ok(Incoming {
        name: text("name"),
        namespace: text("namespace"),
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        event: Value::Object(event),
        ..Incoming::default()
    })
}

/// Texts without secrets, the longest cut.
struct Kept<'r>(redact::Reading<'r>);

impl Texts for Kept<'_> {
    fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if text.len() <= LONGEST_TEXT { self.0.text(text) } else { Cow::Owned(short(text)) }
    }

    fn kind_of(&mut self, name: &str) -> Option<&'static str> {
        self.0.kind_of(name)
    }

    fn secret<'t>(&mut self, text: &'t str, kind: &'static str) -> Cow<'t, str> {
        if text.len() <= LONGEST_TEXT {
            self.0.secret(text, kind)
        } else {
            Cow::Owned(self.0.secret(&short(text), kind).into_owned())
        }
    }
}

struct MetadataSeed<'a, 'r> {
    found: &'a mut Incoming,
    reading: &'a mut Reading<'static, Kept<'r>>,
}

impl<'de> DeserializeSeed<'de> for MetadataSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MetadataSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object's metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let MetadataSeed { found, reading } = self;
        while let Some(CowStr(field)) = map.next_key()? {
            let own = match &*field {
                "name" => Some(&mut found.name),
                "namespace" => Some(&mut found.namespace),
                "uid" => Some(&mut found.uid),
                "resourceVersion" => Some(&mut found.resource_version),
                _ => None,
            };
            match (own, &*field) {
                (Some(own), _) => {
                    // What is no text here says nothing.
                    if let MaybeText(Some(text)) = map.next_value()? {
                        *own = reading.own(&field, &text);
                    }
                }
                (None, "managedFields") => found.written_at = map.next_value_seed(WrittenSeed)?,
                (None, "annotations") => {
                    let open = reading.open(&field);
                    let some = map.next_value_seed(AnnotationsSeed { found: &mut *found, reading: &mut *reading })?;
                    if some {
                        reading.end(open);
                    } else {
                        reading.forget(open);
                    }
                }
                (None, _) => {
                    reading.field(Place::Metadata, &field, &mut map)?;
                }
            }
        }
        Ok(())
    }
}

/// Gives whether any are kept.
struct AnnotationsSeed<'a, 'r> {
    found: &'a mut Incoming,
    reading: &'a mut Reading<'static, Kept<'r>>,
}

impl<'de> DeserializeSeed<'de> for AnnotationsSeed<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnnotationsSeed<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("annotations")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut some = false;
        while let Some(CowStr(name)) = map.next_key()? {
            if name == TRIGGERED {
                let MaybeText(at) = map.next_value()?;
                self.found.triggered_at = at.and_then(|at| at.parse().ok());
            } else {
                some |= self.reading.field(Place::Annotations, &name, &mut map)?;
            }
        }
        Ok(some)
    }
}

/// The latest time of managed fields; the fields are passed over.
struct WrittenSeed;

impl<'de> DeserializeSeed<'de> for WrittenSeed {
    type Value = Option<Time>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Time>, D::Error> {
        #[derive(serde::Deserialize)]
        struct Entry {
            #[serde(default, deserialize_with = "lenient")]
            time: Option<Time>,
        }
        fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
            let text = AnySeed.deserialize(deserializer)?;
            Ok(text.as_str().and_then(|text| text.parse().ok()))
        }
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Option<Time>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("managed fields")
            }

            fn visit_unit<E: Error>(self) -> Result<Option<Time>, E> {
                Ok(None)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Option<Time>, A::Error> {
                let mut latest = None;
                while let Some(entry) = entries.next_element::<Entry>()? {
                    latest = latest.max(entry.time);
                }
                Ok(latest)
            }
        }
        deserializer.deserialize_any(Entries)
    }
}

/// Size and keyed digest of each value; the values themselves are not kept.
struct ShapeSeed<'a> {
    redactor: &'a Redactor,
    keys: &'a mut Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for ShapeSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ShapeSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        struct Digest<'a>(&'a Redactor);
        impl<'de> DeserializeSeed<'de> for Digest<'_> {
            type Value = Value;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                deserializer.deserialize_str(self)
            }
        }
        impl Visitor<'_> for Digest<'_> {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
                Ok(json!({ "bytes": text.len(), "digest": self.0.digest(text.as_bytes()) }))
            }
        }
        while let Some(CowStr(key)) = map.next_key()? {
            let shape = map.next_value_seed(Digest(self.redactor))?;
            self.keys.insert(key.into_owned(), shape);
        }
        Ok(())
    }
}

/// A text, or anything else.
struct MaybeText(Option<String>);

impl<'de> serde::Deserialize<'de> for MaybeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(MaybeText(match AnySeed.deserialize(deserializer)? {
            Value::String(text) => Some(text),
            _ => None,
        }))
    }
}

/// Any JSON, its longest texts cut.
struct AnySeed;

impl<'de> DeserializeSeed<'de> for AnySeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnySeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(short(text).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(AnySeed)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(CowStr(key)) = map.next_key()? {
            object.insert(key.into_owned(), map.next_value_seed(AnySeed)?);
        }
        Ok(Value::Object(object))
    }
}

/// What was cut is not kept in part: half of a secret has no form by which it could be told.
fn short(text: &str) -> String {
    if text.len() <= LONGEST_TEXT { text.to_owned() } else { format!("[left out: {} bytes]", text.len()) }
}
