use std::path::PathBuf;

use clap::{Args, Subcommand};
use desk::rows::{FileRuleRow, RuleDoes, RulesFile};
use model::Ruling;
use serde_json::Value;

use crate::{Failed, out, source};

/// What may run without asking, what asks, and what is forbidden, by files: `rules.yaml` in the desk's folder, and in each
/// folder of CASEBOARD_KNOWLEDGE. They are read again whenever something is ruled on. While one of them cannot be used,
/// everything is forbidden.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub struct Rules {
    #[command(subcommand)]
    command: Option<Command>,
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLE: &str = "A file of rules:

  rules:
    - name: logs of the shop
      does: allow              # reads alone; `ask` and `forbid` cover everything. The strictest rule that fits counts.
      tools: [logs, events]    # `*` stands for anything, here and below: mcp.grafana.*
      clusters: [staging-*]    # names of contexts
      namespaces: [shop]
      kinds: [Pod, Deployment]
      args: {container: app}
      until: 2026-12-31T18:00:00Z
      uses: 50
      because: the sale, until it is over
      tests:
        - {tool: logs, cluster: staging-1, args: {namespace: shop, pod: cart-0}, gives: allow}
        - {tool: logs, cluster: prod, args: {namespace: shop, pod: cart-0}, gives: ask}
    - name: nothing is deleted here
      does: forbid
      verbs: [destructive]     # read, read-sensitive, write, destructive
      because: the team restarts by rollout
      tests:
        - {tool: delete_pod, args: {namespace: shop, name: cart-0}, gives: forbid}

Every rule says why (`because`) and carries tests, which are run whenever the file is read.";

#[derive(Subcommand)]
enum Command {
    /// Read a file, and run its tests; without FILE those that are in use.
    Check { file: Option<PathBuf> },
    /// Say what would be ruled of a call now; nothing is proposed.
    Try {
        tool: String,
        /// Its arguments, in JSON.
        #[arg(default_value = "{}")]
        args: String,
        /// The context of the cluster.
        #[arg(long, value_name = "NAME", default_value = "")]
        context: String,
        /// As if changes were on for the cluster.
        #[arg(long)]
        allow_writes: bool,
    },
}

impl Rules {
    pub fn run(self) -> Result<(), Failed> {
        let desk = source::desk(false, &[])?;
        match self.command {
            None => {
                let files = desk.rules_files()?;
                if self.json {
                    return out::json(&files);
                }
                let mut any = false;
                for file in files.iter().filter(|file| file.exists) {
                    show(file);
                    any = true;
                }
                if !any {
                    let first = files.first().map(|file| file.path.clone()).unwrap_or_default();
                    out::say(&format!(
                        "There are no rules: every call asks. Write them into `{first}`; `--help` shows how."
                    ));
                }
                Ok(())
            }
            Some(Command::Check { file: Some(file) }) => {
                let checked = desk.check_rules(&file)?;
                if self.json {
                    return out::json(&checked);
                }
                show(&checked);
                Ok(())
            }
            Some(Command::Check { file: None }) => {
                let files = desk.rules_files()?;
                if self.json {
                    out::json(&files)?;
                } else {
                    files.iter().filter(|file| file.exists).for_each(show);
                }
                if files.iter().any(|file| file.broken.is_some()) { Err(Failed::Silent) } else { Ok(()) }
            }
            Some(Command::Try { tool, args, context, allow_writes }) => {
                let args: Value = serde_json::from_str(&args).map_err(|error| Failed::Usage {
                    what: format!("The arguments are no JSON: {error}."),
                    hint: "Write them as in '{\"namespace\": \"shop\"}'.".into(),
                })?;
                let tried = desk.try_rules(&context, &tool, &args, allow_writes)?;
                if self.json {
                    return out::json(&tried);
                }
                out::line(&match tried.ruling {
                    Ruling::Ask => "It asks.".to_owned(),
                    Ruling::Allowed { rule } => format!("`{rule}` allows it."),
                    Ruling::Forbidden { rule, because } => format!("`{rule}` forbids it: {because}"),
                });
                Ok(())
            }
        }
    }
}

fn show(file: &RulesFile) {
    out::line(&file.path);
    if let Some(problem) = &file.broken {
        out::line(&format!("  CANNOT BE USED, everything is forbidden: {} {}", problem.why, problem.hint));
    }
    for FileRuleRow { name, line, does, covers, until, is_over, uses, used, because, tests } in &file.rules {
        let word = match does {
            RuleDoes::Allow => "allow",
            RuleDoes::Ask => "ask",
            RuleDoes::Forbid => "forbid",
        };
        let over = if *is_over { " (over)" } else { "" };
        out::line(&format!("  {word:<6} {name}{over}: {covers}"));
        let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
        let uses = match (does, uses) {
            (RuleDoes::Allow, Some(most)) => format!(", used {used} of {most} times"),
            (RuleDoes::Allow, None) => format!(", used {used} times"),
            (RuleDoes::Ask | RuleDoes::Forbid, _) => String::new(),
        };
        let hold = if *tests == 1 { "test holds" } else { "tests hold" };
        out::line(&format!("         line {line}{until}{uses}, {tests} {hold}. {because}"));
    }
}
