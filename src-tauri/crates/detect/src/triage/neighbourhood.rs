use std::collections::BTreeSet;

use model::ObjectRef;
use topology::{Graph, Relation};

pub(crate) fn neighbourhood(graph: &Graph, object: &ObjectRef) -> Vec<ObjectRef> {
    let start = graph.workload_of(object);
    let mut found = vec![start.clone()];
    let mut add = |object: ObjectRef| {
        if !found.contains(&object) {
            found.push(object);
        }
    };
    if start != *object {
        add(object.clone());
    }
    for pod in graph.pods_of(&start) {
        add(pod);
    }
    let mut nodes = BTreeSet::new();
    for edge in graph.dependents(&start) {
        match edge.relation {
            Relation::Selects | Relation::RoutesTo => {
                add(edge.from.clone());
                for behind in graph.dependents(edge.from).into_iter().filter(|e| e.relation == Relation::RoutesTo) {
                    add(behind.from.clone());
                }
            }
            Relation::OwnedBy if edge.from.kind == "ReplicaSet" || edge.from.kind == "Job" => add(edge.from.clone()),
            _ => {}
        }
    }
    for edge in graph.dependencies(&start) {
        if edge.relation == Relation::RunsOn {
            nodes.insert(edge.to.clone());
            continue;
        }
        add(edge.to.clone());
        let further = graph.dependencies(edge.to);
        for next in further
            .into_iter()
            .filter(|e| matches!(e.relation, Relation::Selects | Relation::Binds | Relation::Declares))
        {
            add(graph.workload_of(next.to));
        }
    }
    nodes.into_iter().for_each(&mut add);
    if !start.namespace.is_empty() {
        add(ObjectRef::global("Namespace", start.namespace.as_str()));
    }
    found
}
