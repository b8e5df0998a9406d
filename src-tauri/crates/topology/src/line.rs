//! Edges as the graph keeps them: what objects say, small.

use std::cmp::Ordering;
use std::sync::Arc;

use model::{Ordered, Text};

use crate::place::{Id, Places};
use crate::{EdgeClass, Relation};

/// Who says that there is an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    Object(Id),
    /// A released recording, by its place among those that tell of calls.
    Recording(u32),
    /// A blueprint, by its place among what is declared. Nobody else has a say then.
    Blueprint(u32),
}

/// Why there is an edge, in words that are made when they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    OwnerReference,
    NameAndLabels,
    /// The pod that says it is placed there.
    Placed,
    Words(Text),
}

/// What one says about an edge, in sixteen bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    words: Option<Text>,
    /// Of the object, the recording or the blueprint.
    number: u32,
    teller: Teller,
    pub class: EdgeClass,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Teller {
    Object,
    Recording,
    Blueprint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    OwnerReference,
    NameAndLabels,
    Placed,
    Words,
}

impl Said {
    fn new(origin: Origin, class: EdgeClass, reason: Reason) -> Said {
        let (teller, number) = match origin {
            Origin::Object(id) => (Teller::Object, id),
            Origin::Recording(place) => (Teller::Recording, place),
            Origin::Blueprint(place) => (Teller::Blueprint, place),
        };
        let (why, words) = match reason {
            Reason::OwnerReference => (Why::OwnerReference, None),
            Reason::NameAndLabels => (Why::NameAndLabels, None),
            Reason::Placed => (Why::Placed, None),
            Reason::Words(words) => (Why::Words, Some(words)),
        };
        Said { words, number, teller, class, why }
    }

    pub fn origin(&self) -> Origin {
        match self.teller {
            Teller::Object => Origin::Object(self.number),
            Teller::Recording => Origin::Recording(self.number),
            Teller::Blueprint => Origin::Blueprint(self.number),
        }
    }

    pub fn reason(&self) -> Reason {
        match self.why {
            Why::OwnerReference => Reason::OwnerReference,
            Why::NameAndLabels => Reason::NameAndLabels,
            Why::Placed => Reason::Placed,
            Why::Words => Reason::Words(self.words.clone().unwrap_or_default()),
        }
    }
}

/// One edge as one object tells it.
pub(crate) struct Line {
    pub from: Id,
    pub to: Id,
    pub relation: Relation,
    pub class: EdgeClass,
    pub reason: Reason,
}

/// (from, relation, to).
pub(crate) type Key = (Id, Relation, Id);

/// A key, or one turned round, in eight bytes and in the same order. Ids stay below 2^30.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Packed(u64);

const ID_BITS: u32 = 30;

impl Packed {
    fn new((from, relation, to): Key) -> Packed {
        Packed(u64::from(from) << (64 - ID_BITS) | (relation as u64) << ID_BITS | u64::from(to))
    }

    /// The least and the greatest that begin with an id.
    fn all_of(id: Id) -> std::ops::RangeInclusive<Packed> {
        let first = u64::from(id) << (64 - ID_BITS);
        Packed(first)..=Packed(first | u64::MAX >> ID_BITS)
    }

    fn key(self) -> Key {
        let id = |bits: u64| (bits & ((1 << ID_BITS) - 1)) as Id;
        let relation = self.0 >> ID_BITS & 0xf;
        (id(self.0 >> (64 - ID_BITS)), Relation::ALL[relation as usize], id(self.0))
    }
}

/// All who say that there is an edge, in the order in which they are read.
#[derive(Clone)]
enum Saids {
    One(Said),
    Several(Arc<Vec<Said>>),
}

impl Saids {
    fn as_slice(&self) -> &[Said] {
        match self {
            Saids::One(said) => std::slice::from_ref(said),
            Saids::Several(all) => all,
        }
    }

    fn of(mut all: Vec<Said>) -> Option<Saids> {
        match all.len() {
            0 | 1 => all.pop().map(Saids::One),
            _ => Some(Saids::Several(Arc::new(all))),
        }
    }
}

/// The one whose class and words an edge has: the strongest class, the first of those who know it so; the last blueprint
/// overrules all.
pub(crate) fn leading(said: &[Said]) -> Option<&Said> {
    let declared = said.iter().rfind(|s| s.teller == Teller::Blueprint);
    declared.or_else(|| said.iter().min_by_key(|s| s.class))
}

/// A clone shares everything, and copies what becomes different.
#[derive(Clone, Default)]
pub(crate) struct Lines {
    all: Ordered<Packed, Saids>,
    /// (to, relation, from).
    back: Ordered<Packed, ()>,
}

impl Lines {
    pub fn add(&mut self, line: Line, origin: Origin, places: &Places) {
        let Line { from, to, relation, class, reason } = line;
        if from == to && !matches!(origin, Origin::Blueprint(_)) {
            return;
        }
        let said = Said::new(origin, class, reason);
        let key = Packed::new((from, relation, to));
        let Some(known) = self.all.get_mut(&key) else {
            self.all.insert(key, Saids::One(said));
            self.back.insert(Packed::new((to, relation, from)), ());
            return;
        };
        let mut all = known.as_slice().to_vec();
        match all.binary_search_by(|other| read_before(other.origin(), origin, places)) {
            // One object says it twice: what it says first, unless the second is stronger.
            Ok(place) if class < all[place].class => all[place] = said,
            Ok(_) => {}
            Err(place) => all.insert(place, said),
        }
        if let Some(all) = Saids::of(all) {
            *known = all;
        }
    }

    /// Takes back what one said about an edge.
    pub fn remove(&mut self, key: Key, origin: Origin) {
        let (from, relation, to) = key;
        let packed = Packed::new(key);
        let Some(known) = self.all.get_mut(&packed) else { return };
        let left = known.as_slice().iter().filter(|said| said.origin() != origin).cloned().collect();
        if let Some(left) = Saids::of(left) {
            *known = left;
        } else {
            self.all.remove(&packed);
            self.back.remove(&Packed::new((to, relation, from)));
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &[Said])> {
        self.all.iter().map(|(key, said)| (key.key(), said.as_slice()))
    }

    pub fn from(&self, id: Id) -> impl Iterator<Item = (Key, &[Said])> {
        self.all.range(Packed::all_of(id)).map(|(key, said)| (key.key(), said.as_slice()))
    }

    pub fn to(&self, id: Id) -> impl Iterator<Item = (Key, &[Said])> {
        self.back.range(Packed::all_of(id)).filter_map(|(back, ())| {
            let (to, relation, from) = back.key();
            let key = (from, relation, to);
            Some((key, self.all.get(&Packed::new(key))?.as_slice()))
        })
    }
}

/// The order in which a graph that is built anew reads: by kind of what is told, then by name.
fn read_before(a: Origin, b: Origin, places: &Places) -> Ordering {
    match (a, b) {
        (Origin::Object(a), Origin::Object(b)) if a != b => {
            let (a, b) = (places.object(a), places.object(b));
            (rank(&a.kind), a).cmp(&(rank(&b.kind), b))
        }
        _ => a.cmp(&b),
    }
}

fn rank(kind: &str) -> usize {
    const ORDER: &[&str] = &[
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "StatefulSet",
        "Rollout",
        "Pod",
        "Service",
        "NetworkPolicy",
        "PodDisruptionBudget",
    ];
    ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len())
}
