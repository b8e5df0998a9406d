//! Reads of a live cluster over its API server. What they find is redacted here and not yet in the history.

mod agents;
mod follow;
mod gathering;
pub(crate) mod helm;
mod logs;
mod objects;
mod probes;
mod resource_use;

use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, TryStreamExt};
use http::header::ACCEPT;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use model::{Body, ObjectRef, Observation, Source, Time};
use serde_json::Value;

pub(crate) use follow::Follows;
pub use follow::{FollowPage, FollowState};
pub(crate) use gathering::{Gathering, Wanted};
pub(crate) use objects::{path, words};

use crate::connection::Inner;
use crate::{Connection, ReadError, Trouble, TroubleKind};

pub(crate) type Answer = Result<Vec<Observation>, ReadError>;

/// A read that takes longer is given up; the engineer waits for it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// More than this is never taken into memory for one read.
pub(crate) const MOST_BYTES: usize = 8 << 20;

/// What came, and whether there was more.
pub(crate) struct Text {
    pub text: String,
    pub cut: bool,
}

/// An answer with where it wants the asker to go.
pub(crate) struct Answered {
    pub status: StatusCode,
    pub location: Option<String>,
    pub text: Text,
}

/// Asks with this client and waits for the whole answer, but not for ever and not for more than `most` bytes.
pub(crate) async fn answer_of(
    client: kube::Client,
    request: http::request::Builder,
    most: usize,
) -> Result<Answered, Trouble> {
    let read = async {
        let request = request.body(kube::client::Body::empty());
        let request = request.map_err(|error| Trouble::of(&kube::Error::HttpError(error)))?;
        let response = client.send(request).await.map_err(|error| Trouble::of(&error))?;
        let status = response.status();
        let location = response.headers().get(http::header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.into_body().into_data_stream().map_err(std::io::Error::other).into_async_read();
        let mut bytes = Vec::new();
        body.take(most as u64 + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| Trouble::of(&kube::Error::ReadEvents(error)))?;
        let cut = bytes.len() > most;
        bytes.truncate(most);
        Ok(Answered { status, location, text: Text { text: String::from_utf8_lossy(&bytes).into_owned(), cut } })
    };
    tokio::time::timeout(ANSWERS_WITHIN, read)
        .await
        .unwrap_or_else(|_| Err(Trouble::timed_out(ANSWERS_WITHIN.as_secs())))
}

impl Inner {
    /// Whatever the server answers, success or not.
    async fn ask(&self, path: &str, accept: &str, most: usize) -> Result<(StatusCode, Text), Trouble> {
        let answer = self.answered(|| Request::get(path).header(ACCEPT, accept), most).await?;
        Ok((answer.status, answer.text))
    }

    /// Whatever the server answers; where it does not accept the login and there is another one, what it answers to that.
    pub(crate) async fn answered(
        &self,
        request: impl Fn() -> http::request::Builder,
        most: usize,
    ) -> Result<Answered, Trouble> {
        let client = self.client().await?;
        let generation = self.login.generation();
        let answer = answer_of(client, request(), most).await?;
        if answer.status != StatusCode::UNAUTHORIZED || !self.renew(generation).await.unwrap_or(false) {
            return Ok(answer);
        }
        answer_of(self.client().await?, request(), most).await
    }

    /// The body as it comes; a refusal is read and told.
    async fn stream(&self, path: &str, accept: &str) -> Result<impl AsyncRead + Send + Unpin + use<>, Trouble> {
        let open = async |client: kube::Client| {
            let request = Request::get(path).header(ACCEPT, accept).body(kube::client::Body::empty());
            let request = request.map_err(|error| Trouble::of(&kube::Error::HttpError(error)))?;
            let response = client.send(request).await.map_err(|error| Trouble::of(&error))?;
            let status = response.status();
            let body = response.into_body().into_data_stream().map_err(std::io::Error::other).into_async_read();
            if status.is_success() {
                return Ok(body);
            }
            let mut bytes = Vec::new();
            let _ = body.take(64 << 10).read_to_end(&mut bytes).await;
            Err(refusal(status, &String::from_utf8_lossy(&bytes)))
        };
        let opened = async {
            let client = self.client().await?;
            let generation = self.login.generation();
            match open(client).await {
                Err(trouble)
                    if trouble.kind == TroubleKind::Credential && self.renew(generation).await.unwrap_or(false) =>
                {
                    open(self.client().await?).await
                }
                answer => answer,
            }
        };
        tokio::time::timeout(ANSWERS_WITHIN, opened)
            .await
            .unwrap_or_else(|_| Err(Trouble::timed_out(ANSWERS_WITHIN.as_secs())))
    }

    /// The end of a file that is served by ranges; all of it where the server does not know them.
    async fn get_end(&self, path: &str, range: &str, most: usize) -> Result<String, Trouble> {
        let request = || Request::get(path).header(ACCEPT, "*/*").header(http::header::RANGE, range);
        let answer = self.answered(request, 8 * most).await?;
        if !answer.status.is_success() {
            return Err(refusal(answer.status, &answer.text.text));
        }
        let text = answer.text.text;
        let mut from = text.len().saturating_sub(most);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        Ok(text[from..].to_owned())
    }

    async fn get_text(&self, path: &str, accept: &str, most: usize) -> Result<Text, Trouble> {
        let (status, text) = self.ask(path, accept, most).await?;
        if status.is_success() { Ok(text) } else { Err(refusal(status, &text.text)) }
    }

    /// JSON of any form. Errors never quote it: it may be a Secret.
    pub(crate) async fn get_json(&self, path: &str) -> Result<Value, Trouble> {
        self.get_json_as(path, "application/json").await
    }

    async fn get_json_as(&self, path: &str, accept: &str) -> Result<Value, Trouble> {
        let Text { text, cut } = self.get_text(path, accept, 8 * MOST_BYTES).await?;
        serde_json::from_str(&text).map_err(|_| Trouble {
            kind: TroubleKind::Server,
            why: if cut { "the answer is too large".into() } else { "the answer is not JSON".into() },
            hint: "Check that the server of this context is a Kubernetes API server and not a proxy's login page."
                .into(),
        })
    }

    pub(crate) fn read_now(&self, subject: ObjectRef, body: Body) -> Observation {
        let now = self.clock.now();
        Observation::new(self.arrivals.cluster.clone(), now, now, Source::Read, Some(subject), body)
    }
}

/// What the API server itself says when it does not do something; `None` where somebody behind it answered.
pub(crate) fn status_of(text: &str) -> Option<kube::core::Status> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value["kind"] == "Status").then(|| serde_json::from_value(value).ok()).flatten()
}

pub(crate) fn refusal(code: StatusCode, text: &str) -> Trouble {
    let status =
        status_of(text).unwrap_or_else(|| kube::core::Status::failure(text.trim(), "").with_code(code.as_u16()));
    Trouble::of(&kube::Error::Api(Box::new(status)))
}

/// One segment of a URL's path.
pub(crate) fn segment(text: &str) -> String {
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
pub(crate) mod tests;
