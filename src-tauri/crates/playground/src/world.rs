//! What the server shows: the store, filled from a history or from a scenario that goes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use history::{History, Query};
use model::{
    AlertBody, AlertState, Body, ChangeKind, EventBody, NodeAgentBody, ObjectRef, Observation, Time, digest_hex,
};
use serde_json::{Value, json};

use crate::crowd::Crowd;
use crate::resource::Resource;
use crate::scenario::{self, Happening, Scenario, Stage, What};
use crate::store::{LogPiece, Store};

/// How a scenario's script runs while it is served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// All of it has just happened; from now on the cluster lives on in real time.
    Happened,
    /// It begins now and ends at the present, so many times as fast as it was; then it lives on in real time.
    Playing(f64),
}

/// The state behind the server.
pub struct World {
    pub store: Store,
    pub history: Arc<History>,
    pub told: Mutex<Told>,
    /// Pods that are not in the store.
    pub crowd: Option<Arc<Crowd>>,
    play: Option<Mutex<Play>>,
}

/// What neither objects nor events tell.
#[derive(Debug, Default)]
pub struct Told {
    /// By name and subject.
    pub alerts: BTreeMap<(String, String), AlertBody>,
    /// By node and service.
    pub agents: BTreeMap<(String, String), NodeAgentBody>,
}

struct Play {
    stage: Stage,
    started: Time,
    base: Time,
    speed: f64,
}

impl Play {
    /// The script's clock at a time of the real one; it never runs ahead of it.
    fn script_time(&self, now: Time) -> Time {
        let passed = (now.0 - self.started.0) as f64 * self.speed;
        Time(self.base.0.saturating_add(passed as i64)).min(now)
    }

    /// The real time at which the script's clock shows `at`.
    fn real_time(&self, at: Time) -> Time {
        let whole = Time(self.started.0.saturating_add(((at.0 - self.base.0) as f64 / self.speed) as i64));
        whole.max(at)
    }
}

impl World {
    /// A scenario, written into `history` as it happens.
    pub fn of_scenario(scenario: &Scenario, history: Arc<History>, pace: Pace, now: Time) -> history::Result<World> {
        let (base, speed) = match pace {
            Pace::Happened => (scenario.base_ending_at(now), 1.0),
            Pace::Playing(speed) => {
                let speed = if speed.is_finite() && speed >= 1.0 { speed } else { 1.0 };
                let lasts = (scenario.length.0 as f64 / speed) as i64;
                (Time(now.0 + lasts - scenario.length.0), speed)
            }
        };
        history.append(&scenario::coverage(history.cluster(), base))?;
        let started = if pace == Pace::Happened { base } else { now };
        let play = Play { stage: scenario.stage(base), started, base, speed };
        let world = World {
            store: Store::default(),
            history,
            told: Mutex::default(),
            crowd: None,
            play: Some(Mutex::new(play)),
        };
        world.catch_up(now)?;
        Ok(world)
    }

    /// A recording as it ends.
    pub fn of_history(history: Arc<History>) -> history::Result<World> {
        let store = Store::default();
        let snapshot = history.snapshot(Time::MAX)?;
        store.write(|kept| {
            for (subject, held) in &snapshot.objects {
                kept.put(subject, restored(held.object.to_value()));
            }
            for (subject, events) in &snapshot.events {
                for seen in events.iter() {
                    let (own, object) =
                        event_object(&snapshot.objects.get(subject).map(|h| h.object.to_value()), subject, &seen.event);
                    kept.put(&own, object);
                }
            }
        });
        let world = World { store, history, told: Mutex::default(), crowd: None, play: None };
        let query = Query { types: vec!["log", "metric", "alert", "node_agent"], ..Query::default() };
        for observation in world.history.find(&query)? {
            world.hear(&observation.subject, observation.at, &observation.body);
        }
        Ok(world)
    }

    /// So many made-up pods and what stands around them. Nothing of it is recorded.
    pub fn of_crowd(pods: u32, now: Time) -> history::Result<World> {
        let store = Store::default();
        let crowd = Some(Arc::new(Crowd::settle(pods, &store, now)));
        let history = Arc::new(History::in_memory(cluster_of("crowd"))?);
        Ok(World { store, history, told: Mutex::default(), crowd, play: None })
    }

    /// Whether writes take effect: a recording cannot be changed.
    pub fn takes_writes(&self) -> bool {
        self.play.is_some()
    }

    /// Plays what has happened by now; gives when the next thing will happen.
    pub fn catch_up(&self, now: Time) -> history::Result<Option<Time>> {
        let Some(play) = &self.play else { return Ok(None) };
        let mut play = play.lock().unwrap_or_else(PoisonError::into_inner);
        let to = play.script_time(now);
        // A script was played to its end when it was read; only what writes set off could still fail.
        let happenings = play.stage.advance(to).unwrap_or_else(|fault| {
            tracing::warn!(line = fault.line, "a reaction of the scenario could not be played: {}", fault.what);
            Vec::new()
        });
        let next = play.stage.next_at().map(|at| play.real_time(at));
        self.tell(&happenings)?;
        Ok(next)
    }

    /// Does something to the scenario's cluster, now.
    pub fn act<T>(
        &self,
        now: Time,
        act: impl FnOnce(&mut Stage) -> Result<T, String>,
    ) -> Result<Result<T, String>, history::Error> {
        let Some(play) = &self.play else { return Ok(Err("this cluster is a recording".into())) };
        let mut play = play.lock().unwrap_or_else(PoisonError::into_inner);
        let to = play.script_time(now);
        let mut happenings = play.stage.advance(to).unwrap_or_default();
        let result = act(&mut play.stage);
        play.stage.settle_all();
        happenings.extend(play.stage.told());
        // Under the lock, so that a history gets things in the order in which they happened.
        self.tell(&happenings)?;
        Ok(result)
    }

    fn tell(&self, happenings: &[Happening]) -> history::Result<()> {
        if happenings.is_empty() {
            return Ok(());
        }
        let cluster = self.history.cluster().clone();
        let observations: Vec<Observation> = happenings.iter().flat_map(|h| h.observations(&cluster)).collect();
        self.history.append(&observations)?;
        for happening in happenings {
            match (&happening.what, &happening.subject) {
                (What::Object { change, object }, Some(subject)) => self.store.write(|kept| match change {
                    ChangeKind::Present => {
                        kept.put(subject, (**object).clone());
                    }
                    ChangeKind::Deleted | ChangeKind::Counted => {
                        kept.remove(subject);
                    }
                }),
                (What::Told(body), subject) => self.hear(subject, happening.at, body),
                (What::Object { .. }, None) => {}
            }
        }
        Ok(())
    }

    fn hear(&self, subject: &Option<ObjectRef>, at: Time, body: &Body) {
        let Some(subject) = subject else { return };
        match body {
            Body::Event(event) => {
                let about = self.store.read(|kept| kept.get(&subject.kind, &subject.namespace, &subject.name).cloned());
                let (own, object) = event_object(&about.map(|o| (*o).clone()), subject, event);
                self.store.write(|kept| kept.put(&own, object));
            }
            Body::Log(log) => self.store.write(|kept| {
                let key =
                    (subject.namespace.to_string(), subject.name.to_string(), log.container.clone(), log.previous);
                kept.logs.entry(key).or_default().push(LogPiece { at, text: log.text.clone() });
            }),
            Body::Metric(metric) => {
                let Some(last) = metric.points.last() else { return };
                let container = metric.labels.get("container").cloned().unwrap_or_default();
                let key = (metric.name.clone(), subject.namespace.to_string(), subject.name.to_string(), container);
                let (at, value) = (last.at, last.value);
                let mut series = metric.clone();
                if let Some(label) = alert_label(&subject.kind) {
                    series.labels.entry(label.into()).or_insert_with(|| subject.name.to_string());
                }
                let labels = model::canonical_json(&json!(series.labels));
                self.store.write(|kept| {
                    kept.metrics.insert(key, (at, value));
                    if kept.series.is_empty() {
                        monitoring(kept);
                    }
                    kept.series.insert((series.name.clone(), subject.clone(), labels), series);
                });
            }
            Body::Alert(alert) => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                let key = (alert.name.clone(), subject.to_string());
                match alert.state {
                    AlertState::Resolved => told.alerts.remove(&key),
                    AlertState::Firing | AlertState::Suppressed => {
                        let mut alert = alert.clone();
                        if let Some(label) = alert_label(&subject.kind) {
                            alert.labels.entry(label.into()).or_insert_with(|| subject.name.to_string());
                        }
                        told.alerts.insert(key, alert)
                    }
                };
            }
            Body::NodeAgent(agent) => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                told.agents.insert((agent.node.clone(), agent.service.clone()), agent.clone());
            }
            _ => {}
        }
    }
}

/// The name of the Service behind which a scenario's metrics are answered for.
pub(crate) const MONITORING: &str = "prometheus";

/// A cluster that has metrics has something that keeps them. It stands in the served cluster alone: what a recording has of
/// metrics it holds itself.
fn monitoring(kept: &mut crate::store::Kept) {
    let namespace = if kept.get("Namespace", "", "monitoring").is_some() { "monitoring" } else { "kube-system" };
    let service = ObjectRef::new("Service", namespace, MONITORING);
    if kept.get("Service", namespace, MONITORING).is_some() {
        return;
    }
    let metadata = |uid: &str| {
        json!({"name": MONITORING, "namespace": namespace, "uid": uid, "creationTimestamp": "2026-01-05T08:00:00Z",
               "labels": {"app.kubernetes.io/name": MONITORING}})
    };
    let ports = json!([{"name": "web", "port": 9090, "targetPort": 9090, "protocol": "TCP"}]);
    kept.put(
        &service,
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("playground-monitoring"),
               "spec": {"type": "ClusterIP", "clusterIP": "10.96.250.90", "ports": ports}}),
    );
    kept.put(
        &ObjectRef::new("Endpoints", namespace, MONITORING),
        json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata("playground-monitoring-endpoints"),
               "subsets": [{"addresses": [{"ip": "10.244.250.90"}], "ports": [{"name": "web", "port": 9090}]}]}),
    );
}

/// The label by which an alert names an object of this kind.
fn alert_label(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Pod" => "pod",
        "Deployment" => "deployment",
        "StatefulSet" => "statefulset",
        "DaemonSet" => "daemonset",
        "PersistentVolumeClaim" => "persistentvolumeclaim",
        "Service" => "service",
        "Node" => "node",
        _ => return None,
    })
}

fn event_object(about: &Option<Value>, subject: &ObjectRef, event: &EventBody) -> (ObjectRef, Value) {
    let text = |pointer: &str| about.as_ref().and_then(|o| o.pointer(pointer)).and_then(Value::as_str);
    let known = crate::resource::by_kind(&subject.kind).map_or_else(|| "v1".to_owned(), Resource::api_version);
    let api_version = text("/apiVersion").map_or(known, str::to_owned);
    let host = match subject.kind.as_str() {
        "Node" => Some(subject.name.as_str()),
        _ => text("/spec/nodeName"),
    };
    (crate::event::reference(subject, event), crate::event::object(subject, event, &api_version, host))
}

/// An object as a client expects it: a history has no values of configuration, so each is replaced by a text of the same
/// length that says so.
fn restored(mut object: Value) -> Value {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    if !matches!(kind.as_str(), "ConfigMap" | "Secret") || object.get("data").is_some() {
        return object;
    }
    let Some(map) = object.as_object_mut() else { return object };
    let Some(Value::Object(keys)) = map.remove("keys") else { return object };
    let mut data = json!({});
    for (key, shape) in keys {
        let bytes = shape["bytes"].as_u64().unwrap_or_default().min(1 << 20) as usize;
        let filler: String = "(not recorded)".chars().cycle().take(bytes).collect();
        data[key] = match kind.as_str() {
            "Secret" => scenario::base64(filler.chars().take(bytes / 4 * 3).collect::<String>().as_bytes()).into(),
            _ => filler.into(),
        };
    }
    map.insert("data".into(), data);
    object
}

/// The identity of a scenario's cluster where nobody gives one.
pub fn cluster_of(name: &str) -> model::ClusterId {
    model::ClusterId(format!("cluster:{}", digest_hex(&[b"playground", name.as_bytes()])))
}
