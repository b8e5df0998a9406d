//! What somebody who argues with the built-in investigator asks of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Conclusion, Fact, Hypothesis, Incident, ObjectRef, Observation, Snapshot, ToolCall};

use super::BuiltIn;
use crate::Move;

impl BuiltIn {
    pub(crate) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.view.snapshot
    }

    pub(crate) fn question(&self) -> Option<&str> {
        self.question.as_deref()
    }

    /// What is known to be so by what was released so far.
    pub(crate) fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.assessment.iter().flat_map(|assessment| assessment.map.facts.iter().map(|bound| &bound.fact))
    }

    /// The objects and what touches them directly, workload-level.
    pub(crate) fn near<'a>(&self, objects: impl IntoIterator<Item = &'a ObjectRef>) -> BTreeSet<ObjectRef> {
        let Some(assessment) = &self.assessment else { return BTreeSet::new() };
        objects.into_iter().flat_map(|object| assessment.map.near(object).iter().cloned().collect::<Vec<_>>()).collect()
    }

    /// The incidents, also before it began.
    pub(crate) fn troubles(&self) -> &[Incident] {
        &self.incidents
    }

    /// What it would conclude now.
    pub(crate) fn verdict(&mut self) -> Conclusion {
        match self.conclude() {
            Move::Conclude(conclusion) => conclusion,
            _ => Conclusion {
                abstained: true,
                summary: String::new(),
                hypotheses: Vec::new(),
                not_checked: Vec::new(),
                argument: None,
            },
        }
    }

    /// Takes in what a call of somebody else showed, and asks for nothing. Gives the hypotheses and the sentence that says
    /// what moved, if anything did.
    pub(crate) fn learn(
        &mut self,
        call: &ToolCall,
        observations: &[Arc<Observation>],
    ) -> Option<(Vec<Hypothesis>, String)> {
        self.asked.insert(call.digest());
        let new: Vec<_> =
            observations.iter().filter(|o| !self.view.released.iter().any(|known| known.id == o.id)).cloned().collect();
        if !observations.is_empty() {
            self.answered.insert(call.digest());
        }
        if new.is_empty() {
            return None;
        }
        let before = self.telling(|t| (t.probabilities(), t.known())).unwrap_or_default();
        self.view.released.extend(new);
        self.assess();
        let (hypotheses, after, because) =
            self.telling(|t| (t.hypotheses(), t.probabilities(), t.because(&before.0, &before.1, &call.tool)))?;
        let moved = before.0 != after && !hypotheses.is_empty();
        moved.then_some((hypotheses, because))
    }
}
