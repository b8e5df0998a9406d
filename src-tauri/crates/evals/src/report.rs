use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use model::Spent;

use crate::Verdict;

/// The counts of one group of scenarios. Shares are of the scenarios in which something is wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Score {
    pub scenarios: usize,
    pub faulty: usize,
    pub healthy: usize,
    pub component_1: f64,
    pub component_3: f64,
    pub mechanism_1: f64,
    pub mechanism_3: f64,
    pub both_1: f64,
    pub both_3: f64,
    pub abstained: usize,
    pub silent: usize,
    pub false_alarms: usize,
    pub fixes_right: usize,
    pub fixes_judged: usize,
    pub fixes_forbidden: usize,
    pub calls: f64,
    pub seconds: f64,
    pub failed: usize,
}

/// Two scenarios with the same surface error; right only when both are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub one: String,
    pub other: String,
    pub right: bool,
}

/// What a run over golden scenarios gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    pub total: Score,
    pub categories: BTreeMap<String, Score>,
    pub pairs: Vec<Pair>,
    pub verdicts: Vec<Verdict>,
    /// What became of the scenarios that code derived from these.
    pub variants: Variants,
}

/// Counts of derived scenarios; only those whose original was right prove anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variants {
    /// Without the deciding evidence, and how many of these verdicts moved.
    pub mutations: usize,
    pub moved: usize,
    /// Right ones whose deciding evidence cannot be taken away without taking the cluster away.
    pub inseparable: Vec<String>,
    /// With unrelated trouble, and how many of these verdicts stayed.
    pub noisy: usize,
    pub stayed: usize,
    /// Those that did not do what was demanded, each in a sentence that begins with the scenario's name.
    pub unmet: Vec<String>,
}

impl Report {
    pub fn of(verdicts: Vec<Verdict>) -> Self {
        let mut by_category: BTreeMap<String, Vec<&Verdict>> = BTreeMap::new();
        for verdict in &verdicts {
            by_category.entry(verdict.category.clone()).or_default().push(verdict);
        }
        let categories = by_category.into_iter().map(|(name, group)| (name, Score::of(&group))).collect();
        let total = Score::of(&verdicts.iter().collect::<Vec<_>>());
        Report { total, categories, pairs: pairs(&verdicts), verdicts, variants: Variants::default() }
    }

    /// What a language model took for all of it, and its citations: those that do not hold, and all.
    pub fn spent(&self) -> Option<(Spent, (u32, u32))> {
        let mut sum: Option<(Spent, (u32, u32))> = None;
        for verdict in self.verdicts.iter().filter(|verdict| verdict.spent.is_some()) {
            let (spent, citations) = sum.get_or_insert_default();
            *spent += verdict.spent.unwrap_or_default();
            let (unfounded, all) = verdict.citations.unwrap_or_default();
            *citations = (citations.0 + unfounded, citations.1 + all);
        }
        sum
    }

    pub fn pairs_right(&self) -> usize {
        self.pairs.iter().filter(|pair| pair.right).count()
    }
}

impl Score {
    fn of(verdicts: &[&Verdict]) -> Self {
        let faulty: Vec<&&Verdict> = verdicts.iter().filter(|v| !v.healthy).collect();
        let count = |is: fn(&Verdict) -> bool| verdicts.iter().filter(|v| is(v)).count();
        let share = |is: fn(&Verdict) -> bool| match faulty.len() {
            0 => 0.0,
            all => faulty.iter().filter(|v| is(v)).count() as f64 / all as f64,
        };
        let answered = verdicts.iter().filter(|v| v.failed.is_none());
        let answered: Vec<&&Verdict> = answered.collect();
        let mean = |of: fn(&Verdict) -> f64| match answered.len() {
            0 => 0.0,
            all => answered.iter().map(|v| of(v)).sum::<f64>() / all as f64,
        };
        Score {
            scenarios: verdicts.len(),
            faulty: faulty.len(),
            healthy: verdicts.len() - faulty.len(),
            component_1: share(|v| v.component_1),
            component_3: share(|v| v.component_3),
            mechanism_1: share(|v| v.mechanism_1),
            mechanism_3: share(|v| v.mechanism_3),
            both_1: share(|v| v.both_1),
            both_3: share(|v| v.both_3),
            abstained: count(|v| v.abstained),
            silent: count(|v| v.silent),
            false_alarms: count(|v| v.false_alarm),
            fixes_right: count(|v| v.fix_right == Some(true)),
            fixes_judged: count(|v| v.fix_right.is_some()),
            fixes_forbidden: count(|v| v.fix_forbidden),
            calls: mean(|v| v.calls as f64),
            seconds: mean(|v| v.seconds),
            failed: count(|v| v.failed.is_some()),
        }
    }
}

/// Each pair once, whichever of the two names the other; a scenario whose twin was not run makes no pair.
fn pairs(verdicts: &[Verdict]) -> Vec<Pair> {
    let by_name: BTreeMap<&str, &Verdict> = verdicts.iter().map(|v| (v.name.as_str(), v)).collect();
    let mut pairs: Vec<Pair> = verdicts
        .iter()
        .filter_map(|one| {
            let other = by_name.get(one.twin.as_deref()?)?;
            let right = one.is_right_with_fix() && other.is_right_with_fix();
            let (first, second) = if one.name <= other.name { (one, *other) } else { (*other, one) };
            Some(Pair { one: first.name.clone(), other: second.name.clone(), right })
        })
        .collect();
    pairs.sort_by(|a, b| (&a.one, &a.other).cmp(&(&b.one, &b.other)));
    pairs.dedup();
    pairs
}
