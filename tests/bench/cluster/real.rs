//! The real API server over etcd. What its nodes and controllers would write is written by the load, so that the machine
//! has nothing else to do: a controller manager and kwok would take a processor of the two for themselves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use caseboard_tests::controlplane::{ApiServer, asset};
use caseboard_tests::load::Load;
use playground::PodPhase;

use crate::Wanted;
use crate::figures::Figures;
use crate::fleet::Core;
use crate::opening::{Rounds, Target};
use crate::process::now_micros;
use crate::storm::{BEFORE, MARK_EVERY, MARKS, Marks, RATE};

/// A small cluster first: how the ratios change with the size is worth knowing.
const SMALL: u32 = 1_000;
/// Rounds of each comparison; the median counts.
const ROUNDS: usize = 3;
/// Below this share of what was asked for the machine did not make a storm.
const ENOUGH: f64 = 0.9;

const KEYS: [&str; 6] = [
    "bytes_per_pod",
    "core_rss_mb_10k",
    "first_rows_vs_kubectl",
    "full_list_vs_bare",
    "event_to_incident_p99_ms",
    "idle_cpu_percent",
];

pub async fn measure(wanted: &Wanted, figures: &mut Figures) -> Result<()> {
    let missing = ["etcd", "kube-apiserver", "kubectl"].iter().find_map(|name| asset(name).err());
    if let Some(why) = missing {
        for key in KEYS {
            figures.lacks(key, why.clone());
        }
        return Ok(());
    }
    eprintln!("── a real API server");
    let server = ApiServer::start(ApiServer::assets().map_err(anyhow::Error::msg)?).await?;
    let version = server.kubectl(&["version", "-o", "json"]).await?;
    let version: serde_json::Value = serde_json::from_str(&version)?;
    figures.note("API server", version["serverVersion"]["gitVersion"].as_str().unwrap_or_default());
    let large = if wanted.quick { SMALL.min(wanted.pods) } else { wanted.pods };
    let load = Load::new(&server)?;
    load.scenery(large.max(MARKS as u32 * 30)).await?;
    let kubeconfig = [server.kubeconfig.display().to_string()];
    let empty = {
        let mut core = Core::start(&kubeconfig).await?;
        core.open(1).await?;
        core.memory().await?.0
    };
    figures.note("core with the same cluster without pods", format!("{empty:.0} MB"));

    let small = SMALL.min(large);
    let rate = load.fill(0..small).await?;
    figures.note("pods made on the real API server", format!("{rate:.0} a second"));
    let target = Target::of(&server);
    let rounds = Rounds::measure(&target, ROUNDS).await?;
    figures.note(format!("opening {small} real pods"), rounds.told());
    if large == small {
        figures.set("first_rows_vs_kubectl", rounds.first_rows_vs_kubectl());
        figures.set("full_list_vs_bare", rounds.full_list_vs_bare());
    }
    if wanted.wants("storm") {
        storm(&load, &kubeconfig, figures).await?;
    }
    if large > small {
        let filled = (MARKS as u32 * 30).max(small);
        load.fill(filled.min(large)..large).await?;
        let rounds = Rounds::measure(&target, ROUNDS).await?;
        figures.note(format!("opening {large} real pods"), rounds.told());
        figures.set("first_rows_vs_kubectl", rounds.first_rows_vs_kubectl());
        figures.set("full_list_vs_bare", rounds.full_list_vs_bare());
        let mut core = Core::start(&kubeconfig).await?;
        core.open(1).await?;
        let (with, most) = core.memory().await?;
        figures.note(format!("core with {large} real pods: resident, at most"), format!("{with:.0} MB, {most:.0} MB"));
        figures.set("bytes_per_pod", (with - empty) * 1e6 / f64::from(large));
        if large == 10_000 {
            figures.set("core_rss_mb_10k", with);
        } else {
            figures.lacks("core_rss_mb_10k", format!("{large} pods were asked for"));
        }
        figures.set("idle_cpu_percent", core.busy(Duration::from_secs(60)).await?);
    }
    Ok(())
}

/// A real API server with so many pods, until the input ends; says where it is.
pub async fn hold(wanted: &Wanted) -> Result<()> {
    let server = ApiServer::start(ApiServer::assets().map_err(anyhow::Error::msg)?).await?;
    let load = Load::new(&server)?;
    load.scenery(wanted.pods.max(MARKS as u32 * 30)).await?;
    load.fill(0..wanted.pods).await?;
    println!("{} {} {}", server.kubeconfig.display(), server.base, server.token);
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await;
    Ok(())
}

/// Opens what another process holds, again and again: its kubeconfig, its address and its token, and how often.
pub async fn open(arguments: &[String]) -> Result<()> {
    let [kubeconfig, base, token, rounds @ ..] = arguments else {
        anyhow::bail!("`open` needs what `hold` said: a kubeconfig, an address and a token");
    };
    let kubectl = asset("kubectl").map_err(anyhow::Error::msg)?;
    let target = Target { kubectl, kubeconfig: kubeconfig.into(), base: base.clone(), token: token.clone() };
    let rounds = rounds.first().map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    println!("{}", Rounds::measure(&target, rounds).await?.told());
    Ok(())
}

/// Pods that begin to crash, one in each Deployment, while the others are rolled out anew.
async fn storm(load: &Load, kubeconfig: &[String], figures: &mut Figures) -> Result<()> {
    eprintln!("── a storm over the real API server");
    let marked: Vec<u32> = (0..MARKS as u32).map(|number| number * 30 + 7).collect();
    load.fill(SMALL..MARKS as u32 * 30).await?;
    let mut core = Core::start(kubeconfig).await?;
    core.open(1).await?;
    core.peer.tell("watch").await?;
    let places: Vec<u32> = (0..MARKS as u32 * 30).filter(|place| !marked.contains(place)).collect();
    let until = Instant::now() + BEFORE + MARK_EVERY * MARKS as u32 + Duration::from_secs(2);
    let rollout = tokio::spawn({
        let load = load.clone();
        async move { load.storm(places, RATE, until).await }
    });
    tokio::time::sleep(BEFORE).await;
    let mut marks = Marks::default();
    let mut broken: HashMap<String, u32> = HashMap::new();
    for place in marked {
        let next = tokio::time::Instant::now() + MARK_EVERY;
        let subject = load.say(place, 0, PodPhase::Crashing).await?;
        broken.insert(subject.clone(), place);
        marks.written(subject, now_micros());
        loop {
            let left = next.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() {
                break;
            }
            if let Some(said) = core.peer.next(left).await?
                && let Some(told) = marks.hear(&said)
                && let Some(place) = broken.remove(&told)
            {
                load.say(place, 0, PodPhase::Running).await?;
            }
        }
    }
    let rate = rollout.await??;
    let p99 = marks.settle(&mut core, "storm on the real API server", rate, figures).await?;
    if rate >= RATE * ENOUGH {
        figures.set("event_to_incident_p99_ms", p99);
    } else {
        let why = format!("the API server took {rate:.0} updates a second, not {RATE:.0}");
        figures.lacks("event_to_incident_p99_ms", why);
    }
    Ok(())
}
