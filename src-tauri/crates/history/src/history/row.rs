//! An observation as a row: what is asked for in columns, names by number, the body as JSON, packed.

mod bodies;
mod lanes;
mod opened;
mod pack;
mod patch;
mod unpack;

use model::{Body, ObservationId, Source};

pub(crate) use opened::{Opened, Reader, Torn};
pub(crate) use pack::Packer;
pub(crate) use unpack::Unpacker;

pub(crate) const COLUMNS: &str = "seq, id, at, lag, source, type, subject, encoding, base, body";

/// JSON as it is.
const PLAIN: i64 = 0;
/// A zstd frame.
const ZSTD: i64 = 1;
/// A zstd frame without its magic number, over the plain body of the full version `base`.
const DIFFERENCE: i64 = 2;
/// A zstd frame without its magic number, over the dictionary `base`.
const TEMPLATE: i64 = 3;
/// A patch to the plain body of the full version `base`, since format 3.
const PATCH: i64 = 4;

/// Added to the encoding of the news that an object is gone.
const DELETION: i64 = 8;

/// What every zstd frame begins with (RFC 8878, 3.1.1); not kept for the short ones.
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// No body that we wrote is longer; a torn length must not ask for all memory.
const LONGEST_BODY: usize = 256 << 20;

/// JSON has no word for infinity and "not a number": such a body could be written and never be read.
pub(crate) fn is_finite(body: &Body) -> bool {
    match body {
        Body::Metric(metric) => metric.points.iter().all(|point| point.value.is_finite()),
        _ => true,
    }
}

/// The number of a body's type in the column `type`.
fn type_of(body: &Body) -> i64 {
    match body {
        Body::Object { .. } => OBJECT,
        Body::Event(_) => EVENT,
        Body::Log(_) => 2,
        Body::Metric(_) => 3,
        Body::Probe(_) => 4,
        Body::NodeAgent(_) => 5,
        Body::Alert(_) => 6,
        Body::Shape(_) => 7,
        Body::Change { .. } => 8,
        Body::Dependencies { .. } => 9,
        Body::ToolResult { .. } => 10,
        Body::Note { .. } => 11,
        Body::Coverage { .. } => 12,
        Body::Gap { .. } => GAP,
    }
}

/// The tags under which [`Body`] is serialised, by number.
const TAGS: [&str; 14] = [
    "object",
    "event",
    "log",
    "metric",
    "probe",
    "node_agent",
    "alert",
    "shape",
    "change",
    "dependencies",
    "tool_result",
    "note",
    "coverage",
    "gap",
];

/// The number of a type by its tag; none has −1.
pub(crate) fn type_number(tag: &str) -> i64 {
    (0..).zip(TAGS).find(|(_, known)| *known == tag).map_or(-1, |(number, _)| number)
}

pub(crate) fn tag_of(body: &Body) -> &'static str {
    usize::try_from(type_of(body)).ok().and_then(|number| TAGS.get(number)).copied().unwrap_or_default()
}

pub(crate) const OBJECT: i64 = 0;
pub(crate) const EVENT: i64 = 1;
pub(crate) const GAP: i64 = 13;
/// The first type that `observations_rare` lists.
pub(crate) const FIRST_RARE: i64 = 2;

const SOURCES: [Source; 5] = [Source::Watch, Source::Read, Source::Import, Source::Script, Source::Person];

fn source_number(source: Source) -> i64 {
    (0..).zip(SOURCES).find(|(_, known)| *known == source).map_or(-1, |(number, _)| number)
}

/// How an id stands in the column `id`: the 12 bytes of the usual form, anything else as text.
pub(crate) enum StoredId<'a> {
    Usual([u8; 12]),
    Other(&'a str),
}

impl<'a> StoredId<'a> {
    pub fn of(id: &'a ObservationId) -> Self {
        id.parts().map_or_else(StoredId::Other, StoredId::Usual)
    }
}

impl rusqlite::ToSql for StoredId<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            StoredId::Usual(bytes) => ValueRef::Blob(bytes),
            StoredId::Other(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// The id as the rest of the program knows it.
fn shown_id(stored: rusqlite::types::ValueRef<'_>) -> ObservationId {
    use rusqlite::types::ValueRef;
    match stored {
        ValueRef::Blob(bytes) => match <[u8; 12]>::try_from(bytes) {
            Ok(bytes) => bytes.into(),
            Err(_) => "".into(),
        },
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => "".into(),
    }
}

/// What decides whether a row is kept.
pub(crate) struct Keeping {
    pub seq: i64,
    pub at: model::Time,
    pub id: model::ObservationId,
    pub is_object: bool,
    pub is_deletion: bool,
    /// The full version that it builds on.
    pub base: Option<i64>,
}

pub(crate) const KEEPING_COLUMNS: &str = "seq, at, id, type, encoding, base";

/// Whether a row of [`COLUMNS`] is the news that an object is gone.
pub(crate) fn is_deletion(row: &rusqlite::Row<'_>) -> rusqlite::Result<bool> {
    Ok(row.get::<_, i64>(7)? & DELETION != 0)
}

impl Keeping {
    /// Of a row of [`KEEPING_COLUMNS`].
    pub fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let encoding: i64 = row.get(4)?;
        let base: Option<i64> = row.get(5)?;
        Ok(Keeping {
            seq: row.get(0)?,
            at: model::Time(row.get(1)?),
            id: shown_id(row.get_ref(2)?),
            is_object: row.get::<_, i64>(3)? == OBJECT,
            is_deletion: encoding & DELETION != 0,
            base: base.filter(|_| matches!(encoding & !DELETION, DIFFERENCE | PATCH)),
        })
    }
}

/// The row with the id `?1`, a [`StoredId`]. The index has only its first bytes.
pub(crate) const BY_ID: &str = "substr(id, 1, 4) = substr(?1, 1, 4) AND id = ?1";
const KNOWN: &str = "SELECT 1 FROM observations WHERE substr(id, 1, 4) = substr(?1, 1, 4) AND id = ?1";
