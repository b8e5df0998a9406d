//! `caseboard`, the same engine without a window: a stable contract for scripts.
//!
//! `--json` prints one JSON document on stdout; everything else goes to stderr. Exit 0: done, 1: failed, 2: bad usage.

mod act;
mod ask;
mod audit;
mod blueprint;
mod case;
mod clusters;
mod diagnose;
mod eval;
mod group;
mod history;
mod knowledge;
mod limits;
mod mcp;
mod mcp_servers;
mod models;
mod out;
mod playground;
mod quantity;
mod record;
mod report;
mod rules;
mod source;
mod topology;
mod triage;
mod trust;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use desk::DeskError;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Investigate Kubernetes incidents: which things are broken, why, and what to do.
#[derive(Parser)]
#[command(name = "caseboard", disable_version_flag = true)]
struct Caseboard {
    /// Print the version and where logs are written.
    #[arg(long)]
    version: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// List the contexts of every kubeconfig; contacts nothing.
    #[command(visible_alias = "contexts")]
    Clusters(clusters::Clusters),
    /// Allow the program that a kubeconfig runs for a login, or list what was decided.
    Trust(trust::Trust),
    /// Say what is broken.
    Triage(triage::Triage),
    /// Ask the dependency graph: neighbours, the way between two objects, what is hit, where it breaks first, what differs.
    #[command(subcommand)]
    Topology(topology::Topology),
    /// Find the cause, call by call.
    Diagnose(diagnose::Diagnose),
    /// Make one call yourself: a change, or a read; it is shown and waits for your word.
    Act(act::Act),
    /// Record a cluster into a file, for days, with nobody at the screen.
    Record(record::Record),
    /// Show what is kept of each cluster on this machine, or change it.
    History(history::History),
    /// Serve a practice cluster in trouble over the Kubernetes API.
    Playground(playground::Playground),
    /// Export, import or show cases.
    #[command(subcommand)]
    Case(case::Case),
    /// Check that a case's log was not altered.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Set up language models.
    Models(models::Models),
    /// List what files of rules allow, ask and forbid; check a file; try a call.
    Rules(rules::Rules),
    /// Use tools of MCP servers in investigations: list them, look at what they offer, trust them.
    McpServers(mcp_servers::McpServers),
    /// Serve triage, diagnosis, topology, history and knowledge to another agent over MCP, read-only.
    Mcp(mcp::Mcp),
    /// Split, merge and pin incidents; each decision is a rule from then on.
    #[command(subcommand)]
    Group(group::Group),
    /// List, import, export, compare what a team knows of its own system.
    #[command(subcommand)]
    Blueprint(blueprint::Blueprint),
    /// Run golden scenarios and score the built-in investigator, or a model that argues with it.
    Eval(eval::Eval),
    /// Check what the library knows.
    #[command(subcommand)]
    Knowledge(knowledge::Knowledge),
}

/// Why a command ended: what to print, and with which exit code.
enum Failed {
    Act(DeskError),
    Usage {
        what: String,
        hint: String,
    },
    /// Everything is printed already.
    Silent,
}

impl From<DeskError> for Failed {
    fn from(error: DeskError) -> Self {
        Failed::Act(error)
    }
}

impl From<::history::Error> for Failed {
    fn from(error: ::history::Error) -> Self {
        Failed::Act(error.into())
    }
}

fn main() -> ExitCode {
    let caseboard = Caseboard::parse();
    if caseboard.version {
        return version();
    }
    let Some(command) = caseboard.command else {
        eprintln!("caseboard: say what to do; `caseboard --help` lists it.");
        return ExitCode::from(2);
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("caseboard: could not start: {error}.");
            return ExitCode::from(1);
        }
    };
    let done = runtime.block_on(async {
        match command {
            Command::Clusters(clusters) => clusters.run(),
            Command::Trust(trust) => trust.run(),
            Command::Triage(triage) => triage.run().await,
            Command::Topology(topology) => topology.run().await,
            Command::Diagnose(diagnose) => diagnose.run().await,
            Command::Act(act) => act.run().await,
            Command::Record(record) => record.run().await,
            Command::History(history) => history.run(),
            Command::Playground(playground) => playground.run().await,
            Command::Case(case) => case.run(),
            Command::Audit(audit) => audit.run(),
            Command::Models(models) => models.run().await,
            Command::Rules(rules) => rules.run(),
            Command::McpServers(servers) => servers.run().await,
            Command::Mcp(mcp) => mcp.run().await,
            Command::Group(group) => group.run(),
            Command::Blueprint(blueprint) => blueprint.run().await,
            Command::Eval(eval) => eval.run().await,
            Command::Knowledge(knowledge) => knowledge.run(),
        }
    });
    // A watch that hangs in a connection attempt must not keep the program.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Silent) => ExitCode::from(1),
        Err(Failed::Act(error)) => {
            eprintln!("caseboard: {}", error.to_string().trim_end());
            ExitCode::from(1)
        }
        Err(Failed::Usage { what, hint }) => {
            eprintln!("caseboard: {what} {hint}");
            ExitCode::from(2)
        }
    }
}

fn version() -> ExitCode {
    match desk::Paths::of_this_machine() {
        Ok(paths) => out::line(&format!(
            "caseboard {}\nlogs: {}\nstate: {}",
            env!("CARGO_PKG_VERSION"),
            paths.logs().display(),
            paths.state().display()
        )),
        Err(error) => out::line(&format!("caseboard {}\nlogs: none ({error})", env!("CARGO_PKG_VERSION"))),
    }
    ExitCode::SUCCESS
}
