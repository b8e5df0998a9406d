//! kube-apiserver over etcd, which can be killed, started again and joined by another one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::Context;

use super::certificates::Certificates;
use super::{asset, assets, healthy, kubectl, ready, spawn};
use crate::process::{Process, free_port};

/// The administrator's token; the server listens on the loopback alone and lives as long as one test.
const TOKEN: &str = "caseboard-tests";
/// The token of a user who exists and may nothing.
pub const STRANGER: &str = "caseboard-stranger";
/// The token of a user, `narrow`, for whom a test may write what is allowed.
pub const NARROW: &str = "caseboard-narrow";

/// kube-apiserver over etcd, and nothing that would change what is put into it: no controllers, no scheduler.
pub struct ApiServer {
    pub kubectl: PathBuf,
    pub kubeconfig: PathBuf,
    pub base: String,
    pub token: &'static str,
    pub(super) certificates: Certificates,
    programs: [PathBuf; 3],
    flags: Vec<String>,
    apiserver: Mutex<Process>,
    _etcd: Process,
    pub(super) folder: tempfile::TempDir,
}

static RUNNING: tokio::sync::Mutex<Weak<ApiServer>> = tokio::sync::Mutex::const_new(Weak::new());

impl ApiServer {
    /// The error says what is missing.
    pub fn assets() -> Result<[PathBuf; 3], String> {
        Ok([asset("etcd")?, asset("kube-apiserver")?, asset("kubectl")?])
    }

    /// The one that runs, or a new one. It ends with its last user; each keeps to namespaces of its own.
    pub async fn shared(programs: [PathBuf; 3]) -> anyhow::Result<Arc<ApiServer>> {
        let mut running = RUNNING.lock().await;
        if let Some(server) = running.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(ApiServer::start(programs).await?);
        *running = Arc::downgrade(&server);
        Ok(server)
    }

    /// A port that was free may be taken before the program listens on it, so it is tried again with others.
    pub async fn start(programs: [PathBuf; 3]) -> anyhow::Result<ApiServer> {
        let mut last = None;
        for _ in 0..3 {
            match ApiServer::try_start(&programs).await {
                Ok(server) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("it was not tried")))
    }

    async fn try_start(programs: &[PathBuf; 3]) -> anyhow::Result<ApiServer> {
        let [etcd, _, kubectl] = programs;
        let folder = tempfile::tempdir()?;
        let certificates = Certificates::make(&folder.path().join("pki"))?;
        let store = format!("http://127.0.0.1:{}", free_port()?);
        let mut etcd_command = Command::new(etcd);
        // An old one does not know how to be careless.
        if knows(etcd, "--unsafe-no-fsync") {
            etcd_command.arg("--unsafe-no-fsync");
        }
        etcd_command
            .args(["--log-level=warn", "--listen-peer-urls=http://127.0.0.1:0"])
            .arg(format!("--data-dir={}", folder.path().join("etcd").display()))
            .arg(format!("--listen-client-urls={store}"))
            .arg(format!("--advertise-client-urls={store}"));
        let mut etcd = spawn(&mut etcd_command, folder.path(), "etcd")?;
        ready(&mut etcd, folder.path(), "etcd", || healthy(&store, "/health")).await?;

        write_tokens(
            folder.path(),
            &[(TOKEN, "caseboard-admin", "system:masters"), (STRANGER, "stranger", ""), (NARROW, "narrow", "")],
        )?;
        let port = free_port()?;
        let mut flags = flags(&certificates, folder.path());
        flags.extend([format!("--etcd-servers={store}"), format!("--secure-port={port}")]);
        let base = format!("https://127.0.0.1:{port}");
        let kubeconfig = folder.path().join("kubeconfig");
        certificates.kubeconfig("admin", &base, &kubeconfig)?;
        let apiserver = serving(programs, &flags, folder.path(), &kubeconfig).await?;
        Ok(ApiServer {
            kubectl: kubectl.clone(),
            kubeconfig,
            base,
            token: TOKEN,
            certificates,
            programs: programs.clone(),
            flags,
            apiserver: Mutex::new(apiserver),
            _etcd: etcd,
            folder,
        })
    }

    /// `kill -9`; what it served stays in etcd.
    pub fn kill(&self) {
        self.apiserver.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }

    /// Starts it again at the same address.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let process = serving(&self.programs, &self.flags, self.folder.path(), &self.kubeconfig).await?;
        *self.apiserver.lock().unwrap_or_else(PoisonError::into_inner) = process;
        Ok(())
    }

    /// Whose token is whose from the next start on, besides the administrator's.
    pub fn allow_tokens(&self, tokens: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut all = vec![(TOKEN, "caseboard-admin", "system:masters")];
        all.extend(tokens.iter().map(|(token, user)| (*token, *user, "")));
        write_tokens(self.folder.path(), &all)
    }

    /// Another API server over the same etcd; gives its kubeconfig with the process, which ends when dropped.
    pub async fn beside(&self) -> anyhow::Result<(PathBuf, Process)> {
        let port = free_port()?;
        let mut flags: Vec<String> =
            self.flags.iter().filter(|flag| !flag.starts_with("--secure-port=")).cloned().collect();
        flags.push(format!("--secure-port={port}"));
        let kubeconfig = self.folder.path().join(format!("beside-{port}.kubeconfig"));
        self.certificates.kubeconfig("admin", &format!("https://127.0.0.1:{port}"), &kubeconfig)?;
        let process = serving(&self.programs, &flags, self.folder.path(), &kubeconfig).await?;
        Ok((kubeconfig, process))
    }

    /// The flag that names a kubeconfig for the user of this certificate.
    pub(super) fn flag_of(&self, user: &str) -> anyhow::Result<String> {
        let path = self.folder.path().join(format!("{user}.kubeconfig"));
        self.certificates.kubeconfig(user, &self.base, &path)?;
        Ok(format!("--kubeconfig={}", path.display()))
    }

    /// The file that every container named `talker` logs from, in the CRI's form, read anew at each request; and the one
    /// of its previous run.
    pub fn talker_logs(&self) -> [PathBuf; 2] {
        ["talker.log", "talker.previous.log"].map(|name| self.folder.path().join(name))
    }

    /// kwok's rule for them; of all other containers it has no logs.
    fn talkers(&self) -> anyhow::Result<PathBuf> {
        let [current, previous] = self.talker_logs();
        let logs = serde_json::json!({
            "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterLogs", "metadata": {"name": "talkers"},
            "spec": {"logs": [{"containers": ["talker"], "logsFile": current, "previousLogsFile": previous}]},
        });
        let path = self.folder.path().join("logs.yaml");
        std::fs::write(&path, logs.to_string())?;
        Ok(path)
    }

    /// kwok, for the nodes that are labelled `caseboard.dev/kubelet: running`.
    pub async fn kubelets(&self) -> anyhow::Result<Process> {
        let folder = self.folder.path();
        let port = free_port()?;
        let mut command = Command::new(asset("kwok").map_err(anyhow::Error::msg)?);
        command.arg(self.flag_of("kwok")?).env("HOME", folder);
        for stage in ["nodes.yaml", "pods.yaml", "failing.yaml"] {
            command.arg(format!("--config={}", assets::stages().join(stage).display()));
        }
        command.arg(format!("--config={}", self.talkers()?.display()));
        command
            .args(["--manage-all-nodes=false", "--manage-nodes-with-label-selector=caseboard.dev/kubelet=running"])
            .args(["--node-ip=127.0.0.1", "--cidr=10.128.0.0/10", "--node-lease-duration-seconds=40"])
            .arg(format!("--node-port={port}"))
            .arg(format!("--server-address=127.0.0.1:{port}"))
            .arg(format!("--tls-cert-file={}", self.certificates.path("kubelet.crt").display()))
            .arg(format!("--tls-private-key-file={}", self.certificates.path("kubelet.key").display()));
        let mut kubelets = spawn(&mut command, folder, "kwok")?;

        let url = format!("http://127.0.0.1:{port}");
        ready(&mut kubelets, folder, "kwok", || healthy(&url, "/healthz")).await?;
        Ok(kubelets)
    }

    /// What kubectl prints, with its errors.
    pub async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        kubectl(&self.kubectl, &self.kubeconfig, arguments).await
    }

    /// A kubeconfig with one context, `name`, for who has this token.
    pub fn kubeconfig_of(&self, name: &str, token: &str, path: &Path) -> anyhow::Result<()> {
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": name, "cluster": {
                "server": self.base, "certificate-authority": self.certificates.path("ca.crt"),
            }}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        });
        Ok(std::fs::write(path, config.to_string())?)
    }
}

async fn serving(
    programs: &[PathBuf; 3],
    flags: &[String],
    folder: &Path,
    kubeconfig: &Path,
) -> anyhow::Result<Process> {
    let [_, apiserver, program] = programs;
    let mut process = spawn(Command::new(apiserver).args(flags), folder, "kube-apiserver")?;
    ready(&mut process, folder, "kube-apiserver", || {
        let (program, kubeconfig) = (program.clone(), kubeconfig.to_owned());
        async move {
            let answer = kubectl(&program, &kubeconfig, &["get", "--raw", "/readyz"]).await?;
            anyhow::ensure!(answer == "ok", "{answer}");
            Ok(())
        }
    })
    .await?;
    Ok(process)
}

fn write_tokens(folder: &Path, tokens: &[(&str, &str, &str)]) -> anyhow::Result<()> {
    let line = |(token, user, group): &(&str, &str, &str)| match *group {
        "" => format!("{token},{user},{user}\n"),
        group => format!("{token},{user},{user},{group}\n"),
    };
    let lines: Vec<String> = tokens.iter().map(line).collect();
    std::fs::write(folder.join("tokens.csv"), lines.concat()).context("could not write the tokens")
}

/// Whether a program's help names a flag.
fn knows(program: &Path, flag: &str) -> bool {
    let help = Command::new(program).arg("--help").output();
    help.is_ok_and(|help| [help.stdout, help.stderr].iter().any(|text| String::from_utf8_lossy(text).contains(flag)))
}

fn flags(certificates: &Certificates, folder: &Path) -> Vec<String> {
    let mut flags = vec![
        format!("--cert-dir={}", folder.display()),
        format!("--token-auth-file={}", folder.join("tokens.csv").display()),
    ];
    for (flag, file) in [
        ("tls-cert-file", "apiserver.crt"),
        ("tls-private-key-file", "apiserver.key"),
        ("client-ca-file", "ca.crt"),
        ("service-account-key-file", "sa.pub"),
        ("service-account-signing-key-file", "sa.key"),
        ("kubelet-client-certificate", "apiserver-kubelet-client.crt"),
        ("kubelet-client-key", "apiserver-kubelet-client.key"),
        ("kubelet-certificate-authority", "ca.crt"),
        ("requestheader-client-ca-file", "front-proxy-ca.crt"),
        ("proxy-client-cert-file", "front-proxy-client.crt"),
        ("proxy-client-key-file", "front-proxy-client.key"),
    ] {
        flags.push(format!("--{flag}={}", certificates.path(file).display()));
    }
    flags.extend(
        [
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
            "--profiling=false",
            "--kubelet-preferred-address-types=InternalIP",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
        ]
        .map(str::to_owned),
    );
    flags
}
