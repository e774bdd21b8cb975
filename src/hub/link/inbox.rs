//! Owns what is done with a command of the hub: believed or not, carried out once, and answered.

use super::archive;
use super::draws;
use super::kept::{Kept, KeptError};
use super::orders::{OrderPart, ProveOrder};
use super::standing::Trespass;
use crate::clerk::{ClerkHandle, SubmitError};
use crate::config::{ReplicaSpec, RoomId};
use crate::hub::contract::{
    Distrust, Envelope, HubCommand, HubOrder, Key, LARGEST_COMMAND, Rejection, Reply, ReplyOutcome,
    SealedArchive, Signed, Unreadable,
};
use crate::room::{Actor, Command, CommandId, Part, Refusal, Room, SessionId, Span, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::task::block_in_place;

/// The longest time that a command may hold.
const LONGEST: Span = Span::hours(7 * 24);
/// By so much clocks may differ.
const CLOCKS: Span = Span::minutes(2);

/// What commands are judged by, and put to.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    pub(super) room: RoomId,
    pub(super) trusted: Vec<Key>,
    pub(super) kept: Kept,
    pub(super) clerk: ClerkHandle,
    /// Where archives are copied to.
    pub(super) replicas: Vec<ReplicaSpec>,
    /// Proves orders that the pool's owner has drawn.
    pub(super) orders: ProveOrder,
}

/// All that is read of a command that this version does not know.
#[derive(Deserialize)]
struct Named {
    id: CommandId,
    room: RoomId,
}

/// What became of a message on the room's topic for commands.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) reply: Reply,
    pub(super) trespass: Option<Trespass>,
}

impl Inbox {
    /// Judges a message, and has it carried out.
    ///
    /// # Errors
    /// What became of it could not be kept: then it is not answered, and the hub asks again.
    pub(super) async fn take(&self, message: &[u8], now: Utc) -> Result<Judged, KeptError> {
        let (command, sha256) = match self.believe(message, now) {
            Ok(believed) => believed,
            // of the hub's own, and of a later version than this room's: no trespass
            Err((Some(id), Rejection::WrongSchema)) => {
                let reason = Rejection::WrongSchema;
                return Ok(Judged {
                    trespass: None,
                    ..rejected(Some(id), reason)
                });
            }
            Err((id, reason)) => return Ok(rejected(id, reason)),
        };
        if let Some((known, reply)) = block_in_place(|| self.kept.command(&command.id))? {
            return Ok(match known == sha256 {
                true => Judged {
                    reply,
                    trespass: Some(Trespass::Repeated(command.id)),
                },
                false => rejected(Some(command.id), Rejection::IdReused),
            });
        }
        // after what is kept: whoever asks again for what was done in time gets the answer
        if now >= command.expires {
            return Ok(rejected(Some(command.id), Rejection::Expired));
        }
        let outcome = self.carry_out(&command, now).await?;
        let reply = Reply {
            command: Some(command.id.clone()),
            outcome,
        };
        let again = matches!(
            reply.outcome,
            ReplyOutcome::Rejected {
                reason: Rejection::Busy
            }
        );
        if !again {
            block_in_place(|| self.kept.keep_command(&command.id, sha256, &reply, now))?;
        }
        Ok(Judged {
            reply,
            trespass: None,
        })
    }

    /// The command, if it is the hub's, for this room, and plausible; and its hash.
    fn believe(
        &self,
        message: &[u8],
        now: Utc,
    ) -> Result<(HubCommand, [u8; 32]), (Option<CommandId>, Rejection)> {
        if message.len() > LARGEST_COMMAND {
            return Err((None, Rejection::TooLarge));
        }
        let envelope =
            Envelope::<Signed<HubCommand>>::read(message).map_err(|e| (None, told(&e)))?;
        let signed = envelope.data;
        let command = signed.open(&self.trusted).map_err(|distrust| {
            let reason = match distrust {
                Distrust::UnknownKey => Rejection::UnknownKey,
                Distrust::BadSignature => Rejection::BadSignature,
                // the hub's own, and newer than this room: it hears so
                Distrust::Unreadable => {
                    let named = serde_json::from_slice::<Named>(signed.statement.bytes());
                    let ours = named.ok().filter(|named| named.room == self.room);
                    return (ours.map(|named| named.id), Rejection::WrongSchema);
                }
            };
            // whose it is is not known, so its id is not repeated
            (None, reason)
        })?;
        let reject = |reason| Err((Some(command.id.clone()), reason));
        if command.room != self.room {
            return reject(Rejection::OtherRoom);
        }
        let lasts = command.expires.0.saturating_sub(command.issued.0);
        let too_long = i64::try_from(LONGEST.0).is_ok_and(|most| lasts > most);
        if lasts <= 0 || too_long || command.issued > now + CLOCKS {
            return reject(Rejection::ImplausibleTime);
        }
        let sha256 = Sha256::digest(signed.statement.bytes()).into();
        Ok((command, sha256))
    }

    async fn carry_out(&self, command: &HubCommand, now: Utc) -> Result<ReplyOutcome, KeptError> {
        let room = self.clerk.room();
        let (session, order) = match order(&room, &command.order) {
            Ok(Asked::Room(session, order)) => (session, *order),
            Ok(Asked::Part(part)) => return self.take_order_part(&command.id, part, now).await,
            Err(refusal) => return Ok(ReplyOutcome::Refused { refusal }),
        };
        let archive = self.archive(&room, &command.order);
        let actor = Actor::Daemon { part: Part::Hub };
        let id = Some(command.id.clone());
        let done = self.clerk.submit(actor, Some(session), id, order).await;
        Ok(match done {
            Ok(outcome) => ReplyOutcome::Done {
                seq: outcome.seq,
                archive: archive.map(Box::new),
            },
            Err(SubmitError::Refused(refusal)) => ReplyOutcome::Refused { refusal },
            Err(SubmitError::IdReused) => ReplyOutcome::Rejected {
                reason: Rejection::IdReused,
            },
            Err(
                SubmitError::Busy
                | SubmitError::NotWritten
                | SubmitError::Stopped
                | SubmitError::Fault,
            ) => ReplyOutcome::Rejected {
                reason: Rejection::Busy,
            },
        })
    }
}

impl Inbox {
    /// The archive that an order asks for.
    fn archive(&self, room: &Room, order: &HubOrder) -> Option<SealedArchive> {
        match order {
            HubOrder::RequestArchive { session } => {
                let kept = room.archives.get(session)?;
                Some(archive::describe(session, kept, &self.replicas))
            }
            HubOrder::PlanSession { .. }
            | HubOrder::ChangePlan { .. }
            | HubOrder::SetPolicies { .. }
            | HubOrder::CancelSession { .. }
            | HubOrder::SignDraw { .. }
            | HubOrder::StartRelay { .. }
            | HubOrder::EndRelay { .. }
            | HubOrder::GiveOrder { .. } => None,
        }
    }
}

/// What a command comes to.
enum Asked<'a> {
    /// It is put to the room in the room's own words.
    Room(SessionId, Box<Command>),
    /// A part of an order: the room hears of it once it is whole.
    Part(OrderPart<'a>),
}

fn order<'a>(room: &Room, order: &'a HubOrder) -> Result<Asked<'a>, Refusal> {
    let (session, command) = match order {
        HubOrder::PlanSession { plan } => {
            let plan = plan.clone();
            (plan.id.clone(), Command::PlanSession { plan })
        }
        HubOrder::ChangePlan { plan } => {
            let plan = plan.clone();
            (plan.id.clone(), Command::ChangePlan { plan })
        }
        HubOrder::SetPolicies { session, policies } => {
            let known = room.sessions.get(session);
            let known = known.ok_or_else(|| Refusal::NoSuchSession {
                session: session.clone(),
            })?;
            let mut plan = known.plan.clone();
            plan.policies.clone_from(policies);
            (session.clone(), Command::ChangePlan { plan })
        }
        HubOrder::CancelSession { session, reason } => (
            session.clone(),
            Command::AbortSession {
                typed: session.clone(),
                reason: reason.clone(),
            },
        ),
        HubOrder::SignDraw {
            session,
            attempt,
            signature,
        } => {
            let signature = draws::verified(room, session, *attempt, signature)?;
            let attempt = *attempt;
            (
                session.clone(),
                Command::CountersignDraw { attempt, signature },
            )
        }
        HubOrder::StartRelay {
            session,
            relay,
            feeds,
            until,
        } => {
            let (relay, feeds) = (relay.clone(), feeds.clone());
            let until = *until;
            let start = Command::StartRelay {
                relay,
                feeds,
                until,
            };
            (session.clone(), start)
        }
        HubOrder::EndRelay { session, relay } => {
            let relay = relay.clone();
            (session.clone(), Command::EndRelay { relay })
        }
        HubOrder::RequestArchive { session } => (session.clone(), Command::RequestArchive),
        HubOrder::GiveOrder {
            session,
            sha256,
            part,
            parts,
            content,
        } => {
            return Ok(Asked::Part(OrderPart {
                session,
                sha256,
                part: *part,
                parts: *parts,
                content,
            }));
        }
    };
    Ok(Asked::Room(session, Box::new(command)))
}

fn told(unreadable: &Unreadable) -> Rejection {
    match unreadable {
        Unreadable::TooLarge => Rejection::TooLarge,
        Unreadable::NotJson { .. } | Unreadable::NotAnEnvelope => Rejection::Unreadable,
        Unreadable::WrongType => Rejection::WrongType,
        Unreadable::WrongSchema => Rejection::WrongSchema,
    }
}

fn rejected(id: Option<CommandId>, reason: Rejection) -> Judged {
    Judged {
        reply: Reply {
            command: id.clone(),
            outcome: ReplyOutcome::Rejected { reason },
        },
        trespass: Some(Trespass::Command { id, reason }),
    }
}
