use std::sync::Arc;

use history::{Hold, Receipt};
use model::{CallId, CaseId, ToolCall};

use crate::Call;

/// The right to run one call once. Made only by [`crate::Door::start`] after "started" is committed, taken by value by
/// whatever runs the tool.
///
/// It can be read,
///
/// ```
/// fn runs(permit: gate::Permit) -> model::ToolCall {
///     permit.what().clone()
/// }
/// ```
///
/// but not made by anybody else,
///
/// ```compile_fail,E0451
/// fn forged(case: model::CaseId, call: model::CallId, what: model::ToolCall, running: gate::Running) -> gate::Permit {
///     gate::Permit { case, call, revision: 1, what, running }
/// }
/// ```
///
/// ```compile_fail,E0624
/// fn forged(receipt: &history::Receipt, call: gate::Call) -> gate::Permit {
///     gate::Permit::after(receipt, call)
/// }
/// ```
///
/// used twice,
///
/// ```compile_fail,E0382
/// fn runs(permit: gate::Permit) {}
/// fn twice(permit: gate::Permit) {
///     runs(permit);
///     runs(permit);
/// }
/// ```
///
/// ```compile_fail,E0599
/// fn copied(permit: gate::Permit) -> (gate::Permit, gate::Permit) {
///     (permit.clone(), permit)
/// }
/// ```
///
/// or written down.
///
/// ```compile_fail,E0277
/// fn written(permit: gate::Permit) -> String {
///     serde_json::to_string(&permit).unwrap()
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    case: CaseId,
    call: CallId,
    revision: u32,
    what: ToolCall,
    running: Running,
}

/// Held by whoever runs a call until its outcome is written: while one is held, nobody takes the call for interrupted.
#[derive(Clone, Debug)]
pub struct Running(#[expect(dead_code, reason = "it is held, not read")] pub(super) Arc<Hold>);

/// The right to look at the target of a waiting write and to try the write without doing it: an access review, reads of
/// what the plan needs, dry runs. Made only by [`crate::Door::try_out`].
#[derive(Debug)]
pub struct TryOut {
    what: ToolCall,
}

impl TryOut {
    pub(super) fn of(waiting: &Call) -> TryOut {
        TryOut { what: waiting.call.clone() }
    }
}

/// What lets a tool look at a target: the right to run the call, or the right to try it. Nobody else implements it.
pub trait Leave: sealed::Sealed + Send + Sync {
    fn what(&self) -> &ToolCall;
}

impl Leave for Permit {
    fn what(&self) -> &ToolCall {
        &self.what
    }
}

impl Leave for TryOut {
    fn what(&self) -> &ToolCall {
        &self.what
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Permit {}
    impl Sealed for super::TryOut {}
}

impl Permit {
    /// The receipt is the proof that "started" is on the disk.
    pub(super) fn after(receipt: &Receipt, started: Call, running: Running) -> Permit {
        Permit { case: receipt.case(), call: started.id, revision: started.revision, what: started.call, running }
    }

    /// To be held until the outcome is written.
    pub fn running(&self) -> Running {
        self.running.clone()
    }

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
