//! Owns what the link keeps across restarts: the newest receipt, and what became of each command of the hub, for good.

use crate::hub::contract::{Envelope, Receipt, Reply, Signed};
use crate::keys::open_database;
use crate::room::{CommandId, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SCHEMA: &str = "
CREATE TABLE receipt (id INTEGER PRIMARY KEY CHECK (id = 1), message BLOB NOT NULL);
CREATE TABLE believed (id INTEGER PRIMARY KEY CHECK (id = 1), upto INTEGER NOT NULL);
CREATE TABLE commands (
    id TEXT PRIMARY KEY, sha256 BLOB NOT NULL, reply TEXT NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;";

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
        let db = open_database(file, &[SCHEMA])?;
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

    fn db(&self) -> MutexGuard<'_, Connection> {
        // a connection is sound between statements, whatever became of its last user
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
