use evals::{Comparison, Difference, Report, Score, Verdict};
use model::{Category, ClusterId, Time};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A scenario to practise on. What is wrong in it is not told.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ScenarioRow {
    pub name: String,
    pub title: String,
    /// The cluster that it is once it is played.
    pub cluster: ClusterId,
    /// `null` for a healthy cluster, and where nobody could tell.
    pub category: Option<Category>,
    pub healthy: bool,
    /// More than one thing is wrong.
    pub several: bool,
    /// The same surface error with another cause.
    pub twin: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PlayScenario {
    pub name: String,
}

/// How an answer compares with the truth.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ScenarioVerdict {
    pub name: String,
    pub category: String,
    pub healthy: bool,
    /// Cause and object named first; silence where all is well; doubt where nothing decides.
    pub right: bool,
    /// The object alone, and the failure mode alone.
    pub object_right: bool,
    pub mode_right: bool,
    /// `null` where the truth names no fix.
    pub fix_right: Option<bool>,
    /// The proposed fix would do harm.
    pub fix_forbidden: bool,
    /// The share of the evidence a good engineer would cite; `null` where none is named.
    pub evidence_cited: Option<f64>,
    pub abstained: bool,
    pub calls: u32,
    pub seconds: f64,
    /// `failure mode @ object`, empty where nothing was said.
    pub said: String,
    pub truth: String,
    /// The truth in a sentence.
    pub says: String,
    /// Why there is no answer.
    pub failed: Option<String>,
}

impl ScenarioVerdict {
    pub(super) fn of(verdict: &Verdict, says: String) -> Self {
        ScenarioVerdict {
            name: verdict.name.clone(),
            category: verdict.category.clone(),
            healthy: verdict.healthy,
            right: verdict.is_right(),
            object_right: verdict.component_1,
            mode_right: verdict.mechanism_1,
            fix_right: verdict.fix_right,
            fix_forbidden: verdict.fix_forbidden,
            evidence_cited: verdict.evidence_cited,
            abstained: verdict.abstained,
            calls: verdict.calls as u32,
            seconds: verdict.seconds,
            said: verdict.said.clone(),
            truth: verdict.truth.clone(),
            says,
            failed: verdict.failed.clone(),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StartEvals {
    /// Only scenarios with this in their name; empty: all.
    pub only: String,
}

/// A run that goes on.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RunningEvals {
    pub only: String,
    pub done: u32,
    pub of: u32,
    /// The scenario that is asked about.
    pub now: String,
    /// Right so far, with the fix.
    pub right: u32,
    pub began_at: Time,
}

/// A finished run in numbers.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RunRow {
    pub id: String,
    pub at: Time,
    pub only: String,
    /// The digest of the library that it was made with.
    pub knowledge: String,
    pub scenarios: u32,
    pub right: u32,
    pub pairs: u32,
    pub pairs_right: u32,
    pub fixes_right: u32,
    pub fixes_judged: u32,
    pub fixes_forbidden: u32,
    pub healthy: u32,
    pub false_alarms: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct EvalsView {
    pub running: Option<RunningEvals>,
    /// The newest first.
    pub runs: Vec<RunRow>,
}

/// The scenarios of one category; shares are of those in which something is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct CategoryScore {
    pub category: String,
    pub scenarios: u32,
    pub faulty: u32,
    pub object: f64,
    pub mode: f64,
    pub both: f64,
    pub calls: f64,
}

impl CategoryScore {
    fn of(category: &str, score: &Score) -> Self {
        CategoryScore {
            category: category.to_owned(),
            scenarios: score.scenarios as u32,
            faulty: score.faulty as u32,
            object: score.component_1,
            mode: score.mechanism_1,
            both: score.both_1,
            calls: score.calls,
        }
    }
}

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RunView {
    pub run: RunRow,
    pub categories: Vec<CategoryScore>,
    /// Wrong ones first.
    pub verdicts: Vec<ScenarioVerdict>,
}

impl RunView {
    pub(super) fn of(run: RunRow, report: &Report) -> Self {
        let mut verdicts: Vec<&Verdict> = report.verdicts.iter().collect();
        verdicts.sort_by_key(|verdict| (verdict.is_right_with_fix(), verdict.name.clone()));
        RunView {
            run,
            categories: report.categories.iter().map(|(name, score)| CategoryScore::of(name, score)).collect(),
            verdicts: verdicts.into_iter().map(|verdict| ScenarioVerdict::of(verdict, String::new())).collect(),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct TwoRuns {
    pub before: String,
    pub now: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct DifferenceRow {
    pub name: String,
    pub before: String,
    pub now: String,
    pub truth: String,
}

/// What changed from one run to another.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ComparedRuns {
    /// Right now, wrong before.
    pub helped: Vec<DifferenceRow>,
    /// Wrong now, right before.
    pub harmed: Vec<DifferenceRow>,
    /// Propose a harmful fix now and did not before.
    pub newly_forbidden: Vec<String>,
    /// Only in the one or the other.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub worse: bool,
}

impl ComparedRuns {
    pub(super) fn of(comparison: &Comparison) -> Self {
        let rows = |all: &[Difference]| {
            let row = |one: &Difference| DifferenceRow {
                name: one.name.clone(),
                before: one.before.clone(),
                now: one.now.clone(),
                truth: one.truth.clone(),
            };
            all.iter().map(row).collect()
        };
        ComparedRuns {
            helped: rows(&comparison.helped),
            harmed: rows(&comparison.harmed),
            newly_forbidden: comparison.newly_forbidden.clone(),
            added: comparison.added.clone(),
            removed: comparison.removed.clone(),
            worse: comparison.is_worse(),
        }
    }
}
