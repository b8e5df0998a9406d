use serde::{Deserialize, Serialize};

use crate::{Report, Verdict};

/// One scenario that was right in one report and not in the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub name: String,
    /// `failure mode @ object` as it was said before.
    pub before: String,
    pub now: String,
    pub truth: String,
}

/// What changed from a saved report to this one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Right now, wrong before.
    pub helped: Vec<Difference>,
    /// Wrong now, right before.
    pub harmed: Vec<Difference>,
    /// Proposes a harmful fix now and did not before.
    pub newly_forbidden: Vec<String>,
    /// Derived scenarios that do not do what is demanded and did before.
    pub variants_harmed: Vec<String>,
    /// Only in this report.
    pub added: Vec<String>,
    /// Only in the saved one.
    pub removed: Vec<String>,
    pub both_1_before: f64,
    pub both_1_now: f64,
}

impl Comparison {
    pub fn between(before: &Report, now: &Report) -> Self {
        let of = |report: &Report, name: &str| report.verdicts.iter().find(|v| v.name == name).cloned();
        let names = |report: &Report| report.verdicts.iter().map(|v| v.name.clone()).collect::<Vec<_>>();
        let mut comparison = Comparison {
            added: names(now).into_iter().filter(|name| of(before, name).is_none()).collect(),
            removed: names(before).into_iter().filter(|name| of(now, name).is_none()).collect(),
            both_1_before: before.total.both_1,
            both_1_now: now.total.both_1,
            ..Comparison::default()
        };
        let derived = before.variants.mutations + before.variants.noisy > 0;
        let known = |sentence: &str| {
            let name = sentence.split(':').next().unwrap_or_default();
            of(before, name).is_some_and(|v| v.is_right())
        };
        let new = now.variants.unmet.iter().filter(|one| derived && known(one) && !before.variants.unmet.contains(one));
        comparison.variants_harmed = new.cloned().collect();
        for verdict in &now.verdicts {
            let Some(was) = of(before, &verdict.name) else { continue };
            match (was.is_right_with_fix(), verdict.is_right_with_fix()) {
                (false, true) => comparison.helped.push(difference(&was, verdict)),
                (true, false) => comparison.harmed.push(difference(&was, verdict)),
                (true, true) | (false, false) => {}
            }
            if verdict.fix_forbidden && !was.fix_forbidden {
                comparison.newly_forbidden.push(verdict.name.clone());
            }
        }
        comparison
    }

    /// Whether anything that was right no longer is.
    pub fn is_worse(&self) -> bool {
        !self.harmed.is_empty() || !self.newly_forbidden.is_empty() || !self.variants_harmed.is_empty()
    }
}

fn difference(was: &Verdict, now: &Verdict) -> Difference {
    let said = |verdict: &Verdict| match verdict.fix_right {
        Some(false) if verdict.is_right() => format!("{} with another fix", verdict.said),
        _ => verdict.said.clone(),
    };
    Difference { name: now.name.clone(), before: said(was), now: said(now), truth: now.truth.clone() }
}
