//! The dependency graph of a cluster as of a time: who owns, selects, routes to, mounts, reads, runs on, binds and calls
//! whom, each edge with its class, its reason and its evidence.
//!
//! Pure. Deliberately not here: what is broken. Start with [`Graph`].

use model::{ObjectRef, ObservationId, Time, View};
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

/// The graph as of a view's time.
pub struct Graph {}

/// A laid-out neighbourhood: what the window draws. Positions are in abstract units, `layer` grows along dependencies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Layout {
    pub nodes: Vec<Placed>,
    pub edges: Vec<Edge>,
    /// How many nodes were left out to keep the picture readable.
    pub hidden: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Placed {
    pub object: ObjectRef,
    pub x: f64,
    pub y: f64,
    pub layer: u32,
    /// Pods or replicas that this node stands for; 1 for itself.
    pub stands_for: u32,
}

impl Graph {
    /// `declared`: dependencies from blueprints as (from, to, why).
    pub fn build(_view: &View, _declared: &[(ObjectRef, ObjectRef, String)]) -> Self {
        todo!()
    }

    /// The workload that controls an object (`Deployment` for its pods and replica sets), or the object itself.
    pub fn workload_of(&self, _object: &ObjectRef) -> ObjectRef {
        todo!()
    }

    /// The pods of a workload.
    pub fn pods_of(&self, _workload: &ObjectRef) -> Vec<ObjectRef> {
        todo!()
    }

    /// What `object` depends on, directly.
    pub fn dependencies(&self, _object: &ObjectRef) -> Vec<&Edge> {
        todo!()
    }

    /// What depends on `object`, directly.
    pub fn dependents(&self, _object: &ObjectRef) -> Vec<&Edge> {
        todo!()
    }

    /// Everything that depends on any of `objects`, over any number of hops, nearest first, workload-level.
    pub fn blast_radius(&self, _objects: &[ObjectRef]) -> Vec<ObjectRef> {
        todo!()
    }

    /// The shortest dependency path from one object to another.
    pub fn path(&self, _from: &ObjectRef, _to: &ObjectRef) -> Option<Vec<&Edge>> {
        todo!()
    }

    /// The neighbourhood of `seeds` within `hops`, pods folded into their workloads, at most `most` nodes, laid out.
    /// The same nodes get the same places whatever the time.
    pub fn layout(&self, _seeds: &[ObjectRef], _hops: u32, _most: usize) -> Layout {
        todo!()
    }
}
