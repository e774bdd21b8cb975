//! Owns how an order that the pool's owner has drawn comes in from the hub: its parts are put together, it is proven and kept, and the
//! room is told; or why it is not taken. Nobody on the way reads it, and nothing of it is repeated.

use super::inbox::Inbox;
use super::kept::KeptError;
use crate::clerk::SubmitError;
use crate::hub::contract::{LARGEST_ORDER, Rejection, ReplyOutcome};
use crate::room::{
    Actor, ArrivedOrder, Command, CommandId, Hex32, OrderFault, Part, Refusal, SessionId, Utc,
    order_fault,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use tokio::task::block_in_place;

/// The most parts of an order.
const MOST_PARTS: u16 = 256;

/// What comes of looking into an order.
pub type Proven = anyhow::Result<Result<ArrivedOrder, OrderFault>>;

type Prove = dyn Fn(&SessionId, &[u8]) -> Proven + Send + Sync;

/// Proves an order for a session and keeps it in the vault, or says why it is not taken. Waits for the disk.
#[derive(Clone)]
pub struct ProveOrder(Arc<Prove>);

impl ProveOrder {
    /// By this.
    pub fn new(prove: impl Fn(&SessionId, &[u8]) -> Proven + Send + Sync + 'static) -> Self {
        Self(Arc::new(prove))
    }
}

impl fmt::Debug for ProveOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProveOrder(…)")
    }
}

/// A part of an order, as a command holds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct OrderPart<'a> {
    pub(super) session: &'a SessionId,
    pub(super) sha256: &'a Hex32,
    pub(super) part: u16,
    pub(super) parts: u16,
    pub(super) content: &'a str,
}

impl Inbox {
    /// Takes a part in. Once all are there, the order is the room's.
    ///
    /// # Errors
    /// The part could not be kept.
    pub(super) async fn take_order_part(
        &self,
        id: &CommandId,
        of: OrderPart<'_>,
        now: Utc,
    ) -> Result<ReplyOutcome, KeptError> {
        let room = self.clerk.room();
        let session = room.sessions.get(of.session);
        let known = session.and_then(|session| session.order.as_ref());
        let archive = None;
        if known.is_some_and(|known| &known.order.sha256 == of.sha256) {
            let seq = room.seq;
            return Ok(ReplyOutcome::Done { seq, archive });
        }
        let whole = match order_fault(&room, of.session, now) {
            Some(fault) => Err(fault),
            None => block_in_place(|| self.keep(of, now))?,
        };
        let order = match whole {
            Ok(None) => {
                let seq = room.seq;
                return Ok(ReplyOutcome::Done { seq, archive });
            }
            Ok(Some(whole)) => match block_in_place(|| (self.orders.0)(of.session, &whole)) {
                Ok(proven) => proven,
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "an order of the hub is not kept yet; it asks again");
                    return Ok(BUSY);
                }
            },
            Err(fault) => Err(fault),
        };
        let fault = match order {
            Ok(order) => {
                let arrived = Command::ReportOrderArrived { order };
                let of_session = Some(of.session.clone());
                let told = self
                    .clerk
                    .submit(ACTOR, of_session, Some(id.clone()), arrived);
                match told.await {
                    Ok(outcome) => {
                        block_in_place(|| self.kept.forget_order_parts(of.session, of.sha256))?;
                        let seq = outcome.seq;
                        return Ok(ReplyOutcome::Done { seq, archive });
                    }
                    Err(SubmitError::Refused(Refusal::OrderUnfit { fault })) => fault,
                    Err(SubmitError::Refused(refusal)) => {
                        return Ok(ReplyOutcome::Refused { refusal });
                    }
                    Err(_) => return Ok(BUSY),
                }
            }
            Err(fault) => fault,
        };
        self.refuse_order(of, fault).await
    }

    /// The whole order once this is its last part.
    fn keep(
        &self,
        of: OrderPart<'_>,
        now: Utc,
    ) -> Result<Result<Option<Vec<u8>>, OrderFault>, KeptError> {
        if of.parts > MOST_PARTS {
            return Ok(Err(OrderFault::TooLarge));
        }
        let content = STANDARD.decode(of.content);
        let Some(content) = content.ok().filter(|_| (1..=of.parts).contains(&of.part)) else {
            return Ok(Err(OrderFault::Broken));
        };
        let (which, place) = ((of.session, of.sha256), (of.part, of.parts));
        let Some(whole) = self.kept.keep_order_part(which, place, &content, now)? else {
            return Ok(Ok(None));
        };
        if whole.len() > LARGEST_ORDER {
            return Ok(Err(OrderFault::TooLarge));
        }
        let same = &Hex32::of(Sha256::digest(&whole).into()) == of.sha256;
        Ok(if same {
            Ok(Some(whole))
        } else {
            Err(OrderFault::Broken)
        })
    }

    /// Journals that it is not taken, so that the room's page says so too.
    async fn refuse_order(
        &self,
        of: OrderPart<'_>,
        fault: OrderFault,
    ) -> Result<ReplyOutcome, KeptError> {
        block_in_place(|| self.kept.forget_order_parts(of.session, of.sha256))?;
        let refused = Command::ReportOrderRefused {
            session: of.session.clone(),
            sha256: of.sha256.clone(),
            fault,
        };
        Ok(match self.clerk.submit(ACTOR, None, None, refused).await {
            Ok(_) => ReplyOutcome::Refused {
                refusal: Refusal::OrderUnfit { fault },
            },
            Err(_) => BUSY,
        })
    }
}

const ACTOR: Actor = Actor::Daemon { part: Part::Hub };

const BUSY: ReplyOutcome = ReplyOutcome::Rejected {
    reason: Rejection::Busy,
};
