//! Watches: one JSON document a line, for as long as the client stays.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use model::Time;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::list::{include, shown};
use super::request::Asked;
use super::{Site, now};
use crate::accept::{Form, form};
use crate::selector::Selector;
use crate::status::Refusal;
use crate::store::Change;
use crate::table::{Include, partial, table};

/// How often a quiet watch gets a bookmark.
pub(super) const BOOKMARK_EVERY: Duration = Duration::from_secs(20);
/// A watch that names no time is ended after this.
pub(super) const LASTS: Duration = Duration::from_secs(1_800);
/// The last bookmark comes so long before the end.
const FAREWELL: Duration = Duration::from_millis(500);

pub(super) const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

pub(super) fn answer(site: Arc<Site>, asked: Asked, accept: Option<&str>) -> Result<Response, Refusal> {
    let form = form(accept)?;
    if form == Form::Discovery {
        return Err(Refusal::not_acceptable());
    }
    let mut selector = asked.selector()?;
    if !asked.name.is_empty() {
        selector = Selector::parse(asked.text("labelSelector"), Some(&format!("metadata.name={}", asked.name)))
            .map_err(Refusal::bad_request)?;
    }
    let bookmarks = asked.flag("allowWatchBookmarks");
    let streaming = asked.flag("sendInitialEvents");
    let rule = asked.text("resourceVersionMatch");
    if asked.text("sendInitialEvents").is_some() && rule != Some("NotOlderThan") {
        let message =
            "sendInitialEvents: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        return Err(Refusal::bad_request(message));
    }
    if rule.is_some() && asked.text("sendInitialEvents").is_none() {
        let message = "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
        return Err(Refusal::bad_request(message));
    }
    let from = asked.number("resourceVersion")?.unwrap_or(0);
    let lasts = asked.number("timeoutSeconds")?.map_or(LASTS, |seconds| Duration::from_secs(seconds.min(86_400)));
    let include = include(&asked)?;
    let changed = site.world.store.subscribe();
    let mut watch = Watch {
        stopped: site.stopped.clone(),
        ends: Instant::now() + lasts,
        bookmark_at: Instant::now() + BOOKMARK_EVERY,
        farewell: bookmarks && lasts > FAREWELL,
        at: from,
        lines: VecDeque::new(),
        over: false,
        headed: true,
        site,
        asked,
        form,
        include,
        selector,
        bookmarks,
        changed,
    };
    watch.begin(from, streaming)?;
    let lines = futures::stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(line), watch))
    });
    let mut response = Body::from_stream(lines).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

struct Watch {
    site: Arc<Site>,
    asked: Asked,
    form: Form,
    include: Include,
    selector: Selector,
    bookmarks: bool,
    changed: Receiver<u64>,
    stopped: Receiver<bool>,
    ends: Instant,
    bookmark_at: Instant,
    /// A last bookmark is still to be sent.
    farewell: bool,
    /// Everything up to this revision was sent.
    at: u64,
    lines: VecDeque<Bytes>,
    over: bool,
    /// The next table carries its columns.
    headed: bool,
}

impl Watch {
    /// The first events: what is there, where the client asks for it or names no version.
    fn begin(&mut self, from: u64, streaming: bool) -> Result<(), Refusal> {
        let site = self.site.clone();
        let (objects, revision, compacted) = site.world.store.read(|kept| {
            let all: Vec<_> = kept
                .all(&self.asked.kind)
                .filter(|(key, _)| self.in_scope(&key.0))
                .map(|(_, object)| object.clone())
                .collect();
            (all, kept.revision(), kept.compacted())
        });
        if from > revision {
            return Err(Refusal::too_large(from, revision));
        }
        if streaming || (from == 0 && self.asked.text("sendInitialEvents").is_none()) {
            for object in &objects {
                if self.selector.matches(object) {
                    self.send("ADDED", object);
                }
            }
            self.at = revision;
            if streaming && self.bookmarks {
                self.bookmark(true);
            }
        } else if from == 0 {
            self.at = revision;
        } else if from < compacted {
            self.fail(&Refusal::expired(from, compacted));
        }
        Ok(())
    }

    fn in_scope(&self, namespace: &str) -> bool {
        self.asked.namespace.is_empty() || namespace == self.asked.namespace
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            // Marked as seen before looking, so that what comes in between wakes us again.
            self.changed.borrow_and_update();
            self.collect();
            if !self.lines.is_empty() || self.over {
                continue;
            }
            let now = Instant::now();
            if now >= self.ends {
                return None;
            }
            if self.farewell && now + FAREWELL >= self.ends {
                self.farewell = false;
                self.bookmark(false);
                continue;
            }
            if self.bookmarks && now >= self.bookmark_at {
                self.bookmark(false);
                continue;
            }
            let mut until = self.ends;
            if self.farewell {
                until = until.min(self.ends - FAREWELL);
            }
            if self.bookmarks {
                until = until.min(self.bookmark_at);
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                _ = self.stopped.wait_for(|stopped| *stopped) => return None,
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    fn collect(&mut self) {
        let site = self.site.clone();
        let found =
            site.world.store.read(|kept| (kept.since(&self.asked.kind, self.at), kept.revision(), kept.compacted()));
        let (Some(changes), revision, _) = found else {
            self.fail(&Refusal::expired(self.at, found.2));
            return;
        };
        for change in changes {
            self.pass(&change);
        }
        self.at = revision;
    }

    /// One change as this watch sees it: what begins to match was added, what no longer does was deleted.
    fn pass(&mut self, change: &Change) {
        if !self.in_scope(&change.key.0) {
            return;
        }
        let matched = change.before.as_ref().filter(|b| self.selector.matches(b));
        let matches = change.after.as_ref().filter(|a| self.selector.matches(a));
        match (matched, matches) {
            (None, Some(after)) => self.send("ADDED", &after.clone()),
            (Some(_), Some(after)) => self.send("MODIFIED", &after.clone()),
            (Some(before), None) => {
                // The last state that matched, under the revision at which it ceased to.
                let mut gone = (**before).clone();
                gone["metadata"]["resourceVersion"] = change.revision.to_string().into();
                self.send("DELETED", &Arc::new(gone));
            }
            (None, None) => {}
        }
    }

    fn send(&mut self, event: &str, object: &Arc<Value>) {
        let at: Time = now();
        let object = match self.form {
            Form::Partial => partial(object),
            Form::Table => {
                let metadata = json!({ "resourceVersion": object["metadata"]["resourceVersion"] });
                let headed = std::mem::replace(&mut self.headed, false);
                table(&self.asked.kind, std::slice::from_ref(object), metadata, self.include, at, headed)
            }
            Form::Json | Form::Discovery => (*shown(&self.asked.resource, object)).clone(),
        };
        self.line(event, &object);
    }

    fn bookmark(&mut self, initial_events_end: bool) {
        self.bookmark_at = Instant::now() + BOOKMARK_EVERY;
        let mut metadata = json!({ "resourceVersion": self.at.to_string(), "creationTimestamp": null });
        if initial_events_end {
            metadata["annotations"] = json!({ INITIAL_EVENTS_END: "true" });
        }
        let object = match self.form {
            Form::Partial => {
                json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata })
            }
            Form::Table => {
                let own =
                    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata });
                json!({
                    "kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": [],
                    "metadata": { "resourceVersion": self.at.to_string() },
                    "rows": [{ "cells": [], "object": own }],
                })
            }
            Form::Json | Form::Discovery => json!({
                "kind": self.asked.resource.kind, "apiVersion": self.asked.resource.api_version(), "metadata": metadata,
            }),
        };
        self.line("BOOKMARK", &object);
    }

    /// An error ends the watch.
    fn fail(&mut self, refusal: &Refusal) {
        self.line("ERROR", &refusal.status());
        self.over = true;
    }

    fn line(&mut self, event: &str, object: &Value) {
        self.lines.push_back(Bytes::from(format!("{}\n", json!({ "type": event, "object": object }))));
    }
}
