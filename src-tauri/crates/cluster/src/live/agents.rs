use futures::StreamExt;
use model::{Body, NodeAgentBody, ObjectRef, Observation, Time};

use super::{Answer, refusal, segment, status_of};
use crate::{Connection, ReadError};

/// Kubelets asked at the same time.
const AT_ONCE: usize = 8;
const MOST_NODES: usize = 200;

impl Connection {
    /// Whether each kubelet answers through the API server, and what it says of its health.
    pub(crate) async fn node_agents(&self, node: Option<&str>) -> Answer {
        let nodes: Vec<String> = match node {
            Some(node) => vec![node.to_owned()],
            None => self.nodes().await?,
        };
        // Owned names: a closure over borrowed ones would make this future one that no other thread may poll.
        let asked = futures::stream::iter(nodes).map(|node| async move { self.ask_kubelet(&node).await });
        let asked: Vec<Result<Vec<Observation>, ReadError>> = asked.buffered(AT_ONCE).collect().await;
        let mut found = Vec::new();
        let mut refused = None;
        for answer in asked {
            match answer {
                Ok(agents) => found.extend(agents),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    async fn nodes(&self) -> Result<Vec<String>, ReadError> {
        let history = self.inner.history.clone();
        let known = tokio::task::spawn_blocking(move || {
            let snapshot = history.snapshot(Time::MAX)?;
            Ok::<_, history::Error>(snapshot.of_kind("Node").map(|(node, _)| node.name.to_string()).collect::<Vec<_>>())
        });
        let mut nodes = known.await.unwrap_or_else(|_| Ok(Vec::new()))?;
        if nodes.is_empty() {
            let what = "the list of nodes";
            let list = self.inner.get_json("/api/v1/nodes?limit=200").await.map_err(|t| t.reading(what))?;
            let items = list["items"].as_array().into_iter().flatten();
            nodes = items.filter_map(|item| item["metadata"]["name"].as_str().map(str::to_owned)).collect();
        }
        nodes.truncate(MOST_NODES);
        Ok(nodes)
    }

    async fn ask_kubelet(&self, node: &str) -> Answer {
        let what = format!("what the kubelet of node `{node}` says");
        let path = format!("/api/v1/nodes/{}/proxy/healthz?verbose=true", segment(node));
        let (code, answer) = self.inner.ask(&path, "*/*", 64 << 10).await.map_err(|trouble| trouble.reading(&what))?;
        let refused = status_of(&answer.text);
        let state = match (code.as_u16(), refused.is_some()) {
            (200..=299, _) => "ok",
            (403, true) => {
                let hint = "Ask for `get` on `nodes/proxy`, or look at the node itself.";
                return Err(ReadError::Refused { what, why: refusal(code, &answer.text).why, hint: hint.into() });
            }
            (404, _) => {
                return Err(ReadError::not_available(
                    what,
                    "the node does not exist, or the API server does not pass questions on to its kubelet",
                    "Look at the node itself, with `systemctl status kubelet`.",
                ));
            }
            (401, true) => return Err(refusal(code, &answer.text).reading(what)),
            // The API server was reached and could not reach the kubelet.
            (_, true) => "failed (does not answer)",
            (_, false) => "failed (not healthy)",
        };
        let text = refused.map_or(answer.text, |status| status.message);
        let output = self.inner.redactor.text(text.trim()).as_str().to_owned();
        Ok(self.agents_of(node, state, &output))
    }

    /// The kubelet, and where its page lists other services by name and state, those.
    fn agents_of(&self, node: &str, kubelet: &str, output: &str) -> Vec<Observation> {
        let mut agents: Vec<(String, String, Vec<&str>)> = vec![("kubelet".into(), kubelet.into(), Vec::new())];
        for line in output.lines() {
            match service_state(line) {
                Some((service, state)) => agents.push((service.to_owned(), state.to_owned(), Vec::new())),
                None => agents.last_mut().into_iter().for_each(|agent| agent.2.push(line)),
            }
        }
        agents
            .into_iter()
            .map(|(service, state, lines)| {
                let output = lines.join("\n").trim().to_owned();
                let body = NodeAgentBody { node: node.to_owned(), service, state, output };
                self.inner.read_now(ObjectRef::global("Node", node), Body::NodeAgent(body))
            })
            .collect()
    }
}

/// `containerd inactive (dead)`: a service and its state as systemd words it.
fn service_state(line: &str) -> Option<(&str, &str)> {
    let (service, state) = line.split_once(' ')?;
    let word = state.split(' ').next()?;
    let known = matches!(word, "active" | "inactive" | "failed" | "activating" | "deactivating" | "reloading");
    (known && state.ends_with(')')).then_some((service, state))
}
