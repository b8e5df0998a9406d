//! From opening a cluster to seeing it, beside kubectl and curl in the same run.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use caseboard_tests::controlplane::ApiServer;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::figures::median;
use crate::fleet::Core;

/// A real API server, in this process or in another one.
pub struct Target {
    pub kubectl: PathBuf,
    pub kubeconfig: PathBuf,
    pub base: String,
    pub token: String,
}

impl Target {
    pub fn of(server: &ApiServer) -> Self {
        Target {
            kubectl: server.kubectl.clone(),
            kubeconfig: server.kubeconfig.clone(),
            base: server.base.clone(),
            token: server.token.to_owned(),
        }
    }
}

/// Seconds, of each round.
#[derive(Default)]
pub struct Rounds {
    kubectl_first: Vec<f64>,
    kubectl_all: Vec<f64>,
    bare: Vec<f64>,
    rows: Vec<f64>,
    full: Vec<f64>,
}

impl Rounds {
    /// One after the other, so that what slows the machine down slows all of them down.
    pub async fn measure(server: &Target, count: usize) -> Result<Rounds> {
        let mut rounds = Rounds::default();
        let kubeconfig = [server.kubeconfig.display().to_string()];
        // kubectl keeps what the server serves; its first run is not its usual one.
        kubectl(server).await?;
        for _ in 0..count {
            let (first, all) = kubectl(server).await?;
            rounds.kubectl_first.push(first);
            rounds.kubectl_all.push(all);
            rounds.bare.push(bare(server).await?);
            let mut core = Core::start(&kubeconfig).await?;
            let (rows, full) = core.open(1).await?;
            rounds.rows.push(rows / 1e3);
            rounds.full.push(full / 1e3);
            core.peer.end().await?;
        }
        Ok(rounds)
    }

    pub fn first_rows_vs_kubectl(&self) -> f64 {
        median(&self.rows) / median(&self.kubectl_first)
    }

    pub fn full_list_vs_bare(&self) -> f64 {
        median(&self.full) / median(&self.bare)
    }

    pub fn told(&self) -> String {
        let [rows, full, first, all, bare] =
            [&self.rows, &self.full, &self.kubectl_first, &self.kubectl_all, &self.bare].map(|all| median(all));
        format!(
            "rows {rows:.2} s, triage {full:.2} s; kubectl {first:.2} s to its first byte, {all:.2} s in all; curl {bare:.2} s; \
             ratios {:.2} and {:.2}",
            self.first_rows_vs_kubectl(),
            self.full_list_vs_bare()
        )
    }
}

/// Seconds to the first byte and to the end of `kubectl get pods -A`.
async fn kubectl(server: &Target) -> Result<(f64, f64)> {
    let started = Instant::now();
    let mut child = Command::new(&server.kubectl)
        .arg(format!("--kubeconfig={}", server.kubeconfig.display()))
        .arg(format!("--cache-dir={}", server.kubeconfig.with_extension("cache").display()))
        .args(["get", "pods", "-A"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut out = child.stdout.take().context("it has no stdout")?;
    let mut buffer = vec![0; 1 << 16];
    ensure!(out.read(&mut buffer).await? > 0, "kubectl printed nothing");
    let first = started.elapsed().as_secs_f64();
    while out.read(&mut buffer).await? > 0 {}
    let all = started.elapsed().as_secs_f64();
    ensure!(child.wait().await?.success(), "kubectl failed");
    Ok((first, all))
}

/// Seconds that curl needs for all pods in pages of 500. Each page is a process of its own, whose start and handshake
/// are not counted but for the first: a client that keeps its connection has them once.
async fn bare(server: &Target) -> Result<f64> {
    let mut seconds = 0.0;
    let mut token = String::new();
    let file = tempfile::NamedTempFile::new()?;
    loop {
        let url = format!("{}/api/v1/pods?limit=500&continue={token}", server.base);
        let told = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--insecure", "--user-agent", "caseboard-bench"])
            .arg("--header")
            .arg(format!("Authorization: Bearer {}", server.token))
            .args(["--header", "Accept: application/json", "--write-out", "%{time_total} %{time_pretransfer}"])
            .arg("--output")
            .arg(file.path())
            .arg(&url)
            .output()
            .await
            .context("curl is needed to compare with")?;
        ensure!(told.status.success(), "curl failed: {}", String::from_utf8_lossy(&told.stderr).trim());
        let told = String::from_utf8(told.stdout)?;
        let (total, before) = told.split_once(' ').context("curl did not tell its times")?;
        let (total, before): (f64, f64) = (total.parse()?, before.parse()?);
        seconds += if token.is_empty() { total } else { total - before };
        // What stands at the list's head is read without parsing the pods.
        let text = std::fs::read_to_string(file.path())?;
        let head = text.split("\"items\"").next().unwrap_or_default();
        match head.split_once("\"continue\":\"").and_then(|(_, rest)| rest.split_once('"')) {
            Some((next, _)) => token = next.to_owned(),
            None => return Ok(seconds),
        }
    }
}
