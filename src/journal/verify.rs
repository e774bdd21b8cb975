//! Owns the proof that a journal is whole: every line follows the one before it, in the box and in its session.

use super::batch::Head;
use super::error::JournalError;
use super::line::{self, LineHash};
use super::reader;
use crate::room::{Seq, SessionId};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fmt;

/// What a whole journal amounts to. Compare the heads with a witness: a cut-off end shows nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Where the box's chain stands; its number is the number of entries.
    pub head: Head,
    /// Where the sessions' chains stand.
    pub sessions: BTreeMap<SessionId, Head>,
}

/// The first entry that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub seq: Seq,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "journal entry {}: {}", self.seq, self.why)
    }
}

impl std::error::Error for Broken {}

/// Lines that are read at once; short transactions do not hold up the writer's log.
const PAGE: usize = 1000;

pub(super) fn verify(db: &Connection) -> Result<Result<Verified, Broken>, JournalError> {
    let mut chain = Verified {
        head: Head {
            seq: Seq(0),
            sha256: LineHash::START,
        },
        sessions: BTreeMap::new(),
    };
    loop {
        let lines = reader::lines(db, chain.head.seq, PAGE)?;
        let end = lines.len() < PAGE;
        for (seq, bytes) in lines {
            if let Err(why) = chain.follow(seq, &bytes) {
                return Ok(Err(Broken { seq, why }));
            }
        }
        if end {
            break;
        }
    }
    if let Some(broken) = columns(db, chain.head.seq)? {
        return Ok(Err(broken));
    }
    Ok(Ok(chain))
}

impl Verified {
    /// Takes the next line in, or says why it is not the next.
    fn follow(&mut self, seq: Seq, bytes: &[u8]) -> Result<(), String> {
        if seq != self.head.seq.next() {
            return Err(format!("it follows {}: entries are missing", self.head.seq));
        }
        let line = line::read(seq, bytes).map_err(|e| e.to_string())?;
        if line.prev != self.head.sha256 {
            return Err("the hash of the line before it differs".to_owned());
        }
        let expected = line.entry.session.as_ref().map(|id| {
            self.sessions
                .get(id)
                .map_or(LineHash::START, |head| head.sha256)
        });
        if line.session_prev != expected {
            return Err("the hash of its session's line before it differs".to_owned());
        }
        self.head = Head {
            seq,
            sha256: LineHash::of(bytes),
        };
        if let Some(id) = line.entry.session {
            self.sessions.insert(id, self.head);
        }
        Ok(())
    }
}

/// Checks what stands beside the lines: the session by which they are found, and the commands.
fn columns(db: &Connection, head: Seq) -> Result<Option<Broken>, JournalError> {
    let wrong = |sql: &str, why: &str| -> Result<Option<Broken>, JournalError> {
        let mut statement = db.prepare(sql)?;
        let mut rows = statement.query([reader::number(head)])?;
        Ok(match rows.next()? {
            Some(row) => Some(Broken {
                seq: reader::seq(row.get(0)?),
                why: why.to_owned(),
            }),
            None => None,
        })
    };
    let session = wrong(
        "SELECT seq FROM entries
         WHERE seq <= ?1 AND session IS NOT json_extract(CAST(line AS TEXT), '$.session') ORDER BY seq LIMIT 1",
        "it is kept under another session",
    )?;
    if session.is_some() {
        return Ok(session);
    }
    let command = wrong(
        "SELECT first FROM commands JOIN entries ON entries.seq = commands.first
         WHERE entries.seq <= ?1
           AND json_extract(CAST(line AS TEXT), '$.command') IS NOT commands.id ORDER BY first LIMIT 1",
        "the command that is kept for it is not its own",
    )?;
    if command.is_some() {
        return Ok(command);
    }
    wrong(
        "SELECT last FROM commands
         WHERE last > max(?1, (SELECT coalesce(max(seq), 0) FROM entries)) ORDER BY last LIMIT 1",
        "a command led to it, and it is not there",
    )
}
