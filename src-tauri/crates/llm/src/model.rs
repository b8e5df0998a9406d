use async_trait::async_trait;

use crate::{Answer, Delta, Request};

/// A language model.
#[async_trait]
pub trait Model: Send + Sync {
    /// What a person chooses it by, such as `anthropic/claude` or `scripted`.
    fn name(&self) -> &str;

    /// Whether asking it sends anything off this machine.
    fn is_remote(&self) -> bool;

    /// Asks. An error here means that nothing of an answer came: it may be asked again.
    async fn ask(&self, request: &Request) -> Result<Box<dyn Answering>, ModelError>;

    /// The exact text that would leave for it; `None` where nothing is sent anywhere.
    fn leaves(&self, _request: &Request) -> Option<String> {
        None
    }
}

/// An answer on its way. Dropping it stops the model.
#[async_trait]
pub trait Answering: Send {
    /// The next piece; `None` after [`Delta::End`]. After an error nothing more comes, and what came is not repeated.
    async fn next(&mut self) -> Option<Result<Delta, ModelError>>;
}

impl dyn Answering {
    /// Waits for the whole answer.
    pub async fn whole(&mut self) -> Result<Answer, ModelError> {
        let mut deltas = Vec::new();
        while let Some(delta) = self.next().await {
            deltas.push(delta?);
        }
        Answer::of(deltas).ok_or_else(ModelError::broke_off)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It was not reached, or the connection broke before anything came.
    #[error("the model was not reached: {why}")]
    Unreachable { why: String, hint: String },
    /// Its certificate is not one that this machine trusts. Nothing was sent.
    #[error("the server's certificate was refused, nothing was sent: {why}")]
    Untrusted { why: String, hint: String },
    /// It does not know the key, or there is none, or there is no credit left.
    #[error("the model refused the key: {why}")]
    NotAllowed { why: String, hint: String },
    #[error("the server does not have this model: {why}")]
    UnknownModel { why: String, hint: String },
    #[error("the model has too much to do: {why}")]
    Busy { why: String, after_seconds: Option<u64>, hint: String },
    /// The request is longer than it can read.
    #[error("the request is too long for the model: {why}")]
    TooLong { why: String, hint: String },
    /// It understood the request and refuses it.
    #[error("the model refused the request: {why}")]
    Rejected { why: String, hint: String },
    /// What answers there is no such model server.
    #[error("this is not the model server it is said to be: {why}")]
    NotAModel { why: String, hint: String },
    /// It answered with something that is no answer, or broke off.
    #[error("the model's answer cannot be read: {why}")]
    Broken { why: String, hint: String },
    /// The last look at the body found something that must not leave. Nothing was sent.
    #[error("nothing was sent: {why}")]
    Held { why: String, hint: String },
}

impl ModelError {
    /// What a program branches on.
    pub fn code(&self) -> &'static str {
        match self {
            ModelError::Unreachable { .. } => "unreachable",
            ModelError::Untrusted { .. } => "untrusted",
            ModelError::NotAllowed { .. } => "not_allowed",
            ModelError::UnknownModel { .. } => "unknown_model",
            ModelError::Busy { .. } => "busy",
            ModelError::TooLong { .. } => "too_long",
            ModelError::Rejected { .. } => "rejected",
            ModelError::NotAModel { .. } => "not_a_model",
            ModelError::Broken { .. } => "broken",
            ModelError::Held { .. } => "held",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            ModelError::Unreachable { hint, .. }
            | ModelError::Untrusted { hint, .. }
            | ModelError::NotAllowed { hint, .. }
            | ModelError::UnknownModel { hint, .. }
            | ModelError::Busy { hint, .. }
            | ModelError::TooLong { hint, .. }
            | ModelError::Rejected { hint, .. }
            | ModelError::NotAModel { hint, .. }
            | ModelError::Broken { hint, .. }
            | ModelError::Held { hint, .. } => hint,
        }
    }

    pub(crate) fn broken(why: impl Into<String>) -> ModelError {
        ModelError::Broken { why: why.into(), hint: "Ask again.".into() }
    }

    pub(crate) fn broke_off() -> ModelError {
        ModelError::broken("it broke off before its end")
    }
}
