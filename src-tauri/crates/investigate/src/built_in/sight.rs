use detect::{facts, triage};
use model::{Fact, ObjectRef, Triage, View};
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
}
