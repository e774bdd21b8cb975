//! Owns what the hub knows for good: rooms and their boxes, every entry once, checkpoints, commands, evaluations, attendance statements,
//! and the trail of what was refused. SQLite (`synchronous=FULL`), or PostgreSQL.

use super::database::{Database, DatabaseError, Row, Word};
use super::postgres::Postgres;
use super::schema;
use crate::config::{DatabaseSettings, RoomId};
use crate::hub::contract::{AttendanceStatement, Key, Receipt};
use crate::keys::{open_database, open_reader};
use crate::room::{Seq, Utc};
use anyhow::Context;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The hash before the first line.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Boxes before the present one, and statements, that a receipt names.
const NAMED: usize = 8;

/// Boxes that may wait for one room's place.
const WAITING: i64 = 20;

/// Where the store is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File(PathBuf),
    Server(DatabaseSettings),
}

impl Place {
    /// Opens it as the one writer.
    fn writer(&self) -> anyhow::Result<Database> {
        match self {
            Place::File(file) => {
                let open = || -> rusqlite::Result<_> {
                    let db = open_database(file, schema::SQLITE)?;
                    // waits for as many pages as a busy second brings, so that reading back the log stays quick
                    db.pragma_update(None, "wal_autocheckpoint", 4000)?;
                    Ok(db)
                };
                let db = open().with_context(|| format!("opening {}", file.display()))?;
                Ok(Database::of_file(db))
            }
            Place::Server(settings) => {
                let db = Postgres::writer(settings, schema::POSTGRES)?;
                Ok(Database::Postgres(Box::new(db)))
            }
        }
    }

    /// Opens it to look.
    ///
    /// # Errors
    /// It cannot be reached.
    pub(super) fn reader(&self) -> anyhow::Result<Database> {
        Ok(match self {
            Place::File(file) => Database::of_file(open_reader(file)?),
            Place::Server(settings) => Database::Postgres(Box::new(Postgres::connect(settings)?)),
        })
    }
}

/// The store's writer. One thread holds it.
#[derive(Debug)]
pub(super) struct Store {
    at: Place,
    db: Database,
    holders: BTreeMap<RoomId, Holder>,
}

/// The box in a room's place, and how far its entries are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) by: Key,
    pub(super) epoch: u64,
    pub(super) upto: Seq,
    pub(super) head: String,
    /// The boxes that were there before it, newest first.
    before: Vec<Key>,
    /// Attendance statements that were taken last, newest first.
    statements: Vec<String>,
}

impl Holder {
    fn begins(by: Key, epoch: u64, last: Option<&Holder>) -> Self {
        let before = last.map(|last| [&[last.by], last.before.as_slice()].concat());
        let mut before = before.unwrap_or_default();
        before.truncate(NAMED);
        Self {
            by,
            epoch,
            upto: Seq(0),
            head: START.to_owned(),
            before,
            statements: Vec::new(),
        }
    }

    /// What the room may let go of.
    pub(super) fn receipt(&self, room: &RoomId, at: Utc) -> Receipt {
        Receipt {
            room: room.clone(),
            by: self.by,
            epoch: self.epoch,
            upto: self.upto,
            head_sha256: self.head.clone(),
            at,
            before: self.before.clone(),
            statements: self.statements.clone(),
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
    /// As the database says; it is named.
    pub(super) fn open(at: Place) -> anyhow::Result<Self> {
        let mut db = at.writer()?;
        let holders = holders(&mut db).context("reading the rooms' boxes")?;
        Ok(Self { at, db, holders })
    }

    /// Whether another connection may help where this one does not.
    pub(super) fn is_remote(&self) -> bool {
        self.db.is_remote()
    }

    /// Opens it anew. What was not committed is gone.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub(super) fn reopen(&mut self) -> anyhow::Result<()> {
        // a connection that lives still has the writer's lock
        self.db.close();
        let mut db = self.at.writer()?;
        self.holders = holders(&mut db).context("reading the rooms' boxes")?;
        self.db = db;
        Ok(())
    }

    /// The boxes in their rooms' places.
    pub(super) fn holders(&self) -> &BTreeMap<RoomId, Holder> {
        &self.holders
    }

    /// The database, to look.
    pub(super) fn look(&mut self) -> &mut Database {
        &mut self.db
    }

    /// Begins a batch: all of it holds once it is committed, or nothing.
    ///
    /// # Errors
    /// As the database says.
    pub(super) fn batch(&mut self) -> Result<Batch<'_>, DatabaseError> {
        self.db.transaction(Word::Begin)?;
        Ok(Batch {
            holders: self.holders.clone(),
            store: self,
            open: true,
        })
    }
}

fn holders(db: &mut Database) -> Result<BTreeMap<RoomId, Holder>, DatabaseError> {
    let rows = db.rows(
        "SELECT room, box, epoch, upto, head FROM boxes ORDER BY room, epoch",
        &[],
    )?;
    // a later epoch takes the earlier one's place
    let mut holders: BTreeMap<RoomId, Holder> = BTreeMap::new();
    for row in rows {
        let Ok(room) = row.text(0)?.parse::<RoomId>() else {
            continue;
        };
        let mut holder = Holder::begins(Key(row.key(1)?), row.count(2)?, holders.get(&room));
        holder.upto = Seq(row.count(3)?);
        row.text(4)?.clone_into(&mut holder.head);
        holders.insert(room, holder);
    }
    for (room, holder) in &mut holders {
        let taken = db.rows(
            "SELECT id FROM statements WHERE room = $1 ORDER BY heard DESC, id LIMIT $2",
            &[room.as_str().into(), (NAMED as u64).into()],
        )?;
        let ids = taken.iter().map(|row| row.text(0).map(str::to_owned));
        holder.statements = ids.collect::<Result<_, _>>()?;
    }
    Ok(holders)
}

/// A batch that is being written. Dropped, nothing of it holds.
pub(super) struct Batch<'a> {
    store: &'a mut Store,
    holders: BTreeMap<RoomId, Holder>,
    open: bool,
}

impl Batch<'_> {
    /// The box in a room's place.
    pub(super) fn holder(&self, room: &RoomId) -> Option<&Holder> {
        self.holders.get(room)
    }

    /// Puts a box in a room's place: the next epoch begins.
    pub(super) fn admit(&mut self, room: &RoomId, by: Key, at: Utc) -> Result<(), DatabaseError> {
        let last = self.holders.get(room);
        let epoch = last.map_or(1, |last| last.epoch + 1);
        let holder = Holder::begins(by, epoch, last);
        self.db().execute(
            "INSERT INTO boxes (room, box, epoch, since, upto, head) VALUES ($1, $2, $3, $4, 0, $5)",
            &[
                room.as_str().into(),
                (&by.0).into(),
                epoch.into(),
                at.0.into(),
                START.into(),
            ],
        )?;
        self.db().execute(
            "DELETE FROM waiting WHERE room = $1 AND box = $2",
            &[room.as_str().into(), (&by.0).into()],
        )?;
        self.holders.insert(room.clone(), holder);
        Ok(())
    }

    /// Whether a box was in that room's place before another one was.
    pub(super) fn was_replaced(&mut self, room: &RoomId, by: Key) -> Result<bool, DatabaseError> {
        let known = self.db().row(
            "SELECT epoch FROM boxes WHERE room = $1 AND box = $2",
            &[room.as_str().into(), (&by.0).into()],
        )?;
        Ok(known.is_some())
    }

    /// Notes that a box asks for a room's place; says whether that is new. Of more than an operator could want, nothing is noted.
    pub(super) fn wait(&mut self, room: &RoomId, by: Key, at: Utc) -> Result<bool, DatabaseError> {
        let many = self.db().row(
            "SELECT count(*) FROM waiting WHERE room = $1",
            &[room.as_str().into()],
        )?;
        if many.map_or(Ok(0), |row| row.number(0))? >= WAITING {
            return Ok(false);
        }
        let new = self.db().execute(
            "INSERT INTO waiting (room, box, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[room.as_str().into(), (&by.0).into(), at.0.into()],
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
    ) -> Result<(), DatabaseError> {
        let holder = self.holders.get_mut(room).expect("the caller has looked");
        holder.upto = seq;
        holder.head = sha256;
        let epoch = holder.epoch;
        self.db().execute(
            "INSERT INTO events (room, epoch, seq, at, session, line) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                room.as_str().into(),
                epoch.into(),
                seq.0.into(),
                at.0.into(),
                session.into(),
                line.into(),
            ],
        )?;
        Ok(())
    }

    /// Keeps by which policies a room runs, as it says.
    pub(super) fn policies(&mut self, room: &RoomId, policies: &str) -> Result<(), DatabaseError> {
        self.db().execute(
            "INSERT INTO policies (room, policies) VALUES ($1, $2)
             ON CONFLICT (room) DO UPDATE SET policies = excluded.policies",
            &[room.as_str().into(), policies.into()],
        )?;
        Ok(())
    }

    /// Keeps the certificate that a box has signed; says whether it is new.
    pub(super) fn certificate(
        &mut self,
        room: &RoomId,
        by: Key,
        certificate: &str,
    ) -> Result<bool, DatabaseError> {
        let new = self.db().execute(
            "INSERT INTO certificates (room, box, certificate) VALUES ($1, $2, $3)
             ON CONFLICT (room) DO UPDATE SET box = excluded.box, certificate = excluded.certificate
             WHERE certificates.box <> excluded.box OR certificates.certificate <> excluded.certificate",
            &[room.as_str().into(), (&by.0).into(), certificate.into()],
        )?;
        Ok(new > 0)
    }

    /// The stored line of an entry.
    pub(super) fn line(
        &mut self,
        room: &RoomId,
        epoch: u64,
        seq: Seq,
    ) -> Result<Option<Vec<u8>>, DatabaseError> {
        let row = self.db().row(
            "SELECT line FROM events WHERE room = $1 AND epoch = $2 AND seq = $3",
            &[room.as_str().into(), epoch.into(), seq.0.into()],
        )?;
        row.map(|row| row.bytes(0).map(<[u8]>::to_owned))
            .transpose()
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
    ) -> Result<(), DatabaseError> {
        self.db().execute(
            "INSERT INTO checkpoints (room, box, session, seq, heard, line) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                room.as_str().into(),
                (&by.0).into(),
                session.into(),
                seq.0.into(),
                heard.0.into(),
                line.into(),
            ],
        )?;
        Ok(())
    }

    /// Keeps an attendance statement as it is; says whether it is new. The next receipt names it.
    pub(super) fn statement(
        &mut self,
        room: &RoomId,
        statement: &AttendanceStatement,
        container: &[u8],
        heard: Utc,
    ) -> Result<bool, DatabaseError> {
        let kind = statement.kind_word();
        let new = self.db().execute(
            "INSERT INTO statements (room, id, session, kind, made, heard, recipient, container)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            &[
                room.as_str().into(),
                statement.sha256.as_str().into(),
                statement.session.as_str().into(),
                kind.into(),
                statement.made.0.into(),
                heard.0.into(),
                statement.recipient.as_str().into(),
                container.into(),
            ],
        )?;
        if let Some(holder) = self.holders.get_mut(room) {
            holder.statements.retain(|known| *known != statement.sha256);
            holder.statements.insert(0, statement.sha256.clone());
            holder.statements.truncate(NAMED);
        }
        Ok(new > 0)
    }

    /// Keeps the first reply to a command; says whether there is such a command of that room.
    pub(super) fn reply(
        &mut self,
        room: &RoomId,
        id: &str,
        reply: Option<&str>,
        at: Utc,
    ) -> Result<bool, DatabaseError> {
        let Some(reply) = reply else {
            let known = self.db().row(
                "SELECT issued FROM commands WHERE id = $1 AND room = $2",
                &[id.into(), room.as_str().into()],
            )?;
            return Ok(known.is_some());
        };
        let told = self.db().execute(
            "UPDATE commands SET reply = coalesce(reply, $1), replied = coalesce(replied, $2) WHERE id = $3 AND room = $4",
            &[reply.into(), at.0.into(), id.into(), room.as_str().into()],
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
    ) -> Result<(), DatabaseError> {
        self.db().execute(
            "INSERT INTO trail (at, room, what, reason) VALUES ($1, $2, $3, $4)",
            &[
                at.0.into(),
                room.map(RoomId::as_str).into(),
                what.into(),
                reason.into(),
            ],
        )?;
        Ok(())
    }

    /// The database within the batch.
    pub(super) fn db(&mut self) -> &mut Database {
        &mut self.store.db
    }

    /// Makes all of it last.
    pub(super) fn commit(mut self) -> Result<(), DatabaseError> {
        let holders = std::mem::take(&mut self.holders);
        for (room, holder) in &holders {
            let known = self.store.holders.get(room);
            let moved = known.is_none_or(|known| {
                (known.epoch, known.upto, &known.head) != (holder.epoch, holder.upto, &holder.head)
            });
            if !moved {
                continue;
            }
            self.db().execute(
                "UPDATE boxes SET upto = $1, head = $2 WHERE room = $3 AND epoch = $4",
                &[
                    holder.upto.0.into(),
                    holder.head.as_str().into(),
                    room.as_str().into(),
                    holder.epoch.into(),
                ],
            )?;
        }
        self.db().transaction(Word::Commit)?;
        self.open = false;
        self.store.holders = holders;
        Ok(())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.store.db.transaction(Word::Rollback)
        {
            tracing::debug!(%error, "the batch was given up with its connection");
        }
    }
}

/// A line of the trail.
pub(super) fn trail_line(row: &Row) -> Result<TrailLine, DatabaseError> {
    Ok(TrailLine {
        at: Utc(row.number(0)?),
        room: row.maybe_text(1)?.map(str::to_owned),
        what: row.text(2)?.to_owned(),
        reason: row.text(3)?.to_owned(),
    })
}
