//! From file to file: case events byte for byte, so that what was hashed stays as it was hashed; observations packed anew.

use std::path::Path;

use model::{ClusterId, Observation};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use crate::desk_file::chain;
use crate::history::row;
use crate::store::{Store, show, store_error};
use crate::{Error, History, Result};

const EXPORT: &str = "write";

/// Writes a `.case` file beside `path` and moves it there when it is whole and on the disk.
pub(super) fn write(path: &Path, events: &[chain::Row], history: &History) -> Result<()> {
    let failed = |cause: std::io::Error| Error::Store { act: EXPORT, path: show(path), cause: cause.to_string() };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let unfinished =
        tempfile::Builder::new().prefix(".caseboard-").suffix(".unfinished").tempfile_in(folder).map_err(failed)?;
    fill(unfinished.path(), path, events, history)?;
    unfinished.as_file().sync_all().map_err(failed)?;
    unfinished.persist(path).map_err(|e| failed(e.error))?;
    // The rename is on the disk when the folder is; where a folder cannot be opened, the system takes care of it.
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn fill(unfinished: &Path, path: &Path, events: &[chain::Row], history: &History) -> Result<()> {
    let error = |e: rusqlite::Error| store_error(EXPORT, path, &e);
    let mut file = Connection::open(unfinished).map_err(error)?;
    // Nobody sees the file before it is finished, so it needs no journal.
    file.pragma_update(None, "journal_mode", "off").map_err(error)?;
    file.pragma_update(None, "synchronous", "off").map_err(error)?;
    let transaction = file.transaction().map_err(error)?;
    for (version, migration) in (1i64..).zip(super::FORMAT.migrations) {
        transaction.execute_batch(migration).map_err(error)?;
        transaction.pragma_update(None, "user_version", version).map_err(error)?;
    }
    transaction.pragma_update(None, "application_id", super::FORMAT.application_id).map_err(error)?;

    for row in events {
        transaction
            .prepare_cached(
                "INSERT INTO case_events (case_id, seq, at, author, payload, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut insert| {
                let seq = i64::try_from(row.seq).unwrap_or(i64::MAX);
                insert.execute(params![row.case, seq, row.at, row.author, row.payload, row.hash])
            })
            .map_err(error)?;
    }
    let mut packer = row::Packer::new();
    each(history.store(), history.cluster(), |observation| {
        packer.insert(&transaction, &observation).map(drop).map_err(error)
    })?;
    let (count, digest) = digest(&transaction).map_err(error)?;
    let last = events.last();
    let meta = [
        ("case", last.map(|row| row.case.clone()).unwrap_or_default()),
        ("cluster", history.cluster().to_string()),
        ("events", events.len().to_string()),
        ("head", last.map(|row| row.hash.clone()).unwrap_or_default()),
        ("observations", count.to_string()),
        ("observations_digest", digest),
    ];
    for (key, value) in meta {
        transaction.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", [key, &value]).map_err(error)?;
    }
    transaction.commit().map_err(error)?;
    file.close().map_err(|(_, e)| error(e))
}

/// Copies every observation that `to` does not have.
pub(crate) fn observations(from: &Store, to: &History) -> Result<()> {
    const BATCH: usize = 500;
    let mut batch = Vec::with_capacity(BATCH);
    each(from, to.cluster(), |observation| {
        batch.push(observation);
        if batch.len() >= BATCH {
            to.append(&batch)?;
            batch.clear();
        }
        Ok(())
    })?;
    to.append(&batch).map(drop)
}

/// Hands over every observation in the order in which they were written. One that cannot be read is handed over as the
/// gap that it leaves.
fn each(from: &Store, cluster: &ClusterId, mut take: impl FnMut(Observation) -> Result<()>) -> Result<()> {
    from.read("read", |reader| {
        let error = |e: rusqlite::Error| from.error("read", &e);
        let mut statement =
            reader.prepare(&format!("SELECT {} FROM observations ORDER BY seq", row::COLUMNS)).map_err(error)?;
        let mut unpacker = row::Unpacker::new(reader, cluster);
        let mut rows = statement.query([]).map_err(error)?;
        while let Some(row) = rows.next().map_err(error)? {
            take(unpacker.unpack(row).map_err(error)?.unwrap_or_else(|torn| torn.gap(cluster)))?;
        }
        Ok(())
    })
}

/// How many observations there are, and the digest of everything that their rows say.
pub(super) fn digest(connection: &Connection) -> rusqlite::Result<(u64, String)> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // The columns in the order in which they were hashed when the format was new.
    let columns = match version {
        1 => "id, at, seen_at, source, type, kind, namespace, name, encoding, body",
        _ => row::COLUMNS,
    };
    let mut statement = connection.prepare(&format!("SELECT {columns} FROM observations ORDER BY seq"))?;
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    let (mut hasher, mut count) = (blake3::Hasher::new(), 0);
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 0..width {
            let number;
            let part: &[u8] = match row.get_ref(column)? {
                ValueRef::Null => b"\0",
                ValueRef::Integer(value) => {
                    number = value.to_le_bytes();
                    &number
                }
                ValueRef::Real(value) => {
                    number = value.to_le_bytes();
                    &number
                }
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            };
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    Ok((count, hasher.finalize().to_hex().to_string()))
}
