//! Golden scenarios and how well the workbench does on them.
//!
//! A [`Golden`] is a recording and the truth about it; an [`Engine`] answers it without knowing the truth; a [`Verdict`]
//! compares the two; a [`Report`] counts verdicts and can be compared with a saved one. A pair of twins (the same surface
//! error, two causes) counts only when both are right.
//!
//! Deliberately not here: how an answer is found (crate `desk` and below), and what a curator does with a difference.
//! Start with [`run`].

mod ablation;
mod answer;
mod comparison;
mod explain;
mod golden;
mod judge;
mod lint;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod variant;
mod workbench;

pub use ablation::{Without, ablations};
pub use answer::{Answer, Engine};
pub use comparison::{Comparison, Difference};
pub use explain::explain;
pub use golden::{Golden, Truth};
pub use judge::{Verdict, judge};
pub use lint::{Finding, Tried, lint, tried};
pub use report::{Pair, Report, Score, Variants};
pub use variant::{Demand, Mutated, Noise, unmet};
pub use workbench::{Workbench, answered};

/// Asks the engine about each golden scenario in turn and counts. `progress` is told before each how many are done.
pub async fn run<E: Engine>(engine: &E, golden: &[Golden], mut progress: impl FnMut(usize, &Golden)) -> Report {
    let mut verdicts = Vec::with_capacity(golden.len());
    for (done, one) in golden.iter().enumerate() {
        progress(done, one);
        verdicts.push(ask(engine, one, |answer| answer).await);
    }
    Report::of(verdicts)
}

/// Derives mutations and noise from every scenario that `report` has right, asks the engine about each and counts in
/// `report.variants`.
pub async fn run_variants<E: Engine>(
    engine: &E,
    golden: &[Golden],
    report: &mut Report,
    mut progress: impl FnMut(usize, &Golden),
) {
    let mut asked = Vec::new();
    let mut variants = Variants::default();
    for (done, one) in golden.iter().enumerate() {
        if !report.verdicts.iter().any(|v| v.name == one.name && v.is_right()) {
            continue;
        }
        progress(done, one);
        for noise in Noise::ALL {
            let noisy = ask(engine, &one.with(noise), Golden::without_noise).await;
            asked.push((one.name.clone(), Demand::Stays, noisy));
            variants.noisy += 1;
        }
        if one.truth.healthy || !one.truth.ambiguous.is_empty() || one.truth.deciding().is_empty() {
            continue;
        }
        match one.without_evidence(|golden| engine.facts(golden)) {
            Mutated::Without(without) => {
                let verdict = ask(engine, &without, |answer| answer).await;
                asked.push((one.name.clone(), Demand::Moves, verdict));
                variants.mutations += 1;
            }
            Mutated::Inseparable => variants.inseparable.push(one.name.clone()),
        }
    }
    let missed = |demand: Demand| {
        let these: Vec<_> = asked.iter().filter(|(_, d, _)| *d == demand).cloned().collect();
        unmet(report, &these)
    };
    let (moves, stays) = (missed(Demand::Moves), missed(Demand::Stays));
    variants.moved = variants.mutations - moves.len();
    variants.stayed = variants.noisy - stays.len();
    variants.unmet = moves.into_iter().chain(stays).collect();
    report.variants = variants;
}

async fn ask<E: Engine>(engine: &E, golden: &Golden, heard: impl FnOnce(Answer) -> Answer) -> Verdict {
    let began = std::time::Instant::now();
    let answer = engine.answer(golden).await.map(heard);
    let mut verdict = judge(golden, answer);
    verdict.seconds = began.elapsed().as_secs_f64();
    verdict
}
