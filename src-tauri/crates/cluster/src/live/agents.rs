use futures::StreamExt;
use model::{Body, NodeAgentBody, ObjectRef, Observation, Time};

use super::{Answer, segment};
use crate::{Connection, ReadError, TroubleKind};

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
        let asked: Vec<Result<Observation, ReadError>> = asked.buffered(AT_ONCE).collect().await;
        let mut found = Vec::new();
        let mut refused = None;
        for answer in asked {
            match answer {
                Ok(observation) => found.push(observation),
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
            Ok::<_, history::Error>(snapshot.of_kind("Node").map(|(node, _)| node.name.clone()).collect::<Vec<_>>())
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

    async fn ask_kubelet(&self, node: &str) -> Result<Observation, ReadError> {
        let what = format!("what the kubelet of node `{node}` says");
        let path = format!("/api/v1/nodes/{}/proxy/healthz?verbose=true", segment(node));
        let (state, output) = match self.inner.get_text(&path, "*/*", 64 << 10).await {
            Ok(answer) => {
                let output = self.inner.redactor.text(answer.text.trim()).as_str().to_owned();
                let healthy = output == "ok" || output.lines().any(|line| line.ends_with("check passed"));
                (if healthy { "ok".to_owned() } else { "answers".to_owned() }, output)
            }
            // The API server was reached and could not reach the kubelet, or the kubelet says it is not well.
            Err(trouble) if matches!(trouble.kind, TroubleKind::Busy | TroubleKind::Server) => {
                let output = self.inner.redactor.text(&trouble.why).as_str().to_owned();
                ("does not answer".to_owned(), output)
            }
            Err(trouble) if trouble.kind == TroubleKind::Refused => {
                return Err(ReadError::Refused {
                    what,
                    why: trouble.why,
                    hint: "Ask for `get` on `nodes/proxy`, or look at the node itself.".into(),
                });
            }
            Err(trouble) if trouble.kind == TroubleKind::Missing => {
                return Err(ReadError::not_available(
                    what,
                    format!("the API server does not pass questions on to it ({})", trouble.why),
                    "Look at the node itself, with `systemctl status kubelet`.",
                ));
            }
            Err(trouble) => return Err(trouble.reading(what)),
        };
        let body = NodeAgentBody { node: node.to_owned(), service: "kubelet".into(), state, output };
        Ok(self.inner.read_now(ObjectRef::global("Node", node), Body::NodeAgent(body)))
    }
}
