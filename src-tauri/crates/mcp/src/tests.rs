mod http;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use gate::{Approve, CallState, Door, Policy};
use history::{DeskFile, History};
use knowledge::Library;
use model::{Author, CallId, CaseFact, CaseId, Clock, ClusterId, Risk, Time, ToolCall, Written};
use redact::Redactor;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, JsonObject, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool as Offered, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer, RunningServiceCancellationToken};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use tools::{Surroundings, Tool};
use uuid::Uuid;

use crate::link::Link;
use crate::{Server, Transport, parse};

const CASE: CaseId = CaseId(Uuid::from_u128(0xca5e));

/// A server whose tools and answers a test sets.
#[derive(Clone)]
struct Fake {
    tools: Arc<Mutex<Vec<Offered>>>,
    answer: Arc<Mutex<CallToolResult>>,
    heard: Arc<Mutex<Vec<(String, Option<JsonObject>)>>>,
}

impl Fake {
    fn with(tools: Vec<Offered>) -> Self {
        let answer = CallToolResult::success(vec![ContentBlock::text("3 dashboards")]);
        Fake { tools: Arc::new(Mutex::new(tools)), answer: Arc::new(Mutex::new(answer)), heard: Arc::default() }
    }

    /// The server as Caseboard knows it, with these tools accepted, and its end of the stream.
    async fn served(&self, config: &str) -> (Arc<Server>, RunningServiceCancellationToken) {
        let configured = parse(&format!(r#"{{"mcpServers": {{"dash": {config}}}}}"#)).unwrap().0.remove(0);
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let fake = self.clone();
        let serving = tokio::spawn(async move {
            let running = fake.serve(tokio::io::split(theirs)).await.unwrap();
            let end = running.cancellation_token();
            tokio::spawn(running.waiting());
            end
        });
        let link = Link::over(ours).await.unwrap();
        let accepted = link.definitions("dash").await.unwrap();
        let server = Server::new(configured, accepted, Arc::new(Redactor::new([7; 32])));
        server.connected(link).await;
        (server, serving.await.unwrap())
    }
}

impl ServerHandler for Fake {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.lock().unwrap().clone()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.heard.lock().unwrap().push((request.name.to_string(), request.arguments));
        if request.name == "hangs" {
            std::future::pending::<()>().await;
        }
        Ok(self.answer.lock().unwrap().clone().into())
    }
}

fn offered(name: &'static str, claims: Option<ToolAnnotations>) -> Offered {
    let schema = json!({"type": "object", "properties": {"folder": {"type": "string"}}, "required": ["folder"]});
    let tool = Offered::new(name, "Lists dashboards.", schema.as_object().unwrap().clone());
    match claims {
        Some(claims) => tool.with_annotations(claims),
        None => tool,
    }
}

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Time {
        Time::from_seconds(1_000 + self.0.fetch_add(1, Ordering::Relaxed))
    }
}

struct Stage {
    door: Door,
    surroundings: Surroundings,
}

fn stage() -> Stage {
    let cluster = ClusterId("cluster:demo".into());
    let desk = Arc::new(DeskFile::in_memory().unwrap());
    let clock: Arc<dyn Clock> = Arc::new(Ticking(AtomicI64::new(0)));
    let history = Arc::new(History::in_memory(cluster.clone()).unwrap());
    let door = Door::new(Arc::clone(&desk), Arc::clone(&clock));
    let opened = CaseFact::Opened {
        title: "a case".into(),
        cluster,
        cluster_name: "demo".into(),
        as_of: Time::from_seconds(1),
        question: None,
        incidents: Vec::new(),
    };
    let author = Author::Engineer { name: "engineer".into() };
    door.write(CASE, &[Written { at: Time::from_seconds(1), author, fact: opened }]).unwrap();
    let surroundings = Surroundings {
        reach: cluster::Reach::Recorded(Arc::clone(&history)),
        history,
        desk,
        library: Library::builtin(),
        redactor: Arc::new(Redactor::new([7; 32])),
        clock,
        as_of: Time::from_seconds(1),
        declared: Arc::default(),
        writes: Arc::new(AtomicBool::new(false)),
    };
    Stage { door, surroundings }
}

impl Stage {
    /// Puts a call, approves it where it waits, and runs it.
    async fn run(&self, tool: &dyn Tool, args: Value) -> Result<tools::Outcome, tools::Failure> {
        let id = CallId(Uuid::new_v4());
        let call = ToolCall {
            tool: tool.spec().name,
            cluster: ClusterId("cluster:demo".into()),
            args,
            reason: String::new(),
            expects: String::new(),
            tainted: Vec::new(),
            shown: None,
            definition: Some(tool.definition()),
            user: None,
        };
        let preview = tool.preview(&call, &self.surroundings);
        let author = Author::Investigator { name: "model".into() };
        let risk = tool.risk(&call.args);
        // The widest word that an engineer can give covers plain reads alone.
        let policy = Policy { approve: Approve::Reads, writes: gate::Writes::On, ..Policy::default() };
        let put = self.door.propose(CASE, id, call, risk, preview, &policy, author).unwrap();
        assert!(matches!(put.state, CallState::AwaitingDecision { .. }), "{:?}", put.state);
        self.door.approve(CASE, id, &put.digest, Author::Engineer { name: "engineer".into() }).unwrap();
        tool.run(self.door.start(CASE, id).unwrap(), &self.surroundings).await
    }
}

#[tokio::test]
async fn a_tool_of_a_server_has_its_name_before_it_and_its_whole_schema_and_asks_whatever_it_claims() {
    let claims = ToolAnnotations::new().read_only(true).destructive(false);
    let fake = Fake::with(vec![offered("list", Some(claims)), offered("silent", None)]);
    let (server, _serving) = fake.served(r#"{"command": "dash"}"#).await;
    let tools = server.tools();
    let names: Vec<String> = tools.iter().map(|tool| tool.spec().name).collect();
    assert_eq!(names, ["mcp.dash.list", "mcp.dash.silent"]);
    assert_eq!(tools[0].spec().schema["properties"]["folder"]["type"], "string");
    let risks: Vec<Risk> = tools.iter().map(|tool| tool.risk(&json!({}))).collect();
    assert_eq!(risks, [Risk::ReadSensitive, Risk::Write], "what claims nothing may change something");

    let stage = stage();
    let done = stage.run(tools[0].as_ref(), json!({"folder": "shop"})).await.unwrap();
    assert!(done.result.text.contains("3 dashboards"), "{}", done.result.text);
    // It can be cited: the history holds it.
    assert_eq!(done.result.observations.len(), 1);
    let heard = fake.heard.lock().unwrap().clone();
    assert_eq!(heard, [("list".to_owned(), json!({"folder": "shop"}).as_object().cloned())]);
}

#[tokio::test]
async fn a_claim_makes_a_tool_stricter_and_never_laxer() {
    let writes = ToolAnnotations::new().read_only(false);
    let destroys = ToolAnnotations::new().destructive(true);
    let fake = Fake::with(vec![offered("a", Some(writes)), offered("b", Some(destroys)), offered("c", None)]);
    let (server, _serving) = fake.served(r#"{"command": "dash", "reads": ["a", "c"]}"#).await;
    let risks: Vec<Risk> = server.tools().iter().map(|tool| tool.risk(&json!({}))).collect();
    // The engineer's word does not outweigh what the server admits.
    assert_eq!(risks, [Risk::Write, Risk::Write, Risk::Read]);
}

#[tokio::test]
async fn a_definition_that_changed_is_another_tool() {
    let fake = Fake::with(vec![offered("list", None)]);
    let (server, _serving) = fake.served(r#"{"command": "dash", "reads": ["list"]}"#).await;
    let tool = server.tools().remove(0);
    let before = (tool.definition(), tool.risk(&json!({})));
    tool.renew().await.unwrap();
    assert_eq!((tool.definition(), tool.risk(&json!({}))), before);
    assert_eq!(before.1, Risk::Read);

    // Only what it claims is different; words and schema are the same.
    *fake.tools.lock().unwrap() = vec![offered("list", Some(ToolAnnotations::new().read_only(true)))];
    tool.renew().await.unwrap();
    assert_ne!(tool.definition(), before.0);
    assert_eq!(tool.risk(&json!({})), Risk::ReadSensitive, "the engineer's word was about another tool");
    let stage = stage();
    let call = ToolCall::new("mcp.dash.list", ClusterId("cluster:demo".into()), json!({}));
    let preview = tool.preview(&call, &stage.surroundings);
    assert!(preview.does.contains("CHANGED") && preview.does.contains("readOnlyHint"), "{}", preview.does);
    assert!(preview.does.contains("nothing has checked that"), "{}", preview.does);

    *fake.tools.lock().unwrap() = Vec::new();
    assert!(tool.renew().await.unwrap_err().why.contains("any more"));
}

#[tokio::test]
async fn what_a_server_answers_is_redacted_and_so_is_what_it_says_of_an_error() {
    let fake = Fake::with(vec![offered("list", None)]);
    let (server, _serving) = fake.served(r#"{"command": "dash"}"#).await;
    let (tool, stage) = (server.tools().remove(0), stage());
    stage.surroundings.writes.store(true, Ordering::Release);
    let secret = "password=correct-horse-battery-9";
    *fake.answer.lock().unwrap() = CallToolResult::success(vec![ContentBlock::text(secret)]);
    let done = stage.run(tool.as_ref(), json!({"folder": "x"})).await.unwrap();
    assert!(!done.result.text.contains("correct-horse"), "{}", done.result.text);
    assert_eq!(done.result.redactions.len(), 1);
    // An error is in the server's words too: it is a result, so that it waits for its release like any other.
    *fake.answer.lock().unwrap() = CallToolResult::error(vec![ContentBlock::text(format!("boom, {secret}"))]);
    let done = stage.run(tool.as_ref(), json!({"folder": "x"})).await.unwrap();
    assert!(done.result.text.contains("says that it failed") && done.result.text.contains("boom"));
    assert!(!done.result.text.contains("correct-horse"));
}

#[tokio::test]
async fn a_server_that_ended_or_does_not_answer_is_said_in_words_of_ours() {
    let fake = Fake::with(vec![offered("hangs", None), offered("list", None)]);
    let (server, serving) = fake.served(r#"{"command": "/no/such/program", "timeoutSeconds": 1}"#).await;
    let (tools, stage) = (server.tools(), stage());
    stage.surroundings.writes.store(true, Ordering::Release);
    let late = stage.run(tools[0].as_ref(), json!({"folder": "x"})).await.unwrap_err();
    assert!(matches!(late, tools::Failure::Unknown(_)), "it was called, and may have run: {late:?}");
    assert!(late.why.contains("did not answer within 1 s"), "{late}");
    serving.cancel();
    // It is started again, which is the next thing that cannot be done.
    let mut gone = late;
    for _ in 0..20 {
        gone = stage.run(tools[1].as_ref(), json!({"folder": "x"})).await.unwrap_err();
        if gone.why.contains("could not be started") {
            break;
        }
    }
    assert!(matches!(gone, tools::Failure::Failed(_)), "nothing was called: {gone:?}");
    assert!(gone.why.contains("could not be started") && gone.hint.contains("Install"), "{gone:?}");
}

#[test]
fn arguments_that_do_not_fit_the_servers_schema_never_reach_it() {
    let definition = crate::Definition::of(&offered("list", None));
    assert_eq!(definition.check(&json!({"folder": "shop"})), Ok(()));
    for (args, why) in [
        (json!({}), "`folder` is missing"),
        (json!({"folder": 3}), "`folder` is 3, and it takes \"string\""),
        (json!({"folder": "a", "force": true}), "there is no `force`"),
        (json!("folder"), "they are no JSON object"),
    ] {
        assert_eq!(definition.check(&args), Err(why.to_owned()));
    }
}

#[test]
fn one_wrong_server_in_the_file_takes_no_other_with_it() {
    let text = r#"{"mcpServers": {
        "good": {"command": "server", "args": ["--read-only"], "env": {"KUBECONFIG": "/etc/kube"}},
        "web": {"url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}},
        "both": {"command": "x", "url": "https://example.com"},
        "neither": {},
        "typo": {"command": "x", "arg": []},
        "clear": {"url": "http://mcp.example.com/mcp"},
        "key in the file": {"url": "https://mcp.example.com/mcp"},
        "key": {"url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer abc"}}
    }}"#;
    let (right, wrong) = parse(text).unwrap();
    assert_eq!(right.iter().map(|server| server.name.as_str()).collect::<Vec<_>>(), ["good", "web"]);
    assert_eq!(right[0].line(), "KUBECONFIG=… server --read-only");
    assert!(matches!(right[1].transport, Transport::Http { .. }));
    let wrong = wrong.join("\n");
    for words in [
        "takes one of them",
        "neither a `command` nor a `url`",
        "`arg`",
        "not encrypted",
        "its name takes",
        "stands in the file",
    ] {
        assert!(wrong.contains(words), "{words}: {wrong}");
    }
    assert!(parse("{").is_err());
}

#[test]
fn a_decision_binds_to_what_would_run() {
    let digest = |config: &str| parse(&format!(r#"{{"mcpServers": {{"a": {config}}}}}"#)).unwrap().0[0].digest();
    let before = digest(r#"{"command": "x", "args": ["1"]}"#);
    assert_eq!(before, digest(r#"{"args": ["1"], "command": "x", "reads": ["list"]}"#));
    assert_ne!(before, digest(r#"{"command": "x", "args": ["2"]}"#));
    assert_ne!(before, digest(r#"{"command": "x", "args": ["1"], "env": {"PATH": "/tmp"}}"#));
}
