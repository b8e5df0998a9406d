//! The typed tools of an investigation, and the only crate that can write to a cluster.
//!
//! A tool declares its schema, its risk (by code, from its arguments), what it would do, and runs on a
//! [`gate::Permit`] that it takes by value. What it learns becomes observations and a redacted text; neither reaches an
//! investigator before the result is released.
//!
//! Deliberately not here: a shell, and any decision whether a call may run (that is the gate's).
//! Start with [`Tool`].

mod alerts;
mod answer;
mod broken_hop;
mod dependencies;
mod describe;
mod difference;
mod dns_answer;
mod drift;
mod events;
mod get_object;
mod helm_release;
mod knowledge_search;
mod list;
mod logs;
mod may_reach;
mod metrics;
mod neighbours;
mod node_agents;
mod patch;
mod path;
mod probe;
mod result_page;
mod rollout_history;
mod scene;
mod shape;
mod similar_cases;
mod tool;
mod toolbox;
mod typed;
mod volume_chain;
mod what_changed;
mod write;

#[cfg(test)]
mod tests;

pub use answer::told;
pub use drift::{DRIFTED, drifted};
pub use tool::{Failure, Outcome, Surroundings, Tool, ToolError};
pub use toolbox::Toolbox;
