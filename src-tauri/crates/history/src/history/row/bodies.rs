use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::{DELETION, DIFFERENCE, LONGEST_BODY, MAGIC, PATCH, PLAIN, TEMPLATE, ZSTD, patch};

/// Unpacks bodies, and remembers what many of them build on.
pub(super) struct Bodies {
    context: zstd::zstd_safe::DCtx<'static>,
    frame: Vec<u8>,
    plain: Vec<u8>,
    /// Plain bodies of full versions, and how much of them is kept at most; in bytes.
    versions: HashMap<i64, Arc<[u8]>>,
    bytes: usize,
    most: usize,
    dictionaries: HashMap<i64, Arc<[u8]>>,
}

pub(super) struct Packed<'a> {
    pub encoding: i64,
    pub base: Option<i64>,
    pub body: &'a [u8],
}

impl Bodies {
    pub fn new(most: usize) -> Self {
        Bodies {
            context: zstd::zstd_safe::DCtx::create(),
            frame: Vec::new(),
            plain: Vec::new(),
            versions: HashMap::new(),
            bytes: 0,
            most,
            dictionaries: HashMap::new(),
        }
    }

    /// Forgets everything that may not be in the file any more.
    pub fn forget(&mut self) {
        self.versions.clear();
        self.bytes = 0;
        self.dictionaries.clear();
    }

    /// The JSON of a body, or why there is none.
    pub fn plain<'b>(
        &'b mut self,
        connection: &Connection,
        packed: &Packed<'b>,
    ) -> rusqlite::Result<Result<&'b [u8], String>> {
        let base = match (packed.encoding, packed.base) {
            (PLAIN, _) => return Ok(Ok(packed.body)),
            (ZSTD, _) => Arc::default(),
            (DIFFERENCE | PATCH, Some(base)) => match self.full_version(connection, base)? {
                Ok(plain) => plain,
                Err(cause) => return Ok(Err(format!("the full version that it builds on cannot be read: {cause}"))),
            },
            (TEMPLATE, Some(base)) => match self.dictionary(connection, base)? {
                Some(dictionary) => dictionary,
                None => return Ok(Err("the dictionary that it was packed with is gone".into())),
            },
            (DIFFERENCE | PATCH | TEMPLATE, None) => return Ok(Err("it does not say what it builds on".into())),
            (other, _) => return Ok(Err(format!("it is encoded in an unknown way ({other})"))),
        };
        self.plain.clear();
        let unpacked = if packed.encoding == PATCH {
            patch::apply(&base, packed.body, LONGEST_BODY, &mut self.plain).ok_or_else(|| "its body is torn".into())
        } else {
            self.inflate(packed, &base)
        };
        Ok(unpacked.map(|()| self.plain.as_slice()))
    }

    /// Unpacks a frame into `self.plain`.
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
        self.plain.reserve(announced);
        self.context
            .decompress_using_dict(&mut self.plain, frame, base)
            .map(drop)
            .map_err(|code| zstd::zstd_safe::get_error_name(code).to_owned())
    }

    /// The plain body of a row that is no difference itself.
    pub fn full_version(&mut self, connection: &Connection, seq: i64) -> rusqlite::Result<Result<Arc<[u8]>, String>> {
        if let Some(known) = self.versions.get(&seq) {
            return Ok(Ok(Arc::clone(known)));
        }
        let mut statement =
            connection.prepare_cached("SELECT encoding, base, body FROM observations WHERE seq = ?1")?;
        let mut rows = statement.query([seq])?;
        let Some(row) = rows.next()? else { return Ok(Err("it is gone".into())) };
        let encoding = row.get::<_, i64>(0)? & !DELETION;
        if matches!(encoding, DIFFERENCE | PATCH) {
            return Ok(Err("it is a difference itself".into()));
        }
        let packed = Packed { encoding, base: row.get(1)?, body: row.get_ref(2)?.as_blob()? };
        let plain = self.plain(connection, &packed)?.map(Arc::from);
        if let Ok(plain) = &plain {
            self.keep(seq, Arc::clone(plain));
        }
        Ok(plain)
    }

    fn dictionary(&mut self, connection: &Connection, number: i64) -> rusqlite::Result<Option<Arc<[u8]>>> {
        if let Some(known) = self.dictionaries.get(&number) {
            return Ok(Some(Arc::clone(known)));
        }
        let found: Option<Vec<u8>> = connection
            .prepare_cached("SELECT body FROM dictionaries WHERE id = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        Ok(found.map(|body| Arc::clone(self.dictionaries.entry(number).or_insert_with(|| body.into()))))
    }

    /// Keeps a full version while many differences are read.
    pub fn keep(&mut self, seq: i64, plain: Arc<[u8]>) {
        if self.most == 0 || self.versions.contains_key(&seq) {
            return;
        }
        if self.bytes > self.most {
            self.versions.clear();
            self.bytes = 0;
        }
        self.bytes += plain.len();
        self.versions.insert(seq, plain);
    }
}
