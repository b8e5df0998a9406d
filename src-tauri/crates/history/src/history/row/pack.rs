use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use model::{Body, ChangeKind, ObjectRef, Observation};
use rusqlite::{Connection, OptionalExtension, params};
use zstd::zstd_safe::{CCtx, CDict};

use super::bodies::Bodies;
use super::lanes::{Key, Lanes};
use super::{
    DELETION, DIFFERENCE, EVENT, MAGIC, PATCH, PLAIN, StoredId, TEMPLATE, ZSTD, patch, source_number, type_of,
};

const LEVEL: i32 = 3;
/// A shorter body does not shrink enough to pay for the frame.
const COMPRESS_FROM: usize = 128;
/// A longer body is packed by itself: differences of such would take long, and are rare.
const LONGEST_IN_LANE: usize = 256 << 10;
/// After so many differences follows a full version, however small the differences are.
const MOST_DIFFERENCES: u32 = 64;
/// A difference that takes more as a patch is smaller when it is compressed; in bytes.
const LONGEST_PATCH: usize = 192;
/// What a difference costs at least, about, to whatever it is one; in bytes.
const SMALL: usize = 48;
/// Bodies of one kind from which its dictionary is made, and how long it is at most.
const SAMPLES: usize = 12;
const LONGEST_DICTIONARY: usize = 16 << 10;
/// Numbers of subjects that are remembered; others are asked for by index.
const MOST_SUBJECTS: usize = 7_000;
/// Deleted objects whose Events' lanes wait to be forgotten together.
const MOST_GONE: usize = 200;

/// Writes observations as rows, and remembers what it needs for the next ones. After a transaction that was rolled back,
/// and after rows were removed, it must [`Packer::forget`].
pub(crate) struct Packer {
    context: CCtx<'static>,
    plain: Vec<u8>,
    packed: Vec<u8>,
    words: HashMap<String, i64>,
    subjects: HashMap<ObjectRef, i64>,
    lanes: Lanes,
    /// Numbers of objects that were deleted; nearly nothing follows about them.
    gone: HashSet<i64>,
    templates: HashMap<String, Template>,
    /// Reads full versions back; the lanes keep them.
    bodies: Bodies,
    data_version: i64,
}

/// How full versions of one kind are packed.
enum Template {
    /// What a dictionary will be made of.
    Samples(Vec<Arc<[u8]>>),
    Ready {
        number: i64,
        dictionary: CDict<'static>,
    },
    /// It did not pay.
    Without,
}

impl Packer {
    pub fn new() -> Self {
        Packer {
            context: CCtx::create(),
            plain: Vec::new(),
            packed: Vec::new(),
            words: HashMap::new(),
            subjects: HashMap::new(),
            lanes: Lanes::default(),
            gone: HashSet::new(),
            templates: HashMap::new(),
            bodies: Bodies::new(0),
            data_version: 0,
        }
    }

    /// Forgets everything that may not be in the file (any more).
    pub fn forget(&mut self) {
        self.words.clear();
        self.subjects.clear();
        self.lanes.forget();
        self.gone.clear();
        self.templates.clear();
        self.bodies.forget();
    }

    /// Gives back what is made or read again when it is needed: buffers, dictionaries, plain bodies.
    pub fn rest(&mut self) {
        self.context = CCtx::create();
        (self.plain, self.packed) = (Vec::new(), Vec::new());
        // Samples of a dictionary that is not made yet stand nowhere else.
        self.templates.retain(|_, template| !matches!(template, Template::Ready { .. }));
        self.lanes.rest();
    }

    /// Forgets rows that were removed, and subjects that may have been.
    pub fn forget_rows(&mut self, removed: &HashSet<i64>) {
        self.subjects.clear();
        self.gone.clear();
        self.lanes.forget_rows(removed);
    }

    /// Call it first in each transaction: what another program removed must not be built on.
    pub fn begin(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if std::mem::replace(&mut self.data_version, version) != version {
            self.subjects.clear();
            self.lanes.forget();
            self.gone.clear();
        }
        Ok(())
    }

    /// Whether the observation is new; where its id is there already, nothing is written.
    pub fn insert(&mut self, connection: &Connection, observation: &Observation) -> rusqlite::Result<bool> {
        const INSERT: &str = "INSERT INTO observations (id, at, lag, source, type, subject, encoding, base, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let Observation { id, at, seen_at, source, subject, body, cluster: _ } = observation;
        let stored_id = StoredId::of(id);
        if connection.prepare_cached(super::KNOWN)?.exists([&stored_id])? {
            return Ok(false);
        }
        let number = subject.as_ref().map(|subject| self.subject(connection, subject)).transpose()?;
        self.plain.clear();
        body.write_json(&mut self.plain);
        let key = number.and_then(|subject| key_of(subject, body)).filter(|_| self.plain.len() <= LONGEST_IN_LANE);
        let (encoding, base) = match key {
            Some(key) => match self.difference(connection, key)? {
                Some((encoding, base)) => (encoding, Some(base)),
                None => self.full(connection, &template_of(subject.as_ref(), body))?,
            },
            None => (self.alone(), None),
        };
        let bytes = if encoding == PLAIN { &self.plain } else { &self.packed };
        let bytes = if matches!(encoding, DIFFERENCE | TEMPLATE) { &bytes[MAGIC.len()..] } else { &bytes[..] };
        connection.prepare_cached(INSERT)?.execute(params![
            stored_id,
            at.0,
            seen_at.0.wrapping_sub(at.0),
            source_number(*source),
            type_of(body),
            number,
            encoding | if is_deletion(body) { DELETION } else { 0 },
            base,
            bytes,
        ])?;
        if let Some(key) = key {
            if is_deletion(body) {
                self.forget_gone(key.subject);
            } else if !matches!(encoding, DIFFERENCE | PATCH) {
                if key.event == 0 {
                    self.gone.remove(&key.subject);
                }
                self.lanes.begin(key, connection.last_insert_rowid(), bytes.len(), self.plain.as_slice().into());
            }
        }
        Ok(true)
    }

    /// A cluster in which every pod is replaced again and again has many more names than objects.
    fn forget_gone(&mut self, subject: i64) {
        self.lanes.drop_lane(Key { subject, event: 0 });
        self.gone.insert(subject);
        if self.gone.len() >= MOST_GONE {
            self.lanes.forget_subjects(&self.gone);
            self.subjects.retain(|_, number| !self.gone.contains(number));
            self.gone.clear();
        }
    }

    /// Packs what is in `plain` as a difference to its lane's full version; gives the encoding and that one's number.
    /// `None` where a full version is due.
    fn difference(&mut self, connection: &Connection, key: Key) -> rusqlite::Result<Option<(i64, i64)>> {
        let Some(lane) = self.lanes.get(key) else { return Ok(None) };
        if lane.differences >= MOST_DIFFERENCES {
            return Ok(None);
        }
        let base = match &lane.plain {
            Some(plain) => Arc::clone(plain),
            None => {
                let seq = lane.seq;
                // A row that cannot be read is nothing to build on.
                let Ok(plain) = self.bodies.full_version(connection, seq)? else {
                    self.lanes.drop_lane(key);
                    return Ok(None);
                };
                self.lanes.restore(key, Arc::clone(&plain));
                plain
            }
        };
        let Some(lane) = self.lanes.get(key) else { return Ok(None) };
        self.packed.clear();
        let mut encoding = PATCH;
        if !patch::make(&base, &self.plain, LONGEST_PATCH, &mut self.packed) {
            encoding = DIFFERENCE;
            self.packed.clear();
            self.packed.reserve(zstd::zstd_safe::compress_bound(self.plain.len()));
            if self.context.compress_using_dict(&mut self.packed, &self.plain, &base, LEVEL).is_err() {
                return Ok(None);
            }
        }
        // Once the differences together were longer than they would be from a newer full version by more than that one
        // costs, it is due.
        let length = self.packed.len();
        let shortest = lane.shortest.min(length.max(SMALL));
        let wasted = lane.wasted + (length - shortest.min(length));
        if wasted > lane.packed {
            return Ok(None);
        }
        (lane.shortest, lane.wasted) = (shortest, wasted);
        lane.differences += 1;
        Ok(Some((encoding, lane.seq)))
    }

    /// Packs a full version of a kind; gives its encoding and its dictionary.
    fn full(&mut self, connection: &Connection, kind: &str) -> rusqlite::Result<(i64, Option<i64>)> {
        if self.plain.len() < COMPRESS_FROM {
            return Ok((PLAIN, None));
        }
        if !self.templates.contains_key(kind) {
            let template = known_template(connection, kind)?;
            self.templates.insert(kind.to_owned(), template);
        }
        match self.templates.get_mut(kind) {
            Some(Template::Ready { number, dictionary }) => {
                self.packed.clear();
                self.packed.reserve(zstd::zstd_safe::compress_bound(self.plain.len()));
                if self.context.compress_using_cdict(&mut self.packed, &self.plain, dictionary).is_ok()
                    && self.packed.len() < self.plain.len()
                {
                    return Ok((TEMPLATE, Some(*number)));
                }
            }
            Some(Template::Samples(samples)) => {
                samples.push(self.plain.as_slice().into());
                if samples.len() >= SAMPLES {
                    let template = make_template(connection, kind, samples)?;
                    self.templates.insert(kind.to_owned(), template);
                }
            }
            Some(Template::Without) | None => {}
        }
        Ok((self.alone(), None))
    }

    fn alone(&mut self) -> i64 {
        if self.plain.len() < COMPRESS_FROM {
            return PLAIN;
        }
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.plain.len()));
        match self.context.compress(&mut self.packed, &self.plain, LEVEL) {
            Ok(_) if self.packed.len() < self.plain.len() => ZSTD,
            Ok(_) | Err(_) => PLAIN,
        }
    }

    #[cfg(test)]
    pub fn remembers(&self) -> (usize, usize) {
        (self.subjects.len(), self.lanes.len())
    }

    fn subject(&mut self, connection: &Connection, subject: &ObjectRef) -> rusqlite::Result<i64> {
        if let Some(known) = self.subjects.get(subject) {
            return Ok(*known);
        }
        let kind = self.word(connection, &subject.kind)?;
        let namespace = self.word(connection, &subject.namespace)?;
        let known = connection
            .prepare_cached("SELECT id FROM subjects WHERE name = ?1 AND namespace = ?2 AND kind = ?3")?
            .query_row(params![&*subject.name, namespace, kind], |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                connection
                    .prepare_cached("INSERT INTO subjects (kind, namespace, name) VALUES (?1, ?2, ?3)")?
                    .execute(params![kind, namespace, &*subject.name])?;
                connection.last_insert_rowid()
            }
        };
        if self.subjects.len() >= MOST_SUBJECTS {
            self.subjects.clear();
        }
        self.subjects.insert(subject.clone(), number);
        Ok(number)
    }

    fn word(&mut self, connection: &Connection, word: &str) -> rusqlite::Result<i64> {
        if let Some(known) = self.words.get(word) {
            return Ok(*known);
        }
        let known = connection
            .prepare_cached("SELECT id FROM words WHERE word = ?1")?
            .query_row([word], |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                connection.prepare_cached("INSERT INTO words (word) VALUES (?1)")?.execute([word])?;
                connection.last_insert_rowid()
            }
        };
        self.words.insert(word.to_owned(), number);
        Ok(number)
    }
}

fn is_deletion(body: &Body) -> bool {
    matches!(body, Body::Object { change: ChangeKind::Deleted, .. })
}

/// Where the versions of what a body tells follow each other; `None` for what is told once.
fn key_of(subject: i64, body: &Body) -> Option<Key> {
    match body {
        Body::Object { .. } => Some(Key { subject, event: 0 }),
        Body::Event(event) => {
            let mut hasher = DefaultHasher::new();
            (EVENT, &event.reason).hash(&mut hasher);
            Some(Key { subject, event: hasher.finish() | 1 })
        }
        Body::Log(_)
        | Body::Metric(_)
        | Body::Probe(_)
        | Body::NodeAgent(_)
        | Body::Alert(_)
        | Body::Shape(_)
        | Body::Change { .. }
        | Body::Dependencies { .. }
        | Body::ToolResult { .. }
        | Body::Note { .. }
        | Body::Coverage { .. }
        | Body::Gap { .. } => None,
    }
}

/// What resembles each other: objects of one kind, Events about one kind.
fn template_of(subject: Option<&ObjectRef>, body: &Body) -> String {
    let kind = subject.map(|subject| &*subject.kind).unwrap_or_default();
    match body {
        Body::Event(_) => format!("Event/{kind}"),
        _ => kind.to_owned(),
    }
}

fn known_template(connection: &Connection, kind: &str) -> rusqlite::Result<Template> {
    let known: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT id, body FROM dictionaries WHERE subject_kind = ?1")?
        .query_row([kind], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match known {
        Some((number, body)) => ready(number, &body),
        None => Template::Samples(Vec::new()),
    })
}

fn ready(number: i64, body: &[u8]) -> Template {
    match CDict::try_create(body, LEVEL) {
        Some(dictionary) => Template::Ready { number, dictionary },
        None => Template::Without,
    }
}

/// The newest samples one after the other: what bodies of a kind have in common stands in any of them, and what they
/// differ in is better seen several times. Content of this form needs no training, and is read without one.
fn make_template(connection: &Connection, kind: &str, samples: &[Arc<[u8]>]) -> rusqlite::Result<Template> {
    if let known @ Template::Ready { .. } = known_template(connection, kind)? {
        // Another program was faster.
        return Ok(known);
    }
    let mut body = Vec::new();
    for sample in samples.iter().rev() {
        if body.len() + sample.len() <= LONGEST_DICTIONARY {
            body.splice(0..0, sample.iter().copied());
        }
    }
    if body.is_empty() {
        return Ok(Template::Without);
    }
    connection
        .prepare_cached("INSERT INTO dictionaries (subject_kind, body) VALUES (?1, ?2)")?
        .execute(params![kind, body])?;
    Ok(ready(connection.last_insert_rowid(), &body))
}
