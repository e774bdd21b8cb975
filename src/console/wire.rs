//! Owns what goes over the wire beside the views: what pages post, and what they get back.

use crate::access::{Role, Scope, SignInState};
use crate::archive::playback::FeedRecording;
use crate::config::Media;
use crate::hub::contract::{HubOrder, Key};
use crate::room::{
    AccountId, Command, CommandId, EquipmentId, FeedId, HandedOver, Hex32, Kept, MemberKind,
    MemberNo, Note, PersonalData, Policies, Refusal, RelayId, Replica, ReplicaId, Room, SeatNo,
    Seq, SessionId, SessionKind, Utc,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// In which table, where several were sent: `pool`, `recusals`, `named`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Welcome {
    /// Who it is.
    pub caller: Caller,
    /// The room's name.
    pub room: String,
    /// Its city or centre.
    pub city: String,
    /// The zone that its times are shown in, e.g. `Asia/Shanghai`.
    pub time_zone: String,
    /// What a workstation should send.
    pub pictures: Media,
    /// Whether this is the city's hub, not a room.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hub: bool,
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

/// A draw is to be prepared. Tables are CSV in UTF-8 or GB18030, as base64 of the file's bytes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawOrder {
    /// The expert pool; none where an order is given.
    #[serde(default)]
    pub pool: Option<String>,
    /// An order that the pool's owner has drawn: the CMS envelope, as base64 of its bytes.
    #[serde(default)]
    pub order: Option<String>,
    /// The order that the hub has brought, by the SHA-256 of its envelope: it lies in the box already.
    #[serde(default)]
    pub from_hub: Option<Hex32>,
    /// Who must not be drawn.
    #[serde(default)]
    pub recusals: Option<String>,
    /// Designated experts and tenderer representatives, as a committee's table.
    #[serde(default)]
    pub named: Option<String>,
    /// The specialities, and how many of each.
    pub groups: Vec<DrawGroup>,
}

impl std::fmt::Debug for DrawOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DrawOrder(…)")
    }
}

/// A speciality that is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawGroup {
    /// As the pool writes it.
    pub speciality: String,
    /// How many.
    pub count: u8,
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

/// Makes a token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenOrder {
    /// What it is called.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// Until when; none: until it is revoked.
    pub expires: Option<Utc>,
}

/// A new token. Shown once.
#[derive(Serialize, JsonSchema)]
pub struct IssuedToken {
    /// Its number.
    pub id: i64,
    /// What a client sends as bearer.
    pub token: String,
}

/// Whether the audit trail is whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerification {
    /// Rows that are as they were written; 0 where one is not.
    pub rows: u64,
    /// The first row that is not, and what is wrong with it.
    pub fault: Option<String>,
}

/// A session in the list of those that have recordings.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecordedLine {
    /// Which it is.
    #[serde(flatten)]
    pub line: super::views::SessionLine,
    /// How its archive is kept; none while it is not sealed and read back.
    pub archive: Option<ArchiveView>,
}

/// How a sealed archive is kept.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ArchiveView {
    /// Until when at least; none: for good.
    pub until: Option<Utc>,
    /// Why it may not go, whatever its age.
    pub hold: Option<Note>,
    /// Whether it is being deleted.
    pub released: bool,
    /// Until when its personal data and call recordings at least; none: as long as itself.
    pub personal_until: Option<Utc>,
    /// Whether it still holds them.
    pub personal_data: PersonalData,
    /// Who has it too, by a signed receipt.
    pub handed_over: Option<HandedOver>,
    /// When the municipal hub asked for it last.
    pub requested: Option<Utc>,
    /// What each replica of the profile is known to hold of it.
    pub replicas: Vec<ReplicaView>,
}

/// An archive in one replica.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ReplicaView {
    /// Which replica.
    pub id: ReplicaId,
    /// What was seen there last; none before all was copied.
    pub seen: Option<Replica>,
}

impl ArchiveView {
    /// What the room knows of it.
    pub(super) fn of(room: &Room, kept: &Kept) -> Self {
        let replica = |id: &ReplicaId| ReplicaView {
            id: id.clone(),
            seen: kept.replicas.get(id).cloned(),
        };
        Self {
            until: kept.until(),
            hold: kept.hold.clone(),
            handed_over: kept.handed_over.clone(),
            requested: kept.requested,
            released: kept.released,
            personal_until: kept.personal_until(),
            personal_data: kept.personal_data,
            replicas: room.layout.replicas.iter().map(replica).collect(),
        }
    }
}

/// A recorded session.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecordedSession {
    /// Its number.
    pub id: SessionId,
    /// Real, or a rehearsal; none where the journal does not know it any more.
    pub kind: Option<SessionKind>,
    /// What people call its feeds.
    pub names: BTreeMap<FeedId, String>,
    /// What there is of each.
    pub feeds: Vec<FeedRecording>,
    /// Moments on the timeline: phases, marks, warnings.
    pub moments: Vec<super::views::Line>,
}

/// The running session's newest checkpoint, for a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NewestCheckpoint {
    /// Which session.
    pub session: SessionId,
    /// When it was stated.
    pub at: Utc,
    /// A line that `bidroom verify --witness` takes.
    pub text: String,
    /// The same as a QR code, an SVG document.
    pub qr: String,
}

/// A sub-venue's archive, to be taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeArchive {
    /// The bag's folder on the box, e.g. on the disk that was brought.
    pub folder: String,
}

/// How far the taking of an archive is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum TakenSoFar {
    /// Copied and verified so many bytes.
    Doing {
        /// Done.
        done: u64,
        /// Of so many.
        of: u64,
    },
    /// It is here, whole.
    Taken {
        /// Whose archive.
        session: SessionId,
        /// Its files.
        files: u64,
        /// Their bytes.
        bytes: u64,
        /// The receipt's file on the box; its signature lies beside it.
        receipt: String,
    },
    /// It is not.
    Refused {
        /// Why, in English.
        why: String,
    },
}

/// A receipt that another venue gave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenReceipt {
    /// Its text, as it is.
    pub receipt: String,
    /// Its CMS signature, base64.
    pub signature: String,
}

/// A receipt that is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BelievedReceipt {
    /// For which archive.
    pub session: SessionId,
    /// Who has it.
    pub to: Note,
}

/// A still to be taken of a feed's recording.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StillOrder {
    /// The file that shows it.
    pub file: String,
    /// The picture's moment, in the file or after its beginning.
    pub at: Utc,
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

/// Ends an evaluation that has not begun.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Its number, typed by hand.
    pub typed: SessionId,
    /// Why; shown in the rooms.
    pub reason: Note,
}

/// Gives an evaluation policies of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPolicies {
    /// All of them; none for each room's.
    pub policies: Option<Policies>,
}

/// Asks a room for an archive.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveOf {
    /// Of which session.
    pub session: SessionId,
}

impl From<ArchiveOf> for HubOrder {
    fn from(asked: ArchiveOf) -> Self {
        let ArchiveOf { session } = asked;
        Self::RequestArchive { session }
    }
}

/// Sends a room an order that the pool's owner has drawn.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderOf {
    /// For which session.
    pub session: SessionId,
    /// The CMS envelope that he has encrypted to the room's certificate, as base64 of its bytes.
    pub order: String,
}

/// Asks a room for feeds, live.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayOf {
    /// Of the session that holds the room.
    pub session: SessionId,
    /// To which of the places that its profile permits.
    pub relay: RelayId,
    /// Which, of those that are permitted there.
    pub feeds: BTreeSet<FeedId>,
    /// Until when, at most 24 hours ahead.
    pub until: Utc,
}

impl From<RelayOf> for HubOrder {
    fn from(asked: RelayOf) -> Self {
        let RelayOf {
            session,
            relay,
            feeds,
            until,
        } = asked;
        Self::StartRelay {
            session,
            relay,
            feeds,
            until,
        }
    }
}

/// Asks a room to send feeds no longer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayEndOf {
    /// Of which session.
    pub session: SessionId,
    /// To which place.
    pub relay: RelayId,
}

impl From<RelayEndOf> for HubOrder {
    fn from(asked: RelayEndOf) -> Self {
        let RelayEndOf { session, relay } = asked;
        Self::EndRelay { session, relay }
    }
}

/// Puts a box in a room's place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmitBox {
    /// The box's public key.
    #[serde(rename = "box")]
    pub by: Key,
}
