//! Case events as rows of a hash chain: the hash of a row is BLAKE3 over the hash before it and everything it says.

use model::{CallFact, CallStep, CaseEvent, CaseFact, CaseId, Time, Written, canonical_json};
use rusqlite::{Connection, Rows, params};
use serde::Serialize;

use crate::store::Store;
use crate::{Error, Result};

/// One row of `case_events`. Author and payload are the text that was hashed, never written again from their values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub case: String,
    pub seq: u64,
    pub at: i64,
    pub author: String,
    pub payload: String,
    pub hash: String,
}

pub(crate) fn select(condition: &str) -> String {
    format!("SELECT case_id, seq, at, author, payload, hash FROM case_events WHERE {condition} ORDER BY case_id, seq")
}

pub(crate) fn collect(mut rows: Rows<'_>, store: &Store) -> Result<Vec<Row>> {
    let mut collected = Vec::new();
    while let Some(row) = rows.next().map_err(|e| store.error("read", &e))? {
        let read = || -> rusqlite::Result<Row> {
            Ok(Row {
                case: row.get(0)?,
                seq: row.get::<_, i64>(1)?.unsigned_abs(),
                at: row.get(2)?,
                author: row.get(3)?,
                payload: row.get(4)?,
                hash: row.get(5)?,
            })
        };
        collected.push(read().map_err(|e| store.error("read", &e))?);
    }
    Ok(collected)
}

impl Row {
    pub fn new(case: CaseId, seq: u64, fact: &Written, previous: &str) -> Row {
        let mut row = Row {
            case: case.to_string(),
            seq,
            at: fact.at.0,
            author: canonical(&fact.author),
            payload: canonical(&fact.fact),
            hash: String::new(),
        };
        row.hash = row.hash_after(previous);
        row
    }

    /// Whether the row can be read back: JSON has no word for infinity and "not a number".
    pub fn is_readable(&self) -> bool {
        serde_json::from_str::<CaseFact>(&self.payload).is_ok()
    }

    pub fn hash_after(&self, previous: &str) -> String {
        let (seq, at) = (self.seq.to_le_bytes(), self.at.to_le_bytes());
        let parts: [&[u8]; 6] =
            [previous.as_bytes(), self.case.as_bytes(), &seq, &at, self.author.as_bytes(), self.payload.as_bytes()];
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Writes the row, the columns that indexes need taken from the payload.
    pub fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        const SQL: &str = "INSERT INTO case_events
            (case_id, seq, at, author, payload, hash, type, call_id, revision, step)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let payload: serde_json::Value = serde_json::from_str(&self.payload).unwrap_or_default();
        let text = |field: &str| payload[field].as_str();
        connection
            .prepare_cached(SQL)?
            .execute(params![
                self.case,
                i64::try_from(self.seq).unwrap_or(i64::MAX),
                self.at,
                self.author,
                self.payload,
                self.hash,
                text("type").unwrap_or_default(),
                text("call"),
                payload["revision"].as_i64(),
                payload.pointer("/step/step").and_then(|s| s.as_str()),
            ])
            .map(drop)
    }

    pub fn event(self, path: &str) -> Result<CaseEvent> {
        let torn = |why: String| Error::Damaged {
            path: path.to_owned(),
            why: format!("event {} of case {} is torn: {why}", self.seq, self.case),
            hint: "Check the file with `caseboard audit verify` and restore it from a backup".into(),
        };
        Ok(CaseEvent {
            case: self.case.parse().map_err(|e: uuid::Error| torn(e.to_string()))?,
            seq: self.seq,
            at: Time(self.at),
            author: serde_json::from_str(&self.author).map_err(|e| torn(e.to_string()))?,
            fact: serde_json::from_str(&self.payload).map_err(|e| torn(e.to_string()))?,
        })
    }

    /// What this row records, for messages.
    pub fn what(&self) -> String {
        let Ok(CaseFact::Call(CallFact { call, revision, step })) = serde_json::from_str(&self.payload) else {
            return format!("event {} of case {}", self.seq, self.case);
        };
        let what = match step {
            CallStep::Approved { .. }
            | CallStep::Edited { .. }
            | CallStep::Denied { .. }
            | CallStep::Withdrawn { .. }
            | CallStep::Expired { .. } => "a decision",
            CallStep::Started { .. } => "a start",
            CallStep::Proposed { .. } => "a proposal",
            CallStep::Succeeded { .. }
            | CallStep::Failed { .. }
            | CallStep::Interrupted { .. }
            | CallStep::OutcomeUnknown { .. } => "an outcome",
            CallStep::Released { .. } | CallStep::ReleasedEdited { .. } | CallStep::Withheld { .. } => "a release",
            CallStep::Ruled { .. } | CallStep::Asked { .. } | CallStep::Voided { .. } | CallStep::Reconciled { .. } => {
                "a step"
            }
        };
        format!("{what} of revision {revision} of call {call}")
    }
}

/// What checking one chain found: each finding in a sentence.
pub(crate) fn check(rows: &[Row]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut previous = "";
    for (row, expected) in rows.iter().zip(1u64..) {
        if row.seq != expected {
            findings.push(format!("event {expected} of case {} is missing (event {} follows)", row.case, row.seq));
            return findings;
        }
        if row.hash != row.hash_after(previous) {
            findings.push(format!(
                "event {} of case {} is not what was written: it was altered, replaced or moved",
                row.seq, row.case
            ));
        }
        previous = &row.hash;
    }
    findings
}

fn canonical(value: &impl Serialize) -> String {
    // Facts and authors are trees of strings, numbers and maps with text keys: turning them into JSON cannot fail.
    serde_json::to_value(value).map(|v| canonical_json(&v)).unwrap_or_default()
}
