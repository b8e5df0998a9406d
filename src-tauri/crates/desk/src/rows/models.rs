//! Language models as the window shows and sets them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A model that is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelView {
    pub name: String,
    /// `open-ai`, `open-ai-responses`, `azure`, `anthropic`, `gemini`, `open-router`, `ollama`, `llama-cpp`, `lm-studio`,
    /// `vllm`.
    pub provider: String,
    /// As the provider calls it.
    pub model: String,
    pub base: String,
    pub thinks: bool,
    /// What is asked there does not leave this machine.
    pub is_local: bool,
    /// `nowhere`, `keyring`, `environment` or `this_run`.
    pub key: String,
    /// The environment variable that has the key.
    pub variable: Option<String>,
    /// How it asks for calls: `native`, `schema` or `text`.
    pub tools: String,
    /// Dollars for a million tokens read and written.
    pub price: Option<(f64, f64)>,
}

/// A model to be set up, in the place of one of the same name; its key stays where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PutModel {
    pub name: String,
    pub provider: String,
    pub model: String,
    /// `null`: the provider's usual address.
    pub base: Option<String>,
    pub thinks: bool,
    pub price: Option<(f64, f64)>,
}

/// What trying a model showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelTrialView {
    /// The models that the server says it has; empty where it does not say.
    pub offered: Vec<String>,
    /// `native`, `schema` or `text`; `null` where it asks for calls in no way, so that no case can use it.
    pub tools: Option<String>,
    /// Why each better way did not do, in sentences.
    pub tried: Vec<String>,
    pub models: Vec<ModelView>,
}

/// What left this machine for a model, exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Leaves {
    /// The newest request of this run of the program; `null` where none was sent.
    pub text: Option<String>,
    #[ts(type = "number")]
    pub bytes: u64,
}
