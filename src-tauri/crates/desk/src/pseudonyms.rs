//! What a language model is told under another name: reversible stand-ins for names, hosts and addresses.

use std::collections::BTreeSet;
use std::sync::Arc;

use llm::{Aliased, Model, Names};
use model::{ClusterId, Snapshot, controller_of};

use crate::rows::Pseudonyms;
use crate::{Desk, DeskError};

const SETTING: &str = "models.pseudonyms";
/// Kinds whose names come with Kubernetes or with an operator: they tell nothing of the team, and what they mean helps.
const PUBLIC: [&str; 8] = [
    "APIService",
    "CSIDriver",
    "CustomResourceDefinition",
    "GatewayClass",
    "IngressClass",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
];
/// What a speaker calls its own tools.
const OWN_WORDS: [&str; 4] = ["ask_specialist", "conclude", "read_more", "report"];

impl Desk {
    /// What models are told under another name; nothing unless the engineer said so.
    pub fn pseudonyms(&self) -> Result<Pseudonyms, DeskError> {
        let Some(text) = self.file.setting(SETTING)? else { return Ok(Pseudonyms::default()) };
        // What was to be hidden is not told because nobody can read what it was.
        serde_json::from_str(&text).map_err(|error| DeskError {
            code: "damaged",
            what: format!("What models are told under another name cannot be read: {error}."),
            hint: "Set it again in the settings, under calls.".into(),
        })
    }

    /// Counts for every investigation that is started, or gone on with, from now on.
    pub fn set_pseudonyms(&self, wanted: Pseudonyms) -> Result<Pseudonyms, DeskError> {
        let text = serde_json::to_string(&wanted).unwrap_or_default();
        self.file.set_setting(SETTING, &text)?;
        Ok(wanted)
    }

    /// The model as a case of this cluster asks it.
    pub(crate) fn under_pseudonyms(
        self: &Arc<Self>,
        cluster: &ClusterId,
        model: Arc<dyn Model>,
    ) -> Result<Arc<dyn Model>, DeskError> {
        let Pseudonyms { names, hosts, addresses } = self.pseudonyms()?;
        let hidden = redact::Hidden { names, hosts, addresses };
        if hidden == redact::Hidden::default() {
            return Ok(model);
        }
        let known: Names = if names { self.names_in(cluster) } else { Arc::new(Vec::new) };
        Ok(Arc::new(Aliased::new(model, hidden, known)))
    }

    /// The names of a cluster as it is whenever somebody asks: what is read meanwhile is among them.
    fn names_in(self: &Arc<Self>, cluster: &ClusterId) -> Names {
        let (desk, cluster) = (Arc::downgrade(self), cluster.clone());
        Arc::new(move || {
            let Some(desk) = desk.upgrade() else { return Vec::new() };
            let present =
                desk.now_of(&cluster).and_then(|now| Ok(desk.opened(&cluster)?.history.present(now)?)).inspect_err(
                    |error| tracing::error!(%cluster, %error, "names that must not be told are not known anew"),
                );
            let mut names = present.map(|snapshot| telling(&snapshot)).unwrap_or_default();
            names.insert(desk.name_of(&cluster));
            for tool in desk.tools() {
                names.remove(&tool.name);
            }
            names.into_iter().filter(|name| !OWN_WORDS.contains(&name.as_str())).collect()
        })
    }
}

/// The names of objects and their namespaces. What a controller named after itself is found by the controller's name.
fn telling(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (object, held) in snapshot.objects.iter() {
        if !object.namespace.is_empty() {
            names.insert(object.namespace.to_string());
        }
        let after_another = || {
            let controller = controller_of(&object.namespace, &held.object);
            controller.is_some_and(|by| object.name.starts_with(&*by.name) && snapshot.get(&by).is_some())
        };
        if !PUBLIC.contains(&&*object.kind) && !after_another() {
            names.insert(object.name.to_string());
        }
    }
    names
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
