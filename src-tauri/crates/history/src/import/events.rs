use std::collections::BTreeMap;

use model::{Body, CoverageState, EventBody, ObjectRef, Text, Time, qualified_kind};
use serde_json::Value;

use super::files::File;
use super::reading::{Reading, Reason};
use super::{kinds, parse};

/// `cluster-resources/events/<namespace>.json`, of `v1` and of `events.k8s.io/v1`.
pub(super) fn list(reading: &mut Reading, file: &File, namespace: &str) -> Result<(), Reason> {
    let mut folded: BTreeMap<(Option<ObjectRef>, Option<Text>, Text, Text), EventBody> = BTreeMap::new();
    for document in parse::documents(&file.path, &file.text())? {
        let items = match &document {
            Value::Array(items) => items.as_slice(),
            Value::Object(map) => match map.get("items") {
                Some(Value::Array(items)) => items.as_slice(),
                Some(_) => &[],
                None if map.contains_key("reason") => std::slice::from_ref(&document),
                None => return Err("it is not a list of events".into()),
            },
            Value::Null => &[],
            _ => return Err("it is not a list of events".into()),
        };
        for item in items {
            let (subject, event) = event(reading, namespace, item);
            let key = (subject, event.subject_uid.clone(), event.reason.clone(), event.message.clone());
            match folded.get_mut(&key) {
                Some(held) => fold(held, event),
                None => {
                    folded.insert(key, event);
                }
            }
        }
    }
    for ((subject, ..), event) in folded {
        reading.note(event.last_at, subject, Body::Event(event));
    }
    reading.cover("Event", namespace, CoverageState::Listed);
    Ok(())
}

fn fold(held: &mut EventBody, other: EventBody) {
    held.count = held.count.saturating_add(other.count);
    held.first_at = held.first_at.min(other.first_at);
    held.last_at = held.last_at.max(other.last_at);
}

fn event(reading: &Reading, namespace: &str, item: &Value) -> (Option<ObjectRef>, EventBody) {
    let involved = ["involvedObject", "regarding"].into_iter().find_map(|field| item.get(field));
    let subject = involved.and_then(|involved| {
        let kind = parse::text_of(involved, "/kind");
        let name = parse::text_of(involved, "/name");
        if kind.is_empty() || name.is_empty() {
            return None;
        }
        let kind = qualified_kind(parse::text_of(involved, "/apiVersion"), kind);
        let own = parse::text_of(involved, "/namespace");
        let namespace = match own {
            _ if kinds::is_global(&kind) => "",
            "" => namespace,
            own => own,
        };
        Some(ObjectRef::new(kind, namespace, name))
    });
    let time =
        |pointers: &[&str]| -> Option<Time> { pointers.iter().find_map(|pointer| parse::time(item.pointer(pointer)?)) };
    let last_at = time(&[
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/deprecatedLastTimestamp",
        "/eventTime",
        "/firstTimestamp",
        "/deprecatedFirstTimestamp",
        "/metadata/creationTimestamp",
    ])
    .unwrap_or(reading.collected_at);
    let first_at = time(&["/firstTimestamp", "/deprecatedFirstTimestamp", "/eventTime", "/metadata/creationTimestamp"])
        .map_or(last_at, |first| first.min(last_at));
    let count = ["/series/count", "/count", "/deprecatedCount"]
        .into_iter()
        .find_map(|pointer| item.pointer(pointer)?.as_u64().filter(|count| *count > 0))
        .map_or(1, |count| u32::try_from(count).unwrap_or(u32::MAX));
    let message = [item.get("message"), item.get("note")].into_iter().flatten().find_map(Value::as_str);
    let reporter = ["/source/component", "/reportingComponent", "/reportingController", "/deprecatedSource/component"]
        .into_iter()
        .map(|pointer| parse::text_of(item, pointer))
        .find(|text| !text.is_empty());
    let uid = involved.map(|involved| parse::text_of(involved, "/uid")).filter(|uid| !uid.is_empty());
    let event = EventBody {
        uid: parse::text_of(item, "/metadata/uid").into(),
        event_type: Some(parse::text_of(item, "/type")).filter(|t| !t.is_empty()).unwrap_or("Normal").into(),
        reason: parse::text_of(item, "/reason").into(),
        message: reading.redacted(message.unwrap_or_default()).into(),
        count,
        first_at,
        last_at,
        reporter: reporter.unwrap_or_default().into(),
        subject_uid: uid.map(str::to_owned).map(Into::into),
    };
    (subject, event)
}
