//! Reads of a live cluster over its API server. What they find is redacted here and not yet in the history.

mod agents;
mod alerts;
mod logs;
mod metrics;
mod objects;
mod probes;

use std::time::Duration;

use futures::{AsyncReadExt, TryStreamExt};
use http::header::ACCEPT;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
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
    /// Whatever the server answers, success or not.
    async fn ask(&self, path: &str, accept: &str, most: usize) -> Result<(StatusCode, Text), Trouble> {
        let read = async {
            let client = self.client().await?;
            let request = Request::get(path).header(ACCEPT, accept).body(kube::client::Body::empty());
            let request = request.map_err(|error| Trouble::of(&kube::Error::HttpError(error)))?;
            let response = client.send(request).await.map_err(|error| Trouble::of(&error))?;
            let status = response.status();
            let body = response.into_body().into_data_stream().map_err(std::io::Error::other).into_async_read();
            let mut bytes = Vec::new();
            body.take(most as u64 + 1)
                .read_to_end(&mut bytes)
                .await
                .map_err(|error| Trouble::of(&kube::Error::ReadEvents(error)))?;
            let cut = bytes.len() > most;
            bytes.truncate(most);
            Ok((status, Text { text: String::from_utf8_lossy(&bytes).into_owned(), cut }))
        };
        tokio::time::timeout(ANSWERS_WITHIN, read)
            .await
            .unwrap_or_else(|_| Err(Trouble::timed_out(ANSWERS_WITHIN.as_secs())))
    }

    async fn get_text(&self, path: &str, accept: &str, most: usize) -> Result<Text, Trouble> {
        let (status, text) = self.ask(path, accept, most).await?;
        if status.is_success() { Ok(text) } else { Err(refusal(status, &text.text)) }
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

/// What the API server itself says when it does not do something; `None` where somebody behind it answered.
fn status_of(text: &str) -> Option<kube::core::Status> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value["kind"] == "Status").then(|| serde_json::from_value(value).ok()).flatten()
}

fn refusal(code: StatusCode, text: &str) -> Trouble {
    let status =
        status_of(text).unwrap_or_else(|| kube::core::Status::failure(text.trim(), "").with_code(code.as_u16()));
    Trouble::of(&kube::Error::Api(Box::new(status)))
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
