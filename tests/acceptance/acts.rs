//! Changes at a real API server, and a recorder that is stopped and killed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caseboard_tests::controlplane::{ApiServer, STRANGER};
use caseboard_tests::process::eventually;
use desk::{About, Desk};
use gate::{Call, CallState};
use model::{CallId, CaseId, ClusterId, Purpose};
use serde_json::{Value, json};

use crate::watching::Watched;
use crate::{program, programs};

const PATIENCE: Duration = Duration::from_secs(120);
const VALUE: &str = "correct-horse-battery-staple";

/// An engineer at a desk with one live cluster and a case on it.
struct Hands {
    desk: Arc<Desk>,
    cluster: ClusterId,
    case: CaseId,
    /// Keeps its files while the test runs.
    _watched: Watched,
}

impl Hands {
    async fn at(kubeconfig: &Path) -> anyhow::Result<Hands> {
        let watched = Watched::listed(kubeconfig).await?;
        let (desk, cluster) = (watched.desk.clone(), watched.cluster.clone());
        let case = desk.open_case(&cluster, &About::These(&[]), Some("by hand".into()))?;
        Ok(Hands { desk, cluster, case, _watched: watched })
    }

    fn call(&self, id: CallId) -> anyhow::Result<Call> {
        let found = self.desk.calls(self.case)?.into_iter().find(|call| call.id == id);
        found.ok_or_else(|| anyhow::anyhow!("there is no such call"))
    }

    /// Proposes, asks the cluster, and gives the call as it then waits.
    async fn tried(&self, tool: &str, args: Value) -> anyhow::Result<Call> {
        let id = self.desk.propose(self.case, tool, args, "to see").await?;
        let before = self.call(id)?;
        anyhow::ensure!(matches!(before.state, CallState::AwaitingDecision { .. }), "{tool}: {:?}", before.state);
        self.desk.try_out(self.case, id).await?;
        self.call(id)
    }

    async fn approved(&self, call: &Call) -> anyhow::Result<Call> {
        self.desk.approve(self.case, call.id, &call.digest)?;
        Ok(self.desk.settled(self.case, call.id).await?)
    }

    /// Proposes, asks the cluster, approves; gives what was said.
    async fn does(&self, tool: &str, args: Value) -> anyhow::Result<(CallId, String)> {
        let call = self.tried(tool, args).await?;
        let shown = call.call.shown.clone().ok_or_else(|| anyhow::anyhow!("{tool}: nothing was shown"))?;
        anyhow::ensure!(shown.at_cluster && !shown.fields.is_empty(), "{tool}: {shown:?}");
        let CallState::AwaitingDecision { preview } = &call.state else { anyhow::bail!("{tool}: {:?}", call.state) };
        let diff = preview.diff.clone().unwrap_or_default();
        let done = self.approved(&call).await?;
        let CallState::Released { text, .. } = &done.state else { anyhow::bail!("{tool}: {:?}", done.state) };
        anyhow::ensure!(text.contains(diff.trim_end()), "{tool}: what was done is not what was shown:\n{diff}\n{text}");
        anyhow::ensure!(text.contains("Read back"), "{tool}: {text}");
        Ok((call.id, text.clone()))
    }

    /// Takes a change back by the call that it left behind.
    async fn undoes(&self, id: CallId) -> anyhow::Result<()> {
        let undo = self.desk.follow_up(self.case, id, Purpose::Undo).await?;
        self.desk.try_out(self.case, undo).await?;
        let done = self.approved(&self.call(undo)?).await?;
        anyhow::ensure!(matches!(done.state, CallState::Released { .. }), "{:?}", done.state);
        Ok(())
    }
}

fn workload(kind: &str, name: &str, image: &str) -> Value {
    let labels = json!({"app": name});
    let mut spec = json!({
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [
            {"name": "app", "image": image, "env": [{"name": "PASSWORD", "value": VALUE}, {"name": "LEVEL", "value": image}]},
        ]}},
    });
    if kind != "DaemonSet" {
        spec["replicas"] = 2.into();
    }
    if kind == "StatefulSet" {
        spec["serviceName"] = name.into();
    }
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

async fn apply(server: &ApiServer, objects: &[Value]) -> anyhow::Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())?;
    server.kubectl(&["apply", "-f", &file.path().display().to_string()]).await.map(drop)
}

/// What kubectl reads by a JSON path.
async fn field(server: &ApiServer, object: &str, path: &str) -> anyhow::Result<String> {
    let path = format!("jsonpath={{{path}}}");
    server.kubectl(&["get", object, "-n", "shop", "-o", &path]).await
}

/// A Deployment with the replica sets of two revisions, as its controller would have left them.
async fn shop(server: &ApiServer) -> anyhow::Result<()> {
    server.kubectl(&["create", "namespace", "shop"]).await?;
    let mut web = workload("Deployment", "web", "web:2");
    web["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "2"});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone", "namespace": "shop"},
        "spec": {"containers": [{"name": "app", "image": "web:1"}], "terminationGracePeriodSeconds": 0},
    });
    let template = json!({
        "metadata": {"labels": {"app": "n"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "n:1"}]},
    });
    let nightly = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}},
    });
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"},
        "data": {"level": "info"},
    });
    apply(server, &[web, node, pod, nightly, settings]).await?;
    let uid = field(server, "deployment/web", ".metadata.uid").await?;
    let set = |revision: &str, image: &str| {
        let mut set = workload("ReplicaSet", &format!("web-{revision}"), image);
        set["spec"]["replicas"] = 0.into();
        set["spec"]["selector"]["matchLabels"]["pod-template-hash"] = revision.into();
        set["spec"]["template"]["metadata"]["labels"] = json!({"app": "web", "pod-template-hash": revision});
        set["spec"]["selector"]["matchLabels"]["app"] = "web".into();
        set["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": revision});
        set["metadata"]["ownerReferences"] = json!([
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid, "controller": true}]);
        set
    };
    apply(server, &[set("1", "web:1"), set("2", "web:2")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_off_until_allowed_shown_as_the_cluster_would_make_it_made_and_taken_back() -> anyhow::Result<()>
{
    let test = "every_change_is_off_until_allowed_shown_as_the_cluster_would_make_it_made_and_taken_back";
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::start(programs).await?;
    shop(&server).await?;
    let hands = Hands::at(&server.kubeconfig).await?;
    let web = |more: Value| {
        let mut args = json!({"namespace": "shop", "name": "web"});
        for (key, value) in more.as_object().into_iter().flatten() {
            args[key] = value.clone();
        }
        args
    };

    // Off: forbidden, with the words how to turn it on, and nothing is asked of the cluster.
    let off = hands.desk.propose(hands.case, "scale", web(json!({"replicas": 3})), "").await?;
    let CallState::Forbidden { because, .. } = hands.call(off)?.state else {
        anyhow::bail!("changes are on by themselves")
    };
    assert!(because.contains("turn them on"), "{because}");
    assert!(hands.desk.try_out(hands.case, off).await.is_err());
    let set = hands.desk.set_writes(&hands.cluster, true, false, "")?;
    assert!(set.enabled && set.set.is_some_and(|set| !set.by.is_empty()));

    let (scaled, text) = hands.does("scale", web(json!({"replicas": 5}))).await?;
    assert!(text.contains("-replicas: 2") && text.contains("+replicas: 5"), "{text}");
    assert_eq!(field(&server, "deployment/web", ".spec.replicas").await?, "5");
    hands.undoes(scaled).await?;
    assert_eq!(field(&server, "deployment/web", ".spec.replicas").await?, "2");

    let image = ".spec.template.spec.containers[0].image";
    let (_, text) = hands.does("rollout_undo", web(json!({}))).await?;
    assert!(!text.contains(VALUE), "a redacted value is neither shown nor lost: {text}");
    assert_eq!(field(&server, "deployment/web", image).await?, "web:1");
    let password = ".spec.template.spec.containers[0].env[0].value";
    assert_eq!(field(&server, "deployment/web", password).await?, VALUE);
    // No controller runs here that would count the revision: it is told which.
    hands.does("rollout_undo", web(json!({"to_revision": 2}))).await.err();

    hands.does("rollout_restart", web(json!({}))).await?;
    let restarted = ".spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt";
    assert!(!field(&server, "deployment/web", restarted).await?.is_empty());

    let object = |kind: &str, name: &str| json!({"kind": kind, "namespace": "shop", "name": name});
    for (form, patch, level) in [
        (
            "strategic",
            json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "env": [{"name": "LEVEL", "value": "a"}]}]}}}}),
            "a",
        ),
        ("json", json!([{"op": "replace", "path": "/spec/template/spec/containers/0/env/1/value", "value": "b"}]), "b"),
    ] {
        let mut args = object("Deployment", "web");
        (args["form"], args["patch"]) = (form.into(), patch);
        hands.does("patch", args).await?;
        let now = field(&server, "deployment/web", ".spec.template.spec.containers[0].env[1].value").await?;
        assert_eq!(now, level, "{form}");
    }
    let mut args = object("CronJob", "nightly");
    (args["form"], args["patch"]) = ("merge".into(), "spec: {schedule: 0 4 * * *}".into());
    let (patched, _) = hands.does("patch", args).await?;
    assert_eq!(field(&server, "cronjob/nightly", ".spec.schedule").await?, "0 4 * * *");
    hands.undoes(patched).await?;
    assert_eq!(field(&server, "cronjob/nightly", ".spec.schedule").await?, "0 3 * * *");

    let nightly = json!({"namespace": "shop", "name": "nightly"});
    let (suspended, _) = hands.does("cronjob_suspend", nightly).await?;
    assert_eq!(field(&server, "cronjob/nightly", ".spec.suspend").await?, "true");
    hands.undoes(suspended).await?;
    assert_eq!(field(&server, "cronjob/nightly", ".spec.suspend").await?, "false");

    let (cordoned, _) = hands.does("cordon", json!({"node": "node-1"})).await?;
    assert_eq!(field(&server, "node/node-1", ".spec.unschedulable").await?, "true");
    hands.undoes(cordoned).await?;
    assert_eq!(field(&server, "node/node-1", ".spec.unschedulable").await?, "");

    let mut args = object("ConfigMap", "settings");
    args["annotations"] = json!({"team": "shop"});
    let (annotated, _) = hands.does("annotate", args).await?;
    assert_eq!(field(&server, "configmap/settings", ".metadata.annotations.team").await?, "shop");
    hands.undoes(annotated).await?;
    assert_eq!(field(&server, "configmap/settings", ".metadata.annotations.team").await?, "");

    let (_, text) = hands.does("delete_pod", json!({"namespace": "shop", "name": "lone"})).await?;
    assert!(text.contains("it has no controller") && text.contains("gone"), "{text}");
    assert!(
        server.kubectl(&["get", "pod", "lone", "-n", "shop"]).await.is_err()
            || field(&server, "pod/lone", ".metadata.name").await?.contains("NotFound")
    );

    // A namespace that the kind has no use for does not make a change for the whole cluster look like a small one.
    let everywhere = json!({"kind": "ClusterRole", "namespace": "shop", "name": "view", "form": "merge",
        "patch": {"metadata": {"labels": {"a": "b"}}}});
    let id = hands.desk.propose(hands.case, "patch", everywhere, "").await?;
    let refused = hands.desk.try_out(hands.case, id).await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("is in no namespace"), "{refused}");

    // What somebody else changes between the question and the answer is not overwritten; it is asked anew.
    let call = hands.tried("scale", web(json!({"replicas": 7}))).await?;
    server.kubectl(&["scale", "deployment/web", "-n", "shop", "--replicas=4"]).await?;
    eventually(PATIENCE, "the watch to see it", || async {
        let snapshot = hands.desk.look(&hands.cluster, None)?.snapshot.clone();
        let web = model::ObjectRef::new("Deployment", "shop", "web");
        let seen = snapshot.get(&web).is_some_and(|held| held.object.to_value()["spec"]["replicas"] == 4);
        anyhow::ensure!(seen, "it is not");
        Ok(())
    })
    .await?;
    let after = hands.approved(&call).await?;
    assert_eq!(field(&server, "deployment/web", ".spec.replicas").await?, "4", "nothing was written over");
    assert!(matches!(after.state, CallState::AwaitingDecision { .. }) && after.revision > call.revision, "{after:?}");
    assert!(matches!(hands.desk.approve(hands.case, call.id, &call.digest), Err(error) if error.code == "changed"));

    // Turned off, it stops what was shown before.
    hands.desk.set_writes(&hands.cluster, false, false, "")?;
    let stopped = hands.approved(&after).await?;
    assert!(matches!(&stopped.state, CallState::Failed { error, .. } if error.contains("not enabled")), "{stopped:?}");

    // Somebody who may look and not touch is told so before anything is tried.
    server.kubectl(&["create", "clusterrolebinding", "looks", "--clusterrole=view", "--user=stranger"]).await?;
    // No controller runs here that would give `view` its rules.
    let scalers = ["create", "clusterrole", "scalers", "--verb=list,watch", "--resource=horizontalpodautoscalers"];
    server.kubectl(&scalers).await?;
    server.kubectl(&["create", "clusterrolebinding", "scalers", "--clusterrole=scalers", "--user=stranger"]).await?;
    let scaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 3, "maxReplicas": 9},
    });
    apply(&server, &[scaler]).await?;
    let folder = tempfile::tempdir()?;
    let theirs = folder.path().join("kubeconfig");
    server.kubeconfig_of("stranger", STRANGER, &theirs)?;
    let stranger = Hands::at(&theirs).await?;
    stranger.desk.set_writes(&stranger.cluster, true, false, "")?;
    let id = stranger.desk.propose(stranger.case, "scale", web(json!({"replicas": 1})), "").await?;
    let refused =
        stranger.desk.try_out(stranger.case, id).await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("does not let you `patch`"), "{refused}");
    // The right to the number of pods alone is enough to set it, and an autoscaler of it is named.
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "scales", "namespace": "shop"},
        "rules": [{"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "patch"]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "scales", "namespace": "shop"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "scales"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "stranger"}],
    });
    apply(&server, &[role, binding]).await?;
    let call = stranger.tried("scale", web(json!({"replicas": 6}))).await?;
    let shown = call.call.shown.clone().ok_or_else(|| anyhow::anyhow!("nothing was shown"))?;
    assert!(shown.does.contains("HorizontalPodAutoscaler `web`") && shown.does.contains("minReplicas"), "{shown:?}");
    let done = stranger.approved(&call).await?;
    assert!(matches!(done.state, CallState::Released { .. }), "{:?}", done.state);
    assert_eq!(field(&server, "deployment/web", ".spec.replicas").await?, "6");
    server.kubectl(&["scale", "deployment/web", "-n", "shop", "--replicas=4"]).await?;
    // What could not be tried was never shown, and what was never shown does not run.
    let after = stranger.approved(&stranger.call(id)?).await?;
    assert!(matches!(&after.state, CallState::Failed { error, .. } if error.contains("nobody was shown")), "{after:?}");
    assert_eq!(field(&server, "deployment/web", ".spec.replicas").await?, "4");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_was_stopped_or_killed_opens_and_holds_no_value_of_a_secret() -> anyhow::Result<()> {
    let test = "a_recording_that_was_stopped_or_killed_opens_and_holds_no_value_of_a_secret";
    let Some(program) = program(test) else { return Ok(()) };
    let Some(programs) = programs(test) else { return Ok(()) };
    let server = ApiServer::start(programs).await?;
    shop(&server).await?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
        "stringData": {"word": VALUE},
    });
    apply(&server, &[secret]).await?;
    // With the rights that its own manifest asks for, and no others.
    let manifest = program.run(&["record", "--manifest"])?;
    manifest.must_exit(0);
    let file = program.file("recorder.yaml", manifest.stdout)?;
    server.kubectl(&["apply", "-f", &file]).await?;
    let token = server.kubectl(&["create", "token", "caseboard-recorder", "-n", "caseboard"]).await?;
    let kubeconfig = program.at("kubeconfig");
    server.kubeconfig_of("recorder", token.trim(), Path::new(&kubeconfig))?;

    for signal in ["-TERM", "-KILL"] {
        let name = format!("cluster{signal}.recording");
        let recording = program.at(&name);
        let arguments = ["record", "--context", "recorder", "--kubeconfig", &kubeconfig, "--out", &recording];
        let mut process = program.start(&arguments)?;
        eventually(PATIENCE, "the recording to hold the Secret's name", || async {
            let told = told(&recording)?;
            anyhow::ensure!(told.contains("\"db\"") && told.contains("\"lone\""), "not yet");
            Ok(())
        })
        .await?;
        let pid = process.child().id().to_string();
        anyhow::ensure!(std::process::Command::new("kill").args([signal, &pid]).status()?.success(), "{signal}");
        let status = process.child().wait()?;
        if signal == "-TERM" {
            anyhow::ensure!(status.success(), "{status}");
            let mut said = String::new();
            std::io::Read::read_to_string(
                &mut process.child().stderr.take().ok_or_else(|| anyhow::anyhow!("no stderr"))?,
                &mut said,
            )?;
            assert!(said.contains("it was stopped"), "{said}");
            assert!(!said.contains("is not recorded"), "its manifest gives too few rights: {said}");
        }
        let told = told(&recording)?;
        assert!(told.contains("\"db\""), "the Secret is known");
        assert!(!told.contains(VALUE), "a value of a Secret is in {name}");
        let raw = std::fs::read(&recording)?;
        assert!(!raw.windows(VALUE.len()).any(|window| window == VALUE.as_bytes()), "{name}");
        let report = program.run(&["diagnose", &recording, "--approve", "reads", "--json"])?.done()?;
        assert!(report["incidents"].is_array(), "{report}");
    }

    // Of one namespace: nothing of the other ones is asked for, and what is in none is there.
    apply(&server, &[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bank"}})]).await?;
    let vault = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "vault", "namespace": "bank"}});
    apply(&server, &[vault]).await?;
    let recording = program.at("bank.recording");
    let arguments = ["record", "--context", "recorder", "--kubeconfig", &kubeconfig, "--out", &recording];
    let mut process = program.start(&[&arguments[..], &["--namespace", "bank"]].concat())?;
    eventually(PATIENCE, "the recording to hold the namespace and the nodes", || async {
        let told = told(&recording)?;
        anyhow::ensure!(told.contains("\"vault\"") && told.contains("\"node-1\""), "not yet");
        Ok(())
    })
    .await?;
    let pid = process.child().id().to_string();
    anyhow::ensure!(std::process::Command::new("kill").args(["-TERM", &pid]).status()?.success(), "it was gone");
    anyhow::ensure!(process.child().wait()?.success(), "it did not end well");
    let told = told(&recording)?;
    assert!(!told.contains("\"lone\"") && !told.contains("\"nightly\""), "another namespace was recorded");
    Ok(())
}

/// Everything that a recording holds, as text.
fn told(file: &str) -> anyhow::Result<String> {
    let history = history::History::open_recorded(Path::new(file))?;
    let mut text = String::new();
    for observation in history.window(model::Time(i64::MIN), model::Time::MAX)? {
        text.push_str(&serde_json::to_string(&observation)?);
        text.push('\n');
    }
    Ok(text)
}
