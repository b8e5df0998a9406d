use std::collections::HashMap;
use std::sync::Arc;

use model::{ClusterId, ObjectRef, Observation, Time};
use rusqlite::{Connection, OptionalExtension, Row};

use super::bodies::{Bodies, Packed};
use super::opened::{Opened, Reader, Torn};
use super::{DELETION, OBJECT, SOURCES, TEMPLATE, ZSTD, shown_id};

/// Full versions that are kept while many differences are read, in bytes.
const MOST_KEPT: usize = 16 << 20;
const MOST_SUBJECTS: usize = 200_000;

/// Reads rows of [`super::COLUMNS`] and what they refer to.
pub(crate) struct Unpacker<'a> {
    cluster: &'a ClusterId,
    connection: &'a Connection,
    bodies: Bodies,
    words: HashMap<i64, Arc<str>>,
    subjects: HashMap<i64, Option<ObjectRef>>,
    reader: Reader,
}

impl<'a> Unpacker<'a> {
    pub fn new(connection: &'a Connection, cluster: &'a ClusterId) -> Self {
        Unpacker {
            cluster,
            connection,
            bodies: Bodies::new(MOST_KEPT),
            words: HashMap::new(),
            subjects: HashMap::new(),
            reader: Reader::default(),
        }
    }

    pub fn unpack(&mut self, row: &Row<'_>) -> rusqlite::Result<Result<Observation, Torn>> {
        let opened = self.open(row)?;
        Ok(self.reader.read(opened, self.cluster))
    }

    /// Everything but reading the JSON of the body, which any thread can.
    pub fn open(&mut self, row: &Row<'_>) -> rusqlite::Result<Opened> {
        let at = Time(row.get(2)?);
        let mut opened = Opened {
            id: shown_id(row.get_ref(1)?),
            at,
            seen_at: Time(at.0.wrapping_add(row.get(3)?)),
            source: None,
            kind: row.get(5)?,
            subject: None,
            plain: Ok(Vec::new()),
        };
        let source: i64 = row.get(4)?;
        opened.source = usize::try_from(source).ok().and_then(|number| SOURCES.get(number)).copied();
        if opened.source.is_none() {
            opened.plain = Err(format!("its source has the unknown number {source}"));
            return Ok(opened);
        }
        if let Some(number) = row.get::<_, Option<i64>>(6)? {
            opened.subject = self.subject(number)?;
            if opened.subject.is_none() {
                opened.plain = Err("what it is about is gone".into());
                return Ok(opened);
            }
        }
        let encoding = row.get::<_, i64>(7)? & !DELETION;
        let packed = Packed { encoding, base: row.get(8)?, body: row.get_ref(9)?.as_blob()? };
        opened.plain = self.bodies.plain(self.connection, &packed)?.map(<[u8]>::to_vec);
        if let (OBJECT, ZSTD | TEMPLATE, Ok(plain)) = (opened.kind, encoding, &opened.plain) {
            // What comes next is most often a difference to it.
            self.bodies.keep(row.get(0)?, plain.as_slice().into());
        }
        Ok(opened)
    }

    fn subject(&mut self, number: i64) -> rusqlite::Result<Option<ObjectRef>> {
        if let Some(known) = self.subjects.get(&number) {
            return Ok(known.clone());
        }
        let found: Option<(i64, i64, String)> = self
            .connection
            .prepare_cached("SELECT kind, namespace, name FROM subjects WHERE id = ?1")?
            .query_row([number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let subject = match found {
            Some((kind, namespace, name)) => match (self.word(kind)?, self.word(namespace)?) {
                (Some(kind), Some(namespace)) => Some(ObjectRef::new(&*kind, &*namespace, name)),
                (None, _) | (_, None) => None,
            },
            None => None,
        };
        if self.subjects.len() >= MOST_SUBJECTS {
            self.subjects.clear();
        }
        self.subjects.insert(number, subject.clone());
        Ok(subject)
    }

    fn word(&mut self, number: i64) -> rusqlite::Result<Option<Arc<str>>> {
        if let Some(known) = self.words.get(&number) {
            return Ok(Some(Arc::clone(known)));
        }
        let found: Option<String> = self
            .connection
            .prepare_cached("SELECT word FROM words WHERE id = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        Ok(found.map(|word| Arc::clone(self.words.entry(number).or_insert_with(|| word.into()))))
    }
}
