use model::{ClusterId, ObjectRef, Observation, Time};
use serde::{Deserialize, Serialize};

/// A recording and the truth about it.
#[derive(Clone, Debug)]
pub struct Golden {
    pub name: String,
    /// The scenario with the same surface error and another cause.
    pub twin: Option<String>,
    /// The category of the true failure mode, `healthy`, or `unknown`.
    pub category: String,
    pub question: Option<String>,
    pub truth: Truth,
    pub cluster: ClusterId,
    pub as_of: Time,
    pub observations: Vec<Observation>,
}

/// What a good engineer would find.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Truth {
    /// Nothing is wrong, and nothing may be reported.
    pub healthy: bool,
    pub object: Option<ObjectRef>,
    pub failure_mode: String,
    /// Failure modes between which the evidence does not decide. Where there are any, saying so is the right answer.
    pub ambiguous: Vec<String>,
    pub fixes_ok: Vec<String>,
    pub fixes_forbidden: Vec<String>,
    /// Names of the facts that a good engineer would cite.
    pub evidence: Vec<String>,
}
