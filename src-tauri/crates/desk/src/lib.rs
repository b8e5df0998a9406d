//! Caseboard put together, for a window or a terminal.
//!
//! A [`Desk`] knows the clusters, opens cases on them, keeps their investigators going and paints what is to be shown.
//!
//! Deliberately not here: windows, terminals, and judgement (crates `detect`, `knowledge`, `investigate`).
//! Start with [`Desk`].

mod acts;
mod agents;
mod arrange;
mod articles;
mod back_ends;
mod blueprints;
mod branches;
mod cases;
mod clusters;
mod desk;
mod error;
mod graph_questions;
mod grouping;
pub mod logging;
mod look;
mod mcp_servers;
mod models;
mod paths;
pub mod pictures;
mod present;
mod pseudonyms;
mod record;
mod retention;
pub mod rows;
mod rules;
mod seal;
mod search;
mod source;
mod sources;
#[cfg(test)]
mod testing;
mod trust;
mod work;
mod writes;

pub use blueprints::Drift;
pub use cases::{About, OpenedFact, opened_fact};
pub use desk::{Desk, Opening};
pub use error::DeskError;
pub use graph_questions::{GraphAnswer, GraphQuestion};
pub use look::{Look, Moment};
pub use mcp_servers::{ServerRow, ServerState, ServerTool, ServerTools, Servers};
pub use models::{ChosenModel, KeyFrom, ModelRow, ModelTrial};
pub use paths::Paths;
pub use present::{FreshIds, SystemClock};
pub use record::{Recorded, Recording};
pub use rules::TriedRules;
pub use seal::{KnownKeys, Seal, Sealed, SignedBy};
pub use source::Opened;
pub use work::{BUILT_IN, Lead};
