//! The `.case` file: one case with its events, their chain, and the observations of its cluster, in one SQLite file.

mod copy;
mod inspect;

use std::path::Path;

use model::{CaseEvent, CaseFact, CaseId, ClusterId};
use serde::Serialize;

pub(crate) use copy::observations as copy_observations;

use crate::desk_file::chain;
use crate::history::schema::{tables_1, tables_2};
use crate::store::{Format, Store, show};
use crate::{DeskFile, Error, History, Result, cluster_path};

pub(crate) const FORMAT: Format = Format {
    name: "a case file",
    application_id: 0x4342_4331,
    migrations: &[
        concat!(
            "
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
        CREATE TABLE case_events (
            case_id TEXT NOT NULL,
            seq INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author TEXT NOT NULL,
            payload TEXT NOT NULL,
            hash TEXT NOT NULL,
            PRIMARY KEY (case_id, seq)
        ) STRICT, WITHOUT ROWID;
        ",
            tables_1!()
        ),
        tables_2!(),
    ],
    synchronous: "full",
    shrinks: false,
};

/// What is in a `.case` file.
pub struct CaseFile {
    pub case: CaseId,
    pub cluster: ClusterId,
    pub cluster_name: String,
    pub events: Vec<CaseEvent>,
    /// The cluster's observations. Of an opened file they are a copy in memory: the file stays as it is.
    pub history: History,
}

/// What checking the chain of a case found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    pub intact: bool,
    pub events: u64,
    /// The hash of the last event; of a desk file those of all cases, with commas between them. Note it, and
    /// [`verify`] tells later whether what it stood for is still there.
    pub head: String,
    /// Each finding in a sentence: what is wrong, at which sequence number.
    pub findings: Vec<String>,
}

/// Writes the case to `path`, atomically (a temporary file, then a rename).
pub fn export(desk: &DeskFile, history: &History, case: CaseId, path: &Path) -> Result<()> {
    let rows = desk.rows_of(case)?;
    if rows.is_empty() {
        return Err(Error::Missing { what: "case", id: case.to_string() });
    }
    if let Some(finding) = chain::check(&rows).into_iter().next() {
        let hint = "Check the desk with `caseboard audit verify` before passing its cases on".into();
        return Err(Error::Damaged { path: desk.store().shown(), why: finding, hint });
    }
    if let Some(cluster) = cluster_of(&rows).filter(|cluster| cluster != history.cluster()) {
        let cause = format!("the case is about `{cluster}`, the observations are of `{}`", history.cluster());
        return Err(Error::Store { act: "write", path: show(path), cause });
    }
    copy::write(path, &rows, history)
}

/// The cluster that a case says it is about.
fn cluster_of(rows: &[chain::Row]) -> Option<ClusterId> {
    match serde_json::from_str(&rows.first()?.payload) {
        Ok(CaseFact::Opened { cluster, .. }) => Some(cluster),
        Ok(_) | Err(_) => None,
    }
}

/// Reads a `.case` file. A cut, altered or foreign file is [`crate::Error::Damaged`] and says how.
pub fn open(path: &Path) -> Result<CaseFile> {
    let (store, rows) = checked(path)?;
    let events = rows.into_iter().map(|row| row.event(&show(path))).collect::<Result<Vec<_>>>()?;
    drop(store);
    describe(events, History::open_recorded(path)?, path)
}

/// Copies a `.case` file into a desk: its events into `desk`, its observations into a history file in `clusters`.
/// Importing the same case again changes nothing; a diverged one is refused and says so.
pub fn import(path: &Path, desk: &DeskFile, clusters: &Path) -> Result<CaseFile> {
    let (store, rows) = checked(path)?;
    let events = rows.iter().cloned().map(|row| row.event(&show(path))).collect::<Result<Vec<_>>>()?;
    let recorded = History::open_recorded(path)?;
    // The observations first: a case whose evidence is not there yet must not be seen in the list.
    let history = History::open(&cluster_path(clusters, recorded.cluster()), recorded.cluster().clone())?;
    let store = if store.is_older_than(&FORMAT)? { store.newest_copy(&FORMAT)? } else { store };
    copy::observations(&store, &history)?;
    desk.adopt(&rows, path)?;
    describe(events, history, path)
}

/// Checks the hash chain of a `.case` file, or of every case of a desk file; `head` is what somebody noted of
/// [`Audit::head`] earlier: facts that were cut off at the end show only there.
pub fn verify(path: &Path, head: Option<&str>) -> Result<Audit> {
    inspect::whole(path)?;
    let store = Store::open_existing(path, &[&FORMAT, &crate::desk_file::FORMAT])?;
    let cases = inspect::cases(&store)?;
    let mut findings: Vec<String> = cases.iter().flat_map(|rows| chain::check(rows)).collect();
    if store.is(&FORMAT)? {
        findings.extend(inspect::contents(&store, cases.concat().as_slice())?);
    }
    for noted in head.into_iter().flat_map(|heads| heads.split(',')).map(str::trim).filter(|h| !h.is_empty()) {
        if !cases.iter().flatten().any(|row| row.hash == noted) {
            findings.push(format!("no event has the noted hash `{noted}`: events were cut off at the end or replaced"));
        }
    }
    let heads: Vec<&str> = cases.iter().filter_map(|rows| rows.last()).map(|row| row.hash.as_str()).collect();
    let events = cases.iter().map(|rows| rows.len() as u64).sum();
    Ok(Audit { intact: findings.is_empty(), events, head: heads.join(","), findings })
}

/// The hashes of the events of a `.case` file, first to last, and the case they are of: what a signed head is compared with.
/// The file is checked whole.
pub fn hashes(path: &Path) -> Result<(CaseId, Vec<String>)> {
    let (_, rows) = checked(path)?;
    let case = rows.first().and_then(|row| row.case.parse().ok());
    let case = case.ok_or_else(|| Error::Missing { what: "case", id: show(path) })?;
    Ok((case, rows.into_iter().map(|row| row.hash).collect()))
}

/// Opens a `.case` file and checks all of it.
fn checked(path: &Path) -> Result<(Store, Vec<chain::Row>)> {
    inspect::whole(path)?;
    let store = Store::open_existing(path, &[&FORMAT])?;
    let rows = inspect::cases(&store)?.concat();
    let mut findings = chain::check(&rows);
    findings.extend(inspect::contents(&store, &rows)?);
    match findings.split_first() {
        None => Ok((store, rows)),
        Some((first, rest)) => {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more findings)", rest.len()) };
            Err(Error::Damaged {
                path: show(path),
                why: format!("{first}{more}"),
                hint: "Ask for the file again, and do not rely on this copy".into(),
            })
        }
    }
}

fn describe(events: Vec<CaseEvent>, history: History, path: &Path) -> Result<CaseFile> {
    let Some(CaseFact::Opened { cluster, cluster_name, .. }) = events.first().map(|event| &event.fact) else {
        return Err(Error::Damaged {
            path: show(path),
            why: "the case has no opening".into(),
            hint: "Ask for the file again".into(),
        });
    };
    let (case, cluster, cluster_name) = (events[0].case, cluster.clone(), cluster_name.clone());
    Ok(CaseFile { case, cluster, cluster_name, events, history })
}

#[cfg(test)]
mod tests;
