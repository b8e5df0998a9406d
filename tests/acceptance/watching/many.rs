//! A thousand pods, and ten minutes of change.

use caseboard_tests::controlplane::ApiServer;
use caseboard_tests::load::Load;

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
