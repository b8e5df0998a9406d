use model::{CaseFact, CaseId, CaseSummary, Time};

use super::DeskFile;
use crate::{Error, Result};

/// One row per case: its opening, its last touch, how its last investigation ended, and how many of its calls wait.
/// The last fact of a call tells whether it waits: it was asked, or its result is there and not released.
const SUMMARIES: &str = "
    WITH calls AS (
        SELECT case_id, step, max(seq) FROM case_events WHERE call_id IS NOT NULL GROUP BY case_id, call_id
    ), endings AS (
        SELECT case_id, type, max(seq) FROM case_events
        WHERE type IN ('investigation_started', 'concluded', 'stopped') GROUP BY case_id
    )
    SELECT opening.case_id, opening.at, opening.payload,
        (SELECT max(at) FROM case_events e WHERE e.case_id = opening.case_id),
        (SELECT type FROM endings WHERE endings.case_id = opening.case_id),
        (SELECT count(*) FROM calls
            WHERE calls.case_id = opening.case_id AND calls.step IN ('asked', 'succeeded', 'reconciled'))
    FROM case_events opening WHERE opening.seq = 1
    ORDER BY 4 DESC, opening.case_id DESC";

impl DeskFile {
    /// All cases, last touched first.
    pub fn cases(&self) -> Result<Vec<CaseSummary>> {
        let error = |e: rusqlite::Error| self.store.error("read", &e);
        self.store.read("read", |reader| {
            let mut statement = reader.prepare_cached(SUMMARIES).map_err(error)?;
            let mut rows = statement.query([]).map_err(error)?;
            let mut cases = Vec::new();
            while let Some(row) = rows.next().map_err(error)? {
                let id: String = row.get(0).map_err(error)?;
                let payload: String = row.get(2).map_err(error)?;
                // A torn case costs itself, not the list; opening it says what is wrong with it.
                let (Ok(case), Ok(opening)) = (id.parse::<CaseId>(), serde_json::from_str::<CaseFact>(&payload)) else {
                    tracing::warn!(case = id, "the opening of a case cannot be read");
                    continue;
                };
                let CaseFact::Opened { title, cluster, cluster_name, incidents, .. } = opening else { continue };
                cases.push(CaseSummary {
                    id: case,
                    title,
                    cluster,
                    cluster_name,
                    opened_at: Time(row.get(1).map_err(error)?),
                    updated_at: Time(row.get(3).map_err(error)?),
                    incidents: incidents.into_iter().map(|incident| incident.id).collect(),
                    concluded: row.get::<_, Option<String>>(4).map_err(error)?.as_deref() == Some("concluded"),
                    waiting: row.get(5).map_err(error)?,
                });
            }
            Ok(cases)
        })
    }

    /// One case; missing is an error.
    pub fn case(&self, case: CaseId) -> Result<CaseSummary> {
        self.cases()?
            .into_iter()
            .find(|summary| summary.id == case)
            .ok_or_else(|| Error::Missing { what: "case", id: case.to_string() })
    }
}
