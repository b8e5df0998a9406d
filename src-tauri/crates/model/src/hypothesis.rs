use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Argument, IncidentId, ObjectRef, ObservationId};

/// A piece of evidence as a sentence cites it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Citation {
    pub id: ObservationId,
    pub quote: String,
}

/// What to do about a cause, under which conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Fix {
    pub id: String,
    pub text: String,
    /// What must hold for this fix to be the right one.
    pub conditions: Vec<String>,
    /// What must not be done here, and why.
    pub never: Vec<String>,
}

/// A candidate root cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Hypothesis {
    /// `failure mode @ object`: stable over the life of a case.
    pub id: String,
    /// 1 is the most likely.
    pub rank: u32,
    pub incident: IncidentId,
    pub object: ObjectRef,
    pub failure_mode: String,
    /// What happened, in a sentence with the values of this case.
    pub mechanism: String,
    /// Between 0 and 1; the probabilities of one incident's hypotheses and of "something else" add up to 1.
    pub probability: f64,
    pub evidence: Vec<Citation>,
    pub against: Vec<Citation>,
    pub fix: Option<Fix>,
    /// What would tell it from its rivals and has not been looked at.
    pub open_checks: Vec<String>,
}

/// Something that was not looked at, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct NotChecked {
    pub what: String,
    pub because: String,
}

/// How an investigation ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Conclusion {
    /// True when the evidence is too thin to name a cause; the hypotheses are then the best guesses.
    pub abstained: bool,
    pub summary: String,
    /// Ranked over all incidents of the case, most likely first.
    pub hypotheses: Vec<Hypothesis>,
    pub not_checked: Vec<NotChecked>,
    /// Where a model argued with the built-in investigator: its argument, checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub argument: Option<Argument>,
}
