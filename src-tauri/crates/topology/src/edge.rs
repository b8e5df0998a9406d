use model::{ObjectRef, ObservationId, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Graph;
use crate::line::Said;

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

/// An edge by itself, to be shown or sent.
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

/// An edge in its graph. What it rests on is told when somebody asks.
#[derive(Clone, Copy)]
pub struct Tie<'g> {
    pub from: &'g ObjectRef,
    pub to: &'g ObjectRef,
    pub relation: Relation,
    pub class: EdgeClass,
    pub(crate) said: &'g [Said],
    pub(crate) graph: &'g Graph,
}

impl Tie<'_> {
    pub fn reason(&self) -> String {
        self.graph.reason_of(self.said)
    }

    /// Since when the oldest of what it rests on has been so.
    pub fn since(&self) -> Time {
        self.graph.since_of(self.said)
    }

    /// At most eight observations: a node that runs five hundred pods of one workload needs no five hundred citations.
    pub fn evidence(&self) -> Vec<ObservationId> {
        self.graph.evidence_of(self.said)
    }

    pub fn edge(&self) -> Edge {
        Edge {
            from: self.from.clone(),
            to: self.to.clone(),
            relation: self.relation,
            class: self.class,
            reason: self.reason(),
            since: self.since(),
            evidence: self.evidence(),
        }
    }
}

impl Relation {
    /// In their order.
    pub(crate) const ALL: [Relation; 12] = [
        Relation::OwnedBy,
        Relation::Selects,
        Relation::RoutesTo,
        Relation::Mounts,
        Relation::ReadsConfig,
        Relation::RunsOn,
        Relation::Binds,
        Relation::ScaledBy,
        Relation::UsesAccount,
        Relation::Calls,
        Relation::LimitedBy,
        Relation::Declares,
    ];

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
