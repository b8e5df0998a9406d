//! What only the whole, against real programs, can show.

mod kubectl;
