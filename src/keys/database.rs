//! Owns how a database with secrets in it is opened: private, durable, and wiping what it deletes.

use super::handle::Keys;
use super::trail::Trail;
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Opens or makes the database, and brings it to the newest of `versions`: each is the SQL that
/// leads from the one before to it, applied once.
///
/// # Errors
/// As SQLite says; also where the file was written by a newer version.
pub(crate) fn open_database(path: &Path, versions: &[&str]) -> rusqlite::Result<Connection> {
    // SQLite gives its -wal and -shm files the mode of the database.
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    let mut db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "secure_delete", "ON")?;
    db.pragma_update(None, "foreign_keys", "ON")?;
    // Sorting never spills to a file outside the data folder.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let newest = u32::try_from(versions.len()).expect("a handful of versions");
    if found > newest {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some(format!(
                "{} was written by a newer version of bidroom",
                path.display()
            )),
        ));
    }
    let tx = db.transaction()?;
    for sql in versions.iter().skip(found as usize) {
        tx.execute_batch(sql)?;
    }
    tx.pragma_update(None, "user_version", newest)?;
    tx.commit()?;
    Ok(db)
}

/// A second, read-only connection, for long readings that must not hold up the writer.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(db)
}

/// The table in which a database says whose keys can read it.
pub(crate) const OWNER_SCHEMA: &str =
    "CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 1), key_check BLOB NOT NULL);";

/// Whether the database belongs to these keys. A new one is bound to them, and its trails begin.
pub(crate) fn belongs_to(
    db: &mut Connection,
    keys: &Keys,
    trails: &[Trail],
) -> rusqlite::Result<bool> {
    let ours = keys.check_value();
    let tx = db.transaction()?;
    let new = tx.execute("INSERT OR IGNORE INTO owner VALUES (1, ?1)", [&ours[..]])? == 1;
    if new {
        for trail in trails {
            trail.begin(&tx, keys)?;
        }
    }
    let found: Vec<u8> = tx.query_row("SELECT key_check FROM owner", [], |row| row.get(0))?;
    tx.commit()?;
    Ok(found == ours)
}
