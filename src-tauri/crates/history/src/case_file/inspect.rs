//! Whether a file is all of what was written, and nothing else.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use model::{ClusterId, Observation};
use rusqlite::Connection;

use crate::desk_file::chain;
use crate::history::row;
use crate::store::{Store, show};
use crate::{Error, Result};

const AGAIN: &str = "Copy it again from where it came from";

/// Refuses what is no SQLite file, and one that is shorter than its own header says: SQLite itself reads the beginning
/// of a file that was cut and may not notice.
pub(super) fn whole(path: &Path) -> Result<()> {
    let damaged = |why: String, hint: &str| Error::Damaged { path: show(path), why, hint: hint.to_owned() };
    let failed = |cause: std::io::Error| Error::Store { act: "open", path: show(path), cause: cause.to_string() };
    let mut file = File::open(path).map_err(failed)?;
    let there = file.metadata().map_err(failed)?.len();
    let mut header = [0; 100];
    if there < header.len() as u64 {
        return Err(damaged(format!("it has only {there} bytes, which is no case"), AGAIN));
    }
    file.read_exact(&mut header).map_err(failed)?;
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(damaged("it is not a Caseboard file".into(), "Choose a file that Caseboard wrote"));
    }
    let page = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65536,
        size => size,
    };
    let pages = u64::from(u32::from_be_bytes([header[28], header[29], header[30], header[31]]));
    if there < page * pages {
        return Err(damaged(format!("it was cut off: {there} of {} bytes are there", page * pages), AGAIN));
    }
    Ok(())
}

/// The rows of every case in the file, as they are stored.
pub(super) fn cases(store: &Store) -> Result<Vec<Vec<chain::Row>>> {
    store.read("read", |reader| {
        let error = |e: rusqlite::Error| store.error("read", &e);
        let sound: String = reader.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(error)?;
        if sound != "ok" {
            return Err(Error::Damaged {
                path: store.shown(),
                why: format!("its pages are torn ({sound})"),
                hint: AGAIN.into(),
            });
        }
        let mut statement = reader.prepare(&chain::select("1")).map_err(error)?;
        let rows = chain::collect(statement.query([]).map_err(error)?, store)?;
        let mut cases: Vec<Vec<chain::Row>> = Vec::new();
        for row in rows {
            match cases.last_mut().filter(|case| case.last().is_some_and(|last| last.case == row.case)) {
                Some(case) => case.push(row),
                None => cases.push(vec![row]),
            }
        }
        Ok(cases)
    })
}

/// Compares a `.case` file with what it says of itself, and every observation with its id.
pub(super) fn contents(store: &Store, events: &[chain::Row]) -> Result<Vec<String>> {
    let (mut findings, cluster) = store.read("read", |reader| {
        let mut findings = Vec::new();
        let meta = meta(reader, store)?;
        let noted = |key: &str| meta.get(key).map(String::as_str).unwrap_or_default();
        if events.iter().any(|row| row.case != noted("case")) {
            findings.push(format!("it holds events of other cases than `{}`", noted("case")));
        }
        if super::cluster_of(events).is_none_or(|cluster| cluster.as_str() != noted("cluster")) {
            findings.push(format!("its observations are of `{}`, its case is about another cluster", noted("cluster")));
        }
        if events.len().to_string() != noted("events") {
            findings.push(format!("it holds {} events, {} were written", events.len(), noted("events")));
        }
        if events.last().is_none_or(|last| last.hash != noted("head")) {
            findings.push("its last event is not the one that was written".into());
        }
        let error = |e: rusqlite::Error| store.error("read", &e);
        let (count, digest) = super::copy::digest(reader).map_err(error)?;
        if count.to_string() != noted("observations") {
            findings.push(format!("it holds {count} observations, {} were written", noted("observations")));
        }
        if digest != noted("observations_digest") {
            findings.push("its observations are not those that were written".into());
        }
        Ok((findings, ClusterId(noted("cluster").to_owned())))
    })?;
    let newest;
    let store = if store.is_older_than(&super::FORMAT)? {
        newest = store.newest_copy(&super::FORMAT)?;
        &newest
    } else {
        store
    };
    findings.extend(ids(store, &cluster)?);
    Ok(findings)
}

/// Compares every observation with its id.
fn ids(store: &Store, cluster: &ClusterId) -> Result<Vec<String>> {
    store.read("read", |reader| {
        let error = |e: rusqlite::Error| store.error("read", &e);
        let mut findings = Vec::new();
        let mut unpacker = row::Unpacker::new(reader, cluster);
        let mut statement =
            reader.prepare(&format!("SELECT {} FROM observations ORDER BY seq", row::COLUMNS)).map_err(error)?;
        let mut rows = statement.query([]).map_err(error)?;
        while let Some(row) = rows.next().map_err(error)? {
            match unpacker.unpack(row).map_err(error)? {
                Ok(Observation { id, cluster, at, source, subject, body, .. }) => {
                    if Observation::id_of(&cluster, at, &source, subject.as_ref(), &body) != id {
                        findings.push(format!("observation `{id}` does not say what its id was made from"));
                    }
                }
                Err(torn) => findings.push(format!("observation `{}` is torn: {}", torn.id, torn.cause)),
            }
        }
        Ok(findings)
    })
}

fn meta(reader: &Connection, store: &Store) -> Result<BTreeMap<String, String>> {
    reader
        .prepare("SELECT key, value FROM meta")
        .and_then(|mut all| all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(|e| store.error("read", &e))
}
