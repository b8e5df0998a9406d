mod articles;
mod blueprints;
mod cases;
pub(crate) mod chain;
mod hold;
mod pins;

use std::path::Path;

use model::{Author, CallFact, CallId, CallStep, CaseEvent, CaseFact, CaseId, Ruling, Time, Written};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::store::{Format, Store};
use crate::{Error, Result};

pub use hold::Hold;

pub(crate) const FORMAT: Format = Format {
    name: "a desk file",
    application_id: 0x4342_4431,
    migrations: &[
        "CREATE TABLE case_events (
            case_id TEXT NOT NULL,
            seq INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author TEXT NOT NULL,
            payload TEXT NOT NULL,
            hash TEXT NOT NULL,
            type TEXT NOT NULL,
            call_id TEXT,
            revision INTEGER,
            step TEXT,
            PRIMARY KEY (case_id, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX one_proposal ON case_events (case_id, call_id, revision) WHERE step = 'proposed';
        CREATE UNIQUE INDEX one_decision ON case_events (case_id, call_id, revision)
            WHERE step IN ('approved', 'edited', 'denied', 'withdrawn', 'expired');
        CREATE UNIQUE INDEX one_start ON case_events (case_id, call_id, revision) WHERE step = 'started';
        CREATE UNIQUE INDEX one_outcome ON case_events (case_id, call_id, revision)
            WHERE step IN ('succeeded', 'failed', 'interrupted', 'outcome_unknown');
        CREATE UNIQUE INDEX one_release ON case_events (case_id, call_id, revision)
            WHERE step IN ('released', 'released_edited', 'withheld');
        CREATE INDEX events_of_calls ON case_events (case_id, call_id, seq) WHERE call_id IS NOT NULL;
        CREATE TRIGGER case_events_stay_as_they_are BEFORE UPDATE ON case_events
            BEGIN SELECT RAISE(ABORT, 'case events are never changed'); END;
        CREATE TRIGGER case_events_stay BEFORE DELETE ON case_events
            BEGIN SELECT RAISE(ABORT, 'case events are never removed'); END;

        CREATE TABLE blueprint_versions (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author TEXT NOT NULL,
            content TEXT NOT NULL,
            PRIMARY KEY (name, version)
        ) STRICT;
        CREATE TRIGGER blueprint_versions_stay_as_they_are BEFORE UPDATE ON blueprint_versions
            BEGIN SELECT RAISE(ABORT, 'versions of blueprints are never changed'); END;
        CREATE TRIGGER blueprint_versions_stay BEFORE DELETE ON blueprint_versions
            BEGIN SELECT RAISE(ABORT, 'versions of blueprints are never removed'); END;
        CREATE TABLE blueprint_retirements (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author TEXT NOT NULL,
            PRIMARY KEY (name, version)
        ) STRICT;

        CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;",
        "CREATE TABLE rule_uses (
            rule TEXT NOT NULL,
            use INTEGER NOT NULL,
            case_id TEXT NOT NULL,
            call_id TEXT NOT NULL,
            PRIMARY KEY (rule, use)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER rule_uses_stay_as_they_are BEFORE UPDATE ON rule_uses
            BEGIN SELECT RAISE(ABORT, 'uses of rules are never changed'); END;
        CREATE TRIGGER rule_uses_stay BEFORE DELETE ON rule_uses
            BEGIN SELECT RAISE(ABORT, 'uses of rules are never removed'); END;",
        "
        CREATE TABLE article_versions (
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (id, version)
        ) STRICT;
        CREATE TRIGGER article_versions_stay_as_they_are BEFORE UPDATE ON article_versions
            BEGIN SELECT RAISE(ABORT, 'versions of articles are never changed'); END;
        CREATE TRIGGER article_versions_stay BEFORE DELETE ON article_versions
            BEGIN SELECT RAISE(ABORT, 'versions of articles are never removed'); END;",
    ],
    synchronous: "full",
    shrinks: false,
};

/// The desk's own file: cases with their hash-chained events, blueprints and articles with their versions,
/// settings. `synchronous=FULL`: when an append returns, the facts are on the disk.
pub struct DeskFile {
    store: Store,
}

/// Proof that case events were committed. Only [`DeskFile::append`] makes one.
#[derive(Debug)]
pub struct Receipt {
    case: CaseId,
    first_seq: u64,
    last_seq: u64,
    head: String,
}

impl Receipt {
    pub fn case(&self) -> CaseId {
        self.case
    }
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }
    /// The hash of the last event, which the next one continues.
    pub fn head(&self) -> &str {
        &self.head
    }
}

const APPEND: &str = "append to";

impl DeskFile {
    pub fn open(path: &Path) -> Result<Self> {
        Ok(DeskFile { store: Store::open(path, &FORMAT)? })
    }

    pub fn in_memory() -> Result<Self> {
        Ok(DeskFile { store: Store::in_memory(&FORMAT)? })
    }

    /// Appends in one transaction, each event chained to the one before it. The case begins with its first `Opened`.
    /// Refused as [`crate::Error::Duplicate`] where a revision of a call already has a decision or a start.
    pub fn append(&self, case: CaseId, facts: &[Written]) -> Result<Receipt> {
        self.store.write(APPEND, |transaction| self.append_in(transaction, case, facts))
    }

    /// Appends facts about one call only where nothing was written about it since `last_seq` (0: nothing at all);
    /// gives `None` and writes nothing where something was. What was read and decided on then still holds. `uses` are of
    /// rules that the facts rest on, with how often each may be used: they are counted with the facts or not at all, and
    /// `None` is given where one has none left.
    pub fn append_after(
        &self,
        case: CaseId,
        call: CallId,
        last_seq: u64,
        facts: &[Written],
        uses: &[(String, Option<u32>)],
    ) -> Result<Option<Receipt>> {
        self.store.write(APPEND, |transaction| {
            let last: Option<i64> = transaction
                .prepare_cached("SELECT max(seq) FROM case_events WHERE case_id = ?1 AND call_id = ?2")
                .and_then(|mut last| last.query_row([case.to_string(), call.to_string()], |row| row.get(0)))
                .map_err(|e| self.store.error(APPEND, &e))?;
            if last.unwrap_or(0).unsigned_abs() != last_seq {
                return Ok(None);
            }
            for (rule, most) in uses {
                let used = self.uses_in(transaction, rule)?;
                if most.is_some_and(|most| used >= most) {
                    return Ok(None);
                }
                let row = params![rule, i64::from(used) + 1, case.to_string(), call.to_string()];
                transaction
                    .prepare_cached("INSERT INTO rule_uses (rule, use, case_id, call_id) VALUES (?1, ?2, ?3, ?4)")
                    .and_then(|mut insert| insert.execute(row))
                    .map_err(|e| self.store.error(APPEND, &e))?;
            }
            self.append_in(transaction, case, facts).map(Some)
        })
    }

    /// How often a rule of this name was used at this desk, in all cases.
    pub fn uses_of(&self, rule: &str) -> Result<u32> {
        self.store.read("read", |reader| self.uses_in(reader, rule))
    }

    fn uses_in(&self, connection: &rusqlite::Connection, rule: &str) -> Result<u32> {
        let used: Option<i64> = connection
            .prepare_cached("SELECT max(use) FROM rule_uses WHERE rule = ?1")
            .and_then(|mut uses| uses.query_row([rule], |row| row.get(0)))
            .map_err(|e| self.store.error("read", &e))?;
        Ok(used.map_or(0, |used| u32::try_from(used).unwrap_or(u32::MAX)))
    }

    fn append_in(&self, transaction: &Transaction<'_>, case: CaseId, facts: &[Written]) -> Result<Receipt> {
        let error = |e: rusqlite::Error| self.store.error(APPEND, &e);
        let last = transaction
            .prepare_cached("SELECT seq, hash FROM case_events WHERE case_id = ?1 ORDER BY seq DESC LIMIT 1")
            .and_then(|mut last| {
                last.query_row([case.to_string()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
                    .optional()
            })
            .map_err(error)?;
        let (last_seq, mut head) = last.map_or((0, String::new()), |(seq, head)| (seq.unsigned_abs(), head));
        let mut seq = last_seq;
        for fact in facts {
            let opens = matches!(fact.fact, CaseFact::Opened { .. });
            if seq == 0 && !opens {
                return Err(Error::Missing { what: "case", id: case.to_string() });
            }
            if seq > 0 && opens {
                return Err(Error::Duplicate { what: "the opening of this case".into() });
            }
            seq += 1;
            let row = chain::Row::new(case, seq, fact, &head);
            if !row.is_readable() {
                let cause = format!("{} holds a value that is not a number", row.what());
                return Err(Error::Store { act: APPEND, path: self.store.shown(), cause });
            }
            row.insert(transaction).map_err(|cause| match cause.sqlite_error() {
                Some(code) if code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => {
                    Error::Duplicate { what: row.what() }
                }
                _ => error(cause),
            })?;
            head = row.hash;
        }
        Ok(Receipt { case, first_seq: last_seq + 1, last_seq: seq, head })
    }

    /// The events of a case in order, from `after` (0: all).
    pub fn events(&self, case: CaseId, after: u64) -> Result<Vec<CaseEvent>> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.store.read("read", |reader| {
            let mut statement = reader
                .prepare_cached(&chain::select("case_id = ?1 AND seq > ?2"))
                .map_err(|e| self.store.error("read", &e))?;
            let rows = statement.query(params![case.to_string(), after]).map_err(|e| self.store.error("read", &e))?;
            chain::collect(rows, &self.store)?.into_iter().map(|row| row.event(&self.store.shown())).collect()
        })
    }

    /// The events of one call in order; with the last one's number, [`DeskFile::append_after`] builds on them.
    pub fn events_of_call(&self, case: CaseId, call: CallId) -> Result<Vec<CaseEvent>> {
        self.store.read("read", |reader| {
            let mut statement = reader
                .prepare_cached(&chain::select("case_id = ?1 AND call_id = ?2"))
                .map_err(|e| self.store.error("read", &e))?;
            let rows =
                statement.query([case.to_string(), call.to_string()]).map_err(|e| self.store.error("read", &e))?;
            chain::collect(rows, &self.store)?.into_iter().map(|row| row.event(&self.store.shown())).collect()
        })
    }

    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        self.store.read("read", |reader| {
            reader
                .query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0))
                .optional()
                .map_err(|e| self.store.error("read", &e))
        })
    }

    pub fn set_setting(&self, key: &str, value: &str) -> Result<()> {
        const SQL: &str = "INSERT INTO settings (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.store.write("write to", |transaction| {
            transaction.execute(SQL, [key, value]).map(drop).map_err(|e| self.store.error("write to", &e))
        })
    }

    /// The path, `None` in memory.
    pub fn path(&self) -> Option<&Path> {
        self.store.path()
    }

    /// The hashes of a case's events, first to last.
    pub fn hashes(&self, case: CaseId) -> Result<Vec<String>> {
        Ok(self.rows_of(case)?.into_iter().map(|row| row.hash).collect())
    }

    /// The rows of a case as they are stored.
    pub(crate) fn rows_of(&self, case: CaseId) -> Result<Vec<chain::Row>> {
        self.store.read("read", |reader| {
            let mut statement =
                reader.prepare_cached(&chain::select("case_id = ?1")).map_err(|e| self.store.error("read", &e))?;
            let rows = statement.query([case.to_string()]).map_err(|e| self.store.error("read", &e))?;
            chain::collect(rows, &self.store)
        })
    }

    /// Takes the rows of one case from a checked file (`from`), as they are. Where the desk knows the case, it must be
    /// the same as far as both go; what the desk does not have yet is added.
    pub(crate) fn adopt(&self, rows: &[chain::Row], from: &Path) -> Result<()> {
        self.store.write(APPEND, |transaction| {
            let error = |e: rusqlite::Error| self.store.error(APPEND, &e);
            let mut adopted = false;
            for row in rows {
                let seq = i64::try_from(row.seq).unwrap_or(i64::MAX);
                let known: Option<String> = transaction
                    .prepare_cached("SELECT hash FROM case_events WHERE case_id = ?1 AND seq = ?2")
                    .and_then(|mut known| known.query_row(params![row.case, seq], |row| row.get(0)).optional())
                    .map_err(error)?;
                match known {
                    Some(hash) if hash == row.hash => {}
                    Some(_) => {
                        return Err(Error::Damaged {
                            path: crate::store::show(from),
                            why: format!("this desk has the same case, but another event {} in it", row.seq),
                            hint: "The case went on in two places; keep this one as a file and open it there".into(),
                        });
                    }
                    None => {
                        row.insert(transaction).map_err(error)?;
                        adopted = true;
                    }
                }
            }
            match rows.last() {
                Some(last) if adopted => self.void_decisions(transaction, last),
                Some(_) | None => Ok(()),
            }
        })
    }

    /// Decisions that were made at another desk let nothing start at this one: whoever wrote the file could have
    /// written them.
    fn void_decisions(&self, transaction: &Transaction<'_>, last: &chain::Row) -> Result<()> {
        const LAST_STEPS: &str = "SELECT payload, max(seq) FROM case_events
            WHERE case_id = ?1 AND call_id IS NOT NULL GROUP BY call_id ORDER BY 2";
        let payloads: Vec<String> = transaction
            .prepare_cached(LAST_STEPS)
            .and_then(|mut steps| steps.query_map([&last.case], |row| row.get(0))?.collect())
            .map_err(|e| self.store.error(APPEND, &e))?;
        let Ok(case) = last.case.parse() else { return Ok(()) };
        let mut voided = Vec::new();
        for payload in payloads {
            let Ok(CaseFact::Call(CallFact { call, revision, step })) = serde_json::from_str(&payload) else {
                continue;
            };
            if matches!(step, CallStep::Approved { .. } | CallStep::Ruled { ruling: Ruling::Allowed { .. } }) {
                let because = "it was decided at another desk; decide again here".to_owned();
                let fact = CaseFact::Call(CallFact { call, revision, step: CallStep::Voided { because } });
                voided.push(Written { at: Time(last.at), author: Author::Program, fact });
            }
        }
        self.append_in(transaction, case, &voided).map(drop)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}

#[cfg(test)]
mod tests;
