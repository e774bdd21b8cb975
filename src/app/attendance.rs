//! Owns that whoever has left is signed out at his seat: access follows the room.

use crate::access::{Access, AccessError, Act, Principal};
use crate::clerk::{ClerkHandle, Clock};
use crate::room::{MemberNo, Room, SessionId};
use std::sync::Arc;

/// Follows the room for ever.
pub(super) async fn follow(clerk: ClerkHandle, access: Access, clock: Arc<dyn Clock>) {
    let mut changes = clerk.watch();
    loop {
        let (room, now) = (clerk.room(), clock.now().stamp.at);
        let followed = access
            .background(move |access| {
                sign_out(
                    access,
                    &room,
                    Act {
                        by: &Principal::Daemon,
                        address: None,
                        now,
                    },
                )
            })
            .await;
        if let Err(error) = followed {
            tracing::error!(%error, "a member could not be signed out");
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

fn sign_out(access: &Access, room: &Room, act: Act<'_>) -> Result<(), AccessError> {
    for workstation in access.workstations()? {
        if let Some((session, member)) = &workstation.member
            && !belongs(room, session, *member)
        {
            access.end_member(act, session, *member)?;
        }
    }
    Ok(())
}

/// Whether a member still has his seat: present, in a session that is open or has just ended.
fn belongs(room: &Room, session: &SessionId, member: MemberNo) -> bool {
    let found = room
        .sessions
        .get(session)
        .and_then(|session| session.committee.members.get(&member));
    found.is_some_and(|member| member.presence.is_active())
}
