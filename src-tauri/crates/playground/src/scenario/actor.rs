use model::{ObjectRef, Time};
use serde_json::Value;

use super::script::{State, WorkloadWord};

/// A workload as the simulation plays it.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub object: ObjectRef,
    pub uid: String,
    pub created: Time,
    /// The script's words, with what rollouts changed.
    pub word: WorkloadWord,
    pub replicas: u32,
    pub generation: u64,
    /// Oldest first; the last one is current.
    pub revisions: Vec<Revision>,
    pub pods: Vec<Pod>,
    /// How many pods it ever had, for their names.
    pub born: u32,
    /// When its rollout last got on, and whether the deadline passed since.
    pub progressed: Time,
    pub stalled: bool,
    /// Whether the current revision was once complete: from then on it has no deadline.
    pub rolled: bool,
    /// The deadline that is on the agenda.
    pub deadline: Option<Time>,
    pub available_since: Time,
    pub was_available: Option<bool>,
    /// When its controller was last refused a pod.
    pub refused: Option<Time>,
}

/// One pod template of a workload, and the state that its pods end up in.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    pub number: u32,
    pub hash: String,
    pub template: Value,
    pub created: Time,
    pub uid: String,
    /// How many pods its replica set asks for.
    pub wanted: usize,
    pub state: State,
    /// The words that made it, so that an undo finds them again.
    pub word: WorkloadWord,
}

#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub name: String,
    pub ordinal: u32,
    pub hash: String,
    pub created: Time,
    pub state: State,
    /// Counts changes of mind: beats of an earlier episode are void.
    pub episode: u32,
    pub node: Option<String>,
    pub address: Option<String>,
    pub phase: Phase,
    pub restarts: u32,
    pub ready: bool,
    /// When `ready` last changed.
    pub turned: Time,
    pub scheduled: Time,
    pub started: Time,
    pub last_exit: Option<Exit>,
    /// When the kubelet was asked to stop it.
    pub deleting: Option<Time>,
    /// Its node no longer answers.
    pub lost: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Unscheduled,
    Creating,
    /// The pull failed, or is being held back.
    Unpulled {
        backing_off: bool,
    },
    Unconfigured,
    Running,
    /// Exited, waiting for its next run.
    BackingOff,
    /// Exited; the state is `terminated` until the kubelet restarts it.
    Exited,
    Succeeded,
    Failed,
    Evicted,
}

#[derive(Clone, Debug)]
pub(super) struct Exit {
    pub started: Time,
    pub finished: Time,
    pub code: i32,
    pub reason: String,
    /// What the runtime said, where it could not even start.
    pub message: Option<String>,
    pub run: u32,
}

impl Pod {
    /// Counts for its controller: neither ended nor on its way out.
    pub fn counts(&self) -> bool {
        self.deleting.is_none() && !matches!(self.phase, Phase::Succeeded | Phase::Failed | Phase::Evicted)
    }
}

impl Workload {
    pub fn current(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    pub fn revision_of(&self, hash: &str) -> Option<&Revision> {
        self.revisions.iter().find(|r| r.hash == hash)
    }

    pub fn container(&self) -> &str {
        &self.word.workload
    }

    pub fn has_readiness(&self) -> bool {
        self.word.readiness.is_some()
    }

    /// The pods of the current revision, or all of them while it has none.
    pub fn newest_pods(&self) -> Vec<&Pod> {
        let hash = self.current().map_or("", |r| r.hash.as_str());
        let newest: Vec<&Pod> = self.pods.iter().filter(|p| p.hash == hash).collect();
        if newest.is_empty() { self.pods.iter().collect() } else { newest }
    }

    pub fn pod_ref(&self, name: &str) -> ObjectRef {
        ObjectRef::new("Pod", &self.object.namespace, name)
    }

    /// Why its controller may not create pods, and when that was last said.
    pub fn refusal(&self) -> Option<(&str, Time)> {
        let state = &self.current()?.state;
        let refused = (state.state == super::script::StateName::Refused).then_some(self.refused).flatten()?;
        Some((state.message.as_deref().unwrap_or("forbidden"), refused))
    }

    /// Who owns its pods.
    pub fn owner_of_pods(&self, hash: &str) -> ObjectRef {
        match self.object.kind.as_str() {
            "Deployment" => {
                ObjectRef::new("ReplicaSet", &self.object.namespace, format!("{}-{hash}", self.object.name))
            }
            _ => self.object.clone(),
        }
    }
}
