//! Owns who a request comes from.

use crate::room::{
    AccountId, Actor, Administration, FeedId, MemberNo, Part, SeatNo, SessionId, WorkstationId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an account is for; one account has one.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the room.
    Technician,
    /// Sees and hears everything, touches no score.
    Supervisor,
    /// A committee member with an account of his own; the seat's sign-in does not need one.
    Expert,
    /// Makes and closes accounts.
    SystemAdministrator,
    /// Unlocks, resets passwords and factors, approves administrators, gives out tokens.
    SecurityAdministrator,
    /// Reads the audit trail.
    AuditAdministrator,
    /// A bidder's representative in the Q&A room.
    Bidder,
}

impl Role {
    pub(super) const ALL: [Self; 7] = [
        Self::Technician,
        Self::Supervisor,
        Self::Expert,
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::AuditAdministrator,
        Self::Bidder,
    ];

    /// The word that stands in the database and in the audit trail.
    pub fn word(self) -> &'static str {
        match self {
            Self::Technician => "technician",
            Self::Supervisor => "supervisor",
            Self::Expert => "expert",
            Self::SystemAdministrator => "system-administrator",
            Self::SecurityAdministrator => "security-administrator",
            Self::AuditAdministrator => "audit-administrator",
            Self::Bidder => "bidder",
        }
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// One of the three that must be apart.
    pub fn is_administrator(self) -> bool {
        matches!(
            self,
            Self::SystemAdministrator | Self::SecurityAdministrator | Self::AuditAdministrator
        )
    }
}

/// One sign-in of an account.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SignInId(pub i64);

/// One bearer token.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct TokenId(pub i64);

/// How far a sign-in is good:
///
/// ```text
/// MustChangePassword ─► MustEnrolFactor ─► Open ⇄ Locked
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInState {
    /// The one-time password must be replaced first.
    MustChangePassword,
    /// The policy demands a second factor, and the account has none.
    MustEnrolFactor,
    /// Good.
    Open,
    /// Idle for too long: nothing but unlocking, and media that is already running.
    Locked,
}

/// What a bearer token is good for.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Publish one feed by WHIP.
    Publish(FeedId),
    /// Watch one feed by WHEP.
    View(FeedId),
    /// Watch every feed.
    ViewAll,
    /// Read `/metrics`.
    Metrics,
}

/// Who a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person with an account.
    Account {
        /// Which.
        id: AccountId,
        /// Its role.
        role: Role,
        /// By which sign-in.
        sign_in: SignInId,
        /// How far that is good.
        state: SignInState,
    },
    /// A committee member who checked in at his seat.
    Member {
        /// His session.
        session: SessionId,
        /// His mask.
        member: MemberNo,
        /// His seat.
        seat: SeatNo,
        /// The browser there.
        workstation: WorkstationId,
    },
    /// An enrolled workstation at which nobody has checked in.
    Workstation {
        /// Its seat.
        seat: SeatNo,
        /// The browser there.
        workstation: WorkstationId,
    },
    /// A program.
    Token {
        /// Which token.
        id: TokenId,
        /// What it is good for.
        scopes: Vec<Scope>,
    },
    /// Somebody on the box itself, over the control socket, whom the system let in.
    Local {
        /// The user id that the kernel vouches for.
        uid: u32,
    },
    /// The daemon itself, when it ends what has run out; no request is ever taken for it.
    Daemon,
    /// Nobody known.
    Anonymous,
}

impl Principal {
    /// As whom the clerk takes commands from him; none for those who give none.
    pub fn actor(&self) -> Option<Actor> {
        Some(match self {
            Self::Account { id, role, .. } => {
                let account = id.clone();
                let administrator = |of| Actor::Administrator {
                    account: id.clone(),
                    of,
                };
                match role {
                    Role::Technician => Actor::Technician { account },
                    Role::Supervisor => Actor::Supervisor { account },
                    Role::SystemAdministrator => administrator(Administration::System),
                    Role::SecurityAdministrator => administrator(Administration::Security),
                    Role::AuditAdministrator => administrator(Administration::Audit),
                    Role::Bidder => Actor::Bidder { account },
                    Role::Expert => return None,
                }
            }
            Self::Member {
                session, member, ..
            } => Actor::Member {
                session: session.clone(),
                member: *member,
            },
            Self::Workstation { seat, .. } => Actor::Workstation { seat: *seat },
            Self::Local { .. } => Actor::Technician {
                account: "local".parse().expect("a plain word is an account's name"),
            },
            Self::Daemon => Actor::Daemon { part: Part::Access },
            Self::Token { .. } | Self::Anonymous => return None,
        })
    }
}

/// As the audit trail names its subjects.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { id, role, .. } => write!(f, "{}:{id}", role.word()),
            Self::Member {
                session, member, ..
            } => write!(f, "member:{session}:{member}"),
            Self::Workstation { seat, .. } => write!(f, "workstation:{seat}"),
            Self::Token { id, .. } => write!(f, "token:{}", id.0),
            Self::Local { uid } => write!(f, "local:{uid}"),
            Self::Daemon => f.write_str("daemon"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}
