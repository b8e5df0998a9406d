use model::{CallFact, CallId, CaseEvent, Decision, Preview, ResultView, Risk, ToolCall};

/// Where a revision of a call stands.
#[derive(Clone, Debug, PartialEq)]
pub enum CallState {
    Proposed,
    Forbidden { rule: String, because: String },
    /// A rule allowed it; it may start.
    Allowed { rule: String },
    AwaitingDecision { preview: Preview },
    /// The engineer approved it; it may start.
    Approved { digest: String },
    Denied { reason: String },
    Withdrawn { because: String },
    Expired { because: String },
    Running,
    AwaitingRelease { result: ResultView },
    Released { text: String, edited: bool },
    Withheld { reason: String },
    Failed { error: String, hint: String },
    Interrupted { because: String },
    OutcomeUnknown { because: String },
}

/// A call as its facts tell it: the newest revision, and how it got there.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub id: CallId,
    pub revision: u32,
    pub call: ToolCall,
    pub risk: Risk,
    pub digest: String,
    pub state: CallState,
    pub decision: Decision,
    /// Arguments of earlier revisions with the engineer's words why they were changed, oldest first.
    pub edits: Vec<(ToolCall, String)>,
}

/// A fact that cannot follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{fact}` cannot follow `{state}` (revision {revision})")]
pub struct FoldError {
    pub state: &'static str,
    pub fact: &'static str,
    pub revision: u32,
}

/// Folds the facts of one call, in order.
pub fn fold<'a>(_facts: impl IntoIterator<Item = &'a CallFact>) -> Result<Option<Call>, FoldError> {
    todo!()
}

/// All calls of a case, in the order of their proposal.
pub fn fold_case(_events: &[CaseEvent]) -> Result<Vec<Call>, FoldError> {
    todo!()
}
