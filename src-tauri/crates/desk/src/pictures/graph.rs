use std::collections::BTreeMap;

use model::{ObjectRef, Severity, Snapshot, Triage};
use topology::Graph;

use super::status::status;
use crate::rows::{GraphView, NodeState};

/// The neighbourhood of `objects` with the state of everything in it as of the snapshot's time.
pub fn graph(
    snapshot: &Snapshot,
    graph: &Graph,
    triage: &Triage,
    objects: &[ObjectRef],
    hops: u32,
    most: usize,
) -> GraphView {
    let worst = worst_by_object(triage);
    let layout = graph.layout(objects, hops, most);
    let states = layout
        .nodes
        .iter()
        .map(|placed| NodeState {
            object: placed.object.clone(),
            severity: worst.get(&placed.object).copied(),
            status: status(snapshot, &placed.object),
            exists: snapshot.get(&placed.object).is_some(),
        })
        .collect();
    GraphView { at: snapshot.at, layout, states }
}

pub(crate) fn worst_by_object(triage: &Triage) -> BTreeMap<ObjectRef, Severity> {
    let mut worst: BTreeMap<ObjectRef, Severity> = BTreeMap::new();
    for signal in triage.incidents.iter().flat_map(|incident| &incident.signals) {
        let entry = worst.entry(signal.subject.clone()).or_insert(signal.severity);
        *entry = (*entry).max(signal.severity);
    }
    worst
}
