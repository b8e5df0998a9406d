//! A thousand pods, and ten minutes of change.

use std::process::Command;

use anyhow::Context;
use caseboard_tests::controlplane::ApiServer;
use caseboard_tests::load::Load;
use serde_json::Value;

use super::{Watched, programs};

const PODS: u32 = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pods_of_a_real_api_server_are_all_seen_and_nothing_is_wrong_with_them() -> anyhow::Result<()> {
    let test = "a_thousand_pods_of_a_real_api_server_are_all_seen_and_nothing_is_wrong_with_them";
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::start(programs).await?;
    let load = Load::new(&server)?;
    load.scenery(PODS).await?;
    load.fill(0..PODS).await?;
    let watched = Watched::listed(&server.kubeconfig).await?;
    let look = watched.look()?;
    assert_eq!(look.snapshot.of_kind("Pod").count(), PODS as usize);
    assert_eq!(look.snapshot.of_kind("Deployment").count(), (PODS as usize).div_ceil(30));
    let titles: Vec<&str> = look.triage.incidents.iter().map(|incident| incident.title.as_str()).collect();
    assert!(titles.is_empty(), "{titles:?}");
    assert!(!watched.desk.triage(&watched.cluster, None)?.partial);
    Ok(())
}

/// As many changes as a cluster of a thousand pods makes in ten minutes at ten a second, made sixteen times as fast beside
/// the other tests: what memory follows from is how much has changed. Before that every pod is replaced once.
#[test]
fn ten_minutes_of_change_leave_memory_where_it_was() -> anyhow::Result<()> {
    let output = Command::new(env!("CARGO_BIN_EXE_cluster"))
        .args(["soak", "--clusters", "1", "--pods", &PODS.to_string(), "--minutes", "16", "--warm", "6"])
        .args(["--churn", "10", "--speed", "16", "--json"])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let told: Value = serde_json::from_slice(&output.stdout).with_context(|| said.clone().into_owned())?;
    assert!(output.status.success(), "{said}{told}");
    assert!(told["changes"].as_f64().is_some_and(|changes| changes >= 9_600.0), "{told}");
    Ok(())
}
