use model::{ObjectRef, ObservationId, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How an edge is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EdgeClass {
    /// Written in an object's spec, or in a blueprint.
    Declared,
    /// Seen in status, endpoints, traffic.
    Observed,
    /// Concluded from environment values, names or logs.
    Inferred,
}

/// What an edge says. The tail depends on the head: `Pod —runs_on→ Node`, `Service —selects→ Deployment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    OwnedBy,
    Selects,
    RoutesTo,
    Mounts,
    ReadsConfig,
    RunsOn,
    Binds,
    ScaledBy,
    UsesAccount,
    Calls,
    LimitedBy,
    Declares,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Edge {
    pub from: ObjectRef,
    pub to: ObjectRef,
    pub relation: Relation,
    pub class: EdgeClass,
    pub reason: String,
    pub since: Time,
    pub evidence: Vec<ObservationId>,
}
