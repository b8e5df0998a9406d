//! Golden scenarios and how well the workbench does on them.
//!
//! A [`Golden`] is a recording and the truth about it; an [`Engine`] answers it without knowing the truth; a [`Verdict`]
//! compares the two; a [`Report`] counts verdicts and can be compared with a saved one. A pair of twins (the same surface
//! error, two causes) counts only when both are right.
//!
//! Deliberately not here: how an answer is found (crate `desk` and below), and what a curator does with a difference.
//! Start with [`run`].

mod answer;
mod comparison;
mod golden;
mod judge;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod variant;
mod workbench;

pub use answer::{Answer, Engine};
pub use comparison::{Comparison, Difference};
pub use golden::{Golden, Truth};
pub use judge::{Verdict, judge};
pub use report::{Pair, Report, Score};
pub use variant::{Demand, unmet};
pub use workbench::Workbench;

/// Asks the engine about each golden scenario in turn and counts. `progress` is told before each how many are done.
pub async fn run<E: Engine>(engine: &E, golden: &[Golden], mut progress: impl FnMut(usize, &Golden)) -> Report {
    let mut verdicts = Vec::with_capacity(golden.len());
    for (done, one) in golden.iter().enumerate() {
        progress(done, one);
        verdicts.push(judge(one, engine.answer(one).await));
    }
    Report::of(verdicts)
}
