//! From the JSON of a body to an observation.

use std::num::NonZero;

use model::{Body, ChangeKind, ClusterId, Doc, ObjectRef, Observation, ObservationId, Source, Text, Time};
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
    pub fn read(self, cluster: &ClusterId) -> Result<Observation, Torn> {
        let Opened { id, at, seen_at, source, kind, subject, plain } = self;
        let body = plain.and_then(|plain| body(kind, &plain).map_err(|error| error.to_string()));
        match (body, source) {
            (Ok(body), Some(source)) => {
                Ok(Observation { id, cluster: cluster.clone(), at, seen_at, source, subject, body })
            }
            (Ok(_), None) => Err(Torn { id, at, cause: "its source is not known".into() }),
            (Err(cause), _) => Err(Torn { id, at, cause }),
        }
    }

    /// Reads many, on several threads, in their order.
    pub fn read_all(rows: Vec<Opened>, cluster: &ClusterId) -> Vec<Result<Observation, Torn>> {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        let share = rows.len().div_ceil(threads).max(FEW);
        let mut rows = rows.into_iter();
        std::thread::scope(|scope| {
            let own: Vec<Opened> = rows.by_ref().take(share).collect();
            let mut others = Vec::new();
            loop {
                let part: Vec<Opened> = rows.by_ref().take(share).collect();
                if part.is_empty() {
                    break;
                }
                others.push(scope.spawn(move || part.into_iter().map(|row| row.read(cluster)).collect::<Vec<_>>()));
            }
            let mut read: Vec<_> = own.into_iter().map(|row| row.read(cluster)).collect();
            for part in others {
                match part.join() {
                    Ok(part) => read.extend(part),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            read
        })
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
