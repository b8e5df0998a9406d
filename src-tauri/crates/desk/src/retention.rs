//! How long, and how much, of each cluster's history is kept.

use std::sync::Arc;
use std::time::Duration;

use history::{DeskFile, History, Retention};
use model::ClusterId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Desk, DeskError};

/// Of each cluster's history: what is older, or more, is forgotten; a gap says so. What cases cite, and their time,
/// stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Keeping {
    /// 1 to 365.
    pub days: u32,
    /// 100 to 100 000.
    pub megabytes: u32,
}

/// A week holds the deployment of last Thursday; two gigabytes hold it for ten thousand pods.
const USUAL: Keeping = Keeping { days: 7, megabytes: 2048 };
const DAYS: std::ops::RangeInclusive<u32> = 1..=365;
const MEGABYTES: std::ops::RangeInclusive<u32> = 100..=100_000;
const KEY: &str = "history.keeping";

fn kept(file: &DeskFile) -> Result<Keeping, history::Error> {
    let said = file.setting(KEY)?;
    Ok(said.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(USUAL))
}

impl Desk {
    pub fn keeping(&self) -> Result<Keeping, DeskError> {
        Ok(kept(&self.file)?)
    }

    /// Counts from the next time that a history is tidied up, within ten minutes.
    pub fn set_keeping(&self, keeping: Keeping) -> Result<Keeping, DeskError> {
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
        Ok(keeping)
    }

    /// Lets a history be tidied up as the settings and the cases say. Where they cannot be read, nothing is forgotten.
    pub(crate) fn tidy(&self, history: &History, cluster: ClusterId) {
        let file = Arc::clone(&self.file);
        history.retain(move || {
            let read = kept(&file).and_then(|keeping| Ok((keeping, file.pins(&cluster)?)));
            let (keeping, pins) = read
                .inspect_err(|error| tracing::warn!(%error, "the history is not tidied up: its cases cannot be read"))
                .ok()?;
            let age = Duration::from_secs(u64::from(keeping.days) * 86_400);
            Some(Retention { age, bytes: u64::from(keeping.megabytes) << 20, pins })
        });
    }
}
