//! Events as objects: a history keeps their bodies, an API server gives them as `Event`.

use model::{EventBody, ObjectRef, Time};
use serde_json::{Value, json};

/// The Event's own reference.
pub fn reference(subject: &ObjectRef, event: &EventBody) -> ObjectRef {
    let namespace = if subject.namespace.is_empty() { "default" } else { &subject.namespace };
    let suffix: String = event.uid.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    ObjectRef::new("Event", namespace, format!("{}.{suffix:0<16}", subject.name))
}

/// The Event in its core form.
pub fn object(subject: &ObjectRef, event: &EventBody, api_version: &str, host: Option<&str>) -> Value {
    let own = reference(subject, event);
    let kind = subject.kind.split('.').next().unwrap_or_default();
    let mut involved = json!({ "kind": kind, "name": subject.name, "apiVersion": api_version });
    if !subject.namespace.is_empty() {
        involved["namespace"] = subject.namespace.clone().into();
    }
    if let Some(uid) = &event.subject_uid {
        involved["uid"] = uid.clone().into();
    }
    let mut source = json!({ "component": event.reporter });
    if let Some(host) = host.filter(|_| event.reporter == "kubelet") {
        source["host"] = host.into();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": own.name, "namespace": own.namespace, "uid": event.uid,
            "creationTimestamp": seconds(event.first_at),
        },
        "involvedObject": involved,
        "reason": event.reason,
        "message": event.message,
        "source": source,
        "firstTimestamp": seconds(event.first_at),
        "lastTimestamp": seconds(event.last_at),
        "count": event.count.max(1),
        "type": event.event_type,
        "eventTime": null,
        "reportingComponent": event.reporter,
        "reportingInstance": host.filter(|_| event.reporter == "kubelet").unwrap_or_default(),
    })
}

/// The same Event in the form of events.k8s.io.
pub fn modern(core: &Value) -> Value {
    json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": core["metadata"],
        "regarding": core["involvedObject"],
        "reason": core["reason"],
        "note": core["message"],
        "type": core["type"],
        "eventTime": core["eventTime"],
        "reportingController": core["reportingComponent"],
        "reportingInstance": core["reportingInstance"],
        "deprecatedSource": core["source"],
        "deprecatedFirstTimestamp": core["firstTimestamp"],
        "deprecatedLastTimestamp": core["lastTimestamp"],
        "deprecatedCount": core["count"],
    })
}

fn seconds(at: Time) -> String {
    Time::from_seconds(at.seconds()).to_string()
}
