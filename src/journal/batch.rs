//! Owns what goes into the file at once: lines, each chained to the one before it, and the commands they came from.

use super::error::JournalError;
use super::line::{self, LineHash};
use super::reader;
use crate::room::{CommandId, Entry, Seq, SessionId};
use rusqlite::{Connection, params};
use std::collections::HashMap;

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last entry; 0 where there is none.
    pub seq: Seq,
    /// The hash of its line.
    pub sha256: LineHash,
}

/// A command that was carried out: its id is never carried out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The id it came with.
    pub id: CommandId,
    /// What was asked, by whom: another command under the same id is a mistake, not a redelivery.
    pub sha256: LineHash,
    /// The first entry it led to.
    pub first: Seq,
    /// The last one.
    pub last: Seq,
}

/// What one append brings.
#[derive(Debug)]
pub(super) struct Batch {
    lines: Vec<(Seq, Option<SessionId>, Vec<u8>)>,
    pub(super) accepted: Vec<Accepted>,
    /// Where the chain stands after it.
    pub(super) head: Head,
    /// Where the chains of its sessions stand after it.
    pub(super) sessions: HashMap<SessionId, LineHash>,
}

impl Batch {
    /// An empty one that follows `head`.
    pub(super) fn after(head: Head) -> Self {
        Self {
            lines: Vec::new(),
            accepted: Vec::new(),
            head,
            sessions: HashMap::new(),
        }
    }

    /// How many lines it has.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Chains the next entry. What would not be read back as it is must never be acknowledged: the room could
    /// not be brought back from it.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let seq = entry.seq;
        if seq != self.head.seq.next() {
            return Err(JournalError::OutOfStep {
                head: self.head.seq,
                given: seq,
            });
        }
        let session_prev = entry.session.as_ref().map(|id| {
            let known = self.sessions.get(id);
            known.copied().unwrap_or(LineHash::START)
        });
        let bytes = line::write(entry, self.head.sha256, session_prev);
        if line::read(seq, &bytes)?.entry != *entry {
            let why = "it would be read back as another".to_owned();
            return Err(JournalError::Malformed { seq, why });
        }
        let sha256 = LineHash::of(&bytes);
        self.head = Head { seq, sha256 };
        if let Some(id) = &entry.session {
            self.sessions.insert(id.clone(), sha256);
        }
        self.lines.push((seq, entry.session.clone(), bytes));
        Ok(())
    }

    /// Puts it into the file, within the caller's transaction.
    pub(super) fn insert(&self, db: &Connection) -> Result<(), JournalError> {
        let mut line =
            db.prepare_cached("INSERT INTO entries (seq, session, line) VALUES (?1, ?2, ?3)")?;
        for (seq, session, bytes) in &self.lines {
            let session = session.as_ref().map(SessionId::as_str);
            line.execute(params![reader::number(*seq), session, bytes])?;
        }
        let mut command = db.prepare_cached(
            "INSERT INTO commands (id, sha256, first, last) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for done in &self.accepted {
            command.execute(params![
                done.id.as_str(),
                done.sha256.to_string(),
                reader::number(done.first),
                reader::number(done.last)
            ])?;
        }
        Ok(())
    }
}
