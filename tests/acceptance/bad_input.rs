//! Input that cannot be used gets one clear message (what was attempted, why it failed, what to do), and the rest goes
//! on.

use std::path::Path;

use caseboard_tests::controlplane::{ApiServer, STRANGER};
use caseboard_tests::process::free_port;

use crate::{program, programs, serving};

fn kubeconfig(contexts: &[(&str, &str, &str)]) -> String {
    let lines = |write: &dyn Fn(&(&str, &str, &str)) -> String| contexts.iter().map(write).collect::<String>();
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n{}users:\n{}contexts:\n{}",
        lines(&|(name, server, _)| format!("- {{name: {name}, cluster: {{server: \"{server}\"}}}}\n")),
        lines(&|(name, _, user)| format!("- {{name: {name}, user: {user}}}\n")),
        lines(&|(name, _, _)| format!("- {{name: {name}, context: {{cluster: {name}, user: {name}}}}}\n")),
    )
}

/// The bundle of the fixtures, in a folder of the test's own.
fn bundle(at: &Path) -> anyhow::Result<()> {
    fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target)?;
            } else {
                std::fs::copy(entry.path(), target)?;
            }
        }
        Ok(())
    }
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bundles/orders"), at)
}

#[test]
fn a_kubeconfig_that_does_not_parse_is_named_and_the_contexts_of_the_others_are_listed() -> anyhow::Result<()> {
    let Some(program) = program("a_kubeconfig_that_does_not_parse_is_named_and_the_contexts_of_the_others_are_listed")
    else {
        return Ok(());
    };
    let good = program.file("good.yaml", kubeconfig(&[("shop", "https://127.0.0.1:1", "{token: x}")]))?;
    let broken = program.file("broken.yaml", "apiVersion: v1\nkind: Config\nclusters: [{name: x,\n contexts: -")?;
    let listed = program.run(&["clusters", "--kubeconfig", &good, &broken])?;
    listed.must_exit(0);
    assert!(listed.stdout.contains("shop"), "{listed:?}");
    listed.must_say(&[
        "Could not read the kubeconfig",
        "broken.yaml",
        "line 4",
        "not valid YAML",
        "Correct it at line 4",
    ]);
    assert_eq!(listed.stderr.trim().lines().count(), 1, "one message: {}", listed.stderr);

    let json = program.run(&["clusters", "--json", "--kubeconfig", &good, &broken])?.done()?;
    assert_eq!(json["clusters"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["problems"].as_array().map(Vec::len), Some(1));

    let asked = program.run(&["triage", "--context", "elsewhere", "--kubeconfig", &good, &broken])?;
    asked.must_exit(1);
    asked.must_say(&["no context `elsewhere`", "There are: shop"]);
    Ok(())
}

#[test]
fn a_missing_credential_plugin_is_named_and_the_other_contexts_are_listed() -> anyhow::Result<()> {
    let Some(program) = program("a_missing_credential_plugin_is_named_and_the_other_contexts_are_listed") else {
        return Ok(());
    };
    let plugin = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-login-plugin, \
                  interactiveMode: Never, installHint: Install it from the shelf.}}";
    let two = [("cloud", "https://127.0.0.1:1", plugin), ("shop", "https://127.0.0.1:1", "{token: x}")];
    let path = program.file("kubeconfig.yaml", kubeconfig(&two))?;
    let listed = program.run(&["clusters", "--kubeconfig", &path])?;
    listed.must_exit(0);
    assert!(listed.stdout.contains("shop") && listed.stdout.contains("cloud"), "{listed:?}");
    let diagnose = ["diagnose", "--context", "cloud", "--kubeconfig", &path, "--approve", "none", "--json"];
    let unasked = program.run(&diagnose)?;
    unasked.must_exit(1);
    unasked.must_say(&["runs `no-such-login-plugin` to log in, which was not allowed yet", "caseboard trust cloud"]);
    let asked = program.run(&[&diagnose[..], &["--trust-exec"]].concat())?;
    asked.must_exit(1);
    assert_eq!(asked.stdout, "", "nothing but a document may be on stdout");
    asked.must_say(&["no-such-login-plugin", "Install it from the shelf."]);
    Ok(())
}

#[test]
fn an_unreachable_cluster_is_told_from_one_that_does_not_accept_the_login() -> anyhow::Result<()> {
    let Some(program) = program("an_unreachable_cluster_is_told_from_one_that_does_not_accept_the_login") else {
        return Ok(());
    };
    let nobody = format!("https://127.0.0.1:{}", free_port()?);
    let path = program.file("kubeconfig.yaml", kubeconfig(&[("gone", &nobody, "{token: x}")]))?;
    let asked = program.run(&["triage", "--context", "gone", "--kubeconfig", &path])?;
    asked.must_exit(1);
    asked.must_say(&["Could not reach", &nobody, "refused", "check that the cluster runs"]);

    let (_served, practice) = serving(&program, "demo")?;
    let mut served: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&practice)?)?;
    served["users"][0]["user"]["token"] = "not-the-token".into();
    let wrong = program.file("wrong.json", served.to_string())?;
    let asked = program.run(&["triage", "--context", "demo", "--kubeconfig", &wrong])?;
    asked.must_exit(1);
    asked.must_say(&["Could not log in", "401"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_cluster_that_refuses_says_who_may_not_what() -> anyhow::Result<()> {
    let name = "a_real_cluster_that_refuses_says_who_may_not_what";
    let Some(program) = program(name) else { return Ok(()) };
    let Some(assets) = programs(name) else { return Ok(()) };
    let server = ApiServer::start(assets).await?;
    let path = program.at("stranger.yaml");
    server.kubeconfig_of("forbidden", STRANGER, Path::new(&path))?;
    let asked = program.run(&["triage", "--context", "forbidden", "--kubeconfig", &path])?;
    asked.must_exit(1);
    assert_eq!(asked.stdout, "", "what cannot be seen is not healthy");
    asked.must_say(&["refuses everything", "your rules do not allow `list`", "Ask whoever runs the cluster"]);

    server.kubeconfig_of("unknown", "nobody-has-this-token", Path::new(&path))?;
    let asked = program.run(&["triage", "--context", "unknown", "--kubeconfig", &path])?;
    asked.must_exit(1);
    asked.must_say(&["Could not log in", "401"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_this_machine_vouches_for_is_accepted_where_the_kubeconfig_has_no_authority()
-> anyhow::Result<()> {
    let name = "a_server_that_only_this_machine_vouches_for_is_accepted_where_the_kubeconfig_has_no_authority";
    let Some(program) = program(name) else { return Ok(()) };
    let Some(assets) = programs(name) else { return Ok(()) };
    let server = ApiServer::shared(assets).await?;
    let path = program.at("machine.yaml");
    server.kubeconfig_of("machine", server.token, Path::new(&path))?;
    let mut config: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    let cluster = config["clusters"][0]["cluster"].as_object_mut().ok_or_else(|| anyhow::anyhow!("no cluster"))?;
    let authority = cluster.remove("certificate-authority").and_then(|path| path.as_str().map(str::to_owned));
    let authority = authority.ok_or_else(|| anyhow::anyhow!("no authority"))?;
    std::fs::write(&path, config.to_string())?;

    let asked = program.run(&["triage", "--context", "machine", "--kubeconfig", &path])?;
    asked.must_exit(1);
    asked.must_say(&["certificate"]);
    // The store of the machine, as OpenSSL's variable names it.
    let program = program.with("SSL_CERT_FILE", authority);
    let asked = program.run(&["triage", "--context", "machine", "--kubeconfig", &path])?;
    asked.must_exit(0);
    Ok(())
}

#[test]
fn a_broken_file_costs_a_bundle_only_itself() -> anyhow::Result<()> {
    let Some(program) = program("a_broken_file_costs_a_bundle_only_itself") else { return Ok(()) };
    bundle(&program.home().join("bundle"))?;
    program
        .file("bundle/cluster-resources/pvcs/orders.json", "{\"kind\": \"PersistentVolumeClaimList\", \"items\": [")?;
    let asked = program.run(&["diagnose", "bundle", "--approve", "none", "--json"])?;
    let report = asked.done()?;
    assert!(report["incidents"].as_array().is_some_and(|all| !all.is_empty()), "the rest is diagnosed: {report}");
    asked.must_say(&["files read", "not read: cluster-resources/pvcs/orders.json: it is not JSON"]);
    Ok(())
}

#[test]
fn a_path_that_is_no_source_says_what_would_be_one() -> anyhow::Result<()> {
    let Some(program) = program("a_path_that_is_no_source_says_what_would_be_one") else { return Ok(()) };
    let nothing = program.run(&["diagnose", "nowhere", "--json"])?;
    nothing.must_exit(1);
    nothing.must_say(&["There is no `nowhere`", "Give a support bundle"]);
    program.file("folder/holiday.txt", "sunny")?;
    let foreign = program.run(&["triage", "folder"])?;
    foreign.must_exit(1);
    foreign.must_say(&["`folder` cannot be read", "none of its 1 files belongs to a support bundle", "version.yaml"]);
    let absent = program.run(&["audit", "verify", "absent.case"])?;
    absent.must_exit(1);
    absent.must_say(&["Could not open `absent.case`", "Check that the path is right"]);
    Ok(())
}

#[test]
fn a_case_file_that_was_cut_in_half_says_so_everywhere_and_costs_nothing_else() -> anyhow::Result<()> {
    let Some(program) = program("a_case_file_that_was_cut_in_half_says_so_everywhere_and_costs_nothing_else") else {
        return Ok(());
    };
    let (_served, kubeconfig) = serving(&program, "demo")?;
    let asked =
        program.run(&["diagnose", "--context", "demo", "--kubeconfig", &kubeconfig, "--approve", "none", "--json"])?;
    let id = asked.done()?["case"].as_str().unwrap_or_default().to_owned();
    program.run(&["case", "export", &id, "--out", "whole.case"])?.must_exit(0);
    let whole = std::fs::read(program.home().join("whole.case"))?;
    program.file("half.case", &whole[..whole.len() / 2])?;
    for arguments in [
        &["audit", "verify", "half.case"][..],
        &["case", "show", "half.case"],
        &["case", "import", "half.case"],
        &["triage", "half.case"],
        &["diagnose", "half.case", "--json"],
    ] {
        let ran = program.run(arguments)?;
        ran.must_exit(1);
        ran.must_say(&["`half.case` cannot be read", "cut off", "Copy it again"]);
        assert_eq!(ran.stdout, "");
    }
    program.run(&["case", "show", &id])?.must_exit(0);
    program.run(&["audit", "verify", "whole.case"])?.must_exit(0);
    Ok(())
}

#[test]
fn a_knowledge_file_that_is_wrong_is_named_with_its_line_and_the_library_goes_on() -> anyhow::Result<()> {
    let Some(program) = program("a_knowledge_file_that_is_wrong_is_named_with_its_line_and_the_library_goes_on") else {
        return Ok(());
    };
    let modes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/failure-modes");
    let original = std::fs::read_to_string(modes.join("registry-dns-failure.md"))?;
    program.file("knowledge/failure-modes/registry-dns-failure.md", original.replace("\nprior:", "\nlikelihood:"))?;
    let original = std::fs::read_to_string(modes.join("image-not-present.md"))?;
    let condition = original.lines().position(|line| line.trim_start().starts_with("when:")).map(|at| at + 1);
    let broken = original.replacen("when: \"", "when: \"fact.args.answer === ", 1);
    program.file("knowledge/failure-modes/image-not-present.md", broken)?;
    let folder = program.at("knowledge");
    let program = program.with("CASEBOARD_KNOWLEDGE", folder);
    let asked = program.run(&["diagnose", "--playground", "image-tag", "--approve", "reads", "--json"])?;
    let report = asked.done()?;
    assert_eq!(report["hypotheses"][0]["failure_mode"], "image-reference-not-found", "the rest is in use: {report}");
    asked.must_say(&[
        "Could not use the knowledge file `failure-modes/registry-dns-failure.md` (line 5)",
        "unknown field `likelihood`",
        "Remove the field or correct its name",
    ]);
    asked.must_say(&[
        &format!("`failure-modes/image-not-present.md` (line {})", condition.unwrap_or_default()),
        "does not compile",
        "Conditions are CEL, such as",
    ]);
    let about = |file: &str| asked.stderr.matches(file).count();
    assert_eq!((about("registry-dns-failure.md"), about("image-not-present.md")), (1, 1), "{}", asked.stderr);
    Ok(())
}

#[test]
fn a_port_that_is_in_use_is_named_and_another_is_asked_for() -> anyhow::Result<()> {
    let Some(program) = program("a_port_that_is_in_use_is_named_and_another_is_asked_for") else { return Ok(()) };
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let port = taken.local_addr()?.port().to_string();
    let ran = program.run(&["playground", "--port", &port])?;
    ran.must_exit(1);
    ran.must_say(&["Could not serve the playground on 127.0.0.1", &port, "in use", "Choose another port"]);
    assert_eq!(ran.stdout, "");
    Ok(())
}
