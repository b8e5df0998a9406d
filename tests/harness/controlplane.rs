use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use crate::process::{Process, eventually, free_port};

/// Finds a program of a control plane as controller-runtime's envtest does.
pub fn asset(name: &str) -> Result<PathBuf, String> {
    let variable = format!("TEST_ASSET_{}", name.to_uppercase().replace('-', "_"));
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let folder =
        std::env::var_os("KUBEBUILDER_ASSETS").map_or_else(|| "/usr/local/kubebuilder/bin".into(), PathBuf::from);
    let path = folder.join(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!(
            "there is no `{name}`; `tests/controlplane/build.sh` makes it, KUBEBUILDER_ASSETS says where it is"
        ))
    }
}

/// kube-apiserver over etcd, and nothing that would change what is put into it: no controllers, no scheduler.
pub struct ApiServer {
    pub kubectl: PathBuf,
    pub kubeconfig: PathBuf,
    pub base: String,
    pub token: &'static str,
    _processes: Vec<Process>,
    _folder: tempfile::TempDir,
}

/// The administrator's token; the server listens on the loopback alone and lives as long as one test.
const TOKEN: &str = "caseboard-tests";

impl ApiServer {
    /// The error says what is missing.
    pub fn assets() -> Result<[PathBuf; 3], String> {
        Ok([asset("etcd")?, asset("kube-apiserver")?, asset("kubectl")?])
    }

    pub async fn start([etcd, apiserver, kubectl]: [PathBuf; 3]) -> anyhow::Result<ApiServer> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let (clients, peers, port) = (free_port()?, free_port()?, free_port()?);
        let log = |name: &str| -> anyhow::Result<Stdio> { Ok(std::fs::File::create(folder.path().join(name))?.into()) };
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let etcd = Process::start(
            Command::new(etcd)
                .args(["--name=default", "--unsafe-no-fsync", "--log-level=warn"])
                .arg(format!("--data-dir={}", at("etcd")))
                .arg(format!("--listen-client-urls={}", url(clients)))
                .arg(format!("--advertise-client-urls={}", url(clients)))
                .arg(format!("--listen-peer-urls={}", url(peers)))
                .arg(format!("--initial-advertise-peer-urls={}", url(peers)))
                .arg(format!("--initial-cluster=default={}", url(peers)))
                .stdout(log("etcd.out")?)
                .stderr(log("etcd.log")?),
        )?;
        let key = rcgen::KeyPair::generate()?;
        std::fs::write(folder.path().join("accounts.key"), key.serialize_pem())?;
        std::fs::write(folder.path().join("accounts.pub"), key.public_key_pem())?;
        std::fs::write(folder.path().join("tokens.csv"), format!("{TOKEN},admin,admin,system:masters\n"))?;
        let apiserver = Process::start(
            Command::new(apiserver)
                .arg(format!("--etcd-servers={}", url(clients)))
                .arg(format!("--secure-port={port}"))
                .arg(format!("--cert-dir={}", at("certificates")))
                .arg(format!("--token-auth-file={}", at("tokens.csv")))
                .arg(format!("--service-account-key-file={}", at("accounts.pub")))
                .arg(format!("--service-account-signing-key-file={}", at("accounts.key")))
                .args([
                    "--bind-address=127.0.0.1",
                    "--advertise-address=127.0.0.1",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-cluster-ip-range=10.96.0.0/16",
                    "--authorization-mode=RBAC",
                    "--allow-privileged=true",
                    "--disable-admission-plugins=ServiceAccount",
                    "--endpoint-reconciler-type=none",
                    "--profiling=false",
                ])
                .stdout(log("apiserver.out")?)
                .stderr(log("apiserver.log")?),
        )?;
        let base = format!("https://127.0.0.1:{port}");
        let kubeconfig = folder.path().join("kubeconfig");
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config",
            "clusters": [{ "name": "real", "cluster": { "server": base, "insecure-skip-tls-verify": true } }],
            "users": [{ "name": "real", "user": { "token": TOKEN } }],
            "contexts": [{ "name": "real", "context": { "cluster": "real", "user": "real" } }],
            "current-context": "real",
        });
        std::fs::write(&kubeconfig, config.to_string())?;
        let server =
            ApiServer { kubectl, kubeconfig, base, token: TOKEN, _processes: vec![apiserver, etcd], _folder: folder };
        eventually(Duration::from_secs(90), "the API server", || async {
            let ready = server.kubectl(&["get", "--raw", "/readyz"]).await?;
            anyhow::ensure!(ready == "ok", "{ready}");
            Ok(())
        })
        .await?;
        Ok(server)
    }

    /// What kubectl prints, with its errors.
    pub async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        kubectl(&self.kubectl, &self.kubeconfig, arguments).await
    }
}

/// Runs kubectl against a cluster with a cache of its own; what it prints, errors after the rest.
pub async fn kubectl(program: &Path, kubeconfig: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let cache = kubeconfig.with_extension("cache");
    let output = tokio::process::Command::new(program)
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .arg(format!("--cache-dir={}", cache.display()))
        .args(arguments)
        .env_remove("KUBECONFIG")
        .output()
        .await
        .with_context(|| format!("could not run `{}`", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok(text)
}
