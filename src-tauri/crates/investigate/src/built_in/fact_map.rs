use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use knowledge::{BoundFact, Condition, Names, On, Scene};
use model::{Certainty, Fact, ObjectRef};
use topology::Graph;

/// Facts by name and by place, with the graph that says what is near what.
pub(crate) struct FactMap {
    pub facts: Vec<BoundFact>,
    pub graph: Graph,
    by_name: BTreeMap<String, Vec<usize>>,
    by_subject: HashMap<ObjectRef, Vec<usize>>,
    radius: RefCell<HashMap<ObjectRef, Arc<BTreeSet<ObjectRef>>>>,
    near: RefCell<HashMap<ObjectRef, Arc<BTreeSet<ObjectRef>>>>,
    names: RefCell<HashMap<ObjectRef, Arc<(Names, Names)>>>,
}

impl FactMap {
    /// Facts that could not be decided are left out: they must not raise a hypothesis.
    pub fn new(facts: Vec<Fact>, graph: Graph) -> Self {
        let facts: Vec<BoundFact> =
            facts.into_iter().filter(|f| f.certainty == Certainty::Known).map(BoundFact::new).collect();
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut by_subject: HashMap<ObjectRef, Vec<usize>> = HashMap::new();
        for (index, bound) in facts.iter().enumerate() {
            by_name.entry(bound.fact.name.clone()).or_default().push(index);
            by_subject.entry(bound.fact.subject.clone()).or_default().push(index);
        }
        FactMap {
            facts,
            graph,
            by_name,
            by_subject,
            radius: RefCell::default(),
            near: RefCell::default(),
            names: RefCell::default(),
        }
    }

    pub fn fact(&self, index: usize) -> &Fact {
        &self.facts[index].fact
    }

    pub fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn about(&self, object: &ObjectRef) -> &[usize] {
        self.by_subject.get(object).map_or(&[], Vec::as_slice)
    }

    pub fn has(&self, object: &ObjectRef, name: &str) -> bool {
        self.about(object).iter().any(|i| self.fact(*i).name == name)
    }

    /// What depends on an object, over any number of hops, workload-level, without the object itself.
    pub fn dependents(&self, object: &ObjectRef) -> Arc<BTreeSet<ObjectRef>> {
        if let Some(known) = self.radius.borrow().get(object) {
            return Arc::clone(known);
        }
        let mut set: BTreeSet<ObjectRef> = self.graph.blast_radius(std::slice::from_ref(object)).into_iter().collect();
        if object.kind == "Namespace" {
            let inside = self.by_subject.keys().filter(|o| o.namespace == object.name).cloned();
            set.extend(inside);
        }
        // What a part of the control plane leaves undone is its doing, wherever it shows.
        if self.has(object, "scheduler_not_working")
            || self.agent_down(object, "kube-scheduler")
            || *object == kube_system()
        {
            set.extend(self.named("scheduler_silent").iter().map(|i| self.fact(*i).subject.clone()));
        }
        if self.has(object, "controller_manager_not_working") || self.agent_down(object, "kube-controller-manager") {
            set.extend(self.named("pods_missing").iter().map(|i| self.fact(*i).subject.clone()));
        }
        if self.has(object, "cluster_dns_unhealthy") {
            set.extend(self.named("dns_resolution_failed").iter().map(|i| self.fact(*i).subject.clone()));
        }
        set.extend(self.clients_of(object));
        set.remove(object);
        let set = Arc::new(set);
        self.radius.borrow_mut().insert(object.clone(), Arc::clone(&set));
        set
    }

    /// Workloads whose logs complain, without an address, of what this server's own log admits.
    fn clients_of(&self, server: &ObjectRef) -> BTreeSet<ObjectRef> {
        let is = |fact: &Fact, key: &str, value: &str| fact.args.get(key).is_some_and(|v| v == value);
        let admits: Vec<&Fact> = self.about(server).iter().map(|i| self.fact(*i)).collect();
        let admits = admits.iter().filter(|f| f.name == "log_pattern" && is(f, "side", "server"));
        let patterns: BTreeSet<String> =
            admits.filter_map(|f| Some(f.args.get("pattern")?.as_str()?.to_owned())).collect();
        let complains = |fact: &&Fact| {
            fact.subject.namespace == server.namespace
                && is(fact, "side", "client")
                && is(fact, "target_object", "")
                && patterns.iter().any(|p| is(fact, "pattern", p))
        };
        let named = self.named("log_pattern").iter().map(|i| self.fact(*i));
        named.filter(complains).map(|f| f.subject.clone()).collect()
    }

    fn agent_down(&self, node: &ObjectRef, service: &str) -> bool {
        let down =
            |fact: &Fact| fact.name == "node_agent_down" && fact.args.get("service").is_some_and(|s| s == service);
        self.about(node).iter().any(|i| down(self.fact(*i)))
    }

    /// The object and what touches it directly, workload-level.
    pub fn near(&self, object: &ObjectRef) -> Arc<BTreeSet<ObjectRef>> {
        if let Some(known) = self.near.borrow().get(object) {
            return Arc::clone(known);
        }
        let mut set = BTreeSet::from([object.clone()]);
        for edge in self.graph.dependencies(object) {
            set.insert(self.graph.workload_of(edge.to));
        }
        for edge in self.graph.dependents(object) {
            set.insert(self.graph.workload_of(edge.from));
        }
        if object.kind == "Namespace" {
            set.extend(self.by_subject.keys().filter(|o| o.namespace == object.name).cloned());
        }
        let set = Arc::new(set);
        self.near.borrow_mut().insert(object.clone(), Arc::clone(&set));
        set
    }

    /// Whether `cause` lies upstream of `symptom`, so that trouble of the one becomes trouble of the other.
    pub fn reaches(&self, cause: &ObjectRef, symptom: &ObjectRef) -> bool {
        cause == symptom || self.dependents(cause).contains(symptom)
    }

    pub fn stands(&self, on: On, fact: &Fact, object: &ObjectRef) -> bool {
        match on {
            On::Same => fact.subject == *object,
            On::Near => self.near(object).contains(&fact.subject),
            On::Dependents => self.dependents(object).contains(&fact.subject),
            On::Dependencies => fact.subject != *object && self.reaches(&fact.subject, object),
            On::Anywhere => true,
        }
    }

    /// Names of the facts about an object, and of those around it.
    fn names(&self, object: &ObjectRef) -> Arc<(Names, Names)> {
        if let Some(known) = self.names.borrow().get(object) {
            return Arc::clone(known);
        }
        let own = Names::new(self.about(object).iter().map(|i| self.fact(*i).name.as_str()));
        let near = self.near(object);
        let around = Names::new(near.iter().flat_map(|o| self.about(o)).map(|i| self.fact(*i).name.as_str()));
        let names = Arc::new((own, around));
        self.names.borrow_mut().insert(object.clone(), Arc::clone(&names));
        names
    }

    /// Whether a condition holds for one fact as seen from an object.
    pub fn holds(&self, condition: &Condition, fact: Option<usize>, object: &ObjectRef) -> bool {
        if condition.is_empty() {
            return true;
        }
        let names = self.names(object);
        condition.holds(&Scene::new(fact.map(|i| &self.facts[i]), object, &names.0, &names.1))
    }

    /// As [`FactMap::holds`], for a candidate that the fact `signal` made.
    pub fn holds_for(&self, condition: &Condition, fact: Option<usize>, signal: usize, object: &ObjectRef) -> bool {
        if condition.is_empty() {
            return true;
        }
        let names = self.names(object);
        let scene = Scene::new(fact.map(|i| &self.facts[i]), object, &names.0, &names.1);
        condition.holds(&scene.raised_by(&self.facts[signal]))
    }

    /// Whether a condition holds for any of the facts near an object, or for the object as a whole.
    pub fn holds_near(&self, condition: &Condition, object: &ObjectRef) -> bool {
        if condition.is_empty() || !condition.mentions_fact() {
            return self.holds(condition, None, object);
        }
        let near = self.near(object);
        near.iter().flat_map(|o| self.about(o)).any(|i| self.holds(condition, Some(*i), object))
    }
}

fn kube_system() -> ObjectRef {
    ObjectRef::global("Namespace", "kube-system")
}
