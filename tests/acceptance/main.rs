//! What only the whole, against real programs, can show.

mod bad_input;
mod captures;
mod cluster;
mod command_line;
mod kubectl;
