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

impl Relation {
    /// As a sentence says it, from the tail to the head: `Pod … runs on Node …`.
    pub fn words(self) -> &'static str {
        match self {
            Relation::OwnedBy => "is owned by",
            Relation::Selects => "selects",
            Relation::RoutesTo => "routes to",
            Relation::Mounts => "mounts",
            Relation::ReadsConfig => "reads",
            Relation::RunsOn => "runs on",
            Relation::Binds => "binds",
            Relation::ScaledBy => "is scaled by",
            Relation::UsesAccount => "runs as",
            Relation::Calls => "calls",
            Relation::LimitedBy => "is limited by",
            Relation::Declares => "is declared to need",
        }
    }
}
