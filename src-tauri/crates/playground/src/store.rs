//! What an API server keeps: objects by kind, each change under a revision, and the last changes for those who watch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use model::{MetricBody, ObjectRef, Time};
use serde_json::Value;
use tokio::sync::watch;

use crate::resource::{RESOURCES, Resource};

/// So many changes are kept for watches and old lists; older ones are expired.
const KEPT_CHANGES: usize = 20_000;

/// Where revisions begin: far enough from zero that "0" and "none" are never mistaken for one.
const FIRST_REVISION: u64 = 1_000;

pub type Key = (String, String);

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    pub revision: u64,
    pub kind: String,
    pub key: Key,
    pub before: Option<Arc<Value>>,
    /// `None`: deleted; then `before` holds its last state.
    pub after: Option<Arc<Value>>,
}

/// A piece of a container's log.
#[derive(Clone, Debug)]
pub struct LogPiece {
    pub at: Time,
    pub text: String,
}

#[derive(Debug, Default)]
pub struct Kept {
    revision: u64,
    /// Versions up to this one can no longer be asked for.
    compacted: u64,
    objects: BTreeMap<String, BTreeMap<Key, Arc<Value>>>,
    changes: VecDeque<Change>,
    custom: BTreeMap<String, Resource>,
    pub logs: BTreeMap<(String, String, String, bool), Vec<LogPiece>>,
    /// The newest value of a metric by (name, namespace, object, container).
    pub metrics: BTreeMap<(String, String, String, String), (Time, f64)>,
    /// The newest window of each metric, by name, object and labels.
    pub series: BTreeMap<(String, ObjectRef, String), MetricBody>,
}

/// The store behind the server. Cheap to share.
#[derive(Debug)]
pub struct Store {
    kept: RwLock<Kept>,
    revision: watch::Sender<u64>,
}

impl Default for Store {
    fn default() -> Self {
        let kept = Kept { revision: FIRST_REVISION, compacted: FIRST_REVISION, ..Kept::default() };
        Store { kept: RwLock::new(kept), revision: watch::Sender::new(FIRST_REVISION) }
    }
}

impl Store {
    /// Wakes with the newest revision after every change.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    pub fn read<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the store and wakes those who watch.
    pub fn write<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut kept);
        let revision = kept.revision;
        drop(kept);
        self.revision.send_replace(revision);
        result
    }
}

impl Kept {
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    /// The next revision, for a change that is kept elsewhere.
    pub fn pass(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// Forgets all changes: every version but the current one is expired.
    pub fn compact(&mut self) {
        self.changes.clear();
        self.compacted = self.revision;
    }

    pub fn put(&mut self, subject: &ObjectRef, mut object: Value) -> Arc<Value> {
        self.learn_kind(subject, &object);
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(object);
        let key = (subject.namespace.to_string(), subject.name.to_string());
        let before = self.objects.entry(subject.kind.to_string()).or_default().insert(key.clone(), object.clone());
        self.note(subject, key, before, Some(object.clone()));
        object
    }

    pub fn remove(&mut self, subject: &ObjectRef) -> Option<Arc<Value>> {
        let key = (subject.namespace.to_string(), subject.name.to_string());
        let before = self.objects.get_mut(subject.kind.as_str())?.remove(&key)?;
        self.revision += 1;
        let mut last = (*before).clone();
        last["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let last = Arc::new(last);
        self.note(subject, key, Some(last.clone()), None);
        Some(last)
    }

    fn note(&mut self, subject: &ObjectRef, key: Key, before: Option<Arc<Value>>, after: Option<Arc<Value>>) {
        let change = Change { revision: self.revision, kind: subject.kind.to_string(), key, before, after };
        self.changes.push_back(change);
        while self.changes.len() > KEPT_CHANGES {
            if let Some(gone) = self.changes.pop_front() {
                self.compacted = gone.revision;
            }
        }
    }

    fn learn_kind(&mut self, subject: &ObjectRef, object: &Value) {
        if crate::resource::by_kind(&subject.kind).is_some() || self.custom.contains_key(subject.kind.as_str()) {
            return;
        }
        let api_version = object["apiVersion"].as_str().unwrap_or("v1");
        let kind = object["kind"].as_str().unwrap_or(&subject.kind);
        let resource = Resource::custom(api_version, kind, !subject.namespace.is_empty());
        self.custom.insert(subject.kind.to_string(), resource);
    }

    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(kind)?.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All objects of a kind in the order in which lists give them.
    pub fn all<'a>(&'a self, kind: &str) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> + 'a {
        self.objects.get(kind).into_iter().flatten()
    }

    /// The objects of a kind as they were at a revision; `None` where that is no longer known.
    pub fn all_at(&self, kind: &str, revision: u64) -> Option<BTreeMap<Key, Arc<Value>>> {
        if revision < self.compacted {
            return None;
        }
        let mut objects = self.objects.get(kind).cloned().unwrap_or_default();
        for change in self.changes.iter().rev().take_while(|c| c.revision > revision).filter(|c| c.kind == kind) {
            match &change.before {
                Some(before) => objects.insert(change.key.clone(), before.clone()),
                None => objects.remove(&change.key),
            };
        }
        Some(objects)
    }

    /// Changes of a kind after a revision; `None` where some of them are forgotten.
    pub fn since(&self, kind: &str, revision: u64) -> Option<Vec<Change>> {
        if revision < self.compacted {
            return None;
        }
        let first = self.changes.partition_point(|c| c.revision <= revision);
        Some(self.changes.range(first..).filter(|c| c.kind == kind).cloned().collect())
    }

    /// Every kind that can be asked for, the known ones first.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        RESOURCES.iter().chain(self.custom.values())
    }
}
