//! Language models behind one trait.
//!
//! A [`Model`] is asked with a [`Request`] and answers with a stream of [`Delta`]s. Every text of a request is
//! [`redact::Redacted`]: what did not pass the redactor cannot be sent, because it cannot be written down.
//!
//! A [`Remote`] is one at an address, of this machine or another. What it sends is made by [`encode`], which is pure: the
//! bytes of the body can be shown before they leave, and are looked at once more ([`redact::Redactor::leaks`]) when they
//! do. What it answers is read by a [`Decoder`], which is pure as well and takes the bytes however they are cut. Four
//! formats are spoken: OpenAI's chat completions (and the servers that speak them in their own ways), OpenAI's
//! responses, Anthropic's messages, and Gemini. [`Scripted`] answers from a script and is for tests.
//!
//! An [`Aliased`] is any of them that is told stand-ins for names, hosts and addresses.
//!
//! Deliberately not here: where a key is kept (crate `desk`, in the system's keyring), and deciding whether a call that
//! a model asks for may run (crate `gate`). Start with [`Model`].

mod aliased;
mod answer;
mod decode;
mod encode;
mod endpoint;
mod key;
mod model;
mod probe;
mod refusal;
mod remote;
mod request;
mod scripted;
mod told;
mod usage;

pub use aliased::{Aliased, Names};
pub use answer::{Answer, Asked, Delta, Finish, Opaque};
pub use decode::Decoder;
pub use encode::{Outgoing, encode};
pub use endpoint::{Endpoint, Format, Provider, ToolMode};
pub use key::Key;
pub use model::{Answering, Model, ModelError};
pub use probe::Probe;
pub use remote::{Patience, Remote};
pub use request::{Called, Effort, Message, Request};
pub use scripted::Scripted;
pub use usage::{Price, Usage};
