//! From bytes to what is kept of an object, in one pass: managed fields, copied configuration and the values of
//! ConfigMaps and Secrets are passed over while they are read and are never in memory as values.

use std::fmt;

use model::Time;
use redact::Redactor;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::Kind;

/// An object as it arrived, projected.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Incoming {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub resource_version: String,
    /// The last write that the API server recorded.
    pub written_at: Option<Time>,
    /// The endpoints controller's own date.
    pub triggered_at: Option<Time>,
    pub object: Value,
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

/// What is left out of annotations; `model::project` says why.
const COPIES: &[&str] =
    &["kubectl.kubernetes.io/last-applied-configuration", "control-plane.alpha.kubernetes.io/leader"];
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
        while let Some(key) = map.next_key::<Field>()? {
            match key.0.as_str() {
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
        let values_hidden = kind.group.is_empty() && matches!(&*kind.kind, "ConfigMap" | "Secret");
        let mut found = Incoming::default();
        let mut object = Map::new();
        object.insert("apiVersion".into(), kind.api_version().into());
        object.insert("kind".into(), kind.kind.clone().into());
        let mut keys = Map::new();
        while let Some(Field(field)) = map.next_key()? {
            match field.as_str() {
                // A list's items do not say their own kind.
                "apiVersion" | "kind" => {
                    map.next_value::<IgnoredAny>()?;
                }
                "metadata" => {
                    let metadata = map.next_value_seed(MetadataSeed(&mut found))?;
                    object.insert(field, metadata);
                }
                // Whatever the server sent, metadata is all that stays.
                _ if kind.metadata_only() && field != "type" => {
                    map.next_value::<IgnoredAny>()?;
                }
                "data" | "binaryData" | "stringData" if values_hidden => {
                    map.next_value_seed(ShapeSeed { redactor, keys: &mut keys })?;
                }
                _ => {
                    object.insert(field, map.next_value_seed(AnySeed)?);
                }
            }
        }
        if values_hidden && !kind.metadata_only() {
            object.insert("keys".into(), Value::Object(keys));
        }
        if found.name.is_empty() {
            return Err(A::Error::custom("an object without a name"));
        }
        found.object = Value::Object(object);
        Ok(found)
    }
}

struct MetadataSeed<'a>(&'a mut Incoming);

impl<'de> DeserializeSeed<'de> for MetadataSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MetadataSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object's metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut metadata = Map::new();
        while let Some(Field(field)) = map.next_key()? {
            match field.as_str() {
                "selfLink" => {
                    map.next_value::<IgnoredAny>()?;
                }
                "managedFields" => {
                    self.0.written_at = map.next_value_seed(WrittenSeed)?;
                }
                _ => {
                    let mut value = map.next_value_seed(AnySeed)?;
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    match field.as_str() {
                        "name" => self.0.name = text(&value),
                        "namespace" => self.0.namespace = text(&value),
                        "uid" => self.0.uid = text(&value),
                        "resourceVersion" => self.0.resource_version = text(&value),
                        "annotations" => {
                            let Some(annotations) = value.as_object_mut() else { continue };
                            if let Some(Value::String(at)) = annotations.remove(TRIGGERED) {
                                self.0.triggered_at = at.parse().ok();
                            }
                            annotations.retain(|key, _| !COPIES.contains(&key.as_str()));
                            if annotations.is_empty() {
                                continue;
                            }
                        }
                        _ => {}
                    }
                    metadata.insert(field, value);
                }
            }
        }
        Ok(Value::Object(metadata))
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
        while let Some(Field(key)) = map.next_key()? {
            let shape = map.next_value_seed(Digest(self.redactor))?;
            self.keys.insert(key, shape);
        }
        Ok(())
    }
}

/// A key, read without a copy where that can be.
struct Field(String);

impl<'de> serde::Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Field)
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
        while let Some(Field(key)) = map.next_key()? {
            object.insert(key, map.next_value_seed(AnySeed)?);
        }
        Ok(Value::Object(object))
    }
}

/// What was cut is not kept in part: half of a secret has no form by which it could be told.
fn short(text: &str) -> String {
    if text.len() <= LONGEST_TEXT { text.to_owned() } else { format!("[left out: {} bytes]", text.len()) }
}
