use std::path::PathBuf;

use clap::Args;
use desk::rows::{ClusterRow, Problem};
use serde::Serialize;

use crate::{Failed, out, source};

#[derive(Args)]
pub struct Clusters {
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
        let desk = source::desk(true, &self.kubeconfig)?;
        let list = List { clusters: desk.clusters(), problems: desk.kubeconfig_problems() };
        if self.json {
            return out::json(&list);
        }
        for problem in &list.problems {
            out::say(&format!("caseboard: {problem}"));
        }
        if list.clusters.is_empty() {
            out::say("No context in any kubeconfig. `caseboard playground` serves a cluster to practise on.");
        }
        for row in &list.clusters {
            out::line(&format!("{:<32} {:<44} {}", row.name, row.server, row.source));
            for problem in &row.problems {
                out::say(&format!("  {problem}"));
            }
        }
        Ok(())
    }
}
