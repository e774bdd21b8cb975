//! Owns whether the hub's signature over a draw's commitments is that of the key that was fixed before the draw.

use crate::hub::contract::Signature;
use crate::room::{Hex64, Refusal, Room, SessionId};
use ring::signature::{ED25519, UnparsedPublicKey};

/// The signature, if it is the hub's over what this draw committed to. A draw that waits for none is left to the room to refuse.
pub(super) fn verified(
    room: &Room,
    session: &SessionId,
    attempt: u16,
    signature: &Signature,
) -> Result<Hex64, Refusal> {
    let text: Hex64 = signature
        .to_string()
        .parse()
        .expect("a signature is written as 128 hexadecimal digits");
    let found = room
        .sessions
        .get(session)
        .ok_or_else(|| Refusal::NoSuchSession {
            session: session.clone(),
        })?;
    let draw = found.draw.as_ref().ok_or(Refusal::NoDraw)?;
    let Some((hub, commitments)) = draw.unsigned().filter(|_| draw.attempt == attempt) else {
        return Ok(text);
    };
    let mut key = [0; 32];
    hex::decode_to_slice(hub.key.as_str(), &mut key).expect("a key is written as 64 digits");
    UnparsedPublicKey::new(&ED25519, key)
        .verify(commitments.text(session).as_bytes(), &signature.0)
        .map_err(|_| Refusal::HubSignatureDiffers)?;
    Ok(text)
}
