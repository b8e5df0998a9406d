use std::path::PathBuf;

use clap::Args;
use desk::rows::{ExecRow, TrustState};

use crate::{Failed, out, source};

/// Allow the program that a kubeconfig runs for a login, or list what was decided.
#[derive(Args)]
pub struct Trust {
    /// The context whose login's program may run. Without one: list them all.
    #[arg(value_name = "CONTEXT")]
    context: Option<String>,
    /// Forbid it instead.
    #[arg(long, requires = "context", conflicts_with = "forget")]
    refuse: bool,
    /// Forget what was decided, so that it is asked again.
    #[arg(long, requires = "context")]
    forget: bool,
    /// Kubeconfig files, instead of $KUBECONFIG and ~/.kube/config.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    kubeconfig: Vec<PathBuf>,
    #[arg(long)]
    json: bool,
}

impl Trust {
    pub fn run(self) -> Result<(), Failed> {
        let desk = source::desk(false, &self.kubeconfig)?;
        let Some(context) = &self.context else {
            let rows = desk.trust_list();
            if self.json {
                return out::json(&rows);
            }
            if rows.is_empty() {
                out::say("No kubeconfig runs a program to log in.");
            }
            rows.iter().for_each(show);
            return Ok(());
        };
        let row = desk.cluster(&desk.cluster_of_context(context)?)?;
        let Some(exec) = row.exec else {
            out::say(&format!("`{context}` runs no program to log in; there is nothing to trust."));
            return Ok(());
        };
        let trust = match (self.refuse, self.forget) {
            (true, _) => TrustState::Refused,
            (false, true) => TrustState::Undecided,
            (false, false) => TrustState::Trusted,
        };
        let rows = desk.decide_trust(&exec.digest, trust)?;
        let decided = rows.into_iter().find(|row| row.digest == exec.digest);
        if self.json {
            return out::json(&decided);
        }
        decided.iter().for_each(show);
        Ok(())
    }
}

fn show(row: &ExecRow) {
    let word = match row.trust {
        TrustState::Undecided => "not decided",
        TrustState::Trusted => "trusted",
        TrustState::Refused => "refused",
    };
    out::line(&format!("{word:<12} {}", row.line));
    if !row.env.is_empty() {
        out::line(&format!("{:<12} with {}", "", row.env.join(", ")));
    }
    out::line(&format!("{:<12} of {}", "", row.source));
}
