//! Owns the writing of the journal: entries go in whole batches, durably, or not at all.

use super::ballast::Ballast;
use super::batch::{Accepted, Batch, Head};
use super::error::JournalError;
use super::line::{self, LineHash};
use super::reader::{self, Reader};
use super::settings::{Durability, Settings};
use super::{file, snapshots};
use crate::room::{CommandId, Entry, Room, Seq, SessionId};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How many entries `Durability::Unsafe` acknowledges before it writes them.
const UNSAFE_ENTRIES: usize = 64;

/// Lines that are read at once.
const PAGE: usize = 1000;

/// The one writer of the journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    durability: Durability,
    ballast: Ballast,
    state: State,
    head: Head,
    /// The last lines of the sessions that were written to since the file was opened.
    sessions: HashMap<SessionId, LineHash>,
    unwritten: Vec<Batch>,
    _lock: File,
}

/// The connection.
///
/// ```text
/// open ──error──► closed ──reopened──► open
/// ```
#[derive(Debug)]
enum State {
    Open(Connection),
    /// After a write error; its log must be abandoned unless the disk was merely full.
    Closed {
        sound: bool,
    },
}

impl Journal {
    /// Opens the journal, and makes it where there is none.
    ///
    /// # Errors
    /// Where the file cannot be used, another process writes it, or a newer program wrote it.
    pub fn open(path: &Path, settings: impl Into<Settings>) -> Result<Self, JournalError> {
        let settings = settings.into();
        let lock = file::lock(path)?;
        let db = file::open(path)?;
        let head = reader::head(&db)?;
        if settings.durability == Durability::Unsafe {
            tracing::error!(
                journal = %path.display(),
                "UNSAFE JOURNAL: entries are acknowledged before they are on the disk; for tests only"
            );
        }
        let journal = Self {
            path: path.to_owned(),
            durability: settings.durability,
            ballast: Ballast::beside(path, settings.ballast),
            state: State::Open(db),
            head,
            sessions: HashMap::new(),
            unwritten: Vec::new(),
            _lock: lock,
        };
        journal.tend();
        Ok(journal)
    }

    /// Where the chain stands.
    pub fn head(&self) -> Head {
        self.head
    }

    /// A reader of its own connection.
    ///
    /// # Errors
    /// As the system says.
    pub fn reader(&self) -> Result<Reader, JournalError> {
        Reader::open(&self.path)
    }

    /// Appends entries and the commands that led to them, all or nothing; durable when it returns.
    /// Their numbers must go on where the last one ended.
    ///
    /// # Errors
    /// Nothing of it may be acknowledged then. It can nevertheless be there after [`Journal::recover`],
    /// where the disk failed after it was written.
    pub fn append(&mut self, entries: &[Entry], accepted: &[Accepted]) -> Result<(), JournalError> {
        self.recover()?;
        if entries.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::after(self.head);
        for entry in entries {
            if let Some(id) = &entry.session
                && !batch.sessions.contains_key(id)
            {
                let before = self.session_head(id)?;
                batch.sessions.insert(id.clone(), before);
            }
            batch.add(entry)?;
        }
        batch.accepted = accepted.to_vec();
        let (head, sessions) = (batch.head, batch.sessions.clone());
        match self.durability {
            Durability::Full => self.write_or_throw_off(&[batch])?,
            Durability::Unsafe => {
                self.unwritten.push(batch);
                if self.unwritten.iter().map(Batch::len).sum::<usize>() >= UNSAFE_ENTRIES {
                    self.flush()?;
                }
            }
        }
        self.head = head;
        self.sessions.extend(sessions);
        Ok(())
    }

    /// Writes what `Durability::Unsafe` has only acknowledged so far; nothing otherwise.
    ///
    /// # Errors
    /// As for [`Journal::append`].
    pub fn flush(&mut self) -> Result<(), JournalError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let batches = std::mem::take(&mut self.unwritten);
        self.write_or_throw_off(&batches)
    }

    /// Whether anything is acknowledged and not written: with `Durability::Unsafe` only.
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Opens the file again where a write error closed it, and says where the chain stands now: entries whose
    /// append failed may have reached the disk.
    ///
    /// # Errors
    /// While the disk is still at fault.
    pub fn recover(&mut self) -> Result<Head, JournalError> {
        if let State::Closed { sound } = self.state {
            let db = file::open(&self.path)?;
            if !sound {
                file::abandon_log(&db)?;
            }
            self.head = reader::head(&db)?;
            self.sessions.clear();
            self.unwritten.clear();
            self.state = State::Open(db);
            tracing::warn!(
                seq = self.head.seq.0,
                "journal opened again after a write error"
            );
        }
        Ok(self.head)
    }

    /// What a command led to, if it was carried out before.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn accepted(&mut self, id: &CommandId) -> Result<Option<Accepted>, JournalError> {
        let waiting = self.unwritten.iter().flat_map(|b| &b.accepted);
        if let Some(known) = waiting.into_iter().find(|a| &a.id == id) {
            return Ok(Some(known.clone()));
        }
        let found = self
            .db()?
            .prepare_cached("SELECT sha256, first, last FROM commands WHERE id = ?1")?
            .query_row([id.as_str()], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((sha256, first, last)) = found else {
            return Ok(None);
        };
        let first = reader::seq(first);
        let sha256 = sha256.parse().map_err(|_| JournalError::Malformed {
            seq: first,
            why: "its command's hash is none".to_owned(),
        })?;
        Ok(Some(Accepted {
            id: id.clone(),
            sha256,
            first,
            last: reader::seq(last),
        }))
    }

    /// The entries with these numbers, both included.
    ///
    /// # Errors
    /// As SQLite says, or where a line cannot be read.
    pub fn entries(&mut self, first: Seq, last: Seq) -> Result<Vec<Entry>, JournalError> {
        self.flush()?;
        let before = Seq(first.0.saturating_sub(1));
        let count = last.0.saturating_sub(before.0);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        reader::entries(self.db()?, before, count)
    }

    /// Hands out the entries after a number, in order, and checks that each follows the one before it.
    ///
    /// # Errors
    /// As SQLite says, or where a line cannot be read or does not follow.
    pub fn replay(&mut self, after: Seq, mut take: impl FnMut(Entry)) -> Result<(), JournalError> {
        self.flush()?;
        let db = self.db()?;
        let mut last = Head {
            seq: after,
            sha256: reader::line_hash(db, after)?.unwrap_or(LineHash::START),
        };
        loop {
            let lines = reader::lines(db, last.seq, PAGE)?;
            let end = lines.len() < PAGE;
            for (seq, bytes) in lines {
                let line = line::read(seq, &bytes)?;
                if seq != last.seq.next() || line.prev != last.sha256 {
                    return Err(JournalError::ChainBroken { seq });
                }
                last = Head {
                    seq,
                    sha256: LineHash::of(&bytes),
                };
                take(line.entry);
            }
            if end {
                return Ok(());
            }
        }
    }

    /// Keeps the room as it is after its last entry, and drops all but the newest three. Without it a start
    /// takes longer; nothing else depends on it.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn save_snapshot(&mut self, room: &Room) -> Result<(), JournalError> {
        self.flush()?;
        let saved = snapshots::save(self.db()?, room);
        self.note(saved)
    }

    /// The newest snapshot that is whole and of this program's form; none where there is no such one.
    ///
    /// # Errors
    /// As SQLite says.
    pub fn latest_snapshot(&mut self) -> Result<Option<Room>, JournalError> {
        snapshots::latest(self.db()?)
    }

    /// Whether the ballast is there, or none is wanted.
    pub fn has_ballast(&self) -> bool {
        self.ballast.is_there()
    }

    /// Takes the ballast in again where the disk has room for it; whether it is there.
    pub fn tend(&self) -> bool {
        match self.ballast.take_in() {
            Ok(there) => there,
            Err(e) => {
                tracing::warn!(error = %e, "the journal's ballast could not be made");
                false
            }
        }
    }

    /// Free bytes on the journal's disk; 0 where the system does not say.
    pub fn free_bytes(&self) -> u64 {
        self.ballast.free().unwrap_or(0)
    }

    fn db(&mut self) -> Result<&Connection, JournalError> {
        self.recover()?;
        match &self.state {
            State::Open(db) => Ok(db),
            State::Closed { .. } => Err(JournalError::Unsound),
        }
    }

    fn session_head(&mut self, id: &SessionId) -> Result<LineHash, JournalError> {
        if let Some(hash) = self.sessions.get(id) {
            return Ok(*hash);
        }
        Ok(reader::session_head(self.db()?, id)?.map_or(LineHash::START, |head| head.sha256))
    }

    /// Writes; at the first 'disk full' the ballast goes and it is tried once more.
    fn write_or_throw_off(&mut self, batches: &[Batch]) -> Result<(), JournalError> {
        let result = self.try_write(batches);
        let full = match self.note(result) {
            Err(e) if e.is_full() => e,
            other => return other,
        };
        match self.ballast.throw_off() {
            Ok(true) => tracing::error!("the journal's disk is full; its ballast was thrown off"),
            Ok(false) => return Err(full),
            Err(e) => {
                tracing::error!(error = %e, "the journal's ballast could not be thrown off");
                return Err(full);
            }
        }
        let before = self.head;
        let head = self.recover()?;
        if head != before {
            let given = before.seq.next();
            return Err(JournalError::OutOfStep {
                head: head.seq,
                given,
            });
        }
        let result = self.try_write(batches);
        self.note(result)
    }

    fn try_write(&mut self, batches: &[Batch]) -> Result<(), JournalError> {
        let db = self.db()?;
        let tx = db.unchecked_transaction()?;
        batches.iter().try_for_each(|batch| batch.insert(&tx))?;
        tx.commit()?;
        Ok(())
    }

    /// After a write error the connection goes: what it believes of the file may be wrong.
    fn note<T>(&mut self, result: Result<T, JournalError>) -> Result<T, JournalError> {
        if let Err(e) = &result {
            let was_sound = !matches!(self.state, State::Closed { sound: false });
            self.state = State::Closed {
                sound: was_sound && e.is_full(),
            };
            tracing::error!(error = %e, seq = self.head.seq.0, "the journal could not be written");
        }
        result
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(e) = self.flush() {
            tracing::error!(error = %e, "the journal could not be written");
        }
    }
}
