//! The way from a symptom down to where it breaks first.

use std::collections::{BTreeMap, HashMap, VecDeque};

use model::ObjectRef;

use crate::graph::carries_failure;
use crate::place::Id;
use crate::{Graph, Tie};

/// What was reached from a start, nearest first, and by which edge from which object.
struct Reached<'g> {
    order: Vec<Id>,
    came_by: HashMap<Id, (Id, Tie<'g>)>,
}

impl<'g> Reached<'g> {
    fn way_to(&self, end: Id) -> Vec<Tie<'g>> {
        let mut way = Vec::new();
        let mut at = end;
        while let Some((before, tie)) = self.came_by.get(&at) {
            way.push(*tie);
            at = *before;
        }
        way.reverse();
        way
    }
}

impl Graph {
    /// The way from a symptom to where it breaks first: down to the nearest broken thing, and from there through broken
    /// things alone to one of which nothing that it needs is broken; of several the farthest. An empty way: the object
    /// itself. `None`: neither it nor anything that it needs is broken, as far as `broken` knows.
    ///
    /// `broken` is asked about workloads, not about their pods. A dependency that does not carry failure (an autoscaler, a
    /// quota) is not followed.
    pub fn first_broken(&self, from: &ObjectRef, broken: impl Fn(&ObjectRef) -> bool) -> Option<Vec<Tie<'_>>> {
        let start = self.id_of(&self.workload_of(from))?;
        let broken = |id: Id| broken(self.places.object(id));
        // One that is well may stand before the trouble: an ingress is never unready.
        let down = self.reached(start, |_| true);
        let first = down.order.iter().copied().find(|id| broken(*id))?;
        let through = self.reached(first, broken);
        let ends = through.order.iter().filter(|id| !self.needs(**id).keys().any(|next| broken(*next) && next != *id));
        let below = ends.map(|end| through.way_to(*end)).max_by_key(Vec::len).unwrap_or_default();
        Some(down.way_to(first).into_iter().chain(below).collect())
    }

    fn reached(&self, start: Id, may_enter: impl Fn(Id) -> bool) -> Reached<'_> {
        let mut reached = Reached { order: vec![start], came_by: HashMap::new() };
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            let mut next: Vec<(Id, Tie)> = self.needs(at).into_iter().filter(|(id, _)| may_enter(*id)).collect();
            next.sort_unstable_by(|(a, _), (b, _)| self.places.object(*a).cmp(self.places.object(*b)));
            for (id, tie) in next {
                if id != start && !reached.came_by.contains_key(&id) {
                    reached.came_by.insert(id, (at, tie));
                    reached.order.push(id);
                    queue.push_back(id);
                }
            }
        }
        reached
    }

    /// What an object needs directly, its pods' needs with it, each with an edge that says so.
    fn needs(&self, id: Id) -> BTreeMap<Id, Tie<'_>> {
        let mut needs = BTreeMap::new();
        for one in std::iter::once(id).chain(self.places.pods(id)) {
            for (key, said) in self.lines.from(one) {
                let next = self.places.workload(key.2);
                if next != id && carries_failure(key.1) {
                    needs.entry(next).or_insert_with(|| self.tie(key, said));
                }
            }
        }
        needs
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sketch::{Sketch, deployed, object};

    /// `web` calls `cart`, `cart` calls `db` and reads a ConfigMap; every one on a node.
    fn shop() -> Graph {
        let env = |value: &str| json!([{"name": "NEEDS", "value": value}]);
        let sketch = deployed(Sketch::new(), "web", "n1", env("cart:80"));
        let sketch = deployed(sketch, "cart", "n2", env("db:80"));
        let sketch = deployed(sketch, "db", "n3", json!([]));
        Graph::build(&sketch.view(), &[])
    }

    /// The objects of the way, the start with it.
    fn way(graph: &Graph, from: &str, broken: &[&str]) -> Option<Vec<String>> {
        let broken: Vec<ObjectRef> = broken.iter().map(|text| object(text)).collect();
        let way = graph.first_broken(&object(from), |o| broken.contains(o))?;
        Some(way.iter().map(|tie| graph.workload_of(tie.to).to_string()).collect())
    }

    #[test]
    fn the_first_broken_hop_is_the_last_of_a_chain_of_trouble() {
        let graph = shop();
        let all = [
            "Deployment/shop/web",
            "Service/shop/cart",
            "Deployment/shop/cart",
            "Service/shop/db",
            "Deployment/shop/db",
        ];
        let ends_at = |broken: &[&str]| way(&graph, "Deployment/shop/web", broken).map(|way| way.last().cloned());
        assert_eq!(ends_at(&all), Some(Some("Deployment/shop/db".into())));
        assert_eq!(ends_at(&all[..3]), Some(Some("Deployment/shop/cart".into())), "what `cart` needs is well");
        assert_eq!(ends_at(&all[..1]), Some(None), "it is broken itself, and nothing below it");
        let node = [&all[..], &["Node/n3"]].concat();
        assert_eq!(ends_at(&node), Some(Some("Node//n3".into())), "a pod's node is what its workload needs");
    }

    #[test]
    fn who_is_well_is_passed_until_the_nearest_trouble() {
        let graph = shop();
        let far = way(&graph, "Deployment/shop/web", &["Deployment/shop/db"]).unwrap_or_default();
        assert_eq!(far.last().map(String::as_str), Some("Deployment/shop/db"));
        assert_eq!(
            way(&graph, "Deployment/shop/db", &["Deployment/shop/web"]),
            None,
            "who needs it is not what it needs"
        );
        assert_eq!(way(&graph, "Deployment/shop/web", &[]), None);
        assert_eq!(way(&graph, "Deployment/shop/nobody", &["Deployment/shop/db"]), None);
    }

    #[test]
    fn two_that_call_each_other_and_are_broken_end_the_walk() {
        let env = |value: &str| json!([{"name": "NEEDS", "value": value}]);
        let sketch = deployed(deployed(Sketch::new(), "a", "n1", env("b:80")), "b", "n2", env("a:80"));
        let graph = Graph::build(&sketch.view(), &[]);
        let broken = ["Deployment/shop/a", "Service/shop/b", "Deployment/shop/b", "Service/shop/a"];
        assert_eq!(way(&graph, "Deployment/shop/a", &broken), Some(vec![]));
    }
}
