use std::collections::BTreeMap;

use model::{CaseFact, ClusterId, ObservationId, Time};

use super::DeskFile;
use crate::{Pins, Result};

/// A case looks at what led to its incidents, from so long before the first began.
const BEFORE_SECONDS: i64 = 3600;

impl DeskFile {
    /// What the cases about a cluster need of its history: the time from an hour before their incidents began to the
    /// case's last event, and every observation that an event names.
    pub fn pins(&self, cluster: &ClusterId) -> Result<Pins> {
        const SQL: &str = "SELECT case_id, at, payload FROM case_events ORDER BY case_id, seq";
        let error = |e: rusqlite::Error| self.store.error("read", &e);
        self.store.read("read", |reader| {
            let mut statement = reader.prepare_cached(SQL).map_err(error)?;
            let mut rows = statement.query([]).map_err(error)?;
            let mut windows: BTreeMap<String, (Time, Time)> = BTreeMap::new();
            let mut pins = Pins::default();
            while let Some(row) = rows.next().map_err(error)? {
                let case: String = row.get(0).map_err(error)?;
                let at = Time(row.get(1).map_err(error)?);
                let payload: String = row.get(2).map_err(error)?;
                if let Some(window) = windows.get_mut(&case) {
                    window.1 = window.1.max(at);
                } else {
                    match serde_json::from_str(&payload) {
                        Ok(CaseFact::Opened { cluster: of, as_of, incidents, .. }) if of == *cluster => {
                            let first = incidents.iter().map(|incident| incident.started_at).min().unwrap_or(as_of);
                            let window = (first.min(as_of).plus_seconds(-BEFORE_SECONDS), as_of.max(at));
                            windows.insert(case, window);
                        }
                        // Of another cluster.
                        Ok(_) | Err(_) => continue,
                    }
                }
                pins.observations.extend(named(&payload));
            }
            pins.windows = windows.into_values().collect();
            Ok(pins)
        })
    }
}

/// Observations that a text names.
fn named(text: &str) -> impl Iterator<Item = ObservationId> {
    const PREFIX: &str = "obs:";
    const DIGITS: usize = 24;
    text.match_indices(PREFIX).filter_map(|(start, _)| {
        let id = text.get(start..start + PREFIX.len() + DIGITS)?;
        id[PREFIX.len()..].bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| ObservationId::from(id))
    })
}
