//! Pictures for the window: pure functions of a snapshot, a graph and facts.

mod graph;
mod object;
mod status;
mod timeline;

pub use graph::graph;
pub use object::{object, observation};
pub use timeline::timeline;
