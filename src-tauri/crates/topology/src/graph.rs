use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use model::{ObjectRef, View};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::{Edge, Layout, Relation, build, layout};

/// The graph as of a view's time.
pub struct Graph {
    graph: DiGraph<ObjectRef, Edge>,
    index: HashMap<ObjectRef, NodeIndex>,
    workloads: HashMap<ObjectRef, ObjectRef>,
    pods: BTreeMap<ObjectRef, Vec<ObjectRef>>,
}

impl Graph {
    /// `declared`: dependencies from blueprints as (from, to, why).
    pub fn build(view: &View, declared: &[(ObjectRef, ObjectRef, String)]) -> Self {
        let built = build::build(view, declared);
        let mut graph = DiGraph::with_capacity(view.snapshot.objects.len(), built.edges.len());
        let mut index = HashMap::with_capacity(view.snapshot.objects.len());
        for object in view.snapshot.objects.keys().filter(|o| o.kind != "Event") {
            index.insert(object.clone(), graph.add_node(object.clone()));
        }
        for edge in built.edges {
            let mut node = |object: &ObjectRef| match index.get(object) {
                Some(at) => *at,
                None => {
                    let at = graph.add_node(object.clone());
                    index.insert(object.clone(), at);
                    at
                }
            };
            let (from, to) = (node(&edge.from), node(&edge.to));
            graph.add_edge(from, to, edge);
        }
        Graph { graph, index, workloads: built.workloads, pods: built.pods }
    }

    /// Every object in the graph, also those that others name and that do not exist.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectRef> {
        self.graph.node_weights()
    }

    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        self.graph.edge_weights()
    }

    /// The workload that controls an object (`Deployment` for its pods and replica sets), or the object itself.
    pub fn workload_of(&self, object: &ObjectRef) -> ObjectRef {
        self.workloads.get(object).unwrap_or(object).clone()
    }

    /// The pods of a workload.
    pub fn pods_of(&self, workload: &ObjectRef) -> Vec<ObjectRef> {
        self.pods.get(workload).cloned().unwrap_or_default()
    }

    /// What `object` depends on, directly.
    pub fn dependencies(&self, object: &ObjectRef) -> Vec<&Edge> {
        self.directed(object, Direction::Outgoing)
    }

    /// What depends on `object`, directly.
    pub fn dependents(&self, object: &ObjectRef) -> Vec<&Edge> {
        self.directed(object, Direction::Incoming)
    }

    fn directed(&self, object: &ObjectRef, direction: Direction) -> Vec<&Edge> {
        let Some(at) = self.index.get(object) else { return Vec::new() };
        let mut edges: Vec<&Edge> = self.graph.edges_directed(*at, direction).map(|e| e.weight()).collect();
        edges.sort_by(|a, b| (a.relation, &a.to, &a.from).cmp(&(b.relation, &b.to, &b.from)));
        edges
    }

    /// Everything that depends on any of `objects`, over any number of hops, nearest first, workload-level.
    pub fn blast_radius(&self, objects: &[ObjectRef]) -> Vec<ObjectRef> {
        let seeds: BTreeSet<ObjectRef> = objects.iter().map(|o| self.workload_of(o)).collect();
        let mut seen: BTreeSet<ObjectRef> = seeds.clone();
        let mut queue: VecDeque<ObjectRef> = seeds.into_iter().collect();
        let mut found = Vec::new();
        while let Some(object) = queue.pop_front() {
            let mut next: Vec<ObjectRef> = self
                .dependents(&object)
                .into_iter()
                .filter(|edge| carries_failure(edge.relation))
                .map(|edge| self.workload_of(&edge.from))
                .collect();
            next.sort();
            next.dedup();
            for dependent in next {
                if seen.insert(dependent.clone()) {
                    found.push(dependent.clone());
                    queue.push_back(dependent);
                }
            }
        }
        found
    }

    /// The shortest dependency path from one object to another.
    pub fn path(&self, from: &ObjectRef, to: &ObjectRef) -> Option<Vec<&Edge>> {
        let (start, end) = (*self.index.get(from)?, *self.index.get(to)?);
        let mut came_by: HashMap<NodeIndex, petgraph::graph::EdgeIndex> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            if at == end {
                let mut path = Vec::new();
                let mut back = end;
                while back != start {
                    let edge = came_by.get(&back)?;
                    path.push(&self.graph[*edge]);
                    back = self.graph.edge_endpoints(*edge)?.0;
                }
                path.reverse();
                return Some(path);
            }
            let mut steps: Vec<_> = self.graph.edges(at).collect();
            steps.sort_by(|a, b| (a.weight().relation, &a.weight().to).cmp(&(b.weight().relation, &b.weight().to)));
            for step in steps {
                if step.target() != start && !came_by.contains_key(&step.target()) {
                    came_by.insert(step.target(), step.id());
                    queue.push_back(step.target());
                }
            }
        }
        None
    }

    /// Objects within `hops` of the seeds in either direction, pods folded into their workloads, nearest first. At most
    /// `most`; the second value says how many more there were.
    pub fn neighbourhood(&self, seeds: &[ObjectRef], hops: u32, most: usize) -> (Vec<ObjectRef>, u32) {
        let mut seen = BTreeSet::new();
        let mut ring: Vec<ObjectRef> = Vec::new();
        for seed in seeds {
            let seed = self.workload_of(seed);
            if seen.insert(seed.clone()) {
                ring.push(seed);
            }
        }
        let mut found = ring.clone();
        for _ in 0..hops {
            let mut next: BTreeSet<ObjectRef> = BTreeSet::new();
            for object in &ring {
                // Walking on through a node or a namespace would reach everything.
                if matches!(object.kind.as_str(), "Node" | "Namespace" | "StorageClass") && !seeds.contains(object) {
                    continue;
                }
                for direction in [Direction::Outgoing, Direction::Incoming] {
                    for edge in self.directed(object, direction) {
                        let other = if direction == Direction::Outgoing { &edge.to } else { &edge.from };
                        let other = self.workload_of(other);
                        if !seen.contains(&other) {
                            next.insert(other);
                        }
                    }
                }
            }
            ring = next.into_iter().collect();
            seen.extend(ring.iter().cloned());
            found.extend(ring.iter().cloned());
        }
        let hidden = found.len().saturating_sub(most) as u32;
        found.truncate(most);
        (found, hidden)
    }

    /// The neighbourhood of `seeds` within `hops`, pods folded into their workloads, at most `most` nodes, laid out.
    /// The same nodes get the same places whatever the time.
    pub fn layout(&self, seeds: &[ObjectRef], hops: u32, most: usize) -> Layout {
        let (objects, hidden) = self.neighbourhood(seeds, hops, most);
        layout::lay_out(self, objects, hidden)
    }
}

/// Whether trouble of the head becomes trouble of the tail.
fn carries_failure(relation: Relation) -> bool {
    match relation {
        Relation::OwnedBy
        | Relation::Selects
        | Relation::RoutesTo
        | Relation::Mounts
        | Relation::ReadsConfig
        | Relation::RunsOn
        | Relation::Binds
        | Relation::UsesAccount
        | Relation::Calls => true,
        // An autoscaler, a quota or a class in trouble does not break what already runs.
        Relation::ScaledBy | Relation::LimitedBy | Relation::Declares => false,
    }
}

#[cfg(test)]
mod tests {
    use model::Body;
    use serde_json::json;

    use super::*;
    use crate::sketch::{Sketch, deployed, object};

    fn shop() -> Sketch {
        let sketch = deployed(Sketch::new(), "web", "n1", json!([{"name": "CART", "value": "cart:80"}]));
        let sketch = deployed(sketch, "cart", "n2", json!([{"name": "DB_HOST", "value": "db.shop.svc.cluster.local"}]));
        deployed(sketch, "db", "n2", json!([])).with("Node/n1", json!({})).with("Node/n2", json!({}))
    }

    #[test]
    fn a_pod_belongs_to_its_deployment_through_its_replica_set() {
        let graph = Graph::build(&shop().view(), &[]);
        assert_eq!(graph.workload_of(&object("Pod/shop/web-abc-1")), object("Deployment/shop/web"));
        assert_eq!(graph.workload_of(&object("ReplicaSet/shop/web-abc")), object("Deployment/shop/web"));
        assert_eq!(graph.pods_of(&object("Deployment/shop/web")), [object("Pod/shop/web-abc-1")]);
    }

    #[test]
    fn a_deployment_that_is_not_in_the_bundle_is_known_by_the_hash_of_its_pods() {
        let sketch = Sketch::new().with(
            "Pod/shop/web-7f9-x",
            json!({
            "metadata": {"labels": {"pod-template-hash": "7f9"}, "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7f9", "controller": true}]}}),
        );
        let graph = Graph::build(&sketch.view(), &[]);
        assert_eq!(graph.workload_of(&object("Pod/shop/web-7f9-x")), object("Deployment/shop/web"));
    }

    #[test]
    fn a_pod_that_nobody_controls_is_its_own_workload() {
        let graph = Graph::build(&Sketch::new().with("Pod/shop/lone", json!({})).view(), &[]);
        assert_eq!(graph.workload_of(&object("Pod/shop/lone")), object("Pod/shop/lone"));
    }

    #[test]
    fn a_job_of_a_cron_job_is_the_cron_jobs_work() {
        let owner = |kind: &str, name: &str| json!([{"apiVersion": "batch/v1", "kind": kind, "name": name, "controller": true}]);
        let sketch = Sketch::new()
            .with("CronJob/shop/nightly", json!({}))
            .with("Job/shop/nightly-1", json!({"metadata": {"ownerReferences": owner("CronJob", "nightly")}}))
            .with("Pod/shop/nightly-1-x", json!({"metadata": {"ownerReferences": owner("Job", "nightly-1")}}));
        let graph = Graph::build(&sketch.view(), &[]);
        assert_eq!(graph.workload_of(&object("Pod/shop/nightly-1-x")), object("CronJob/shop/nightly"));
    }

    #[test]
    fn the_blast_radius_of_a_database_reaches_its_callers_callers_and_stops_there() {
        let graph = Graph::build(&shop().view(), &[]);
        let radius = graph.blast_radius(&[object("Deployment/shop/db")]);
        let names: Vec<String> = radius.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            ["Service/shop/db", "Deployment/shop/cart", "Service/shop/cart", "Deployment/shop/web", "Service/shop/web"]
        );
        assert_eq!(graph.blast_radius(&[object("Deployment/shop/web")]), [object("Service/shop/web")]);
    }

    #[test]
    fn a_path_names_every_hop() {
        let graph = Graph::build(&shop().view(), &[]);
        let path =
            graph.path(&object("Deployment/shop/web"), &object("Node/n2")).expect("web calls cart, cart runs on n2");
        let hops: Vec<Relation> = path.iter().map(|e| e.relation).collect();
        assert_eq!(hops, [Relation::Calls, Relation::Selects, Relation::RunsOn]);
        assert!(graph.path(&object("Node/n2"), &object("Deployment/shop/web")).is_none());
    }

    #[test]
    fn recorded_dependencies_become_edges_only_once_they_are_released() {
        let calls = Body::Dependencies { calls: vec![("db".into(), "web".into()), ("db".into(), "unheard-of".into())] };
        let without = Graph::build(&shop().view(), &[]);
        let with = Graph::build(&shop().released(calls).view(), &[]);
        let count = |graph: &Graph| {
            let edges = graph.dependencies(&object("Deployment/shop/db"));
            edges.iter().filter(|e| e.relation == Relation::Calls).count()
        };
        assert_eq!((count(&without), count(&with)), (0, 1));
    }

    #[test]
    fn a_blueprints_dependency_is_a_declared_edge() {
        let declared = [(object("Deployment/shop/db"), object("Deployment/shop/web"), "audit trail".to_owned())];
        let graph = Graph::build(&shop().view(), &declared);
        assert_eq!(graph.path(&object("Deployment/shop/db"), &object("Deployment/shop/web")).map(|p| p.len()), Some(1));
    }

    #[test]
    fn a_layout_is_the_same_whatever_the_order_of_its_seeds_and_folds_pods() {
        let graph = Graph::build(&shop().view(), &[]);
        let one = graph.layout(&[object("Pod/shop/web-abc-1"), object("Deployment/shop/db")], 2, 300);
        let two = graph.layout(&[object("Deployment/shop/db"), object("Deployment/shop/web")], 2, 300);
        assert_eq!(one, two);
        assert!(one.nodes.iter().all(|n| n.object.kind != "Pod" && n.object.kind != "ReplicaSet"));
        let layer = |name: &str| one.nodes.iter().find(|n| n.object == object(name)).map(|n| n.layer);
        assert!(layer("Deployment/shop/web") < layer("Deployment/shop/cart"), "layers grow along dependencies");
        let places: BTreeSet<(i64, i64)> = one.nodes.iter().map(|n| (n.x as i64, n.y as i64)).collect();
        assert_eq!(places.len(), one.nodes.len(), "no two boxes on one place");
    }

    #[test]
    fn a_neighbourhood_says_how_much_it_leaves_out() {
        let graph = Graph::build(&shop().view(), &[]);
        let layout = graph.layout(&[object("Deployment/shop/cart")], 3, 2);
        assert_eq!(layout.nodes.len(), 2);
        assert!(layout.hidden > 0);
    }

    #[test]
    fn a_circle_of_calls_and_an_empty_cluster_are_laid_out_too() {
        let sketch = deployed(Sketch::new(), "a", "n", json!([{"name": "B_HOST", "value": "b"}]));
        let sketch =
            deployed(sketch, "b", "n", json!([{"name": "A_HOST", "value": "a"}, {"name": "B_HOST", "value": "b"}]));
        let graph = Graph::build(&sketch.view(), &[]);
        assert!(graph.layout(&[object("Deployment/shop/a")], 4, 300).nodes.len() >= 4);
        let empty = Graph::build(&Sketch::new().view(), &[]);
        assert_eq!(empty.layout(&[object("Deployment/shop/gone")], 2, 10).nodes.len(), 1);
    }
}
