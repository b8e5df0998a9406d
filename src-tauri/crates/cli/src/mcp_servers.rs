use std::io::IsTerminal;

use clap::{Args, Subcommand};
use desk::rows::TrustState;
use desk::{Desk, ServerRow, ServerTool, ServerTools};

use crate::{Failed, ask, out, source};

/// Use tools of MCP servers in investigations. They stand in `mcp.json` in the desk's folder, in the form that other
/// programs use: `{"mcpServers": {"NAME": {"command": "…", "args": ["…"], "env": {"…": "…"}}}}`, or with `url` and
/// `headers`. `reads` names tools that only read, `tools` those that are taken in, `clusters` the contexts they are for.
#[derive(Args)]
pub struct McpServers {
    #[command(subcommand)]
    command: Option<Command>,
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Start a server, or connect to it, and show its tools whole; nothing is kept.
    Try {
        name: String,
        /// Do not ask whether it may be started.
        #[arg(long)]
        yes: bool,
    },
    /// Start a server, show its tools, and accept them as they are now; also after it changed them.
    Trust {
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Never start it.
    Refuse { name: String },
    /// Forget what was decided.
    Forget { name: String },
}

impl McpServers {
    pub async fn run(self) -> Result<(), Failed> {
        let desk = source::desk(false, &[])?;
        match self.command {
            None => list(&desk, self.json),
            Some(Command::Try { name, yes }) => {
                let row = named(&desk, &name)?;
                if row.trust != TrustState::Trusted {
                    may_start(&row, yes)?;
                }
                let offered = desk.try_mcp_server(&name, &row.digest).await?;
                if self.json {
                    return out::json(&offered);
                }
                show(&offered, true);
                Ok(())
            }
            Some(Command::Trust { name, yes }) => {
                let row = named(&desk, &name)?;
                if row.trust != TrustState::Trusted {
                    may_start(&row, yes)?;
                }
                if !yes {
                    show(&desk.try_mcp_server(&name, &row.digest).await?, false);
                    if !agreed("Accept these tools? Each call still asks. [y/N] > ") {
                        out::say("Nothing was changed.");
                        return Err(Failed::Silent);
                    }
                }
                let accepted = desk.trust_mcp_server(&name, &row.digest).await?;
                if self.json {
                    return out::json(&accepted);
                }
                let count = accepted.tools.len();
                out::line(&format!("`{name}` is trusted; {count} tools are accepted as they are now."));
                Ok(())
            }
            Some(Command::Refuse { name }) => told(&desk.decide_mcp_server(&name, TrustState::Refused)?, self.json),
            Some(Command::Forget { name }) => told(&desk.decide_mcp_server(&name, TrustState::Undecided)?, self.json),
        }
    }
}

fn named(desk: &Desk, name: &str) -> Result<ServerRow, Failed> {
    let servers = desk.mcp_servers();
    servers.problems.iter().for_each(|problem| out::say(&format!("caseboard: {problem}")));
    servers.servers.into_iter().find(|row| row.name == name).ok_or_else(|| {
        Failed::Act(desk::DeskError {
            code: "not_found",
            what: format!("There is no MCP server `{name}` that can be used."),
            hint: format!("`{}` names them.", servers.path),
        })
    })
}

/// What it would run is shown before it runs for the first time.
fn may_start(row: &ServerRow, yes: bool) -> Result<(), Failed> {
    out::say(&format!("The MCP server `{}` would be started, or asked, as you:\n  {}", row.name, row.line));
    if yes || agreed("Do that? [y/N] > ") {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failed::Usage {
            what: format!("`{}` was not started: nobody could be asked.", row.name),
            hint: "Say --yes if it may.".into(),
        });
    }
    out::say("Nothing was started.");
    Err(Failed::Silent)
}

fn agreed(question: &str) -> bool {
    std::io::stdin().is_terminal()
        && ask::prompt(question).is_some_and(|line| matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn list(desk: &Desk, json: bool) -> Result<(), Failed> {
    let servers = desk.mcp_servers();
    if json {
        return out::json(&servers);
    }
    servers.problems.iter().for_each(|problem| out::say(&format!("caseboard: {problem}")));
    if servers.servers.is_empty() && servers.problems.is_empty() {
        out::say(&format!("There are no MCP servers. Write them into `{}`; `--help` shows how.", servers.path));
    }
    for row in &servers.servers {
        told(row, false)?;
    }
    Ok(())
}

fn told(row: &ServerRow, json: bool) -> Result<(), Failed> {
    if json {
        return out::json(row);
    }
    let word = match (row.disabled, row.trust) {
        (true, _) => "disabled",
        (false, TrustState::Undecided) => "not decided",
        (false, TrustState::Trusted) => "trusted",
        (false, TrustState::Refused) => "refused",
    };
    out::line(&format!("{word:<12} {:<16} {} tools   {}", row.name, row.tools, row.line));
    Ok(())
}

fn show(offered: &ServerTools, whole: bool) {
    for ServerTool { name, definition, claims, is_new, changes, is_taken, fingerprint, is_read } in &offered.tools {
        let mark = match (is_taken, is_new, changes.is_empty()) {
            (false, _, _) => " (not taken in)",
            (true, true, _) => " (new)",
            (true, false, false) => " (CHANGED)",
            (true, false, true) => "",
        };
        out::line(&format!("\n{name}{mark}\n  {}\n  {claims}", definition.description().trim()));
        if *is_read {
            out::line("  `mcp.json` says that it only reads: rules may let it pass");
        }
        for change in changes {
            out::line(&format!("  {}: was “{}”, is now “{}”", change.part, change.before, change.now));
        }
        if whole || *is_new || !changes.is_empty() {
            out::line(&format!("  takes {}\n  fingerprint {fingerprint}", definition.schema()));
        }
    }
    for name in &offered.gone {
        out::line(&format!("\n{name}\n  is not offered any more"));
    }
}
