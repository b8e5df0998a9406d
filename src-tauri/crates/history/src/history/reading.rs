//! What was observed, as it was observed.

use model::{ObjectRef, Observation, ObservationId, Time};
use rusqlite::params_from_iter;
use rusqlite::types::Value as Sql;

use super::{History, OF_SUBJECT, recent, row};
use crate::{Error, Result};

/// Rows that are read at once, on several threads.
const BATCH: usize = 1_024;

const OF_NAMESPACE: &str = "subject IN (SELECT s.id FROM subjects s
    WHERE s.namespace = (SELECT id FROM words WHERE word = ?))";

/// Which observations to find; empty fields do not restrict. Bounds are inclusive and about `at`.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Names of [`model::Body`] variants in snake case: `log`, `metric`, `alert`, …
    pub types: Vec<&'static str>,
    pub subject: Option<ObjectRef>,
    pub namespace: Option<String>,
    pub from: Option<Time>,
    pub to: Option<Time>,
    /// Keeps the newest ones.
    pub limit: Option<usize>,
}

impl History {
    /// Hands over what watches learnt, in order of when it happened, with its place in that order.
    pub(super) fn inventory(
        &self,
        condition: &str,
        values: &[i64],
        mut take: impl FnMut(recent::Place, std::result::Result<Observation, row::Torn>),
    ) -> Result<()> {
        const ACT: &str = "read";
        let error = |e: rusqlite::Error| self.store.error(ACT, &e);
        let sql = format!(
            "SELECT {} FROM observations WHERE type IN (0, 1, 12, 13) AND {condition} ORDER BY at, lag, seq",
            row::COLUMNS
        );
        self.store.read(ACT, |reader| {
            let mut statement = reader.prepare_cached(&sql).map_err(error)?;
            let mut unpacker = row::Unpacker::new(reader, &self.cluster);
            let mut rows = statement.query(params_from_iter(values)).map_err(error)?;
            let (mut places, mut opened) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
            loop {
                let row = rows.next().map_err(error)?;
                if let Some(row) = row {
                    places.push((|| Ok((row.get(2)?, row.get(3)?, row.get(0)?)))().map_err(error)?);
                    opened.push(unpacker.open(row).map_err(error)?);
                }
                let over = row.is_none();
                if over || opened.len() >= BATCH {
                    let read = row::Opened::read_all(std::mem::take(&mut opened), &self.cluster);
                    places.drain(..).zip(read).for_each(|(place, observation)| take(place, observation));
                }
                if over {
                    return Ok(());
                }
            }
        })
    }

    /// Everything that happened in a window, in order of `at`.
    pub fn window(&self, from: Time, to: Time) -> Result<Vec<Observation>> {
        self.find(&Query { from: Some(from), to: Some(to), ..Query::default() })
    }

    /// In order of `at`. What cannot be read any more is left out, and logged.
    pub fn find(&self, query: &Query) -> Result<Vec<Observation>> {
        let mut conditions: Vec<String> = Vec::new();
        let mut values: Vec<Sql> = Vec::new();
        if let Some(subject) = &query.subject {
            conditions.push(format!("subject = {OF_SUBJECT}"));
            values.extend([&*subject.name, &*subject.namespace, &*subject.kind].map(|part| Sql::from(part.to_owned())));
        }
        if let Some(namespace) = &query.namespace {
            conditions.push(OF_NAMESPACE.into());
            values.push(namespace.clone().into());
        }
        let mut restrict = |condition: &str, value: Sql| {
            conditions.push(condition.to_owned());
            values.push(value);
        };
        if let Some(from) = query.from {
            restrict("at >= ?", from.0.into());
        }
        if let Some(to) = query.to {
            restrict("at <= ?", to.0.into());
        }
        if !query.types.is_empty() {
            let numbers: Vec<i64> = query.types.iter().map(|tag| row::type_number(tag)).collect();
            if numbers.iter().all(|number| *number >= row::FIRST_RARE) {
                conditions.push("type > 1".into());
            }
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            conditions.push(format!("type IN ({})", numbers.join(", ")));
        }
        let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let limit = query.limit.map_or(String::new(), |n| format!("LIMIT {n}"));
        let sql =
            format!("SELECT {} FROM observations {filter} ORDER BY at DESC, lag DESC, seq DESC {limit}", row::COLUMNS);
        // First what is held: meanwhile it may be written, and is then found twice rather than not at all.
        let held = self.held_of(query);
        let mut found = Vec::new();
        for row in self.select(&sql, values)? {
            match row {
                Ok(observation) => found.push(observation),
                Err(torn) => tracing::warn!(id = %torn.id, cause = torn.cause, "an observation is torn"),
            }
        }
        found.reverse();
        if !held.is_empty() {
            let written: std::collections::HashSet<ObservationId> = found.iter().map(|o| o.id.clone()).collect();
            found.extend(held.into_iter().filter(|observation| !written.contains(&observation.id)));
            found.sort_by_key(|observation| (observation.at, observation.seen_at));
            let most = query.limit.unwrap_or(usize::MAX);
            found.drain(..found.len().saturating_sub(most));
        }
        Ok(found)
    }

    pub fn get(&self, id: &ObservationId) -> Result<Option<Observation>> {
        if let Some(held) = self.held(id) {
            return Ok(Some(held));
        }
        let sql = format!("SELECT {} FROM observations WHERE {}", row::COLUMNS, row::BY_ID);
        let stored = match row::StoredId::of(id) {
            row::StoredId::Usual(bytes) => Sql::Blob(bytes.to_vec()),
            row::StoredId::Other(text) => Sql::Text(text.to_owned()),
        };
        let found = self.select(&sql, vec![stored])?.pop();
        found.transpose().map_err(|torn| Error::Damaged {
            path: self.store.shown(),
            why: format!("observation `{}` is torn: {}", torn.id, torn.cause),
            hint: "Restore the file from a backup, or move it away and let it be written anew".into(),
        })
    }

    fn select(&self, sql: &str, values: Vec<Sql>) -> Result<Vec<std::result::Result<Observation, row::Torn>>> {
        const ACT: &str = "read";
        self.store.read(ACT, |reader| {
            let error = |e: rusqlite::Error| self.store.error(ACT, &e);
            let mut statement = reader.prepare_cached(sql).map_err(error)?;
            let mut unpacker = row::Unpacker::new(reader, &self.cluster);
            let mut rows = statement.query(params_from_iter(values)).map_err(error)?;
            let mut found = Vec::new();
            while let Some(row) = rows.next().map_err(error)? {
                found.push(unpacker.unpack(row).map_err(error)?);
            }
            Ok(found)
        })
    }

    /// First and last `at`, `None` while empty.
    pub fn span(&self) -> Result<Option<(Time, Time)>> {
        let span = self
            .one("SELECT (SELECT min(at) FROM observations), (SELECT max(at) FROM observations)", |row| {
                Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
            })?;
        Ok(match span {
            (Some(first), Some(last)) => Some((Time(first), Time(last))),
            _ => None,
        })
    }

    /// How many observations there are.
    pub fn len(&self) -> Result<u64> {
        self.one("SELECT count(*) FROM observations", |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    }

    /// How large the file is, without what is free in it.
    pub fn bytes(&self) -> Result<u64> {
        let pragma = |name: &str| self.one(&format!("PRAGMA {name}"), |row| row.get::<_, i64>(0));
        let used = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
        Ok(used.saturating_mul(pragma("page_size")?).unsigned_abs())
    }

    /// The highest number that an observation has; they only grow.
    pub(super) fn last_seq(&self) -> Result<i64> {
        self.one("SELECT coalesce(max(seq), 0) FROM observations", |row| row.get(0))
    }

    pub fn is_empty(&self) -> Result<bool> {
        self.span().map(|span| span.is_none())
    }

    pub(super) fn one<T>(&self, sql: &str, take: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Result<T> {
        self.store.read("read", |reader| reader.query_row(sql, [], take).map_err(|e| self.store.error("read", &e)))
    }
}
