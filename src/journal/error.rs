//! Owns what can go wrong with the journal; each message names the file or the entry.

use crate::room::Seq;
use std::io;
use std::path::PathBuf;

/// Why the journal did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file, or one beside it, cannot be used.
    #[error("journal {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("journal {path}: another bidroom runs with this data folder")]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// It was written by a newer program.
    #[error("journal {path} has format {found}; this program reads formats up to {known}")]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// A statement failed: the disk is full or broken, or the file is damaged.
    #[error("journal: {0}")]
    Sql(#[from] rusqlite::Error),
    /// After a write error the file could not be made sound again yet.
    #[error("journal: the log could not be written back after an error; a reader holds it")]
    Unsound,
    /// The entries to append do not follow the last one.
    #[error("journal: entry {given} does not follow {head}")]
    OutOfStep {
        /// The last entry in the file.
        head: Seq,
        /// The entry that was to be appended.
        given: Seq,
    },
    /// An entry holds an event that this program does not know.
    #[error("journal entry {seq}: unknown event type '{kind}'; another version wrote it")]
    UnknownEvent {
        /// Which entry.
        seq: Seq,
        /// The event's type.
        kind: String,
    },
    /// An entry is not what an entry looks like.
    #[error("journal entry {seq}: {why}")]
    Malformed {
        /// Which entry.
        seq: Seq,
        /// What is wrong.
        why: String,
    },
    /// An entry does not hold the hash of the one before it.
    #[error("journal entry {seq} does not follow the entry before it: its hash differs")]
    ChainBroken {
        /// Which entry.
        seq: Seq,
    },
}

impl JournalError {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        matches!(
            self,
            JournalError::Sql(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::DiskFull
        )
    }
}
