//! A server over streamable HTTP that answers as a test wants it: well, late, in part, or not at all.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use model::Risk;
use redact::Redactor;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tools::Tool;

use crate::{Server, Stands, parse};

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    /// Every request is refused.
    Refuses(u16),
    /// Calls of tools are never answered.
    Hangs,
    /// The connection ends in the middle of an answer to a call.
    Cuts,
}

struct Web {
    mood: Mutex<Mood>,
    tools: Mutex<Value>,
    heard: Mutex<Vec<String>>,
    /// Whoever names another session is told that it is over.
    session: AtomicU32,
    port: u16,
}

impl Web {
    async fn serving() -> Arc<Web> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = Arc::new(Web {
            mood: Mutex::new(Mood::Well),
            tools: Mutex::new(json!([{"name": "list", "description": "Lists.", "inputSchema": {"type": "object"}}])),
            heard: Mutex::default(),
            session: AtomicU32::new(1),
            port: listener.local_addr().unwrap().port(),
        });
        let serving = Arc::clone(&web);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let web = Arc::clone(&serving);
                tokio::spawn(async move {
                    let _ = web.answer(stream).await;
                });
            }
        });
        web
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn heard(&self, method: &str) -> usize {
        self.heard.lock().unwrap().iter().filter(|heard| *heard == method).count()
    }

    /// The server as Caseboard knows it, with what it offers now accepted.
    async fn known(&self, more: &str) -> Arc<Server> {
        let fresh = self.unknown(more);
        let accepted = fresh.look().await.unwrap();
        Server::new(fresh.configured().clone(), accepted, Arc::new(Redactor::new([7; 32])))
    }

    fn unknown(&self, more: &str) -> Arc<Server> {
        let port = self.port;
        let text = format!(r#"{{"mcpServers": {{"web": {{"url": "http://127.0.0.1:{port}/mcp"{more}}}}}}}"#);
        Server::new(parse(&text).unwrap().0.remove(0), Vec::new(), Arc::new(Redactor::new([7; 32])))
    }

    /// One request, one answer, and the connection ends.
    async fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut read = Vec::new();
        let mut piece = [0; 4096];
        let (head, body) = loop {
            let count = stream.read(&mut piece).await?;
            if count == 0 {
                return Ok(());
            }
            read.extend_from_slice(&piece[..count]);
            let text = String::from_utf8_lossy(&read).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = field(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                break (head.to_owned(), body.to_owned());
            }
        };
        let mood = *self.mood.lock().unwrap();
        let request: Value = serde_json::from_str(&body).unwrap_or_default();
        let method = request["method"].as_str().unwrap_or_default().to_owned();
        self.heard.lock().unwrap().push(method.clone());
        let session = self.session.load(Ordering::Relaxed).to_string();
        let given = field(&head, "mcp-session-id");
        let (status, answer) = match (mood, head.split(' ').next().unwrap_or_default()) {
            (Mood::Refuses(status), _) => (status, None),
            (_, "POST") if given.is_some_and(|given| given != session) => (404, None),
            (_, "POST") if request["id"].is_null() => (202, None),
            (_, "POST") => (200, Some(self.result(&method, &request))),
            _ => (405, None),
        };
        if method == "tools/call" && mood == Mood::Hangs {
            std::future::pending::<()>().await;
        }
        let text = answer.map(|answer| answer.to_string()).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nmcp-session-id: {session}\r\n\
             connection: close\r\n\r\n",
            text.len()
        );
        stream.write_all(head.as_bytes()).await?;
        let part = if method == "tools/call" && mood == Mood::Cuts { &text[..text.len() / 2] } else { &text };
        stream.write_all(part.as_bytes()).await?;
        stream.shutdown().await
    }

    fn result(&self, method: &str, request: &Value) -> Value {
        let id = &request["id"];
        let result = match method {
            "initialize" => json!({
                "protocolVersion": request["params"]["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "web", "version": "1"},
            }),
            "tools/list" => json!({"tools": *self.tools.lock().unwrap()}),
            "tools/call" => json!({"content": [{"type": "text", "text": "3 dashboards"}]}),
            _ => {
                let error = json!({"code": -32601, "message": "no such method"});
                return json!({"jsonrpc": "2.0", "id": id, "error": error});
            }
        };
        json!({"jsonrpc": "2.0", "id": id, "result": result})
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let of = |line: &'a str| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name));
    head.lines().find_map(of).map(|(_, value)| value.trim())
}

async fn called(server: &Server) -> Result<String, String> {
    let answered = server.call("list", serde_json::Map::new()).await;
    answered.map(|(_, text)| text).map_err(|trouble| trouble.why)
}

#[tokio::test]
async fn over_http_a_server_is_asked_when_it_is_needed_and_answers() {
    let web = Web::serving().await;
    let server = web.known("").await;
    assert_eq!(server.stands(), Stands::Unused);
    assert_eq!(called(&server).await.unwrap(), "3 dashboards");
    assert_eq!(server.stands(), Stands::Up);
}

#[tokio::test]
async fn a_server_that_refuses_over_http_is_said_with_what_to_do() {
    let web = Web::serving().await;
    for (status, words) in [(401, "401"), (403, "403"), (404, "404"), (500, "500")] {
        web.be(Mood::Refuses(status));
        let trouble = web.unknown("").look().await.unwrap_err();
        assert!(trouble.why.contains(words), "{status}: {}", trouble.why);
        assert!(trouble.hint.contains("mcp-servers try"), "{}", trouble.hint);
    }
    web.be(Mood::Refuses(401));
    assert!(web.unknown("").look().await.unwrap_err().why.contains("`headers`"));
    // Nobody listens on a port that was just given back.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let text = format!(r#"{{"mcpServers": {{"gone": {{"url": "http://127.0.0.1:{port}/mcp"}}}}}}"#);
    let gone = Server::new(parse(&text).unwrap().0.remove(0), Vec::new(), Arc::new(Redactor::new([7; 32])));
    let trouble = gone.look().await.unwrap_err();
    assert!(trouble.why.contains("nothing answers"), "{}", trouble.why);
}

#[tokio::test]
async fn a_server_that_hangs_or_goes_in_the_middle_of_an_answer_fails_that_call_alone() {
    let web = Web::serving().await;
    let server = web.known(r#", "timeoutSeconds": 2"#).await;
    web.be(Mood::Hangs);
    let late = called(&server).await.unwrap_err();
    assert!(late.contains("did not answer within 2 s"), "{late}");
    web.be(Mood::Cuts);
    let cut = called(&server).await.unwrap_err();
    assert!(cut.contains("the MCP server `web` cannot be used"), "{cut}");
    web.be(Mood::Well);
    // The first call after it may find the connection gone; it is made anew.
    let mut answered = called(&server).await;
    for _ in 0..3 {
        if answered.is_err() {
            answered = called(&server).await;
        }
    }
    assert_eq!(answered.unwrap(), "3 dashboards");
}

#[tokio::test]
async fn a_session_that_is_over_is_begun_anew_without_anybody_noticing() {
    let web = Web::serving().await;
    let server = web.known("").await;
    called(&server).await.unwrap();
    let before = web.heard("initialize");
    web.session.fetch_add(1, Ordering::Relaxed);
    assert_eq!(called(&server).await.unwrap(), "3 dashboards");
    assert_eq!(web.heard("initialize"), before + 1);
}

#[tokio::test]
async fn a_tool_that_changes_over_http_is_another_tool() {
    let web = Web::serving().await;
    let server = web.known(r#", "reads": ["list"]"#).await;
    let tool: Arc<dyn Tool> = server.tools().remove(0);
    tool.renew().await.unwrap();
    let before = tool.definition();
    assert_eq!(tool.risk(&json!({})), Risk::Read);
    *web.tools.lock().unwrap() =
        json!([{"name": "list", "description": "Lists, and mails it.", "inputSchema": {"type": "object"}}]);
    tool.renew().await.unwrap();
    assert_ne!(tool.definition(), before);
    assert_eq!(tool.risk(&json!({})), Risk::Write);
    *web.tools.lock().unwrap() = json!([]);
    assert!(tool.renew().await.unwrap_err().why.contains("any more"));
}
