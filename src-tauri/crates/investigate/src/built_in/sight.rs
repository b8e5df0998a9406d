use detect::{facts, triage, triage_by};
use knowledge::Blueprints;
use model::{Fact, Grouping, ObjectRef, Triage, View};
use topology::Graph;

/// What can be seen in a view: computed anew whenever something was released.
pub struct Sight {
    pub graph: Graph,
    pub facts: Vec<Fact>,
    pub triage: Triage,
}

impl Sight {
    pub fn of(view: &View, declared: &[(ObjectRef, ObjectRef, String)]) -> Self {
        let graph = Graph::build(view, declared);
        let facts = facts(view, &graph);
        let triage = triage(view, &graph, &facts);
        Sight { graph, facts, triage }
    }

    /// With the invariants that a team declares and that do not hold, grouped as the engineer decided.
    pub(crate) fn with_rules(mut self, view: &View, blueprints: &Blueprints, grouping: &[Grouping]) -> Self {
        let graph = &self.graph;
        let snapshot = &view.snapshot;
        let broken = blueprints.broken(&snapshot.cluster, snapshot, |object| graph.pods_of(object), &self.facts);
        if !broken.is_empty() || !grouping.is_empty() {
            self.facts.extend(broken);
            self.triage = triage_by(view, &self.graph, &self.facts, grouping);
        }
        self
    }
}
