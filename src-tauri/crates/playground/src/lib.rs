//! Clusters that exist only as text: scenario scripts, and a Kubernetes API server over any history.
//!
//! A [`Scenario`] is a script (YAML, `knowledge/scenarios/`) that a small simulation plays into observations: workloads
//! become Deployments, ReplicaSets and Pods with statuses and events as the real controllers would write them. What it
//! gives is a history like any other, with the truth about its fault beside it.
//!
//! Deliberately not here: Kubernetes clients, judgement about what is broken, and admission. The simulation knows just as
//! much of Kubernetes as its scripts need; it is not a scheduler. Start with [`Scenario::load`].

mod accept;
mod builtin;
mod crowd;
mod event;
mod patch;
pub mod resource;
pub mod scenario;
mod selector;
mod serve;
mod status;
mod store;
mod table;
mod world;

pub use builtin::{BUILT_IN, all_built_in, built_in};
pub use crowd::{Crowd, MadeUp, PodPhase};
pub use scenario::{Broken, Happening, Other, Scenario, Stage, Truth, What};
pub use serve::{CannotServe, Served, Settings, Source, serve};
pub use world::Pace;
