use std::sync::Arc;

use history::{DeskFile, Receipt};
use model::{Author, CallId, CaseId, Clock, Preview, ResultView, Risk, ToolCall, Written};
use serde_json::Value;

use crate::{Call, FoldError, Policy};

/// The right to run one call once. Made only by [`Door::start`] after "started" is committed, taken by value by whatever
/// runs the tool.
#[derive(Debug)]
pub struct Permit {
    case: CaseId,
    call: CallId,
    revision: u32,
    what: ToolCall,
}

impl Permit {
    pub fn case(&self) -> CaseId {
        self.case
    }
    pub fn call(&self) -> CallId {
        self.call
    }
    pub fn revision(&self) -> u32 {
        self.revision
    }
    /// Exactly what was approved.
    pub fn what(&self) -> &ToolCall {
        &self.what
    }
}

/// Why the door stayed shut.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("there is no call `{0}` in this case")]
    NoSuchCall(CallId),
    /// The window showed an older revision or other arguments.
    #[error("the call changed since it was shown: approve it again")]
    Changed,
    #[error("{0}")]
    NotNow(#[from] FoldError),
    #[error(transparent)]
    Store(#[from] history::Error),
}

/// Writes gate facts and case events. If the append fails, nothing runs.
pub struct Door {
    #[expect(dead_code, reason = "filled in by the implementation")]
    desk: Arc<DeskFile>,
    #[expect(dead_code, reason = "filled in by the implementation")]
    clock: Arc<dyn Clock>,
}

impl Door {
    pub fn new(desk: Arc<DeskFile>, clock: Arc<dyn Clock>) -> Self {
        Door { desk, clock }
    }

    /// Writes any other case event.
    pub fn write(&self, _case: CaseId, _facts: &[Written]) -> Result<Receipt, Refused> {
        todo!()
    }

    /// Proposes a call: writes proposed, the ruling, and asked where policy asks.
    #[expect(clippy::too_many_arguments, reason = "each is one column of the fact")]
    pub fn propose(
        &self,
        _case: CaseId,
        _id: CallId,
        _call: ToolCall,
        _risk: Risk,
        _preview: Preview,
        _policy: &Policy,
        _author: Author,
    ) -> Result<Call, Refused> {
        todo!()
    }

    /// `digest` is the one that was shown; another one is [`Refused::Changed`].
    pub fn approve(&self, _case: CaseId, _call: CallId, _digest: &str, _author: Author) -> Result<Call, Refused> {
        todo!()
    }

    /// Ends the shown revision and proposes the next one with other arguments. `risk` and `preview` are of the new
    /// arguments. The edit is the engineer's own: `approve` says whether it counts as approval as well.
    #[expect(clippy::too_many_arguments, reason = "each is one column of the fact")]
    pub fn edit(
        &self,
        _case: CaseId,
        _call: CallId,
        _args: Value,
        _why: &str,
        _risk: Risk,
        _preview: Preview,
        _policy: &Policy,
        _approve: bool,
        _author: Author,
    ) -> Result<Call, Refused> {
        todo!()
    }

    pub fn deny(&self, _case: CaseId, _call: CallId, _reason: &str, _author: Author) -> Result<Call, Refused> {
        todo!()
    }

    /// Writes "started", then gives the permit. A second start of the same revision is refused.
    pub fn start(&self, _case: CaseId, _call: CallId) -> Result<Permit, Refused> {
        todo!()
    }

    pub fn succeeded(&self, _case: CaseId, _call: CallId, _result: ResultView) -> Result<Call, Refused> {
        todo!()
    }

    pub fn failed(&self, _case: CaseId, _call: CallId, _error: &str, _hint: &str) -> Result<Call, Refused> {
        todo!()
    }

    /// Hands the result to the investigator: as it is, or with the engineer's text instead. Observations that the
    /// engineer took out (`without`) do not enter either.
    pub fn release(
        &self,
        _case: CaseId,
        _call: CallId,
        _text: Option<(&str, &str)>,
        _without: &[model::ObservationId],
        _author: Author,
    ) -> Result<Call, Refused> {
        todo!()
    }

    pub fn withhold(&self, _case: CaseId, _call: CallId, _reason: &str, _author: Author) -> Result<Call, Refused> {
        todo!()
    }

    /// After a restart: calls that were running when the program died become "outcome unknown" (writes) or
    /// "interrupted" (reads). Pending decisions stay pending.
    pub fn recover(&self, _case: CaseId) -> Result<Vec<Call>, Refused> {
        todo!()
    }
}
