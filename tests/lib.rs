//! Harnesses that tests share: a real control plane, the real window, recorded incidents, and what a test lacks.
//!
//! Deliberately not here: any shortcut into the product that a person or a program does not have.

#[path = "bench/captures.rs"]
pub mod captures;
#[path = "harness/controlplane.rs"]
pub mod controlplane;
#[path = "harness/load.rs"]
pub mod load;
#[path = "harness/process.rs"]
pub mod process;
#[path = "harness/program.rs"]
pub mod program;
#[path = "harness/skip.rs"]
mod skipped;
#[path = "harness/window.rs"]
pub mod window;

pub use skipped::skip;
