//! What the engineer sets for a cluster beside its kubeconfig.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::ClusterId;

use crate::desk::lock;
use crate::rows::{ClusterRow, ClusterSettings, Update};
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

    /// Keeps settings of a cluster; where it is open, it is opened again with them, and what was seen stays.
    pub async fn set_cluster(
        self: &Arc<Self>,
        id: &ClusterId,
        mut settings: ClusterSettings,
    ) -> Result<ClusterRow, DeskError> {
        self.cluster(id)?;
        settings.namespaces = settings.namespaces.iter().map(|name| name.trim().to_owned()).collect();
        settings.namespaces.retain(|name| !name.is_empty());
        let wrong = |name: &&String| {
            name.len() > 63 || name.chars().any(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        };
        if let Some(name) = settings.namespaces.iter().find(wrong) {
            return Err(DeskError::bad_request(
                format!("`{name}` cannot be a namespace's name."),
                "Names have small letters, digits and hyphens.",
            ));
        }
        let mut seen = BTreeSet::new();
        settings.namespaces.retain(|name| seen.insert(name.clone()));
        let text = serde_json::to_string(&settings).unwrap_or_default();
        self.desk_file().set_setting(&settings_key(id), &text)?;
        lock(&self.cluster_settings).insert(id.clone(), settings);
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

fn kinds_key(id: &ClusterId) -> String {
    format!("cluster.{id}.kinds")
}

fn settings_key(id: &ClusterId) -> String {
    format!("cluster.{id}")
}
