//! The one list of commands between core and window.
//!
//! From [`commands!`](crate) come the handlers' trait (a missing handler does not compile), the router, and the
//! TypeScript with request and result types and cache tags. Deliberately not here: what commands do (the desk does), and
//! how they travel (the shell carries them over Tauri, tests call the router).
//! Start with [`Router`].

mod handlers;
mod requests;
mod router;
mod typescript;
mod workbench;

pub use desk::rows;
pub use requests::*;
pub use router::{COMMANDS, CommandSpec, Commands, Router, WireError};
pub use typescript::typescript;
pub use workbench::{Lost, Updates, Workbench};
