//! A map in order of its keys, of which a clone shares everything and one that goes on copies only what becomes different.

#[cfg(test)]
mod tests;

use std::fmt;
use std::iter::once;
use std::ops::{Bound, Index, RangeBounds};
use std::sync::Arc;

/// A persistent map in order of its keys: neighbours lie together in pieces of at most 2 kB that are exactly as long as
/// what they hold, so an entry costs its own size and hardly more, however the map came about. (A persistent tree with
/// nodes of one size is half empty when it was filled in order.) A change copies a piece, and the list of pieces where a
/// clone still has it: meant for entries that are cheap to clone, up to some hundred thousand of them.
pub struct Ordered<K, V> {
    pieces: Arc<Vec<Piece<K, V>>>,
    len: usize,
}

/// Never empty.
type Piece<K, V> = Arc<[(K, V)]>;

/// An allocator's size of its own, less what counts the holders.
const PIECE_BYTES: usize = 2_048 - 16;

/// Where an entry is, or would be: a piece and a place in it.
type Spot = (usize, usize);

impl<K, V> Ordered<K, V> {
    /// Entries of a piece.
    const MOST: usize = {
        let fit = match PIECE_BYTES.checked_div(size_of::<(K, V)>()) {
            Some(fit) => fit,
            None => PIECE_BYTES,
        };
        if fit < 8 { 8 } else { fit }
    };

    pub fn new() -> Self {
        Ordered { pieces: Arc::default(), len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { pieces: &self.pieces, at: (0, 0), end: (self.pieces.len(), 0) }
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Ord, V> Ordered<K, V> {
    fn find(&self, key: &K) -> Result<Spot, Spot> {
        let after = self.pieces.partition_point(|piece| piece[0].0 <= *key);
        let Some(piece) = after.checked_sub(1) else { return Err((0, 0)) };
        match self.pieces[piece].binary_search_by(|(own, _)| own.cmp(key)) {
            Ok(place) => Ok((piece, place)),
            Err(place) => Err((piece, place)),
        }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub fn get_key_value(&self, key: &K) -> Option<(&K, &V)> {
        let (piece, place) = self.find(key).ok()?;
        let (key, value) = &self.pieces[piece][place];
        Some((key, value))
    }

    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// The entries within bounds.
    pub fn range(&self, bounds: impl RangeBounds<K>) -> Iter<'_, K, V> {
        let spot = |key: &K, behind: bool| match self.find(key) {
            Ok((piece, place)) => (piece, place + usize::from(behind)),
            Err(spot) => spot,
        };
        let at = match bounds.start_bound() {
            Bound::Included(key) => spot(key, false),
            Bound::Excluded(key) => spot(key, true),
            Bound::Unbounded => (0, 0),
        };
        let end = match bounds.end_bound() {
            Bound::Included(key) => spot(key, true),
            Bound::Excluded(key) => spot(key, false),
            Bound::Unbounded => (self.pieces.len(), 0),
        };
        Iter { pieces: &self.pieces, at, end }
    }

    /// Keys of which the two maps hold different values, or of which only one holds any, with both values. What they
    /// share is not looked at.
    pub fn differing<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)>
    where
        V: PartialEq,
    {
        let (mut old, mut new) = (self.iter(), later.iter());
        std::iter::from_fn(move || {
            loop {
                if let (Some(a), Some(b)) = (old.piece(), new.piece())
                    && old.at.1 == new.at.1
                    && Arc::ptr_eq(a, b)
                {
                    (old.at, new.at) = ((old.at.0 + 1, 0), (new.at.0 + 1, 0));
                    continue;
                }
                let (a, b) = (old.clone().next(), new.clone().next());
                let order = match (a, b) {
                    (None, None) => return None,
                    (Some(_), None) => std::cmp::Ordering::Less,
                    (None, Some(_)) => std::cmp::Ordering::Greater,
                    (Some((a, _)), Some((b, _))) => a.cmp(b),
                };
                let a = if order.is_le() { old.next() } else { None };
                let b = if order.is_ge() { new.next() } else { None };
                if let (Some((_, a)), Some((_, b))) = (a, b)
                    && a == b
                {
                    continue;
                }
                let key = a.or(b).map(|(key, _)| key)?;
                return Some((key, a.map(|(_, value)| value), b.map(|(_, value)| value)));
            }
        })
    }
}

impl<K: Ord + Clone, V: Clone> Ordered<K, V> {
    /// Gives what stood there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(spot) => Some(std::mem::replace(self.at_mut(spot), value)),
            Err(spot) => {
                self.enter(spot, (key, value));
                None
            }
        }
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let spot = self.find(key).ok()?;
        Some(self.at_mut(spot))
    }

    /// What stands there, or the default that stands there now.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let spot = match self.find(&key) {
            Ok(spot) => spot,
            Err(spot) => self.enter(spot, (key, V::default())),
        };
        self.at_mut(spot)
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (piece, place) = self.find(key).ok()?;
        self.len -= 1;
        let pieces = Arc::make_mut(&mut self.pieces);
        let all = &pieces[piece];
        let gone = all[place].1.clone();
        let left = all[..place].iter().chain(&all[place + 1..]);
        // What became small joins a neighbour that has room.
        let small = all.len() <= Self::MOST / 4;
        let joined = |neighbour: &Piece<K, V>| small && neighbour.len() + all.len() <= Self::MOST / 2;
        if all.len() == 1 {
            pieces.remove(piece);
        } else if let Some(before) = piece.checked_sub(1).filter(|before| joined(&pieces[*before])) {
            pieces[before] = pieces[before].iter().chain(left).cloned().collect();
            pieces.remove(piece);
        } else if pieces.get(piece + 1).is_some_and(joined) {
            pieces[piece] = left.chain(pieces[piece + 1].iter()).cloned().collect();
            pieces.remove(piece + 1);
        } else {
            pieces[piece] = left.cloned().collect();
        }
        Some(gone)
    }

    /// Keeps the entries that are asked for.
    pub fn retain(&mut self, mut stays: impl FnMut(&K, &V) -> bool) {
        *self = self.iter().filter(|(key, value)| stays(key, value)).map(|(k, v)| (k.clone(), v.clone())).collect();
    }

    fn at_mut(&mut self, (piece, place): Spot) -> &mut V {
        &mut Arc::make_mut(&mut Arc::make_mut(&mut self.pieces)[piece])[place].1
    }

    /// Enters what is not there where it belongs; gives where that is.
    fn enter(&mut self, (piece, place): Spot, entry: (K, V)) -> Spot {
        self.len += 1;
        let pieces = Arc::make_mut(&mut self.pieces);
        let Some(all) = pieces.get(piece) else {
            pieces.push(Arc::from([entry]));
            return (piece, place);
        };
        if all.len() < Self::MOST {
            pieces[piece] = with(&all[..place], entry, &all[place..]);
            return (piece, place);
        }
        // A full piece is cut where the new entry belongs: what comes in order, as most does, leaves full ones behind.
        let (before, after) = all.split_at(place);
        if after.is_empty() {
            if let Some(next) = pieces.get(piece + 1).filter(|next| next.len() < Self::MOST) {
                pieces[piece + 1] = with(&[], entry, next);
            } else {
                pieces.insert(piece + 1, Arc::from([entry]));
            }
            return (piece + 1, 0);
        }
        let (before, after) = (with(before, entry, &[]), Arc::from(after));
        pieces[piece] = before;
        pieces.insert(piece + 1, after);
        (piece, place)
    }
}

fn with<K: Clone, V: Clone>(before: &[(K, V)], entry: (K, V), after: &[(K, V)]) -> Piece<K, V> {
    before.iter().cloned().chain(once(entry)).chain(after.iter().cloned()).collect()
}

/// In order, from one spot to another.
pub struct Iter<'a, K, V> {
    pieces: &'a [Piece<K, V>],
    at: Spot,
    end: Spot,
}

impl<'a, K, V> Iter<'a, K, V> {
    /// The piece that is being read.
    fn piece(&self) -> Option<&'a Piece<K, V>> {
        self.pieces.get(self.at.0)
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.at >= self.end {
                return None;
            }
            let (piece, place) = self.at;
            let all = self.pieces.get(piece)?;
            self.at = if place + 1 < all.len() { (piece, place + 1) } else { (piece + 1, 0) };
            if let Some((key, value)) = all.get(place) {
                return Some((key, value));
            }
        }
    }
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Iter { pieces: self.pieces, at: self.at, end: self.end }
    }
}

impl<K, V> Clone for Ordered<K, V> {
    fn clone(&self) -> Self {
        Ordered { pieces: Arc::clone(&self.pieces), len: self.len }
    }
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Ordered::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Ordered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a, K, V> IntoIterator for &'a Ordered<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

/// Of a key that comes twice the last value counts.
impl<K: Ord, V> FromIterator<(K, V)> for Ordered<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut all: Vec<(K, V)> = entries.into_iter().collect();
        if !all.is_sorted_by(|a, b| a.0 < b.0) {
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all.reverse();
            all.dedup_by(|a, b| a.0 == b.0);
            all.reverse();
        }
        let len = all.len();
        let mut pieces = Vec::with_capacity(len.div_ceil(Self::MOST));
        let mut all = all.into_iter();
        while all.len() > 0 {
            pieces.push(all.by_ref().take(Self::MOST).collect());
        }
        Ordered { pieces: Arc::new(pieces), len }
    }
}

/// For what is known to be there.
impl<K: Ord, V> Index<&K> for Ordered<K, V> {
    type Output = V;

    fn index(&self, key: &K) -> &V {
        match self.get(key) {
            Some(value) => value,
            None => panic!("there is no entry of this key"),
        }
    }
}
