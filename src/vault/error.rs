//! Owns what can go wrong in the vault; no message holds personal data.

use crate::room::{PersonRef, SessionId};
use std::path::PathBuf;

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database file cannot be used.
    #[error("vault {path}: {source}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The database belongs to other keys.
    #[error("vault {path} was written with other keys: restore the keys folder that belongs to it")]
    OtherKeys {
        /// Which file.
        path: PathBuf,
    },
    /// A statement failed: disk full, or damaged.
    #[error("vault: {0}")]
    Sql(#[from] rusqlite::Error),
    /// There is no such person.
    #[error("no person {0}")]
    UnknownPerson(PersonRef),
    /// The session's data was destroyed; it takes no more.
    #[error("the personal data of session {0} was destroyed")]
    Shredded(SessionId),
    /// The session has a person with that ID number already.
    #[error("session {0} has this person already")]
    Duplicate(SessionId),
    /// A record's bytes are not what was written.
    #[error("the record of person {0} is damaged: restore the vault from its backup")]
    Damaged(PersonRef),
    /// A document's bytes are not what was written.
    #[error("a document of session {0} is damaged: restore the vault from its backup")]
    DamagedDocument(SessionId),
    /// A session's key cannot be unwrapped.
    #[error("the key of session {0} is damaged: restore the vault from its backup")]
    DamagedKey(SessionId),
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}
