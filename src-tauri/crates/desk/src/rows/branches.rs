//! Two ways that a case went, side by side.

use model::{CaseId, Decision, ObservationId, Spent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct BranchCall {
    pub tool: String,
    #[ts(type = "Record<string, unknown>")]
    pub args: Value,
    pub decision: Decision,
    /// Where it stands, in a word: `released`, `denied`, …
    pub state: String,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Branch {
    pub case: CaseId,
    pub title: String,
    /// `built-in`, or a model's name; empty where nobody has investigated.
    pub investigator: String,
    pub knowledge_digest: String,
    /// `failure mode @ object` of the first hypothesis; empty where none was named.
    pub verdict: String,
    pub probability: f64,
    pub abstained: bool,
    pub concluded: bool,
    pub summary: String,
    pub evidence: Vec<ObservationId>,
    pub calls: Vec<BranchCall>,
    pub spent: Spent,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CaseComparison {
    pub one: Branch,
    pub other: Branch,
    /// So many steps they have in common, from the beginning.
    #[ts(type = "number")]
    pub common: u64,
    pub same_verdict: bool,
    /// Evidence that only one of them cites.
    pub only_one: Vec<ObservationId>,
    pub only_other: Vec<ObservationId>,
}
