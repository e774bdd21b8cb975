//! Owns the database file: its tables, how it is opened, and that one process writes it.

use super::ballast::sync_folder;
use super::error::JournalError;
use super::line::FORMAT;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// `entries.line` is the truth; the columns beside it find it. `commands` holds what was carried out.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS header (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    seq     INTEGER PRIMARY KEY,
    session TEXT,
    line    BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_of_sessions ON entries (session, seq) WHERE session IS NOT NULL;
CREATE TABLE IF NOT EXISTS commands (
    id     TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots (
    seq         INTEGER PRIMARY KEY,
    form        TEXT NOT NULL,
    line_sha256 TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    room        BLOB NOT NULL
) STRICT;
";

/// How long a statement waits for a lock that a reader's checkpoint holds.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// A process that is just ending, or one that was forked and has not executed its program yet, holds the
/// lock a moment longer: it is tried for a second.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Opens the journal for writing, and makes it where there is none.
pub(super) fn open(path: &Path) -> Result<Connection, JournalError> {
    let at = |source| JournalError::File {
        path: path.to_owned(),
        source,
    };
    let fresh = !path.try_exists().map_err(at)?;
    if fresh {
        // SQLite gives its -wal and -shm files the mode of the database
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(at)?;
    }
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_timeout(LOCK_WAIT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "trusted_schema", "OFF")?;
    if let Some(found) = format(&db)? {
        if found > FORMAT {
            return Err(JournalError::NewerFormat {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
        return Ok(db);
    }
    let tx = db.unchecked_transaction()?;
    tx.execute_batch(TABLES)?;
    tx.execute(
        "INSERT OR IGNORE INTO header (name, value) VALUES ('format', ?1)",
        [FORMAT.to_string()],
    )?;
    tx.commit()?;
    sync_folder(path).map_err(at)?;
    Ok(db)
}

/// Opens it for reading only.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, JournalError> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_timeout(LOCK_WAIT)?;
    Ok(db)
}

/// The format of the file; none where it has no tables yet.
fn format(db: &Connection) -> Result<Option<u32>, JournalError> {
    let tables: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'header')",
        [],
        |row| row.get(0),
    )?;
    if !tables {
        return Ok(None);
    }
    let text: Option<String> = db
        .query_row("SELECT value FROM header WHERE name = 'format'", [], |r| {
            r.get(0)
        })
        .optional()?;
    // a format that is no number is none that this program wrote
    Ok(text.map(|text| text.parse().unwrap_or(u32::MAX)))
}

/// Writes everything that is only in the log back into the database, and begins a new log. After a
/// failed fsync the log's pages may count as clean without being on the disk: what follows them
/// would be lost with them, so nothing may be appended to that log any more.
pub(super) fn abandon_log(db: &Connection) -> Result<(), JournalError> {
    let blocked: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if blocked {
        return Err(JournalError::Unsound);
    }
    Ok(())
}

/// Takes the right to write; it ends with the returned file, or with the process.
pub(super) fn lock(journal: &Path) -> Result<File, JournalError> {
    let path = journal.with_extension("lock");
    let at = |source| JournalError::File {
        path: path.clone(),
        source,
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(at)?;
    for _ in 0..LOCK_TRIES {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => thread::sleep(LOCK_PAUSE),
            Err(e) => return Err(at(io::Error::from(e))),
        }
    }
    Err(JournalError::InUse {
        path: journal.to_owned(),
    })
}
