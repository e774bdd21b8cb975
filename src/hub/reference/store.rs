//! Owns what the hub knows for good (SQLite, `synchronous=FULL`): rooms and their boxes, every entry once, checkpoints, commands,
//! evaluations, and the trail of what was refused.

use crate::config::RoomId;
use crate::hub::contract::{Key, Receipt};
use crate::keys::open_database;
use crate::room::{Seq, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

const SCHEMA: &str = "
CREATE TABLE boxes (
    room TEXT NOT NULL, box BLOB NOT NULL, epoch INTEGER NOT NULL, since INTEGER NOT NULL,
    upto INTEGER NOT NULL, head TEXT NOT NULL,
    PRIMARY KEY (room, epoch), UNIQUE (room, box)
) WITHOUT ROWID;
CREATE TABLE waiting (room TEXT NOT NULL, box BLOB NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (room, box)) WITHOUT ROWID;
CREATE TABLE events (
    room TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, session TEXT, line BLOB NOT NULL,
    PRIMARY KEY (room, epoch, seq)
) WITHOUT ROWID;
CREATE TABLE checkpoints (
    room TEXT NOT NULL, box BLOB NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, heard INTEGER NOT NULL, line BLOB NOT NULL
);
CREATE INDEX checkpoints_of ON checkpoints (room, session);
CREATE TABLE trail (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, room TEXT, what TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE commands (
    id TEXT PRIMARY KEY, room TEXT NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL, message BLOB NOT NULL,
    evaluation TEXT, reply TEXT, replied INTEGER
) WITHOUT ROWID;
CREATE INDEX commands_open ON commands (room) WHERE reply IS NULL;
CREATE TABLE evaluations (id TEXT PRIMARY KEY, made INTEGER NOT NULL, evaluation TEXT NOT NULL) WITHOUT ROWID;";

/// The hash before the first line.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The store's writer. One thread holds it.
#[derive(Debug)]
pub(super) struct Store {
    db: Connection,
    places: BTreeMap<RoomId, Place>,
}

/// The box in a room's place, and how far its entries are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) by: Key,
    pub(super) epoch: u64,
    pub(super) upto: Seq,
    pub(super) head: String,
}

impl Place {
    /// What the room may let go of.
    pub(super) fn receipt(&self, room: &RoomId, at: Utc) -> Receipt {
        Receipt {
            room: room.clone(),
            by: self.by,
            epoch: self.epoch,
            upto: self.upto,
            head_sha256: self.head.clone(),
            at,
        }
    }
}

/// A refusal that was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct TrailLine {
    /// When.
    pub at: Utc,
    /// Of which room, where that is known.
    pub room: Option<String>,
    /// What it was about, in a fixed word.
    pub what: String,
    /// Why it was refused, in a fixed word.
    pub reason: String,
}

impl Store {
    /// Opens or makes it.
    ///
    /// # Errors
    /// As SQLite says.
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let db = open_database(file, &[SCHEMA])?;
        // waits for as many pages as a busy second brings, so that reading back the log stays quick
        db.pragma_update(None, "wal_autocheckpoint", 4000)?;
        let places = places(&db)?;
        Ok(Self { db, places })
    }

    /// The boxes in their rooms' places.
    pub(super) fn places(&self) -> &BTreeMap<RoomId, Place> {
        &self.places
    }

    /// Begins a batch: all of it holds once it is committed, or nothing.
    ///
    /// # Errors
    /// As SQLite says.
    pub(super) fn batch(&mut self) -> rusqlite::Result<Batch<'_>> {
        let places = self.places.clone();
        Ok(Batch {
            tx: self.db.transaction()?,
            places,
            known: &mut self.places,
        })
    }
}

fn places(db: &Connection) -> rusqlite::Result<BTreeMap<RoomId, Place>> {
    let mut newest =
        db.prepare("SELECT room, box, epoch, upto, head FROM boxes ORDER BY room, epoch")?;
    let rows = newest.query_map([], |row| {
        let place = Place {
            by: Key(row.get(1)?),
            epoch: row.get(2)?,
            upto: Seq(row.get(3)?),
            head: row.get(4)?,
        };
        Ok((row.get::<_, String>(0)?, place))
    })?;
    // a later epoch takes the earlier one's place
    let mut places = BTreeMap::new();
    for row in rows {
        let (room, place) = row?;
        if let Ok(room) = room.parse() {
            places.insert(room, place);
        }
    }
    Ok(places)
}

/// A batch that is being written.
pub(super) struct Batch<'a> {
    tx: Transaction<'a>,
    places: BTreeMap<RoomId, Place>,
    known: &'a mut BTreeMap<RoomId, Place>,
}

impl Batch<'_> {
    /// The box in a room's place.
    pub(super) fn place(&self, room: &RoomId) -> Option<&Place> {
        self.places.get(room)
    }

    /// Puts a box in a room's place: the next epoch begins.
    pub(super) fn admit(&mut self, room: &RoomId, by: Key, at: Utc) -> rusqlite::Result<()> {
        let epoch = self.places.get(room).map_or(1, |place| place.epoch + 1);
        self.tx.execute(
            "INSERT INTO boxes (room, box, epoch, since, upto, head) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
            params![room.as_str(), by.0, epoch, at.0, START],
        )?;
        self.tx.execute(
            "DELETE FROM waiting WHERE room = ?1 AND box = ?2",
            params![room.as_str(), by.0],
        )?;
        let place = Place {
            by,
            epoch,
            upto: Seq(0),
            head: START.to_owned(),
        };
        self.places.insert(room.clone(), place);
        Ok(())
    }

    /// Whether a box was in that room's place before another one was.
    pub(super) fn was_replaced(&self, room: &RoomId, by: Key) -> rusqlite::Result<bool> {
        let mut known = self
            .tx
            .prepare_cached("SELECT 1 FROM boxes WHERE room = ?1 AND box = ?2")?;
        known.exists(params![room.as_str(), by.0])
    }

    /// Notes that a box asks for a room's place; says whether that is new.
    pub(super) fn wait(&mut self, room: &RoomId, by: Key, at: Utc) -> rusqlite::Result<bool> {
        let new = self.tx.execute(
            "INSERT OR IGNORE INTO waiting (room, box, since) VALUES (?1, ?2, ?3)",
            params![room.as_str(), by.0, at.0],
        )?;
        Ok(new > 0)
    }

    /// Adds the entry that follows the last one.
    pub(super) fn add(
        &mut self,
        room: &RoomId,
        seq: Seq,
        at: Utc,
        session: Option<&str>,
        line: &[u8],
        sha256: String,
    ) -> rusqlite::Result<()> {
        let place = self.places.get_mut(room).expect("the caller has looked");
        let mut add = self.tx.prepare_cached(
            "INSERT INTO events (room, epoch, seq, at, session, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        add.execute(params![
            room.as_str(),
            place.epoch,
            seq.0,
            at.0,
            session,
            line
        ])?;
        place.upto = seq;
        place.head = sha256;
        Ok(())
    }

    /// The stored line of an entry.
    pub(super) fn line(
        &self,
        room: &RoomId,
        epoch: u64,
        seq: Seq,
    ) -> rusqlite::Result<Option<Vec<u8>>> {
        let mut line = self.tx.prepare_cached(
            "SELECT line FROM events WHERE room = ?1 AND epoch = ?2 AND seq = ?3",
        )?;
        line.query_row(params![room.as_str(), epoch, seq.0], |row| row.get(0))
            .optional()
    }

    /// Keeps a checkpoint.
    pub(super) fn checkpoint(
        &mut self,
        room: &RoomId,
        by: Key,
        session: &str,
        seq: Seq,
        heard: Utc,
        line: &[u8],
    ) -> rusqlite::Result<()> {
        let mut add = self.tx.prepare_cached(
            "INSERT INTO checkpoints (room, box, session, seq, heard, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        add.execute(params![room.as_str(), by.0, session, seq.0, heard.0, line])?;
        Ok(())
    }

    /// Keeps the first reply to a command; says whether there is such a command of that room.
    pub(super) fn reply(
        &mut self,
        room: &RoomId,
        id: &str,
        reply: &str,
        at: Utc,
    ) -> rusqlite::Result<bool> {
        let told = self.tx.execute(
            "UPDATE commands SET reply = coalesce(reply, ?3), replied = coalesce(replied, ?4) WHERE id = ?1 AND room = ?2",
            params![id, room.as_str(), reply, at.0],
        )?;
        Ok(told > 0)
    }

    /// Writes a refusal down.
    pub(super) fn refuse(
        &mut self,
        at: Utc,
        room: Option<&RoomId>,
        what: &str,
        reason: &str,
    ) -> rusqlite::Result<()> {
        let mut add = self
            .tx
            .prepare_cached("INSERT INTO trail (at, room, what, reason) VALUES (?1, ?2, ?3, ?4)")?;
        add.execute(params![at.0, room.map(RoomId::as_str), what, reason])?;
        Ok(())
    }

    /// The transaction, for what only the board writes.
    pub(super) fn tx(&self) -> &Transaction<'_> {
        &self.tx
    }

    /// Makes all of it last.
    pub(super) fn commit(self) -> rusqlite::Result<()> {
        let Batch {
            mut tx,
            places,
            known,
        } = self;
        for (room, place) in &places {
            if known.get(room) == Some(place) {
                continue;
            }
            let mut keep = tx.prepare_cached(
                "UPDATE boxes SET upto = ?3, head = ?4 WHERE room = ?1 AND epoch = ?2",
            )?;
            keep.execute(params![
                room.as_str(),
                place.epoch,
                place.upto.0,
                place.head
            ])?;
        }
        tx.set_drop_behavior(rusqlite::DropBehavior::Rollback);
        tx.commit()?;
        *known = places;
        Ok(())
    }
}
