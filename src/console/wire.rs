//! Owns what goes over the wire beside the views: what pages post, and what they get back.

use crate::access::{Role, Scope, SignInState};
use crate::room::{
    AccountId, Command, CommandId, EquipmentId, FeedId, GapCause, MemberKind, MemberNo, Refusal,
    SeatNo, Seq, SessionId, SessionKind, Track, Utc,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Made by the sender; the same id is carried out once.
    pub id: CommandId,
    /// The session it is for; none for the room's own.
    pub session: Option<SessionId>,
    /// What is asked.
    pub command: Command,
}

/// A command was carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Carried {
    /// The journal's last number after it.
    pub seq: Seq,
}

/// Why something was not done (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable; the page translates it.
    pub code: String,
    /// In English, for programs and logs.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The room's refusal, where it was the room that said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Faults of an uploaded table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowFaultView>,
    /// When it can be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Utc>,
}

/// A fault of an uploaded table; never repeats what stood there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowFaultView {
    /// Line in the file; the header is line 1.
    pub line: u64,
    /// Which column; none where the fault is not of one cell.
    pub column: Option<String>,
    /// What is wrong.
    pub code: String,
}

/// Who the browser is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Caller {
    /// Nobody known.
    Nobody,
    /// Signed in with an account.
    Account {
        /// Which.
        account: AccountId,
        /// Its role.
        role: Role,
        /// How far the sign-in is good.
        state: SignInState,
    },
    /// An enrolled workstation.
    Workstation {
        /// Its seat.
        seat: SeatNo,
    },
    /// A committee member at his seat.
    Member {
        /// His session.
        session: SessionId,
        /// His mask.
        member: MemberNo,
        /// His seat.
        seat: SeatNo,
    },
}

/// What the browser should know before anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// Who it is.
    pub caller: Caller,
    /// The room's name.
    pub room: String,
    /// Its city or centre.
    pub city: String,
    /// What a workstation should send.
    pub pictures: Pictures,
}

/// What a workstation should send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pictures {
    /// The face, full size.
    pub face: Picture,
    /// The face, for tiles.
    pub face_small: Picture,
    /// The screen, full size.
    pub screen: Picture,
    /// The screen, for tiles.
    pub screen_small: Picture,
}

/// Limits of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
    /// Bits a second.
    pub bitrate: u32,
}

/// Signs in, or unlocks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The account.
    pub account: String,
    /// Its password.
    pub password: String,
    /// The second factor's code, once it is asked for.
    #[serde(default)]
    pub code: Option<String>,
}

/// Changes one's own password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The old one.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// Confirms a second factor with its first code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmFactor {
    /// Six digits.
    pub code: String,
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), " { … }"))
            }
        }
    )*};
}

redacted!(
    SignIn,
    ChangePassword,
    ConfirmFactor,
    Code,
    AtTheGate,
    NewPerson,
    FactorOffer,
    OneTimeCode,
    GateCode,
    IssuedPassword,
    IssuedToken
);

/// A second factor to enrol.
#[derive(Serialize, JsonSchema)]
pub struct FactorOffer {
    /// For an authenticator's text field.
    pub uri: String,
    /// The same as a picture, SVG.
    pub qr: String,
}

/// A one-time code: enrolment or check-in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// As it was handed out.
    pub code: String,
}

/// A code for a seat's workstation. Shown once.
#[derive(Serialize, JsonSchema)]
pub struct OneTimeCode {
    /// The code.
    pub code: String,
    /// Until when it is good.
    pub expires: Utc,
}

/// A person who stands at the gate: by ID number, or by mask where he was identified by eye.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtTheGate {
    /// The ID number, typed or read from the card; kept nowhere.
    #[serde(default)]
    pub id_number: Option<String>,
    /// The mask.
    #[serde(default)]
    pub member: Option<MemberNo>,
}

/// A member's code for checking in at his seat. Shown once.
#[derive(Serialize, JsonSchema)]
pub struct GateCode {
    /// His mask.
    pub member: MemberNo,
    /// Expert or tenderer representative.
    pub kind: MemberKind,
    /// The seat that chance gave him.
    pub seat: SeatNo,
    /// The code.
    pub code: String,
}

/// A person who takes a missing member's place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// Whose place.
    pub member: MemberNo,
    /// A table of one row, as for the committee.
    pub table: String,
}

/// A committee was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Convened {
    /// Experts.
    pub experts: usize,
    /// Tenderer representatives.
    pub tenderer_representatives: usize,
    /// The journal's last number after it.
    pub seq: Seq,
}

/// An account, for the administrators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    /// Its name.
    pub id: AccountId,
    /// Its role.
    pub role: Role,
    /// Closed for good.
    pub closed: bool,
    /// An administrator's account that the security administrator has not approved yet.
    pub waits_for_approval: bool,
    /// Locked out until then.
    pub locked_until: Option<Utc>,
    /// Whether it has a second factor.
    pub factor: bool,
    /// Last sign-in.
    pub last_sign_in: Option<Utc>,
}

/// Makes an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name.
    pub id: AccountId,
    /// Its role.
    pub role: Role,
}

/// What an administrator does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountAct {
    /// Closes it for good. System administrator.
    Close,
    /// Approves an administrator's account. Security administrator.
    Approve,
    /// Lifts a lockout. Security administrator.
    Unlock,
    /// Gives a new one-time password. Security administrator.
    ResetPassword,
    /// Takes the second factor away, so that a new one is enrolled. Security administrator.
    ResetFactor,
}

/// What an administrator wants.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountOrder {
    /// The act.
    pub act: AccountAct,
}

/// A one-time password, where the act made one. Shown once.
#[derive(Serialize, JsonSchema)]
pub struct IssuedPassword {
    /// The password.
    pub password: Option<String>,
}

/// A token, for the security administrator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// Until when.
    pub expires: Utc,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Makes a token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenOrder {
    /// What it is called.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// Until when.
    pub expires: Utc,
}

/// A new token. Shown once.
#[derive(Serialize, JsonSchema)]
pub struct IssuedToken {
    /// Its number.
    pub id: i64,
    /// What a client sends as bearer.
    pub token: String,
}

/// A row of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    /// Its number.
    pub no: u64,
    /// When.
    pub at: Utc,
    /// What kind of thing.
    pub kind: String,
    /// By whom.
    pub subject: String,
    /// To what.
    pub object: String,
    /// How it ended.
    pub result: String,
    /// From which address.
    pub address: String,
}

/// Whether the audit trail is whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerification {
    /// Rows that were checked.
    pub rows: u64,
    /// The first row that is not as it was written; none where all are.
    pub broken_at: Option<u64>,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// A recorded session.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecordedSession {
    /// Its number.
    pub id: SessionId,
    /// Real, or a rehearsal; none where the journal does not know it any more.
    pub kind: Option<SessionKind>,
    /// Its feeds.
    pub feeds: Vec<RecordedFeed>,
    /// Moments on the timeline: phases, marks, warnings.
    pub moments: Vec<super::views::Line>,
}

/// A recorded feed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecordedFeed {
    /// Its id.
    pub id: FeedId,
    /// What people call it.
    pub name: String,
    /// Its segments, in order.
    pub segments: Vec<RecordedSegment>,
    /// What is missing.
    pub gaps: Vec<RecordedGap>,
    /// What is wrong with its index, where something is.
    pub fault: Option<String>,
}

/// One file of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecordedSegment {
    /// Its file name.
    pub file: String,
    /// From when.
    pub from: Utc,
    /// Until when; so far, while it grows.
    pub to: Utc,
    /// Bytes.
    pub bytes: u64,
    /// How its tracks are coded.
    pub codecs: Vec<String>,
    /// Whether it is closed, hashed and indexed.
    pub closed: bool,
}

/// A gap of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecordedGap {
    /// Of which track.
    pub track: Track,
    /// From when.
    pub from: Utc,
    /// Until when; none while it lasts.
    pub to: Option<Utc>,
    /// Why.
    pub cause: GapCause,
}

/// How the box stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Whether the daemon can do its work.
    pub ok: bool,
    /// Its version.
    pub version: String,
    /// The journal's last number.
    pub seq: Seq,
    /// Equipment with faults.
    pub failing: Vec<EquipmentId>,
}
