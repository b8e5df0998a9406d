//! Ten clusters of the playground with ten thousand pods each, and one alone.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::Wanted;
use crate::figures::Figures;
use crate::process::{Peer, processor, resident, settled};

/// So long a core may take to list what a whole fleet has.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Serving processes and the folder of their kubeconfigs.
pub struct Crowds {
    pub peer: Peer,
    pub kubeconfigs: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Crowds {
    pub async fn serve(clusters: u32, pods: u32) -> Result<Crowds> {
        let folder = tempfile::tempdir()?;
        let words = ["serve".to_owned(), clusters.to_string(), pods.to_string(), folder.path().display().to_string()];
        let mut peer = Peer::start(&words, folder.path())?;
        let said = peer.wait_for("kubeconfigs", PATIENCE).await?;
        let kubeconfigs = said["kubeconfigs"].as_array().into_iter().flatten();
        let kubeconfigs = kubeconfigs.filter_map(|path| path.as_str().map(str::to_owned)).collect();
        Ok(Crowds { peer, kubeconfigs, _folder: folder })
    }
}

/// A core with a home of its own.
pub struct Core {
    pub peer: Peer,
    _home: tempfile::TempDir,
}

impl Core {
    pub async fn start(kubeconfigs: &[String]) -> Result<Core> {
        let home = tempfile::tempdir()?;
        let words: Vec<String> = std::iter::once("core".to_owned()).chain(kubeconfigs.iter().cloned()).collect();
        let mut peer = Peer::start(&words, home.path())?;
        peer.wait_for("ready", Duration::from_secs(60)).await?;
        Ok(Core { peer, _home: home })
    }

    /// Opens every context; gives the milliseconds to the last first row and to the last whole triage.
    pub async fn open(&mut self, clusters: usize) -> Result<(f64, f64)> {
        self.peer.tell("open").await?;
        let (mut rows, mut full) = (0.0_f64, 0.0_f64);
        let mut whole = 0;
        let end = tokio::time::Instant::now() + PATIENCE;
        while whole < clusters {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            let said = self.peer.next(left).await?.context("the core did not list everything in time")?;
            if let Some(millis) = said["rows"].as_f64() {
                rows = rows.max(millis);
            }
            if let Some(millis) = said["full"].as_f64() {
                full = full.max(millis);
                whole += 1;
            }
        }
        Ok((rows, full))
    }

    /// Resident megabytes after everything was listed and has settled, and the most there were.
    pub async fn memory(&self) -> Result<(f64, f64)> {
        let process = self.peer.id()?;
        let now = settled(process, Duration::from_secs(45)).await?;
        Ok((now as f64 / 1e6, resident(process)?.1 as f64 / 1e6))
    }

    /// Percent of one processor core over a time.
    pub async fn busy(&self, over: Duration) -> Result<f64> {
        let process = self.peer.id()?;
        let before = processor(process)?;
        tokio::time::sleep(over).await;
        Ok((processor(process)? - before) / over.as_secs_f64() * 100.0)
    }
}

pub async fn measure(wanted: &Wanted, figures: &mut Figures) -> Result<()> {
    eprintln!("── {} playground clusters of {} pods", wanted.clusters, wanted.pods);
    let all = wanted.clusters * wanted.pods;
    let crowds = Crowds::serve(wanted.clusters, wanted.pods).await?;
    let mut core = Core::start(&crowds.kubeconfigs).await?;
    let (rows, full) = core.open(crowds.kubeconfigs.len()).await?;
    let (now, most) = core.memory().await?;
    figures.note(
        format!("{} playground clusters of {} pods: rows in all, triage of all", wanted.clusters, wanted.pods),
        format!("{:.1} s, {:.1} s", rows / 1e3, full / 1e3),
    );
    figures.note(format!("core with {all} pods: resident, at most"), format!("{now:.0} MB, {most:.0} MB"));
    if all == 100_000 && wanted.clusters == 10 {
        figures.set("core_rss_mb_100k", now);
    } else {
        figures
            .lacks("core_rss_mb_100k", format!("{} clusters of {} pods were asked for", wanted.clusters, wanted.pods));
    }
    drop(core);
    drop(crowds);
    if wanted.quick {
        one(wanted, figures).await?;
    }
    Ok(())
}

/// One cluster of the playground where the real one is too small.
async fn one(wanted: &Wanted, figures: &mut Figures) -> Result<()> {
    let empty = Crowds::serve(1, 0).await?;
    let mut core = Core::start(&empty.kubeconfigs).await?;
    core.open(1).await?;
    let (without, _) = core.memory().await?;
    drop((core, empty));
    let crowd = Crowds::serve(1, wanted.pods).await?;
    let mut core = Core::start(&crowd.kubeconfigs).await?;
    let (rows, full) = core.open(1).await?;
    let (with, most) = core.memory().await?;
    figures.note(
        format!("one playground cluster of {} pods: first rows, triage", wanted.pods),
        format!("{:.2} s, {:.2} s", rows / 1e3, full / 1e3),
    );
    figures.note(
        format!("core with {} playground pods: resident, at most", wanted.pods),
        format!("{with:.0} MB, {most:.0} MB"),
    );
    figures.note("core with an empty cluster", format!("{without:.0} MB"));
    figures.set("bytes_per_pod", (with - without) * 1e6 / f64::from(wanted.pods));
    if wanted.pods == 10_000 {
        figures.set("core_rss_mb_10k", with);
    }
    if figures.get("idle_cpu_percent").is_none() {
        figures.set("idle_cpu_percent", core.busy(Duration::from_secs(30)).await?);
    }
    Ok(())
}
