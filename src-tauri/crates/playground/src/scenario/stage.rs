//! The simulation: a clock, an agenda, the objects as they stand, and what happened since somebody last asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Body, ChangeKind, ClusterId, EventBody, ObjectRef, Observation, Source, Time, digest_hex};
use redact::Redactor;
use serde_json::{Value, json};

use super::actor::Workload;
use super::beat::Beat;
use super::script::{ReactionWord, State};
use super::{Act, Scenario};

/// Something that happened in a scenario's cluster.
#[derive(Clone, Debug)]
pub struct Happening {
    pub at: Time,
    pub subject: Option<ObjectRef>,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// An object whole, with the values of its config maps and secrets.
    Object { change: ChangeKind, object: Arc<Value> },
    /// Anything else a history holds.
    Told(Body),
}

impl Happening {
    /// What a history keeps of it: objects reduced, and the shape of configuration beside them.
    pub fn observations(&self, cluster: &ClusterId) -> Vec<Observation> {
        let observe =
            |body| Observation::new(cluster.clone(), self.at, self.at, Source::Script, self.subject.clone(), body);
        match &self.what {
            What::Told(body) => vec![observe(body.clone())],
            What::Object { change, object } => {
                let kind = object["kind"].as_str().unwrap_or_default();
                let mut reduced = (**object).clone();
                model::project(kind, &mut reduced);
                let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                let mut observations = vec![observe(Body::Object {
                    api_version: text("/apiVersion").into(),
                    uid: text("/metadata/uid").into(),
                    resource_version: text("/metadata/resourceVersion").into(),
                    change: *change,
                    object: reduced.into(),
                })];
                if matches!(kind, "ConfigMap" | "Secret") && *change == ChangeKind::Present {
                    observations.push(observe(Body::Shape(Redactor::new(SHAPE_KEY).shape(kind, object))));
                }
                observations
            }
        }
    }
}

/// Scripts hold no secrets, so their digests need no key of an installation, and are the same everywhere.
const SHAPE_KEY: [u8; 32] = *b"caseboard playground scenarios..";

/// Why a script cannot go on.
#[derive(Clone, Debug)]
pub struct Fault {
    pub line: usize,
    pub what: String,
    pub hint: String,
}

/// What is to be done at a time.
#[derive(Clone, Debug)]
pub(super) enum Due {
    Act(Act),
    Beat {
        workload: ObjectRef,
        pod: String,
        episode: u32,
        beat: Beat,
    },
    /// The progress deadline of a revision.
    Deadline {
        workload: ObjectRef,
        revision: u32,
    },
    /// Pods of a node that no longer answers are deleted and replaced.
    Evacuate {
        node: String,
        words: Value,
    },
}

/// Which workloads the controllers have to look at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsettled {
    All,
    Some(BTreeSet<ObjectRef>),
}

impl Unsettled {
    pub(super) fn add(&mut self, workload: &ObjectRef) {
        match self {
            Unsettled::All => {}
            Unsettled::Some(some) => {
                some.insert(workload.clone());
            }
        }
    }
}

/// A scenario as it is being played. Deterministic: the same script, base and writes give the same happenings.
#[derive(Debug)]
pub struct Stage {
    pub(super) seed: String,
    pub(super) namespace: String,
    pub(super) base: Time,
    pub(super) script_start: Time,
    pub(super) now: Time,
    pub(super) objects: BTreeMap<ObjectRef, Value>,
    /// Merge patches on objects that the simulation writes anew whenever they change.
    pub(super) overlays: BTreeMap<ObjectRef, Vec<Value>>,
    pub(super) workloads: BTreeMap<ObjectRef, Workload>,
    pub(super) reactions: Vec<(usize, ReactionWord)>,
    pub(super) opening: bool,
    pub(super) unsettled: Unsettled,
    /// The last address given out, by node number.
    pub(super) addresses: BTreeMap<String, u32>,
    /// Services whose endpoints nobody writes any more.
    pub(super) frozen: BTreeSet<ObjectRef>,
    /// The states of pods that replace those of lost nodes.
    pub(super) replacements: Vec<Option<State>>,
    /// Which images are on which nodes.
    pub(super) images: BTreeSet<(String, String)>,
    agenda: BTreeMap<(Time, u64), Due>,
    events: BTreeMap<(ObjectRef, String, String, String), EventBody>,
    told: Vec<Happening>,
    sequence: u64,
    revision: u64,
    births: BTreeMap<ObjectRef, u32>,
}

impl Stage {
    pub(super) fn new(scenario: &Scenario, base: Time) -> Stage {
        let mut stage = Stage {
            seed: scenario.name.clone(),
            namespace: scenario.namespace.clone(),
            base,
            script_start: scenario.start,
            now: base,
            objects: BTreeMap::new(),
            overlays: BTreeMap::new(),
            workloads: BTreeMap::new(),
            reactions: scenario.reactions.clone(),
            opening: true,
            unsettled: Unsettled::All,
            addresses: BTreeMap::new(),
            frozen: BTreeSet::new(),
            replacements: Vec::new(),
            images: BTreeSet::new(),
            agenda: BTreeMap::new(),
            events: BTreeMap::new(),
            told: Vec::new(),
            sequence: 0,
            revision: 4_200,
            births: BTreeMap::new(),
        };
        for act in &scenario.objects {
            stage.plan(base, Due::Act(act.clone()));
        }
        for step in &scenario.steps {
            let at = Time(base.0.saturating_add(step.at.0));
            for act in &step.acts {
                stage.plan(at, Due::Act(act.clone()));
            }
        }
        stage
    }

    pub fn now(&self) -> Time {
        self.now
    }

    /// When the next thing happens, if anything will.
    pub fn next_at(&self) -> Option<Time> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// Plays up to and including `to` and gives what happened, oldest first.
    pub fn advance(&mut self, to: Time) -> Result<Vec<Happening>, Fault> {
        while let Some(entry) = self.agenda.first_entry() {
            let at = entry.key().0;
            if at > to {
                break;
            }
            let due = entry.remove();
            if at > self.base {
                self.opening = false;
            }
            self.now = self.now.max(at);
            self.perform(due)?;
            self.settle();
        }
        self.now = self.now.max(to);
        if to > self.base {
            self.opening = false;
        }
        Ok(std::mem::take(&mut self.told))
    }

    /// What happened since somebody last asked, without moving the clock.
    pub(crate) fn told(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.told)
    }

    fn perform(&mut self, due: Due) -> Result<(), Fault> {
        match due {
            Due::Act(act) => {
                // While the cluster is being set up, what is added concerns only itself.
                if self.opening && act.name == "apply" {
                    let namespace = act.words["namespace"].as_str().unwrap_or(&self.namespace).to_owned();
                    self.unsettled.add(&ObjectRef::new("", namespace, ""));
                } else {
                    self.unsettled = Unsettled::All;
                }
                self.act(&act)
            }
            Due::Beat { workload, pod, episode, beat } => {
                self.unsettled.add(&workload);
                self.beat(&workload, &pod, episode, beat);
                Ok(())
            }
            Due::Deadline { workload, revision } => {
                self.unsettled.add(&workload);
                self.deadline(&workload, revision);
                Ok(())
            }
            Due::Evacuate { node, words } => {
                self.unsettled = Unsettled::All;
                self.evacuate(&node, &words);
                Ok(())
            }
        }
    }

    pub(super) fn plan(&mut self, at: Time, due: Due) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), due);
    }

    /// Lets the controllers look at everything, after a write from outside.
    pub(crate) fn settle_all(&mut self) {
        self.unsettled = Unsettled::All;
        self.settle();
    }

    /// Puts an object; says so unless it is as it was.
    pub(super) fn put(&mut self, subject: ObjectRef, mut object: Value) {
        for patch in self.overlays.get(&subject).into_iter().flatten() {
            merge(&mut object, patch);
        }
        let old = self.objects.get(&subject);
        let metadata = &mut object["metadata"];
        if let Some(old) = old {
            for kept in ["uid", "creationTimestamp"] {
                if let Some(value) = old.pointer(&format!("/metadata/{kept}")) {
                    metadata[kept] = value.clone();
                }
            }
            metadata["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
            if *old == object {
                return;
            }
        } else {
            if metadata.get("uid").is_none() {
                metadata["uid"] = self.uid(&subject).into();
            }
            if metadata.get("creationTimestamp").is_none() {
                metadata["creationTimestamp"] = text(self.now).into();
            }
        }
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        self.objects.insert(subject.clone(), object.clone());
        self.told.push(Happening {
            at: self.now,
            subject: Some(subject),
            what: What::Object { change: ChangeKind::Present, object: Arc::new(object) },
        });
    }

    pub(super) fn remove(&mut self, subject: &ObjectRef) {
        let Some(mut object) = self.objects.remove(subject) else { return };
        self.overlays.remove(subject);
        *self.births.entry(subject.clone()).or_default() += 1;
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        self.told.push(Happening {
            at: self.now,
            subject: Some(subject.clone()),
            what: What::Object { change: ChangeKind::Deleted, object: Arc::new(object) },
        });
    }

    pub(super) fn tell(&mut self, subject: Option<ObjectRef>, body: Body) {
        self.told.push(Happening { at: self.now, subject, what: What::Told(body) });
    }

    /// An Event, folded with earlier ones of the same subject, reason and message.
    pub(super) fn event(
        &mut self,
        subject: &ObjectRef,
        event_type: &str,
        reason: &str,
        message: &str,
        reporter: &str,
        times: u32,
    ) {
        self.event_since(subject, event_type, reason, message, reporter, times, self.now);
    }

    #[expect(clippy::too_many_arguments, reason = "an Event has that many fields")]
    pub(super) fn event_since(
        &mut self,
        subject: &ObjectRef,
        event_type: &str,
        reason: &str,
        message: &str,
        reporter: &str,
        times: u32,
        first_at: Time,
    ) {
        let agent = matches!(reporter, "kubelet" | "kube-proxy")
            || reporter.contains("problem-detector")
            || reporter.ends_with("-monitor");
        // Agents on a node know the Node by its name only, and write that for its uid.
        let uid = if subject.kind == "Node" && agent { Some(subject.name.to_string()) } else { self.uid_of(subject) };
        let subject_uid = uid.clone().unwrap_or_default();
        let key = (subject.clone(), subject_uid.clone(), reason.to_owned(), message.to_owned());
        let now = self.now;
        let seed = self.seed.clone();
        let event = self.events.entry(key).or_insert_with(|| EventBody {
            uid: uuid_of(&[&seed, "event", &subject.to_string(), &subject_uid, reason, message]).into(),
            event_type: event_type.into(),
            reason: reason.into(),
            message: message.into(),
            count: 0,
            first_at,
            last_at: now,
            reporter: reporter.into(),
            subject_uid: uid.map(Into::into),
        });
        event.count = event.count.saturating_add(times);
        event.last_at = now;
        let body = Body::Event(event.clone());
        self.tell(Some(subject.clone()), body);
    }

    pub(super) fn uid_of(&self, subject: &ObjectRef) -> Option<String> {
        self.objects.get(subject)?.pointer("/metadata/uid")?.as_str().map(str::to_owned)
    }

    /// The uid an object gets when it is made: a digest, another one each time the name is used again.
    pub(super) fn uid(&self, subject: &ObjectRef) -> String {
        let birth = self.births.get(subject).copied().unwrap_or_default();
        uuid_of(&[&self.seed, "object", &subject.to_string(), &birth.to_string()])
    }

    /// Eight to ten characters of the alphabet that Kubernetes uses for generated names.
    pub(super) fn hash(&self, length: usize, parts: &[&str]) -> String {
        const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut whole: Vec<&[u8]> = vec![self.seed.as_bytes()];
        whole.extend(parts.iter().map(|p| p.as_bytes()));
        let digest = digest_hex(&whole);
        let mut number = u128::from_str_radix(&digest, 16).unwrap_or_default();
        (0..length)
            .map(|_| {
                let letter = SAFE[(number % SAFE.len() as u128) as usize];
                number /= SAFE.len() as u128;
                letter as char
            })
            .collect()
    }
}

/// A uid in the usual form from a digest.
pub(crate) fn uuid_of(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_bytes()).collect();
    let first = digest_hex(&parts);
    let second = digest_hex(&[first.as_bytes()]);
    format!("{}-{}-4{}-a{}-{}", &first[..8], &first[8..12], &first[13..16], &first[17..20], &second[..12])
}

/// As Kubernetes writes times: to the second, in UTC.
pub(crate) fn text(at: Time) -> String {
    Time::from_seconds(at.seconds()).to_string()
}

/// A JSON merge patch (RFC 7396).
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(map) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}
