//! Models as the window shows and sets them.

use llm::{Endpoint, Price, Provider, ToolMode};

use super::{ChosenModel, KeyFrom, ModelRow};
use crate::rows::{Leaves, ModelTrialView, ModelView, PutModel};
use crate::{Desk, DeskError};

impl Desk {
    /// The models that are set up. Contacts nothing.
    pub fn model_views(&self) -> Result<Vec<ModelView>, DeskError> {
        Ok(self.models()?.into_iter().map(view).collect())
    }

    pub fn put_model_view(&self, put: PutModel) -> Result<Vec<ModelView>, DeskError> {
        let provider = Provider::of_word(&put.provider).ok_or_else(|| {
            DeskError::bad_request(format!("There is no provider `{}`.", put.provider), "Choose one of the list.")
        })?;
        let base = put.base.filter(|base| !base.trim().is_empty()).or_else(|| provider.base().map(str::to_owned));
        let base = base.ok_or_else(|| {
            DeskError::bad_request("This provider has no usual address.", "Give the address of your own.")
        })?;
        let before = self.models()?.into_iter().map(|row| row.chosen).find(|one| one.endpoint.name == put.name);
        let of_dollars = |dollars: f64| (dollars.max(0.0) * 1e6).round() as u64;
        let price = put.price.map(|(input, output)| Price {
            input: of_dollars(input),
            output: of_dollars(output),
            ..before.as_ref().and_then(|one| one.price).unwrap_or_default()
        });
        let key = match &before {
            Some(before) => before.key.clone(),
            // As its own programs find it, where it is there.
            None => match provider.variable().filter(|variable| std::env::var_os(variable).is_some()) {
                Some(variable) => KeyFrom::Environment { variable: variable.to_owned() },
                None => KeyFrom::Nowhere,
            },
        };
        let endpoint = Endpoint {
            name: put.name,
            provider,
            base,
            model: put.model,
            tools: before.as_ref().map(|one| one.endpoint.tools).unwrap_or_default(),
            thinks: put.thinks,
        };
        self.put_model(ChosenModel { endpoint, key, authority: before.and_then(|one| one.authority), price })?;
        self.model_views()
    }

    /// Keeps a key in the keyring, or for this run of the program alone.
    pub fn put_key_view(&self, name: &str, key: &str, only_now: bool) -> Result<Vec<ModelView>, DeskError> {
        if only_now {
            self.put_model_key_for_now(name, key)?
        } else {
            self.put_model_key(name, key)?
        };
        self.model_views()
    }

    pub async fn try_model_view(&self, name: &str) -> Result<ModelTrialView, DeskError> {
        let trial = self.try_model(name).await?;
        Ok(ModelTrialView {
            offered: trial.offered,
            tools: trial.tools.map(|mode| word_of(mode).to_owned()),
            tried: trial.tried.iter().map(|(mode, why)| format!("{}: {why}", word_of(*mode))).collect(),
            models: self.model_views()?,
        })
    }

    /// What left for the model of a case last.
    pub fn leaves(&self, case: model::CaseId) -> Leaves {
        let text = self.what_left(case);
        Leaves { bytes: text.as_ref().map_or(0, |text| text.len() as u64), text }
    }
}

fn view(row: ModelRow) -> ModelView {
    let ChosenModel { endpoint, key, price, .. } = row.chosen;
    let (word, variable) = match key {
        _ if row.has_key_for_now => ("this_run", None),
        KeyFrom::Nowhere => ("nowhere", None),
        KeyFrom::Keyring => ("keyring", None),
        KeyFrom::Environment { variable } => ("environment", Some(variable)),
    };
    ModelView {
        name: endpoint.name,
        provider: endpoint.provider.word().to_owned(),
        model: endpoint.model,
        base: endpoint.base,
        thinks: endpoint.thinks,
        is_local: row.is_local,
        key: word.to_owned(),
        variable,
        tools: word_of(endpoint.tools).to_owned(),
        price: price.map(|price| (price.input as f64 / 1e6, price.output as f64 / 1e6)),
    }
}

fn word_of(mode: ToolMode) -> &'static str {
    match mode {
        ToolMode::Native => "native",
        ToolMode::Schema => "schema",
        ToolMode::Text => "text",
    }
}
