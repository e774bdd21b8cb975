//! Owns an order that the pool's owner has drawn already and the municipal hub has brought: what the room knows of it before its draw
//! uses it, and why one is not taken. The order itself lies encrypted in the vault.

use super::draw::Hex32;
use super::ids::SessionId;
use super::session::Phase;
use super::state::Room;
use super::time::Utc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An order that has come, and was proven. Nothing in it names anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivedOrder {
    /// SHA-256 of the envelope.
    pub sha256: Hex32,
    /// Its bytes.
    pub bytes: u64,
    /// The key of the pool's owner, who has signed it.
    pub key: Hex32,
    /// People in the pool.
    pub rows: u32,
    /// The specialities that it was drawn for, in its order.
    pub specialities: Vec<String>,
}

/// An order that has come, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingOrder {
    /// When it was whole.
    pub since: Utc,
    /// Which.
    pub order: ArrivedOrder,
}

/// An order that was not taken, the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedOrder {
    /// When.
    pub at: Utc,
    /// For which session it was sent, whether there is one or not.
    pub session: SessionId,
    /// SHA-256 of the envelope, as the hub said it.
    pub sha256: Hex32,
    /// Why.
    pub fault: OrderFault,
}

/// Why an order is not taken. Repeats nothing of it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum OrderFault {
    // the room's
    /// The room has no such session, or it is over.
    #[serde(rename = "order_of_no_session")]
    NoSuchSession,
    /// Its committee is there already, or it has begun.
    #[serde(rename = "order_too_late")]
    TooLate,
    /// It is being drawn already.
    #[serde(rename = "order_while_drawn")]
    DrawLasts,

    // on its way
    /// It is larger than orders may be.
    #[serde(rename = "order_too_large")]
    TooLarge,
    /// Its parts are not what the hub said they are together.
    #[serde(rename = "order_broken")]
    Broken,

    // the envelope's
    /// No CMS envelope by AES-256-GCM to a P-256 certificate.
    #[serde(rename = "order_not_an_envelope")]
    NotAnEnvelope,
    /// For another box's certificate, or changed.
    #[serde(rename = "order_not_for_this_box")]
    NotForThisBox,

    // the order's
    /// Not as the README describes it.
    #[serde(rename = "order_unreadable")]
    Unreadable,
    /// Drawn by an algorithm that is not known here.
    #[serde(rename = "order_of_another_algorithm")]
    OtherAlgorithm,
    /// For another session.
    #[serde(rename = "order_of_another_session")]
    OtherSession,
    /// Signed by a key that the profile does not name.
    #[serde(rename = "order_of_an_unknown_key")]
    UnknownKey,
    /// Its signature or a secret is wrong.
    #[serde(rename = "order_not_proven")]
    NotProven,
    /// Drawn for another day.
    #[serde(rename = "order_of_another_day")]
    OtherDay,
    /// A row cannot be used.
    #[serde(rename = "order_with_a_bad_row")]
    BadRow,
    /// Drawn for other specialities than are asked for.
    #[serde(rename = "order_of_other_specialities")]
    OtherSpecialities,
    /// A named member could be drawn too.
    #[serde(rename = "order_with_a_named_member")]
    NamedMember,
}

impl fmt::Display for OrderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OrderFault::NoSuchSession => "the room has no such session",
            OrderFault::TooLate => "the session has its committee already, or has begun",
            OrderFault::DrawLasts => "the session is being drawn already",
            OrderFault::TooLarge => "it is larger than orders may be",
            OrderFault::Broken => "its parts are not what the hub said they are together",
            OrderFault::NotAnEnvelope => {
                "it is no CMS envelope encrypted with AES-256-GCM to a P-256 certificate"
            }
            OrderFault::NotForThisBox => {
                "it is not encrypted to this box's certificate, or was changed on its way"
            }
            OrderFault::Unreadable => "the file inside is not as the README describes it",
            OrderFault::OtherAlgorithm => "it was drawn by another algorithm",
            OrderFault::OtherSession => "it is for another session",
            OrderFault::UnknownKey => "its key is none of those that the profile names",
            OrderFault::NotProven => "its signature, or a secret of it, is wrong",
            OrderFault::OtherDay => "it avoids people by another day than the session's",
            OrderFault::BadRow => "one of its rows is not valid, or stands there twice",
            OrderFault::OtherSpecialities => "its specialities are not the ones asked for",
            OrderFault::NamedMember => "a named member could be drawn too",
        })
    }
}

/// Why the room would take no order for that session now, whatever is in it.
pub fn order_fault(room: &Room, session: &SessionId, now: Utc) -> Option<OrderFault> {
    let found = room.sessions.get(session);
    let Some(found) = found.filter(|found| !found.phase.is_over()) else {
        return Some(OrderFault::NoSuchSession);
    };
    if !matches!(found.phase, Phase::Planned) || now >= found.plan.start {
        return Some(OrderFault::TooLate);
    }
    let drawn = found.draw.as_ref().is_some_and(|draw| !draw.is_aborted());
    drawn.then_some(OrderFault::DrawLasts)
}
