//! Every object that the graph knows by a number, with its owner and its workload.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use imbl::Vector;
use model::{ObjectRef, Ordered, Snapshot, Text};

/// The number of an object in one graph and in those that went on from it.
pub(crate) type Id = u32;

/// Set in an owner's number where labels or the name told it.
const GUESSED: u32 = 1 << 31;
const NOBODY: u32 = u32::MAX;

#[derive(Clone)]
struct Place {
    object: ObjectRef,
    owner: u32,
    workload: Id,
}

/// A clone shares everything, and copies what becomes different.
#[derive(Clone, Default)]
pub(crate) struct Places {
    all: Vector<Place>,
    /// Ids by a hash of their object. Five bytes each: copying all of it for a new object costs less than a tree's nodes.
    by_object: Arc<HashTable<Id>>,
    /// (owner, owned).
    owned: Ordered<(Id, Id), ()>,
    /// (workload, pod), of pods that exist.
    pods: Ordered<(Id, Id), ()>,
}

impl Places {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn find(&self, object: &ObjectRef) -> Option<Id> {
        self.by_object.find(hash(object), |id| self.object(*id) == object).copied()
    }

    /// The object's number, a new one where it has none.
    pub fn id(&mut self, object: &ObjectRef) -> Id {
        if let Some(id) = self.find(object) {
            return id;
        }
        let id = self.all.len() as Id;
        self.all.push_back(Place { object: object.clone(), owner: NOBODY, workload: id });
        let all = &self.all;
        Arc::make_mut(&mut self.by_object).insert_unique(hash(object), id, |id| hash(&all[*id as usize].object));
        id
    }

    pub fn object(&self, id: Id) -> &ObjectRef {
        &self.all[id as usize].object
    }

    /// The direct owner, and whether an owner reference says so.
    pub fn owner(&self, id: Id) -> Option<(Id, bool)> {
        let owner = self.all[id as usize].owner;
        (owner != NOBODY).then_some((owner & !GUESSED, owner & GUESSED == 0))
    }

    pub fn own(&mut self, id: Id, owner: Option<(Id, bool)>) {
        if self.owner(id) == owner {
            return;
        }
        if let Some((before, _)) = self.owner(id) {
            self.owned.remove(&(before, id));
        }
        self.all[id as usize].owner = match owner {
            Some((owner, declared)) => {
                self.owned.insert((owner, id), ());
                if declared { owner } else { owner | GUESSED }
            }
            None => NOBODY,
        };
    }

    pub fn owns_something(&self, id: Id) -> bool {
        self.owned.range((id, 0)..=(id, Id::MAX)).next().is_some()
    }

    pub fn workload(&self, id: Id) -> Id {
        self.all[id as usize].workload
    }

    /// Finds the workload at the top: climbs while the next owner is a workload, an intermediate of one, or an object
    /// that the snapshot holds.
    pub fn settle(&mut self, id: Id, snapshot: &Snapshot) {
        let mut at = id;
        for _ in 0..8 {
            let here = self.object(at);
            if is_workload(&here.kind) {
                break;
            }
            let Some((owner, _)) = self.owner(at) else { break };
            let above = self.object(owner);
            let intermediate = matches!(here.kind.as_str(), "Pod" | "ReplicaSet" | "ReplicationController");
            if !(is_workload(&above.kind) || intermediate || snapshot.get(above).is_some()) {
                break;
            }
            at = owner;
        }
        if self.workload(id) != at {
            self.all[id as usize].workload = at;
        }
    }

    pub fn add_pod(&mut self, pod: Id) {
        self.pods.insert((self.workload(pod), pod), ());
    }

    pub fn remove_pod(&mut self, pod: Id) {
        self.pods.remove(&(self.workload(pod), pod));
    }

    /// The pods of a workload, in no order.
    pub fn pods(&self, workload: Id) -> impl Iterator<Item = Id> {
        self.pods.range((workload, 0)..=(workload, Id::MAX)).map(|((_, pod), ())| *pod)
    }

    /// Forgets who owns whom in some namespaces.
    pub fn disown(&mut self, namespaces: &BTreeSet<Text>) {
        let inside = |(id, place): (usize, &Place)| namespaces.contains(&place.object.namespace).then_some(id as Id);
        let ids: Vec<Id> = self.all.iter().enumerate().filter_map(inside).collect();
        for id in ids {
            self.own(id, None);
            if self.workload(id) != id {
                self.all[id as usize].workload = id;
            }
        }
    }
}

fn hash(object: &ObjectRef) -> u64 {
    foldhash::fast::FixedState::default().hash_one(object)
}

/// Where climbing from owner to owner ends: these are what people call the workload, whatever made them.
fn is_workload(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob")
}
