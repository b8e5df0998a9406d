//! What the engineer sets for a cluster beside its kubeconfig.

use std::sync::Arc;

use model::ClusterId;

use crate::desk::lock;
use crate::rows::{ClusterRow, ClusterSettings, ClusterSettingsChange, Update};
use crate::{Desk, DeskError};

impl Desk {
    /// What the engineer set for a cluster. Settings that cannot be read are none.
    pub fn cluster_settings(&self, id: &ClusterId) -> ClusterSettings {
        lock(&self.cluster_settings).entry(id.clone()).or_insert_with(|| self.kept_settings(id)).clone()
    }

    fn kept_settings(&self, id: &ClusterId) -> ClusterSettings {
        let read = self.desk_file().setting(&settings_key(id));
        let text = read.inspect_err(|error| tracing::warn!(%error, cluster = %id, "settings cannot be read"));
        text.ok().flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Sets some of a cluster's settings; where it is open, it is opened again with them, and what was seen stays.
    pub async fn set_cluster(
        self: &Arc<Self>,
        id: &ClusterId,
        mut change: ClusterSettingsChange,
    ) -> Result<ClusterRow, DeskError> {
        self.cluster(id)?;
        if let Some(names) = &mut change.namespaces {
            *names = names_of(names)?;
        }
        {
            // Two things that are set one right after the other both count.
            let mut kept = lock(&self.cluster_settings);
            let settings = kept.entry(id.clone()).or_insert_with(|| self.kept_settings(id));
            let mut next = settings.clone();
            next.namespaces = change.namespaces.unwrap_or(next.namespaces);
            next.machine_certificates = change.machine_certificates.unwrap_or(next.machine_certificates);
            let text = serde_json::to_string(&next).unwrap_or_default();
            self.desk_file().set_setting(&settings_key(id), &text)?;
            *settings = next;
        }
        let live = self.connections().iter().any(|connection| connection.cluster() == id);
        if live {
            self.close_cluster(id).await?;
            return self.open_cluster(id);
        }
        self.tell(Update::ClustersChanged);
        self.cluster(id)
    }

    /// The kinds that are watched besides those that always are.
    pub(crate) fn chosen_kinds(&self, id: &ClusterId) -> Vec<String> {
        let read = self.desk_file().setting(&kinds_key(id));
        let text = read.inspect_err(|error| tracing::warn!(%error, cluster = %id, "chosen kinds cannot be read"));
        text.ok().flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    pub(crate) fn choose_kind(&self, id: &ClusterId, kind: &str) -> Result<(), DeskError> {
        let mut chosen = self.chosen_kinds(id);
        if chosen.iter().any(|known| known == kind) {
            return Ok(());
        }
        chosen.push(kind.to_owned());
        Ok(self.desk_file().set_setting(&kinds_key(id), &serde_json::to_string(&chosen).unwrap_or_default())?)
    }
}

/// Names of namespaces as they were typed: each once, in order.
fn names_of(typed: &[String]) -> Result<Vec<String>, DeskError> {
    let wrong = |name: &str| {
        name.len() > 63 || name.chars().any(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
    };
    let mut names: Vec<String> = Vec::new();
    for name in typed.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if wrong(name) {
            return Err(DeskError::bad_request(
                format!("`{name}` cannot be a namespace's name."),
                "Names have small letters, digits and hyphens.",
            ));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn kinds_key(id: &ClusterId) -> String {
    format!("cluster.{id}.kinds")
}

fn settings_key(id: &ClusterId) -> String {
    format!("cluster.{id}")
}
