use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::digest::digest;
use crate::doc::write_text;
use crate::{ClusterId, Doc, LogBody, ObjectRef, ObservationId, Text, Time, canonical_json};

/// One fact at one time: the only thing a history holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Observation {
    pub id: ObservationId,
    pub cluster: ClusterId,
    /// When it was true.
    pub at: Time,
    /// When we learnt it; never before [`Observation::at`] unless two clocks disagree.
    pub seen_at: Time,
    pub source: Source,
    pub subject: Option<ObjectRef>,
    pub body: Body,
}

impl Observation {
    /// Makes an observation and computes its id from its content.
    pub fn new(
        cluster: ClusterId,
        at: Time,
        seen_at: Time,
        source: Source,
        subject: Option<ObjectRef>,
        body: Body,
    ) -> Self {
        let id = Self::id_of(&cluster, at, &source, subject.as_ref(), &body);
        Observation { id, cluster, at, seen_at, source, subject, body }
    }

    /// The digest that makes the id. `seen_at` is not part of it: learning the same fact twice adds nothing.
    pub fn id_of(
        cluster: &ClusterId,
        at: Time,
        source: &Source,
        subject: Option<&ObjectRef>,
        body: &Body,
    ) -> ObservationId {
        let text = body.canonical();
        let subject = subject.map(ToString::to_string).unwrap_or_default();
        ObservationId::of_digest(&digest(&[
            cluster.0.as_bytes(),
            &at.0.to_le_bytes(),
            source.to_string().as_bytes(),
            subject.as_bytes(),
            &text,
        ]))
    }

    /// Whether watches learn this by themselves (objects, events, what was and was not watched, gaps), so that it is in
    /// every [`crate::Snapshot`]. Everything else enters an investigation only as the released result of a call.
    pub fn is_inventory(&self) -> bool {
        match self.body {
            Body::Object { .. } | Body::Event(_) | Body::Coverage { .. } | Body::Gap { .. } => true,
            Body::Log(_)
            | Body::Metric(_)
            | Body::Probe(_)
            | Body::NodeAgent(_)
            | Body::Alert(_)
            | Body::Shape(_)
            | Body::Change { .. }
            | Body::Dependencies { .. }
            | Body::ToolResult { .. }
            | Body::Note { .. } => false,
        }
    }
}

/// Where an observation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A watch on an API server.
    Watch,
    /// A live read by a tool.
    Read,
    /// A file of a support bundle, a dump or a capture.
    Import,
    /// A playground or golden-scenario script.
    Script,
    /// A person.
    Person,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Watch => "watch",
            Source::Read => "read",
            Source::Import => "import",
            Source::Script => "script",
            Source::Person => "person",
        })
    }
}

/// What was observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    /// A version of an object, pruned by [`crate::project`]: no managed fields, no values of Secrets and ConfigMaps.
    Object {
        #[ts(type = "string")]
        api_version: Text,
        #[ts(type = "string")]
        uid: Text,
        #[ts(type = "string")]
        resource_version: Text,
        change: ChangeKind,
        #[ts(type = "unknown")]
        object: Doc,
    },
    /// A Kubernetes Event, folded by (subject, reason, message).
    Event(EventBody),
    /// A piece of a container's log.
    Log(LogBody),
    /// A window of one metric.
    Metric(MetricBody),
    /// The answer to a connection attempt.
    Probe(ProbeBody),
    /// What a service on a node says of itself (systemd unit, kubelet, container runtime, kernel).
    NodeAgent(NodeAgentBody),
    /// An alert of Alertmanager.
    Alert(AlertBody),
    /// Keys, sizes and keyed digests of a ConfigMap or Secret; never a value.
    Shape(ShapeBody),
    /// A change outside the cluster's objects: a commit, a release, a pipeline run.
    Change { reference: String, author: String, message: String, diff: Option<String> },
    /// Which service calls which, as somebody recorded it: (caller, callee).
    Dependencies { calls: Vec<(String, String)> },
    /// What a tool answered, as text (already redacted).
    ToolResult { tool: String, text: String },
    /// What a person wrote.
    Note { author: String, text: String },
    /// Whether a kind was watched or listed in a namespace (empty: cluster-wide). "Asked, none" is not "not asked".
    Coverage { kind: String, namespace: String, state: CoverageState },
    /// Something is missing from the history between `at` and `until`.
    Gap { until: Time, dropped: u64, reason: String },
}

impl Body {
    /// As [`canonical_json`] writes it. An object, which is nearly all there is, is written without a copy of it.
    fn canonical(&self) -> Vec<u8> {
        let Body::Object { api_version, uid, change, object, resource_version } = self else {
            let value = serde_json::to_value(self).unwrap_or_default();
            return canonical_json(&value).into_bytes();
        };
        let mut out = Vec::with_capacity(4_096);
        write_field("{\"api_version\":", api_version, &mut out);
        write_field(",\"change\":", change.word(), &mut out);
        out.extend_from_slice(b",\"object\":");
        object.write_canonical(&mut out);
        write_field(",\"resource_version\":", resource_version, &mut out);
        write_field(",\"type\":", "object", &mut out);
        write_field(",\"uid\":", uid, &mut out);
        out.push(b'}');
        out
    }

    /// As `serde_json` writes it.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let Body::Object { api_version, uid, change, object, resource_version } = self else {
            // A tree of texts, numbers and maps with text keys: writing it to memory cannot fail.
            let _ = serde_json::to_writer(out, self);
            return;
        };
        write_field("{\"type\":", "object", out);
        write_field(",\"api_version\":", api_version, out);
        write_field(",\"uid\":", uid, out);
        write_field(",\"resource_version\":", resource_version, out);
        write_field(",\"change\":", change.word(), out);
        out.extend_from_slice(b",\"object\":");
        object.write_json(out);
        out.push(b'}');
    }
}

fn write_field(before: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(before.as_bytes());
    write_text(text, out);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Seen for the first time, or listed.
    Present,
    Deleted,
    /// Not held any more, though it may exist: it has finished, and its kind is only counted from here on.
    Counted,
}

impl ChangeKind {
    fn word(self) -> &'static str {
        match self {
            ChangeKind::Present => "present",
            ChangeKind::Deleted => "deleted",
            ChangeKind::Counted => "counted",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct EventBody {
    #[ts(type = "string")]
    pub uid: Text,
    /// `Normal` or `Warning`.
    #[ts(type = "string")]
    pub event_type: Text,
    #[ts(type = "string")]
    pub reason: Text,
    #[ts(type = "string")]
    pub message: Text,
    /// How often the same event was seen; 1 where the source did not say.
    pub count: u32,
    pub first_at: Time,
    pub last_at: Time,
    #[ts(type = "string")]
    pub reporter: Text,
    /// The involved object's uid, so that two objects of one name are told apart.
    #[ts(type = "string | null")]
    pub subject_uid: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricBody {
    /// The metric's name as its source has it (`container_memory_working_set_bytes`).
    pub name: String,
    pub unit: String,
    pub labels: BTreeMap<String, String>,
    pub points: Vec<MetricPoint>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricPoint {
    pub at: Time,
    pub value: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ProbeBody {
    /// What was called, such as `shop/cart:7070`.
    pub target: String,
    pub port: u16,
    pub protocol: String,
    pub reachable: bool,
    /// What the probe said.
    pub output: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct NodeAgentBody {
    pub node: String,
    /// `containerd`, `kubelet`, `kube-proxy`, `kube-scheduler`, `kernel`, …
    pub service: String,
    /// The state in its own words (`active (running)`), empty where it did not say.
    pub state: String,
    pub output: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AlertBody {
    pub name: String,
    pub state: AlertState,
    pub severity: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub starts_at: Time,
    pub ends_at: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    Firing,
    Suppressed,
    Resolved,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ShapeBody {
    /// `ConfigMap` or `Secret`.
    pub kind: String,
    pub keys: Vec<KeyShape>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct KeyShape {
    pub key: String,
    pub bytes: u64,
    /// A digest keyed with this installation's key: equal values have equal digests, and nothing more can be told.
    pub digest: String,
    /// How many times the value can be base64-decoded to printable text on top of Kubernetes' own encoding.
    pub encoding_depth: u8,
    /// The end of validity where the value is a certificate.
    pub not_after: Option<Time>,
}

/// What a source said about a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CoverageState {
    /// Listed whole: what is not there does not exist.
    Listed,
    /// Some of it is known; absence proves nothing.
    Partial,
    /// The cluster refused.
    Refused,
    /// Nobody asked.
    NotAsked,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(object: serde_json::Value) -> Observation {
        let body = Body::Object {
            api_version: "v1".into(),
            uid: "7d1c".into(),
            resource_version: "42".into(),
            change: ChangeKind::Present,
            object: object.into(),
        };
        let (cluster, at) = (ClusterId("cluster:test".into()), Time::from_seconds(1_000));
        Observation::new(cluster, at, at, Source::Watch, Some(ObjectRef::new("Pod", "shop", "cart-0")), body)
    }

    /// Cases cite observations by these ids: what made one years ago must make it today.
    #[test]
    fn the_same_fact_has_the_same_id_for_ever() {
        let object =
            json!({"metadata": {"name": "cart-0", "labels": {"b": "\u{1}\"ü", "a": 1}}, "spec": [1.5, -3, null, true]});
        assert_eq!(version(object).id.to_string(), "obs:a073c97d3064345c4517c45c");
    }

    #[test]
    fn an_id_of_an_object_is_that_of_its_canonical_json() {
        let observation = version(json!({"z": {"y": [1e300, 0.1]}, "a": "line\nbreak", "long": "x".repeat(40)}));
        let value = serde_json::to_value(&observation.body).unwrap();
        assert_eq!(String::from_utf8(observation.body.canonical()).unwrap(), canonical_json(&value));
        let mut written = Vec::new();
        observation.body.write_json(&mut written);
        assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(&observation.body).unwrap());
    }

    #[test]
    fn ids_of_any_form_come_back_as_they_were_and_stand_in_the_order_of_their_texts() {
        let texts =
            ["", "obs:1", "obs:00ff00ff00ff00ff00ff00ff", "obs:00FF00ff00ff00ff00ff00ff", "note", "obs:0g", "obs:zz"];
        let mut ids: Vec<ObservationId> = texts.iter().map(|text| ObservationId::from(*text)).collect();
        assert!(ids.iter().zip(texts).all(|(id, text)| id.to_string() == text));
        assert_eq!(serde_json::from_value::<ObservationId>(json!(ids[2])).unwrap(), ids[2]);
        ids.sort();
        let mut sorted = texts;
        sorted.sort_unstable();
        assert_eq!(ids.iter().map(ToString::to_string).collect::<Vec<_>>(), sorted);
    }
}
