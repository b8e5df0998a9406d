use std::sync::Arc;

use crate::{ClusterId, CoverageState, Doc, EventBody, ObjectRef, Observation, ObservationId, Ordered, Text, Time};

/// A cluster as of one time: what its watches had told by then. Plain data; a clone shares everything, and one that goes
/// on copies only what becomes different.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub cluster: ClusterId,
    pub at: Time,
    /// Objects that exist at [`Snapshot::at`].
    pub objects: Ordered<ObjectRef, Held>,
    /// Objects that were deleted before [`Snapshot::at`], their last version; the newest by name.
    pub deleted: Ordered<ObjectRef, Held>,
    /// Earlier versions of objects, oldest first, without the current one: what "what changed" is computed from.
    pub earlier: Ordered<ObjectRef, Arc<Vec<Held>>>,
    /// Events by subject, oldest last occurrence first.
    pub events: Ordered<ObjectRef, Arc<Vec<SeenEvent>>>,
    pub coverage: Vec<Coverage>,
    pub gaps: Vec<Gap>,
}

/// One version of an object as a snapshot holds it.
#[derive(Clone, Debug)]
pub struct Held {
    pub observation: ObservationId,
    /// Since when the object has been in this version.
    pub at: Time,
    pub seen_at: Time,
    pub uid: Text,
    pub api_version: Text,
    pub object: Doc,
}

/// Whether both are the same version, told by the same observation.
impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.observation == other.observation && self.at == other.at && self.object == other.object
    }
}

/// An Event as a snapshot holds it.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    pub observation: ObservationId,
    pub seen_at: Time,
    pub event: EventBody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    pub kind: Text,
    /// Empty: the whole cluster.
    pub namespace: Text,
    pub state: CoverageState,
    pub observation: ObservationId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub from: Time,
    pub until: Time,
    pub dropped: u64,
    pub reason: String,
    pub observation: ObservationId,
}

impl Snapshot {
    pub fn empty(cluster: ClusterId, at: Time) -> Self {
        Snapshot {
            cluster,
            at,
            objects: Ordered::new(),
            deleted: Ordered::new(),
            earlier: Ordered::new(),
            events: Ordered::new(),
            coverage: Vec::new(),
            gaps: Vec::new(),
        }
    }

    pub fn get(&self, object: &ObjectRef) -> Option<&Held> {
        self.objects.get(object)
    }

    /// All objects of a kind, by namespace and name.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a ObjectRef, &'a Held)> + 'a {
        let first = ObjectRef::new(kind, "", "");
        self.objects.range(first..).take_while(move |(object, _)| object.kind == kind)
    }

    /// All objects of a kind in one namespace, by name.
    pub fn in_namespace<'a>(
        &'a self,
        kind: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a ObjectRef, &'a Held)> + 'a {
        let first = ObjectRef::new(kind, namespace, "");
        self.objects.range(first..).take_while(move |(object, _)| object.kind == kind && object.namespace == namespace)
    }

    pub fn events_of(&self, object: &ObjectRef) -> &[SeenEvent] {
        self.events.get(object).map_or(&[], |events| events.as_slice())
    }

    /// Earlier versions of an object, oldest first, without the current one.
    pub fn earlier_of(&self, object: &ObjectRef) -> &[Held] {
        self.earlier.get(object).map_or(&[], |versions| versions.as_slice())
    }

    /// Whether the absence of an object of this kind in this namespace proves that it does not exist.
    pub fn absence_is_known(&self, kind: &str, namespace: &str) -> bool {
        self.coverage.iter().any(|c| {
            c.kind == kind && (c.namespace.is_empty() || c.namespace == namespace) && c.state == CoverageState::Listed
        })
    }
}

/// What an investigation may reason about: the inventory as of a time, and the observations that entered by released
/// results. Deny a call and its observations are not here.
#[derive(Clone, Debug)]
pub struct View {
    pub snapshot: Arc<Snapshot>,
    pub released: Vec<Arc<Observation>>,
}

impl View {
    pub fn inventory(snapshot: Arc<Snapshot>) -> Self {
        View { snapshot, released: Vec::new() }
    }

    /// Released observations about one object.
    pub fn released_of<'a>(&'a self, object: &'a ObjectRef) -> impl Iterator<Item = &'a Arc<Observation>> + 'a {
        self.released.iter().filter(move |o| o.subject.as_ref() == Some(object))
    }
}
