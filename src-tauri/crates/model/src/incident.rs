use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{IncidentId, ObjectRef, ObservationId, Time};

/// The six families of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    ResourceExhaustion,
    ImageDeployment,
    ConfigSecrets,
    Cascading,
    Storage,
    AppInfra,
}

/// How bad, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Minor,
    Major,
    Critical,
}

/// A fact or an observation that means trouble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Signal {
    /// The fact that raised it, or `alert`/`event`.
    pub name: String,
    /// The failure modes that this signal can belong to; empty where knowledge has none.
    pub failure_modes: Vec<String>,
    pub subject: ObjectRef,
    pub category: Category,
    pub severity: Severity,
    pub title: String,
    pub first_at: Time,
    pub last_at: Time,
    pub count: u32,
    pub evidence: Vec<ObservationId>,
}

/// Why two subjects of one incident belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Link {
    pub from: ObjectRef,
    pub to: ObjectRef,
    /// In words: `same node`, `same owner`, `calls it`, …
    pub reason: String,
    pub evidence: Vec<ObservationId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    Open,
    Acknowledged,
    Mitigated,
    Resolved,
    Reopened,
}

/// Signals that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Incident {
    pub id: IncidentId,
    pub title: String,
    pub category: Category,
    pub failure_modes: Vec<String>,
    pub severity: Severity,
    pub state: IncidentState,
    pub started_at: Time,
    pub ended_at: Option<Time>,
    pub signals: Vec<Signal>,
    /// Workload-level where a controller owns the pod, worst first.
    pub subjects: Vec<ObjectRef>,
    /// Where the trouble seems to start, by walking the graph from the symptoms.
    pub origin: Option<ObjectRef>,
    pub links: Vec<Link>,
    /// What depends on the subjects and so is, or will be, affected.
    pub blast_radius: Vec<ObjectRef>,
}

/// Something that was set aside as noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct NoiseEntry {
    pub signal: Signal,
    pub rule: String,
    pub because: String,
}

/// What is broken in one cluster at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Triage {
    pub at: Time,
    /// Worst first.
    pub incidents: Vec<Incident>,
    pub noise: Vec<NoiseEntry>,
    /// What could not be looked at, in sentences.
    pub not_checked: Vec<String>,
}
