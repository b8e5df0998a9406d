//! A made-up cluster of many pods, for looking at the workbench under load.
//!
//! Pods are not kept: of each there are some bytes of state, and its JSON (about 11 kB, as a service mesh's pod with its
//! managed fields) is written from one template whenever somebody asks. Nodes, Deployments, ReplicaSets and Events are
//! ordinary objects of the store.

mod churn;
mod made_up;
mod scenery;
mod template;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use model::{ObjectRef, Time};

use crate::store::Store;

pub(crate) use churn::live;
pub use made_up::MadeUp;
use template::Template;

/// Replicas of each Deployment.
const REPLICAS: u32 = 30;
/// Deployments of each namespace.
const APPS: u32 = 10;
/// Pods of each node.
const DENSITY: u32 = 100;
/// So many changes of pods are kept for watches; who asks for older ones is told 410.
const KEPT_CHANGES: usize = 50_000;

/// Pods that are made up when they are asked for.
pub struct Crowd {
    template: Template,
    started: Time,
    pods: RwLock<Pods>,
    /// Changes of pods in a thousand seconds.
    churn: AtomicU64,
    /// Held for a whole change, so that a watch hears changes in the order of their revisions.
    turn: Mutex<churn::Turn>,
}

struct Pods {
    slots: Vec<Slot>,
    changes: VecDeque<Change>,
    /// Changes up to this revision are forgotten.
    compacted: u64,
    /// How many changes there were.
    changed: u64,
}

/// Where a made-up pod stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Its image is being pulled.
    Pending,
    Running,
    /// Its first container waits to be started again after several crashes.
    Crashing,
}

/// One replica's place, and the pod that fills it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// How many pods have filled the place before.
    life: u32,
    restarts: u32,
    phase: PodPhase,
    /// In seconds since 1970.
    created: i64,
    since: i64,
    pub revision: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Added,
    Modified,
    Deleted,
}

/// One change of one pod: how it was left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub what: What,
    pub place: u32,
    pub slot: Slot,
}

impl Crowd {
    /// Fills the store with what stands around `pods` pods; they have been running for a day.
    pub(crate) fn settle(pods: u32, store: &Store, now: Time) -> Crowd {
        let started = now.plus_seconds(-86_400);
        let revision = scenery::place(pods, store, started);
        let slot = Slot {
            life: 0,
            restarts: 0,
            phase: PodPhase::Running,
            created: started.seconds(),
            since: started.seconds() + 4,
            revision,
        };
        let kept = Pods {
            slots: vec![slot; pods as usize],
            changes: VecDeque::new(),
            compacted: store.read(|k| k.revision()),
            changed: 0,
        };
        Crowd {
            template: Template::read(),
            started,
            pods: RwLock::new(kept),
            churn: AtomicU64::new(0),
            turn: Mutex::default(),
        }
    }

    pub fn len(&self) -> u32 {
        self.read(|pods| pods.slots.len() as u32)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many changes of pods a second a rollout that never ends makes; 0 is none.
    pub fn set_churn(&self, per_second: f64) {
        self.churn.store((per_second.clamp(0.0, 1e6) * 1_000.0) as u64, Ordering::Relaxed);
    }

    /// How many changes of pods there were.
    pub fn changed(&self) -> u64 {
        self.read(|pods| pods.changed)
    }

    fn churn(&self) -> f64 {
        self.churn.load(Ordering::Relaxed) as f64 / 1_000.0
    }

    fn read<T>(&self, look: impl FnOnce(&Pods) -> T) -> T {
        look(&self.pods.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The pods of `places` that are there now, with their places.
    pub(crate) fn at(&self, places: impl Iterator<Item = u32>) -> Vec<(u32, Slot)> {
        self.read(|pods| places.filter_map(|p| Some((p, *pods.slots.get(p as usize)?))).collect())
    }

    /// Changes after a revision, and up to which one they are complete; `None` where some are forgotten.
    pub(crate) fn since(&self, revision: u64) -> Option<Vec<Change>> {
        self.read(|pods| {
            if revision < pods.compacted {
                return None;
            }
            let first = pods.changes.partition_point(|change| change.slot.revision <= revision);
            Some(pods.changes.range(first..).copied().collect())
        })
    }

    pub(crate) fn compacted(&self) -> u64 {
        self.read(|pods| pods.compacted)
    }

    /// The pod's JSON.
    pub(crate) fn write(&self, place: u32, slot: &Slot, into: &mut String) {
        self.template.write(self.started, place, slot, into);
    }

    /// What selectors ask for, without the rest.
    pub(crate) fn outline(&self, place: u32, slot: &Slot) -> serde_json::Value {
        let subject = subject(place, slot);
        serde_json::json!({
            "metadata": {
                "name": subject.name, "namespace": subject.namespace,
                "labels": { "app.kubernetes.io/name": app(place / REPLICAS), "pod-template-hash": hash(place / REPLICAS) },
            },
            "spec": { "nodeName": node(place), "restartPolicy": "Always", "schedulerName": "default-scheduler",
                "serviceAccountName": "default" },
            "status": { "phase": slot.phase.name() },
        })
    }

    /// The place of a pod by its name, where that pod is there now.
    pub(crate) fn find(&self, namespace: &str, name: &str) -> Option<(u32, Slot)> {
        let digits = name.strip_prefix("app-")?.get(..5)?;
        let number: u32 = digits.parse().ok()?;
        let first = number.checked_mul(REPLICAS)?;
        self.at(first..first + REPLICAS).into_iter().find(|(place, slot)| {
            let subject = subject(*place, slot);
            subject.name == name && subject.namespace == namespace
        })
    }

    /// The places of a namespace's pods; all of them for the empty one.
    pub(crate) fn places(&self, of: &str) -> std::ops::Range<u32> {
        let all = self.len();
        if of.is_empty() {
            return 0..all;
        }
        let number = of.strip_prefix("team-").and_then(|digits| digits.parse::<u32>().ok());
        match number {
            Some(number) if namespace(number * APPS * REPLICAS) == of => {
                let first = number.saturating_mul(APPS * REPLICAS).min(all);
                first..first.saturating_add(APPS * REPLICAS).min(all)
            }
            _ => 0..0,
        }
    }
}

impl PodPhase {
    fn name(self) -> &'static str {
        match self {
            PodPhase::Pending => "Pending",
            PodPhase::Running | PodPhase::Crashing => "Running",
        }
    }
}

/// Names are padded, so that the order of places is the order in which lists give pods.
fn namespace(place: u32) -> String {
    format!("team-{:04}", place / REPLICAS / APPS)
}

fn app(number: u32) -> String {
    format!("app-{number:05}")
}

fn node(place: u32) -> String {
    // Neighbours in a Deployment stand on different nodes.
    format!("node-{:04}", place % REPLICAS + place / (DENSITY * REPLICAS) * REPLICAS)
}

/// The template's hash in the names of a Deployment's ReplicaSet and pods.
fn hash(app: u32) -> String {
    letters(u64::from(app).wrapping_mul(0x9E37_79B9_7F4A_7C15), 9)
}

fn owner(app_number: u32) -> String {
    format!("{}-{}", app(app_number), hash(app_number))
}

pub(crate) fn subject(place: u32, slot: &Slot) -> ObjectRef {
    let ordinal = place % REPLICAS;
    // The first two letters grow with the ordinal.
    let name = format!(
        "{}-{}{}{}",
        owner(place / REPLICAS),
        LETTERS[(ordinal / 10) as usize] as char,
        LETTERS[(ordinal % 10) as usize] as char,
        letters(u64::from(place).wrapping_mul(0xD6E8_FEB8_6659_FD93).wrapping_add(u64::from(slot.life)), 3)
    );
    ObjectRef::new("Pod", namespace(place), name)
}

/// Kubernetes' own letters for made-up names, in ascending order.
const LETTERS: &[u8; 27] = b"2456789bcdfghjklmnpqrstvwxz";

fn letters(mut number: u64, count: usize) -> String {
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        text.push(LETTERS[(number % 27) as usize] as char);
        number /= 27;
    }
    text
}

/// Made from what it is about, so that the same cluster comes out each time.
fn uid(of: &str) -> String {
    let digest = model::digest_hex(&[b"crowd", of.as_bytes()]);
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 24), part(0, 6))
}

#[cfg(test)]
mod tests;
