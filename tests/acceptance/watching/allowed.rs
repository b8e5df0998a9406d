//! Who may see what.

use caseboard_tests::controlplane::{ApiServer, NARROW, STRANGER, kubectl};
use caseboard_tests::process::eventually;
use desk::rows::{ClusterPhase, ClusterSettingsChange, ClusterState};
use serde_json::json;

use super::{PATIENCE, Watched, apply, config_map, namespace, programs, settings};

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_one_namespace_sees_that_one_and_is_told_what_is_hidden() -> anyhow::Result<()> {
    let test = "who_may_see_one_namespace_sees_that_one_and_is_told_what_is_hidden";
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::shared(programs).await?;
    let of = |name: &str| format!("narrow-{name}");
    let (mine, other) = (of("mine"), of("other"));
    let role = |namespace: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": { "name": "look", "namespace": namespace },
            "rules": [{
                "apiGroups": [""], "resources": ["pods", "configmaps", "events"], "verbs": ["get", "list", "watch"],
            }],
        })
    };
    let binding = |namespace: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "look", "namespace": namespace },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "look" },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "narrow" }],
        })
    };
    let (seen, hidden) = (config_map(&mine, "seen"), config_map(&other, "hidden"));
    let objects = [namespace(&mine), namespace(&other), role(&mine), binding(&mine), seen, hidden];
    apply(&server, &server.kubeconfig, &objects).await?;

    let folder = tempfile::tempdir()?;
    let kubeconfig = folder.path().join("narrow.yaml");
    server.kubeconfig_of("narrow", NARROW, &kubeconfig)?;
    // As a team's kubeconfig names it.
    let text = std::fs::read_to_string(&kubeconfig)?;
    let mut config: serde_json::Value = serde_json::from_str(&text)?;
    config["contexts"][0]["context"]["namespace"] = mine.as_str().into();
    std::fs::write(&kubeconfig, config.to_string())?;

    let watched = Watched::listed(&kubeconfig).await?;
    watched.comes_to_see(&settings(&mine, "seen")).await?;
    let look = watched.look()?;
    assert!(look.snapshot.get(&settings(&other, "hidden")).is_none());
    assert!(look.snapshot.absence_is_known("ConfigMap", &mine), "what is allowed was listed");
    assert!(!look.snapshot.absence_is_known("ConfigMap", &other), "nobody looked there");
    assert!(!look.snapshot.absence_is_known("Deployment", &mine), "nobody may look at them");
    let state = watched.state()?;
    assert!(state.watches.iter().any(|watch| watch.phase == "refused"), "{:?}", state.watches);
    let unseen = |kind: &str| state.unseen.iter().find(|unseen| unseen.kind == kind);
    assert!(unseen("Secret").is_some_and(|unseen| unseen.except_in.is_empty()), "{:?}", state.unseen);
    assert!(unseen("ConfigMap").is_some_and(|unseen| unseen.except_in == [mine.clone()]), "{:?}", state.unseen);
    // And it goes on: what comes later is seen.
    apply(&server, &server.kubeconfig, &[config_map(&mine, "later")]).await?;
    watched.comes_to_see(&settings(&mine, "later")).await?;

    // Another namespace, of interest to the engineer, is granted while the cluster is open, and taken away again.
    let both = ClusterSettingsChange { namespaces: Some(vec![other.clone()]), ..ClusterSettingsChange::default() };
    watched.desk.set_cluster(&watched.cluster, both).await?;
    watched.desk.synced(&watched.cluster, PATIENCE).await?;
    assert!(!watched.sees(&settings(&other, "hidden"))?);
    let seen_in = |state: &ClusterState| -> Vec<String> {
        let unseen = state.unseen.iter().find(|unseen| unseen.kind == "ConfigMap");
        unseen.map(|unseen| unseen.except_in.clone()).unwrap_or_default()
    };
    apply(&server, &server.kubeconfig, &[role(&other), binding(&other)]).await?;
    watched.desk.renew_cluster(&watched.cluster).await?;
    watched.comes_to_see(&settings(&other, "hidden")).await?;
    watched.state_that("both namespaces", |state| seen_in(state) == [mine.clone(), other.clone()]).await?;
    kubectl(&server.kubectl, &server.kubeconfig, &["delete", "rolebinding", "look", "-n", &other]).await?;
    watched.desk.renew_cluster(&watched.cluster).await?;
    watched.state_that("one namespace", |state| seen_in(state) == [mine.clone()]).await?;
    // What the history holds follows what the connection says.
    eventually(PATIENCE, "the other namespace to be unknown", || async {
        anyhow::ensure!(
            !watched.look()?.snapshot.absence_is_known("ConfigMap", &other),
            "nobody may look there any more"
        );
        Ok(())
    })
    .await?;
    watched.comes_to_see(&settings(&mine, "seen")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_an_unknown_token_are_told_apart_and_neither_is_an_empty_cluster() -> anyhow::Result<()> {
    let test = "a_refusal_and_an_unknown_token_are_told_apart_and_neither_is_an_empty_cluster";
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::shared(programs).await?;
    let folder = tempfile::tempdir()?;
    let mut messages = Vec::new();
    for (name, token, phase) in
        [("stranger", STRANGER, ClusterPhase::Failed), ("nobody", "no-such-token", ClusterPhase::LoggedOut)]
    {
        let kubeconfig = folder.path().join(format!("{name}.yaml"));
        server.kubeconfig_of(name, token, &kubeconfig)?;
        let watched = Watched::open(&kubeconfig)?;
        let failed = |state: &desk::rows::ClusterState| state.phase == phase;
        let state = watched.state_that("the cluster to fail", failed).await?;
        assert!(!state.hint.is_empty(), "{name}: {}", state.message);
        assert!(!watched.look()?.snapshot.absence_is_known("Pod", "default"), "{name}: nothing was listed");
        let triage = watched.desk.triage(&watched.cluster, None)?;
        assert!(triage.looked_at.is_empty() && triage.triage.incidents.is_empty(), "{name}");
        messages.push(format!("{} {}", state.message, state.hint));
    }
    let [refused, unknown] = &messages[..] else { anyhow::bail!("two were asked") };
    assert!(refused.contains("refuse"), "{refused}");
    assert!(unknown.contains("log in"), "{unknown}");
    for message in &messages {
        assert!(!message.contains("reach"), "the server was reached: {message}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_that_rotates_is_read_again_when_the_old_token_is_refused() -> anyhow::Result<()> {
    let test = "a_token_file_that_rotates_is_read_again_when_the_old_token_is_refused";
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::start(programs).await?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "rotating" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "narrow" }],
    });
    apply(&server, &server.kubeconfig, &[binding, config_map("default", "before")]).await?;
    let folder = tempfile::tempdir()?;
    let token = folder.path().join("token");
    std::fs::write(&token, NARROW)?;
    let kubeconfig = folder.path().join("rotating.yaml");
    server.kubeconfig_of("rotating", NARROW, &kubeconfig)?;
    let mut config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&kubeconfig)?)?;
    config["users"][0]["user"] = json!({ "tokenFile": token });
    std::fs::write(&kubeconfig, config.to_string())?;
    let watched = Watched::listed(&kubeconfig).await?;
    watched.comes_to_see(&settings("default", "before")).await?;

    // The server no longer knows the old token; who looks after the file has written a new one.
    server.kill();
    server.allow_tokens(&[("rotated", "narrow")])?;
    std::fs::write(&token, "rotated")?;
    server.start_again().await?;
    apply(&server, &server.kubeconfig, &[config_map("default", "after")]).await?;
    watched.comes_to_see(&settings("default", "after")).await?;
    assert!(watched.sees(&settings("default", "before"))?);
    Ok(())
}
