//! The real clock and real ids: the rim of the program, where time and randomness come in.

use investigate::Ids;
use model::{CallId, CaseId, Clock, Time};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// UUIDs of version 7: in the order in which they were made.
#[derive(Clone, Copy, Debug, Default)]
pub struct FreshIds;

impl FreshIds {
    pub fn case(&self) -> CaseId {
        CaseId(uuid::Uuid::now_v7())
    }
}

impl Ids for FreshIds {
    fn call(&self) -> CallId {
        CallId(uuid::Uuid::now_v7())
    }
}
