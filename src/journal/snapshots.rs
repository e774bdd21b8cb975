//! Owns snapshots: the room after some entry, so that a start need not replay everything. A snapshot that
//! is damaged, of another form, or not of this chain is passed over.

use super::error::JournalError;
use super::line::LineHash;
use super::reader;
use crate::room::{Room, Seq};
use rusqlite::{Connection, params};
use std::sync::LazyLock;

/// How many are kept.
const KEPT: i64 = 3;

/// Counted up when `apply` comes to mean something else while the room's shape stays: old snapshots are
/// replayed anew then.
const MEANING: u32 = 1;

/// What snapshots of this program look like: the room's schema, hashed. Another shape is another form.
static FORM: LazyLock<String> = LazyLock::new(|| {
    let schema = schemars::schema_for!(Room);
    let shape = serde_json::to_vec(&schema).expect("a schema is JSON");
    format!("{MEANING}-{}", LineHash::of(&shape))
});

pub(super) fn save(db: &Connection, room: &Room) -> Result<(), JournalError> {
    let Some(line) = reader::line_hash(db, room.seq)? else {
        return Ok(());
    };
    let bytes = serde_json::to_vec(room).map_err(|e| JournalError::Malformed {
        seq: room.seq,
        why: format!("the room cannot be kept: {e}"),
    })?;
    let tx = db.unchecked_transaction()?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO snapshots (seq, form, line_sha256, sha256, room) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        reader::number(room.seq),
        *FORM,
        line.to_string(),
        LineHash::of(&bytes).to_string(),
        bytes
    ])?;
    tx.prepare_cached(
        "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?1)",
    )?
    .execute([KEPT])?;
    tx.commit()?;
    Ok(())
}

pub(super) fn latest(db: &Connection) -> Result<Option<Room>, JournalError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, form, line_sha256, sha256, room FROM snapshots ORDER BY seq DESC",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let kept = Kept {
            seq: reader::seq(row.get(0)?),
            form: row.get(1)?,
            line: row.get(2)?,
            sha256: row.get(3)?,
            room: row.get(4)?,
        };
        match kept.restore(db)? {
            Ok(room) => return Ok(Some(room)),
            Err(why) => tracing::warn!(seq = kept.seq.0, why, "a snapshot is passed over"),
        }
    }
    Ok(None)
}

struct Kept {
    seq: Seq,
    form: String,
    line: String,
    sha256: String,
    room: Vec<u8>,
}

impl Kept {
    /// The room, or why it cannot be used.
    fn restore(&self, db: &Connection) -> Result<Result<Room, String>, JournalError> {
        if self.form != *FORM {
            return Ok(Err("another version made it".to_owned()));
        }
        if LineHash::of(&self.room).to_string() != self.sha256 {
            return Ok(Err("it is damaged".to_owned()));
        }
        let line = reader::line_hash(db, self.seq)?;
        if line.is_none_or(|line| line.to_string() != self.line) {
            return Ok(Err("it is not of this chain".to_owned()));
        }
        Ok(match serde_json::from_slice::<Room>(&self.room) {
            Ok(room) if room.seq == self.seq => Ok(room),
            Ok(room) => Err(format!("it holds the room after entry {}", room.seq)),
            Err(e) => Err(e.to_string()),
        })
    }
}
