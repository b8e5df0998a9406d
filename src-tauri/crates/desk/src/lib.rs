//! Caseboard put together, for a window or a terminal
