use futures::StreamExt;
use model::{Body, NodeAgentBody, ObjectRef, Observation};

use super::{Answer, refusal, segment, status_of};
use crate::reach::Read;
use crate::{Connection, ReadError};

/// Kubelets asked at the same time.
const AT_ONCE: usize = 8;
const MOST_NODES: usize = 200;
/// Nodes that did not answer and are named.
const SHOWN_UNREAD: usize = 5;
/// Lines and bytes from the end of an agent's log.
const LAST_LINES: u32 = 500;
const LAST_BYTES: usize = 256 << 10;
/// Files under a node's `/var/log` that agents write where they do not write to the journal.
const FILES: &[(&str, &[&str])] = &[
    ("kubelet", &["kubelet.log"]),
    ("kube-proxy", &["kube-proxy.log"]),
    ("containerd", &["containerd.log"]),
    ("kernel", &["kern.log", "dmesg", "messages", "syslog"]),
];
/// Units of the journal that tell of a node's health.
const UNITS: &[&str] = &["kubelet", "containerd", "crio", "kernel"];

impl Connection {
    /// What each kubelet says of its health through the API server and, of one node, what its agents log. A kubelet that
    /// is not reached this way is not known to be down: a firewall or a tunnel may stand between the two.
    pub(crate) async fn node_agents(&self, node: Option<&str>) -> Result<Read, ReadError> {
        let nodes: Vec<String> = match node {
            Some(node) => vec![node.to_owned()],
            None => self.nodes().await?,
        };
        // Owned names: a closure over borrowed ones would make this future one that no other thread may poll.
        let asked = futures::stream::iter(nodes).map(|node| async move { self.ask_kubelet(&node).await });
        let asked: Vec<Result<Vec<Observation>, ReadError>> = asked.buffered(AT_ONCE).collect().await;
        let mut read = Read::default();
        let mut unread = Vec::new();
        for answer in asked {
            match answer {
                Ok(agents) => read.observations.extend(agents),
                Err(error) => unread.push(error),
            }
        }
        if let Some(node) = node {
            match self.agent_logs(node).await {
                Ok(logs) => add_logs(&mut read.observations, logs),
                Err(error) => read.notes.push(format!("{error}.")),
            }
        }
        if read.observations.is_empty()
            && let Some(error) = unread.pop()
        {
            return Err(error);
        }
        let more = unread.len().saturating_sub(SHOWN_UNREAD);
        read.notes.extend(unread.into_iter().take(SHOWN_UNREAD).map(|error| format!("{error}.")));
        if more > 0 {
            read.notes.push(format!("Of {more} more nodes nothing is known either."));
        }
        Ok(read)
    }

    async fn nodes(&self) -> Result<Vec<String>, ReadError> {
        let (history, now) = (self.inner.history.clone(), self.inner.clock.now());
        let known = tokio::task::spawn_blocking(move || {
            let snapshot = history.present(now)?;
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
            (403, _) => {
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
            (401, _) => return Err(refusal(code, &answer.text).reading(what)),
            // The API server was reached and could not reach the kubelet. Whether that runs is another question.
            (_, true) | (300..=499 | 501..=599, _) => {
                return Err(ReadError::not_available(
                    what,
                    format!("the API server could not ask it ({})", refusal(code, &answer.text).why),
                    "Whether it runs is not known from here: the node's Ready condition and its lease tell, or \
                        `systemctl status kubelet` on the node.",
                ));
            }
            (_, false) => "failed (not healthy)",
        };
        let output = self.inner.redactor.text(answer.text.trim()).as_str().to_owned();
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

impl Connection {
    /// The ends of the agents' logs on one node: out of the journal where the kubelet serves it, else out of its files.
    async fn agent_logs(&self, node: &str) -> Result<Vec<(String, String)>, ReadError> {
        let what = format!("the logs of the agents on node `{node}`");
        let base = format!("/api/v1/nodes/{}/proxy/logs/", segment(node));
        let list =
            self.inner.get_text(&base, "*/*", 256 << 10).await.map_err(|trouble| match trouble.reading(&what) {
                ReadError::Refused { what, why, .. } => {
                    let hint = "Ask for `get` on `nodes/proxy` (or `nodes/log`), or look at the node itself.".into();
                    ReadError::Refused { what, why, hint }
                }
                ReadError::Missing { what, why, .. } => ReadError::not_available(
                    what,
                    format!("its kubelet serves none ({why})"),
                    "Look at the node itself.",
                ),
                other => other,
            })?;
        let mut logs = Vec::new();
        for unit in UNITS {
            let path = format!("{base}?query={unit}&tailLines={LAST_LINES}");
            // A kubelet without the query answers with the list again, or refuses.
            if let Ok(text) = self.inner.get_text(&path, "*/*", LAST_BYTES).await
                && text.text != list.text
                && !text.text.trim_start().starts_with('<')
                && !text.text.trim().is_empty()
            {
                logs.push(((*unit).to_owned(), text.text));
            }
        }
        for (service, files) in FILES {
            if logs.iter().any(|(known, _)| known == service) {
                continue;
            }
            let Some(file) = files.iter().find(|file| list.text.contains(&format!(">{file}<"))) else { continue };
            let end = format!("bytes=-{LAST_BYTES}");
            if let Ok(text) = self.inner.get_end(&format!("{base}{file}"), &end, LAST_BYTES).await {
                let lines: Vec<&str> = text.lines().collect();
                let from = lines.len().saturating_sub(LAST_LINES as usize);
                logs.push(((*service).to_owned(), lines[from..].join("\n")));
            }
        }
        let redact = |text: String| self.inner.redactor.text(text.trim_end()).into_string();
        Ok(logs.into_iter().map(|(service, text)| (service, redact(text))).collect())
    }
}

/// Puts what an agent logs beside what is known of it; of one whose state nobody tells the log is all there is.
fn add_logs(agents: &mut Vec<Observation>, logs: Vec<(String, String)>) {
    let Some(first) = agents.first().cloned() else { return };
    let Body::NodeAgent(NodeAgentBody { node, .. }) = &first.body else { return };
    for (service, log) in logs {
        let known = agents.iter_mut().find(|o| matches!(&o.body, Body::NodeAgent(agent) if agent.service == service));
        let mut body = NodeAgentBody { node: node.clone(), service, state: String::new(), output: log };
        let slot = match known {
            Some(slot) => slot,
            None => {
                agents.push(first.clone());
                let Some(slot) = agents.last_mut() else { return };
                slot.body = Body::NodeAgent(NodeAgentBody { output: String::new(), ..body.clone() });
                slot
            }
        };
        if let Body::NodeAgent(agent) = &slot.body {
            body.state.clone_from(&agent.state);
            body.output = format!("{}\n{}", agent.output, body.output).trim().to_owned();
        }
        let Observation { cluster, at, seen_at, source, subject, .. } = slot.clone();
        *slot = Observation::new(cluster, at, seen_at, source, subject, Body::NodeAgent(body));
    }
}

/// `containerd inactive (dead)`: a service and its state as systemd words it.
fn service_state(line: &str) -> Option<(&str, &str)> {
    let (service, state) = line.split_once(' ')?;
    let word = state.split(' ').next()?;
    let known = matches!(word, "active" | "inactive" | "failed" | "activating" | "deactivating" | "reloading");
    (known && state.ends_with(')')).then_some((service, state))
}
