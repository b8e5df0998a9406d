//! How long, and how much, of each cluster's history is kept, and what lies on the disk of it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use history::{DeskFile, History, Pins, Retention};
use model::ClusterId;

use crate::rows::{Forget, GapRow, HistoriesView, HistoryRow, Keeping, Problem, Update};
use crate::{Desk, DeskError};

/// A week holds the deployment of last Thursday; two gigabytes hold it for ten thousand pods.
const USUAL: Keeping = Keeping { days: 7, megabytes: 2048 };
const DAYS: std::ops::RangeInclusive<u32> = 1..=365;
const MEGABYTES: std::ops::RangeInclusive<u32> = 100..=100_000;
const KEY: &str = "history.keeping";

fn kept(file: &DeskFile) -> Result<Keeping, history::Error> {
    let said = file.setting(KEY)?;
    Ok(said.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(USUAL))
}

/// Nobody waits for closed clusters: first come those that are opened at the start.
const SETTLES_IN: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(86_400);

/// So many gaps of a history are listed, the newest.
const MOST_GAPS: usize = 200;

impl Desk {
    pub fn keeping(&self) -> Result<Keeping, DeskError> {
        Ok(kept(&self.file)?)
    }

    /// What is on the disk of each cluster's history, the largest first, and what of it is kept.
    pub fn histories(&self) -> Result<HistoriesView, DeskError> {
        let folder = self.paths.clusters();
        let found = history::on_disk(&folder).map_err(|error| DeskError {
            code: "failed",
            what: format!("Could not read the folder `{}`: {error}.", folder.display()),
            hint: "Make it readable.".into(),
        })?;
        let mut names: BTreeMap<ClusterId, String> = BTreeMap::new();
        let mut cases: BTreeMap<ClusterId, u32> = BTreeMap::new();
        for case in self.file.cases()? {
            *cases.entry(case.cluster.clone()).or_default() += 1;
            names.entry(case.cluster).or_insert(case.cluster_name);
        }
        let rows = self.clusters();
        names.extend(rows.iter().map(|row| (row.id.clone(), row.name.clone())));
        let mut clusters = Vec::with_capacity(found.len());
        for file in found {
            let path = file.path.display().to_string();
            let told = match file.told {
                Ok(told) => told,
                Err(error) => {
                    let DeskError { what, hint, .. } = error.into();
                    let problem = Some(Problem { what, why: String::new(), hint });
                    clusters.push(HistoryRow {
                        cluster: None,
                        name: path.clone(),
                        path,
                        open: false,
                        bytes: file.bytes,
                        span: None,
                        gaps: Vec::new(),
                        cases: 0,
                        unkept: None,
                        problem,
                    });
                    continue;
                }
            };
            let state = rows.iter().find(|row| row.id == told.cluster).map(|row| &row.state);
            let hidden = told.gaps.len().saturating_sub(MOST_GAPS);
            let gaps = told.gaps.into_iter().skip(hidden).map(|gap| {
                let model::Gap { from, until, dropped, reason, observation: _ } = gap;
                GapRow { from, until, dropped, reason }
            });
            clusters.push(HistoryRow {
                name: names.get(&told.cluster).cloned().unwrap_or_else(|| told.cluster.to_string()),
                path,
                open: self.opened_now(&told.cluster).is_some(),
                bytes: file.bytes,
                span: told.span,
                gaps: gaps.collect(),
                cases: cases.get(&told.cluster).copied().unwrap_or_default(),
                unkept: state.and_then(|state| state.unkept.clone()),
                problem: None,
                cluster: Some(told.cluster),
            });
        }
        clusters.sort_by(|a, b| (b.bytes, &a.name).cmp(&(a.bytes, &b.name)));
        Ok(HistoriesView {
            keeping: self.keeping()?,
            usual: USUAL,
            days: (*DAYS.start(), *DAYS.end()),
            megabytes: (*MEGABYTES.start(), *MEGABYTES.end()),
            folder: folder.display().to_string(),
            bytes: clusters.iter().map(|row| row.bytes).sum(),
            clusters,
        })
    }

    /// Counts at once for open clusters, for others when they are opened or the program starts; what is outdated then
    /// goes in the background.
    pub fn set_keeping(&self, keeping: Keeping) -> Result<(), DeskError> {
        if !DAYS.contains(&keeping.days) || !MEGABYTES.contains(&keeping.megabytes) {
            return Err(DeskError {
                code: "bad_request",
                what: format!("Could not keep {} days and {} MB of history.", keeping.days, keeping.megabytes),
                hint: format!(
                    "Choose {} to {} days, and {} to {} MB for each cluster.",
                    DAYS.start(),
                    DAYS.end(),
                    MEGABYTES.start(),
                    MEGABYTES.end()
                ),
            });
        }
        let text = serde_json::to_string(&keeping).unwrap_or_default();
        self.file.set_setting(KEY, &text)?;
        for connection in self.connections() {
            if let Some(opened) = self.opened_now(connection.cluster()) {
                self.tidy(&opened.history, connection.cluster().clone());
            }
        }
        Ok(())
    }

    /// Forgets at once; gives how many observations went. What cases cite, and their time, stays, and of an open
    /// cluster how it is now. Blocks for as long as it takes; what is watched meanwhile is written.
    pub fn forget_history(&self, cluster: &ClusterId, what: Forget) -> Result<u64, DeskError> {
        let path = self.paths.history(cluster);
        if self.in_memory || !path.exists() {
            return Err(DeskError::not_found("There is no history of this cluster on the disk."));
        }
        let pins = self.file.pins(cluster)?;
        let retention = match what {
            Forget::Outdated => retention(self.keeping()?, pins),
            Forget::Everything => Retention { age: Duration::ZERO, bytes: u64::MAX, pins },
        };
        let now = self.clock.now();
        let forgotten = match self.opened_now(cluster) {
            Some(opened) => opened.history.forget(retention, now)?,
            None if what == Forget::Everything && retention.pins.is_empty() => {
                // Nobody opens it meanwhile.
                let _clusters = self.clusters.read().unwrap_or_else(PoisonError::into_inner);
                let all = History::open(&path, cluster.clone())?.len()?;
                history::remove(&path)?;
                all
            }
            None => History::open(&path, cluster.clone())?.forget(retention, now)?,
        };
        tracing::info!(%cluster, forgotten, "a history was made shorter");
        self.tell(Update::ClusterChanged { cluster: cluster.clone() });
        Ok(forgotten)
    }

    /// Makes the histories of clusters that are not open as short as the settings say, one after the other; those that
    /// are open tidy up by themselves. Gives how many observations went. Blocks for as long as it takes.
    pub fn tidy_closed(&self) -> Result<u64, DeskError> {
        if self.in_memory {
            return Ok(0);
        }
        let keeping = self.keeping()?;
        let oldest = self.clock.now().plus_seconds(-i64::from(keeping.days) * 86_400);
        let found = history::on_disk(&self.paths.clusters()).unwrap_or_default();
        let mut forgotten = 0;
        for file in found {
            let Ok(told) = file.told else { continue };
            let outdated =
                told.span.is_some_and(|(first, _)| first < oldest) || file.bytes > u64::from(keeping.megabytes) << 20;
            if !outdated || self.opened_now(&told.cluster).is_some() {
                continue;
            }
            // One that is locked or torn is no reason to leave the others as they are.
            match self.forget_history(&told.cluster, Forget::Outdated) {
                Ok(count) => forgotten += count,
                Err(error) => tracing::warn!(%error, cluster = %told.cluster, "a history was not made shorter"),
            }
        }
        Ok(forgotten)
    }

    /// Tidies closed clusters up once the window has settled, and each day after that, for as long as the desk is there.
    pub fn tidy_closed_by_and_by(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut wait = SETTLES_IN;
            loop {
                tokio::time::sleep(wait).await;
                wait = DAY;
                let Some(desk) = weak.upgrade() else { return };
                let tidied = tokio::task::spawn_blocking(move || desk.tidy_closed()).await;
                if let Ok(Err(error)) = tidied {
                    tracing::warn!(%error, "histories of closed clusters were not made shorter");
                }
            }
        });
    }

    /// Lets a history be tidied up as the settings and the cases say. Where they cannot be read, nothing is forgotten.
    pub(crate) fn tidy(&self, history: &History, cluster: ClusterId) {
        let file = Arc::clone(&self.file);
        history.retain(move || {
            let read = kept(&file).and_then(|keeping| Ok((keeping, file.pins(&cluster)?)));
            let (keeping, pins) = read
                .inspect_err(|error| tracing::warn!(%error, "the history is not tidied up: its cases cannot be read"))
                .ok()?;
            Some(retention(keeping, pins))
        });
    }
}

fn retention(keeping: Keeping, pins: Pins) -> Retention {
    let age = Duration::from_secs(u64::from(keeping.days) * 86_400);
    Retention { age, bytes: u64::from(keeping.megabytes) << 20, pins }
}

#[cfg(test)]
mod tests;
