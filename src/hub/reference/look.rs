//! Owns what the board reads of the database: evaluations with their last commands, boxes that wait, refusals.

use super::board::{CommandState, EvaluationView, VenueView, WaitingBox};
use super::evaluation::Evaluation;
use super::store::TrailLine;
use crate::hub::contract::Key;
use crate::room::Utc;
use rusqlite::{Transaction, params};

/// Evaluations and refusals that the board shows.
const SHOWN: u32 = 50;

pub(super) fn evaluations(tx: &Transaction<'_>, now: Utc) -> anyhow::Result<Vec<EvaluationView>> {
    let mut read =
        tx.prepare_cached("SELECT evaluation, made FROM evaluations ORDER BY made DESC LIMIT ?1")?;
    let rows = read.query_map([SHOWN], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut shown = Vec::new();
    for row in rows {
        let (text, made) = row?;
        let evaluation: Evaluation = serde_json::from_str(&text)?;
        let venues = venues(tx, &evaluation, now)?;
        shown.push(EvaluationView {
            evaluation,
            made: Utc(made),
            venues,
        });
    }
    Ok(shown)
}

/// The last command about an evaluation at each venue.
fn venues(
    tx: &Transaction<'_>,
    evaluation: &Evaluation,
    now: Utc,
) -> anyhow::Result<Vec<VenueView>> {
    let mut read = tx.prepare_cached(
        "SELECT id, expires, reply FROM commands WHERE evaluation = ?1 AND room = ?2 ORDER BY issued DESC, id LIMIT 1",
    )?;
    let mut shown = Vec::new();
    for venue in &evaluation.venues {
        let row = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Option<String>>(2)?,
            ))
        };
        let mut rows = read.query_map(params![evaluation.id.as_str(), venue.room.as_str()], row)?;
        let Some(found) = rows.next() else {
            continue;
        };
        let (id, expires, reply) = found?;
        let state = match reply {
            Some(reply) => CommandState::Answered {
                outcome: serde_json::from_str(&reply)?,
            },
            None if expires <= now.0 => CommandState::Expired,
            None => CommandState::Waiting,
        };
        shown.push(VenueView {
            room: venue.room.clone(),
            command: id.parse()?,
            state,
        });
    }
    Ok(shown)
}

pub(super) fn waiting(tx: &Transaction<'_>) -> anyhow::Result<Vec<WaitingBox>> {
    let mut read = tx.prepare_cached("SELECT room, box, since FROM waiting ORDER BY since")?;
    let rows = read.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
    })?;
    let mut shown = Vec::new();
    for row in rows {
        let (room, by, since) = row?;
        let room = room.parse().map_err(|why| {
            anyhow::anyhow!("the hub's database names a room that is none: {why}")
        })?;
        shown.push(WaitingBox {
            room,
            by: Key(by),
            since: Utc(since),
        });
    }
    Ok(shown)
}

pub(super) fn trail(tx: &Transaction<'_>) -> rusqlite::Result<Vec<TrailLine>> {
    let mut read = tx
        .prepare_cached("SELECT at, room, what, reason FROM trail ORDER BY number DESC LIMIT ?1")?;
    let rows = read.query_map([SHOWN], |row| {
        Ok(TrailLine {
            at: Utc(row.get(0)?),
            room: row.get(1)?,
            what: row.get(2)?,
            reason: row.get(3)?,
        })
    })?;
    rows.collect()
}
