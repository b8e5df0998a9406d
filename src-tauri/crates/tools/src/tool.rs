use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use cluster::Reach;
use gate::{Door, Permit, Refused, TryOut};
use history::{DeskFile, History};
use knowledge::Library;
use model::{CallId, CaseId, Clock, Observation, Preview, ResultView, Risk, Shown, Time, ToolCall, ToolSpec};
use redact::Redactor;
use serde_json::Value;
use topology::Dependency;

/// What a tool may use. One case has one of these.
#[derive(Clone)]
pub struct Surroundings {
    /// The cluster's history: live reads are appended here before they are answered.
    pub history: Arc<History>,
    pub reach: Reach,
    pub desk: Arc<DeskFile>,
    pub library: Arc<Library>,
    pub redactor: Arc<Redactor>,
    pub clock: Arc<dyn Clock>,
    /// The time the case looks at.
    pub as_of: Time,
    /// What blueprints say that objects of this cluster need.
    pub declared: Arc<[Dependency]>,
    /// Whether this cluster may be changed at all, as it is set now: turned off, it stops what was approved before.
    pub writes: Arc<AtomicBool>,
}

/// A finished run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub result: ResultView,
    /// The observations of [`ResultView::observations`], which the history holds by now.
    pub observations: Vec<Arc<Observation>>,
}

/// A run that gave no result. "Could not look" is this; "looked and found nothing" is an [`Outcome`] that says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct ToolError {
    pub what: String,
    pub why: String,
    /// What to do next.
    pub hint: String,
}

/// Why a run has no outcome.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// It did nothing.
    #[error(transparent)]
    Failed(#[from] ToolError),
    /// It did nothing, because it would not have done what was shown: `now` is what it would do, as the cluster says.
    #[error("{error}")]
    Drifted { error: ToolError, now: Box<Shown> },
    /// A change was sent, and nobody knows whether it was made: it must be read back before anything is tried again.
    #[error(transparent)]
    Unknown(ToolError),
}

impl Failure {
    /// Puts it down in the case, and gives why, and what to do next, as they may be kept: a server's own words are in them.
    pub fn put_down(
        &self,
        door: &Door,
        case: CaseId,
        call: CallId,
        redactor: &Redactor,
    ) -> Result<(String, String), Refused> {
        let [why, hint] = [&self.to_string(), &self.hint].map(|text| redactor.text(text).into_string());
        match self {
            Failure::Unknown(_) => door.outcome_unknown(case, call, &why)?,
            Failure::Failed(_) | Failure::Drifted { .. } => door.failed(case, call, &why, &hint)?,
        };
        Ok((why, hint))
    }
}

impl std::ops::Deref for Failure {
    type Target = ToolError;

    fn deref(&self) -> &ToolError {
        match self {
            Failure::Failed(error) | Failure::Unknown(error) | Failure::Drifted { error, .. } => error,
        }
    }
}

impl From<Failure> for ToolError {
    fn from(failure: Failure) -> ToolError {
        match failure {
            Failure::Failed(error) | Failure::Unknown(error) | Failure::Drifted { error, .. } => error,
        }
    }
}

/// One typed tool.
#[async_trait]
pub trait Tool: Send + Sync {
    fn spec(&self) -> ToolSpec;

    /// The fingerprint of what the tool is now; it is part of what an approval binds to.
    fn definition(&self) -> String {
        self.spec().fingerprint()
    }

    /// Looks whether the tool still is what it was, right before a call begins. Ours always are.
    async fn renew(&self) -> Result<(), ToolError> {
        Ok(())
    }

    /// The risk of these arguments; arguments that do not parse are as risky as the tool can be.
    fn risk(&self, args: &Value) -> Risk;

    /// Checks arguments against the schema; the message says which argument and what it takes.
    fn check(&self, args: &Value) -> Result<(), ToolError>;

    /// What would be done, from the history alone: nothing is contacted. Of a call that carries [`ToolCall::shown`] it
    /// tells that.
    fn preview(&self, call: &ToolCall, surroundings: &Surroundings) -> Preview;

    /// What a write would change, from the history alone; `None` for reads, and where the history does not tell.
    fn shown(&self, _call: &ToolCall, _surroundings: &Surroundings) -> Option<Shown> {
        None
    }

    /// What a write would change, as the cluster itself says: it is tried there without being done. A read has nothing to
    /// try.
    async fn try_out(&self, _leave: TryOut, _surroundings: &Surroundings) -> Result<Shown, ToolError> {
        Err(ToolError {
            what: format!("`{}` was not tried", self.spec().name),
            why: "it changes nothing".into(),
            hint: "Approve or deny it.".into(),
        })
    }

    /// Does exactly what the permit says.
    async fn run(&self, permit: Permit, surroundings: &Surroundings) -> Result<Outcome, Failure>;
}
