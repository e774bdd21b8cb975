//! Owns what the board reads of the database: evaluations with their last commands, archives and live relays that were asked for, attendance statements,
//! boxes that wait, refusals.

use super::board::{
    ArchiveRequest, CommandState, EvaluationView, RelayRequest, StatementView, VenueView,
    WaitingBox,
};
use super::database::{Database, DatabaseError, Row};
use super::evaluation::Evaluation;
use super::store::{TrailLine, trail_line};
use crate::hub::contract::Key;
use crate::room::{SessionId, Utc};

/// Lines of each list that the board shows.
pub(super) const SHOWN: u64 = 50;

/// An evaluation of the hub.
pub(super) fn evaluation(
    db: &mut Database,
    id: &SessionId,
) -> Result<Option<Evaluation>, DatabaseError> {
    let row = db.row(
        "SELECT evaluation FROM evaluations WHERE id = $1",
        &[id.as_str().into()],
    )?;
    row.map(|row| serde_json::from_str(row.text(0)?).map_err(DatabaseError::damaged))
        .transpose()
}

pub(super) fn evaluations(
    db: &mut Database,
    now: Utc,
) -> Result<Vec<EvaluationView>, DatabaseError> {
    let rows = db.rows(
        "SELECT evaluation, made FROM evaluations ORDER BY made DESC, id LIMIT $1",
        &[SHOWN.into()],
    )?;
    let mut shown = Vec::new();
    for row in rows {
        let evaluation: Evaluation =
            serde_json::from_str(row.text(0)?).map_err(DatabaseError::damaged)?;
        let venues = venues(db, &evaluation, now)?;
        shown.push(EvaluationView {
            evaluation,
            made: Utc(row.number(1)?),
            venues,
        });
    }
    Ok(shown)
}

/// The last command about an evaluation at each venue, those that it has no more included.
fn venues(
    db: &mut Database,
    evaluation: &Evaluation,
    now: Utc,
) -> Result<Vec<VenueView>, DatabaseError> {
    let rows = db.rows(
        "SELECT room, id, what, expires, reply FROM commands WHERE evaluation = $1 AND what IN ('plan_session', 'change_plan', 'set_policies', 'cancel_session')
         ORDER BY issued DESC, id",
        &[evaluation.id.as_str().into()],
    )?;
    let mut shown: Vec<VenueView> = Vec::new();
    for row in rows {
        let room = row.text(0)?.parse().map_err(DatabaseError::damaged)?;
        if shown.iter().any(|venue| venue.room == room) {
            continue;
        }
        shown.push(VenueView {
            room,
            command: row.text(1)?.parse().map_err(DatabaseError::damaged)?,
            what: row.text(2)?.to_owned(),
            state: state(&row, (3, 4), now)?,
        });
    }
    Ok(shown)
}

pub(super) fn state(
    row: &Row,
    (expires, reply): (usize, usize),
    now: Utc,
) -> Result<CommandState, DatabaseError> {
    Ok(match row.maybe_text(reply)? {
        Some(reply) => CommandState::Answered {
            outcome: Box::new(serde_json::from_str(reply).map_err(DatabaseError::damaged)?),
        },
        None if row.number(expires)? <= now.0 => CommandState::Expired,
        None => CommandState::Waiting,
    })
}

pub(super) fn archives(db: &mut Database, now: Utc) -> Result<Vec<ArchiveRequest>, DatabaseError> {
    let rows = db.rows(
        "SELECT room, evaluation, issued, expires, reply FROM commands WHERE what = 'request_archive'
         ORDER BY issued DESC, id LIMIT $1",
        &[SHOWN.into()],
    )?;
    let each = rows.iter().map(|row| {
        Ok(ArchiveRequest {
            room: row.text(0)?.parse().map_err(DatabaseError::damaged)?,
            session: row.text(1)?.parse().map_err(DatabaseError::damaged)?,
            asked: Utc(row.number(2)?),
            state: state(row, (3, 4), now)?,
        })
    });
    each.collect()
}

/// The last that each room was asked about each session's relays.
pub(super) fn relays(db: &mut Database, now: Utc) -> Result<Vec<RelayRequest>, DatabaseError> {
    let rows = db.rows(
        "SELECT room, evaluation, issued, expires, reply, what FROM commands WHERE what IN ('start_relay', 'end_relay')
         ORDER BY issued DESC, id LIMIT $1",
        &[SHOWN.into()],
    )?;
    let each = rows.iter().map(|row| {
        Ok(RelayRequest {
            room: row.text(0)?.parse().map_err(DatabaseError::damaged)?,
            session: row.text(1)?.parse().map_err(DatabaseError::damaged)?,
            asked: Utc(row.number(2)?),
            state: state(row, (3, 4), now)?,
            what: row.text(5)?.to_owned(),
        })
    });
    each.collect()
}

pub(super) fn statements(db: &mut Database) -> Result<Vec<StatementView>, DatabaseError> {
    let rows = db.rows(
        "SELECT room, id, session, kind, made, recipient FROM statements ORDER BY heard DESC, id LIMIT $1",
        &[SHOWN.into()],
    )?;
    let each = rows.iter().map(|row| {
        Ok(StatementView {
            room: row.text(0)?.parse().map_err(DatabaseError::damaged)?,
            id: row.text(1)?.to_owned(),
            session: row.text(2)?.parse().map_err(DatabaseError::damaged)?,
            rehearsal: row.text(3)? == "rehearsal",
            made: Utc(row.number(4)?),
            recipient: row.text(5)?.to_owned(),
        })
    });
    each.collect()
}

pub(super) fn waiting(db: &mut Database) -> Result<Vec<WaitingBox>, DatabaseError> {
    let rows = db.rows(
        "SELECT room, box, since FROM waiting ORDER BY since, box",
        &[],
    )?;
    let each = rows.iter().map(|row| {
        Ok(WaitingBox {
            room: row.text(0)?.parse().map_err(DatabaseError::damaged)?,
            by: Key(row.key(1)?),
            since: Utc(row.number(2)?),
        })
    });
    each.collect()
}

pub(super) fn trail(db: &mut Database) -> Result<Vec<TrailLine>, DatabaseError> {
    let rows = db.rows(
        "SELECT at, room, what, reason FROM trail ORDER BY number DESC LIMIT $1",
        &[SHOWN.into()],
    )?;
    rows.iter().map(trail_line).collect()
}
