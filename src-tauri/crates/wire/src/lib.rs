//! The one list of commands between core and window.
//!
//! From [`commands!`](crate) come the handlers' trait (a missing handler does not compile), the router, and the
//! TypeScript with request and result types and cache tags. Deliberately not here: what commands do (the desk does), and
//! how they travel (the shell carries them over Tauri, tests call the router).
//! Start with [`Router`].

mod handlers;
mod models;
mod requests;
mod router;
mod trials;
mod typescript;
mod workbench;

pub use desk::{ServerTools as McpOffer, Servers as McpServers, rows};
pub use models::{KeyPlace, ModelSetUp, ModelTried, ModelsView, PointModelKey, ProviderRow, PutModel, PutModelKey};
pub use requests::*;
pub use router::{COMMANDS, CommandSpec, Commands, Router, WireError};
pub use trials::{
    CategoryScore, ComparedRuns, DifferenceRow, EvalsView, PlayScenario, RunRow, RunView, RunningEvals, ScenarioRow,
    ScenarioVerdict, StartEvals, TwoRuns,
};
pub use typescript::typescript;
pub use workbench::{Lost, Updates, Workbench};
