//! An observation as a row: what is asked for in columns, the body as JSON, compressed where that pays.

use std::collections::HashMap;

use model::{Body, ClusterId, ObjectRef, Observation, ObservationId, Source, Time};
use rusqlite::{CachedStatement, Row, params};

pub(crate) const COLUMNS: &str = "id, at, seen_at, source, type, kind, namespace, name, encoding, body";
pub(crate) const INSERT: &str = "INSERT OR IGNORE INTO observations
    (id, at, seen_at, source, type, kind, namespace, name, encoding, body)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

const PLAIN: i64 = 0;
const ZSTD: i64 = 1;
/// Shorter bodies do not shrink enough to pay for the frame.
const COMPRESS_FROM: usize = 512;
/// No body that we wrote is longer; a torn length must not ask for all memory.
const LONGEST_BODY: usize = 256 << 20;

/// One row of `observations`.
pub(crate) struct Packed<'a> {
    observation: &'a Observation,
    encoding: i64,
    body: Vec<u8>,
}

pub(crate) struct Packer {
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

impl Packer {
    pub fn new() -> Self {
        Packer { compressor: zstd::bulk::Compressor::new(3).ok() }
    }

    pub fn pack<'a>(&mut self, observation: &'a Observation) -> Packed<'a> {
        // A body is a tree of strings, numbers and maps with text keys: writing it as JSON cannot fail.
        let plain = serde_json::to_vec(&observation.body).unwrap_or_default();
        if plain.len() >= COMPRESS_FROM
            && let Some(compressor) = &mut self.compressor
            && let Ok(body) = compressor.compress(&plain)
            && body.len() < plain.len()
        {
            return Packed { observation, encoding: ZSTD, body };
        }
        Packed { observation, encoding: PLAIN, body: plain }
    }
}

impl Packed<'_> {
    /// Gives 1 where the observation is new, 0 where it was there.
    pub fn insert(&self, insert: &mut CachedStatement<'_>) -> rusqlite::Result<usize> {
        let Observation { id, at, seen_at, source, subject, body, cluster: _ } = self.observation;
        let subject = subject.as_ref();
        insert.execute(params![
            id.as_str(),
            at.0,
            seen_at.0,
            source.to_string(),
            type_of(body),
            subject.map(|s| s.kind.as_str()),
            subject.map(|s| s.namespace.as_str()),
            subject.map(|s| s.name.as_str()),
            self.encoding,
            self.body,
        ])
    }
}

/// A row that is not what we wrote.
pub(crate) struct Torn {
    pub id: String,
    pub at: Time,
    pub cause: String,
}

pub(crate) struct Unpacker<'a> {
    cluster: &'a ClusterId,
    sources: HashMap<String, Source>,
}

impl<'a> Unpacker<'a> {
    pub fn new(cluster: &'a ClusterId) -> Self {
        Unpacker { cluster, sources: HashMap::new() }
    }

    pub fn unpack(&mut self, row: &Row<'_>) -> rusqlite::Result<Result<Observation, Torn>> {
        let id: String = row.get(0)?;
        let at = Time(row.get(1)?);
        let torn = |cause: String| Torn { id: id.clone(), at, cause };
        let source: String = row.get(3)?;
        let source = match self.sources.get(&source) {
            Some(known) => *known,
            None => match serde_json::from_value(source.clone().into()) {
                Ok(parsed) => *self.sources.entry(source).or_insert(parsed),
                Err(_) => return Ok(Err(torn(format!("its source is `{source}`")))),
            },
        };
        let subject = match (row.get::<_, Option<String>>(5)?, row.get(6)?, row.get(7)?) {
            (Some(kind), Some(namespace), Some(name)) => Some(ObjectRef { kind, namespace, name }),
            (_, None::<String>, _) | (_, _, None::<String>) | (None, _, _) => None,
        };
        let bytes = row.get_ref(9)?.as_blob()?;
        let body = match row.get::<_, i64>(8)? {
            PLAIN => serde_json::from_slice(bytes).map_err(|e| e.to_string()),
            ZSTD => inflate(bytes).and_then(|plain| serde_json::from_slice(&plain).map_err(|e| e.to_string())),
            other => Err(format!("it is encoded in an unknown way ({other})")),
        };
        let body: Body = match body {
            Ok(body) => body,
            Err(cause) => return Ok(Err(torn(cause))),
        };
        Ok(Ok(Observation {
            id: ObservationId(id),
            cluster: self.cluster.clone(),
            at,
            seen_at: Time(row.get(2)?),
            source,
            subject,
            body,
        }))
    }
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let announced = zstd::bulk::Decompressor::upper_bound(bytes).unwrap_or(LONGEST_BODY).min(LONGEST_BODY);
    zstd::bulk::decompress(bytes, announced).map_err(|e| e.to_string())
}

/// JSON has no word for infinity and "not a number": such a body could be written and never be read.
pub(crate) fn is_finite(body: &Body) -> bool {
    match body {
        Body::Metric(metric) => metric.points.iter().all(|point| point.value.is_finite()),
        _ => true,
    }
}

/// The tag under which [`Body`] is serialised.
pub(crate) fn type_of(body: &Body) -> &'static str {
    match body {
        Body::Object { .. } => "object",
        Body::Event(_) => "event",
        Body::Log(_) => "log",
        Body::Metric(_) => "metric",
        Body::Probe(_) => "probe",
        Body::NodeAgent(_) => "node_agent",
        Body::Alert(_) => "alert",
        Body::Shape(_) => "shape",
        Body::Change { .. } => "change",
        Body::Dependencies { .. } => "dependencies",
        Body::ToolResult { .. } => "tool_result",
        Body::Note { .. } => "note",
        Body::Coverage { .. } => "coverage",
        Body::Gap { .. } => "gap",
    }
}

/// A row as it is stored, to be copied from file to file without being read as an observation.
pub(crate) struct Raw {
    id: String,
    at: i64,
    seen_at: i64,
    source: String,
    kind_of_body: String,
    subject: [Option<String>; 3],
    encoding: i64,
    body: Vec<u8>,
}

impl Raw {
    /// Takes a row of [`COLUMNS`].
    pub fn read(row: &Row<'_>) -> rusqlite::Result<Raw> {
        Ok(Raw {
            id: row.get(0)?,
            at: row.get(1)?,
            seen_at: row.get(2)?,
            source: row.get(3)?,
            kind_of_body: row.get(4)?,
            subject: [row.get(5)?, row.get(6)?, row.get(7)?],
            encoding: row.get(8)?,
            body: row.get(9)?,
        })
    }

    pub fn insert(&self, insert: &mut CachedStatement<'_>) -> rusqlite::Result<usize> {
        let [kind, namespace, name] = &self.subject;
        insert.execute(params![
            self.id,
            self.at,
            self.seen_at,
            self.source,
            self.kind_of_body,
            kind,
            namespace,
            name,
            self.encoding,
            self.body,
        ])
    }

    /// Adds everything the row says to a digest, each part preceded by its length.
    pub fn digest(&self, hasher: &mut blake3::Hasher) {
        let [kind, namespace, name] = self.subject.each_ref().map(|part| part.as_deref().unwrap_or("\0").as_bytes());
        let (at, seen_at, encoding) = (self.at.to_le_bytes(), self.seen_at.to_le_bytes(), self.encoding.to_le_bytes());
        let parts: [&[u8]; 10] = [
            self.id.as_bytes(),
            &at,
            &seen_at,
            self.source.as_bytes(),
            self.kind_of_body.as_bytes(),
            kind,
            namespace,
            name,
            &encoding,
            &self.body,
        ];
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
}
