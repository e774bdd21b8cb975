//! Owns the bytes of an entry: one line of JSON with the hashes that chain it, and how lines of
//! older programs are read.

use super::error::JournalError;
use crate::room::{Actor, CommandId, Entry, Event, Seq, SessionId, Stamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The format of lines that this program writes. Higher where old programs would read a line wrongly.
pub(super) const FORMAT: u32 = 1;

/// SHA-256 of a line's bytes, without its line feed; 64 hex digits in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineHash([u8; 32]);

impl LineHash {
    /// What stands in the first line, which has none before it.
    pub const START: LineHash = LineHash([0; 32]);

    /// The hash of a line.
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for LineHash {
    type Err = hex::FromHexError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for LineHash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LineHash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An entry, and what chains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The hash of the line before it in the box.
    pub prev: LineHash,
    /// The hash of the line before it in its session.
    pub session_prev: Option<LineHash>,
    /// The entry.
    pub entry: Entry,
}

/// The order of the keys in a line.
#[derive(Serialize)]
struct Written<'a> {
    prev: LineHash,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_prev: Option<LineHash>,
    seq: Seq,
    stamp: &'a Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a SessionId>,
    actor: &'a Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a CommandId>,
    event: &'a Event,
}

#[derive(Deserialize)]
struct Read {
    prev: LineHash,
    #[serde(default)]
    session_prev: Option<LineHash>,
    seq: Seq,
    stamp: Stamp,
    #[serde(default)]
    session: Option<SessionId>,
    actor: Actor,
    #[serde(default)]
    command: Option<CommandId>,
    event: Event,
}

/// The bytes of an entry's line.
pub(super) fn write(entry: &Entry, prev: LineHash, session_prev: Option<LineHash>) -> Vec<u8> {
    let written = Written {
        prev,
        session_prev,
        seq: entry.seq,
        stamp: &entry.stamp,
        session: entry.session.as_ref(),
        actor: &entry.actor,
        command: entry.command.as_ref(),
        event: &entry.event,
    };
    serde_json::to_vec(&written).expect("entries have text keys only")
}

/// Reads the line that is kept under `seq`, of whatever format this program knows. The bytes stay what
/// they are, or the chain would break: what changed since is made up for while reading. Fields that
/// came later have serde defaults; whatever else a format needs is done to the value here.
pub(super) fn read(seq: Seq, bytes: &[u8]) -> Result<Line, JournalError> {
    let read: Read = match serde_json::from_slice(bytes) {
        Ok(read) => read,
        Err(why) => return Err(explain(seq, bytes, &why)),
    };
    if read.seq != seq {
        let why = format!("its line says {}", read.seq);
        return Err(JournalError::Malformed { seq, why });
    }
    Ok(Line {
        prev: read.prev,
        session_prev: read.session_prev,
        entry: Entry {
            seq: read.seq,
            stamp: read.stamp,
            session: read.session,
            actor: read.actor,
            command: read.command,
            event: read.event,
        },
    })
}

/// Says whether an unreadable line holds an event of another version, or no sense at all.
fn explain(seq: Seq, bytes: &[u8], why: &serde_json::Error) -> JournalError {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let kind = value
        .as_ref()
        .and_then(|v| v.pointer("/event/type"))
        .and_then(|v| v.as_str());
    match kind {
        Some(kind) if why.to_string().contains("unknown variant") => JournalError::UnknownEvent {
            seq,
            kind: kind.to_owned(),
        },
        _ => JournalError::Malformed {
            seq,
            why: why.to_string(),
        },
    }
}
