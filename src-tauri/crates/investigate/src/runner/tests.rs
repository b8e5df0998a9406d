//! A scripted investigator, an engineer with a plan, and a small recorded cluster.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod decisions;
mod drift;
mod evidence;
mod pseudonyms;
mod restart;
mod stage;
mod talk;
mod words;
