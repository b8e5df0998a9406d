//! From a view of a cluster to facts, from facts to signals, from signals to incidents.
//!
//! Pure: no clock, no I/O. Deliberately not here: causes. A fact says what is so, a signal that it means trouble, an
//! incident what belongs together; why is the investigator's question.
//! Start with [`facts`].

use model::{Fact, Triage, View};
use topology::Graph;

/// Everything a senior engineer would check and code can decide, about this view. Sorted by name, then subject.
/// A fact that could not be decided is there with [`model::Certainty::Unknown`] rather than absent, where its absence
/// would be read as "fine".
pub fn facts(_view: &View, _graph: &Graph) -> Vec<Fact> {
    todo!()
}

/// Facts that mean trouble, noise set aside, grouped into incidents, worst first.
pub fn triage(_view: &View, _graph: &Graph, _facts: &[Fact]) -> Triage {
    todo!()
}
