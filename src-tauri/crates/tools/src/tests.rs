//! Every tool against one small recorded cluster, and the writes against the playground's API server.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod arguments;
mod live;
mod reads;
mod reasoning;
mod stage;
mod writes;
