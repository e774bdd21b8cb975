//! Owns append-only trails: tables whose rows are chained by SHA-256, whose triggers abort every
//! change, and whose head is authenticated, so that a lost end is noticed too.

use super::cipher::MacPurpose;
use super::handle::Keys;
use crate::room::{Actor, Administration, Part, Utc};
use ring::digest::{Context, SHA256};
use rusqlite::{Connection, OptionalExtension, Row, params};

type Digest = [u8; 32];

/// What the first row holds as the hash before it.
const START: Digest = [0; 32];

/// One row, as it is read back. Holds identifiers and fixed words only.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct TrailRow {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When.
    pub at: Utc,
    /// What kind of thing happened.
    pub kind: String,
    /// Who did it.
    pub subject: String,
    /// To what.
    pub object: String,
    /// `done`, or why not.
    pub result: String,
    /// From which network address; empty for the box itself.
    pub address: String,
}

/// Which rows to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrailFilter {
    /// Not before.
    pub from: Option<Utc>,
    /// Before.
    pub to: Option<Utc>,
    /// Of this kind.
    pub kind: Option<String>,
    /// By this subject.
    pub subject: Option<String>,
    /// About this object.
    pub object: Option<String>,
    /// `true`: refusals only; `false`: what was done only.
    pub refused: Option<bool>,
}

/// How far a trail reaches; worth keeping elsewhere as a witness.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct TrailHead {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of the last, hex.
    pub sha256: String,
}

/// What was found in a trail that was tampered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrailFault {
    /// A row's content is not what was written.
    #[error("row {row} was changed")]
    Changed {
        /// Its number.
        row: u64,
    },
    /// A row is not there, or was put in.
    #[error("row {row} is missing, or others stand before it that were not written there")]
    Missing {
        /// Its number.
        row: u64,
    },
    /// Rows after the last one found were cut off, or rows were added by somebody else.
    #[error(
        "the trail does not end as it was written: after row {row} something was cut off or added"
    )]
    WrongEnd {
        /// The last row found.
        row: u64,
    },
}

/// What is to be appended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) at: Utc,
    pub(crate) kind: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) object: &'a str,
    pub(crate) result: &'a str,
    pub(crate) address: &'a str,
}

/// Who gave a command, as trails write it.
pub(crate) fn actor_word(actor: &Actor) -> String {
    match actor {
        Actor::Technician { account } => format!("technician:{account}"),
        Actor::Supervisor { account } => format!("supervisor:{account}"),
        Actor::Administrator { account, of } => match of {
            Administration::System => format!("system-administrator:{account}"),
            Administration::Security => format!("security-administrator:{account}"),
            Administration::Audit => format!("audit-administrator:{account}"),
        },
        Actor::Member { session, member } => format!("member:{session}:{member}"),
        Actor::Workstation { seat } => format!("workstation:{seat}"),
        Actor::Bidder { account } => format!("bidder:{account}"),
        Actor::Daemon { part } => match part {
            Part::App => "daemon:app",
            Part::Clock => "daemon:clock",
            Part::Media => "daemon:media",
            Part::Health => "daemon:health",
            Part::Access => "daemon:access",
            Part::Archive => "daemon:archive",
            Part::Hub => "daemon:hub",
            Part::Draw => "daemon:draw",
            Part::Phones => "daemon:phones",
        }
        .to_owned(),
    }
}

/// One trail: a table's name and what its head is authenticated for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trail {
    pub(crate) table: &'static str,
    pub(crate) head: MacPurpose,
}

impl Trail {
    /// The SQL that makes it.
    pub(crate) fn schema(&self) -> String {
        let table = self.table;
        format!(
            "CREATE TABLE {table} (
                number INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,
                subject TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL,
                address TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL
             ) STRICT;
             CREATE INDEX {table}_at ON {table} (at);
             CREATE TABLE {table}_head (
                id INTEGER PRIMARY KEY CHECK (id = 1), rows INTEGER NOT NULL, mac BLOB NOT NULL
             ) STRICT;
             CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
                BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END;
             CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
                BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END;
             -- INSERT OR REPLACE deletes without the trigger above
             CREATE TRIGGER {table}_in_order BEFORE INSERT ON {table}
                WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM {table})
                BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END;"
        )
    }

    /// Writes the head of a trail without rows; once, when its database is made.
    pub(crate) fn begin(&self, tx: &Connection, keys: &Keys) -> rusqlite::Result<()> {
        tx.execute(
            &format!("INSERT INTO {}_head VALUES (1, 0, ?1)", self.table),
            [self.mac_head(keys, 0, &START)],
        )?;
        Ok(())
    }

    /// How far it reaches, without checking it.
    pub(crate) fn tip(&self, db: &Connection) -> rusqlite::Result<TrailHead> {
        let last: Option<(i64, Digest)> = self.last(db)?;
        let (rows, hash) = last.unwrap_or((0, START));
        Ok(TrailHead {
            rows: rows.unsigned_abs(),
            sha256: hex::encode(hash),
        })
    }

    fn last(&self, db: &Connection) -> rusqlite::Result<Option<(i64, Digest)>> {
        let table = self.table;
        db.prepare_cached(&format!(
            "SELECT number, hash FROM {table} ORDER BY number DESC LIMIT 1"
        ))?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
    }

    /// Appends a row within the caller's transaction.
    pub(crate) fn append(
        &self,
        tx: &Connection,
        keys: &Keys,
        line: &Line<'_>,
    ) -> rusqlite::Result<()> {
        let table = self.table;
        let last = self.last(tx)?;
        let (number, prev) = last.map_or((1, START), |(number, hash)| (number + 1, hash));
        let hash = hash_row(&prev, number, line);
        tx.prepare_cached(&format!(
            "INSERT INTO {table} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        ))?
        .execute(params![
            number,
            line.at.0,
            line.kind,
            line.subject,
            line.object,
            line.result,
            line.address,
            prev,
            hash
        ])?;
        tx.prepare_cached(&format!(
            "INSERT OR REPLACE INTO {table}_head VALUES (1, ?1, ?2)"
        ))?
        .execute(params![number, self.mac_head(keys, number, &hash)])?;
        Ok(())
    }

    /// Reads the whole trail and checks it; names the first row that is wrong.
    pub(crate) fn verify(
        &self,
        db: &Connection,
        keys: &Keys,
    ) -> rusqlite::Result<Result<TrailHead, TrailFault>> {
        let table = self.table;
        let tx = db.unchecked_transaction()?; // one picture while rows are added
        let mut statement = tx.prepare(&format!("SELECT * FROM {table} ORDER BY number"))?;
        let mut rows = statement.query([])?;
        let (mut count, mut prev) = (0_i64, START);
        while let Some(row) = rows.next()? {
            let number: i64 = row.get("number")?;
            if number != count + 1 {
                return Ok(Err(TrailFault::Missing {
                    row: count.unsigned_abs() + 1,
                }));
            }
            let (Ok(found), Ok(before), Ok(hash)) = (
                read_row(row),
                row.get::<_, Digest>("prev"),
                row.get::<_, Digest>("hash"),
            ) else {
                return Ok(Err(TrailFault::Changed {
                    row: number.unsigned_abs(),
                }));
            };
            if before != prev || hash_row(&prev, number, &found.line()) != hash {
                return Ok(Err(TrailFault::Changed {
                    row: number.unsigned_abs(),
                }));
            }
            (count, prev) = (number, hash);
        }
        let head: Option<(i64, Vec<u8>)> = tx
            .query_row(&format!("SELECT rows, mac FROM {table}_head"), [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let right = head
            .is_some_and(|(rows, mac)| rows == count && mac == self.mac_head(keys, count, &prev));
        let rows = count.unsigned_abs();
        if !right {
            return Ok(Err(TrailFault::WrongEnd { row: rows }));
        }
        Ok(Ok(TrailHead {
            rows,
            sha256: hex::encode(prev),
        }))
    }

    /// Up to `limit` rows, newest first, with numbers below `before`.
    pub(crate) fn page(
        &self,
        db: &Connection,
        filter: &TrailFilter,
        before: Option<u64>,
        limit: u32,
    ) -> rusqlite::Result<Vec<TrailRow>> {
        let mut statement = db.prepare_cached(&format!(
            "SELECT * FROM {} WHERE number < ?1 AND at >= ?2 AND at < ?3
                AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR subject = ?5)
                AND (?6 IS NULL OR object = ?6) AND (?7 IS NULL OR (result <> 'done') = ?7)
             ORDER BY number DESC LIMIT ?8",
            self.table
        ))?;
        let before = before
            .and_then(|n| i64::try_from(n).ok())
            .unwrap_or(i64::MAX);
        let rows = statement.query_map(
            params![
                before,
                filter.from.map_or(i64::MIN, |t| t.0),
                filter.to.map_or(i64::MAX, |t| t.0),
                filter.kind,
                filter.subject,
                filter.object,
                filter.refused,
                limit
            ],
            read_row,
        )?;
        rows.collect()
    }

    fn mac_head(&self, keys: &Keys, rows: i64, hash: &Digest) -> [u8; 32] {
        keys.hmac(self.head, &[&rows.to_be_bytes()[..], hash].concat())
    }
}

impl TrailRow {
    fn line(&self) -> Line<'_> {
        Line {
            at: self.at,
            kind: &self.kind,
            subject: &self.subject,
            object: &self.object,
            result: &self.result,
            address: &self.address,
        }
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<TrailRow> {
    Ok(TrailRow {
        number: row.get::<_, i64>("number")?.unsigned_abs(),
        at: Utc(row.get("at")?),
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        object: row.get("object")?,
        result: row.get("result")?,
        address: row.get("address")?,
    })
}

/// Over the hash before and every field with its length before it, so that no two rows of
/// different fields read the same.
fn hash_row(prev: &Digest, number: i64, line: &Line<'_>) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(prev);
    context.update(&number.to_be_bytes());
    context.update(&line.at.0.to_be_bytes());
    for field in [
        line.kind,
        line.subject,
        line.object,
        line.result,
        line.address,
    ] {
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field.as_bytes());
    }
    context
        .finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 makes 32 bytes")
}
