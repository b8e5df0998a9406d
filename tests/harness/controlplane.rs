//! A real Kubernetes control plane for a test: etcd and the API server alone, or with controllers, scheduler and
//! kubelets that kwok plays. The processes end when the value is dropped.

#[path = "apiserver.rs"]
mod apiserver;
#[path = "assets.rs"]
mod assets;
#[path = "certificates.rs"]
mod certificates;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context, bail};

pub use apiserver::{ApiServer, NARROW, STRANGER};
pub use assets::asset;

use crate::process::{Process, eventually};

const PATIENCE: Duration = Duration::from_secs(120);

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
        let as_user = |user: &str| server.flag_of(user);
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

        let kubelets = server.kubelets().await?;

        ready(&mut controllers, folder, "kube-controller-manager", || async {
            let answer = server.kubectl(&["get", "serviceaccount", "default", "-o", "name"]).await?;
            anyhow::ensure!(answer.trim() == "serviceaccount/default", "{answer}");
            Ok(())
        })
        .await?;

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
