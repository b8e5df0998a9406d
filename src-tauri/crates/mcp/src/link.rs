use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult, JsonObject};
use rmcp::service::{RoleClient, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::configured::filled_in;
use crate::{Configured, Definition, Transport};

/// Why a server gave no answer, in words of ours: what it wrote itself is cluster text and goes by the results' way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Trouble {
    pub why: String,
    pub hint: String,
    /// The last lines that a program wrote to its standard error, for the engineer alone.
    pub last_words: Vec<String>,
    /// The request was on its way, and nobody said what became of it.
    pub may_have_run: bool,
}

/// How long a server may take to start and to say what it offers.
const START: Duration = Duration::from_secs(30);
/// Lines of its standard error that are held.
const LAST_WORDS: usize = 20;
/// Tools of one server; more is no list that anybody can look through.
const MOST_TOOLS: usize = 500;
/// What a program is given of our environment: what it takes to find its files and its home, and no keys.
const HANDED_ON: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "SYSTEMROOT",
    "APPDATA",
    "LOCALAPPDATA",
    "USERPROFILE",
    "TEMP",
    "TMP",
    "PATHEXT",
    "COMSPEC",
    "PROGRAMFILES",
];

/// A server that is spoken to. Dropped, it is ended.
pub(crate) struct Link {
    service: RunningService<RoleClient, ()>,
    child: Option<Child>,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        // It leads a group of its own, and what it started goes with it.
        #[cfg(unix)]
        if let Some(leader) = self.child.as_ref().and_then(Child::id).and_then(|id| i32::try_from(id).ok())
            && let Some(leader) = rustix::process::Pid::from_raw(leader)
        {
            // Gone already is as good.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::TERM);
        }
    }
}

impl Link {
    pub async fn open(configured: &Configured) -> Result<Link, Trouble> {
        let last_words = Arc::default();
        let name = &configured.name;
        let opened = async {
            match &configured.transport {
                Transport::Stdio { command, args, env } => {
                    let mut program = Command::new(command);
                    program.args(args).env_clear().kill_on_drop(true);
                    program.envs(HANDED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
                    for (variable, value) in env {
                        let value = filled_in(value, from_environment).map_err(|why| refused(name, &why))?;
                        program.env(variable, value);
                    }
                    #[cfg(unix)]
                    program.process_group(0);
                    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                    let mut child = program.spawn().map_err(|error| Trouble {
                        why: format!("`{command}` could not be started for the MCP server `{name}`: {error}"),
                        hint: "Install the program, or correct its `command`; a relative one is looked for in PATH."
                            .into(),
                        last_words: Vec::new(),
                        may_have_run: false,
                    })?;
                    if let Some(said) = child.stderr.take() {
                        listen(said, Arc::clone(&last_words));
                    }
                    let (Some(reads), Some(writes)) = (child.stdout.take(), child.stdin.take()) else {
                        return Err(refused(name, "the program has no standard input and output"));
                    };
                    let service = handshake((reads, writes), name).await?;
                    Ok((service, Some(child)))
                }
                Transport::Http { url, headers } => {
                    let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
                    let mut given = std::collections::HashMap::new();
                    for (header, value) in headers {
                        let value = filled_in(value, from_environment).map_err(|why| refused(name, &why))?;
                        let header = http::HeaderName::try_from(header.as_str());
                        let mut value = http::HeaderValue::try_from(value).map_err(|_| {
                            refused(name, "the value of a header has characters that no header can have")
                        })?;
                        value.set_sensitive(true);
                        given
                            .insert(header.map_err(|_| refused(name, "a header has no name that can be sent"))?, value);
                    }
                    config.custom_headers = given;
                    // The only error is that there is a provider already.
                    let _ = rustls::crypto::ring::default_provider().install_default();
                    let client = reqwest::Client::builder()
                        .redirect(reqwest::redirect::Policy::none())
                        .connect_timeout(Duration::from_secs(10))
                        .build()
                        .map_err(|error| refused(name, &error.to_string()))?;
                    let service = handshake(StreamableHttpClientTransport::with_client(client, config), name).await?;
                    Ok((service, None))
                }
            }
        };
        let opened = tokio::time::timeout(START, opened).await.unwrap_or_else(|_| {
            Err(refused(name, &format!("it did not answer within {} s of its start", START.as_secs())))
        });
        match opened {
            Ok((service, child)) => Ok(Link { service, child, last_words }),
            Err(mut trouble) => {
                // A program that ended has just said why.
                tokio::time::sleep(Duration::from_millis(50)).await;
                trouble.last_words = words(&last_words);
                Err(trouble)
            }
        }
    }

    /// A server at the other end of a stream, for tests.
    #[cfg(test)]
    pub async fn over(stream: tokio::io::DuplexStream) -> Result<Link, Trouble> {
        let service = handshake(tokio::io::split(stream), "test").await?;
        Ok(Link { service, child: None, last_words: Arc::default() })
    }

    pub fn is_up(&self) -> bool {
        !self.service.is_closed() && !self.service.is_transport_closed()
    }

    /// What it offers now.
    pub async fn definitions(&self, name: &str) -> Result<Vec<Definition>, Trouble> {
        let listed = tokio::time::timeout(START, self.service.list_all_tools()).await;
        let tools = listed
            .map_err(|_| self.trouble(name, "it did not say within 30 s what it offers"))?
            .map_err(|error| self.failed(name, &error))?;
        if tools.len() > MOST_TOOLS {
            return Err(self.trouble(name, &format!("it offers {} tools; {MOST_TOOLS} are the most", tools.len())));
        }
        Ok(tools.iter().map(Definition::of).collect())
    }

    /// Calls a tool. What the server says of an error of its own is a result too.
    pub async fn call(
        &self,
        name: &str,
        tool: &str,
        args: JsonObject,
        patience: Duration,
    ) -> Result<Result<CallToolResult, String>, Trouble> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(args);
        let answered = tokio::time::timeout(patience, self.service.call_tool(params)).await;
        match answered {
            Err(_) => {
                let trouble = self.trouble(name, &format!("it did not answer within {} s", patience.as_secs()));
                Err(Trouble { may_have_run: true, ..trouble })
            }
            Ok(Ok(result)) => Ok(Ok(result)),
            Ok(Err(ServiceError::McpError(error))) => Ok(Err(error.message.into_owned())),
            Ok(Err(error)) => {
                // What could not be sent did not run; everything else came, or stayed away, after it was sent.
                let may_have_run = !matches!(error, ServiceError::TransportSend(_));
                Err(Trouble { may_have_run, ..self.failed(name, &error) })
            }
        }
    }

    fn failed(&self, name: &str, error: &ServiceError) -> Trouble {
        match error {
            ServiceError::TransportClosed => self.trouble(name, "it has ended"),
            ServiceError::TransportSend(_) => self.trouble(name, "nothing can be sent to it any more"),
            ServiceError::McpError(error) => self.trouble(name, &format!("it answered with error {}", error.code.0)),
            ServiceError::Timeout { .. } => self.trouble(name, "it did not answer in time"),
            _ => self.trouble(name, "its answer was not what the protocol says"),
        }
    }

    fn trouble(&self, name: &str, why: &str) -> Trouble {
        let mut trouble = refused(name, why);
        trouble.last_words = words(&self.last_words);
        trouble
    }
}

fn refused(name: &str, why: &str) -> Trouble {
    Trouble {
        why: format!("the MCP server `{name}` cannot be used: {why}"),
        hint: format!("`caseboard mcp-servers try {name}` starts it and shows what it says; then ask again."),
        last_words: Vec::new(),
        may_have_run: false,
    }
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn handshake<E, A>(
    transport: impl rmcp::transport::IntoTransport<RoleClient, E, A>,
    name: &str,
) -> Result<RunningService<RoleClient, ()>, Trouble>
where
    E: std::error::Error + Send + Sync + 'static,
{
    ().serve(transport).await.map_err(|error| {
        // Its own words may be anything: the log has them, redacted.
        tracing::info!(server = name, %error, "an MCP server did not begin to speak");
        refused(name, &in_words(&error))
    })
}

/// Why a server did not begin to speak, as far as it can be told without its own words.
fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    const NO_PROTOCOL: &str = "it did not begin to speak the protocol";
    let mut chain = Vec::new();
    let mut next = Some(error);
    while let Some(one) = next {
        if one.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect) {
            return "nothing answers at its address".into();
        }
        chain.push(format!("{one} {one:?}"));
        next = one.source();
    }
    let text = chain.join(" ");
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if says(&["401", "AuthRequired", "Auth required", "Unauthorized"]) => {
            "it refuses the login (401); its `headers` take a key, as `${NAME}` of an environment variable".into()
        }
        () if says(&["403", "Forbidden"]) => "it refuses what the login may do (403)".into(),
        () if says(&["404", "Session expired", "SessionExpired", "Not Found"]) => {
            "there is no MCP server at this address (404)".into()
        }
        () if says(&["ConnectError", "Connection refused", "error trying to connect"]) => {
            "nothing answers at its address".into()
        }
        () => match [500, 502, 503, 504].iter().find(|status| text.contains(&status.to_string())) {
            Some(status) => format!("{NO_PROTOCOL} (it answers with HTTP {status})"),
            None => NO_PROTOCOL.into(),
        },
    }
}

fn listen(said: impl AsyncRead + Send + Unpin + 'static, into: Arc<Mutex<VecDeque<String>>>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(said).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut held = into.lock().unwrap_or_else(PoisonError::into_inner);
            if held.len() == LAST_WORDS {
                held.pop_front();
            }
            held.push_back(line.chars().take(500).collect());
        }
    });
}

fn words(held: &Mutex<VecDeque<String>>) -> Vec<String> {
    held.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}
