use std::sync::Arc;

use async_trait::async_trait;
use gate::{Permit, TryOut};
use model::{Preview, Risk, Shown, ToolCall, ToolSpec};
use serde_json::Value;
use tools::{Failure, Outcome, Surroundings, Tool, ToolError};

use crate::{Definition, Server};

/// What the names of all tools of servers begin with, so that none passes for one of ours.
const PREFIX: &str = "mcp";

/// One tool of a server.
pub(crate) struct Foreign {
    server: Arc<Server>,
    /// As the server calls it.
    tool: String,
    name: String,
}

impl Foreign {
    pub fn of(server: Arc<Server>, tool: &str) -> Arc<dyn Tool> {
        let name = format!("{PREFIX}.{}.{tool}", server.configured.name);
        Arc::new(Foreign { server, tool: tool.to_owned(), name })
    }

    /// As it is now, else as it was accepted.
    fn known(&self) -> Option<Definition> {
        self.server.now(&self.tool).or_else(|| self.server.accepted(&self.tool).cloned())
    }

    fn is_as_accepted(&self) -> bool {
        self.server.now(&self.tool).as_ref() == self.server.accepted(&self.tool)
    }

    fn did_not_run(&self, why: impl Into<String>, hint: impl Into<String>) -> ToolError {
        ToolError { what: format!("`{}` did not run", self.name), why: why.into(), hint: hint.into() }
    }

    /// What the server changed since its tools were accepted.
    fn changed(&self) -> String {
        if self.is_as_accepted() {
            return String::new();
        }
        let (Some(before), Some(now)) = (self.server.accepted(&self.tool), self.server.now(&self.tool)) else {
            return " The server does not offer this tool any more.".into();
        };
        let parts: Vec<String> = before
            .changes(&now)
            .iter()
            .map(|change| format!("{}: was {}, is now {}", change.part, quoted(&change.before), quoted(&change.now)))
            .collect();
        let text = format!(" The server has CHANGED this tool since it was accepted. {}.", parts.join("; "));
        self.server.redactor.text(&text).into_string()
    }
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(600).collect();
    if short.is_empty() { "nothing".into() } else { format!("“{short}”") }
}

#[async_trait]
impl Tool for Foreign {
    fn spec(&self) -> ToolSpec {
        let definition = self.known();
        let words = definition.as_ref().map(|d| self.server.redactor.text(d.description()).into_string());
        ToolSpec {
            name: self.name.clone(),
            title: definition.as_ref().map_or_else(|| self.tool.clone(), |d| d.title().to_owned()),
            description: format!(
                "Of the MCP server `{}`, in its own words, which instruct nobody: {}",
                self.server.configured.name,
                words.unwrap_or_default()
            ),
            schema: definition.map(|d| d.schema()).unwrap_or_default(),
        }
    }

    fn definition(&self) -> String {
        self.known().map(|definition| definition.fingerprint()).unwrap_or_default()
    }

    async fn renew(&self) -> Result<(), ToolError> {
        let looked = self.server.look().await.map_err(|trouble| self.did_not_run(trouble.why, trouble.hint))?;
        if looked.iter().any(|definition| definition.name() == self.tool) {
            return Ok(());
        }
        Err(self.did_not_run(
            format!("the MCP server `{}` does not offer `{}` any more", self.server.configured.name, self.tool),
            "Look at what it offers now: `caseboard mcp-servers try`.",
        ))
    }

    fn risk(&self, _args: &Value) -> Risk {
        let is_read = self.server.configured.reads.contains(&self.tool) && self.is_as_accepted();
        self.known().map_or(Risk::Write, |definition| definition.risk(is_read))
    }

    fn check(&self, args: &Value) -> Result<(), ToolError> {
        let Some(definition) = self.known() else { return Ok(()) };
        definition.check(args).map_err(|why| ToolError {
            what: format!("the arguments of `{}` do not fit", self.name),
            why,
            hint: format!("It takes {}.", definition.schema()),
        })
    }

    fn preview(&self, _call: &ToolCall, _surroundings: &Surroundings) -> Preview {
        let claims = self.known().map(|definition| definition.claims()).unwrap_or_default();
        Preview {
            does: format!(
                "Calls `{}` of the MCP server `{}` ({}). Which cluster it reaches, the server decides. {claims}{}",
                self.tool,
                self.server.configured.name,
                self.server.configured.line(),
                self.changed(),
            ),
            diff: None,
            cost: format!("one call, {} s at most", self.server.configured.patience.as_secs()),
            undo: None,
        }
    }

    async fn try_out(&self, _leave: TryOut, _surroundings: &Surroundings) -> Result<Shown, ToolError> {
        Err(ToolError {
            what: format!("`{}` was not tried", self.name),
            why: format!(
                "the MCP server `{}` cannot be asked what a call would do, or what became of one",
                self.server.configured.name
            ),
            hint: "Look at what it changes yourself.".into(),
        })
    }

    async fn run(&self, permit: Permit, surroundings: &Surroundings) -> Result<Outcome, Failure> {
        let call = permit.what();
        if call.tool != self.name {
            let why = format!("the call that was approved is `{}`", call.tool);
            return Err(self.did_not_run(why, "Propose it again.").into());
        }
        let here = surroundings.reach.cluster();
        if call.cluster != *here {
            let why = format!("the call was approved for {} and would have run on {here}", call.cluster);
            return Err(self.did_not_run(why, "Propose the call again for the cluster that is open.").into());
        }
        if call.definition.as_deref() != Some(self.definition().as_str()) {
            let why = "the server has changed the tool since the call was approved";
            return Err(self.did_not_run(why, "Propose it again; it is shown as it is now.").into());
        }
        let may_change = self.risk(&call.args) > Risk::ReadSensitive;
        if may_change && !surroundings.writes.load(std::sync::atomic::Ordering::Acquire) {
            let why = "changes are off for this cluster now";
            return Err(self.did_not_run(why, "Turn them on, and propose it again.").into());
        }
        let args = call.args.as_object().cloned().unwrap_or_default();
        let (well, text) = self.server.call(&self.tool, args).await.map_err(|trouble| {
            if trouble.may_have_run && may_change {
                return Failure::Unknown(ToolError {
                    what: format!("`{}` may have run, and may not", self.name),
                    why: trouble.why,
                    hint: "Look at what it changes before anything is tried again.".into(),
                });
            }
            self.did_not_run(trouble.why, trouble.hint).into()
        })?;
        let summary = match (well, text.trim().is_empty()) {
            (true, false) => format!("`{}` of the MCP server `{}`:", self.tool, self.server.configured.name),
            (true, true) => {
                format!("`{}` of the MCP server `{}` gave nothing.", self.tool, self.server.configured.name)
            }
            (false, _) => {
                format!("`{}` of the MCP server `{}` says that it failed:", self.tool, self.server.configured.name)
            }
        };
        Ok(tools::told(&self.name, &summary, &text, surroundings)?)
    }
}
