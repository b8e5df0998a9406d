//! Lists and watches of pods that are made up when they are asked for: written piece by piece, never held whole.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::list::{include, single};
use super::request::Asked;
use super::watch::{BOOKMARK_EVERY, INITIAL_EVENTS_END, LASTS};
use super::{Site, now};
use crate::accept::{Form, form};
use crate::crowd::{Change, Crowd, Slot, What};
use crate::selector::Selector;
use crate::status::Refusal;
use crate::table::{Include, partial, table};

/// Pods that are written at once: about half a megabyte.
const PIECE: usize = 50;

pub(super) fn answer(
    site: Arc<Site>,
    crowd: &Arc<Crowd>,
    asked: Asked,
    accept: Option<&str>,
) -> Result<Response, Refusal> {
    let form = form(accept)?;
    if form == Form::Discovery {
        return Err(Refusal::not_acceptable());
    }
    if asked.is_watch() {
        return watch(site, crowd.clone(), asked, form);
    }
    if !asked.name.is_empty() {
        let found = crowd.find(&asked.namespace, &asked.name);
        let (place, slot) = found.ok_or_else(|| Refusal::not_found(&asked.resource, &asked.name))?;
        let pod = Arc::new(value(crowd, place, &slot));
        return Ok(super::json(StatusCode::OK, &single(&asked, form, &pod)?));
    }
    list(&site, crowd.clone(), &asked, form)
}

fn value(crowd: &Crowd, place: u32, slot: &Slot) -> Value {
    let mut text = String::from("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",");
    crowd.write(place, slot, &mut text);
    serde_json::from_str(&text).unwrap_or_default()
}

fn list(site: &Site, crowd: Arc<Crowd>, asked: &Asked, form: Form) -> Result<Response, Refusal> {
    let selector = asked.selector()?;
    let limit = asked.number("limit")?.filter(|limit| *limit > 0).unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let broken = || Refusal::bad_request("continue key is not valid: it was not given by this server");
    let token = asked.text("continue").map(|text| {
        let (revision, place) = text.split_once('.').ok_or_else(broken)?;
        Ok((revision.parse::<u64>().map_err(|_| broken())?, place.parse::<u32>().map_err(|_| broken())?))
    });
    let token = token.transpose()?;
    let mut places = crowd.places(&asked.namespace);
    if let Some((_, place)) = token {
        places.start = places.start.max(place);
    }
    // Later pages show the pods as they are now under the revision of the first: who goes on to watch from there hears
    // of every change in between a second time.
    let (revision, mut pods) = site.world.store.read(|kept| (kept.revision(), crowd.at(places.clone())));
    if let Some((first, _)) = token
        && first < crowd.compacted()
    {
        return Err(Refusal::continue_expired());
    }
    let revision = token.map_or(revision, |(first, _)| first);
    if !selector.is_empty() {
        pods.retain(|(place, slot)| selector.matches(&crowd.outline(*place, slot)));
    }
    let mut metadata = json!({ "resourceVersion": revision.to_string() });
    if pods.len() > limit {
        metadata["continue"] = format!("{revision}.{}", pods[limit].0).into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = (pods.len() - limit).into();
        }
        pods.truncate(limit);
    }
    if form == Form::Table {
        let rows: Vec<Arc<Value>> = pods.iter().map(|(place, slot)| Arc::new(value(&crowd, *place, slot))).collect();
        return Ok(super::json(StatusCode::OK, &table("Pod", &rows, metadata, include(asked)?, now(), true)));
    }
    let (kind, api_version) = match form {
        Form::Partial => ("PartialObjectMetadataList", "meta.k8s.io/v1"),
        Form::Json | Form::Table | Form::Discovery => ("PodList", "v1"),
    };
    let head = format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":{metadata},\"items\":[");
    let state = (Some(head), pods.into_iter().peekable(), false);
    let pieces = futures::stream::unfold(state, move |(head, mut pods, over)| {
        let crowd = crowd.clone();
        async move {
            if over {
                return None;
            }
            let mut text = head.unwrap_or_default();
            for (place, slot) in pods.by_ref().take(PIECE) {
                if form == Form::Partial {
                    let metadata = &value(&crowd, place, &slot)["metadata"];
                    text.push_str(&json!({ "metadata": metadata }).to_string());
                } else {
                    text.push('{');
                    crowd.write(place, &slot, &mut text);
                }
                text.push(',');
            }
            let over = pods.peek().is_none();
            if over {
                if text.ends_with(',') {
                    text.pop();
                }
                text.push_str("]}\n");
            }
            Some((Ok::<_, Infallible>(Bytes::from(text)), (None, pods, over)))
        }
    });
    Ok(streamed(Body::from_stream(pieces)))
}

fn streamed(body: Body) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn watch(site: Arc<Site>, crowd: Arc<Crowd>, asked: Asked, form: Form) -> Result<Response, Refusal> {
    let selector = asked.selector()?;
    let streaming = asked.flag("sendInitialEvents");
    let from = asked.number("resourceVersion")?.unwrap_or(0);
    let lasts = asked.number("timeoutSeconds")?.map_or(LASTS, |seconds| Duration::from_secs(seconds.min(86_400)));
    let places = crowd.places(&asked.namespace);
    let changed = site.world.store.subscribe();
    let (revision, pods) = site.world.store.read(|kept| (kept.revision(), crowd.at(places.clone())));
    if from > revision {
        return Err(Refusal::too_large(from, revision));
    }
    let whole = streaming || (from == 0 && asked.text("sendInitialEvents").is_none());
    let watch = Watch {
        bookmarks: asked.flag("allowWatchBookmarks"),
        announced: !streaming,
        initial: if whole { pods.into() } else { VecDeque::new() },
        at: if from == 0 || whole { revision } else { from },
        include: include(&asked)?,
        ends: Instant::now() + lasts,
        bookmark_at: Instant::now() + BOOKMARK_EVERY,
        over: false,
        headed: true,
        site,
        crowd,
        places,
        selector,
        form,
        changed,
    };
    let lines = futures::stream::unfold(watch, |mut watch| async move {
        let lines = watch.next().await?;
        Some((Ok::<_, Infallible>(lines), watch))
    });
    Ok(streamed(Body::from_stream(lines)))
}

struct Watch {
    site: Arc<Site>,
    crowd: Arc<Crowd>,
    places: std::ops::Range<u32>,
    selector: Selector,
    form: Form,
    include: Include,
    bookmarks: bool,
    /// The end of the initial events was told, or is not asked for.
    announced: bool,
    initial: VecDeque<(u32, Slot)>,
    changed: tokio::sync::watch::Receiver<u64>,
    ends: Instant,
    bookmark_at: Instant,
    /// Everything up to this revision was sent.
    at: u64,
    over: bool,
    headed: bool,
}

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        let mut stopped = self.site.stopped.clone();
        loop {
            if self.over {
                return None;
            }
            let mut text = String::new();
            if !self.initial.is_empty() {
                let count = self.initial.len().min(PIECE);
                for (place, slot) in self.initial.drain(..count).collect::<Vec<_>>() {
                    self.send(What::Added, place, &slot, &mut text);
                }
            } else if !self.announced {
                self.announced = true;
                if self.bookmarks {
                    self.bookmark(true, &mut text);
                }
            } else {
                // Marked as seen before looking, so that what comes in between wakes us again.
                let revision = *self.changed.borrow_and_update();
                self.collect(revision, &mut text);
            }
            if !text.is_empty() {
                return Some(Bytes::from(text));
            }
            let now = Instant::now();
            if now >= self.ends {
                return None;
            }
            if !self.initial.is_empty() {
                continue;
            }
            if self.bookmarks && now >= self.bookmark_at {
                self.bookmark(false, &mut text);
                return Some(Bytes::from(text));
            }
            let until = if self.bookmarks { self.ends.min(self.bookmark_at) } else { self.ends };
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                _ = stopped.wait_for(|stopped| *stopped) => return None,
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    fn collect(&mut self, revision: u64, text: &mut String) {
        if revision <= self.at {
            return;
        }
        let Some(changes) = self.crowd.since(self.at) else {
            let expired = Refusal::expired(self.at, self.crowd.compacted()).status();
            text.push_str(&format!("{}\n", json!({ "type": "ERROR", "object": expired })));
            self.over = true;
            return;
        };
        for Change { what, place, slot } in changes {
            self.at = self.at.max(slot.revision);
            if self.places.contains(&place) {
                self.send(what, place, &slot, text);
            }
        }
        self.at = self.at.max(revision);
    }

    fn send(&mut self, what: What, place: u32, slot: &Slot, text: &mut String) {
        if !self.selector.is_empty() && !self.selector.matches(&self.crowd.outline(place, slot)) {
            return;
        }
        let event = match what {
            What::Added => "ADDED",
            What::Modified => "MODIFIED",
            What::Deleted => "DELETED",
        };
        text.push_str("{\"type\":\"");
        text.push_str(event);
        text.push_str("\",\"object\":");
        match self.form {
            Form::Json | Form::Discovery => {
                text.push_str("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",");
                self.crowd.write(place, slot, text);
            }
            Form::Partial => text.push_str(&partial(&value(&self.crowd, place, slot)).to_string()),
            Form::Table => {
                let headed = std::mem::replace(&mut self.headed, false);
                let metadata = json!({ "resourceVersion": slot.revision.to_string() });
                let row = [Arc::new(value(&self.crowd, place, slot))];
                text.push_str(&table("Pod", &row, metadata, self.include, now(), headed).to_string());
            }
        }
        text.push_str("}\n");
    }

    fn bookmark(&mut self, initial_events_end: bool, text: &mut String) {
        self.bookmark_at = Instant::now() + BOOKMARK_EVERY;
        let mut metadata = json!({ "resourceVersion": self.at.to_string(), "creationTimestamp": null });
        if initial_events_end {
            metadata["annotations"] = json!({ INITIAL_EVENTS_END: "true" });
        }
        let (kind, api_version) = match self.form {
            Form::Json | Form::Discovery => ("Pod", "v1"),
            Form::Partial | Form::Table => ("PartialObjectMetadata", "meta.k8s.io/v1"),
        };
        let object = json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata });
        text.push_str(&format!("{}\n", json!({ "type": "BOOKMARK", "object": object })));
    }
}
