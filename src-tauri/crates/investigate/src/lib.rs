//! The case: who asks, who argues, who concludes.
//!
//! An [`Investigator`] is a state machine without input or output: it is told what was seen and answers with its next
//! [`Move`]. [`BuiltIn`] is deterministic and needs no model, no key and no network. [`Conversation`] lets it work first and
//! has a language model argue with it: a coordinator and its specialists, through the same gate, every citation checked
//! by code.
//!
//! Deliberately not here: how a call is decided (crate `gate`), what a tool does (crate `tools`), any clock.
//! Start with [`Investigator`].

mod built_in;
mod conversation;
mod investigator;
mod runner;

pub use built_in::{Brief, BuiltIn, Look, Sight};
pub use conversation::{Conversation, Debate};
pub use investigator::{Investigator, Move, Question, Seen};
pub use runner::{
    Heard, Ids, Now, OnHear, OnLeave, OnWrite, Pause, Release, Runner, RunnerError, Setting, Speaking, Standing,
    started_as_of, started_by, stop,
};
