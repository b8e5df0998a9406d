use clap::{Args, Subcommand};
use desk::GraphQuestion as Question;
use desk::rows::NodeState;
use model::Time;
use topology::Edge;

use crate::source::Source;
use crate::triage::mark;
use crate::{Failed, out};

/// Ask the dependency graph. Objects are written `Kind/namespace/name`; a name alone is enough where one object is called so.
#[derive(Subcommand)]
pub enum Topology {
    /// What an object depends on, and what depends on it.
    Neighbours {
        #[arg(long, value_name = "OBJECT")]
        of: String,
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=6))]
        hops: u32,
        #[command(flatten)]
        look: Look,
    },
    /// What is hit if it fails, over any number of hops.
    Radius {
        #[arg(long, value_name = "OBJECT")]
        of: String,
        #[command(flatten)]
        look: Look,
    },
    /// The shortest way of dependencies between two objects.
    Path {
        #[arg(long, value_name = "OBJECT")]
        from: String,
        #[arg(long, value_name = "OBJECT")]
        to: String,
        #[command(flatten)]
        look: Look,
    },
    /// The way from a symptom down to where it breaks first.
    Broken {
        #[arg(long, value_name = "OBJECT")]
        of: String,
        #[command(flatten)]
        look: Look,
    },
    /// What appeared and what is gone since an earlier time.
    Diff {
        /// RFC 3339, such as 2026-03-01T02:00:00Z.
        #[arg(long, value_name = "TIME")]
        since: Time,
        #[command(flatten)]
        look: Look,
    },
}

#[derive(Args)]
pub struct Look {
    #[command(flatten)]
    source: Source,
    /// As it was then (RFC 3339); left out: now, or a recording's end.
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    #[arg(long)]
    json: bool,
}

impl Topology {
    pub async fn run(self) -> Result<(), Failed> {
        let (question, look) = match self {
            Topology::Neighbours { of, hops, look } => (Question::Neighbours { of, hops }, look),
            Topology::Radius { of, look } => (Question::Radius { of }, look),
            Topology::Path { from, to, look } => (Question::Path { from, to }, look),
            Topology::Broken { of, look } => (Question::FirstBroken { of }, look),
            Topology::Diff { since, look } => (Question::Difference { since }, look),
        };
        if let (Question::Difference { since }, Some(at)) = (&question, look.at)
            && *since > at
        {
            return Err(Failed::Usage {
                what: format!("--since {since} is after --at {at}."),
                hint: "Give the earlier time to --since.".into(),
            });
        }
        let opened = look.source.open().await?;
        let answer = opened.desk.ask_graph(&opened.cluster, &question, look.at)?;
        if look.json {
            return out::json(&serde_json::to_value(&answer).unwrap_or_default());
        }
        out::line(&answer.says);
        for state in &answer.objects {
            out::line(&format!("  {}", told(state)));
        }
        for edge in &answer.edges {
            out::line(&format!("    {}", said(edge)));
        }
        if answer.hidden > 0 {
            out::line(&format!(
                "  and {} further away (--json has no more of them; ask with fewer hops)",
                answer.hidden
            ));
        }
        if let Some(difference) = &answer.difference {
            let objects =
                |sign: char, list: &[model::ObjectRef]| list.iter().for_each(|o| out::line(&format!("  {sign} {o}")));
            let edges =
                |sign: char, list: &[Edge]| list.iter().for_each(|e| out::line(&format!("  {sign} {}", said(e))));
            objects('+', &difference.appeared);
            objects('-', &difference.gone);
            edges('+', &difference.edges_appeared);
            edges('-', &difference.edges_gone);
        }
        Ok(())
    }
}

fn told(state: &NodeState) -> String {
    let mark = state.severity.map_or("well      ", mark);
    let status = if state.status.is_empty() { String::new() } else { format!("  {}", state.status) };
    let gone = if state.exists { "" } else { "  (does not exist, or is not known)" };
    format!("{mark} {}{status}{gone}", state.object)
}

fn said(edge: &Edge) -> String {
    let class = format!("{:?}", edge.class).to_lowercase();
    format!("{} {} {}: {} ({class}, since {})", edge.from, edge.relation.words(), edge.to, edge.reason, edge.since)
}
