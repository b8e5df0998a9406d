//! A desk that follows a real API server through what happens to real ones.

mod allowed;
mod broken;
mod custom;
mod many;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caseboard_tests::controlplane::{ApiServer, kubectl};
use caseboard_tests::process::eventually;
use desk::rows::ClusterState;
use desk::{Desk, Look, Opening, Paths};
use model::{ClusterId, ObjectRef};
use serde_json::{Value, json};

use crate::programs;

const PATIENCE: Duration = Duration::from_secs(120);

/// A desk with one open cluster, as the window has it.
pub(super) struct Watched {
    pub(super) desk: Arc<Desk>,
    pub(super) cluster: ClusterId,
    _home: tempfile::TempDir,
}

impl Watched {
    fn open(kubeconfig: &Path) -> anyhow::Result<Watched> {
        let home = tempfile::tempdir()?;
        let desk = Desk::open(Opening {
            paths: Paths::in_folder(home.path())?,
            in_memory: false,
            knowledge: Vec::new(),
            kubeconfigs: cluster::Sources { files: vec![kubeconfig.to_owned()], ..cluster::Sources::default() },
            with_added: false,
        })?;
        let row = desk.clusters().into_iter().next().ok_or_else(|| anyhow::anyhow!("the kubeconfig has no context"))?;
        desk.open_cluster(&row.id)?;
        Ok(Watched { desk, cluster: row.id, _home: home })
    }

    pub(super) async fn listed(kubeconfig: &Path) -> anyhow::Result<Watched> {
        let watched = Watched::open(kubeconfig)?;
        watched.desk.synced(&watched.cluster, PATIENCE).await?;
        Ok(watched)
    }

    fn look(&self) -> anyhow::Result<Arc<Look>> {
        Ok(self.desk.look(&self.cluster, None)?)
    }

    fn state(&self) -> anyhow::Result<ClusterState> {
        Ok(self.desk.cluster(&self.cluster)?.state)
    }

    fn sees(&self, object: &ObjectRef) -> anyhow::Result<bool> {
        Ok(self.look()?.snapshot.get(object).is_some())
    }

    fn count(&self, kind: &str, namespace: &str) -> anyhow::Result<usize> {
        Ok(self.look()?.snapshot.in_namespace(kind, namespace).count())
    }

    async fn comes_to_see(&self, object: &ObjectRef) -> anyhow::Result<()> {
        eventually(PATIENCE, &format!("{object} to be seen"), || async {
            anyhow::ensure!(self.sees(object)?, "it is not; {}", self.state()?.message);
            Ok(())
        })
        .await
    }

    async fn comes_to_miss(&self, object: &ObjectRef) -> anyhow::Result<()> {
        eventually(PATIENCE, &format!("{object} to be gone"), || async {
            anyhow::ensure!(!self.sees(object)?, "it is still seen; {}", self.state()?.message);
            Ok(())
        })
        .await
    }

    /// Waits until the state satisfies a condition; gives it.
    async fn state_that(&self, what: &str, holds: impl Fn(&ClusterState) -> bool) -> anyhow::Result<ClusterState> {
        eventually(PATIENCE, what, || async {
            let state = self.state()?;
            anyhow::ensure!(holds(&state), "it is {:?}: {} {}", state.phase, state.message, state.hint);
            Ok(state)
        })
        .await
    }
}

/// The programs of an API server, or the test is skipped.
fn settings(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new("ConfigMap", namespace, name)
}

fn config_map(namespace: &str, name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": namespace } })
}

/// `kubectl apply` of objects.
async fn apply(server: &ApiServer, kubeconfig: &Path, objects: &[Value]) -> anyhow::Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string())?;
    let path = file.path().display().to_string();
    let said = kubectl(&server.kubectl, kubeconfig, &["apply", "-f", &path]).await?;
    anyhow::ensure!(!said.to_lowercase().contains("error"), "{said}");
    Ok(())
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}
