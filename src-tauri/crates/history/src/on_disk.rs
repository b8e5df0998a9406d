//! What lies on the disk of clusters' histories, told without opening them for writing.

use std::path::{Path, PathBuf};

use model::{Body, ClusterId, Gap, Time};
use rusqlite::OptionalExtension;

use crate::history::{FORMAT, row};
use crate::store::{Store, show};
use crate::{Error, Result};

/// One file of a folder of histories.
#[derive(Debug)]
pub struct OnDisk {
    pub path: PathBuf,
    /// Of the file, and of what is not merged into it yet.
    pub bytes: u64,
    pub told: Result<Told>,
}

/// What a history says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub cluster: ClusterId,
    /// First and last `at`, `None` while empty.
    pub span: Option<(Time, Time)>,
    /// In order of when they begin.
    pub gaps: Vec<Gap>,
}

/// The histories of a folder, in no order. A file that cannot be read costs itself, not the list.
pub fn on_disk(folder: &Path) -> std::io::Result<Vec<OnDisk>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            found.push(OnDisk { bytes: size(&path), told: told(&path), path });
        }
    }
    Ok(found)
}

/// Removes a history with everything in it. Refused while any program has it open.
pub fn remove(path: &Path) -> Result<()> {
    const ACT: &str = "remove";
    // Only the last one that has a file open can bring it out of WAL.
    let store = Store::open(path, &FORMAT)?;
    store.outside_transaction(ACT, "PRAGMA busy_timeout = 200; PRAGMA journal_mode = delete")?;
    drop(store);
    let failed = |cause: std::io::Error| Error::Store { act: ACT, path: show(path), cause: cause.to_string() };
    std::fs::remove_file(path).map_err(failed)
}

/// Of a SQLite file with what it keeps beside it.
pub fn size(path: &Path) -> u64 {
    let size = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::metadata(name).map_or(0, |file| file.len())
    };
    size("") + size("-wal")
}

fn told(path: &Path) -> Result<Told> {
    const ACT: &str = "read";
    let store = Store::open_existing(path, &[&FORMAT])?;
    // The tables of the first format change when it is opened to be written.
    let older = store.version()? < 2;
    let gaps = format!("SELECT {} FROM observations WHERE type > 1 AND type = {} ORDER BY at", row::COLUMNS, row::GAP);
    store.read(ACT, |reader| {
        let read = || -> rusqlite::Result<Option<Told>> {
            let cluster = "SELECT value FROM meta WHERE key = 'cluster'";
            let Some(cluster) = reader.query_row(cluster, [], |row| row.get(0)).optional()?.map(ClusterId) else {
                return Ok(None);
            };
            let (first, last): (Option<i64>, Option<i64>) = (
                reader.query_row("SELECT min(at) FROM observations", [], |row| row.get(0))?,
                reader.query_row("SELECT max(at) FROM observations", [], |row| row.get(0))?,
            );
            let mut told = Told { cluster, span: first.map(Time).zip(last.map(Time)), gaps: Vec::new() };
            if older {
                return Ok(Some(told));
            }
            let mut unpacker = row::Unpacker::new(reader, &told.cluster);
            let mut statement = reader.prepare(&gaps)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                // A torn one is shown where the time is looked at.
                let Ok(gap) = unpacker.unpack(row)? else { continue };
                if let Body::Gap { until, dropped, reason } = gap.body {
                    told.gaps.push(Gap { from: gap.at, until, dropped, reason, observation: gap.id });
                }
            }
            drop(rows);
            drop(statement);
            Ok(Some(told))
        };
        read().map_err(|e| store.error(ACT, &e))?.ok_or_else(|| Error::Damaged {
            path: store.shown(),
            why: "it does not say which cluster it is of".into(),
            hint: "Move it away".into(),
        })
    })
}

#[cfg(test)]
mod tests;
