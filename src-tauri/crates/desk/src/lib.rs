//! Caseboard put together, for a window or a terminal.

pub mod rows;
