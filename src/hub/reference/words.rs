//! Owns how a command is worded: signed, bound to its room, expiring, and kept until it is answered.

use super::handle::HubError;
use crate::config::{CityId, RoomId};
use crate::hub::contract::{HubCommand, HubOrder, Key, Sender, Signed};
use crate::keys::Keys;
use crate::room::{CommandId, SessionId, Span, Utc};
use rusqlite::{Transaction, params};

/// How long a command holds.
const HOLDS: Span = Span::hours(72);

/// Words commands.
pub(super) struct Words<'a> {
    pub(super) keys: &'a Keys,
    pub(super) city: &'a CityId,
}

impl Words<'_> {
    /// Signs a command and keeps it; its message.
    pub(super) fn keep(
        &self,
        tx: &Transaction<'_>,
        room: &RoomId,
        order: HubOrder,
        evaluation: &SessionId,
        now: Utc,
    ) -> Result<(CommandId, Vec<u8>), HubError> {
        let id: CommandId = format!("hub-{:032x}", rand::random::<u128>())
            .parse()
            .expect("made of allowed characters");
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
        tx.execute(
            "INSERT INTO commands (id, room, issued, expires, message, evaluation) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                id.as_str(),
                room.as_str(),
                now.0,
                command.expires.0,
                message,
                evaluation.as_str()
            ],
        )?;
        Ok((id, message))
    }
}
