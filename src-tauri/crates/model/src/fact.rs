use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::{ObjectRef, ObservationId, Time};

/// Something code computed from a view, with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Fact {
    /// The predicate, in snake case: `service_selects_no_pods`.
    pub name: String,
    /// What it is about; workload-level where a controller owns the pod.
    pub subject: ObjectRef,
    /// The other arguments of the predicate, by name.
    #[ts(type = "Record<string, unknown>")]
    pub args: BTreeMap<String, Value>,
    pub certainty: Certainty,
    /// One sentence that a person can read, with the values that made it true.
    pub says: String,
    /// Since when it has been true, as far as the view can tell.
    pub since: Time,
    /// The observations it rests on; never empty.
    pub evidence: Vec<ObservationId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Certainty {
    Known,
    /// It could not be decided, and why (not watched, refused, a gap, a missing field).
    Unknown {
        because: String,
    },
}
