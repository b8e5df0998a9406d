use std::sync::Arc;

use model::{Clock, Shown, Time, ToolCall};

use crate::{Surroundings, Tool};

/// Why a call is asked about again whose write would do something else by now.
pub const DRIFTED: &str = "what it would do is no longer what was shown";

/// What a write would do now, where that is no longer what was shown, from the history alone; `None` where it is the same,
/// for reads, and where the history does not tell. What the cluster itself said is compared by the run, with what it says
/// then: of that only another object counts here.
pub fn drifted(tool: &dyn Tool, call: &ToolCall, now: &Surroundings) -> Option<Shown> {
    let unseen = ToolCall { shown: None, ..call.clone() };
    if let Some(before) = &call.shown {
        // Dated as it was shown: that time goes by is no difference.
        let dated = Surroundings { clock: Arc::new(At(before.at)), ..now.clone() };
        let shown = tool.shown(&unseen, &dated)?;
        let is_another = !before.uid.is_empty() && before.uid != shown.uid;
        if !is_another && (before.at_cluster || before.fields == shown.fields) {
            return None;
        }
    }
    tool.shown(&unseen, now)
}

struct At(Time);

impl Clock for At {
    fn now(&self) -> Time {
        self.0
    }
}
