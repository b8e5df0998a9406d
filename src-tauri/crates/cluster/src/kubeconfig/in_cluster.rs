use std::path::Path;

use super::Sources;

/// Where Kubernetes mounts the service account of a pod.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// What the context of a pod's own service account is called.
pub(super) const NAME: &str = "in-cluster";

impl Sources {
    /// The cluster that this program runs in as a pod, by the pod's service account: one context, `in-cluster`. Its token
    /// rotates, so the file is named and not read. The error says what is missing.
    pub fn in_cluster() -> Result<Self, String> {
        let variable = |name: &str| {
            std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(|| format!("`${name}` is not set"))
        };
        let server = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
        Self::of_account((&server.0, &server.1), Path::new(ACCOUNT))
    }

    pub(super) fn of_account((host, port): (&str, &str), account: &Path) -> Result<Self, String> {
        for file in ["token", "ca.crt"] {
            let path = account.join(file);
            if !path.is_file() {
                return Err(format!("there is no `{}`", path.display()));
            }
        }
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let namespace = std::fs::read_to_string(account.join("namespace")).unwrap_or_default();
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": NAME,
            "clusters": [{"name": NAME, "cluster": {
                "server": format!("https://{host}:{port}"),
                "certificate-authority": account.join("ca.crt"),
            }}],
            "users": [{"name": NAME, "user": {"tokenFile": account.join("token")}}],
            "contexts": [{"name": NAME, "context": {
                "cluster": NAME, "user": NAME, "namespace": namespace.trim(),
            }}],
        });
        Ok(Sources { pasted: vec![(NAME.to_owned(), config.to_string())], ..Sources::default() })
    }
}
