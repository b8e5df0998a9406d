//! From what the API server sends to observations: reduced, redacted, dated. Pure.

mod decode;
mod events;
pub(crate) mod finished;

use std::sync::Arc;

use model::{
    Body, ChangeKind, ClusterId, Doc, EventBody, ObjectRef, Observation, Pool, Source, Text, Time, project,
    qualified_kind,
};
use redact::Redactor;
use serde_json::{Value, json};

pub(crate) use decode::{Decoder, Incoming, Line};
pub(crate) use events::Events;

use crate::Kind;

/// What is remembered of an object between two messages about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub uid: Text,
    pub resource_version: Text,
    pub at: Time,
    /// The list in which it was seen last.
    pub listing: u32,
}

/// Whether a message belongs to a listing or tells a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Listed,
    Changed,
}

/// A replayed change is dated by the cluster's clock, one that just happened by ours.
const REPLAYED_AFTER_SECONDS: f64 = 10.0;

pub(crate) struct Arrivals {
    pub cluster: ClusterId,
    pub source: Source,
    pub redactor: Arc<Redactor>,
}

impl Arrivals {
    /// The reference of an object of a kind, `None` where it has no name.
    pub(crate) fn reference(kind: &Kind, object: &Value) -> Option<ObjectRef> {
        let metadata = &object["metadata"];
        let name = metadata["name"].as_str().filter(|name| !name.is_empty())?;
        let namespace = if kind.namespaced { metadata["namespace"].as_str().unwrap_or_default() } else { "" };
        Some(ObjectRef::new(kind.name(), namespace, name))
    }

    /// The reference of an object that arrived.
    pub(crate) fn subject(kind: &Kind, incoming: &Incoming) -> ObjectRef {
        let namespace = if kind.namespaced { incoming.namespace.as_str() } else { "" };
        ObjectRef::new(shared(&kind.name()), shared(namespace), incoming.name.clone())
    }

    /// A version of an object. `None` where it is the one that is known.
    pub(crate) fn object(
        &self,
        kind: &Kind,
        incoming: Incoming,
        known: Option<&Known>,
        how: How,
        change: ChangeKind,
        now: Time,
    ) -> Option<(Known, Observation)> {
        let same = known.is_some_and(|k| *k.uid == *incoming.uid && *k.resource_version == *incoming.resource_version);
        if same && !incoming.resource_version.is_empty() && change == ChangeKind::Present {
            return None;
        }
        let subject = Self::subject(kind, &incoming);
        let at = date(kind, &incoming, how, change, now);
        // Versions of one object follow each other, whatever its clocks say.
        let at = known.map_or(at, |known| at.max(Time(known.at.0.saturating_add(1))));

        let Incoming { uid, resource_version, object, .. } = incoming;
        let body = Body::Object {
            api_version: shared(&kind.api_version()),
            uid: uid.clone(),
            resource_version: resource_version.clone(),
            change,
            object,
        };
        let observation = Observation::new(self.cluster.clone(), at, now.max(at), self.source, Some(subject), body);
        Some((Known { uid, resource_version, at, listing: 0 }, observation))
    }

    /// The deletion of an object that nobody sent: it was there, and a whole list does not have it.
    pub(crate) fn vanished(
        &self,
        kind: &Kind,
        subject: &ObjectRef,
        known: &Known,
        last: Option<Doc>,
        now: Time,
    ) -> Observation {
        let object = last.unwrap_or_else(|| {
            Doc::from(json!({
                "apiVersion": kind.api_version(),
                "kind": kind.kind,
                "metadata": { "name": subject.name, "namespace": subject.namespace, "uid": known.uid },
            }))
        });
        let at = now.max(Time(known.at.0.saturating_add(1)));
        let body = Body::Object {
            api_version: kind.api_version().into(),
            uid: known.uid.clone(),
            resource_version: known.resource_version.clone(),
            change: ChangeKind::Deleted,
            object,
        };
        Observation::new(self.cluster.clone(), at, at, self.source, Some(subject.clone()), body)
    }

    /// Drops what is not kept and takes secrets out of what is.
    pub(crate) fn reduce(&self, kind: &Kind, object: &mut Value) {
        let Some(map) = object.as_object_mut() else { return };
        map.insert("apiVersion".into(), kind.api_version().into());
        map.insert("kind".into(), kind.kind.clone().into());
        if kind.metadata_only() {
            // Whatever the server sent, metadata is all that stays.
            map.retain(|field, _| matches!(field.as_str(), "apiVersion" | "kind" | "metadata" | "type"));
        }
        project(&kind.name(), object);
        if kind.metadata_only()
            && let Some(map) = object.as_object_mut()
        {
            // Its keys were not read: no list is not an empty list.
            map.remove("keys");
        }
        self.redactor.json(object);
    }

    /// A pod that is only counted from here on.
    pub(crate) fn counted(&self, kind: &Kind, subject: &ObjectRef, known: &Known, now: Time) -> Observation {
        let mut counted = self.vanished(kind, subject, known, None, now);
        if let Body::Object { change, .. } = &mut counted.body {
            *change = ChangeKind::Counted;
        }
        Observation::new(counted.cluster, counted.at, counted.seen_at, counted.source, counted.subject, counted.body)
    }

    /// What is to be told of a fold of Events.
    pub(crate) fn told(&self, subject: ObjectRef, event: EventBody, now: Time) -> Observation {
        let at = event.last_at;
        Observation::new(self.cluster.clone(), at, now.max(at), self.source, Some(subject), Body::Event(event))
    }

    /// An Event. `None` where it is about nothing.
    pub(crate) fn event(&self, event: &Value, now: Time) -> Option<(ObjectRef, EventBody)> {
        let involved = if event["involvedObject"].is_object() { &event["involvedObject"] } else { &event["regarding"] };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = qualified_kind(involved["apiVersion"].as_str().unwrap_or("v1"), involved["kind"].as_str()?);
        let global = matches!(kind.as_str(), "Node" | "Namespace" | "PersistentVolume" | "StorageClass");
        let namespace = if global { String::new() } else { text(&involved["namespace"]) };
        let subject = ObjectRef::new(kind, shared(&namespace), shared(involved["name"].as_str()?));

        let times = [
            &event["series"]["lastObservedTime"],
            &event["lastTimestamp"],
            &event["deprecatedLastTimestamp"],
            &event["eventTime"],
        ];
        let created = time(&event["metadata"]["creationTimestamp"]);
        let last_at = times.into_iter().filter_map(time).max().or(created).unwrap_or(now);
        let first_at = [&event["firstTimestamp"], &event["deprecatedFirstTimestamp"], &event["eventTime"]]
            .into_iter()
            .filter_map(time)
            .min()
            .or(created)
            .unwrap_or(last_at)
            .min(last_at);
        let counts = [&event["series"]["count"], &event["count"], &event["deprecatedCount"]];
        let count = counts.into_iter().filter_map(Value::as_u64).max().unwrap_or(1).max(1);
        let reporters = [
            &event["reportingComponent"],
            &event["reportingController"],
            &event["source"]["component"],
            &event["deprecatedSource"]["component"],
        ];
        let message = if event["message"].is_string() { &event["message"] } else { &event["note"] };
        let body = EventBody {
            uid: text(&event["metadata"]["uid"]).into(),
            event_type: shared(event["type"].as_str().unwrap_or("Normal")),
            reason: shared(event["reason"].as_str().unwrap_or_default()),
            message: shared(self.redactor.text(message.as_str().unwrap_or_default().trim()).as_str()),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            first_at,
            last_at,
            reporter: shared(
                reporters
                    .into_iter()
                    .filter_map(Value::as_str)
                    .find(|reporter| !reporter.is_empty())
                    .unwrap_or_default(),
            ),
            subject_uid: involved["uid"].as_str().map(shared),
        };
        Some((subject, body))
    }
}

/// A text that many objects have.
fn shared(text: &str) -> Text {
    Pool::house().text(text)
}

fn time(value: &Value) -> Option<Time> {
    value.as_str()?.parse().ok()
}

fn time_in(value: &Doc) -> Option<Time> {
    value.as_str()?.parse().ok()
}

/// When a pod that has finished did so: the end of its last container, or the last write that tells.
pub(crate) fn ended_at(incoming: &Incoming) -> Option<Time> {
    let lists = [&incoming.object["status"]["containerStatuses"], &incoming.object["status"]["initContainerStatuses"]];
    let ends = lists.into_iter().filter_map(Doc::as_array).flatten();
    let ends = ends.filter_map(|status| time_in(&status["state"]["terminated"]["finishedAt"])).max();
    let created = || time_in(&incoming.object["metadata"]["creationTimestamp"]);
    ends.or(incoming.written_at).or_else(created)
}

/// When a version became true. Only the API server's own record of writes dates a change; for a listing everything that
/// the object says of its past does.
fn date(kind: &Kind, incoming: &Incoming, how: How, change: ChangeKind, now: Time) -> Time {
    let (object, written) = (&incoming.object, incoming.written_at);
    if change == ChangeKind::Deleted {
        return now;
    }
    match how {
        How::Changed => written.filter(|at| now.seconds_since(*at) > REPLAYED_AFTER_SECONDS).unwrap_or(now),
        How::Listed => {
            let mut latest = written.max(incoming.triggered_at);
            if latest.is_none() && matches!(&*kind.kind, "Endpoints" | "EndpointSlice") {
                // It changes all the time and says nothing of when; its creation would date an outage to the first day.
                return now;
            }
            latest = latest.max(time_in(&object["metadata"]["creationTimestamp"]));
            let status = &object["status"];
            for condition in status["conditions"].as_array().into_iter().flatten() {
                latest =
                    latest.max(time_in(&condition["lastTransitionTime"])).max(time_in(&condition["lastUpdateTime"]));
            }
            for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
                for container in status[list].as_array().into_iter().flatten() {
                    for state in ["running", "terminated"] {
                        let state = &container["state"][state];
                        latest = latest.max(time_in(&state["startedAt"])).max(time_in(&state["finishedAt"]));
                    }
                    latest = latest.max(time_in(&container["lastState"]["terminated"]["finishedAt"]));
                }
            }
            latest.map_or(now, |at| at.min(now))
        }
    }
}

#[cfg(test)]
mod tests;
