//! What the writer remembers of the full versions that the next differences build on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Plain bodies of full versions that are kept ready, in bytes; another one is read back from its row when it is needed.
const MOST_BYTES: usize = 1 << 20;
/// A lane that is forgotten costs one full version more. As many as fit into a table of 2^14, about a megabyte; above,
/// the half that was not used for longest is forgotten.
const MOST_LANES: usize = 14_000;

/// Versions that follow each other: those of one object, or the repetitions of one Event (by a digest of its reason).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub subject: i64,
    pub event: u64,
}

/// The full version that a lane builds on.
pub(super) struct Lane {
    pub seq: i64,
    /// How long the full version is packed.
    pub packed: usize,
    /// Differences that were made to it.
    pub differences: u32,
    /// The shortest of them, and by how much the others were longer, in bytes.
    pub shortest: usize,
    pub wasted: usize,
    pub plain: Option<Arc<[u8]>>,
    used: u64,
}

#[derive(Default)]
pub(super) struct Lanes {
    by_key: HashMap<Key, Lane>,
    bytes: usize,
    uses: u64,
}

impl Lanes {
    pub fn get(&mut self, key: Key) -> Option<&mut Lane> {
        self.uses += 1;
        let lane = self.by_key.get_mut(&key)?;
        lane.used = self.uses;
        Some(lane)
    }

    /// A new full version.
    pub fn begin(&mut self, key: Key, seq: i64, packed: usize, plain: Arc<[u8]>) {
        if self.by_key.len() >= MOST_LANES {
            self.forget_unused();
        }
        self.uses += 1;
        self.bytes += plain.len();
        let lane =
            Lane { seq, packed, differences: 0, shortest: usize::MAX, wasted: 0, plain: Some(plain), used: self.uses };
        if let Some(before) = self.by_key.insert(key, lane) {
            self.bytes -= before.plain.map_or(0, |plain| plain.len());
        }
        self.make_room();
    }

    /// Keeps what was read back.
    pub fn restore(&mut self, key: Key, plain: Arc<[u8]>) {
        if let Some(lane) = self.by_key.get_mut(&key)
            && lane.plain.is_none()
        {
            self.bytes += plain.len();
            lane.plain = Some(plain);
            self.make_room();
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    pub fn drop_lane(&mut self, key: Key) {
        if let Some(lane) = self.by_key.remove(&key) {
            self.bytes -= lane.plain.map_or(0, |plain| plain.len());
        }
    }

    pub fn forget_rows(&mut self, removed: &HashSet<i64>) {
        self.retain(|_, lane| !removed.contains(&lane.seq));
    }

    /// Forgets everything about these subjects.
    pub fn forget_subjects(&mut self, gone: &HashSet<i64>) {
        self.retain(|key, _| !gone.contains(&key.subject));
    }

    fn forget_unused(&mut self) {
        let mut used: Vec<u64> = self.by_key.values().map(|lane| lane.used).collect();
        let middle = used.len() / 2;
        let limit = *used.select_nth_unstable(middle).1;
        self.retain(|_, lane| lane.used >= limit);
    }

    fn retain(&mut self, stays: impl Fn(&Key, &Lane) -> bool) {
        self.by_key.retain(|key, lane| stays(key, lane));
        self.bytes = self.by_key.values().filter_map(|lane| lane.plain.as_ref()).map(|plain| plain.len()).sum();
    }

    /// Drops every body; each can be read back.
    pub fn rest(&mut self) {
        self.by_key.values_mut().for_each(|lane| lane.plain = None);
        self.bytes = 0;
    }

    pub fn forget(&mut self) {
        *self = Lanes::default();
    }

    /// Drops the half of the bodies that was not used for longest.
    fn make_room(&mut self) {
        if self.bytes <= MOST_BYTES {
            return;
        }
        let mut used: Vec<u64> = self.by_key.values().filter(|l| l.plain.is_some()).map(|l| l.used).collect();
        let middle = used.len() / 2;
        if middle == 0 {
            return;
        }
        let limit = *used.select_nth_unstable(middle).1;
        for lane in self.by_key.values_mut().filter(|lane| lane.used < limit) {
            self.bytes -= lane.plain.take().map_or(0, |plain| plain.len());
        }
    }
}

#[cfg(test)]
mod tests;
