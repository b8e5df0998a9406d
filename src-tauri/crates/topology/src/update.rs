//! Reading a snapshot into a graph, whole or what has changed.
//!
//! What one object says about edges rests on the object, on who owns whom in its namespace, on which selectors there are
//! in it, and on which Services there are in the namespaces it names. So a change of an object that none of that rests on
//! (a pod, mostly) is read alone, any other with its whole namespace. What is read again is first taken back as it was
//! said before.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Held, ObjectRef, Ordered, Snapshot, Text, controller_of};

use crate::graph::Graph;
use crate::line::{Line, Origin, Reason};
use crate::owners::Owners;
use crate::place::Id;
use crate::selection::{SELECTING, selected_by};
use crate::telling::{TEMPLATED, Telling};
use crate::template::pod_spec_of;
use crate::{EdgeClass, Relation};

/// In a graph of fewer objects nothing is gained by building it anew.
const SPARE: usize = 1_000;

pub(crate) fn read_all(graph: &mut Graph) {
    let snapshot = Arc::clone(&graph.snapshot);
    let objects: Vec<_> = snapshot.objects.iter().collect();
    own(graph, objects.iter().copied().chain(&snapshot.deleted));
    hear(graph, &objects);
}

/// Enters what blueprints declare.
pub(crate) fn declare(graph: &mut Graph) {
    for (place, (from, to, _)) in Arc::clone(&graph.declared).iter().enumerate() {
        let (from, to) = (graph.workload_of(from), graph.places.id(to));
        let from = graph.places.id(&from);
        let (relation, class, reason) = (Relation::Calls, EdgeClass::Declared, Reason::Words(Text::default()));
        let line = Line { from, to, relation, class, reason };
        graph.lines.add(line, Origin::Blueprint(place as u32), &graph.places);
    }
}

fn undeclare(graph: &mut Graph) {
    for (place, (from, to, _)) in Arc::clone(&graph.declared).iter().enumerate() {
        let from = graph.workload_of(from);
        if let (Some(from), Some(to)) = (graph.places.find(&from), graph.places.find(to)) {
            graph.lines.remove((from, Relation::Calls, to), Origin::Blueprint(place as u32));
        }
    }
}

/// Finds the owners of objects, then their workloads.
fn own<'a>(graph: &mut Graph, objects: impl Iterator<Item = (&'a ObjectRef, &'a Held)> + Clone) {
    let snapshot = Arc::clone(&graph.snapshot);
    let mut owners = Owners::of(&snapshot);
    for (object, held) in objects.clone() {
        owners.find(object, held, &mut graph.places);
    }
    for (object, _) in objects {
        let Some(id) = graph.places.find(object) else { continue };
        graph.places.settle(id, &snapshot);
        // A replica set that is not there has the workload that its pods told of.
        if let Some((owner, _)) = graph.places.owner(id) {
            graph.places.settle(owner, &snapshot);
        }
    }
}

/// Reads what objects that exist say. All of their namespaces, or objects on which no other rests.
fn hear(graph: &mut Graph, objects: &[(&ObjectRef, &Held)]) {
    for (object, held) in objects {
        let kind = object.kind.as_str();
        if TEMPLATED.contains(&kind) && pod_spec_of(kind, &held.object).is_some() {
            let id = graph.places.id(object);
            *graph.templates.or_default(graph.places.workload(id)) += 1;
        } else if SELECTING.contains(&kind) {
            let id = graph.places.id(object);
            graph.selections.enter(id, object, held);
        } else if kind == "Pod" {
            let id = graph.places.id(object);
            graph.places.add_pod(id);
        }
    }
    each(graph, objects, true);
}

/// Adds what objects say, or takes it back.
fn each(graph: &mut Graph, objects: &[(&ObjectRef, &Held)], there: bool) {
    let Graph { snapshot, places, lines, selections, templates, abroad, .. } = graph;
    let mut telling = Telling { snapshot, places, templates, lines: Vec::new(), abroad: Vec::new() };
    for (object, held) in objects {
        telling.hear(object, held);
        let id = telling.places.id(object);
        for line in telling.lines.drain(..) {
            if there {
                lines.add(line, Origin::Object(id), telling.places);
            } else {
                lines.remove((line.from, line.relation, line.to), Origin::Object(id));
            }
        }
        for namespace in telling.abroad.drain(..) {
            if there {
                abroad.insert((namespace, id), ());
            } else {
                abroad.remove(&(namespace, id));
            }
        }
        if let Some(labels) = selected_by(object, held) {
            let workload = telling.places.workload(id);
            selections.count(object, labels, there, workload, lines, telling.places);
        }
    }
}

pub(crate) fn go_on(graph: &mut Graph, snapshot: Arc<Snapshot>) {
    let (places, there) = (graph.places.len(), snapshot.objects.len() + snapshot.deleted.len());
    let expected = graph.built.max(there);
    let crowded = places > expected + expected / 4 + SPARE || places > 2 * there + SPARE;
    if crowded || !graph.recorded.is_empty() {
        let view = model::View::inventory(snapshot);
        *graph = Graph::build(&view, &graph.declared);
        return;
    }
    let before = Arc::clone(&graph.snapshot);
    let changes = Changes::between(graph, &before, &snapshot);
    if changes.is_empty() {
        graph.snapshot = snapshot;
        return;
    }
    let was = changes.objects(&before.objects);
    let (is, gone) = (changes.objects(&snapshot.objects), changes.objects(&snapshot.deleted));
    // Taking back and saying anew is more work than saying.
    if was.len() + is.len() > snapshot.objects.len() + SPARE {
        *graph = Graph::build(&model::View::inventory(Arc::clone(&snapshot)), &graph.declared);
        return;
    }
    undeclare(graph);
    each(graph, &was, false);
    for (object, _) in &was {
        if object.kind == "Pod"
            && let Some(id) = graph.places.find(object)
        {
            graph.places.remove_pod(id);
        }
    }
    if !changes.namespaces.is_empty() {
        changes.namespaces.iter().for_each(|namespace| graph.selections.clear(namespace));
        let inside = |id: &&Id| changes.namespaces.contains(&graph.places.object(**id).namespace);
        let gone: Vec<Id> = graph.templates.keys().filter(inside).copied().collect();
        for id in gone {
            graph.templates.remove(&id);
        }
        graph.places.disown(&changes.namespaces);
    }
    for object in &changes.alone {
        let id = graph.places.id(object);
        graph.places.own(id, None);
        graph.places.settle(id, &snapshot);
    }
    graph.snapshot = Arc::clone(&snapshot);
    own(graph, is.iter().chain(&gone).copied());
    hear(graph, &is);
    declare(graph);
}

/// What must be read again.
struct Changes {
    namespaces: BTreeSet<Text>,
    /// Objects of other namespaces.
    alone: BTreeSet<ObjectRef>,
}

impl Changes {
    fn between(graph: &Graph, before: &Snapshot, after: &Snapshot) -> Changes {
        let mut changes = Changes { namespaces: BTreeSet::new(), alone: BTreeSet::new() };
        let mut services: BTreeSet<&Text> = BTreeSet::new();
        for (object, old, new) in before.objects.differing(&after.objects) {
            if let (Some(old), Some(new)) = (old, new)
                && says_the_same(object, old, new)
            {
                continue;
            }
            if object.kind == "Service" && (old.is_none() || new.is_none()) {
                services.insert(&object.namespace);
            }
            changes.add(object, [old, new], graph, [before, after]);
        }
        for (object, old, new) in before.deleted.differing(&after.deleted) {
            changes.add(object, [old, new], graph, [before, after]);
        }
        for namespace in services {
            let from = (namespace.clone(), 0);
            let naming = graph.abroad.range(from..).take_while(|((named, _), ())| named == namespace);
            changes.alone.extend(naming.map(|((_, id), ())| graph.places.object(*id).clone()));
        }
        // Somebody's Service is gone or there: those who name it and have pods that hang on their template say so anew.
        let crowded: Vec<ObjectRef> = changes.alone.iter().filter(|object| rested_on(&object.kind)).cloned().collect();
        changes.namespaces.extend(crowded.into_iter().map(|object| object.namespace));
        changes.alone.retain(|object| !changes.namespaces.contains(&object.namespace));
        changes
    }

    fn add(&mut self, object: &ObjectRef, versions: [Option<&Held>; 2], graph: &Graph, snapshots: [&Snapshot; 2]) {
        if self.namespaces.contains(&object.namespace) {
            return;
        }
        let owns = || graph.places.find(object).is_some_and(|id| graph.places.owns_something(id));
        // Of a replica set that is not there, its pods tell the workload.
        let tells_of_owner = || {
            versions.into_iter().flatten().filter(|_| object.kind == "Pod").any(|held| {
                let owner = controller_of(&object.namespace, &held.object).filter(|o| o.kind == "ReplicaSet");
                owner.is_some_and(|owner| snapshots.iter().any(|snapshot| snapshot.get(&owner).is_none()))
            })
        };
        if rested_on(&object.kind) || owns() || tells_of_owner() {
            self.namespaces.insert(object.namespace.clone());
        } else {
            self.alone.insert(object.clone());
        }
    }

    fn is_empty(&self) -> bool {
        self.namespaces.is_empty() && self.alone.is_empty()
    }

    /// Those of the objects that must be read again.
    fn objects<'s>(&self, all: &'s Ordered<ObjectRef, Held>) -> Vec<(&'s ObjectRef, &'s Held)> {
        let mut found: Vec<(&ObjectRef, &Held)> =
            self.alone.iter().filter_map(|object| all.get_key_value(object)).collect();
        let kinds = if self.namespaces.is_empty() { Vec::new() } else { kinds(all) };
        for namespace in &self.namespaces {
            for kind in &kinds {
                let first = ObjectRef::new(*kind, namespace, "");
                let inside = all.range(first..).take_while(|(o, _)| o.kind == **kind && o.namespace == *namespace);
                found.extend(inside);
            }
        }
        found
    }
}

fn kinds(all: &Ordered<ObjectRef, Held>) -> Vec<&Text> {
    let mut kinds: Vec<&Text> = Vec::new();
    let mut next = all.keys().next();
    while let Some(object) = next {
        kinds.push(&object.kind);
        let after = ObjectRef::new(format!("{}\0", object.kind), "", "");
        next = all.range(after..).next().map(|(object, _)| object);
    }
    kinds
}

/// Kinds on which rests what others say, beyond owning them.
fn rested_on(kind: &str) -> bool {
    SELECTING.contains(&kind) || TEMPLATED.contains(&kind) || kind == "ReplicaSet"
}

/// Whether two versions of an object say the same about edges: all but its status, mostly.
fn says_the_same(object: &ObjectRef, old: &Held, new: &Held) -> bool {
    if old.observation == new.observation {
        return true;
    }
    // Whether a claim is bound is in its status.
    if object.kind == "PersistentVolumeClaim" {
        return old.object == new.object;
    }
    let metadata = |field: &str| old.object["metadata"][field] == new.object["metadata"][field];
    ["spec", "webhooks"].into_iter().all(|field| old.object.get(field) == new.object.get(field))
        && metadata("labels")
        && metadata("ownerReferences")
}
