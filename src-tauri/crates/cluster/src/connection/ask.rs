//! The requests of a watch, and their answers as they arrive.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use http::header::{ACCEPT, ACCEPT_ENCODING, RETRY_AFTER};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use model::ObjectRef;

use super::watch::Failure;
use crate::split::{Piece, Shape, Splitter};
use crate::{Kind, Trouble};

/// An object of more bytes is passed over, and counted.
pub(crate) const LARGEST_OBJECT: usize = 8 << 20;
/// What a refusal may say of itself.
const LARGEST_REFUSAL: usize = 64 << 10;

const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// Everything, as events, then the changes. `at_once`: as the server has it in memory; otherwise as of now, for which
    /// a kind in which nothing happens waits until etcd has reported where it stands.
    StreamAll { at_once: bool },
    /// At most so many objects (0: all) from where the last page ended.
    Page { limit: u32, from: Option<String> },
    /// The changes since a version.
    Changes { from: String },
}

/// An answer that is still arriving.
pub(super) struct Answer {
    body: BoxStream<'static, Result<Bytes, std::io::Error>>,
    splitter: Splitter,
    rest: Bytes,
    /// Whether it was said where the list goes on, or that it does not.
    told: bool,
}

/// What a list says beside its items.
#[derive(serde::Deserialize)]
struct List {
    metadata: Metadata,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

impl List {
    fn read(frame: &[u8]) -> Option<(String, Option<String>)> {
        let list: List = serde_json::from_slice(frame).ok()?;
        let next = list.metadata.next.filter(|next| !next.is_empty());
        Some((list.metadata.resource_version, next))
    }
}

impl Answer {
    /// Waits for more bytes. `None` at the end, an error where it broke off.
    pub async fn more(&mut self) -> Result<Option<()>, Failure> {
        match self.body.next().await {
            None => Ok(None),
            Some(Ok(bytes)) => {
                self.rest = bytes;
                Ok(Some(()))
            }
            Some(Err(error)) => Err(Failure::of(Trouble::of(&kube::Error::ReadEvents(error)))),
        }
    }

    /// The next whole object of the bytes that are here.
    pub fn piece(&mut self) -> Option<Piece<'_>> {
        let mut rest = &self.rest[..];
        let before = rest.len();
        // The splitter's borrow must not hold the bytes.
        let piece = self.splitter.next(&mut rest);
        let taken = before - rest.len();
        bytes::Buf::advance(&mut self.rest, taken);
        piece
    }

    /// A list's version and where it goes on, once it has come to its end.
    pub fn page(&self) -> Option<(String, Option<String>)> {
        List::read(self.splitter.frame()?)
    }

    /// Where a list goes on, told once, while its items come: API servers say it before them.
    pub fn next_page(&mut self) -> Option<String> {
        if self.told {
            return None;
        }
        let head = self.splitter.head()?;
        self.told = true;
        List::read(&[head, b"]}"].concat())?.1
    }
}

/// Asks; the error says what the server, or the way to it, answered instead.
pub(super) async fn ask(
    client: &Client,
    kind: &Kind,
    namespace: &str,
    question: &Question,
    lasts: Duration,
    packed: bool,
) -> Result<Answer, Failure> {
    let path = crate::live::path(kind, &ObjectRef::new(kind.name(), namespace, ""));
    let (query, shape) = match question {
        Question::StreamAll { at_once } => {
            let version = if *at_once { "&resourceVersion=0" } else { "" };
            let query = format!("sendInitialEvents=true&resourceVersionMatch=NotOlderThan{version}");
            (format!("watch=true&allowWatchBookmarks=true&timeoutSeconds={}&{query}", lasts.as_secs()), Shape::Lines)
        }
        Question::Page { limit, from } => {
            let limit = if *limit == 0 { String::new() } else { format!("limit={limit}") };
            let from = from.as_deref().map(|from| format!("&continue={}", quoted(from))).unwrap_or_default();
            (limit + &from, Shape::List)
        }
        Question::Changes { from } => {
            let query = format!("timeoutSeconds={}&resourceVersion={}", lasts.as_secs(), quoted(from));
            (format!("watch=true&allowWatchBookmarks=true&{query}"), Shape::Lines)
        }
    };
    let accept = match (kind.metadata_only(), shape) {
        (false, _) => "application/json",
        (true, Shape::Lines) => METADATA,
        (true, Shape::List) => METADATA_LIST,
    };
    let mut request = Request::get(format!("{path}?{query}")).header(ACCEPT, accept);
    // A compressed stream holds events back until its buffer is full. A list is compressed where the way is longer than
    // the machine itself.
    if shape == Shape::Lines || !packed {
        request = request.header(ACCEPT_ENCODING, "identity");
    }
    let request = request.body(Body::empty()).map_err(|e| Failure::of(Trouble::of(&kube::Error::HttpError(e))))?;
    let response = client.send(request).await.map_err(|error| Failure::of(Trouble::of(&error)))?;
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    if !status.is_success() {
        let text = refusal_of(response.into_body()).await;
        return Err(refused(status, &text, retry_after));
    }
    let body = response.into_body().into_data_stream().map_err(std::io::Error::other).boxed();
    Ok(Answer { body, splitter: Splitter::new(shape, LARGEST_OBJECT), rest: Bytes::new(), told: false })
}

async fn refusal_of(body: Body) -> Vec<u8> {
    let mut text = Vec::new();
    let mut body = body.into_data_stream();
    while let Some(Ok(bytes)) = body.next().await {
        let room = LARGEST_REFUSAL.saturating_sub(text.len());
        text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if room <= bytes.len() {
            break;
        }
    }
    text
}

fn refused(code: StatusCode, text: &[u8], retry_after: Option<Duration>) -> Failure {
    let status = serde_json::from_slice::<Status>(text).ok().filter(|status| status.code != 0);
    let status = status.unwrap_or_else(|| {
        // A proxy answers in its own words, often in HTML.
        let text = String::from_utf8_lossy(text);
        let words = if text.trim_start().starts_with('<') { "" } else { text.trim() };
        let reason = code.canonical_reason().unwrap_or_default();
        Status::failure(words, reason).with_code(code.as_u16())
    });
    Failure { retry_after: retry_after.or_else(|| asked_to_wait(&status)), ..failure(status) }
}

/// What an error event, or a refusal, means.
pub(super) fn failure(status: Status) -> Failure {
    let retry_after = asked_to_wait(&status);
    let too_large = |text: &str| text == "ResourceVersionTooLarge" || text.starts_with("Too large resource version");
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let version_unknown = causes.into_iter().any(|cause| too_large(&cause.reason)) || too_large(&status.message);
    Failure { trouble: Trouble::of(&kube::Error::Api(Box::new(status))), retry_after, version_unknown }
}

fn asked_to_wait(status: &Status) -> Option<Duration> {
    let seconds = status.details.as_ref()?.retry_after_seconds;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

/// A value of a query.
fn quoted(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
