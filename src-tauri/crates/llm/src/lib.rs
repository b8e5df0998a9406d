//! Language models behind one trait.
//!
//! A [`Model`] is asked with a [`Request`] and answers with a stream of [`Delta`]s. Every text of a request is
//! [`redact::Redacted`]: what did not pass the redactor cannot be sent, because it cannot be written down.
//!
//! Deliberately not here: any provider that uses the network (Anthropic, OpenAI-compatible, Gemini, local servers) and
//! the keys for them. They come with the conversation over a model; until then the built-in investigator, which needs
//! none, is the only one that a person can choose. [`Scripted`] answers from a script and is for tests. Also not here:
//! deciding whether a call that a model asks for may run (crate `gate`).
//! Start with [`Model`].

mod answer;
mod model;
mod request;
mod scripted;

pub use answer::{Answer, Asked, Delta, Finish, Usage};
pub use model::{Answering, Model, ModelError};
pub use request::{Called, Effort, Message, Request};
pub use scripted::Scripted;
