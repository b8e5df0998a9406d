//! Harnesses that tests share: a real control plane, the real window, and what a test lacks.
//!
//! Deliberately not here: any shortcut into the product that a person or a program does not have.

#[path = "harness/process.rs"]
pub mod process;
#[path = "harness/skip.rs"]
mod skipped;
#[path = "harness/window.rs"]
pub mod window;

pub use skipped::skip;
