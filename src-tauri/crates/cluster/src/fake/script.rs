//! Answers byte by byte, as hostile servers and broken ways give them.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Page,
    Stream,
    Changes,
}

/// An answer byte by byte.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub to: Wanted,
    /// 0: not even the headers come.
    pub status: u16,
    pub retry_after: Option<u64>,
    pub chunks: Vec<Bytes>,
    /// Before each chunk.
    pub pause: Duration,
    pub then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing more comes, and the connection stays.
    Hang,
    End,
    /// The connection is cut in the middle of the answer.
    Break,
}

impl Script {
    pub(crate) fn to(to: Wanted, text: &str, then: Then) -> Script {
        let chunks = if text.is_empty() { Vec::new() } else { vec![Bytes::copy_from_slice(text.as_bytes())] };
        Script { to, status: 200, retry_after: None, chunks, pause: Duration::ZERO, then }
    }

    pub(super) fn answer(self) -> Response {
        let steps = self.chunks.into_iter().map(Some).chain([None]);
        let stream = futures::stream::iter(steps).then(move |step| async move {
            match step {
                Some(chunk) => {
                    tokio::time::sleep(self.pause).await;
                    Some(Ok(chunk))
                }
                None => match self.then {
                    Then::Hang => std::future::pending().await,
                    Then::End => None,
                    Then::Break => Some(Err(std::io::Error::other("cut"))),
                },
            }
        });
        let stream = stream.take_while(|step| std::future::ready(step.is_some())).filter_map(std::future::ready);
        let mut response = Body::from_stream(stream).into_response();
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        response
    }
}
