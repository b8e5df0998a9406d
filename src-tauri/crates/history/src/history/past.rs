//! Snapshots by index: what they cost depends on what is asked, not on how long the history is.

use model::{Body, ChangeKind, Held, ObjectRef, Observation, Snapshot, Time};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fold::Fold;
use super::{History, OF_SUBJECT, Query, row};
use crate::Result;

/// A snapshot of a longer history tells versions and Events of the last hours before its time alone: folding a week of a
/// busy cluster takes minutes.
const FOLDED_WHOLE: u64 = 50_000;
const LOOK_BACK_SECONDS: i64 = 6 * 3600;
/// Rows that are looked at for the version that an object was in when the time begins. More than one only after news of
/// deletions, which may be those of older namesakes.
const MOST_BEFORE: usize = 8;
/// Of a long history's whole snapshot: so many versions of an object and rows of its Events are read, the newest. A
/// snapshot holds at most ten earlier versions, and one repetition of an Event.
const MOST_VERSIONS: usize = 12;
const MOST_EVENTS: usize = 48;
/// What is told of fewer objects is read on one thread.
const FEW: usize = 16;
/// Rows that one thread hands to the other at once, and how many such parts may wait.
const PART: usize = 64;
const MOST_WAITING: usize = 16;

/// Which observations count.
#[derive(Clone, Copy)]
struct Asked {
    at: Time,
    since: Time,
    /// By when they must have been learnt.
    known: Time,
    /// Whether all versions and Events from `since` on, or only the newest.
    all: bool,
}

impl History {
    /// `objects` as of `at`, with their versions and Events from `since` on; before that the one version that each was
    /// in. Coverage and gaps are those of the whole cluster.
    pub fn neighbourhood(&self, at: Time, since: Time, objects: &[ObjectRef]) -> Result<Snapshot> {
        let asked = Asked { at, since, known: Time::MAX, all: true };
        self.by_index(asked, Some(objects))
    }

    /// As [`History::snapshot`], with versions and Events from `since` on; before that the one version that each object
    /// was in.
    pub fn snapshot_since(&self, at: Time, since: Time) -> Result<Snapshot> {
        self.by_index(Asked { at, since, known: Time::MAX, all: true }, None)
    }

    /// The versions that an object was in up to a time, oldest first: of the newest `most` that were told those that differ
    /// from the one before. How it was when it was deleted is the version before.
    pub fn versions_of(&self, object: &ObjectRef, until: Time, most: usize) -> Result<Vec<Held>> {
        let query = Query {
            types: vec!["object"],
            subject: Some(object.clone()),
            to: Some(until),
            limit: Some(most),
            ..Query::default()
        };
        let mut versions: Vec<Held> = Vec::new();
        for Observation { id, at, seen_at, body, .. } in self.find(&query)? {
            let Body::Object { api_version, uid, change: ChangeKind::Present, object, .. } = body else { continue };
            let again = versions.last().is_some_and(|last| last.uid == uid && last.object == object);
            if !again {
                versions.push(Held { observation: id, at, seen_at, uid, api_version, object });
            }
        }
        Ok(versions)
    }

    /// Whether a snapshot of all that happened would take too long.
    pub(super) fn is_long(&self) -> Result<bool> {
        // Numbers only grow: what was removed meanwhile does not make it shorter, and need not.
        Ok(self.last_seq()?.unsigned_abs() > FOLDED_WHOLE)
    }

    /// A snapshot of a long history.
    pub(super) fn recent_past(&self, at: Time, known: Time) -> Result<Snapshot> {
        self.by_index(Asked { at, since: self.look_back(at.min(known))?, known, all: false }, None)
    }

    /// A long history folded up to a time, to be gone on with, and the last place of it.
    pub(super) fn recent_fold(&self, at: Time) -> Result<(Fold, Option<super::recent::Place>)> {
        const LAST: &str = "SELECT at, lag, seq FROM observations WHERE at <= ?1 AND type IN (0, 1, 12, 13)
            ORDER BY at DESC, lag DESC, seq DESC LIMIT 1";
        let mut fold = Fold::new(Snapshot::empty(self.cluster.clone(), at));
        let asked = Asked { at, since: self.look_back(at)?, known: Time::MAX, all: false };
        let last = self.store().read("read", |reader| {
            let folded = self.fold_by_index(reader, asked, None, &mut fold).and_then(|()| {
                let mut last = reader.prepare_cached(LAST)?;
                last.query_row([at.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
            });
            folded.map_err(|e| self.store().error("read", &e))
        })?;
        Ok((fold, last))
    }

    /// When the last hours before a time begin; "the end" means the last thing that happened.
    fn look_back(&self, at: Time) -> Result<Time> {
        let last = self.span()?.map_or(at, |(_, last)| last);
        Ok(at.min(last).plus_seconds(-LOOK_BACK_SECONDS))
    }

    fn by_index(&self, asked: Asked, objects: Option<&[ObjectRef]>) -> Result<Snapshot> {
        let wanted = |observation: &Observation| {
            let about = |subject: &ObjectRef| objects.is_none_or(|objects| objects.contains(subject));
            observation.at <= asked.at
                && observation.seen_at <= asked.known
                && observation.subject.as_ref().is_none_or(about)
        };
        let held = self.held_inventory(wanted);
        let time = asked.at.min(asked.known);
        let mut fold = Fold::new(Snapshot::empty(self.cluster.clone(), time));
        self.store().read("read", |reader| {
            self.fold_by_index(reader, asked, objects, &mut fold).map_err(|e| self.store().error("read", &e))
        })?;
        held.into_iter().for_each(|observation| fold.take(Ok(observation)));
        let mut snapshot = fold.finish(time);
        snapshot.gaps.sort_by_key(|gap| (gap.from, gap.until));
        Ok(snapshot)
    }

    fn fold_by_index(
        &self,
        reader: &Connection,
        asked: Asked,
        objects: Option<&[ObjectRef]>,
        fold: &mut Fold,
    ) -> rusqlite::Result<()> {
        let mut unpacker = row::Unpacker::new(reader, &self.cluster);
        let mut said = reader.prepare_cached(&format!(
            "SELECT {} FROM observations
             WHERE type > 1 AND type IN (12, 13) AND at <= ?1 AND at + lag <= ?2 ORDER BY at, lag, seq",
            row::COLUMNS
        ))?;
        let mut rows = said.query(params![asked.at.0, asked.known.0])?;
        while let Some(row) = rows.next()? {
            fold.take(unpacker.unpack(row)?);
        }
        let subjects = match objects {
            None => reader
                .prepare_cached("SELECT id FROM subjects")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?,
            Some(objects) => numbers_of(reader, objects)?,
        };
        if subjects.len() < FEW {
            let mut bodies = row::Reader::default();
            return told(reader, &mut unpacker, asked, &subjects, |part| {
                part.into_iter().for_each(|row| fold.take(bodies.read(row, &self.cluster)));
            });
        }
        // One reads and unpacks the rows, the other one their bodies.
        std::thread::scope(|scope| {
            let (sender, parts) = std::sync::mpsc::sync_channel::<Vec<row::Opened>>(MOST_WAITING);
            let folding = scope.spawn(move || {
                let mut bodies = row::Reader::default();
                parts.into_iter().flatten().for_each(|row| fold.take(bodies.read(row, &self.cluster)));
            });
            let read = told(reader, &mut unpacker, asked, &subjects, |part| {
                // Nobody takes it only where the other one panicked, which is told below.
                let _ = sender.send(part);
            });
            drop(sender);
            if let Err(panic) = folding.join() {
                std::panic::resume_unwind(panic);
            }
            read
        })
    }
}

fn numbers_of(reader: &Connection, objects: &[ObjectRef]) -> rusqlite::Result<Vec<i64>> {
    let mut number = reader.prepare_cached(&format!("SELECT {OF_SUBJECT}"))?;
    let mut numbers = Vec::with_capacity(objects.len());
    for ObjectRef { kind, namespace, name } in objects {
        let found = number.query_row(params![&**name, &**namespace, &**kind], |row| row.get::<_, Option<i64>>(0));
        numbers.extend(found.optional()?.flatten());
    }
    Ok(numbers)
}

/// Hands over what is told of subjects, in parts, each subject's in order of when it happened.
fn told(
    reader: &Connection,
    unpacker: &mut row::Unpacker<'_>,
    asked: Asked,
    subjects: &[i64],
    mut take: impl FnMut(Vec<row::Opened>),
) -> rusqlite::Result<()> {
    let columns = row::COLUMNS;
    let types = if asked.all { "(type = 0 OR type = 1 AND at >= ?2)" } else { "type = 0" };
    // In the order of the index: a subject's rows are not sorted by the database.
    let mut newest_first = reader.prepare_cached(&format!(
        "SELECT {columns} FROM observations
         WHERE subject = ?1 AND {types} AND at <= ?3 AND at + lag <= ?4 ORDER BY at DESC, seq DESC"
    ))?;
    let mut events = reader.prepare_cached(&format!(
        "SELECT {columns} FROM observations
         WHERE subject = ?1 AND type = 1 AND at BETWEEN ?2 AND ?3 AND at + lag <= ?4
         ORDER BY at DESC, seq DESC LIMIT {MOST_EVENTS}"
    ))?;
    let mut part: Vec<row::Opened> = Vec::new();
    let mut of_subject: Vec<Told> = Vec::new();
    for subject in subjects {
        let values = params![subject, asked.since.0, asked.at.0, asked.known.0];
        let most = if asked.all { usize::MAX } else { MOST_VERSIONS };
        let (mut versions, mut before, mut over) = (0, 0, Time::MIN);
        let mut rows = newest_first.query(values)?;
        while let Some(row) = rows.next()? {
            if Time(row.get(2)?) < over {
                break;
            }
            let told = Told::of(row, unpacker)?;
            if told.row.at >= asked.since {
                versions += usize::from(told.is_version);
                if versions == most {
                    // Where more versions would be told than are read, the one before them is not asked for.
                    over = told.row.at;
                }
            } else {
                before += 1;
                if !told.is_deletion || before == MOST_BEFORE {
                    over = told.row.at;
                }
            }
            of_subject.push(told);
        }
        if !asked.all {
            let mut rows = events.query(values)?;
            while let Some(row) = rows.next()? {
                of_subject.push(Told::of(row, unpacker)?);
            }
        }
        of_subject.sort_by_key(|told| (told.row.at, told.row.seen_at, told.seq));
        let in_force = of_subject.iter().rposition(|told| told.row.at < asked.since && !told.is_deletion);
        part.extend(of_subject.drain(..).skip(in_force.unwrap_or(0)).map(|told| told.row));
        if part.len() >= PART {
            take(std::mem::take(&mut part));
        }
    }
    take(part);
    Ok(())
}

/// A row about a subject.
struct Told {
    seq: i64,
    is_version: bool,
    is_deletion: bool,
    row: row::Opened,
}

impl Told {
    fn of(row: &Row<'_>, unpacker: &mut row::Unpacker<'_>) -> rusqlite::Result<Told> {
        let opened = unpacker.open(row)?;
        Ok(Told {
            seq: row.get(0)?,
            is_version: opened.kind == row::OBJECT,
            is_deletion: row::is_deletion(row)?,
            row: opened,
        })
    }
}

#[cfg(test)]
mod tests;
