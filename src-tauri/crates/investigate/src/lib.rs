//! The case: who asks, who argues, who concludes.
//!
//! An [`Investigator`] is a state machine without input or output: it is told what was seen and answers with its next
//! [`Move`]. [`BuiltIn`] is deterministic and needs no model, no key and no network.
//!
//! Deliberately not here: how a call is decided (crate `gate`), what a tool does (crate `tools`), any clock.
//! Start with [`Investigator`].

mod built_in;
mod investigator;
mod runner;

pub use built_in::{Brief, BuiltIn, Look, Sight};
pub use investigator::{Investigator, Move, Seen};
pub use runner::{Ids, OnWrite, Pause, Release, Runner, RunnerError, Setting, started_as_of};
