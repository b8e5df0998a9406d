//! Language models that the engineer set up: where they are, and where their keys stand.
//!
//! A key is in the system's keyring, in an environment variable, or with this run of the program alone. The settings name
//! the place; no file ever holds the key.

use std::path::PathBuf;
use std::sync::Arc;

use investigate::Speaking;
use llm::{Endpoint, Key, ModelError, Patience, Price, Probe, Remote, ToolMode, Usage};
use model::Budget;
use redact::Redactor;
use serde::{Deserialize, Serialize};

use crate::desk::lock;
use crate::{Desk, DeskError};

/// How the keyring knows this program's entries.
const KEYRING: &str = "caseboard";
const SETTING: &str = "models";

/// A model as the desk file keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenModel {
    #[serde(flatten)]
    pub endpoint: Endpoint,
    pub key: KeyFrom,
    /// In PEM, trusted for this model besides the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// Where a key stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum KeyFrom {
    Nowhere,
    Keyring,
    Environment { variable: String },
}

/// A model as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelRow {
    #[serde(flatten)]
    pub chosen: ChosenModel,
    /// What is asked there does not leave this machine.
    pub is_local: bool,
    /// Whether this run of the program was given a key, which goes before the one of the settings.
    pub has_key_for_now: bool,
}

/// What trying a model showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelTrial {
    /// The names of the models that the server says it has; empty where it does not say.
    pub offered: Vec<String>,
    /// How it asks for calls, as it is kept now; `None` where it asks for none in any way.
    pub tools: Option<ToolMode>,
    /// Why each better way did not do.
    pub tried: Vec<(ToolMode, String)>,
    pub usage: Usage,
    /// In millionths of a dollar, where a price is known.
    pub cost: Option<u64>,
}

impl Desk {
    /// The models that are set up, by name. Contacts nothing, not even the keyring.
    pub fn models(&self) -> Result<Vec<ModelRow>, DeskError> {
        let for_now = lock(&self.model_keys);
        let row = |chosen: ChosenModel| ModelRow {
            is_local: chosen.endpoint.is_local(),
            has_key_for_now: for_now.contains_key(&chosen.endpoint.name),
            chosen,
        };
        Ok(self.chosen_models()?.into_iter().map(row).collect())
    }

    /// Sets a model up, in the place of one of the same name. Contacts nothing.
    pub fn put_model(&self, chosen: ChosenModel) -> Result<Vec<ModelRow>, DeskError> {
        let name = &chosen.endpoint.name;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(DeskError::bad_request(
                format!("`{name}` is no name for a model."),
                "Use letters, digits and `-`, `_`, `.`, `/`, `:`.",
            ));
        }
        if chosen.endpoint.model.trim().is_empty() {
            return Err(DeskError::bad_request(
                "The provider's name of the model is missing.",
                "Give it, as its documentation does.",
            ));
        }
        // Whatever would be refused when it is asked is refused now.
        self.remote(&chosen, None)?;
        let mut models = self.chosen_models()?;
        models.retain(|one| one.endpoint.name != *name);
        models.push(chosen);
        models.sort_by(|a, b| a.endpoint.name.cmp(&b.endpoint.name));
        self.keep_models(&models)?;
        self.models()
    }

    /// Forgets a model, and its key.
    pub fn remove_model(&self, name: &str) -> Result<Vec<ModelRow>, DeskError> {
        let chosen = self.chosen_model(name)?;
        if chosen.key == KeyFrom::Keyring {
            // A keyring that is gone has no key either.
            let _ = in_keyring(name, |entry| entry.delete_credential());
        }
        lock(&self.model_keys).remove(name);
        let mut models = self.chosen_models()?;
        models.retain(|one| one.endpoint.name != name);
        self.keep_models(&models)?;
        self.models()
    }

    /// Puts a key into the keyring. It may wait for a person to unlock it. Where there is none, nothing is kept.
    pub fn put_model_key(&self, name: &str, key: &str) -> Result<Vec<ModelRow>, DeskError> {
        let mut chosen = self.chosen_model(name)?;
        let key = checked(key)?;
        in_keyring(name, |entry| entry.set_password(key.reveal())).map_err(|error| no_keyring(name, &error))?;
        lock(&self.model_keys).remove(name);
        chosen.key = KeyFrom::Keyring;
        self.put_model(chosen)
    }

    /// Keeps a key in memory until the program ends.
    pub fn put_model_key_for_now(&self, name: &str, key: &str) -> Result<Vec<ModelRow>, DeskError> {
        self.chosen_model(name)?;
        lock(&self.model_keys).insert(name.to_owned(), checked(key)?);
        self.models()
    }

    /// Says which environment variable has the key, or that there is none; a key in the keyring is removed from it.
    pub fn point_model_key(&self, name: &str, from: KeyFrom) -> Result<Vec<ModelRow>, DeskError> {
        let mut chosen = self.chosen_model(name)?;
        if chosen.key == KeyFrom::Keyring && from != KeyFrom::Keyring {
            let removed = in_keyring(name, |entry| entry.delete_credential());
            if let Err(error) = removed
                && !matches!(error, keyring::Error::NoEntry)
            {
                return Err(no_keyring(name, &error));
            }
        }
        lock(&self.model_keys).remove(name);
        chosen.key = from;
        self.put_model(chosen)
    }

    /// A model, ready to be asked. May ask the keyring, which may wait for a person.
    pub fn model(&self, name: &str) -> Result<Remote, DeskError> {
        let chosen = self.chosen_model(name)?;
        let key = self.model_key(&chosen)?;
        self.remote(&chosen, key)
    }

    /// A model for conversations that are led elsewhere; `redactor` is the one that made their texts.
    pub fn asked_by(&self, name: &str, redactor: Arc<Redactor>) -> Result<Speaking, DeskError> {
        let chosen = self.chosen_model(name)?;
        let key = self.model_key(&chosen)?;
        let model = Arc::new(remote_of(&chosen, key, redactor)?);
        Ok(Speaking { model, price: chosen.price, leaves: None, hears: None, may_leave: None })
    }

    pub(crate) fn model_price(&self, name: &str) -> Result<Option<Price>, DeskError> {
        Ok(self.chosen_model(name)?.price)
    }

    /// Refuses a limit in dollars that nothing would ever reach: what an answer cost is known of a model with a price, and
    /// where the provider says it.
    pub(crate) fn limit_counts(&self, name: &str, budget: Option<&Budget>) -> Result<(), DeskError> {
        let chosen = self.chosen_model(name)?;
        let limited = budget.is_some_and(|budget| budget.micro_dollars.is_some());
        if !limited || chosen.price.is_some() || chosen.endpoint.provider.tells_cost() {
            return Ok(());
        }
        Err(DeskError::bad_request(
            format!(
                "`{name}` was given a limit in dollars, which would never count: what it costs is not known, because it \
                 has no price."
            ),
            "Set the price of the model, or start without a limit in dollars.",
        ))
    }

    /// Asks a model small questions in which nothing of a cluster is: whether it is there, what else its server has, and
    /// how it asks for calls, which is kept.
    pub async fn try_model(&self, name: &str) -> Result<ModelTrial, DeskError> {
        let mut chosen = self.chosen_model(name)?;
        let key = self.model_key(&chosen)?;
        // Not every server lists its models; whether this one is there shows when it is asked.
        let offered = self.remote(&chosen, key.clone())?.offered().await;
        let offered = match offered {
            Ok(offered) => offered,
            Err(error @ (ModelError::Unreachable { .. } | ModelError::Untrusted { .. })) => {
                return Err(told(name, error));
            }
            Err(_) => Vec::new(),
        };
        let authority = authority(&chosen)?;
        let probe = Probe::of(&chosen.endpoint, key, Patience::default(), authority.as_deref()).await;
        let probe = probe.map_err(|error| match error {
            ModelError::UnknownModel { why, .. } if !offered.is_empty() => DeskError {
                code: "not_found",
                what: format!("`{name}`: the server does not have `{}`: {why}.", chosen.endpoint.model),
                hint: format!("It has {}.", offered.iter().take(20).cloned().collect::<Vec<_>>().join(", ")),
            },
            error => told(name, error),
        })?;
        if let Some(tools) = probe.tools
            && tools != chosen.endpoint.tools
        {
            chosen.endpoint.tools = tools;
            self.put_model(chosen.clone())?;
        }
        let cost = chosen.price.map(|price| price.of(&probe.usage)).or(probe.usage.micro_dollars);
        Ok(ModelTrial { offered, tools: probe.tools, tried: probe.tried, usage: probe.usage, cost })
    }

    fn remote(&self, chosen: &ChosenModel, key: Option<Key>) -> Result<Remote, DeskError> {
        remote_of(chosen, key, self.redactor.clone())
    }

    fn model_key(&self, chosen: &ChosenModel) -> Result<Option<Key>, DeskError> {
        let name = &chosen.endpoint.name;
        if let Some(key) = lock(&self.model_keys).get(name) {
            return Ok(Some(key.clone()));
        }
        match &chosen.key {
            KeyFrom::Nowhere => Ok(None),
            KeyFrom::Environment { variable } => match std::env::var(variable).ok().as_deref().and_then(Key::new) {
                Some(key) => Ok(Some(key)),
                None => Err(DeskError {
                    code: "unavailable",
                    what: format!("The environment variable `{variable}` has no key for `{name}`."),
                    hint: format!(
                        "Set it and start again, or put the key into the keyring: `caseboard models key {name}`."
                    ),
                }),
            },
            KeyFrom::Keyring => {
                let text = in_keyring(name, |entry| entry.get_password()).map_err(|error| DeskError {
                    code: "unavailable",
                    what: format!("The keyring gives no key for `{name}`: {error}."),
                    hint: format!("Unlock the keyring, or set the key again: `caseboard models key {name}`."),
                })?;
                checked(&text).map(Some)
            }
        }
    }

    fn chosen_model(&self, name: &str) -> Result<ChosenModel, DeskError> {
        let found = self.chosen_models()?.into_iter().find(|one| one.endpoint.name == name);
        found.ok_or_else(|| DeskError {
            code: "not_found",
            what: format!("There is no model `{name}`."),
            hint: "`caseboard models` lists those that there are; `caseboard models add` adds one.".into(),
        })
    }

    fn chosen_models(&self) -> Result<Vec<ChosenModel>, DeskError> {
        let text = self.file.setting(SETTING)?;
        // What another version wrote is left alone until it is written anew.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    fn keep_models(&self, models: &[ChosenModel]) -> Result<(), DeskError> {
        let text = serde_json::to_string(models).map_err(|error| DeskError {
            code: "failed",
            what: format!("The models could not be written: {error}."),
            hint: "Please report this.".into(),
        })?;
        Ok(self.file.set_setting(SETTING, &text)?)
    }
}

fn remote_of(chosen: &ChosenModel, key: Option<Key>, redactor: Arc<Redactor>) -> Result<Remote, DeskError> {
    let authority = authority(chosen)?;
    let endpoint = chosen.endpoint.clone();
    let name = endpoint.name.clone();
    Remote::new(endpoint, key, redactor, Patience::default(), authority.as_deref())
        .map_err(|error| DeskError::bad_request(format!("`{name}` cannot be used: {error}."), error.hint()))
}

/// On a thread of its own: the keyring waits in its own way, which a runtime does not allow on its threads.
fn in_keyring<T: Send>(
    name: &str,
    act: impl FnOnce(keyring::Entry) -> keyring::Result<T> + Send,
) -> keyring::Result<T> {
    in_keyring_at(&format!("model/{name}"), act)
}

/// The same for any entry of this program.
pub(crate) fn in_keyring_at<T: Send>(
    entry: &str,
    act: impl FnOnce(keyring::Entry) -> keyring::Result<T> + Send,
) -> keyring::Result<T> {
    let whole = || keyring::Entry::new(KEYRING, entry).and_then(act);
    std::thread::scope(|scope| scope.spawn(whole).join())
        .unwrap_or_else(|_| Err(keyring::Error::PlatformFailure("the keyring's library failed".into())))
}

fn checked(key: &str) -> Result<Key, DeskError> {
    Key::new(key).ok_or_else(|| DeskError::bad_request("This is no key.", "Give the key alone, without spaces."))
}

fn no_keyring(name: &str, error: &keyring::Error) -> DeskError {
    DeskError {
        code: "unavailable",
        what: format!("The key of `{name}` could not be put into the keyring: {error}. It was kept nowhere."),
        hint: format!(
            "Unlock the keyring, or name an environment variable: `caseboard models key {name} --env VARIABLE`."
        ),
    }
}

pub(crate) fn no_keyring_for(what: &str, error: &keyring::Error) -> DeskError {
    DeskError {
        code: "unavailable",
        what: format!("The keyring does not give {what}: {error}. Nothing was signed."),
        hint: "Unlock the keyring, or note the head that `caseboard audit verify` prints.".into(),
    }
}

fn authority(chosen: &ChosenModel) -> Result<Option<Vec<u8>>, DeskError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| {
            DeskError::bad_request(
                format!("The certificate `{}` could not be read: {error}.", path.display()),
                "Correct the path, or set the model up without it.",
            )
        })
    };
    chosen.authority.as_ref().map(read).transpose()
}

fn told(name: &str, error: ModelError) -> DeskError {
    let hint = error.hint().to_owned();
    DeskError { code: "unavailable", what: format!("`{name}` could not be asked: {error}."), hint }
}
