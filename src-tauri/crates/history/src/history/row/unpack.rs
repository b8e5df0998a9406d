use std::collections::HashMap;
use std::sync::Arc;

use model::{ClusterId, ObjectRef, Observation, Time};
use rusqlite::{Connection, OptionalExtension, Row};

use super::opened::{Opened, Torn};
use super::{DELETION, DIFFERENCE, LONGEST_BODY, MAGIC, OBJECT, PLAIN, SOURCES, TEMPLATE, ZSTD, shown_id};

/// Full versions that are kept while many differences are read, in bytes.
const MOST_KEPT: usize = 16 << 20;
const MOST_SUBJECTS: usize = 200_000;

/// Reads rows of [`super::COLUMNS`] and what they refer to.
pub(crate) struct Unpacker<'a> {
    cluster: &'a ClusterId,
    connection: &'a Connection,
    context: zstd::zstd_safe::DCtx<'static>,
    frame: Vec<u8>,
    plain: Vec<u8>,
    words: HashMap<i64, Arc<str>>,
    subjects: HashMap<i64, Option<ObjectRef>>,
    /// Plain bodies of full versions, and dictionaries (by their number, negative).
    kept: HashMap<i64, Arc<[u8]>>,
    kept_bytes: usize,
}

impl<'a> Unpacker<'a> {
    pub fn new(connection: &'a Connection, cluster: &'a ClusterId) -> Self {
        Unpacker {
            cluster,
            connection,
            context: zstd::zstd_safe::DCtx::create(),
            frame: Vec::new(),
            plain: Vec::new(),
            words: HashMap::new(),
            subjects: HashMap::new(),
            kept: HashMap::new(),
            kept_bytes: 0,
        }
    }

    pub fn unpack(&mut self, row: &Row<'_>) -> rusqlite::Result<Result<Observation, Torn>> {
        Ok(self.open(row)?.read(self.cluster))
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
        opened.plain = self.body(&packed)?.map(<[u8]>::to_vec);
        if let (OBJECT, ZSTD | TEMPLATE, Ok(plain)) = (opened.kind, encoding, &opened.plain) {
            // What comes next is most often a difference to it.
            self.keep(row.get(0)?, plain.as_slice().into());
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

    /// The JSON of a body.
    fn body<'b>(&'b mut self, packed: &Packed<'b>) -> rusqlite::Result<Result<&'b [u8], String>> {
        let base = match (packed.encoding, packed.base) {
            (PLAIN, _) => return Ok(Ok(packed.body)),
            (ZSTD, _) => Arc::default(),
            (DIFFERENCE, Some(base)) => match self.full_version(base)? {
                Ok(plain) => plain,
                Err(cause) => return Ok(Err(format!("the full version that it builds on cannot be read: {cause}"))),
            },
            (TEMPLATE, Some(base)) => match self.dictionary(base)? {
                Some(dictionary) => dictionary,
                None => return Ok(Err("the dictionary that it was packed with is gone".into())),
            },
            (DIFFERENCE | TEMPLATE, None) => return Ok(Err("it does not say what it builds on".into())),
            (other, _) => return Ok(Err(format!("it is encoded in an unknown way ({other})"))),
        };
        Ok(self.inflate(packed, &base).map(|()| self.plain.as_slice()))
    }

    /// Unpacks into `self.plain`.
    fn inflate(&mut self, packed: &Packed<'_>, base: &[u8]) -> Result<(), String> {
        let frame = if packed.encoding == ZSTD {
            packed.body
        } else {
            self.frame.clear();
            self.frame.extend_from_slice(&MAGIC);
            self.frame.extend_from_slice(packed.body);
            &self.frame
        };
        let announced = match zstd::zstd_safe::get_frame_content_size(frame) {
            Ok(Some(length)) => usize::try_from(length).unwrap_or(usize::MAX),
            Ok(None) => LONGEST_BODY,
            Err(_) => return Err("its body is torn".into()),
        };
        if announced > LONGEST_BODY {
            return Err(format!("its body claims to be {announced} bytes long"));
        }
        self.plain.clear();
        self.plain.reserve(announced);
        self.context
            .decompress_using_dict(&mut self.plain, frame, base)
            .map(drop)
            .map_err(|code| zstd::zstd_safe::get_error_name(code).to_owned())
    }

    /// The plain body of a row that is no difference itself.
    pub(super) fn full_version(&mut self, seq: i64) -> rusqlite::Result<Result<Arc<[u8]>, String>> {
        if let Some(known) = self.kept.get(&seq) {
            return Ok(Ok(Arc::clone(known)));
        }
        let row: Option<(i64, Option<i64>, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT encoding, base, body FROM observations WHERE seq = ?1")?
            .query_row([seq], |row| Ok((row.get::<_, i64>(0)? & !DELETION, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((encoding, base, body)) = row else { return Ok(Err("it is gone".into())) };
        if encoding == DIFFERENCE {
            return Ok(Err("it is a difference itself".into()));
        }
        let plain = self.body(&Packed { encoding, base, body: &body })?.map(Arc::from);
        if let Ok(plain) = &plain {
            self.keep(seq, Arc::clone(plain));
        }
        Ok(plain)
    }

    fn dictionary(&mut self, number: i64) -> rusqlite::Result<Option<Arc<[u8]>>> {
        if let Some(known) = self.kept.get(&-number) {
            return Ok(Some(Arc::clone(known)));
        }
        let found: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT body FROM dictionaries WHERE id = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        Ok(found.map(|body| {
            let body: Arc<[u8]> = body.into();
            self.keep(-number, Arc::clone(&body));
            body
        }))
    }

    fn keep(&mut self, number: i64, plain: Arc<[u8]>) {
        if self.kept.contains_key(&number) {
            return;
        }
        if self.kept_bytes > MOST_KEPT {
            self.kept.clear();
            self.kept_bytes = 0;
        }
        self.kept_bytes += plain.len();
        self.kept.insert(number, plain);
    }
}

struct Packed<'a> {
    encoding: i64,
    base: Option<i64>,
    body: &'a [u8],
}
