//! Which rows of a subject go.

use std::collections::{HashMap, HashSet};

use model::{ClusterId, ObservationId, Snapshot, Time};
use rusqlite::{Transaction, params};

use super::super::fold::Fold;
use super::super::row;
use super::Pass;

/// One row of a subject, as far as it matters for keeping it.
pub(super) struct Candidate {
    pub seq: i64,
    pub at: Time,
    id: ObservationId,
    is_object: bool,
    is_deletion: bool,
    base: Option<i64>,
}

/// Removes what a subject need not keep; gives what it was.
pub(super) fn remove(
    transaction: &Transaction<'_>,
    subject: Option<i64>,
    pass: &Pass,
    cluster: &ClusterId,
) -> rusqlite::Result<Vec<Candidate>> {
    let old = rows(transaction, subject, "at < ?2", pass.cutoff)?;
    if old.is_empty() {
        return Ok(old);
    }
    let mut keep = HashSet::new();
    for row in &old {
        let pinned = pass.pins.windows.iter().any(|(from, until)| *from <= row.at && row.at <= *until);
        if pinned || pass.pins.observations.contains(&row.id) {
            keep.insert(row.seq);
        }
    }
    // The version that an object was in when a kept time begins: without it, it would not be there then.
    let begins = pass.pins.windows.iter().map(|(from, _)| *from).filter(|from| *from < pass.cutoff);
    for begin in begins.chain([pass.cutoff]) {
        match old.iter().rev().find(|row| row.is_object && row.at <= begin) {
            Some(last) if !last.is_deletion => {
                keep.insert(last.seq);
            }
            // The deletion may be that of an older namesake.
            Some(_) => keep.extend(in_force(transaction, subject, begin, cluster)?),
            None => {}
        }
    }
    // What is known of coverage is the last word about each kind, and says what is not known of the time since.
    if subject.is_none() {
        keep.extend(old.iter().map(|row| row.seq));
    }
    if old.iter().all(|row| keep.contains(&row.seq)) {
        return Ok(Vec::new());
    }
    let newer = rows(transaction, subject, "at >= ?2", pass.cutoff)?;
    keep.extend(newer.iter().filter_map(|row| row.base));
    loop {
        let before = keep.len();
        let bases: Vec<i64> = old.iter().filter(|row| keep.contains(&row.seq)).filter_map(|row| row.base).collect();
        keep.extend(bases);
        // A version that stays, for whatever reason, must not outlive the news of its end. Which of several deletions
        // is its own, their bodies say; all of them stay.
        let (mut exists, mut previous) = (false, None);
        for row in old.iter().filter(|row| row.is_object) {
            if row.is_deletion && exists {
                keep.insert(row.seq);
                // Of another namesake than the one that stays, it ends that one's time only together with its own.
                keep.extend(previous);
            }
            exists |= !row.is_deletion && keep.contains(&row.seq);
            previous = Some(row.seq);
        }
        if keep.len() == before {
            break;
        }
    }
    let mut lost: Vec<Candidate> = old;
    lost.retain(|row| !keep.contains(&row.seq));
    let mut delete = transaction.prepare_cached("DELETE FROM observations WHERE seq = ?1")?;
    for row in &lost {
        delete.execute([row.seq])?;
    }
    if newer.is_empty() && keep.is_empty() {
        transaction.prepare_cached("DELETE FROM subjects WHERE id = ?1")?.execute([subject])?;
    }
    Ok(lost)
}

/// The row that says how an object is at a time, where it exists then.
fn in_force(
    transaction: &Transaction<'_>,
    subject: Option<i64>,
    at: Time,
    cluster: &ClusterId,
) -> rusqlite::Result<Option<i64>> {
    let sql = format!(
        "SELECT {} FROM observations WHERE subject IS ?1 AND type = {} AND at <= ?2 ORDER BY at, lag, seq",
        row::COLUMNS,
        row::OBJECT
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut unpacker = row::Unpacker::new(transaction, cluster);
    let mut fold = Fold::new(Snapshot::empty(cluster.clone(), at));
    let mut rows = statement.query(params![subject, at.0])?;
    let mut numbers = HashMap::new();
    while let Some(row) = rows.next()? {
        let observation = unpacker.unpack(row)?;
        if let Ok(observation) = &observation {
            numbers.insert(observation.id.clone(), row.get(0)?);
        }
        fold.take(observation);
    }
    let snapshot = fold.finish(at);
    Ok(snapshot.objects.values().find_map(|held| numbers.get(&held.observation).copied()))
}

fn rows(
    transaction: &Transaction<'_>,
    subject: Option<i64>,
    condition: &str,
    cutoff: Time,
) -> rusqlite::Result<Vec<Candidate>> {
    let sql = format!(
        "SELECT {} FROM observations WHERE subject IS ?1 AND {condition} ORDER BY at, lag, seq",
        row::KEEPING_COLUMNS
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let rows = statement.query_map(params![subject, cutoff.0], |row| {
        let keeping = row::Keeping::of(row)?;
        Ok(Candidate {
            seq: keeping.seq,
            at: keeping.at,
            id: keeping.id,
            is_object: keeping.is_object,
            is_deletion: keeping.is_deletion,
            base: keeping.base,
        })
    })?;
    rows.collect()
}
