//! What differs between the graphs of two times.

use std::collections::BTreeSet;

use model::ObjectRef;
use serde::{Deserialize, Serialize};

use crate::place::Id;
use crate::{Edge, Graph, Relation};

/// What differs between two graphs, pods and replica sets folded into their workloads: that a pod was replaced is no
/// difference. What one of the two cannot know to be absent is not told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// In the later graph alone.
    pub appeared: Vec<ObjectRef>,
    /// In the earlier graph alone.
    pub gone: Vec<ObjectRef>,
    pub edges_appeared: Vec<Edge>,
    pub edges_gone: Vec<Edge>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.appeared.is_empty() && self.gone.is_empty() && self.edges_appeared.is_empty() && self.edges_gone.is_empty()
    }
}

impl Graph {
    /// How `later`, a graph of the same cluster, differs from this one.
    pub fn difference(&self, later: &Graph) -> Difference {
        Difference {
            appeared: later.lacking_in(self),
            gone: self.lacking_in(later),
            edges_appeared: later.edges_lacking_in(self),
            edges_gone: self.edges_lacking_in(later),
        }
    }

    /// Objects that exist here and certainly not in the other graph.
    fn lacking_in(&self, other: &Graph) -> Vec<ObjectRef> {
        let here = self.snapshot.objects.keys().filter(|o| o.kind != "Event" && self.workload_of(o) == **o);
        here.filter(|o| other.snapshot.get(o).is_none() && other.snapshot.absence_is_known(&o.kind, &o.namespace))
            .cloned()
            .collect()
    }

    fn edges_lacking_in(&self, other: &Graph) -> Vec<Edge> {
        let there: BTreeSet<(&ObjectRef, Relation, &ObjectRef)> =
            other.lines.iter().map(|(key, _)| other.folded(key)).collect();
        let mut told = BTreeSet::new();
        let mut lacking = Vec::new();
        for (key, said) in self.lines.iter() {
            let folded = self.folded(key);
            let (from, _, to) = folded;
            if from == to || there.contains(&folded) || !other.would_know(from) || !told.insert(folded) {
                continue;
            }
            lacking.push(Edge { from: from.clone(), to: to.clone(), ..self.tie(key, said).edge() });
        }
        lacking.sort_by(|a, b| (&a.from, a.relation, &a.to).cmp(&(&b.from, b.relation, &b.to)));
        lacking
    }

    fn folded(&self, (from, relation, to): (Id, Relation, Id)) -> (&ObjectRef, Relation, &ObjectRef) {
        let workload = |id: Id| self.places.object(self.places.workload(id));
        (workload(from), relation, workload(to))
    }

    /// Whether an edge of this object would be known here, if there were one.
    fn would_know(&self, object: &ObjectRef) -> bool {
        self.snapshot.get(object).is_some() || self.snapshot.absence_is_known(&object.kind, &object.namespace)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sketch::{Sketch, deployed, object};

    fn calls(value: &str) -> serde_json::Value {
        json!([{"name": "NEEDS", "value": value}])
    }

    #[test]
    fn what_appeared_and_what_is_gone_is_told_by_workload() {
        let before = deployed(deployed(Sketch::new(), "web", "n1", calls("cart:80")), "cart", "n1", json!([])).listed();
        let after = deployed(deployed(Sketch::new(), "web", "n1", calls("till:80")), "till", "n2", json!([])).listed();
        let (before, after) = (Graph::build(&before.view(), &[]), Graph::build(&after.view(), &[]));
        let difference = before.difference(&after);
        let named =
            |name: &str| vec![object(&format!("Deployment/shop/{name}")), object(&format!("Service/shop/{name}"))];
        assert_eq!((difference.gone, difference.appeared), (named("cart"), named("till")));
        let told = |edges: &[Edge]| -> Vec<String> {
            edges.iter().map(|e| format!("{} {} {}", e.from.name, e.relation.words(), e.to.name)).collect()
        };
        assert!(told(&difference.edges_appeared).contains(&"web calls till".into()), "{:?}", difference.edges_appeared);
        assert!(told(&difference.edges_gone).contains(&"web calls cart".into()), "{:?}", difference.edges_gone);
        assert!(!told(&difference.edges_gone).iter().any(|words| words.starts_with("web runs on")));
        assert!(before.difference(&before).is_empty());
    }

    #[test]
    fn a_replaced_pod_is_no_difference_and_what_was_not_looked_at_is_not_gone() {
        let one = deployed(Sketch::new(), "web", "n1", json!([])).listed();
        let other = deployed(Sketch::new(), "web", "n1", json!([])).without("Pod/shop/web-abc-1").with(
            "Pod/shop/web-abc-2",
            json!({"metadata": {"labels": {"pod-template-hash": "abc"}, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-abc", "controller": true}]},
                "spec": {"nodeName": "n1"}}),
        );
        let (one, other) = (Graph::build(&one.view(), &[]), Graph::build(&other.listed().view(), &[]));
        assert_eq!(one.difference(&other), Difference::default());
        let blind = Graph::build(&Sketch::new().view(), &[]);
        assert_eq!(one.difference(&blind), Difference::default(), "nothing was listed there");
    }
}
