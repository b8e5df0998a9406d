use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use gate::Permit;
use model::{Body, NodeAgentBody, Observation, Preview};
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, keep, short, unread};
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

const SHOWN_LINES: usize = 5;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// One node; left out: every node.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Node")]
    pub node: Option<String>,
}

pub(crate) struct NodeAgents;

#[async_trait]
impl Typed for NodeAgents {
    type Args = Args;
    const NAME: &'static str = "node_agents";
    const TITLE: &'static str = "Node agents";
    const DESCRIPTION: &'static str = "Reads what the services of a node say of themselves: kubelet, container runtime, \
        kube-proxy, the control plane's own, the kernel.";

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let of = args.node.as_ref().map_or_else(|| "every node".to_owned(), |node| format!("node `{node}`"));
        Preview {
            does: format!("Reads the state and the last lines of the agents on {of}."),
            diff: None,
            cost: "a line for each agent, and the lines that look like trouble".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let node = args.node.as_deref().map(str::trim);
        let read = surroundings.reach.node_agents(&permit, node, surroundings.as_of).await;
        let read = read.map_err(|e| unread(Self::NAME, &e))?;
        Ok(told(&keep(Self::NAME, read.observations, surroundings)?, &read.notes))
    }
}

fn works(agent: &NodeAgentBody) -> bool {
    agent.state.is_empty() || agent.state == "ok" || agent.state.starts_with("active")
}

fn told(agents: &[Arc<Observation>], notes: &[String]) -> Answer {
    let mut by_node: BTreeMap<&str, Vec<&NodeAgentBody>> = BTreeMap::new();
    for o in agents {
        if let Body::NodeAgent(agent) = &o.body {
            by_node.entry(&agent.node).or_default().push(agent);
        }
    }
    let down: Vec<String> = by_node
        .values()
        .flatten()
        .filter(|agent| !works(agent))
        .map(|agent| format!("`{}` on {} is {}", agent.service, agent.node, agent.state))
        .collect();
    let looked = format!("{} on {}", count(agents.len(), "agent", "agents"), count(by_node.len(), "node", "nodes"));
    let summary =
        if down.is_empty() { format!("{looked}: none is down.") } else { format!("{looked}: {}.", down.join(", ")) };
    let mut answer = Answer::new(summary).part(notes.join("\n"));
    for (node, mut agents) in by_node {
        agents.sort_by_key(|agent| (works(agent), agent.service.clone()));
        let lines: Vec<String> = agents.into_iter().map(one).collect();
        answer = answer.part(format!(
            "== {}\n{}",
            if node.is_empty() { "(node not named)" } else { node },
            lines.join("\n")
        ));
    }
    answer.resting_on(agents.iter().cloned())
}

#[expect(clippy::unwrap_used, reason = "the expression is a constant, and a test uses it")]
static TROUBLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(\berr(or)?\b|\bE\d{4}\b|fail|fatal|panic|refused|timed? ?out|denied|cannot|unable|oom|killed|xid|i/o error|no space|expired|not ready|stopped|dead)").unwrap()
});

fn one(agent: &NodeAgentBody) -> String {
    let state = if agent.state.is_empty() { "its state is not told" } else { &agent.state };
    let mut text = format!("{}: {state}", agent.service);
    let lines: Vec<&str> = agent.output.lines().filter(|l| !l.trim().is_empty()).collect();
    let trouble: Vec<&&str> = lines.iter().filter(|line| TROUBLE.is_match(line)).collect();
    for line in &trouble[trouble.len().saturating_sub(SHOWN_LINES)..] {
        text.push_str(&format!("\n    {}", short(line, 300)));
    }
    if trouble.len() > SHOWN_LINES {
        text.push_str(&format!("\n    (the last {SHOWN_LINES} of {} lines that look like trouble)", trouble.len()));
    }
    text
}
