//! Owns the audit trail: what kinds of things are written down, and of what. Its entries are made
//! of identifiers and fixed words, so that no secret and no personal data can get in.

use super::error::AccessError;
use super::permission::{Permission, may};
use super::principal::{Principal, TokenId};
use super::store::Access;
use crate::keys::{
    Line, MacPurpose, Trail, TrailFault, TrailFilter, TrailHead, TrailRow, open_reader,
};
use crate::room::{AccountId, CommandId, FeedId, MemberNo, SeatNo, SessionId, Utc, WorkstationId};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

pub(super) const TRAIL: Trail = Trail {
    table: "audit",
    head: MacPurpose::AuditHead,
};

macro_rules! audit_kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What kind of thing happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditKind { $($(#[$doc])* $name,)* }

        impl AuditKind {
            /// Every kind, for a filter's list.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it stands in the trail.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

audit_kinds! {
    /// Somebody signed in, or failed to.
    SignIn = "sign-in",
    /// Somebody signed out.
    SignOut = "sign-out",
    /// A sign-in was idle for too long.
    Lock = "lock",
    /// A sign-in was unlocked, or not.
    Unlock = "unlock",
    /// A sign-in was ended by somebody else.
    RevokeSignIn = "revoke-sign-in",
    /// Somebody changed his password.
    ChangePassword = "change-password",
    /// Somebody enrolled a second factor.
    EnrolFactor = "enrol-factor",
    /// The box made its first accounts.
    Bootstrap = "bootstrap",
    /// An account was made.
    CreateAccount = "create-account",
    /// An administrator's account was approved.
    ApproveAccount = "approve-account",
    /// An account was closed.
    CloseAccount = "close-account",
    /// A lockout was lifted.
    UnlockAccount = "unlock-account",
    /// A password was reset.
    ResetPassword = "reset-password",
    /// A second factor was reset.
    ResetFactor = "reset-factor",
    /// A code for enrolling a workstation was made.
    MakeEnrolmentCode = "make-enrolment-code",
    /// A workstation was enrolled, or not.
    EnrolWorkstation = "enrol-workstation",
    /// A workstation was revoked.
    RevokeWorkstation = "revoke-workstation",
    /// A check-in code was handed out.
    HandOutCode = "hand-out-code",
    /// A member checked in at a workstation, or not.
    CheckIn = "check-in",
    /// A member's sign-in ended.
    MemberSignOut = "member-sign-out",
    /// A token was made.
    MakeToken = "make-token",
    /// A token was revoked.
    RevokeToken = "revoke-token",
    /// A feed was watched.
    ViewFeed = "view-feed",
    /// A feed was published.
    PublishFeed = "publish-feed",
    /// A recorded file was read.
    ReadFile = "read-file",
    /// A still was taken from a recording.
    TakeStill = "take-still",
    /// A clip was taken of a sealed archive.
    TakeClip = "take-clip",
    /// A command was given.
    Command = "command",
    /// A page, stream or list was read that only some may see.
    Read = "read",
    /// A message came in the hub's name that is not believed, or not carried out.
    HubMessage = "hub-message",
    /// Somebody wanted what he may not.
    Denied = "denied",
    /// The audit trail was read or verified.
    ReadAudit = "read-audit",
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditObject {
    /// Nothing in particular.
    None,
    /// An account.
    Account(AccountId),
    /// A seat.
    Seat(SeatNo),
    /// A workstation.
    Workstation(SeatNo, WorkstationId),
    /// A member of a session.
    Member(SessionId, MemberNo),
    /// A session.
    Session(SessionId),
    /// A token.
    Token(TokenId),
    /// A feed.
    Feed(FeedId),
    /// A file of a feed's recording, by when it begins.
    File(SessionId, FeedId, Utc),
    /// A moment of a feed's recording.
    Moment(SessionId, FeedId, Utc),
    /// A stretch of some feeds' recordings.
    Clip(SessionId, BTreeSet<FeedId>, Utc, Utc),
    /// A command, by its kind's name and its id.
    Command(&'static str, CommandId),
    /// A route, as the route table spells it; never a request's own path.
    Route(&'static str),
}

impl fmt::Display for AuditObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Seat(seat) => write!(f, "seat:{seat}"),
            Self::Workstation(seat, id) => write!(f, "workstation:{seat}:{id}"),
            Self::Member(session, member) => write!(f, "member:{session}:{member}"),
            Self::Session(session) => write!(f, "session:{session}"),
            Self::Token(id) => write!(f, "token:{}", id.0),
            Self::Feed(feed) => write!(f, "feed:{feed}"),
            Self::File(session, feed, at) => write!(f, "file:{session}:{feed}:{}", at.0),
            Self::Moment(session, feed, at) => write!(f, "moment:{session}:{feed}:{}", at.0),
            Self::Clip(session, feeds, from, to) => {
                write!(f, "clip:{session}:{}:{}", from.0, to.0)?;
                feeds.iter().try_for_each(|feed| write!(f, ":{feed}"))
            }
            Self::Command(kind, id) => write!(f, "command:{kind}:{id}"),
            Self::Route(route) => write!(f, "route:{route}"),
        }
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditResult {
    /// As wanted.
    Done,
    /// Not; why, in a fixed word.
    Refused(&'static str),
}

impl AuditResult {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused(why) => why,
        }
    }
}

/// Who does something, from where and when: what every act on [`Access`] needs.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// Who.
    pub by: &'a Principal,
    /// From which network address; none on the box itself.
    pub address: Option<IpAddr>,
    /// When.
    pub now: Utc,
}

impl Access {
    /// Writes down what happened elsewhere: views, files, commands, denials.
    ///
    /// # Errors
    /// The disk fails: then what was to be written down must not be done either.
    pub fn record(
        &self,
        act: Act<'_>,
        kind: AuditKind,
        object: &AuditObject,
        result: AuditResult,
    ) -> Result<(), AccessError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        self.append(&tx, act, kind, object, result)?;
        Ok(tx.commit()?)
    }

    pub(super) fn append(
        &self,
        tx: &Connection,
        act: Act<'_>,
        kind: AuditKind,
        object: &AuditObject,
        result: AuditResult,
    ) -> Result<(), AccessError> {
        let line = Line {
            at: act.now,
            kind: kind.word(),
            subject: &act.by.to_string(),
            object: &object.to_string(),
            result: result.word(),
            address: &act.address.map(|a| a.to_string()).unwrap_or_default(),
        };
        Ok(TRAIL.append(tx, self.keys(), &line)?)
    }

    /// Up to `limit` (at most 500) rows, newest first, numbered below `before`.
    ///
    /// # Errors
    /// The audit administrator reads it, nobody else; reading is written down first.
    pub fn read_audit(
        &self,
        act: Act<'_>,
        filter: &TrailFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<TrailRow>, AccessError> {
        self.permit(
            act,
            Permission::ReadAudit,
            AuditKind::ReadAudit,
            &AuditObject::None,
        )?;
        self.record(
            act,
            AuditKind::ReadAudit,
            &AuditObject::None,
            AuditResult::Done,
        )?;
        Ok(TRAIL.page(&open_reader(self.path())?, filter, before, limit.min(500))?)
    }

    /// Reads the whole trail and checks every link of it.
    ///
    /// # Errors
    /// Outer: not permitted, or the disk fails. Inner: the first row that was tampered with.
    pub fn verify_audit(&self, act: Act<'_>) -> Result<Result<TrailHead, TrailFault>, AccessError> {
        self.permit(
            act,
            Permission::ReadAudit,
            AuditKind::ReadAudit,
            &AuditObject::None,
        )?;
        self.check_audit()
    }

    /// [`Access::verify_audit`] for the daemon itself, at start.
    ///
    /// # Errors
    /// As there.
    pub fn check_audit(&self) -> Result<Result<TrailHead, TrailFault>, AccessError> {
        Ok(TRAIL.verify(&open_reader(self.path())?, self.keys())?)
    }

    /// How far the trail reaches, to be witnessed elsewhere: who puts an older copy of the whole
    /// database in place is found by nothing else.
    ///
    /// # Errors
    /// The disk fails.
    pub fn audit_head(&self) -> Result<TrailHead, AccessError> {
        Ok(TRAIL.tip(&open_reader(self.path())?)?)
    }

    /// Says no, and writes down that it did, to whoever may not.
    pub(super) fn permit(
        &self,
        act: Act<'_>,
        permission: Permission,
        kind: AuditKind,
        object: &AuditObject,
    ) -> Result<(), AccessError> {
        if may(act.by, permission) {
            return Ok(());
        }
        self.record(act, kind, object, AuditResult::Refused("not-permitted"))?;
        Err(AccessError::NotPermitted)
    }
}
