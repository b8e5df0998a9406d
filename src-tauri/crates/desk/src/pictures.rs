//! Pictures for the window: pure functions of a snapshot, a graph and facts.

mod graph;
mod object;
mod status;
mod timeline;

pub use graph::graph;
pub(crate) use graph::worst_by_object;
pub use object::{object, observation};
pub(crate) use status::status;
pub use timeline::timeline;
