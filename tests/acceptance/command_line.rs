//! The contract with scripts: documents, exit codes, what is read from a pipe and what is never written.

use std::path::Path;

use caseboard_tests::controlplane::{asset, kubectl};
use caseboard_tests::program::{Program, Ran};
use caseboard_tests::skip;
use serde_json::Value;

use crate::{program, serving};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Every one of `wanted` is there, and of the kind that its sample is.
#[track_caller]
fn has_shape(value: &Value, wanted: &Value) {
    for (key, sample) in wanted.as_object().into_iter().flatten() {
        let found = &value[key];
        let same = match sample {
            Value::Null => keys(value).contains(&key.as_str()) && (found.is_null() || found.is_string()),
            Value::Bool(_) => found.is_boolean(),
            Value::Number(_) => found.is_number(),
            Value::String(_) => found.is_string(),
            Value::Array(_) => found.is_array(),
            Value::Object(_) => found.is_object(),
        };
        assert!(same, "`{key}` should be like {sample}, it is {found} in {value}");
    }
}

fn all<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// `Kind/namespace/name`; the namespace may be empty.
#[track_caller]
fn is_object(value: &Value) {
    let text = value.as_str().unwrap_or_default();
    assert_eq!(text.split('/').count(), 3, "`{text}` is not Kind/namespace/name");
    assert_ne!(text.split('/').next(), Some("Pod"), "`{text}` is owned by a workload");
}

#[test]
fn diagnose_prints_one_document_with_the_fields_that_scripts_rely_on() -> anyhow::Result<()> {
    let Some(program) = program("diagnose_prints_one_document_with_the_fields_that_scripts_rely_on") else {
        return Ok(());
    };
    let report = program.run(&["diagnose", "--playground", "--approve", "reads", "--json"])?.done()?;
    let contract = serde_json::json!({
        "source": "", "incidents": [], "hypotheses": [], "abstained": false, "not_checked": [], "tool_calls": [],
        "model": "", "seconds": 0.0,
    });
    has_shape(&report, &contract);
    assert_eq!(report["model"], "built-in");
    assert!(!all(&report, "incidents").is_empty() && !all(&report, "hypotheses").is_empty(), "{report}");
    for incident in all(&report, "incidents") {
        has_shape(
            incident,
            &serde_json::json!({
                "id": "", "title": "", "category": "", "failure_modes": [], "severity": "", "started_at": "",
                "subjects": [], "origin": null, "links": [],
            }),
        );
        all(incident, "subjects").iter().for_each(is_object);
        for link in all(incident, "links") {
            has_shape(link, &serde_json::json!({"from": "", "to": "", "reason": "", "evidence": []}));
        }
    }
    let incidents: Vec<&Value> = all(&report, "incidents").iter().map(|incident| &incident["id"]).collect();
    let mut last = 1.0;
    for (at, hypothesis) in all(&report, "hypotheses").iter().enumerate() {
        has_shape(
            hypothesis,
            &serde_json::json!({
                "rank": 1, "incident": "", "object": "", "failure_mode": "", "mechanism": "", "probability": 0.5,
                "evidence": [], "against": [],
            }),
        );
        assert_eq!(hypothesis["rank"], at + 1);
        assert!(incidents.contains(&&hypothesis["incident"]), "{hypothesis}");
        is_object(&hypothesis["object"]);
        let probability = hypothesis["probability"].as_f64().unwrap_or_default();
        assert!(probability > 0.0 && probability <= last, "the ranks follow the probabilities: {report}");
        last = probability;
        for quote in all(hypothesis, "evidence").iter().chain(all(hypothesis, "against")) {
            has_shape(quote, &serde_json::json!({"id": "", "quote": ""}));
        }
        if !hypothesis["fix"].is_null() {
            has_shape(&hypothesis["fix"], &serde_json::json!({"id": "", "text": "", "conditions": []}));
        }
    }
    assert!(!all(&report, "tool_calls").is_empty(), "{report}");
    for call in all(&report, "tool_calls") {
        has_shape(call, &serde_json::json!({"tool": "", "args": {}, "decision": "", "digest": ""}));
        assert!(["allowed_by_rule", "pending"].contains(&call["decision"].as_str().unwrap_or_default()), "{call}");
    }
    Ok(())
}

#[test]
fn without_anybody_to_ask_it_stops_at_the_first_call_and_says_which() -> anyhow::Result<()> {
    let Some(program) = program("without_anybody_to_ask_it_stops_at_the_first_call_and_says_which") else {
        return Ok(());
    };
    // No terminal and no --approve: the same as `none`.
    for approve in [&["--approve", "none"][..], &[]] {
        let arguments = [&["diagnose", "--playground", "--json"], approve].concat();
        let report = program.run(&arguments)?.done()?;
        let calls = all(&report, "tool_calls");
        assert_eq!(calls.len(), 1, "{report}");
        assert_eq!(calls[0]["decision"], "pending");
        assert!(calls[0]["digest"].as_str().is_some_and(|digest| digest.len() >= 16), "{report}");
    }
    Ok(())
}

#[test]
fn asked_in_a_pipe_it_takes_approve_edit_and_deny_call_by_call() -> anyhow::Result<()> {
    let Some(program) = program("asked_in_a_pipe_it_takes_approve_edit_and_deny_call_by_call") else { return Ok(()) };
    let arguments = ["diagnose", "--playground", "demo", "--approve", "ask", "--json"];
    let shown = program.run_with(&arguments, "")?;
    shown.must_say(&["? ", "[read]", "why:", "[a]pprove  [e]dit  [d]eny"]);
    let first = shown.done()?["tool_calls"][0].clone();
    assert_eq!(first["decision"], "pending", "the end of the input decides nothing");

    // Edited arguments are shown again and run only when they are approved as they stand.
    assert_eq!(first["tool"], "logs", "{first}");
    let mut args = first["args"].clone();
    args["tail"] = 20.into();
    let edit = format!("e\n{args}\nthe last lines are enough\n");
    let report = program.run_with(&arguments, &edit)?.done()?;
    assert_eq!(report["tool_calls"][0]["decision"], "pending", "an edit approves nothing: {report}");
    let report = program.run_with(&arguments, &format!("{edit}a\nq\n"))?.done()?;
    let edited = &report["tool_calls"][0];
    assert_eq!((&edited["decision"], &edited["args"]), (&"edited".into(), &args), "what ran is what was approved");
    assert_ne!(edited["digest"], first["digest"]);

    let denied = program.run_with(&arguments, "d not needed\nq\n")?.done()?;
    assert_eq!(denied["tool_calls"][0]["decision"], "denied", "{denied}");

    let approved = program.run_with(&arguments, "a\nq\n")?.done()?;
    assert_eq!(approved["tool_calls"][0]["decision"], "approved", "{approved}");

    let wrong = program.run_with(&arguments, "perhaps\ne\nnot json\nq\n")?;
    wrong.must_exit(0);
    wrong.must_say(&["Type a, e, d or q.", "That is not JSON", "Nothing was changed."]);
    Ok(())
}

#[test]
fn bad_usage_ends_with_two_and_prints_nothing_on_stdout() -> anyhow::Result<()> {
    let Some(program) = program("bad_usage_ends_with_two_and_prints_nothing_on_stdout") else { return Ok(()) };
    for arguments in [
        &[][..],
        &["investigate"],
        &["diagnose"],
        &["diagnose", "--context"],
        &["diagnose", "a.case", "--context", "b"],
        &["diagnose", "--playground", "--approve", "everything"],
        &["diagnose", "--playground", "--model", "oracle"],
        &["playground", "--port", "70000"],
        &["case", "show", "neither-a-file-nor-an-id"],
        &["audit", "verify"],
    ] {
        let ran = program.run(arguments)?;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.trim().is_empty(), "{arguments:?} says nothing");
    }
    Ok(())
}

#[test]
fn a_file_of_rules_counts_at_once_and_a_broken_one_forbids_everything() -> anyhow::Result<()> {
    let Some(program) = program("a_file_of_rules_counts_at_once_and_a_broken_one_forbids_everything") else {
        return Ok(());
    };
    let file = program.home().join("caseboard/rules.yaml");
    let rules = "rules:
  - name: no logs
    does: forbid
    tools: [logs]
    because: an audit goes on
    tests:
      - {tool: logs, args: {namespace: shop, pod: cart-0}, gives: forbid}
";
    let logs = ["rules", "try", "logs", r#"{"namespace": "shop", "pod": "cart-0"}"#, "--json"];
    assert_eq!(program.run(&logs)?.done()?["ruling"]["ruling"], "ask");
    std::fs::write(&file, rules)?;
    assert_eq!(program.run(&logs)?.done()?["ruling"]["because"], "an audit goes on");
    assert_eq!(program.run(&["rules", "--json"])?.done()?[0]["rules"][0]["line"], 2);
    let asked = ["diagnose", "--playground", "--approve", "reads", "--json"];
    let report = program.run(&asked)?.done()?;
    let denied = |tool: &str| all(&report, "tool_calls").iter().any(|c| c["tool"] == tool && c["decision"] == "denied");
    assert!(!all(&report, "tool_calls").iter().any(|c| c["tool"] == "logs" && c["decision"] != "denied"), "{report}");
    assert!(denied("logs"), "{report}");

    std::fs::write(&file, rules.replace("because:", "becuase:"))?;
    let checked = program.run(&["rules", "check"])?;
    checked.must_exit(1);
    for word in ["CANNOT BE USED", "line 5", "becuase"] {
        assert!(checked.stdout.contains(word), "{checked:?}");
    }
    let report = program.run(&asked)?.done()?;
    let calls = all(&report, "tool_calls");
    assert!(!calls.is_empty() && calls.iter().all(|call| call["decision"] == "denied"), "{report}");
    Ok(())
}

#[test]
fn a_healthy_cluster_is_reported_as_nothing() -> anyhow::Result<()> {
    let Some(program) = program("a_healthy_cluster_is_reported_as_nothing") else { return Ok(()) };
    let report = program.run(&["diagnose", "--playground", "healthy-noisy", "--approve", "reads", "--json"])?.done()?;
    assert!(all(&report, "incidents").is_empty() && all(&report, "hypotheses").is_empty(), "{report}");
    let triage = program.run(&["triage", "--playground", "healthy-noisy", "--json"])?.done()?;
    assert!(all(&triage, "incidents").is_empty(), "{triage}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_playground_prints_the_kubeconfig_by_which_kubectl_and_caseboard_reach_it() -> anyhow::Result<()> {
    let test = "the_playground_prints_the_kubeconfig_by_which_kubectl_and_caseboard_reach_it";
    let Some(program) = program(test) else { return Ok(()) };
    let (_served, kubeconfig) = serving(&program, "demo")?;
    assert!(Path::new(&kubeconfig).is_file(), "{kubeconfig}");
    let triage = program.run(&["triage", "--context", "demo", "--kubeconfig", &kubeconfig, "--json"])?.done()?;
    assert!(!all(&triage, "incidents").is_empty(), "{triage}");
    match asset("kubectl") {
        Ok(tool) => {
            let pods = kubectl(&tool, Path::new(&kubeconfig), &["get", "pods", "-A"]).await?;
            assert!(pods.starts_with("NAMESPACE") && pods.lines().count() > 3, "{pods}");
        }
        Err(why) => skip(test, &why),
    }
    Ok(())
}

#[test]
fn the_version_says_where_logs_are_and_they_are_there() -> anyhow::Result<()> {
    let Some(program) = program("the_version_says_where_logs_are_and_they_are_there") else { return Ok(()) };
    let version = program.run(&["--version"])?;
    version.must_exit(0);
    assert!(version.stdout.starts_with("caseboard "), "{version:?}");
    let logs = version.stdout.lines().find_map(|line| line.strip_prefix("logs: ")).unwrap_or_default();
    program.run(&["clusters"])?.must_exit(0);
    let files: Vec<_> = std::fs::read_dir(logs)?.flatten().filter(|entry| entry.path().is_file()).collect();
    assert!(!files.is_empty(), "there is no log in {logs}");
    Ok(())
}

#[test]
fn eval_scores_every_scenario_of_a_folder_in_a_table() -> anyhow::Result<()> {
    let Some(program) = program("eval_scores_every_scenario_of_a_folder_in_a_table") else { return Ok(()) };
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/scenarios");
    for name in ["image-tag", "healthy-noisy"] {
        let script = std::fs::read_to_string(scenarios.join(format!("{name}.yaml")))?;
        program.file(&format!("scenarios/{name}.yaml"), script)?;
    }
    let ran = program.run(&["eval", "scenarios"])?;
    ran.must_exit(0);
    ran.must_say(&["image-tag", "healthy-noisy"]);
    for row in ["object@1", "image-deployment", "healthy", "all"] {
        assert!(ran.stdout.lines().any(|line| line.contains(row)), "{}", ran.stdout);
    }
    program.run(&["eval", "scenarios", "--json", "--save", "report.json"])?.done()?;
    program.run(&["eval", "scenarios", "--baseline", "report.json"])?.must_exit(0);
    // What was right is wrong when the truth is another one.
    let script = std::fs::read_to_string(scenarios.join("image-tag.yaml"))?;
    let other = script.replace("failure_mode: image-reference-not-found", "failure_mode: registry-rate-limited");
    assert_ne!(script, other);
    program.file("scenarios/image-tag.yaml", other)?;
    let worse = program.run(&["eval", "scenarios", "--no-variants", "--baseline", "report.json"])?;
    worse.must_exit(1);
    assert!(worse.stderr.contains("image-tag"), "{}", worse.stderr);
    Ok(())
}

/// A few of different families; `caseboard eval` plays all of them as recordings.
#[test]
fn a_scenario_that_is_served_over_http_gets_the_same_verdict_as_its_recording() -> anyhow::Result<()> {
    let test = "a_scenario_that_is_served_over_http_gets_the_same_verdict_as_its_recording";
    let Some(program) = program(test) else { return Ok(()) };
    for name in [
        "selector-matches-nobody",
        "memory-honest-peak",
        "claim-no-volume",
        "slow-database",
        "slow-cpu-throttled",
        "team-knows-a-need",
    ] {
        let recorded = program.run(&["eval", "--only", name, "--no-variants", "--json"])?.done()?;
        let recorded = &recorded["verdicts"][0]["said"];
        let served = program.run(&["diagnose", "--playground", name, "--approve", "reads", "--json"])?.done()?;
        let first = &served["hypotheses"][0];
        let said = format!(
            "{} @ {}",
            first["failure_mode"].as_str().unwrap_or_default(),
            first["object"].as_str().unwrap_or_default()
        );
        assert_eq!(*recorded, said, "{name}: {served}");
    }
    Ok(())
}

#[test]
fn blueprints_come_from_a_catalogue_are_versioned_compared_and_written_again() -> anyhow::Result<()> {
    let test = "blueprints_come_from_a_catalogue_are_versioned_compared_and_written_again";
    let Some(program) = program(test) else { return Ok(()) };
    let entity = |owner: &str, needs: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: web\n  annotations: \
             {{backstage.io/kubernetes-namespace: shop}}\nspec: {{type: service, lifecycle: production, owner: {owner}, \
             dependsOn: [{needs}]}}\n"
        )
    };
    program.file("catalog-info.yaml", entity("team-a", "component:pigeons"))?;
    let taken = program.run(&["blueprint", "import", "catalog-info.yaml"])?;
    taken.must_exit(0);
    assert_eq!(taken.stdout.trim(), "web v1");
    program.file("catalog-info.yaml", entity("team-b", "component:pigeons"))?;
    assert_eq!(program.run(&["blueprint", "import", "catalog-info.yaml"])?.stdout.trim(), "web v2");
    let diff = program.run(&["blueprint", "diff", "web"])?.stdout;
    assert!(diff.contains("-owner: team-a") && diff.contains("+owner: team-b"), "{diff}");
    program.run(&["blueprint", "export", "--format", "markdown", "--out", "written"])?.must_exit(0);
    assert_eq!(program.run(&["blueprint", "import", "written/web.md"])?.stdout.trim(), "web v2", "nothing changed");
    let drift = program.run(&["blueprint", "drift", "--playground", "--json"])?;
    drift.must_exit(1);
    assert!(drift.stdout.contains("pigeons"), "{}", drift.stdout);
    program.file("broken.yaml", "name: x\ninvariants: [{name: a, holds: \"replicas >\", says: b}]\n".to_owned())?;
    let refused = program.run(&["blueprint", "import", "broken.yaml"])?;
    refused.must_exit(1);
    assert!(refused.stderr.contains("broken.yaml:2"), "{}", refused.stderr);
    program.run(&["blueprint", "retire", "web"])?.must_exit(0);
    assert_eq!(program.run(&["blueprint", "list"])?.stdout.trim(), "");
    Ok(())
}

#[test]
fn incidents_that_are_merged_or_pinned_once_are_so_the_next_time() -> anyhow::Result<()> {
    let Some(program) = program("incidents_that_are_merged_or_pinned_once_are_so_the_next_time") else { return Ok(()) };
    let pin = ["group", "pin", "Deployment/shop/cart", "--because", "it is ours"];
    program.run(&pin)?.must_exit(0);
    let rules = program.run(&["group", "list", "--json"])?.done()?;
    assert_eq!((rules[0]["number"].as_u64(), rules[0]["because"].as_str()), (Some(1), Some("it is ours")));
    program.run(&["group", "split", "Deployment/shop/cart", "Deployment/shop/cart"])?.must_exit(1);
    program.run(&["group", "forget", "1"])?.must_exit(0);
    assert_eq!(program.run(&["group", "list"])?.stdout.trim(), "");
    Ok(())
}

/// What the fixture's bundle holds and nobody may see again: values of Secrets, and a password in a log.
const HIDDEN: [&str; 2] = ["correct-horse-battery", "hunter2-hunter2"];
/// The first as the API carries it.
const CARRIED: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5";

#[test]
fn no_secret_value_of_a_bundle_appears_in_any_output_log_or_case() -> anyhow::Result<()> {
    let Some(program) = program("no_secret_value_of_a_bundle_appears_in_any_output_log_or_case") else { return Ok(()) };
    let program = program.with("CASEBOARD_LOG", "trace");
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bundles/orders");
    let bundle = bundle.display().to_string();
    let quiet = |ran: &Ran| {
        for hidden in HIDDEN {
            assert!(!ran.all().contains(hidden), "`{hidden}` was printed: {ran:?}");
        }
    };
    quiet(&program.run(&["triage", &bundle])?);
    quiet(&program.run(&["triage", &bundle, "--json"])?);
    let report = program.run(&["diagnose", &bundle, "--approve", "reads", "--json"])?;
    report.must_exit(0);
    quiet(&report);
    quiet(&program.run_with(&["diagnose", &bundle, "--approve", "ask"], &"a\n".repeat(20))?);
    none_in(program.home())?;
    Ok(())
}

#[test]
fn the_case_of_a_bundle_is_saved_where_asked_and_its_log_is_shown_and_verified() -> anyhow::Result<()> {
    let Some(program) = program("the_case_of_a_bundle_is_saved_where_asked_and_its_log_is_shown_and_verified") else {
        return Ok(());
    };
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bundles/orders").display().to_string();
    program.run(&["diagnose", &bundle, "--approve", "reads", "--save", "orders.case", "--json"])?.done()?;
    let shown = program.run(&["audit", "show", "orders.case"])?;
    shown.must_exit(0);
    let facts: Vec<&str> = shown.stdout.lines().collect();
    for fact in
        ["opened “", "call 1 r1", "proposed (read): ", "ruled: allowed by `", "started, bound to ", "concludes: "]
    {
        anyhow::ensure!(facts.iter().any(|line| line.contains(fact)), "no `{fact}` in {facts:#?}");
    }
    let verified = program.run(&["audit", "verify", "orders.case"])?;
    verified.must_exit(0);
    let told = &verified.stdout;
    anyhow::ensure!(told.contains("not signed") && told.contains("intact: "), "{told}");
    let last = facts.last().and_then(|line| line.split_whitespace().nth(1)).unwrap_or_default();
    anyhow::ensure!(told.contains(&format!("head {last}")), "the last fact's hash `{last}` is the head: {told}");
    // Somebody's word that a certain key signed it is not kept by a file without a seal.
    program.run(&["audit", "verify", "orders.case", "--key", "0123456789ab"])?.must_exit(1);
    Ok(())
}

#[test]
fn no_secret_value_of_a_cluster_appears_in_any_output_log_history_or_case() -> anyhow::Result<()> {
    let Some(program) = program("no_secret_value_of_a_cluster_appears_in_any_output_log_history_or_case") else {
        return Ok(());
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/scenarios/image-pull-secret.yaml");
    let script = std::fs::read_to_string(script)?;
    let secret = "\n  - {secret: till, type: Opaque, age: 2d, data: {PASSWORD: correct-horse-battery}}\n  - workload:";
    let script = script.replacen("\n  - workload:", secret, 1);
    assert!(script.contains(HIDDEN[0]), "the scenario has no workload");
    let scenario = program.file("elsewhere/till.yaml", script)?;
    let (_served, kubeconfig) = serving(&program, &scenario)?;
    let context = first_context(&program, &kubeconfig)?;
    let source = ["--context", &context, "--kubeconfig", &kubeconfig, "--approve", "reads", "--json"];
    let ran = program.run(&[&["diagnose"], &source[..]].concat())?;
    let report = ran.done()?;
    let id = report["case"].as_str().unwrap_or_default();
    program.run(&["case", "export", id, "--out", "till.case"])?.must_exit(0);
    std::fs::remove_file(&scenario)?;
    assert!(!ran.all().contains(HIDDEN[0]) && !ran.all().contains(CARRIED), "{ran:?}");
    none_in(program.home())?;
    Ok(())
}

fn first_context(program: &Program, kubeconfig: &str) -> anyhow::Result<String> {
    let listed = program.run(&["clusters", "--json", "--kubeconfig", kubeconfig])?.done()?;
    Ok(listed["clusters"][0]["name"].as_str().unwrap_or_default().to_owned())
}

/// No file of a folder, however deep, holds a hidden value.
fn none_in(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            none_in(&path)?;
            continue;
        }
        let bytes = std::fs::read(&path)?;
        for hidden in HIDDEN.iter().copied().chain([CARRIED]) {
            let found = bytes.windows(hidden.len()).any(|window| window == hidden.as_bytes());
            assert!(!found, "`{hidden}` is in {}", path.display());
        }
    }
    Ok(())
}

#[test]
fn the_graph_answers_what_hangs_together_and_where_it_breaks_first() -> anyhow::Result<()> {
    let Some(program) = program("the_graph_answers_what_hangs_together_and_where_it_breaks_first") else {
        return Ok(());
    };
    let (_served, kubeconfig) = serving(&program, "demo")?;
    let ask = |words: &str| {
        let of = ["--context", "demo", "--kubeconfig", &kubeconfig, "--json"];
        program.run(&["topology"].into_iter().chain(words.split(' ')).chain(of).collect::<Vec<_>>())
    };
    let names = |answer: &Value| -> Vec<String> {
        let name = |state: &Value| {
            format!(
                "{}/{}",
                state["object"]["kind"].as_str().unwrap_or_default(),
                state["object"]["name"].as_str().unwrap_or_default()
            )
        };
        all(answer, "objects").iter().map(name).collect()
    };
    let says = |answer: &Value| answer["says"].as_str().unwrap_or_default().to_owned();
    let broken = ask("broken --of web")?.done()?;
    assert_eq!(names(&broken), ["Deployment/web", "Service/checkout", "Deployment/checkout"], "{broken}");
    assert!(says(&broken).contains("first broken hop is Deployment/shop/checkout, 2 steps"), "{broken}");
    let path = ask("path --from Deployment/shop/checkout --to web")?.done()?;
    assert!(says(&path).starts_with("Deployment/shop/web depends on Deployment/shop/checkout"), "{path}");
    let radius = ask("radius --of Deployment/shop/checkout")?.done()?;
    assert!(names(&radius).contains(&"Deployment/web".into()), "{radius}");
    let around = ask("neighbours --of checkout --hops 2")?.done()?;
    assert!(
        all(&around, "edges").len() > names(&around).len() / 2 && names(&around).contains(&"Deployment/web".into())
    );

    ask("broken --of checkou")?.must_say(&["knows no `checkou`", "Names like it: ", "Deployment/shop/checkout"]);
    ask("radius --of Node/nowhere")?.must_exit(1);
    ask("diff --since 2001-01-01T00:00:00Z")?
        .must_say(&["Nothing is known of this cluster at 2001", "history reaches"]);
    ask("diff --since 2030-01-01T00:00:00Z --at 2029-01-01T00:00:00Z")?.must_exit(2);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_program_that_a_kubeconfig_names_runs_only_when_it_was_allowed() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let Some(program) = program("a_program_that_a_kubeconfig_names_runs_only_when_it_was_allowed") else {
        return Ok(());
    };
    let ran = program.at("ran");
    let login =
        program.file("corp-login", format!("#!/bin/sh\necho x >> '{ran}'\necho 'log in first' >&2\nexit 1\n"))?;
    std::fs::set_permissions(&login, std::fs::Permissions::from_mode(0o755))?;
    let text = format!(
        "clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:1'}}}}]\n\
         users: [{{name: u, user: {{exec: {{command: '{login}', args: [get-token]}}}}}}]\n\
         contexts: [{{name: prod-eu, context: {{cluster: c, user: u}}}}, {{name: prod-us, context: {{cluster: c}}}}]\n"
    );
    let kubeconfig = program.file("kubeconfig", text)?;
    let triage = ["triage", "--context", "prod-eu", "--kubeconfig", &kubeconfig];
    let runs = || std::fs::read_to_string(&ran).map_or(0, |text| text.lines().count());

    let listed = program.run(&["contexts", "prod-eu", "--json", "--kubeconfig", &kubeconfig])?.done()?;
    assert_eq!(all(&listed, "clusters").len(), 1, "{listed}");
    assert_eq!(listed["clusters"][0]["exec"]["trust"], "undecided");
    let asked = program.run(&triage)?;
    asked.must_exit(1);
    asked.must_say(&["get-token", &kubeconfig, "caseboard trust prod-eu", "--trust-exec"]);
    assert_eq!(runs(), 0, "nobody allowed it");

    // For this time only.
    let once = program.run(&[&triage[..], &["--trust-exec"]].concat())?;
    once.must_exit(1);
    once.must_say(&["log in first"]);
    assert_eq!(runs(), 1);
    program.run(&triage)?.must_say(&["caseboard trust prod-eu"]);
    assert_eq!(runs(), 1);

    program.run(&["trust", "prod-eu", "--kubeconfig", &kubeconfig])?.must_exit(0);
    program.run(&triage)?.must_say(&["log in first"]);
    assert_eq!(runs(), 2);
    program.run(&["trust", "prod-eu", "--refuse", "--kubeconfig", &kubeconfig])?.must_exit(0);
    program.run(&triage)?.must_say(&["you said that it must not"]);
    assert_eq!(runs(), 2);
    Ok(())
}

#[test]
fn history_tells_what_is_kept_of_each_cluster_and_forgets_it() -> anyhow::Result<()> {
    let Some(program) = program("history_tells_what_is_kept_of_each_cluster_and_forgets_it") else { return Ok(()) };
    let empty = program.run(&["history", "--json"])?.done()?;
    let usual = empty["usual"].clone();
    assert_eq!((all(&empty, "clusters").len(), &empty["keeping"]), (0, &usual));
    let kept = program.run(&["history", "keep", "--days", "3", "--json"])?.done()?;
    assert_eq!((&kept["keeping"]["days"], &kept["keeping"]["megabytes"]), (&3.into(), &usual["megabytes"]));
    program.run(&["history", "keep", "--days", "0"])?.must_exit(1);

    let (_served, kubeconfig) = serving(&program, "demo")?;
    program.run(&["triage", "--context", "demo", "--kubeconfig", &kubeconfig, "--json"])?.done()?;
    let told = program.run(&["history", "--json"])?.done()?;
    let [row] = all(&told, "clusters") else { anyhow::bail!("{told}") };
    has_shape(row, &serde_json::json!({"name": "", "path": "", "bytes": 0, "span": [], "gaps": [], "cases": 0}));
    let id = row["cluster"].as_str().unwrap_or_default();
    let gone = program.run(&["history", "forget", id, "--everything", "--json"])?.done()?;
    assert!(gone["forgotten"].as_u64() > Some(0), "{gone}");
    assert!(!Path::new(row["path"].as_str().unwrap_or_default()).exists());
    program.run(&["history", "forget", id])?.must_exit(1);
    Ok(())
}

#[test]
fn a_recording_that_is_gone_on_with_forgets_its_oldest_and_says_so() -> anyhow::Result<()> {
    let Some(program) = program("a_recording_that_is_gone_on_with_forgets_its_oldest_and_says_so") else {
        return Ok(());
    };
    let (_served, kubeconfig) = serving(&program, "demo")?;
    let file = program.at("night.recording");
    let record = |arguments: &[&str]| -> anyhow::Result<Value> {
        let all = ["record", "--context", "demo", "--kubeconfig", &kubeconfig, "--out", &file, "--json"];
        program.run(&[&all[..], arguments].concat())?.done()
    };
    let first = record(&["--for", "1s", "--keep-time", "90d"])?;
    assert!(first["observations"].as_u64() > Some(0) && first["forgotten"].is_null(), "{first}");
    // What was noted ten days ago is older than what is kept.
    let cluster = history::History::open_recorded(Path::new(&file))?.cluster().clone();
    let ago =
        model::Time::from_seconds(first["to"].as_str().unwrap_or_default().parse::<model::Time>()?.seconds() - 864_000);
    let note = |number: i64| {
        let body = model::Body::Note { author: "a".into(), text: format!("{number}") };
        model::Observation::new(cluster.clone(), ago, ago, model::Source::Person, None, body)
    };
    let subject = model::ObjectRef::new("Pod", "shop", "web");
    let notes: Vec<_> = (0..30).map(|n| model::Observation { subject: Some(subject.clone()), ..note(n) }).collect();
    history::History::open(Path::new(&file), cluster.clone())?.append(&notes)?;

    let second = record(&["--for", "8s", "--keep-time", "5d"])?;
    assert!(second["forgotten"]["observations"].as_u64() >= Some(30), "{second}");
    assert_eq!(second["forgotten"]["because"], "older than 5 days");
    let history = history::History::open_recorded(Path::new(&file))?;
    assert!(history.snapshot(model::Time::MAX)?.gaps.iter().any(|gap| gap.dropped >= 30));
    Ok(())
}
