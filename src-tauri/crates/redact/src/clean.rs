//! Text that was looked at before and hides nothing. A cluster says the same things thousands of times.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use crate::name::kind_of;

const SHARDS: usize = 8;
/// What one shard remembers; full, it begins anew. Two megabytes over all, which is what a few hundred workloads say.
const MOST_TEXTS: usize = 1_750;
const MOST_BYTES: usize = 96 << 10;
/// Longer texts are not remembered.
const LONGEST: usize = 4_096;

pub(crate) struct Clean {
    random: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    texts: HashSet<Box<str>, RandomState>,
    bytes: usize,
    names: HashMap<Box<str>, Option<&'static str>, RandomState>,
}

impl Clean {
    pub fn new() -> Self {
        Clean { random: RandomState::default(), shards: Default::default() }
    }

    pub fn knows(&self, text: &str) -> bool {
        text.len() <= LONGEST && self.shard(text).texts.contains(text)
    }

    /// The text passed every layer unchanged.
    pub fn learn(&self, text: &str) {
        if text.len() > LONGEST {
            return;
        }
        let mut shard = self.shard(text);
        if shard.texts.len() >= MOST_TEXTS || shard.bytes >= MOST_BYTES {
            shard.texts.clear();
            shard.bytes = 0;
        }
        if shard.texts.insert(text.into()) {
            shard.bytes += text.len();
        }
    }

    /// As [`kind_of`].
    pub fn kind_of(&self, name: &str) -> Option<&'static str> {
        if name.len() > LONGEST {
            return kind_of(name);
        }
        let mut shard = self.shard(name);
        if let Some(known) = shard.names.get(name) {
            return *known;
        }
        let kind = kind_of(name);
        if shard.names.len() >= MOST_TEXTS {
            shard.names.clear();
        }
        shard.names.insert(name.into(), kind);
        kind
    }

    fn shard(&self, text: &str) -> MutexGuard<'_, Shard> {
        let shard = &self.shards[self.random.hash_one(text) as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Times, uids and the ids of containers: each is unique, none is text, and none hides anything.
pub(crate) fn is_identifier(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.len() {
        36 if bytes[8] == b'-' => bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        }),
        20..=32 if bytes[4] == b'-' && bytes[10] == b'T' => {
            bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z' | b'+'))
        }
        _ => ["containerd://", "cri-o://", "docker://"].into_iter().any(|scheme| {
            text.strip_prefix(scheme).is_some_and(|id| id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()))
        }),
    }
}
