//! A real control plane, a real mistake, and the built program that is asked for the cause.

use std::sync::Arc;
use std::time::Duration;

use caseboard_tests::controlplane::{ControlPlane, Namespace};
use caseboard_tests::process::eventually;
use caseboard_tests::program::Program;
use caseboard_tests::skip;
use serde_json::{Value, json};

use crate::program;

const PATIENCE: Duration = Duration::from_secs(180);
/// Exists for real too, for a cluster that is not ours.
const IMAGE: &str = "registry.k8s.io/pause:3.10";

/// A shop in which the second version of `web` names a registry that does not exist, while `cart` is fine.
struct Shop {
    plane: Arc<ControlPlane>,
    namespace: Namespace,
    program: Program,
}

impl Shop {
    async fn open(test: &str) -> anyhow::Result<Option<Shop>> {
        let Some(program) = program(test) else { return Ok(None) };
        if let Some(why) = ControlPlane::missing() {
            skip(test, &why);
            return Ok(None);
        }
        let plane = ControlPlane::shared().await?;
        let namespace = plane.namespace("shop").await?;
        let items = ["web", "cart"].map(|name| deployment(&namespace.name, name));
        plane.apply(&json!({"apiVersion": "v1", "kind": "List", "items": items})).await?;
        for name in ["web", "cart"] {
            let deployment = format!("deployment/{name}");
            plane.kubectl(&["rollout", "status", &deployment, "-n", &namespace.name, "--timeout=120s"]).await?;
        }
        Ok(Some(Shop { plane, namespace, program }))
    }

    async fn break_web(&self) -> anyhow::Result<()> {
        let namespace = self.namespace.name.as_str();
        // A registry of its own: the same one would make one incident of all the shops of this cluster.
        let image = format!("app={}/shop/web:2", self.registry());
        self.plane.kubectl(&["set", "image", "deployment/web", &image, "-n", namespace]).await?;
        eventually(PATIENCE, "ImagePullBackOff", || async {
            let reasons = "jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}";
            let waiting = self.plane.kubectl(&["get", "pods", "-n", namespace, "-l", "app=web", "-o", reasons]).await?;
            anyhow::ensure!(waiting.contains("ImagePullBackOff"), "waiting: `{waiting}`");
            Ok(())
        })
        .await
    }

    fn registry(&self) -> String {
        format!("{}.invalid", self.namespace.name)
    }

    /// The arguments that name this cluster, after those of the command.
    fn ask<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        let kubeconfig = self.plane.kubeconfig.to_str().unwrap_or_default();
        [command, &["--context", &self.plane.context, "--kubeconfig", kubeconfig]].concat()
    }

    fn object(&self, name: &str) -> Value {
        format!("Deployment/{}/{name}", self.namespace.name).into()
    }
}

fn deployment(namespace: &str, name: &str) -> Value {
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": IMAGE}]},
            },
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_deployment_on_a_real_control_plane_is_found_and_its_cause_named() -> anyhow::Result<()> {
    let test = "a_broken_deployment_on_a_real_control_plane_is_found_and_its_cause_named";
    let Some(shop) = Shop::open(test).await? else { return Ok(()) };
    let namespace = shop.namespace.name.as_str();

    let healthy = shop.program.run(&shop.ask(&["triage", "--json"]))?.done()?;
    let own = format!("/{namespace}/");
    assert!(!healthy["incidents"].to_string().contains(&own), "nothing is wrong yet: {healthy}");

    shop.break_web().await?;
    let web = shop.object("web");
    let triage = shop.program.run(&shop.ask(&["triage", "--json"]))?.done()?;
    let about_web = |incidents: &Value| {
        incidents.as_array().is_some_and(|all| {
            all.iter().any(|incident| incident["subjects"].as_array().is_some_and(|subjects| subjects.contains(&web)))
        })
    };
    assert!(about_web(&triage["incidents"]), "{triage}");

    let asked = ["diagnose", "--namespace", namespace, "--approve", "reads", "--json"];
    let report = shop.program.run(&shop.ask(&asked))?.done()?;
    assert!(about_web(&report["incidents"]), "{report}");
    let first = &report["hypotheses"][0];
    assert_eq!(first["rank"], 1, "{report}");
    assert_eq!(first["object"], web, "{report}");
    assert_eq!(first["failure_mode"], "registry-dns-failure", "{report}");
    assert!(first["mechanism"].as_str().is_some_and(|text| text.contains(&shop.registry())), "{first}");
    let quotes = first["evidence"].as_array().cloned().unwrap_or_default();
    assert!(!quotes.is_empty(), "{first}");
    assert!(quotes.iter().all(|quote| quote["id"].as_str().is_some_and(|id| !id.is_empty())), "{first}");
    assert_eq!(report["abstained"], false, "{report}");
    assert!(!report["incidents"].to_string().contains("/cart"), "cart is fine: {report}");
    let hypotheses = report["hypotheses"].as_array().cloned().unwrap_or_default();
    assert!(hypotheses.iter().all(|h| h["object"] != shop.object("cart")), "cart is fine: {report}");

    shop.plane.kubectl(&["rollout", "undo", "deployment/web", "-n", namespace]).await?;
    shop.plane.kubectl(&["rollout", "status", "deployment/web", "-n", namespace, "--timeout=120s"]).await?;
    let healed = shop.program.run(&shop.ask(&["triage", "--json"]))?.done()?;
    assert!(!about_web(&healed["incidents"]), "it was rolled back: {healed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_engineers_word_no_call_is_made_and_the_case_waits_with_the_decision() -> anyhow::Result<()> {
    let test = "without_the_engineers_word_no_call_is_made_and_the_case_waits_with_the_decision";
    let Some(shop) = Shop::open(test).await? else { return Ok(()) };
    shop.break_web().await?;
    let asked = ["diagnose", "--namespace", &shop.namespace.name, "--approve", "none", "--json"];
    let report = shop.program.run(&shop.ask(&asked))?.done()?;
    let calls = report["tool_calls"].as_array().cloned().unwrap_or_default();
    match calls.as_slice() {
        [] => assert!(report["hypotheses"].as_array().is_some_and(|all| !all.is_empty()), "{report}"),
        [call] => {
            assert_eq!(call["decision"], "pending", "{report}");
            assert!(call["digest"].as_str().is_some_and(|digest| !digest.is_empty()), "{report}");
        }
        several => panic!("it went on past a call that nobody decided: {several:?}"),
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_to_another_machine_in_one_file_and_a_changed_byte_is_found() -> anyhow::Result<()> {
    let test = "a_case_goes_to_another_machine_in_one_file_and_a_changed_byte_is_found";
    let Some(shop) = Shop::open(test).await? else { return Ok(()) };
    shop.break_web().await?;
    let here = &shop.program;
    let asked = ["diagnose", "--namespace", &shop.namespace.name, "--approve", "reads", "--json"];
    let report = here.run(&shop.ask(&asked))?.done()?;
    let id = report["case"].as_str().unwrap_or_default();
    let file = here.at("web.case");
    here.run(&["case", "export", id, "--out", &file])?.must_exit(0);
    let listed = here.run(&["case", "export"])?;
    assert!(listed.stdout.contains(id), "{listed:?}");

    let audit = here.run(&["audit", "verify", &file, "--json"])?.done()?;
    assert_eq!(audit["intact"], true, "{audit}");
    assert!(audit["events"].as_u64().is_some_and(|events| events > 2), "{audit}");

    let there = Program::find().map_err(anyhow::Error::msg)?;
    let imported = there.run(&["case", "import", &file])?;
    imported.must_exit(0);
    assert_eq!(imported.stdout.trim(), id);
    let shown = there.run(&["case", "show", id, "--json"])?.done()?;
    for same in ["incidents", "hypotheses", "tool_calls", "abstained", "not_checked", "summary"] {
        assert_eq!(shown[same], report[same], "{same}");
    }
    let namespace = shop.namespace.name.as_str();
    let again = ["diagnose", &file, "--namespace", namespace, "--approve", "reads", "--json"];
    let again = there.run(&again)?.done()?;
    assert_eq!(again["hypotheses"][0]["failure_mode"], report["hypotheses"][0]["failure_mode"], "{again}");
    assert_eq!(again["hypotheses"][0]["object"], report["hypotheses"][0]["object"], "{again}");

    let mut bytes = std::fs::read(&file)?;
    let word = b"investigation_started";
    // SQLite may leave an earlier copy of a row behind in a page, which is nobody's fact.
    let places: Vec<usize> = (0..bytes.len() - word.len()).filter(|at| bytes[*at..].starts_with(word)).collect();
    anyhow::ensure!(!places.is_empty(), "the case file holds no start of an investigation");
    for at in places {
        bytes[at] ^= 1;
    }
    let altered = here.file("altered.case", &bytes)?;
    let audit = here.run(&["audit", "verify", &altered, "--json"])?;
    audit.must_exit(1);
    let audit = audit.json()?;
    assert_eq!(audit["intact"], false, "{audit}");
    assert!(audit["findings"].as_array().is_some_and(|all| !all.is_empty()), "{audit}");
    let refused = there.run(&["case", "import", &altered])?;
    refused.must_exit(1);
    refused.must_say(&["altered.case", "cannot be read"]);
    Ok(())
}
