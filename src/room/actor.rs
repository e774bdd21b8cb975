//! Owns who does something: every command has an actor, and every event says which.

use super::ids::{AccountId, MemberNo, SeatNo, SessionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who gives a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "role")]
pub enum Actor {
    /// The room's technician.
    Technician {
        /// Signed in as.
        account: AccountId,
    },
    /// A supervisor.
    Supervisor {
        /// Signed in as.
        account: AccountId,
    },
    /// An administrator of the system, of security or of the audit.
    Administrator {
        /// Signed in as.
        account: AccountId,
        /// Which of the three.
        of: Administration,
    },
    /// A committee member at a seat's workstation, by mask.
    Member {
        /// The session he belongs to.
        session: SessionId,
        /// His mask.
        member: MemberNo,
    },
    /// A workstation whose seat nobody has checked in at.
    Workstation {
        /// Its seat.
        seat: SeatNo,
    },
    /// A bidder's representative in the Q&A room.
    Bidder {
        /// Signed in as.
        account: AccountId,
    },
    /// A part of the daemon that reports what it sees.
    Daemon {
        /// Which.
        part: Part,
    },
}

/// The three administrations that must be apart (等保 2.0).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Administration {
    /// Accounts and equipment.
    System,
    /// Policies of access: lockouts, second factors, tokens.
    Security,
    /// Reads the audit trail.
    Audit,
}

/// Parts of the daemon that give commands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Start, stop and configuration.
    App,
    /// Deadlines.
    Clock,
    /// Feeds and recordings.
    Media,
    /// Disks, clock offset, temperatures.
    Health,
    /// Sign-in, enrolment and check-in codes.
    Access,
    /// Sealing, and what is read back.
    Archive,
    /// What the municipal hub asks, by a signed command.
    Hub,
    /// Computes the draw.
    Draw,
    /// Lines and calls.
    Phones,
}
