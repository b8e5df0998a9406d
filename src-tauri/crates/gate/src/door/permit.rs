use history::Receipt;
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
/// fn forged(case: model::CaseId, call: model::CallId, what: model::ToolCall) -> gate::Permit {
///     gate::Permit { case, call, revision: 1, what }
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
}

impl Permit {
    /// The receipt is the proof that "started" is on the disk.
    pub(super) fn after(receipt: &Receipt, started: Call) -> Permit {
        Permit { case: receipt.case(), call: started.id, revision: started.revision, what: started.call }
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
