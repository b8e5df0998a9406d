//! Language models as the settings show them.

use desk::{ChosenModel, DeskError, KeyFrom, ModelRow, ModelTrial};
use llm::{Endpoint, Price, Provider, ToolMode};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A provider that can be chosen.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ProviderRow {
    pub provider: String,
    /// Where it is unless somebody says otherwise; empty where everybody has an address of his own.
    pub base: String,
    /// The environment variable that its own programs read the key from; empty where it needs none.
    pub variable: String,
}

/// Where a model's key stands. The key itself is never told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    Nowhere,
    Keyring,
    Environment,
}

/// A model that is set up.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelSetUp {
    pub name: String,
    pub provider: String,
    pub base: String,
    pub model: String,
    /// How it asks for calls: `native`, `schema` or `text`.
    pub tools: String,
    pub thinks: bool,
    pub key: KeyPlace,
    /// Where `key` is `environment`: the variable.
    pub variable: String,
    /// This run of the program was given a key, which goes before the one of the settings.
    pub key_for_now: bool,
    /// What is asked there does not leave this machine.
    pub is_local: bool,
    /// Dollars for a million tokens: read, written.
    pub price: Option<(f64, f64)>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelsView {
    pub models: Vec<ModelSetUp>,
    pub providers: Vec<ProviderRow>,
}

/// Sets a model up, in the place of one of the same name; how it asks for calls and its key stay.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PutModel {
    pub name: String,
    pub provider: String,
    /// Empty: the provider's usual one.
    pub base: String,
    pub model: String,
    pub thinks: bool,
    pub price: Option<(f64, f64)>,
}

#[derive(Clone, Serialize, Deserialize, TS)]
pub struct PutModelKey {
    pub name: String,
    pub key: String,
    /// In memory until the program ends, instead of in the keyring.
    pub for_now: bool,
}

impl std::fmt::Debug for PutModelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutModelKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Says where a model's key stands.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PointModelKey {
    pub name: String,
    /// An environment variable; empty: there is no key, and one in the keyring is removed.
    pub variable: String,
}

/// What trying a model showed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ModelTried {
    /// Models that its server says it has.
    pub offered: Vec<String>,
    /// How it asks for calls; `null`: in no way, so it cannot investigate.
    pub tools: Option<String>,
    /// Better ways that did not do, and why.
    pub tried: Vec<(String, String)>,
    pub tokens_read: u32,
    pub tokens_written: u32,
    /// Millionths of a dollar, where a price is known.
    pub cost: Option<u32>,
}

impl ModelsView {
    pub(crate) fn of(rows: Vec<ModelRow>) -> Self {
        let provider = |provider: Provider| ProviderRow {
            provider: provider.word().into(),
            base: provider.base().unwrap_or_default().into(),
            variable: provider.variable().unwrap_or_default().into(),
        };
        ModelsView {
            models: rows.into_iter().map(ModelSetUp::of).collect(),
            providers: Provider::ALL.into_iter().map(provider).collect(),
        }
    }
}

impl ModelSetUp {
    fn of(row: ModelRow) -> Self {
        let ChosenModel { endpoint, key, price, .. } = row.chosen;
        let (key, variable) = match key {
            KeyFrom::Nowhere => (KeyPlace::Nowhere, String::new()),
            KeyFrom::Keyring => (KeyPlace::Keyring, String::new()),
            KeyFrom::Environment { variable } => (KeyPlace::Environment, variable),
        };
        ModelSetUp {
            name: endpoint.name,
            provider: endpoint.provider.word().into(),
            base: endpoint.base,
            model: endpoint.model,
            tools: word_of(endpoint.tools).into(),
            thinks: endpoint.thinks,
            key,
            variable,
            key_for_now: row.has_key_for_now,
            is_local: row.is_local,
            price: price.map(dollars),
        }
    }
}

impl PutModel {
    /// `known` is the model of that name as it is set up, if it is.
    pub(crate) fn chosen(self, known: Option<ChosenModel>) -> Result<ChosenModel, DeskError> {
        let provider = Provider::of_word(&self.provider).ok_or_else(|| {
            DeskError::bad_request(format!("There is no provider `{}`.", self.provider), "Choose one of the list.")
        })?;
        let given = self.base.trim();
        let base = match (given.is_empty(), provider.base()) {
            (false, _) => given.to_owned(),
            (true, Some(usual)) => usual.to_owned(),
            (true, None) => {
                return Err(DeskError::bad_request(
                    format!("`{}` has no usual address.", self.provider),
                    "Give the address as its documentation does.",
                ));
            }
        };
        let same =
            known.filter(|known| known.endpoint.provider == provider && known.endpoint.model == self.model.trim());
        let key = same.as_ref().map_or_else(|| usual_key(provider), |known| known.key.clone());
        Ok(ChosenModel {
            endpoint: Endpoint {
                name: self.name.trim().to_owned(),
                provider,
                base,
                model: self.model.trim().to_owned(),
                tools: same.as_ref().map(|known| known.endpoint.tools).unwrap_or_default(),
                thinks: self.thinks,
            },
            key,
            price: self.price.map(|given| priced(given, same.as_ref().and_then(|known| known.price))),
            authority: same.and_then(|known| known.authority),
        })
    }
}

/// The variable that everybody sets for this provider, where it is set here.
fn usual_key(provider: Provider) -> KeyFrom {
    match provider.variable() {
        Some(variable) if std::env::var_os(variable).is_some() => KeyFrom::Environment { variable: variable.into() },
        _ => KeyFrom::Nowhere,
    }
}

impl From<ModelTrial> for ModelTried {
    fn from(trial: ModelTrial) -> Self {
        ModelTried {
            offered: trial.offered,
            tools: trial.tools.map(|mode| word_of(mode).into()),
            tried: trial.tried.into_iter().map(|(mode, why)| (word_of(mode).into(), why)).collect(),
            tokens_read: u32::try_from(trial.usage.input_tokens).unwrap_or(u32::MAX),
            tokens_written: u32::try_from(trial.usage.output_tokens).unwrap_or(u32::MAX),
            cost: trial.cost.map(|micro| u32::try_from(micro).unwrap_or(u32::MAX)),
        }
    }
}

/// What a cache costs is set on the command line, and stays.
fn priced((read, written): (f64, f64), known: Option<Price>) -> Price {
    let micro = |dollars: f64| (dollars.max(0.0) * 1e6).round() as u64;
    Price { input: micro(read), output: micro(written), ..known.unwrap_or_default() }
}

fn dollars(price: Price) -> (f64, f64) {
    (price.input as f64 / 1e6, price.output as f64 / 1e6)
}

fn word_of(mode: ToolMode) -> &'static str {
    match mode {
        ToolMode::Native => "native",
        ToolMode::Schema => "schema",
        ToolMode::Text => "text",
    }
}
