use std::path::PathBuf;

use clap::Args;
use desk::rows::{ClusterRow, Problem};
use serde::Serialize;

use crate::{Failed, out, source};

#[derive(Args)]
pub struct Clusters {
    /// Only those in whose name, server, file, user or namespace every one of these words stands.
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    /// Kubeconfig files, instead of $KUBECONFIG and ~/.kube/config.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    kubeconfig: Vec<PathBuf>,
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct List {
    clusters: Vec<ClusterRow>,
    problems: Vec<Problem>,
}

impl Clusters {
    pub fn run(self) -> Result<(), Failed> {
        let desk = source::desk(false, &self.kubeconfig)?;
        let list = List { clusters: desk.search_clusters(&self.words.join(" ")), problems: desk.kubeconfig_problems() };
        if self.json {
            return out::json(&list);
        }
        for problem in &list.problems {
            out::say(&format!("caseboard: {problem}"));
        }
        if list.clusters.is_empty() && !self.words.is_empty() {
            out::say(&format!(
                "No context has `{}` in its name, server, file, user or namespace.",
                self.words.join(" ")
            ));
        } else if list.clusters.is_empty() {
            out::say("No context in any kubeconfig. `caseboard playground` serves a cluster to practise on.");
        }
        for row in &list.clusters {
            let current = if row.current { "*" } else { " " };
            let insecure = if row.insecure { "  (server not checked)" } else { "" };
            out::line(&format!("{current} {:<32} {:<44} {}{insecure}", row.name, row.server, row.source));
            for problem in &row.problems {
                out::say(&format!("  {problem}"));
            }
        }
        Ok(())
    }
}
