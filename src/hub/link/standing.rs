//! Owns how the link stands, for alarms and pages; and what others tried that they may not, for the audit trail.

use crate::hub::contract::{Distrust, Rejection};
use crate::room::{CommandId, Seq, Utc};

/// How the link stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The broker that it is connected to.
    pub broker: Option<String>,
    /// Why it is not, in the system's words.
    pub fault: Option<String>,
    /// The hub says that it is there.
    pub hub: bool,
    /// The last entry that the hub has stored.
    pub receipted: Seq,
    /// Entries without a receipt.
    pub unreceipted: u64,
    /// The hub has stored another history than the box has: up to this entry they should be one.
    pub differs: Option<Seq>,
    /// Another box has this room's place.
    pub fenced: bool,
    /// The hub knows another box in this room's place, and has not taken this one in.
    pub not_admitted: bool,
    /// The hub's store went back to a time before this box had its place.
    pub restored: Option<Restored>,
    /// The last time that somebody was not who he should be.
    pub distrusted: Option<Utc>,
}

/// A hub's store that was put back to an earlier state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// The epoch that the box had.
    pub before: u64,
    /// The one that the hub says.
    pub now: u64,
    /// When it said so.
    pub at: Utc,
}

/// What somebody tried who may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trespass {
    /// A receipt that is not the hub's.
    Receipt(Distrust),
    /// A command that was not put to the room.
    Command {
        /// Its id, where it could be read.
        id: Option<CommandId>,
        /// Why.
        reason: Rejection,
    },
    /// A command that was dealt with came again: the hub's own redelivery, or somebody's replay. It got the first answer.
    Repeated(CommandId),
}
