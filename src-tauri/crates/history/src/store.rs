use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::{Error, Result};

/// How long a connection waits for another process's lock before it gives up.
pub(crate) const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// `auto_vacuum` as SQLite numbers it.
const INCREMENTAL: i64 = 2;
/// What is not merged into a file yet is cut to so many bytes when it was.
const JOURNAL_LIMIT: i64 = 16 << 20;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;
/// Readers kept open between uses; more are opened and dropped again when many threads read at once.
const IDLE_READERS: usize = 4;

/// What kind of file it is: `application_id` tells ours from other SQLite files, `user_version` counts migrations.
pub(crate) struct Format {
    pub name: &'static str,
    pub application_id: i32,
    /// Migration n brings `user_version` from n to n + 1.
    pub migrations: &'static [&'static str],
    /// SQLite's `synchronous`: `FULL` survives power loss after each commit, `NORMAL` may lose the last commits then.
    pub synchronous: &'static str,
    /// Whether freed pages are given back (`auto_vacuum = INCREMENTAL`).
    pub shrinks: bool,
}

/// One SQLite file: a single writer, and readers that WAL keeps out of its way.
pub(crate) struct Store {
    path: Option<PathBuf>,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    read_only: bool,
}

impl Store {
    /// Opens or creates the file, mode 0600, and brings it to the newest version.
    pub fn open(path: &Path, format: &Format) -> Result<Store> {
        create_private(path)?;
        let mut writer = Connection::open(path).map_err(|e| store_error("open", path, &e))?;
        configure(&mut writer, format).map_err(|e| store_error("open", path, &e))?;
        migrate(&mut writer, path, format)?;
        if format.shrinks {
            let kept: i64 = writer
                .query_row("PRAGMA auto_vacuum", [], |row| row.get(0))
                .map_err(|e| store_error("open", path, &e))?;
            // A file of an older program: written anew once. Where there is no room for that, it does not shrink.
            if kept != INCREMENTAL
                && writer.pragma_update(None, "auto_vacuum", INCREMENTAL).is_ok()
                && let Err(error) = writer.execute_batch("VACUUM")
            {
                tracing::warn!(%error, path = %path.display(), "the file will not give back what it frees");
            }
        }
        Ok(Store {
            path: Some(path.to_owned()),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            read_only: false,
        })
    }

    /// Opens an existing file of one of `formats`, for reading; as it is, without migrations.
    pub fn open_existing(path: &Path, formats: &[&Format]) -> Result<Store> {
        let act = "open";
        if !path.is_file() {
            let cause = if path.exists() { "it is not a file" } else { "there is no such file" };
            return Err(Error::Store { act, path: show(path), cause: cause.into() });
        }
        let connection = open_reader(path).map_err(|e| store_error(act, path, &e))?;
        check_format(&connection, path, formats)?;
        let store = Store {
            path: Some(path.to_owned()),
            writer: Mutex::new(connection),
            readers: Mutex::default(),
            read_only: true,
        };
        Ok(store)
    }

    pub fn in_memory(format: &Format) -> Result<Store> {
        let path = Path::new(":memory:");
        let mut writer = Connection::open_in_memory().map_err(|e| store_error("open", path, &e))?;
        configure(&mut writer, format).map_err(|e| store_error("open", path, &e))?;
        migrate(&mut writer, path, format)?;
        Ok(Store { path: None, writer: Mutex::new(writer), readers: Mutex::default(), read_only: false })
    }

    /// A copy in memory, brought to the newest version of the format.
    pub fn newest_copy(&self, format: &Format) -> Result<Store> {
        let path = self.path.as_deref().unwrap_or(Path::new(":memory:"));
        let error = |e: rusqlite::Error| store_error("read", path, &e);
        let mut copy = Connection::open_in_memory().map_err(error)?;
        self.read("read", |reader| {
            let backup = rusqlite::backup::Backup::new(reader, &mut copy).map_err(error)?;
            backup.run_to_completion(i32::MAX, Duration::ZERO, None).map_err(error)
        })?;
        copy.set_prepared_statement_cache_capacity(STATEMENTS);
        migrate(&mut copy, path, format)?;
        Ok(Store { path: None, writer: Mutex::new(copy), readers: Mutex::default(), read_only: true })
    }

    /// Whether the file is of an older version than the newest of its format.
    pub fn is_older_than(&self, format: &Format) -> Result<bool> {
        Ok(self.version()? < format.migrations.len() as i64)
    }

    /// How many of its format's migrations the file has seen.
    pub fn version(&self) -> Result<i64> {
        self.read("read", |reader| marks(reader).map(|(_, version)| version).map_err(|e| self.error("read", &e)))
    }

    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether the file is of this format.
    pub fn is(&self, format: &Format) -> Result<bool> {
        self.read("read", |reader| {
            marks(reader)
                .map(|(application, _)| application == format.application_id)
                .map_err(|e| self.error("read", &e))
        })
    }

    /// The path for messages.
    pub fn shown(&self) -> String {
        self.path.as_deref().map_or_else(|| "the history in memory".into(), show)
    }

    /// Runs `act` in one transaction; nothing of it stays when it fails.
    pub fn write<T>(&self, what: &'static str, act: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.write_within(LOCK_PATIENCE, what, act)
    }

    /// As [`Store::write`], waiting no longer than `patience` for another program's lock.
    pub fn write_within<T>(
        &self,
        patience: Duration,
        what: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        if self.read_only {
            let cause = "it was opened for reading only".into();
            return Err(Error::Store { act: what, path: self.shown(), cause });
        }
        let mut writer = lock(&self.writer);
        writer.busy_timeout(patience).map_err(|e| self.error(what, &e))?;
        let transaction =
            writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| self.error(what, &e))?;
        let value = act(&transaction)?;
        transaction.commit().map_err(|e| self.error(what, &e))?;
        Ok(value)
    }

    /// Gives back what the connections hold of the file in memory, up to 2 MB each: for when nobody wrote for a while.
    pub fn rest(&self) {
        // What cannot be given back now is given back the next time.
        let _ = lock(&self.writer).release_memory();
        lock(&self.readers).clear();
    }

    /// Runs statements that SQLite refuses inside of a transaction, or that need none.
    pub fn outside_transaction(&self, what: &'static str, sql: &str) -> Result<()> {
        lock(&self.writer).execute_batch(sql).map_err(|e| self.error(what, &e))
    }

    /// Runs `act` on one consistent state of the file.
    pub fn read<T>(&self, what: &'static str, act: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let Some(path) = &self.path else {
            return act(&lock(&self.writer));
        };
        let idle = lock(&self.readers).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => open_reader(path).map_err(|e| self.error(what, &e))?,
        };
        let value = {
            let transaction = reader.unchecked_transaction().map_err(|e| self.error(what, &e))?;
            act(&transaction)
        };
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
        value
    }

    pub fn error(&self, act: &'static str, cause: &rusqlite::Error) -> Error {
        match &self.path {
            Some(path) => store_error(act, path, cause),
            None => Error::Store { act, path: self.shown(), cause: cause.to_string() },
        }
    }
}

/// A poisoned lock means that another thread panicked between statements; the connection rolled back and is sound.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn show(path: &Path) -> String {
    path.display().to_string()
}

/// SQLite's error in our words: a file that is no database, or a torn one, is damaged; everything else is the store's.
pub(crate) fn store_error(act: &'static str, path: &Path, cause: &rusqlite::Error) -> Error {
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::Damaged {
            path: show(path),
            why: "it is not a Caseboard file".into(),
            hint: "Choose a file that Caseboard wrote".into(),
        },
        Some(ErrorCode::DatabaseCorrupt) => Error::Damaged {
            path: show(path),
            why: format!("its content is torn ({cause})"),
            hint: "Copy it again from where it came from, or restore it from a backup".into(),
        },
        Some(ErrorCode::DiskFull) => {
            Error::Store { act, path: show(path), cause: "the disk is full; free some space and try again".into() }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Store {
            act,
            path: show(path),
            cause: "another program holds its lock; close the other Caseboard and try again".into(),
        },
        _ => Error::Store { act, path: show(path), cause: cause.to_string() },
    }
}

fn create_private(path: &Path) -> Result<()> {
    let failed = |cause: std::io::Error| Error::Store { act: "create", path: show(path), cause: cause.to_string() };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.exists()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // The files beside it (`-wal`, `-shm`) take their mode from this one.
    let file = options.open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
    }
    drop(file);
    Ok(())
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags)?;
    reader.busy_timeout(LOCK_PATIENCE)?;
    reader.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(reader)
}

fn configure(connection: &mut Connection, format: &Format) -> rusqlite::Result<()> {
    connection.busy_timeout(LOCK_PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if format.shrinks {
        // Counts only in a file that has no table yet, and before it is switched to WAL.
        connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    }
    let deadline = std::time::Instant::now() + LOCK_PATIENCE;
    // Two programs that open a new file at once both switch it to WAL; SQLite does not wait there by itself.
    while let Err(error) = connection.pragma_update(None, "journal_mode", "wal") {
        let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        if !busy || std::time::Instant::now() > deadline {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // What is not merged yet grows with a large transaction, and would stay as long.
    connection.pragma_update(None, "journal_size_limit", JOURNAL_LIMIT)?;
    connection.pragma_update(None, "synchronous", format.synchronous)?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    connection.pragma_update(None, "trusted_schema", "off")
}

fn migrate(connection: &mut Connection, path: &Path, format: &Format) -> Result<()> {
    let act = "prepare";
    let failed = |e: rusqlite::Error| store_error(act, path, &e);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let (application, version) = marks(&transaction).map_err(failed)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let fresh = application == 0 && version == 0 && tables == 0;
    if !fresh {
        expect_format(application, version, path, &[format])?;
    }
    for (number, migration) in format.migrations.iter().enumerate().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(migration).map_err(failed)?;
        transaction.pragma_update(None, "user_version", number as i64 + 1).map_err(failed)?;
    }
    if fresh {
        transaction.pragma_update(None, "application_id", format.application_id).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// Whether an opened file is one of ours, and not of a newer program.
pub(crate) fn check_format(connection: &Connection, path: &Path, formats: &[&Format]) -> Result<()> {
    let (application, version) = marks(connection).map_err(|e| store_error("open", path, &e))?;
    expect_format(application, version, path, formats)
}

fn marks(connection: &Connection) -> rusqlite::Result<(i32, i64)> {
    let application = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((application, version))
}

fn expect_format(application: i32, version: i64, path: &Path, formats: &[&Format]) -> Result<()> {
    let Some(format) = formats.iter().find(|f| f.application_id == application) else {
        let names: Vec<&str> = formats.iter().map(|f| f.name).collect();
        return Err(Error::Damaged {
            path: show(path),
            why: format!("it is a database, but not {}", names.join(" or ")),
            hint: "Choose a file that Caseboard wrote".into(),
        });
    };
    let known = format.migrations.len() as i64;
    if version > known {
        return Err(Error::Damaged {
            path: show(path),
            why: format!("it was written by a newer Caseboard (format {version}, this one knows {known})"),
            hint: "Update Caseboard and open it again".into(),
        });
    }
    if version < 1 {
        return Err(Error::Damaged {
            path: show(path),
            why: "it was never finished".into(),
            hint: "Copy it again from where it came from".into(),
        });
    }
    Ok(())
}
