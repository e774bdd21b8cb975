//! Owns what the link keeps across restarts: the newest receipt, what became of each command of the hub, for good, attendance
//! statements until the hub has them, and parts of an order until it is whole.

use crate::hub::contract::{AttendanceStatement, Envelope, Receipt, Reply, Signed};
use crate::keys::open_database;
use crate::room::{CommandId, Hex32, SessionId, Span, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SCHEMA: &str = "
CREATE TABLE receipt (id INTEGER PRIMARY KEY CHECK (id = 1), message BLOB NOT NULL);
CREATE TABLE believed (id INTEGER PRIMARY KEY CHECK (id = 1), upto INTEGER NOT NULL);
CREATE TABLE commands (
    id TEXT PRIMARY KEY, sha256 BLOB NOT NULL, reply TEXT NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;";

/// Since attendance is stated: statements, encrypted, until a receipt names them and after.
const STATEMENTS: &str = "
CREATE TABLE statements (
    id TEXT PRIMARY KEY, session TEXT NOT NULL UNIQUE, statement TEXT NOT NULL,
    journalled INTEGER NOT NULL DEFAULT 0, delivered INTEGER
) WITHOUT ROWID;";

/// Since the hub brings orders: their parts, encrypted to the box.
const ORDER_PARTS: &str = "
CREATE TABLE order_parts (
    session TEXT NOT NULL, sha256 TEXT NOT NULL, part INTEGER NOT NULL, content BLOB NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (session, sha256, part)
);";

/// Parts that did not become whole are kept so long: commands hold no longer.
const PARTS: Span = Span::hours(7 * 24);

/// Why it cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The database's.
    #[error("hub.sqlite: {0}")]
    Database(#[from] rusqlite::Error),
    /// What is kept cannot be read.
    #[error("hub.sqlite: what is kept there cannot be read: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// What is kept. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Kept(Arc<Mutex<Connection>>);

impl Kept {
    /// Opens or makes it.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn open(file: &Path) -> Result<Self, KeptError> {
        let db = open_database(file, &[SCHEMA, STATEMENTS, ORDER_PARTS])?;
        Ok(Self(Arc::new(Mutex::new(db))))
    }

    /// The newest receipt, with its signature.
    pub(super) fn receipt(&self) -> Result<Option<Signed<Receipt>>, KeptError> {
        let message: Option<Vec<u8>> = self
            .db()
            .query_row("SELECT message FROM receipt", [], |row| row.get(0))
            .optional()?;
        Ok(message.and_then(|message| {
            Envelope::<Signed<Receipt>>::read(&message)
                .ok()
                .map(|envelope| envelope.data)
        }))
    }

    /// Keeps a receipt's message.
    pub(super) fn keep_receipt(&self, message: &[u8]) -> Result<(), KeptError> {
        self.db().execute(
            "INSERT INTO receipt (id, message) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET message = ?1",
            [message],
        )?;
        Ok(())
    }

    /// Up to where a link that believes the broker has pruned. For the tests' control only.
    pub(super) fn believed(&self) -> Result<u64, KeptError> {
        let upto: Option<i64> = self
            .db()
            .query_row("SELECT upto FROM believed", [], |row| row.get(0))
            .optional()?;
        Ok(upto.and_then(|upto| u64::try_from(upto).ok()).unwrap_or(0))
    }

    /// Keeps that.
    pub(super) fn keep_believed(&self, upto: u64) -> Result<(), KeptError> {
        self.db().execute(
            "INSERT INTO believed (id, upto) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET upto = ?1",
            [i64::try_from(upto).unwrap_or(i64::MAX)],
        )?;
        Ok(())
    }

    /// What a command of that id was, by its hash, and what became of it.
    pub(super) fn command(&self, id: &CommandId) -> Result<Option<([u8; 32], Reply)>, KeptError> {
        let found: Option<([u8; 32], String)> = self
            .db()
            .query_row(
                "SELECT sha256, reply FROM commands WHERE id = ?1",
                [id.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        match found {
            None => Ok(None),
            Some((sha256, reply)) => Ok(Some((sha256, serde_json::from_str(&reply)?))),
        }
    }

    /// Keeps what became of a command.
    pub(super) fn keep_command(
        &self,
        id: &CommandId,
        sha256: [u8; 32],
        reply: &Reply,
        at: Utc,
    ) -> Result<(), KeptError> {
        let reply = serde_json::to_string(reply)?;
        self.db().execute(
            "INSERT OR IGNORE INTO commands (id, sha256, reply, at) VALUES (?1, ?2, ?3, ?4)",
            params![id.as_str(), sha256, reply, at.0],
        )?;
        Ok(())
    }

    /// Keeps a part of an order; gives all of it once there are as many parts as it has.
    pub(super) fn keep_order_part(
        &self,
        (session, sha256): (&SessionId, &Hex32),
        (part, parts): (u16, u16),
        content: &[u8],
        at: Utc,
    ) -> Result<Option<Vec<u8>>, KeptError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        tx.execute("DELETE FROM order_parts WHERE at < ?1", [(at - PARTS).0])?;
        tx.execute(
            "INSERT OR REPLACE INTO order_parts (session, sha256, part, content, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![session.as_str(), sha256.as_str(), part, content, at.0],
        )?;
        let of = params![session.as_str(), sha256.as_str()];
        let known: u16 = tx.query_row(
            "SELECT count(*) FROM order_parts WHERE session = ?1 AND sha256 = ?2",
            of,
            |row| row.get(0),
        )?;
        let mut whole = None;
        if known >= parts {
            let mut read = tx.prepare(
                "SELECT content FROM order_parts WHERE session = ?1 AND sha256 = ?2 ORDER BY part",
            )?;
            let each = read.query_map(of, |row| row.get::<_, Vec<u8>>(0))?;
            whole = Some(each.collect::<Result<Vec<_>, _>>()?.concat());
        }
        tx.commit()?;
        Ok(whole)
    }

    /// Forgets an order's parts.
    pub(super) fn forget_order_parts(
        &self,
        session: &SessionId,
        sha256: &Hex32,
    ) -> Result<(), KeptError> {
        self.db().execute(
            "DELETE FROM order_parts WHERE session = ?1 AND sha256 = ?2",
            [session.as_str(), sha256.as_str()],
        )?;
        Ok(())
    }

    /// Whether attendance at a session was stated.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn has_statement(&self, session: &SessionId) -> Result<bool, KeptError> {
        let db = self.db();
        let mut known = db.prepare_cached("SELECT 1 FROM statements WHERE session = ?1")?;
        Ok(known.exists([session.as_str()])?)
    }

    /// Keeps a statement; it goes out once it is journalled.
    ///
    /// # Errors
    /// As SQLite says; also where the session has one.
    pub fn keep_statement(&self, statement: &AttendanceStatement) -> Result<(), KeptError> {
        let text = serde_json::to_string(statement)?;
        self.db().execute(
            "INSERT INTO statements (id, session, statement) VALUES (?1, ?2, ?3)",
            params![statement.sha256, statement.session.as_str(), text],
        )?;
        Ok(())
    }

    /// A statement that the journal does not name yet.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn unjournalled_statement(&self) -> Result<Option<AttendanceStatement>, KeptError> {
        self.statement("SELECT statement FROM statements WHERE journalled = 0 ORDER BY id LIMIT 1")
    }

    /// The journal names it.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn statement_journalled(&self, id: &str) -> Result<(), KeptError> {
        self.db()
            .execute("UPDATE statements SET journalled = 1 WHERE id = ?1", [id])?;
        Ok(())
    }

    /// A statement that the hub has not taken yet.
    pub(super) fn undelivered_statement(&self) -> Result<Option<AttendanceStatement>, KeptError> {
        self.statement(
            "SELECT statement FROM statements WHERE journalled = 1 AND delivered IS NULL ORDER BY id LIMIT 1",
        )
    }

    /// A receipt names it.
    pub(super) fn statement_delivered(&self, id: &str, at: Utc) -> Result<(), KeptError> {
        self.db().execute(
            "UPDATE statements SET delivered = coalesce(delivered, ?2) WHERE id = ?1",
            params![id, at.0],
        )?;
        Ok(())
    }

    fn statement(&self, sql: &str) -> Result<Option<AttendanceStatement>, KeptError> {
        let text: Option<String> = self.db().query_row(sql, [], |row| row.get(0)).optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // a connection is sound between statements, whatever became of its last user
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
