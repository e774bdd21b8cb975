//! Owns how a command is worded: signed, bound to its room, expiring, and kept until it is answered.

use super::database::{Database, DatabaseError};
use super::handle::HubError;
use crate::config::{CityId, RoomId};
use crate::hub::contract::{HubCommand, HubOrder, Key, Sender, Signed};
use crate::keys::Keys;
use crate::room::{CommandId, SessionId, Span, Utc};

/// How long a command holds.
const HOLDS: Span = Span::hours(72);
/// Commands that are sent to a room at once.
const AT_ONCE: u64 = 100;

/// Words commands.
pub(super) struct Words<'a> {
    pub(super) keys: &'a Keys,
    pub(super) city: &'a CityId,
}

impl Words<'_> {
    /// Signs a command and keeps it.
    pub(super) fn keep(
        &self,
        db: &mut Database,
        room: &RoomId,
        order: HubOrder,
        now: Utc,
    ) -> Result<CommandId, HubError> {
        let id: CommandId = format!("hub-{:032x}", rand::random::<u128>())
            .parse()
            .expect("made of allowed characters");
        let (what, session) = (order.word(), order.session().clone());
        let command = HubCommand {
            id: id.clone(),
            room: room.clone(),
            issued: now,
            expires: now + HOLDS,
            order,
        };
        let signed = Signed::new(&command, Key(self.keys.public_key()), |b| self.keys.sign(b))?;
        let sender = Sender {
            source: format!("/bidroom/{}", self.city),
            by: None,
        };
        let message = sender.write(format!("command/{id}"), now, None, signed)?;
        db.execute(
            "INSERT INTO commands (id, room, issued, expires, message, evaluation, what) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                id.as_str().into(),
                room.as_str().into(),
                now.0.into(),
                command.expires.0.into(),
                (&message).into(),
                session.as_str().into(),
                what.into(),
            ],
        )?;
        Ok(id)
    }
}

/// A command that waits for its answer.
pub(super) struct Open {
    pub(super) id: String,
    pub(super) message: Vec<u8>,
    pub(super) expires: Utc,
}

/// What a room has not answered and still holds, in the order in which it was asked: a room carries out one after the other.
pub(super) fn open(db: &mut Database, room: &RoomId, now: Utc) -> Result<Vec<Open>, DatabaseError> {
    let rows = db.rows(
        "SELECT id, message, expires FROM commands WHERE room = $1 AND reply IS NULL AND expires > $2 ORDER BY issued, id LIMIT $3",
        &[room.as_str().into(), now.0.into(), AT_ONCE.into()],
    )?;
    let open = rows.iter().map(|row| {
        Ok(Open {
            id: row.text(0)?.to_owned(),
            message: row.bytes(1)?.to_owned(),
            expires: Utc(row.number(2)?),
        })
    });
    open.collect()
}

/// Whether a room has an evaluation's session, or will have once it has answered what it was asked before.
pub(super) fn has_session(
    db: &mut Database,
    evaluation: &SessionId,
    room: &RoomId,
    now: Utc,
) -> Result<bool, DatabaseError> {
    let rows = db.rows(
        "SELECT what, reply, expires FROM commands WHERE evaluation = $1 AND room = $2 AND what NOT IN ('request_archive', 'start_relay', 'end_relay')
         ORDER BY issued DESC, id",
        &[evaluation.as_str().into(), room.as_str().into()],
    )?;
    for row in rows {
        let holds = match row.maybe_text(1)? {
            Some(reply) => reply.contains("\"result\":\"done\""),
            None => row.number(2)? > now.0,
        };
        if holds {
            return Ok(row.text(0)? != "cancel_session");
        }
    }
    Ok(false)
}
