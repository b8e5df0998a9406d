//! MCP servers of the team: which there are (`mcp.json` in the desk's folder), which of them the engineer trusts, and which
//! definitions of their tools he accepted.
//!
//! Nothing is started and nobody is asked before that. A decision binds to what would run, or to the address; a changed
//! command asks again, as the login programs of kubeconfigs do.

use std::sync::Arc;

use mcp::{Change, Configured, Definition, Server};
use model::{ClusterId, Time};
use serde::{Deserialize, Serialize};
use tools::{Tool, Toolbox};
use ts_rs::TS;

use crate::desk::lock;
use crate::rows::{Problem, TrustState, Update};
use crate::{Desk, DeskError};

/// The decision about one server, in the desk file.
#[derive(Serialize, Deserialize)]
struct Decision {
    trust: TrustState,
    at: Time,
    /// What was shown, for whoever reads the file.
    line: String,
    /// The tools as they were accepted, whole.
    #[serde(default)]
    tools: Vec<Definition>,
}

/// The MCP servers that the team's file names.
#[derive(Debug, Serialize, TS)]
#[ts(rename = "McpServers")]
pub struct Servers {
    /// The file.
    pub path: String,
    pub servers: Vec<ServerRow>,
    /// What in it cannot be used; it is not touched.
    pub problems: Vec<Problem>,
}

/// How a server stands in this run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(rename = "McpServerState")]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    /// Nothing was asked of it.
    Unused,
    /// It is being started, or connected to.
    Opening,
    Up,
    /// It ended; the next call starts it again.
    Ended,
}

/// One MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "McpServerRow")]
pub struct ServerRow {
    pub name: String,
    /// What a decision binds to: the command with its arguments and environment, or the address with its headers. What was
    /// shown is named by it.
    pub digest: String,
    /// The command, or the address, as it stands in the file.
    pub line: String,
    /// It is asked over HTTP; else it is a program that is started here.
    pub is_remote: bool,
    /// Contexts in whose cases its tools are offered; empty: all.
    pub clusters: Vec<String>,
    pub disabled: bool,
    pub trust: TrustState,
    pub decided_at: Option<Time>,
    pub state: ServerState,
    /// How many of its tools were accepted.
    pub tools: u32,
    /// Those tools, as they were accepted.
    pub accepted: Vec<ServerTool>,
}

/// What a server offers.
#[derive(Debug, Serialize, TS)]
#[ts(rename = "McpOffer")]
pub struct ServerTools {
    pub tools: Vec<ServerTool>,
    /// Accepted before, and not offered any more.
    pub gone: Vec<String>,
}

/// One tool of a server.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "McpTool")]
pub struct ServerTool {
    /// As investigators and rules call it.
    pub name: String,
    /// Whole, as the server defines it: `name`, `description`, `inputSchema`, `annotations`.
    #[ts(type = "Record<string, unknown>")]
    pub definition: Definition,
    pub fingerprint: String,
    /// What it claims, in words; nothing has checked it.
    pub claims: String,
    pub is_new: bool,
    /// What differs from what was accepted.
    #[ts(type = "{ part: string; before: string; now: string }[]")]
    pub changes: Vec<Change>,
    /// The engineer says in the file that it only reads. Others ask every time.
    pub is_read: bool,
    /// Whether the file takes it in.
    pub is_taken: bool,
}

fn key(digest: &str) -> String {
    format!("trust.mcp.{digest}")
}

impl Desk {
    /// The servers that the file names. Contacts nothing.
    pub fn mcp_servers(&self) -> Servers {
        let path = self.paths.mcp_servers();
        let shown = path.display().to_string();
        let problem = |why: String| Problem {
            what: format!("Could not use what `{shown}` says of MCP servers"),
            why: format!("{why}."),
            hint: "Correct it; the file is left as it is, and everything else in it is used.".into(),
        };
        let (configured, wrong) = match self.configured() {
            Ok(read) => read,
            Err(why) => return Servers { problems: vec![problem(why)], path: shown, servers: Vec::new() },
        };
        let problems = wrong.into_iter().map(problem).collect();
        Servers { servers: configured.iter().map(|server| self.server_row(server)).collect(), problems, path: shown }
    }

    fn configured(&self) -> Result<(Vec<Configured>, Vec<String>), String> {
        match std::fs::read_to_string(self.paths.mcp_servers()) {
            Ok(text) => mcp::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((Vec::new(), Vec::new())),
            Err(error) => Err(format!("it cannot be read: {error}")),
        }
    }

    fn configured_as(&self, name: &str) -> Result<Configured, DeskError> {
        let (configured, wrong) = self.configured().map_err(|why| {
            let path = self.paths.mcp_servers();
            DeskError::bad_request(format!("`{}` cannot be used: {why}.", path.display()), "Correct the file.")
        })?;
        configured.into_iter().find(|server| server.name == name).ok_or_else(|| {
            let why = wrong.iter().find(|why| why.starts_with(&format!("`{name}`")));
            DeskError {
                code: "not_found",
                what: match why {
                    Some(why) => format!("The MCP server {why}."),
                    None => format!("There is no MCP server `{name}`."),
                },
                hint: format!("Write it into `{}`.", self.paths.mcp_servers().display()),
            }
        })
    }

    fn server_decision(&self, digest: &str) -> Option<Decision> {
        let read = self.file.setting(&key(digest));
        let text =
            read.inspect_err(|error| tracing::warn!(%error, "a decision about a server cannot be read")).ok()??;
        serde_json::from_str(&text).inspect_err(|error| tracing::warn!(%error, digest, "a decision is damaged")).ok()
    }

    fn server_row(&self, server: &Configured) -> ServerRow {
        let digest = server.digest();
        let decision = self.server_decision(&digest);
        let state = lock(&self.servers).get(&digest).map_or(ServerState::Unused, |server| match server.stands() {
            mcp::Stands::Unused => ServerState::Unused,
            mcp::Stands::Opening => ServerState::Opening,
            mcp::Stands::Up => ServerState::Up,
            mcp::Stands::Ended => ServerState::Ended,
        });
        let accepted = decision.as_ref().map(|decision| decision.tools.clone()).unwrap_or_default();
        let accepted = compared(server, &accepted, accepted.clone()).tools;
        ServerRow {
            name: server.name.clone(),
            line: server.line(),
            disabled: server.disabled,
            trust: decision.as_ref().map_or(TrustState::Undecided, |decision| decision.trust),
            decided_at: decision.as_ref().map(|decision| decision.at),
            is_remote: matches!(server.transport, mcp::Transport::Http { .. }),
            clusters: server.clusters.clone(),
            state,
            tools: u32::try_from(accepted.len()).unwrap_or(u32::MAX),
            accepted,
            digest,
        }
    }

    fn keep_decision(&self, server: &Configured, trust: TrustState, tools: Vec<Definition>) -> Result<(), DeskError> {
        let decision = Decision { trust, at: self.clock.now(), line: server.line(), tools };
        let text = serde_json::to_string(&decision).map_err(|error| DeskError {
            code: "failed",
            what: format!("The decision could not be written: {error}."),
            hint: "Please report this.".into(),
        })?;
        let digest = server.digest();
        self.file.set_setting(&key(&digest), &text)?;
        lock(&self.servers).remove(&digest);
        tracing::info!(server = server.name, ?trust, "decided about an MCP server");
        self.tell(Update::KnowledgeChanged);
        Ok(())
    }

    /// Starts a server, or connects to it, and asks what it offers. Only in the engineer's word: `digest` is that of the row
    /// that he was shown.
    pub async fn try_mcp_server(&self, name: &str, digest: &str) -> Result<ServerTools, DeskError> {
        let configured = self.shown_as(name, digest)?;
        let accepted = self.server_decision(digest).map(|decision| decision.tools).unwrap_or_default();
        let now = self.asked(&configured).await?;
        Ok(compared(&configured, &accepted, now))
    }

    /// Trusts a server, and accepts the tools that it offers now, as they are.
    pub async fn trust_mcp_server(&self, name: &str, digest: &str) -> Result<ServerTools, DeskError> {
        let configured = self.shown_as(name, digest)?;
        let accepted = self.server_decision(digest).map(|decision| decision.tools).unwrap_or_default();
        let now = self.asked(&configured).await?;
        self.keep_decision(&configured, TrustState::Trusted, now.clone())?;
        Ok(compared(&configured, &accepted, now))
    }

    /// Refuses a server, or (`Undecided`) forgets what was decided. Contacts nothing.
    pub fn decide_mcp_server(&self, name: &str, trust: TrustState) -> Result<ServerRow, DeskError> {
        let configured = self.configured_as(name)?;
        if trust == TrustState::Trusted {
            let hint = "Trust it by looking at what it offers.";
            return Err(DeskError::bad_request("A server is not trusted unseen.", hint));
        }
        self.keep_decision(&configured, trust, Vec::new())?;
        Ok(self.server_row(&configured))
    }

    /// Gives a desk in memory what was decided here.
    pub fn lend_mcp_servers(&self, to: &Desk) -> Result<(), DeskError> {
        for row in self.mcp_servers().servers {
            if let Some(decision) = self.file.setting(&key(&row.digest))? {
                to.file.set_setting(&key(&row.digest), &decision)?;
            }
        }
        Ok(())
    }

    fn shown_as(&self, name: &str, digest: &str) -> Result<Configured, DeskError> {
        let configured = self.configured_as(name)?;
        if configured.digest() == digest {
            return Ok(configured);
        }
        Err(DeskError {
            code: "changed",
            what: format!("The MCP server `{name}` is no longer configured as it was shown."),
            hint: "Look at it again, then decide.".into(),
        })
    }

    async fn asked(&self, configured: &Configured) -> Result<Vec<Definition>, DeskError> {
        let server = Server::new(configured.clone(), Vec::new(), Arc::clone(&self.redactor));
        server.look().await.map_err(|trouble| {
            let mut what = format!("{}.", sentence(&trouble.why));
            if !trouble.last_words.is_empty() {
                let said = self.redactor.text(&trouble.last_words.join("\n"));
                what.push_str(&format!(" It wrote:\n{}\n", said.as_str()));
            }
            let hint = "Look whether it runs by itself, and correct its command or address.".into();
            DeskError { code: "unavailable", what, hint }
        })
    }

    /// The servers that may be used now. Contacts nothing.
    fn trusted_servers(&self) -> Vec<Arc<Server>> {
        let Ok((configured, _)) = self.configured() else { return Vec::new() };
        let mut servers = lock(&self.servers);
        let mut usable = Vec::new();
        for server in configured.into_iter().filter(|server| !server.disabled) {
            let digest = server.digest();
            let Some(decision) = self.server_decision(&digest).filter(|d| d.trust == TrustState::Trusted) else {
                servers.remove(&digest);
                continue;
            };
            let known = servers.get(&digest).filter(|known| *known.configured() == server).cloned();
            let server = known.unwrap_or_else(|| Server::new(server, decision.tools, Arc::clone(&self.redactor)));
            servers.insert(digest, Arc::clone(&server));
            usable.push(server);
        }
        usable
    }

    /// The tools for the cases of a cluster: Caseboard's own, and those of trusted servers that are for it.
    pub(crate) fn toolbox_for(&self, cluster: &ClusterId) -> Toolbox {
        let context = self.cluster(cluster).ok().map(|row| row.name).unwrap_or_default();
        let servers = self.trusted_servers().into_iter().filter(|server| server.configured().serves(&context));
        servers.flat_map(|server| server.tools()).fold(self.toolbox.clone(), Toolbox::with)
    }

    pub(crate) fn toolbox_of_all(&self) -> Toolbox {
        self.trusted_servers().iter().flat_map(Server::tools).fold(self.toolbox.clone(), Toolbox::with)
    }

    /// A tool of a trusted server, whatever clusters it is for.
    pub(crate) fn foreign_tool(&self, name: &str) -> Option<Arc<dyn Tool>> {
        if !name.starts_with("mcp.") {
            return None;
        }
        self.toolbox_of_all().get(name).cloned()
    }
}

fn compared(server: &Configured, accepted: &[Definition], now: Vec<Definition>) -> ServerTools {
    let before = |name: &str| accepted.iter().find(|definition| definition.name() == name);
    let gone = accepted.iter().map(Definition::name).filter(|name| now.iter().all(|d| d.name() != *name));
    let gone = gone.map(str::to_owned).collect();
    let tools = now.into_iter().map(|definition| ServerTool {
        name: format!("mcp.{}.{}", server.name, definition.name()),
        fingerprint: definition.fingerprint(),
        claims: definition.claims(),
        is_new: before(definition.name()).is_none(),
        changes: before(definition.name()).map(|before| before.changes(&definition)).unwrap_or_default(),
        is_taken: server.takes(definition.name()),
        is_read: server.reads.iter().any(|one| one == definition.name()),
        definition,
    });
    ServerTools { tools: tools.collect(), gone }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails says where")]
mod tests;
