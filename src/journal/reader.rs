//! Owns the reading of the journal: entries, lines and heads, each reader over a connection of its own.

use super::batch::Head;
use super::error::JournalError;
use super::file;
use super::line::{self, Line, LineHash};
use super::verify::{self, Broken, Verified};
use crate::room::{Entry, Seq, SessionId};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Reads the journal beside its writer, never waiting for it. What `append` has acknowledged is seen.
/// Clones share one connection, and wait for each other.
#[derive(Debug, Clone)]
pub struct Reader {
    db: Arc<Mutex<Connection>>,
}

impl Reader {
    /// Opens the journal for reading.
    ///
    /// # Errors
    /// Where there is no journal, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let db = Arc::new(Mutex::new(file::open_to_read(path)?));
        Ok(Self { db })
    }

    /// The entries after a number, `limit` at most.
    ///
    /// # Errors
    /// As SQLite says, or where a line cannot be read.
    pub fn entries(&self, after: Seq, limit: usize) -> Result<Vec<Entry>, JournalError> {
        entries(&self.db(), after, limit)
    }

    /// The last `limit` entries before a number, newest first.
    ///
    /// # Errors
    /// As SQLite says, or where a line cannot be read.
    pub fn entries_before(&self, before: Seq, limit: usize) -> Result<Vec<Entry>, JournalError> {
        let rows = rows(
            &self.db(),
            "SELECT seq, line FROM entries WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
            params![number(before), limit_of(limit)],
        )?;
        parsed(rows)
    }

    /// All entries of a session.
    ///
    /// # Errors
    /// As SQLite says, or where a line cannot be read.
    pub fn session_entries(&self, session: &SessionId) -> Result<Vec<Entry>, JournalError> {
        parsed(self.session_lines(session, Seq(0), usize::MAX)?)
    }

    /// The lines of a session after a number, `limit` at most, as the bytes that were hashed, without line feeds.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn session_lines(
        &self,
        session: &SessionId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<(Seq, Vec<u8>)>, JournalError> {
        rows(
            &self.db(),
            "SELECT seq, line FROM entries WHERE session = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            params![session.as_str(), number(after), limit_of(limit)],
        )
    }

    /// All lines after a number, `limit` at most, as the bytes that were hashed, without line feeds.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn lines(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Vec<u8>)>, JournalError> {
        lines(&self.db(), after, limit)
    }

    /// Where the box's chain stands.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn head(&self) -> Result<Head, JournalError> {
        head(&self.db())
    }

    /// Where the chain of a session stands; none where it has no entries.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn session_head(&self, session: &SessionId) -> Result<Option<Head>, JournalError> {
        session_head(&self.db(), session)
    }

    /// Where the chain of each session stands.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn session_heads(&self) -> Result<BTreeMap<SessionId, Head>, JournalError> {
        let db = self.db();
        let mut names =
            db.prepare_cached("SELECT DISTINCT session FROM entries WHERE session IS NOT NULL")?;
        let names: Vec<String> = names
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut heads = BTreeMap::new();
        for name in names {
            let id: SessionId = name.parse().map_err(|_| JournalError::Malformed {
                seq: Seq(0),
                why: "a session's number is none".to_owned(),
            })?;
            heads.extend(session_head(&db, &id)?.map(|head| (id, head)));
        }
        Ok(heads)
    }

    /// Reads everything and checks it: numbers without holes, every hash, every entry readable.
    ///
    /// # Errors
    /// The outer one where it cannot be read at all; the inner one names the first entry that is wrong.
    pub fn verify(&self) -> Result<Result<Verified, Broken>, JournalError> {
        verify::verify(&self.db())
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // a connection is sound between statements, whatever became of its last user
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn entries(
    db: &Connection,
    after: Seq,
    limit: usize,
) -> Result<Vec<Entry>, JournalError> {
    parsed(lines(db, after, limit)?)
}

pub(super) fn lines(
    db: &Connection,
    after: Seq,
    limit: usize,
) -> Result<Vec<(Seq, Vec<u8>)>, JournalError> {
    rows(
        db,
        "SELECT seq, line FROM entries WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        params![number(after), limit_of(limit)],
    )
}

pub(super) fn head(db: &Connection) -> Result<Head, JournalError> {
    let found = rows(
        db,
        "SELECT seq, line FROM entries ORDER BY seq DESC LIMIT 1",
        [],
    )?;
    Ok(last(&found).unwrap_or(Head {
        seq: Seq(0),
        sha256: LineHash::START,
    }))
}

pub(super) fn session_head(db: &Connection, id: &SessionId) -> Result<Option<Head>, JournalError> {
    let found = rows(
        db,
        "SELECT seq, line FROM entries WHERE session = ?1 ORDER BY seq DESC LIMIT 1",
        [id.as_str()],
    )?;
    Ok(last(&found))
}

/// The hash of the line that is kept under a number.
pub(super) fn line_hash(db: &Connection, seq: Seq) -> Result<Option<LineHash>, JournalError> {
    let line: Option<Vec<u8>> = db
        .prepare_cached("SELECT line FROM entries WHERE seq = ?1")?
        .query_row([number(seq)], |row| row.get(0))
        .optional()?;
    Ok(line.map(|line| LineHash::of(&line)))
}

fn last(found: &[(Seq, Vec<u8>)]) -> Option<Head> {
    found.last().map(|(seq, bytes)| Head {
        seq: *seq,
        sha256: LineHash::of(bytes),
    })
}

fn rows(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<(Seq, Vec<u8>)>, JournalError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| Ok((seq(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn parsed(rows: Vec<(Seq, Vec<u8>)>) -> Result<Vec<Entry>, JournalError> {
    let lines = rows.iter().map(|(seq, bytes)| line::read(*seq, bytes));
    lines
        .map(|line| line.map(|Line { entry, .. }| entry))
        .collect()
}

/// SQLite's numbers are signed; 2^63 entries are not reached.
pub(super) fn number(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

pub(super) fn seq(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or(0))
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
