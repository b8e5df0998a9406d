//! Tools of other programs, by the Model Context Protocol.
//!
//! A team names its servers in one file ([`Configured`]). Their tools are tools like any other: they pass the gate, what
//! they answer is redacted and released, and they are as risky as our code and the engineer say. What a server claims of a
//! tool is shown and may make it stricter, never laxer. The whole definition is fingerprinted: a call is approved with the
//! definition that was shown, and asked again where the server has changed it since.
//!
//! Deliberately not here: any decision whether a server may be started or asked (that is the desk's, in the engineer's
//! word), where decisions are kept, and the server that Caseboard itself is (that is the command line's).
//! Start with [`Server`].

mod configured;
mod definition;
mod link;
mod server;
mod tool;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;

pub use configured::{Configured, Transport, parse};
pub use definition::{Change, Definition};
pub use link::Trouble;
pub use server::{Server, Stands};
