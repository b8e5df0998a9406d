//! From the JSON of a body to an observation.

use std::collections::HashMap;
use std::num::NonZero;

use model::{Alike, Body, ChangeKind, ClusterId, Doc, ObjectRef, Observation, ObservationId, Pool, Source, Text, Time};
use serde::Deserialize;

use super::{EVENT, OBJECT};

/// Fewer are not worth a thread.
const FEW: usize = 32;
const MOST_THREADS: usize = 4;

/// A row that is not what we wrote.
#[derive(Clone, Debug)]
pub(crate) struct Torn {
    pub id: ObservationId,
    pub at: Time,
    pub cause: String,
}

impl Torn {
    /// What is put in its place where it is copied.
    pub fn gap(&self, cluster: &ClusterId) -> Observation {
        let reason = format!("an observation cannot be read: {}", self.cause);
        let body = Body::Gap { until: self.at, dropped: 1, reason };
        Observation::new(cluster.clone(), self.at, self.at, Source::Import, None, body)
    }
}

/// A row with its body unpacked.
pub(crate) struct Opened {
    pub id: ObservationId,
    pub at: Time,
    pub seen_at: Time,
    pub source: Option<Source>,
    /// The number of the body's type.
    pub kind: i64,
    pub subject: Option<ObjectRef>,
    /// JSON, or why there is none.
    pub plain: Result<Vec<u8>, String>,
}

impl Opened {
    /// Reads many, on several threads, in their order.
    pub fn read_all(rows: Vec<Opened>, cluster: &ClusterId) -> Vec<Result<Observation, Torn>> {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        let share = rows.len().div_ceil(threads).max(FEW);
        let read = |part: Vec<Opened>| {
            let mut reader = Reader::default();
            part.into_iter().map(|row| reader.read(row, cluster)).collect::<Vec<_>>()
        };
        let mut rows = rows.into_iter();
        std::thread::scope(|scope| {
            let own: Vec<Opened> = rows.by_ref().take(share).collect();
            let mut others = Vec::new();
            loop {
                let part: Vec<Opened> = rows.by_ref().take(share).collect();
                if part.is_empty() {
                    break;
                }
                others.push(scope.spawn(|| read(part)));
            }
            let mut all = read(own);
            for part in others {
                match part.join() {
                    Ok(part) => all.extend(part),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        })
    }
}

/// Reads bodies one after the other: an object by what is different from another one of its kind, and its further
/// versions by what is different from the first one.
#[derive(Default)]
pub(crate) struct Reader(HashMap<Text, OfKind>);

struct OfKind {
    alike: Alike<'static>,
    /// Whose version is remembered.
    of: Option<ObjectRef>,
}

impl Reader {
    pub fn read(&mut self, opened: Opened, cluster: &ClusterId) -> Result<Observation, Torn> {
        let Opened { id, at, seen_at, source, kind, subject, plain } = opened;
        let body = plain.and_then(|plain| {
            let quickly = subject.as_ref().filter(|_| kind == OBJECT).and_then(|of| self.version(of, &plain));
            quickly.map_or_else(|| body(kind, &plain).map_err(|error| error.to_string()), Ok)
        });
        match (body, source) {
            (Ok(body), Some(source)) => {
                Ok(Observation { id, cluster: cluster.clone(), at, seen_at, source, subject, body })
            }
            (Ok(_), None) => Err(Torn { id, at, cause: "its source is not known".into() }),
            (Err(cause), _) => Err(Torn { id, at, cause }),
        }
    }

    /// `None` where it is not as we write it.
    fn version(&mut self, subject: &ObjectRef, plain: &[u8]) -> Option<Body> {
        if !self.0.contains_key(&subject.kind) {
            self.0.insert(subject.kind.clone(), OfKind { alike: Alike::new(Pool::house()), of: None });
        }
        let OfKind { alike, of } = self.0.get_mut(&subject.kind)?;
        let (mut api_version, mut uid, mut resource_version, mut change, mut object) = (None, None, None, None, None);
        let take = |key: &str, doc: Doc| match key {
            "api_version" => api_version = doc.as_text(),
            "uid" => uid = doc.as_text(),
            "resource_version" => resource_version = doc.as_text(),
            "change" => change = change_of(&doc),
            "object" => object = Some(doc),
            _ => {}
        };
        let understood = if of.as_ref() == Some(subject) {
            alike.fields(plain, take)
        } else {
            *of = Some(subject.clone());
            alike.remember(plain, take)
        };
        if !understood {
            return None;
        }
        Some(Body::Object {
            api_version: api_version?,
            uid: uid?,
            resource_version: resource_version?,
            change: change?,
            object: object?,
        })
    }
}

fn change_of(doc: &Doc) -> Option<ChangeKind> {
    match doc.as_str()? {
        "present" => Some(ChangeKind::Present),
        "deleted" => Some(ChangeKind::Deleted),
        "counted" => Some(ChangeKind::Counted),
        _ => None,
    }
}

/// Objects and Events, nearly all there is, are read straight into their form: to find the tag first, serde would copy
/// the whole of a body and then read the copy.
fn body(kind: i64, plain: &[u8]) -> serde_json::Result<Body> {
    #[derive(Deserialize)]
    struct Version {
        api_version: Text,
        uid: Text,
        resource_version: Text,
        change: ChangeKind,
        object: Doc,
    }
    match kind {
        OBJECT => {
            let Version { api_version, uid, resource_version, change, object } = serde_json::from_slice(plain)?;
            Ok(Body::Object { api_version, uid, resource_version, change, object })
        }
        EVENT => serde_json::from_slice(plain).map(Body::Event),
        _ => serde_json::from_slice(plain),
    }
}
