//! Reads of a live cluster over its API server. What they find is redacted here and not yet in the history.

mod agents;
mod alerts;
mod logs;
mod metrics;
mod objects;

use std::time::Duration;

use futures::AsyncReadExt;
use http::Request;
use http::header::ACCEPT;
use model::{Body, ObjectRef, Observation, Source, Time};
use serde_json::Value;

pub(crate) use objects::{path, words};

use crate::connection::Inner;
use crate::{Connection, ReadError, Trouble};

type Answer = Result<Vec<Observation>, ReadError>;

/// A read that takes longer is given up; the engineer waits for it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// More than this is never taken into memory for one read.
const MOST_BYTES: usize = 8 << 20;

/// What came, and whether there was more.
struct Text {
    text: String,
    cut: bool,
}

impl Inner {
    async fn get_text(&self, path: &str, accept: &str, most: usize) -> Result<Text, Trouble> {
        let read = async {
            let client = self.client().await?;
            let request = Request::get(path).header(ACCEPT, accept).body(Vec::new());
            let request = request.map_err(|error| Trouble::of(&kube::Error::HttpError(error)))?;
            let stream = client.request_stream(request).await.map_err(|error| Trouble::of(&error))?;
            let mut bytes = Vec::new();
            let mut limited = stream.take(most as u64 + 1);
            limited.read_to_end(&mut bytes).await.map_err(|error| Trouble::of(&kube::Error::ReadEvents(error)))?;
            let cut = bytes.len() > most;
            bytes.truncate(most);
            Ok(Text { text: String::from_utf8_lossy(&bytes).into_owned(), cut })
        };
        tokio::time::timeout(ANSWERS_WITHIN, read)
            .await
            .unwrap_or_else(|_| Err(Trouble::timed_out(ANSWERS_WITHIN.as_secs())))
    }

    /// JSON of any form. Errors never quote it: it may be a Secret.
    async fn get_json(&self, path: &str) -> Result<Value, Trouble> {
        self.get_json_as(path, "application/json").await
    }

    async fn get_json_as(&self, path: &str, accept: &str) -> Result<Value, Trouble> {
        let Text { text, cut } = self.get_text(path, accept, 8 * MOST_BYTES).await?;
        serde_json::from_str(&text).map_err(|_| Trouble {
            kind: crate::TroubleKind::Server,
            why: if cut { "the answer is too large".into() } else { "the answer is not JSON".into() },
            hint: "Check that the server of this context is a Kubernetes API server and not a proxy's login page."
                .into(),
        })
    }

    fn read_now(&self, subject: ObjectRef, body: Body) -> Observation {
        let now = self.clock.now();
        Observation::new(self.arrivals.cluster.clone(), now, now, Source::Read, Some(subject), body)
    }
}

/// One segment of a URL's path.
fn segment(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    // A segment of dots would climb.
    if out.chars().all(|c| c == '.') { out.replace('.', "%2E") } else { out }
}

impl Connection {
    /// A connection attempt needs a place inside the cluster to start from, and nothing is installed there.
    pub(crate) async fn probe(&self, namespace: &str, service: &str, port: Option<u16>, to: Time) -> Answer {
        let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
        let not_available = ReadError::not_available(
            format!("a connection attempt to `{namespace}/{service}{port_text}`"),
            "it has to start inside the cluster, and Caseboard installs nothing there",
            "Try it from a pod of yours (`kubectl exec … -- nc -zv HOST PORT`) and note what it says.",
        );
        let subject = ObjectRef::new("Service", namespace, service);
        let mut found = self.noted("probe", Some(subject), None, to, not_available).await?;
        found.retain(|o| matches!(&o.body, Body::Probe(probe) if port.is_none_or(|port| port == probe.port)));
        Ok(found)
    }

    pub(crate) async fn changes(&self, from: Option<Time>, to: Time) -> Answer {
        let not_available = ReadError::not_available(
            "a record of changes outside the cluster",
            "no repository and no pipeline is connected",
            "Ask your team what was merged or released, and note it.",
        );
        self.noted("change", None, from, to, not_available).await
    }

    pub(crate) async fn dependencies(&self, to: Time) -> Answer {
        let not_available = ReadError::not_available(
            "a record of which service calls which",
            "nobody recorded one for this cluster",
            "Write the dependencies into a blueprint.",
        );
        self.noted("dependencies", None, None, to, not_available).await
    }

    /// What somebody recorded in this cluster's history and the API server cannot know; why not, where nobody did.
    async fn noted(
        &self,
        kind: &'static str,
        subject: Option<ObjectRef>,
        from: Option<Time>,
        to: Time,
        not_available: ReadError,
    ) -> Answer {
        let history = self.inner.history.clone();
        let query = history::Query { types: vec![kind], subject, from, to: Some(to), ..history::Query::default() };
        let found = tokio::task::spawn_blocking(move || history.find(&query)).await;
        let found = found.map_err(|_| ReadError::not_available("the history", "the program is ending", ""))??;
        if found.is_empty() { Err(not_available) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests;
