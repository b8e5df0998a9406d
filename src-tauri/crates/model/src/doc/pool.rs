//! Where equal parts become one.

use std::hash::{BuildHasher, Hasher};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use triomphe::{Arc, ThinArc};

use super::shape::{Shape, ShapeRef};
use super::{Base, Doc, Fields, MapNode, Node, Short};
use crate::Text;

/// Knows texts, keys, lists and maps that were read lately or that several hold, and hands them out again.
///
/// It holds what it knows, and forgets by itself: whenever it has grown by half of what was worth keeping, what nobody else
/// holds is dropped, and what only one holds and nobody asked for since. So it never keeps more than a share of what is
/// alive, and what is unique (uids, addresses) passes through. Many threads may use one; each step locks one of many
/// parts for a moment.
pub struct Pool {
    random: RandomState,
    shards: Box<[Mutex<Shard>]>,
}

/// How much a pool knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    pub texts: usize,
    pub shapes: usize,
    pub nodes: usize,
}

const SHARDS: usize = 16;
/// Entries of one part of one shard that are never swept; a megabyte over all.
const LEAST: usize = 256;
/// Longer texts are hardly ever written twice.
const LONGEST_SHARED: usize = 4_096;
/// Remembered ways to find a map that a new one may differ little from, in each shard.
const TRACES: usize = 2_048;
/// By how many of its values a map is found; of a map that shares most values one of them is among the shared.
const TRACES_OF_MAP: usize = 3;
/// A variant marks its own values in 64 bits.
const MOST_FIELDS_OF_VARIANT: usize = 64;

struct Shard {
    texts: Known<Text>,
    shapes: Known<ShapeRef>,
    nodes: Known<Doc>,
    /// (trace, hash of a map that has it); newer ones replace older ones.
    traces: Box<[(u64, u64)]>,
}

/// Entries with their hashes; the lowest bit of a hash says whether somebody asked for it since the last sweep.
struct Known<T> {
    table: HashTable<(u64, T)>,
    limit: usize,
}

trait Shared {
    /// How many hold it, the pool included.
    fn holders(&self) -> usize;
}

impl Shared for Text {
    fn holders(&self) -> usize {
        Text::holders(self).unwrap_or(usize::MAX)
    }
}

impl Shared for ShapeRef {
    fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

impl Shared for Doc {
    fn holders(&self) -> usize {
        match &self.0 {
            Node::List(list) => ThinArc::strong_count(list),
            Node::Map(map) => ThinArc::strong_count(map),
            Node::Variant(variant) => ThinArc::strong_count(variant),
            Node::Long(text) => Shared::holders(text),
            _ => 1,
        }
    }
}

impl<T: Shared> Known<T> {
    fn new() -> Self {
        Known { table: HashTable::new(), limit: LEAST }
    }

    fn find(&mut self, hash: u64, is: impl Fn(&T) -> bool) -> Option<&T> {
        let entry = self.table.find_mut(hash & !1, |(own, known)| own & !1 == hash & !1 && is(known))?;
        entry.0 |= 1;
        Some(&entry.1)
    }

    fn insert(&mut self, hash: u64, value: T) {
        if self.table.len() >= self.limit {
            // What was asked for often and is held by nobody is of a pod that is gone: kept for having been asked for, it
            // would be kept again and again, and what is worth keeping would seem to grow with every pod that goes.
            self.sweep(|entry| match entry.1.holders() {
                0 | 1 => false,
                2 => entry.0 & 1 == 1,
                _ => true,
            });
        }
        self.table.insert_unique(hash & !1, (hash & !1, value), |(hash, _)| hash & !1);
    }

    fn sweep(&mut self, stays: impl Fn(&(u64, T)) -> bool) {
        self.table.retain(|entry| {
            let stays = stays(entry);
            entry.0 &= !1;
            stays
        });
        let kept = self.table.len();
        self.limit = (kept + kept / 2).max(LEAST);
        self.table.shrink_to(self.limit, |(hash, _)| hash & !1);
    }

    /// Forgets what nobody else holds.
    fn clean(&mut self) -> usize {
        let before = self.table.len();
        self.sweep(|entry| entry.1.holders() > 1);
        before - self.table.len()
    }
}

impl Default for Pool {
    fn default() -> Self {
        let shard = || Shard {
            texts: Known::new(),
            shapes: Known::new(),
            nodes: Known::new(),
            traces: vec![(0, 0); TRACES].into_boxed_slice(),
        };
        Pool { random: RandomState::default(), shards: (0..SHARDS).map(|_| Mutex::new(shard())).collect() }
    }
}

impl Pool {
    /// The pool that everything read by `serde` goes through.
    pub fn house() -> &'static Pool {
        static HOUSE: LazyLock<Pool> = LazyLock::new(Pool::default);
        &HOUSE
    }

    /// A text that others share.
    pub fn text(&self, text: &str) -> Text {
        if text.is_empty() {
            return Text::default();
        }
        self.text_with(text, self.hash(text.as_bytes()))
    }

    /// Forgets whatever nobody holds, now: after much was let go.
    pub fn clean(&self) {
        // What a forgotten part held may itself be held by nobody now.
        while self.shards.iter().map(|shard| lock(shard).clean()).sum::<usize>() > 0 {}
    }

    pub fn size(&self) -> PoolSize {
        self.shards.iter().map(lock).fold(PoolSize { texts: 0, shapes: 0, nodes: 0 }, |sum, shard| PoolSize {
            texts: sum.texts + shard.texts.table.len(),
            shapes: sum.shapes + shard.shapes.table.len(),
            nodes: sum.nodes + shard.nodes.table.len(),
        })
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.random.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    fn hash_of(&self, kind: u8, parts: impl Iterator<Item = u64>) -> u64 {
        let mut hasher = self.random.build_hasher();
        hasher.write_u8(kind);
        parts.for_each(|part| hasher.write_u64(part));
        hasher.finish()
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(hash >> 40) as usize % SHARDS])
    }

    fn text_with(&self, text: &str, hash: u64) -> Text {
        if text.len() > LONGEST_SHARED {
            return Text::from(text);
        }
        let mut shard = self.shard(hash);
        if let Some(known) = shard.texts.find(hash, |known| known.as_str() == text) {
            return known.clone();
        }
        let new = Text::from(text);
        shard.texts.insert(hash, new.clone());
        new
    }
}

impl Shard {
    fn clean(&mut self) -> usize {
        self.nodes.clean() + self.shapes.clean() + self.texts.clean()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A node with the hash of what it says.
#[derive(Clone)]
pub(super) struct Built {
    pub doc: Doc,
    hash: u64,
}

impl Built {
    pub fn null() -> Self {
        Built { doc: Doc(Node::Null), hash: 0 }
    }
}

/// A document under construction: values and keys of what is open, innermost last.
pub(super) struct Builder<'p> {
    pool: &'p Pool,
    values: Vec<Built>,
    /// Keys one after the other, and where each ends.
    keys: String,
    ends: Vec<usize>,
}

/// Where a list or map began.
#[derive(Clone, Copy)]
pub(super) struct Open {
    values: usize,
    ends: usize,
    keys: usize,
}

impl<'p> Builder<'p> {
    pub fn new(pool: &'p Pool) -> Self {
        Builder { pool, values: Vec::new(), keys: String::new(), ends: Vec::new() }
    }

    pub fn open(&self) -> Open {
        Open { values: self.values.len(), ends: self.ends.len(), keys: self.keys.len() }
    }

    pub fn push(&mut self, built: Built) {
        self.values.push(built);
    }

    /// Forgets what was added since.
    pub fn back_to(&mut self, open: Open) {
        self.values.truncate(open.values);
        self.ends.truncate(open.ends);
        self.keys.truncate(open.keys);
    }

    /// Forgets the key that was added last.
    pub fn drop_key(&mut self) {
        self.ends.pop();
        self.keys.truncate(self.ends.last().copied().unwrap_or(0));
    }

    pub fn last(&self) -> &Doc {
        self.values.last().map_or(Doc::null(), |built| &built.doc)
    }

    /// The place of a field in the map that began there.
    pub fn find(&self, open: Open, key: &str) -> Option<usize> {
        self.keys_since(open).position(|own| own == key)
    }

    pub fn at(&self, open: Open, place: usize) -> &Doc {
        self.values.get(open.values + place).map_or(Doc::null(), |built| &built.doc)
    }

    pub fn set(&mut self, open: Open, place: usize, built: Built) {
        if let Some(value) = self.values.get_mut(open.values + place) {
            *value = built;
        }
    }

    /// Takes a field out of the map that began there and is complete.
    pub fn remove(&mut self, open: Open, place: usize) {
        let end = self.ends.remove(open.ends + place);
        let start = if place == 0 { open.keys } else { self.ends[open.ends + place - 1] };
        self.keys.replace_range(start..end, "");
        self.ends[open.ends + place..].iter_mut().for_each(|later| *later -= end - start);
        self.values.remove(open.values + place);
    }

    pub fn key(&mut self, key: &str) {
        self.keys.push_str(key);
        self.ends.push(self.keys.len());
    }

    pub fn scalar(&self, node: Node) -> Built {
        let hash = match node {
            Node::Bool(value) => self.pool.hash_of(1, [u64::from(value)].into_iter()),
            Node::Int(value) => self.pool.hash_of(2, [value as u64].into_iter()),
            Node::Unsigned(value) => self.pool.hash_of(3, [value].into_iter()),
            Node::Float(value) => self.pool.hash_of(4, [value.to_bits()].into_iter()),
            _ => 0,
        };
        Built { doc: Doc(node), hash }
    }

    pub fn text(&self, text: &str) -> Built {
        let hash = self.pool.hash(text.as_bytes());
        let node = match Short::of(text) {
            Some(short) => Node::Short(short),
            None => Node::Long(self.pool.text_with(text, hash)),
        };
        Built { doc: Doc(node), hash }
    }

    pub fn list(&mut self, open: Open) -> Built {
        let items = &self.values[open.values..];
        let hash = self.pool.hash_of(5, items.iter().map(|item| item.hash));
        let is = |known: &Doc| {
            let Some(known) = known.as_array() else { return false };
            known.len() == items.len() && known.iter().zip(items).all(|(known, item)| *known == item.doc)
        };
        let mut shard = self.pool.shard(hash);
        if let Some(known) = shard.nodes.find(hash, is) {
            let doc = known.clone();
            drop(shard);
            self.values.truncate(open.values);
            return Built { doc, hash };
        }
        let doc = Doc(Node::List(ThinArc::from_header_and_iter((), self.values.drain(open.values..).map(|b| b.doc))));
        shard.nodes.insert(hash, doc.clone());
        Built { doc, hash }
    }

    /// Hands over keys and values that were added since.
    pub fn drain(&mut self, open: Open, field: &mut impl FnMut(&str, Doc)) {
        let ends = self.ends[open.ends..].iter().copied();
        let starts = std::iter::once(open.keys).chain(ends.clone());
        for ((from, to), built) in starts.zip(ends).zip(self.values.drain(open.values..)) {
            field(&self.keys[from..to], built.doc);
        }
    }

    pub fn map(&mut self, open: Open) -> Built {
        let shape = self.shape(open);
        self.map_of(open, shape)
    }

    /// As [`Builder::map`], where it is known already what shape the keys have.
    pub fn map_of(&mut self, open: Open, shape: ShapeRef) -> Built {
        self.keys.truncate(open.keys);
        self.ends.truncate(open.ends);
        let hash = {
            let values = self.values[open.values..].iter().map(|value| value.hash);
            self.pool.hash_of(6, std::iter::once(shape.hash).chain(values))
        };
        let doc = match self.known(&shape, hash, &self.values[open.values..]) {
            Some(known) => {
                self.values.truncate(open.values);
                known
            }
            None => self.new_map(shape, hash, open),
        };
        Built { doc, hash }
    }

    /// The keys since `open`. A key that is there twice keeps its first place and its last value, as with `serde_json`.
    fn shape(&mut self, open: Open) -> ShapeRef {
        let hash = {
            let mut hasher = self.pool.random.build_hasher();
            hasher.write(&self.keys.as_bytes()[open.keys..]);
            self.ends[open.ends..].iter().for_each(|end| hasher.write_u32((end - open.keys) as u32));
            hasher.finish()
        };
        if let Some(known) = self.pool.shard(hash).shapes.find(hash, |known| {
            known.keys().len() == self.ends.len() - open.ends
                && known.keys().iter().map(Text::as_str).eq(self.keys_since(open))
        }) {
            return known.clone();
        }
        let mut keys: Vec<Text> = self.keys_since(open).map(|key| self.pool.text(key)).collect();
        let mut seen = std::collections::HashMap::with_capacity(keys.len());
        let twice: Vec<(usize, usize)> = keys
            .iter()
            .enumerate()
            .filter_map(|(place, key)| match seen.entry(key.clone()) {
                std::collections::hash_map::Entry::Occupied(first) => Some((place, *first.get())),
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(place);
                    None
                }
            })
            .collect();
        if twice.is_empty() {
            let shape = ShapeRef(Arc::new(Shape::new(keys.into(), hash)));
            self.pool.shard(hash).shapes.insert(hash, shape.clone());
            return shape;
        }
        for (place, first) in &twice {
            self.values.swap(open.values + place, open.values + first);
        }
        for (place, _) in twice.iter().rev() {
            keys.remove(*place);
            self.values.remove(open.values + place);
        }
        let shape = Shape::new(keys.into(), hash);
        ShapeRef(Arc::new(shape))
    }

    fn keys_since(&self, open: Open) -> impl Iterator<Item = &str> {
        let ends = &self.ends[open.ends..];
        let starts = std::iter::once(open.keys).chain(ends.iter().copied());
        starts.zip(ends).map(|(from, to)| &self.keys[from..*to])
    }

    fn known(&self, shape: &ShapeRef, hash: u64, values: &[Built]) -> Option<Doc> {
        let is = |known: &Doc| {
            Fields::of(known)
                .is_some_and(|own| has_shape(own, shape) && own.values().zip(values).all(|(a, b)| *a == b.doc))
        };
        self.pool.shard(hash).nodes.find(hash, is).cloned()
    }

    fn new_map(&mut self, shape: ShapeRef, hash: u64, open: Open) -> Doc {
        let values = &self.values[open.values..];
        let traces = self.traces(&shape, values);
        if let Some((map, own)) = self.base(&shape, values, &traces) {
            let different: Vec<Doc> = self
                .values
                .drain(open.values..)
                .enumerate()
                .filter(|(place, _)| own >> place & 1 == 1)
                .map(|(_, value)| value.doc)
                .collect();
            let doc = Doc(Node::Variant(ThinArc::from_header_and_iter(Base { map, own }, different.into_iter())));
            self.pool.shard(hash).nodes.insert(hash, doc.clone());
            return doc;
        }
        let values = self.values.drain(open.values..).map(|value| value.doc);
        let doc = Doc(Node::Map(ThinArc::from_header_and_iter(shape, values)));
        self.pool.shard(hash).nodes.insert(hash, doc.clone());
        for trace in traces {
            self.pool.shard(trace).traces[trace as usize % TRACES] = (trace, hash);
        }
        doc
    }

    /// What a map may be found by, when one that shares some of its values is looked for: the least of the hashes of
    /// its fields, which is a choice that similar maps make alike.
    fn traces(&self, shape: &ShapeRef, values: &[Built]) -> Vec<u64> {
        if !(3..=MOST_FIELDS_OF_VARIANT).contains(&values.len()) {
            return Vec::new();
        }
        let mut traces: Vec<u64> = values
            .iter()
            .zip(0_u64..)
            .map(|(value, place)| self.pool.hash_of(7, [shape.hash, place, value.hash].into_iter()))
            .collect();
        traces.sort_unstable();
        traces.truncate(TRACES_OF_MAP);
        traces
    }

    /// The map that these values differ least from, and the places where they do. A variant has a word more than a map
    /// and is smaller as soon as two values are shared.
    fn base(&self, shape: &ShapeRef, values: &[Built], traces: &[u64]) -> Option<(MapNode, u64)> {
        let mut best: Option<(MapNode, u64)> = None;
        let mut tried = [0; TRACES_OF_MAP];
        for (turn, trace) in traces.iter().enumerate() {
            let (own, hash) = self.pool.shard(*trace).traces[*trace as usize % TRACES];
            if own != *trace || tried.contains(&hash) {
                continue;
            }
            tried[turn] = hash;
            let is = |known: &Doc| {
                matches!(&known.0, Node::Map(_)) && Fields::of(known).is_some_and(|f| has_shape(f, shape))
            };
            let Some(Node::Map(map)) = self.pool.shard(hash).nodes.find(hash, is).map(|doc| doc.0.clone()) else {
                continue;
            };
            let own = map
                .slice
                .iter()
                .zip(values)
                .enumerate()
                .fold(0, |own, (place, (base, value))| if *base == value.doc { own } else { own | 1_u64 << place });
            let different = own.count_ones();
            if different as usize + 2 <= values.len()
                && best.as_ref().is_none_or(|(_, least)| different < least.count_ones())
            {
                best = Some((map, own));
            }
        }
        best
    }
}

fn has_shape(fields: Fields<'_>, shape: &ShapeRef) -> bool {
    std::ptr::eq(fields.shape(), &**shape)
}
