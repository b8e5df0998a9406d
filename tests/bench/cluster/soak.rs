//! An hour of a rollout that never ends: memory may grow by less than a twentieth once every pod was replaced.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use tokio::time::Instant;

use crate::figures::median;
use crate::fleet::{Core, Crowds};
use crate::process::resident;
use crate::{Form, Wanted};

/// A pod that is replaced is deleted, added and running: until every pod was, each one that comes has Events and a start of
/// its own, which those of the first list have in common.
const CHANGES_TO_REPLACE: f64 = 3.0;
/// Memory is compared with what it was when there were so many times the changes in which every pod is replaced.
const WARM: f64 = 1.2;
/// Growth that is allowed from then on.
const MOST_GROWTH: f64 = 0.05;
/// Samples of memory that make one value.
const SAMPLES: usize = 30;
/// A machine that cannot make the changes in so many times their time is too slow to tell anything.
const PATIENCE: u32 = 4;

pub async fn run(wanted: &Wanted) -> Result<()> {
    // Told as if it were not played faster: it ends when as many pods have changed as in those minutes.
    let minutes = wanted.minutes;
    let lasts = Duration::from_secs_f64(minutes * 60.0 / wanted.speed);
    let rate = wanted.churn * wanted.speed;
    let pods = wanted.clusters * wanted.pods;
    let replaced = f64::from(pods) * CHANGES_TO_REPLACE * WARM / wanted.churn / 60.0;
    let warm_share = wanted.warm.unwrap_or(replaced) / minutes;
    ensure!(warm_share < 1.0, "in {minutes} minutes not every pod is replaced; give more `--churn`, or fewer pods");
    let crowds = &mut Crowds::serve(wanted.clusters, wanted.pods).await?;
    let mut core = Core::start(&crowds.kubeconfigs).await?;
    core.open(crowds.kubeconfigs.len()).await?;
    crowds.peer.tell(&format!("churn {rate}")).await?;
    let process = core.peer.id()?;
    let wanted_changes = rate * lasts.as_secs_f64();
    let started = Instant::now();
    let every = (lasts / 600).clamp(Duration::from_millis(50), Duration::from_secs(6));
    // How far the changes have come, and the memory then.
    let mut seen: Vec<(f64, f64)> = Vec::new();
    let mut told = Instant::now();
    let mut changes = 0.0;
    while changes < wanted_changes {
        ensure!(started.elapsed() < lasts * PATIENCE, "only {changes:.0} of {wanted_changes:.0} changes were made");
        tokio::time::sleep(every).await;
        while core.peer.heard().is_some() {}
        crowds.peer.tell("changes").await?;
        let said = crowds.peer.wait_for("changes", Duration::from_secs(30)).await?;
        changes = said["changes"].as_f64().unwrap_or_default();
        let megabytes = resident(process)?.0 as f64 / 1e6;
        seen.push((changes / wanted_changes, megabytes));
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            eprintln!("   {:.0} minutes: {megabytes:.0} MB", started.elapsed().as_secs_f64() / 60.0 * wanted.speed);
        }
    }
    let warm: Vec<f64> = seen.iter().filter(|(at, _)| *at >= warm_share).take(SAMPLES).map(|(_, mb)| *mb).collect();
    let last: Vec<f64> = seen.iter().rev().take(SAMPLES).map(|(_, mb)| *mb).collect();
    let (before, after) = (median(&warm), median(&last));
    let growth = after / before - 1.0;
    match wanted.form {
        Form::Json => println!(
            "{}",
            json!({ "pods": pods, "clusters": wanted.clusters, "minutes": minutes, "changes": changes,
                    "rss_mb_warm": before, "rss_mb_end": after, "growth": growth })
        ),
        Form::Table | Form::Markdown => println!(
            "{pods} pods in {} clusters, {minutes} minutes, {changes:.0} changes of pods: {before:.0} MB after {:.0} minutes, \
             {after:.0} MB at the end, {:+.1} %",
            wanted.clusters,
            warm_share * minutes,
            growth * 100.0
        ),
    }
    ensure!(
        growth < MOST_GROWTH,
        "memory grew by {:.1} %, at most {:.0} % are allowed",
        growth * 100.0,
        MOST_GROWTH * 100.0
    );
    Ok(())
}
