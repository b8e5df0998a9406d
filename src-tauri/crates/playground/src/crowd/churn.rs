//! What changes: a rollout that never ends, and pods that are made to crash.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use model::{EventBody, ObjectRef, Time};

use super::{Change, Crowd, KEPT_CHANGES, PodPhase, REPLICAS, Slot, What, node, subject, uid};
use crate::store::Store;

/// So many Events of pods are kept; for older ones the API server's hour is over. Few, so that a cluster that changes is
/// soon as full as it will ever be.
const KEPT_EVENTS: usize = 500;
/// A replaced pod runs after this many other changes: the time that its image takes.
const STARTING: usize = 20;

/// Where the rollout stands.
#[derive(Default)]
pub(super) struct Turn {
    next: u32,
    starting: VecDeque<u32>,
    events: VecDeque<ObjectRef>,
    told: u64,
}

impl Crowd {
    /// Makes the first container of the pod at a place crash again and again; gives the pod.
    pub(crate) fn crash(&self, store: &Store, place: u32, now: Time) -> Option<ObjectRef> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, mut slot) = self.at(std::iter::once(place)).pop()?;
        (slot.phase, slot.since) = (PodPhase::Crashing, now.seconds());
        slot.restarts += 4;
        self.change(store, place, &[(What::Modified, slot)]);
        let text = "Back-off restarting failed container main";
        self.tell(&mut turn, store, place, &slot, now, ("Warning", "BackOff", text, "kubelet"));
        Some(subject(place, &slot))
    }

    /// The pod at a place runs again.
    pub(crate) fn heal(&self, store: &Store, place: u32, now: Time) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, mut slot)) = self.at(std::iter::once(place)).pop() {
            (slot.phase, slot.since) = (PodPhase::Running, now.seconds());
            self.change(store, place, &[(What::Modified, slot)]);
        }
    }

    /// The next changes of the rollout, `most` at least and a few more at most; gives how many there were.
    pub(super) fn roll(&self, store: &Store, most: usize, now: Time) -> usize {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = 0;
        while done < most {
            if turn.starting.len() >= STARTING.min(self.len() as usize)
                && let Some(place) = turn.starting.pop_front()
            {
                let Some((_, mut slot)) = self.at(std::iter::once(place)).pop() else { continue };
                if slot.phase == PodPhase::Pending {
                    (slot.phase, slot.since) = (PodPhase::Running, now.seconds());
                    self.change(store, place, &[(What::Modified, slot)]);
                    self.tell(
                        &mut turn,
                        store,
                        place,
                        &slot,
                        now,
                        ("Normal", "Started", "Container started", "kubelet"),
                    );
                    done += 1;
                }
                continue;
            }
            let place = turn.next;
            turn.next = (place + 1) % self.len().max(1);
            let Some((_, old)) = self.at(std::iter::once(place)).pop() else { return done };
            // A pod that is made to crash is somebody's; the rollout waits for it as the real one would.
            if old.phase != PodPhase::Running {
                done += 1;
                continue;
            }
            let (now_seconds, life) = (now.seconds(), old.life + 1);
            let new = Slot {
                life,
                restarts: 0,
                phase: PodPhase::Pending,
                created: now_seconds,
                since: now_seconds,
                revision: 0,
            };
            self.change(store, place, &[(What::Deleted, old), (What::Added, new)]);
            let text = format!("Successfully assigned the pod to {}", node(place));
            self.tell(&mut turn, store, place, &new, now, ("Normal", "Scheduled", &text, "default-scheduler"));
            turn.starting.push_back(place);
            done += 2;
        }
        done
    }

    /// Changes of one place, each under the next revision. All under the store's lock, so that nobody who lists or is
    /// woken finds half of them.
    fn change(&self, store: &Store, place: u32, changes: &[(What, Slot)]) {
        store.write(|kept| {
            let mut pods = self.pods.write().unwrap_or_else(PoisonError::into_inner);
            for (what, slot) in changes {
                let slot = Slot { revision: kept.pass(), ..*slot };
                if let Some(held) = pods.slots.get_mut(place as usize) {
                    *held = slot;
                }
                pods.changes.push_back(Change { what: *what, place, slot });
                pods.changed += 1;
            }
            while pods.changes.len() > KEPT_CHANGES {
                if let Some(gone) = pods.changes.pop_front() {
                    pods.compacted = gone.slot.revision;
                }
            }
        });
    }

    fn tell(
        &self,
        turn: &mut Turn,
        store: &Store,
        place: u32,
        slot: &Slot,
        now: Time,
        (event_type, reason, message, reporter): (&str, &str, &str, &str),
    ) {
        turn.told += 1;
        let pod = subject(place, slot);
        let event = EventBody {
            uid: uid(&format!("event/{}", turn.told)).into(),
            event_type: event_type.into(),
            reason: reason.into(),
            message: message.into(),
            count: 1,
            first_at: now,
            last_at: now,
            reporter: reporter.into(),
            subject_uid: None,
        };
        let own = crate::event::reference(&pod, &event);
        let object = crate::event::object(&pod, &event, "v1", Some(&node(place)));
        store.write(|kept| {
            kept.put(&own, object);
            turn.events.push_back(own);
            while turn.events.len() > KEPT_EVENTS {
                if let Some(old) = turn.events.pop_front() {
                    kept.remove(&old);
                }
            }
        });
    }
}

/// Keeps the rollout going at its pace until the server stops.
pub(crate) fn live(crowd: &Arc<Crowd>, store: &Store, stopped: &AtomicBool) {
    const PULSE: Duration = Duration::from_millis(20);
    let mut owed = 0.0;
    let mut last = Instant::now();
    while !stopped.load(Ordering::Relaxed) {
        std::thread::sleep(PULSE);
        let now = Instant::now();
        // What could not be done in time is not made up for by a burst.
        owed = (owed + crowd.churn() * now.duration_since(last).as_secs_f64()).min(crowd.churn());
        last = now;
        if owed >= 1.0 {
            owed -= crowd.roll(store, owed as usize, crate::serve::now()) as f64;
        }
    }
}

const _: () = assert!(REPLICAS < 100, "two letters tell replicas apart");
