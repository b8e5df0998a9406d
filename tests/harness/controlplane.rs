//! A real Kubernetes control plane for a test: etcd and the API server alone, or with controllers, scheduler and
//! kubelets that kwok plays. The processes end when the value is dropped.

#[path = "assets.rs"]
mod assets;
#[path = "certificates.rs"]
mod certificates;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context, bail};

pub use assets::asset;
use certificates::Certificates;

use crate::process::{Process, eventually, free_port};

const PATIENCE: Duration = Duration::from_secs(120);

/// The administrator's token; the server listens on the loopback alone and lives as long as one test.
const TOKEN: &str = "caseboard-tests";
/// The token of a user who exists and may nothing.
pub const STRANGER: &str = "caseboard-stranger";

/// kube-apiserver over etcd, and nothing that would change what is put into it: no controllers, no scheduler.
pub struct ApiServer {
    pub kubectl: PathBuf,
    pub kubeconfig: PathBuf,
    pub base: String,
    pub token: &'static str,
    certificates: Certificates,
    _processes: Vec<Process>,
    folder: tempfile::TempDir,
}

impl ApiServer {
    /// The error says what is missing.
    pub fn assets() -> Result<[PathBuf; 3], String> {
        Ok([asset("etcd")?, asset("kube-apiserver")?, asset("kubectl")?])
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

    async fn try_start([etcd, apiserver, kubectl]: &[PathBuf; 3]) -> anyhow::Result<ApiServer> {
        let folder = tempfile::tempdir()?;
        let certificates = Certificates::make(&folder.path().join("pki"))?;
        let store = format!("http://127.0.0.1:{}", free_port()?);
        let mut etcd_command = Command::new(etcd);
        etcd_command
            .args(["--unsafe-no-fsync", "--log-level=warn", "--listen-peer-urls=http://127.0.0.1:0"])
            .arg(format!("--data-dir={}", folder.path().join("etcd").display()))
            .arg(format!("--listen-client-urls={store}"))
            .arg(format!("--advertise-client-urls={store}"));
        let mut etcd = spawn(&mut etcd_command, folder.path(), "etcd")?;
        ready(&mut etcd, folder.path(), "etcd", || healthy(&store, "/health")).await?;

        let port = free_port()?;
        std::fs::write(
            folder.path().join("tokens.csv"),
            format!("{TOKEN},caseboard-admin,admin,system:masters\n{STRANGER},stranger,stranger\n"),
        )?;
        let mut command = Command::new(apiserver);
        command
            .arg(format!("--etcd-servers={store}"))
            .arg(format!("--secure-port={port}"))
            .arg(format!("--cert-dir={}", folder.path().display()))
            .arg(format!("--token-auth-file={}", folder.path().join("tokens.csv").display()));
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
            command.arg(format!("--{flag}={}", certificates.path(file).display()));
        }
        command.args([
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
        ]);
        let mut apiserver = spawn(&mut command, folder.path(), "kube-apiserver")?;
        let base = format!("https://127.0.0.1:{port}");
        let kubeconfig = folder.path().join("kubeconfig");
        certificates.kubeconfig("admin", &base, &kubeconfig)?;
        ready(&mut apiserver, folder.path(), "kube-apiserver", || {
            let program = kubectl.clone();
            let kubeconfig = kubeconfig.clone();
            async move {
                let answer = self::kubectl(&program, &kubeconfig, &["get", "--raw", "/readyz"]).await?;
                anyhow::ensure!(answer == "ok", "{answer}");
                Ok(())
            }
        })
        .await?;
        Ok(ApiServer {
            kubectl: kubectl.clone(),
            kubeconfig,
            base,
            token: TOKEN,
            certificates,
            _processes: vec![apiserver, etcd],
            folder,
        })
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

/// A whole cluster without machines: controllers, scheduler, and two nodes whose kubelets kwok plays. With
/// `USE_EXISTING_CLUSTER=true` the cluster of `$KUBECONFIG` instead, of which only the tests' own namespaces are touched.
pub struct ControlPlane {
    pub kubectl: PathBuf,
    pub kubeconfig: PathBuf,
    /// The context to name; it is the kubeconfig's current one.
    pub context: String,
    _processes: Vec<Process>,
    server: Option<ApiServer>,
}

static RUNNING: tokio::sync::Mutex<Weak<ControlPlane>> = tokio::sync::Mutex::const_new(Weak::new());

impl ControlPlane {
    /// What a test that wants one lacks.
    pub fn missing() -> Option<String> {
        let needed: &[&str] = if existing_is_wanted() {
            &["kubectl"]
        } else {
            &["etcd", "kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler", "kwok"]
        };
        needed.iter().find_map(|name| asset(name).err())
    }

    /// The one that runs, or a new one. It ends with its last user.
    pub async fn shared() -> anyhow::Result<Arc<ControlPlane>> {
        let mut running = RUNNING.lock().await;
        if let Some(plane) = running.upgrade() {
            return Ok(plane);
        }
        let plane = Arc::new(if existing_is_wanted() {
            ControlPlane::existing().await?
        } else {
            ControlPlane::start().await?
        });
        *running = Arc::downgrade(&plane);
        Ok(plane)
    }

    async fn existing() -> anyhow::Result<ControlPlane> {
        let program = asset("kubectl").map_err(anyhow::Error::msg)?;
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
        let kubeconfig = std::env::var_os("KUBECONFIG").map(PathBuf::from).or(home);
        let kubeconfig = kubeconfig.context("USE_EXISTING_CLUSTER is set, and there is no KUBECONFIG")?;
        let context = kubectl(&program, &kubeconfig, &["config", "current-context"]).await?.trim().to_owned();
        Ok(ControlPlane { kubectl: program, kubeconfig, context, _processes: Vec::new(), server: None })
    }

    async fn start() -> anyhow::Result<ControlPlane> {
        let server = ApiServer::start(ApiServer::assets().map_err(anyhow::Error::msg)?).await?;
        let folder = server.folder.path();
        let pki = &server.certificates;
        let program = |name: &str| asset(name).map(Command::new).map_err(anyhow::Error::msg);
        let as_user = |user: &str| -> anyhow::Result<String> {
            let path = folder.join(format!("{user}.kubeconfig"));
            pki.kubeconfig(user, &server.base, &path)?;
            Ok(format!("--kubeconfig={}", path.display()))
        };
        // With the usual 20 requests a second a rollout would take minutes.
        let common = [
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--profiling=false",
        ];
        let certificates = format!("--cert-dir={}", folder.display());

        let mut command = program("kube-controller-manager")?;
        command.arg(as_user("controller-manager")?).args(common).arg(&certificates);
        command.arg("--use-service-account-credentials=true");
        command.arg(format!("--service-account-private-key-file={}", pki.path("sa.key").display()));
        command.arg(format!("--root-ca-file={}", pki.path("ca.crt").display()));
        let mut controllers = spawn(&mut command, folder, "kube-controller-manager")?;

        let mut command = program("kube-scheduler")?;
        command.arg(as_user("scheduler")?).args(common).arg(&certificates);
        let scheduler = spawn(&mut command, folder, "kube-scheduler")?;

        let port = free_port()?;
        let mut command = program("kwok")?;
        command.arg(as_user("kwok")?).env("HOME", folder);
        for stage in ["nodes.yaml", "pods.yaml", "failing.yaml"] {
            command.arg(format!("--config={}", assets::stages().join(stage).display()));
        }
        command
            .args(["--manage-all-nodes=false", "--manage-nodes-with-label-selector=caseboard.dev/kubelet=running"])
            .args(["--node-ip=127.0.0.1", "--cidr=10.128.0.0/10", "--node-lease-duration-seconds=40"])
            .arg(format!("--node-port={port}"))
            .arg(format!("--server-address=127.0.0.1:{port}"))
            .arg(format!("--tls-cert-file={}", pki.path("kubelet.crt").display()))
            .arg(format!("--tls-private-key-file={}", pki.path("kubelet.key").display()));
        let mut kubelets = spawn(&mut command, folder, "kwok")?;

        ready(&mut controllers, folder, "kube-controller-manager", || async {
            let answer = server.kubectl(&["get", "serviceaccount", "default", "-o", "name"]).await?;
            anyhow::ensure!(answer.trim() == "serviceaccount/default", "{answer}");
            Ok(())
        })
        .await?;
        let url = format!("http://127.0.0.1:{port}");
        ready(&mut kubelets, folder, "kwok", || healthy(&url, "/healthz")).await?;

        let plane = ControlPlane {
            kubectl: server.kubectl.clone(),
            kubeconfig: server.kubeconfig.clone(),
            context: "real".into(),
            _processes: vec![kubelets, scheduler, controllers],
            server: Some(server),
        };
        plane
            .apply(&serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [node("node-a"), node("node-b")]}))
            .await?;
        plane.kubectl(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"]).await?;
        Ok(plane)
    }

    /// The API server, unless it is somebody else's.
    pub fn server(&self) -> Option<&ApiServer> {
        self.server.as_ref()
    }

    /// What kubectl prints; an error where it fails.
    pub async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = command(&self.kubectl, &self.kubeconfig).args(arguments).output().await?;
        if !output.status.success() {
            bail!("kubectl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// `kubectl apply` of an object or a `List`.
    pub async fn apply(&self, object: &serde_json::Value) -> anyhow::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), object.to_string())?;
        self.kubectl(&["apply", "-f", &file.path().display().to_string()]).await.map(drop)
    }

    /// A namespace of one's own; it goes away with the value where the cluster stays.
    pub async fn namespace(self: &Arc<Self>, about: &str) -> anyhow::Result<Namespace> {
        let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.subsec_nanos();
        let name = format!("{about}-{}-{at}", std::process::id());
        self.kubectl(&["create", "namespace", &name]).await?;
        Ok(Namespace { plane: Arc::clone(self), name })
    }
}

/// A namespace that a test made.
pub struct Namespace {
    plane: Arc<ControlPlane>,
    pub name: String,
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.plane.server.is_none() {
            let mut delete = Command::new(&self.plane.kubectl);
            delete.arg("--kubeconfig").arg(&self.plane.kubeconfig);
            let _ = delete.args(["delete", "namespace", &self.name, "--wait=false"]).status();
        }
    }
}

/// Runs kubectl against a cluster with a cache of its own; what it prints, errors after the rest.
pub async fn kubectl(program: &Path, kubeconfig: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = command(program, kubeconfig)
        .args(arguments)
        .output()
        .await
        .with_context(|| format!("could not run `{}`", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

fn command(program: &Path, kubeconfig: &Path) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(program);
    let cache = std::env::temp_dir().join(format!("caseboard-kubectl-{}", std::process::id()));
    let cache = if existing_is_wanted() { cache } else { kubeconfig.with_extension("cache") };
    command.arg(format!("--kubeconfig={}", kubeconfig.display())).arg(format!("--cache-dir={}", cache.display()));
    command.env_remove("KUBECONFIG");
    command
}

fn existing_is_wanted() -> bool {
    std::env::var("USE_EXISTING_CLUSTER").is_ok_and(|wanted| wanted == "true")
}

fn node(name: &str) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "caseboard.dev/kubelet": "running", "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        }},
    })
}

fn spawn(command: &mut Command, folder: &Path, name: &str) -> anyhow::Result<Process> {
    let log = std::fs::File::create(folder.join(format!("{name}.log")))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Process::start(command).with_context(|| format!("could not start {name}"))
}

/// Waits until a program answers; gives up when it has ended, with its last words.
async fn ready<F>(process: &mut Process, folder: &Path, name: &str, mut ask: impl FnMut() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let process = std::cell::RefCell::new(process);
    let outcome = eventually(PATIENCE, name, || {
        let ended = process.borrow_mut().has_ended();
        let asked = ask();
        async move { if ended { Ok(false) } else { asked.await.map(|()| true) } }
    })
    .await;
    let why = match outcome {
        Ok(true) => return Ok(()),
        Ok(false) => format!("{name} ended"),
        Err(error) => format!("{error:#}"),
    };
    let log = std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default();
    let last: Vec<&str> = log.lines().rev().take(8).collect();
    bail!("{why}; its last words, the last first:\n{}", last.join("\n"))
}

/// Whether a plain HTTP server of ours answers a path with 200.
async fn healthy(url: &str, path: &str) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.lines().next().unwrap_or_default();
    anyhow::ensure!(status.contains(" 200 "), "{url}{path} answers `{status}`");
    Ok(())
}
