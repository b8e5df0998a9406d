//! Tools of another program's MCP server through our gate, and our own server as another agent sees it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use caseboard_tests::controlplane::ApiServer;
use caseboard_tests::process::{Process, eventually};
use caseboard_tests::program::Program;
use caseboard_tests::skip;
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, ContentBlock};
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::{program, programs};

/// A program that this project did not write. It reads clusters itself, with the rights of the kubeconfig it is given.
fn foreign(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("TEST_ASSET_KUBERNETES_MCP_SERVER").filter(|path| !path.is_empty()).map(PathBuf::from);
    if path.as_ref().is_none_or(|path| !path.is_file()) {
        skip(test, "there is no `kubernetes-mcp-server`; `cargo xtask test` gets it from npm");
        return None;
    }
    path
}

fn configure(program: &Program, servers: Value) -> anyhow::Result<()> {
    program.file("caseboard/mcp.json", json!({"mcpServers": servers}).to_string()).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_a_real_mcp_server_are_shown_before_they_run_and_ask_every_time() -> anyhow::Result<()> {
    let test = "tools_of_a_real_mcp_server_are_shown_before_they_run_and_ask_every_time";
    let (Some(programs), Some(program), Some(server)) = (programs(test), program(test), foreign(test)) else {
        return Ok(());
    };
    let api = ApiServer::shared(programs).await?;
    let secret = "zebra-quartz-mango-4711";
    let namespace = "mcp-shop";
    for object in [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace},
               "data": {"DB_PASSWORD": secret, "colour": "green"}}),
    ] {
        let folder = program.file("object.json", object.to_string())?;
        let applied =
            Command::new(&api.kubectl).args(["apply", "-f", &folder, "--kubeconfig"]).arg(&api.kubeconfig).output()?;
        anyhow::ensure!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    }
    let kubeconfig = api.kubeconfig.display().to_string();
    let command = json!({"command": server, "args": ["--kubeconfig", kubeconfig], "reads": ["namespaces_list"]});
    configure(&program, json!({"k8s": command, "broken": {"cmd": "x"}}))?;

    // Nothing has run, and what would run is shown; the wrong entry takes nothing with it.
    let listed = program.run(&["mcp-servers", "--json"])?.done()?;
    assert_eq!(listed["servers"][0]["trust"], "undecided");
    assert!(listed["servers"][0]["line"].as_str().is_some_and(|line| line.contains("kubernetes-mcp-server")));
    assert!(listed["problems"].to_string().contains("`cmd`"), "{listed}");
    let unasked = program.run(&["mcp-servers", "trust", "k8s"])?;
    unasked.must_exit(2);
    unasked.must_say(&["kubernetes-mcp-server", "would be started", "--yes"]);

    let accepted = program.run(&["mcp-servers", "trust", "k8s", "--yes", "--json"])?.done()?;
    let tools = accepted["tools"].as_array().cloned().unwrap_or_default();
    let tool = |name: &str| tools.iter().find(|tool| tool["name"] == name).cloned().unwrap_or_default();
    let deletes = tool("mcp.k8s.pods_delete");
    assert!(deletes["claims"].as_str().is_some_and(|claims| claims.contains("may destroy")), "{deletes}");
    assert!(deletes["definition"]["inputSchema"]["properties"]["name"].is_object(), "{deletes}");

    let context = program.run(&["clusters", "--kubeconfig", &kubeconfig, "--json"])?.done()?;
    let name = context[0]["name"].as_str().or(context["clusters"][0]["name"].as_str()).unwrap_or_default().to_owned();
    let act = |tool: &str, args: Value, input: &str| {
        let args = args.to_string();
        let words = ["act", "--context", &name, "--kubeconfig", &kubeconfig, "--tool", tool, "--args", &args, "--json"];
        program.run_with(&words, input)
    };
    let reads = act("mcp.k8s.namespaces_list", json!({}), "a\n")?;
    let done = reads.done()?;
    assert_eq!(done["state"], "released", "{reads:?}");
    assert!(done["text"].as_str().is_some_and(|text| text.contains(namespace)), "{done}");
    reads.must_say(&["Calls `namespaces_list` of the MCP server `k8s`", "nothing has checked that", "[read]"]);

    // Of a tool that the engineer has not called a read nothing is believed; and its answer is redacted like any other.
    let args = json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": namespace, "name": "settings"});
    let got = act("mcp.k8s.resources_get", args, "a\n")?;
    got.must_say(&["[read-sensitive]"]);
    let text = got.done()?["text"].as_str().unwrap_or_default().to_owned();
    assert!(text.contains("green") && !text.contains(secret), "{text}");

    // What admits that it changes something is a change: off, as this cluster's changes are.
    let args = json!({"namespace": namespace, "name": "nobody"});
    let deleting = act("mcp.k8s.pods_delete", args, "")?;
    assert_eq!(deleting.json()?["state"], "forbidden", "{deleting:?}");
    let wrong = act("mcp.k8s.resources_get", json!({"kind": 3}), "")?;
    wrong.must_say(&["do not fit"]);

    // Another command is another program.
    configure(&program, json!({"k8s": {"command": server, "args": ["--kubeconfig", kubeconfig, "--read-only"]}}))?;
    assert_eq!(program.run(&["mcp-servers", "--json"])?.done()?["servers"][0]["trust"], "undecided");
    act("mcp.k8s.namespaces_list", json!({}), "a\n")?.must_say(&["There is no tool `mcp.k8s.namespaces_list`"]);

    // The same over streamable HTTP, on the loopback.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let log = program.at("server.log");
    let _running = Process::start(
        Command::new(&server)
            .args(["--kubeconfig", &kubeconfig, "--bind-address", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(log)?),
    )?;
    configure(&program, json!({"web": {"url": format!("http://127.0.0.1:{port}/mcp")}}))?;
    eventually(Duration::from_secs(60), "the server's port", async || {
        Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.map(drop)?)
    })
    .await?;
    let accepted = program.run(&["mcp-servers", "trust", "web", "--yes", "--json"])?.done()?;
    assert!(accepted["tools"].to_string().contains("mcp.web.namespaces_list"));
    let done = act("mcp.web.namespaces_list", json!({}), "a\n")?.done()?;
    assert!(done["text"].as_str().is_some_and(|text| text.contains(namespace)), "{done}");
    Ok(())
}

/// `caseboard mcp`, and a client of the protocol's own library at the other end.
struct Agent {
    client: RunningService<RoleClient, ()>,
    _server: tokio::process::Child,
}

impl Agent {
    async fn of(program: &Program, arguments: &[&str]) -> anyhow::Result<Agent> {
        let mut command = tokio::process::Command::from(program.command(arguments));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut server = command.spawn()?;
        let (Some(reads), Some(writes)) = (server.stdout.take(), server.stdin.take()) else {
            anyhow::bail!("it has no standard input and output");
        };
        Ok(Agent { client: ().serve((reads, writes)).await?, _server: server })
    }

    /// Whether it worked, and what was said.
    async fn asks(&self, tool: &str, args: Value) -> anyhow::Result<(bool, String)> {
        let args = args.as_object().cloned().unwrap_or_default();
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(args);
        let result = self.client.call_tool(params).await?;
        let text = result.content.iter().filter_map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        Ok((!result.is_error.unwrap_or(false), text.collect::<Vec<_>>().join("\n")))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agent_may_read_what_caseboard_knows_and_nothing_more() -> anyhow::Result<()> {
    let test = "another_agent_may_read_what_caseboard_knows_and_nothing_more";
    let Some(program) = program(test) else { return Ok(()) };
    let agent = Agent::of(&program, &["mcp", "--playground", "demo"]).await?;
    let offered = agent.client.list_all_tools().await?;
    let names: Vec<&str> = offered.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names, ["triage", "diagnose", "topology", "history", "knowledge"]);

    let (well, triage) = agent.asks("triage", json!({})).await?;
    let triage: Value = serde_json::from_str(&triage)?;
    assert!(well && triage["incidents"].as_array().is_some_and(|incidents| !incidents.is_empty()), "{triage}");
    let (well, diagnosis) = agent.asks("diagnose", json!({})).await?;
    let diagnosis: Value = serde_json::from_str(&diagnosis)?;
    assert!(well && !diagnosis["hypotheses"].is_null(), "{diagnosis}");
    let calls = diagnosis["tool_calls"].as_array().cloned().unwrap_or_default();
    assert!(!calls.is_empty(), "{diagnosis}");

    let subject = triage["incidents"][0]["subjects"][0].as_str().unwrap_or_default().to_owned();
    let parts: Vec<&str> = subject.split('/').collect();
    let [kind, namespace, name] = parts[..] else { anyhow::bail!("`{subject}` is no object in a namespace") };
    let (well, around) = agent.asks("topology", json!({"kind": kind, "namespace": namespace, "name": name})).await?;
    assert!(well && around.contains(name), "{around}");
    let (well, changed) = agent.asks("history", json!({"namespace": namespace})).await?;
    assert!(well && !changed.is_empty(), "{changed}");
    let (well, known) = agent.asks("knowledge", json!({"query": "volume full"})).await?;
    assert!(well && known.contains("volume"), "{known}");

    // No way leads to a tool that is not offered, and arguments are looked at.
    assert!(agent.asks("scale", json!({"namespace": namespace, "name": name, "replicas": 0})).await.is_err());
    let (well, why) = agent.asks("topology", json!({"kind": kind})).await?;
    assert!(!well && why.contains("name"), "{why}");
    Ok(())
}
