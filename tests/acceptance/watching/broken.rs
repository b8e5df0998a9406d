//! Servers that go away, come back, forget, or are old.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use caseboard_tests::controlplane::{ApiServer, ControlPlane, asset, kubectl};
use caseboard_tests::process::eventually;
use caseboard_tests::skip;
use desk::rows::ClusterPhase;
use serde_json::json;

use super::{PATIENCE, Watched, apply, config_map, programs, settings};

/// So many objects that a list shown half or empty would be noticed.
const MANY: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_forgets_old_versions_is_followed_on_without_an_empty_moment() -> anyhow::Result<()>
{
    let test = "a_server_that_is_killed_and_forgets_old_versions_is_followed_on_without_an_empty_moment";
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::start(programs).await?;
    let named = |number: usize| format!("kept-{number:02}");
    let all: Vec<_> = (0..MANY).map(|number| config_map("default", &named(number))).collect();
    apply(&server, &server.kubeconfig, &all).await?;
    apply(&server, &server.kubeconfig, &[config_map("default", "doomed")]).await?;
    let watched = Arc::new(Watched::listed(&server.kubeconfig).await?);
    watched.comes_to_see(&settings("default", "doomed")).await?;

    // Somebody looks all the time.
    let (over, least) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(usize::MAX)));
    let looking = std::thread::spawn({
        let (watched, over, least) = (Arc::clone(&watched), Arc::clone(&over), Arc::clone(&least));
        move || -> anyhow::Result<usize> {
            let mut looks = 0;
            while !over.load(Ordering::Relaxed) {
                least.fetch_min(watched.count("ConfigMap", "default")?, Ordering::Relaxed);
                looks += 1;
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            Ok(looks)
        }
    });
    server.kill();
    let state = watched
        .state_that("the loss to be noticed", |state| {
            matches!(
                state.phase,
                ClusterPhase::Unreachable | ClusterPhase::Failed | ClusterPhase::Degraded | ClusterPhase::Connecting
            )
        })
        .await?;
    assert!(!state.message.contains("log in"), "nobody's login is at fault: {}", state.message);

    // Meanwhile the cluster lives on. A server that starts afresh answers an old version with 410.
    let (beside, _other) = server.beside().await?;
    for command in
        [&["delete", "configmap", "doomed", "-n", "default"][..], &["create", "configmap", "new", "-n", "default"]]
    {
        kubectl(&server.kubectl, &beside, command).await?;
    }
    assert!(watched.sees(&settings("default", "doomed"))?, "what was seen stays until somebody can look again");
    server.start_again().await?;
    watched.comes_to_see(&settings("default", "new")).await?;
    watched.comes_to_miss(&settings("default", "doomed")).await?;
    watched.state_that("the cluster to be live", |state| state.phase == ClusterPhase::Live).await?;
    over.store(true, Ordering::Relaxed);
    let looks = looking.join().map_err(|_| anyhow::anyhow!("who looked panicked"))??;
    assert!(looks > 10, "{looks}");
    assert!(least.load(Ordering::Relaxed) >= MANY, "only {} were shown for a moment", least.load(Ordering::Relaxed));
    let deleted = &watched.look()?.snapshot.deleted;
    assert!(deleted.keys().any(|object| object.name == "doomed"), "its deletion is in the history");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etcd_that_cannot_report_progress_makes_no_difference_to_what_is_seen() -> anyhow::Result<()> {
    let test = "an_etcd_that_cannot_report_progress_makes_no_difference_to_what_is_seen";
    let Some([_, apiserver, program]) = programs(test) else { return Ok(()) };
    let old = match asset("etcd-old") {
        Ok(old) => old,
        Err(why) => {
            skip(test, &why);
            return Ok(());
        }
    };
    let server = ApiServer::start([old, apiserver, program]).await?;
    apply(&server, &server.kubeconfig, &[config_map("default", "early")]).await?;
    let streaming = "/api/v1/configmaps?watch=true&allowWatchBookmarks=true&timeoutSeconds=2&sendInitialEvents=true\
                     &resourceVersionMatch=NotOlderThan";
    let answer = kubectl(&server.kubectl, &server.kubeconfig, &["get", "--raw", streaming]).await?;
    assert!(!answer.contains("initial-events-end"), "this etcd is not old enough to prove anything: {answer}");
    let watched = Watched::listed(&server.kubeconfig).await?;
    watched.comes_to_see(&settings("default", "early")).await?;
    watched.state_that("the cluster to be live", |state| state.phase == ClusterPhase::Live).await?;
    apply(&server, &server.kubeconfig, &[config_map("default", "late")]).await?;
    watched.comes_to_see(&settings("default", "late")).await?;
    kubectl(&server.kubectl, &server.kubeconfig, &["delete", "configmap", "early", "-n", "default"]).await?;
    watched.comes_to_miss(&settings("default", "early")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_deleted_while_it_is_watched_leaves_nothing_behind() -> anyhow::Result<()> {
    let test = "a_namespace_that_is_deleted_while_it_is_watched_leaves_nothing_behind";
    if let Some(why) = ControlPlane::missing() {
        skip(test, &why);
        return Ok(());
    }
    let plane = ControlPlane::shared().await?;
    let (doomed, kept) = (plane.namespace("doomed").await?, plane.namespace("kept").await?);
    let labels = json!({ "app": "web" });
    let deployment = |namespace: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": namespace },
            "spec": { "replicas": 3, "selector": { "matchLabels": labels }, "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "app", "image": "registry.k8s.io/pause:3.10" }] } } },
        })
    };
    let items = [deployment(&doomed.name), deployment(&kept.name)];
    plane.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await?;
    for namespace in [&doomed.name, &kept.name] {
        plane.kubectl(&["rollout", "status", "deployment/web", "-n", namespace, "--timeout=120s"]).await?;
    }
    let watched = Watched::listed(&plane.kubeconfig).await?;
    eventually(PATIENCE, "the pods", || async {
        anyhow::ensure!(watched.count("Pod", &doomed.name)? == 3, "they are not all there");
        Ok(())
    })
    .await?;
    plane.kubectl(&["delete", "namespace", &doomed.name, "--timeout=120s"]).await?;
    eventually(PATIENCE, "all of it to be gone", || async {
        let look = watched.look()?;
        let left: Vec<String> = look
            .snapshot
            .objects
            .keys()
            .filter(|object| object.namespace == doomed.name || object.name == doomed.name)
            .map(ToString::to_string)
            .collect();
        anyhow::ensure!(left.is_empty(), "{left:?}");
        let incidents = look.triage.incidents.iter().flat_map(|incident| &incident.subjects);
        let about = incidents.filter(|subject| subject.namespace == doomed.name).count();
        anyhow::ensure!(about == 0, "{about} incidents are about what was deleted on purpose");
        Ok(())
    })
    .await?;
    assert_eq!(watched.count("Pod", &kept.name)?, 3, "the neighbour is as it was");
    Ok(())
}
