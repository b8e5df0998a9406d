//! Edges as the graph keeps them: what objects say, small.

use std::cmp::Ordering;

use imbl::{OrdMap, OrdSet};
use model::Text;

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub origin: Origin,
    pub class: EdgeClass,
    pub reason: Reason,
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

/// All who say that there is an edge, in the order in which they are read.
#[derive(Clone, Debug)]
pub(crate) enum Saids {
    One(Said),
    Several(Vec<Said>),
}

impl Saids {
    pub fn as_slice(&self) -> &[Said] {
        match self {
            Saids::One(said) => std::slice::from_ref(said),
            Saids::Several(all) => all,
        }
    }
}

/// The one whose class and words an edge has: the strongest class, the first of those who know it so; the last blueprint
/// overrules all.
pub(crate) fn leading(said: &[Said]) -> Option<&Said> {
    let declared = said.iter().rfind(|s| matches!(s.origin, Origin::Blueprint(_)));
    declared.or_else(|| said.iter().min_by_key(|s| s.class))
}

/// A clone shares everything, and copies what becomes different.
#[derive(Clone, Default)]
pub(crate) struct Lines {
    all: OrdMap<Key, Saids>,
    /// (to, relation, from).
    back: OrdSet<Key>,
}

impl Lines {
    pub fn add(&mut self, line: Line, origin: Origin, places: &Places) {
        let Line { from, to, relation, class, reason } = line;
        if from == to && !matches!(origin, Origin::Blueprint(_)) {
            return;
        }
        let said = Said { origin, class, reason };
        let key = (from, relation, to);
        let Some(known) = self.all.get_mut(&key) else {
            self.all.insert(key, Saids::One(said));
            self.back.insert((to, relation, from));
            return;
        };
        let mut all = match std::mem::replace(known, Saids::Several(Vec::new())) {
            Saids::One(one) => vec![one],
            Saids::Several(all) => all,
        };
        match all.binary_search_by(|other| read_before(other.origin, origin, places)) {
            // One object says it twice: what it says first, unless the second is stronger.
            Ok(place) if class < all[place].class => all[place] = said,
            Ok(_) => {}
            Err(place) => all.insert(place, said),
        }
        *known = match <[Said; 1]>::try_from(all) {
            Ok([one]) => Saids::One(one),
            Err(all) => Saids::Several(all),
        };
    }

    /// Takes back what one said about an edge.
    pub fn remove(&mut self, key: Key, origin: Origin) {
        let (from, relation, to) = key;
        let Some(known) = self.all.get_mut(&key) else { return };
        let left = match known {
            Saids::One(said) => usize::from(said.origin != origin),
            Saids::Several(all) => {
                all.retain(|said| said.origin != origin);
                if all.len() == 1
                    && let Some(one) = all.pop()
                {
                    *known = Saids::One(one);
                }
                known.as_slice().len()
            }
        };
        if left == 0 {
            self.all.remove(&key);
            self.back.remove(&(to, relation, from));
        }
    }

    pub fn get(&self, key: &Key) -> Option<&[Said]> {
        self.all.get(key).map(Saids::as_slice)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &[Said])> {
        self.all.iter().map(|(key, said)| (key, said.as_slice()))
    }

    pub fn from(&self, id: Id) -> impl Iterator<Item = (&Key, &[Said])> {
        self.all
            .range((id, Relation::OwnedBy, 0)..)
            .take_while(move |(key, _)| key.0 == id)
            .map(|(k, s)| (k, s.as_slice()))
    }

    pub fn to(&self, id: Id) -> impl Iterator<Item = (Key, &[Said])> {
        let back = self.back.range((id, Relation::OwnedBy, 0)..).take_while(move |(to, _, _)| *to == id);
        back.filter_map(|(to, relation, from)| {
            let key = (*from, *relation, *to);
            Some((key, self.get(&key)?))
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
