//! The keys of a map, which most maps share with many others.

use std::ops::Deref;
use std::sync::LazyLock;

use triomphe::Arc;

use crate::Text;

/// Keys in the order in which they were written, each once.
pub(super) struct Shape {
    keys: Box<[Text]>,
    /// The places of the keys in the order of the keys.
    sorted: Box<[u32]>,
    /// What the pool computed of the keys; equal keys have equal hashes.
    pub hash: u64,
}

#[derive(Clone)]
pub(super) struct ShapeRef(pub Arc<Shape>);

/// Up to here, comparing one key after the other is quicker than searching.
const SCANNED: usize = 8;

static EMPTY: LazyLock<Shape> = LazyLock::new(|| Shape::new(Box::default(), 0));

impl Shape {
    pub fn new(keys: Box<[Text]>, hash: u64) -> Self {
        let mut sorted: Box<[u32]> = (0..keys.len()).map(|place| place as u32).collect();
        sorted.sort_unstable_by(|a, b| keys[*a as usize].cmp(&keys[*b as usize]));
        Shape { keys, sorted, hash }
    }

    pub fn empty() -> &'static Shape {
        &EMPTY
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn keys(&self) -> &[Text] {
        &self.keys
    }

    pub fn sorted(&self) -> impl Iterator<Item = usize> + use<'_> {
        self.sorted.iter().map(|place| *place as usize)
    }

    pub fn place(&self, key: &str) -> Option<usize> {
        if self.keys.len() <= SCANNED {
            return self.keys.iter().position(|own| own.as_str() == key);
        }
        let found = self.sorted.binary_search_by(|place| self.keys[*place as usize].as_str().cmp(key)).ok()?;
        Some(self.sorted[found] as usize)
    }
}

impl Deref for ShapeRef {
    type Target = Shape;

    fn deref(&self) -> &Shape {
        &self.0
    }
}

/// A place in a list as a JSON pointer writes it.
pub(super) fn place(step: &str) -> Option<usize> {
    if step.starts_with('+') || (step.starts_with('0') && step.len() != 1) { None } else { step.parse().ok() }
}
