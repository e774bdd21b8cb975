//! Owns what the hub has to do with rooms' draws: it signs their commitments once they are stored, before anybody knows a secret.

use crate::config::RoomId;
use crate::hub::contract::{HubOrder, LineShape, Signature};
use crate::keys::Keys;
use crate::room::{DrawCommitments, Event, SessionId};

/// A draw that a room's journal asks the hub to sign.
#[derive(Debug)]
pub(super) struct AskedDraw {
    pub(super) room: RoomId,
    session: SessionId,
    commitments: DrawCommitments,
}

/// What a new line of a room's journal asks for; none where it is about something else.
pub(super) fn asked(room: &RoomId, line: &[u8]) -> Option<AskedDraw> {
    // most lines are not read a second time
    const WORD: &[u8] = b"\"draw_signature_asked\"";
    line.windows(WORD.len()).find(|bytes| *bytes == WORD)?;
    let line: LineShape = serde_json::from_slice(line).ok()?;
    let Event::DrawSignatureAsked { commitments } = line.event else {
        return None;
    };
    Some(AskedDraw {
        room: room.clone(),
        session: line.session?,
        commitments,
    })
}

impl AskedDraw {
    /// The answer. Ed25519 gives the same signature each time that the same is asked.
    pub(super) fn signed(&self, keys: &Keys) -> HubOrder {
        let text = self.commitments.text(&self.session);
        HubOrder::SignDraw {
            session: self.session.clone(),
            attempt: self.commitments.attempt,
            signature: Signature(keys.sign(text.as_bytes())),
        }
    }
}
