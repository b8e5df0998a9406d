use model::{Blueprint, BlueprintVersion, Time, canonical_json};
use rusqlite::{OptionalExtension, Row, params};

use super::DeskFile;
use crate::{Error, Result};

const NEWEST: &str = "
    SELECT v.version, v.at, v.author, v.content FROM blueprint_versions v
    WHERE v.version = (SELECT max(version) FROM blueprint_versions n WHERE n.name = v.name)
      AND NOT EXISTS (SELECT 1 FROM blueprint_retirements r WHERE r.name = v.name AND r.version = v.version)
    ORDER BY v.name";
const VERSIONS: &str =
    "SELECT version, at, author, content FROM blueprint_versions WHERE name = ?1 ORDER BY version DESC";

impl DeskFile {
    /// Stores a new version; the same content again makes none and gives the current one.
    pub fn put_blueprint(&self, author: &str, at: Time, blueprint: &Blueprint) -> Result<BlueprintVersion> {
        const ACT: &str = "write a blueprint to";
        let error = |e: rusqlite::Error| self.store.error(ACT, &e);
        let content = serde_json::to_value(blueprint).map(|v| canonical_json(&v)).unwrap_or_default();
        self.store.write(ACT, |transaction| {
            let current = transaction
                .query_row(
                    "SELECT version, at, author, content, EXISTS (
                         SELECT 1 FROM blueprint_retirements r WHERE r.name = v.name AND r.version = v.version)
                     FROM blueprint_versions v WHERE name = ?1 ORDER BY version DESC LIMIT 1",
                    [&blueprint.name],
                    |row| Ok((read(row)?, row.get::<_, bool>(4)?)),
                )
                .optional()
                .map_err(error)?;
            let version = match current {
                Some((current, false)) if current.content == content => return self.parse(current),
                Some((current, _)) => current.version + 1,
                None => 1,
            };
            transaction
                .execute(
                    "INSERT INTO blueprint_versions (name, version, at, author, content) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![blueprint.name, version, at.0, author, content],
                )
                .map_err(error)?;
            Ok(BlueprintVersion { version, at, author: author.to_owned(), blueprint: blueprint.clone() })
        })
    }

    /// The newest version of each blueprint, by name.
    pub fn blueprints(&self) -> Result<Vec<BlueprintVersion>> {
        self.blueprint_rows(NEWEST, &[])
    }

    /// All versions of one blueprint, newest first.
    pub fn blueprint_versions(&self, name: &str) -> Result<Vec<BlueprintVersion>> {
        self.blueprint_rows(VERSIONS, &[name])
    }

    /// Removes it from [`DeskFile::blueprints`]; its versions stay.
    pub fn retire_blueprint(&self, author: &str, at: Time, name: &str) -> Result<()> {
        const ACT: &str = "retire a blueprint in";
        self.store.write(ACT, |transaction| {
            let retired = transaction
                .execute(
                    "INSERT OR IGNORE INTO blueprint_retirements (name, version, at, author)
                     SELECT name, max(version), ?2, ?3 FROM blueprint_versions WHERE name = ?1 GROUP BY name",
                    params![name, at.0, author],
                )
                .map_err(|e| self.store.error(ACT, &e))?;
            let known = retired > 0
                || transaction
                    .query_row("SELECT EXISTS (SELECT 1 FROM blueprint_versions WHERE name = ?1)", [name], |row| {
                        row.get(0)
                    })
                    .map_err(|e| self.store.error(ACT, &e))?;
            if known { Ok(()) } else { Err(Error::Missing { what: "blueprint", id: name.to_owned() }) }
        })
    }

    fn blueprint_rows(&self, sql: &str, values: &[&str]) -> Result<Vec<BlueprintVersion>> {
        let error = |e: rusqlite::Error| self.store.error("read", &e);
        self.store.read("read", |reader| {
            let mut statement = reader.prepare_cached(sql).map_err(error)?;
            let rows = statement
                .query_map(rusqlite::params_from_iter(values), read)
                .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
                .map_err(error)?;
            rows.into_iter().map(|stored| self.parse(stored)).collect()
        })
    }

    fn parse(&self, stored: Stored) -> Result<BlueprintVersion> {
        let blueprint = serde_json::from_str(&stored.content).map_err(|cause| Error::Damaged {
            path: self.store.shown(),
            why: format!("version {} of a blueprint is torn: {cause}", stored.version),
            hint: "Restore the file from a backup".into(),
        })?;
        Ok(BlueprintVersion { version: stored.version, at: stored.at, author: stored.author, blueprint })
    }
}

struct Stored {
    version: u32,
    at: Time,
    author: String,
    content: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored { version: row.get(0)?, at: Time(row.get(1)?), author: row.get(2)?, content: row.get(3)? })
}
