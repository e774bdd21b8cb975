//! Owns the messages themselves, but for the public state.

use super::envelope::Payload;
use super::raw::Raw;
use super::signed::{Key, Signature, Signed, Statement};
use crate::archive::checkpoints::SignedCheckpoint;
use crate::config::RoomId;
use crate::room::{
    Actor, BootId, CommandId, Event, FeedId, Hex32, Note, Plan, Policies, Refusal, RelayId,
    ReplicaId, Seq, SessionId, SessionKind, Stamp, Utc,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Whether a room is there. The broker says the death that the room has left with it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// Whether it is.
    pub online: bool,
    /// Which connection this is about: a late death of an older one means nothing.
    pub run: String,
    /// The kernel's boot.
    pub boot_id: BootId,
    /// The daemon's version.
    pub version: String,
    /// The certificate that orders are encrypted to, signed by the box. A broker that puts another in its place is found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Signed<BoxCertificate>>,
}

/// A certificate to which others encrypt what only the box is to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoxCertificate {
    /// Of which room.
    pub room: RoomId,
    /// X.509 with a P-256 key, PEM.
    pub certificate: String,
}

impl Statement for BoxCertificate {
    const TYPE: &'static str = "bidroom.box-certificate.v1";
}

impl Payload for Presence {
    const TYPE: &'static str = "bidroom.presence.v1";
}

/// Whether the hub is there: rooms hold their entries back while it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HubPresence {
    /// Whether it is.
    pub online: bool,
    /// Which connection this is about.
    pub run: String,
    /// The key that it signs with.
    pub key: Key,
}

impl Payload for HubPresence {
    const TYPE: &'static str = "bidroom.hub-presence.v1";
}

/// A line of the journal: an event with its place in the chain. The bytes of it are hashed; `sha256` beside it says what they give.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JournalLine(pub Raw<LineShape>);

impl Payload for JournalLine {
    const TYPE: &'static str = "bidroom.event.v1";
}

impl JsonSchema for JournalLine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "JournalLine".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        LineShape::json_schema(generator)
    }
}

/// What a line holds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct LineShape {
    /// SHA-256 of the line before it in the box, hex; zeros in the first.
    pub prev: String,
    /// SHA-256 of the line before it in its session, hex; none for the room's own.
    pub session_prev: Option<String>,
    /// Its number in the box: 1, 2, 3, …
    pub seq: Seq,
    /// When.
    pub stamp: Stamp,
    /// The session it belongs to; none for the room's own.
    pub session: Option<SessionId>,
    /// By whose command.
    pub actor: Actor,
    /// By which command.
    pub command: Option<CommandId>,
    /// What happened.
    pub event: Event,
}

/// What chains a line; all that a hub must understand of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Links {
    /// SHA-256 of the line before it.
    pub prev: String,
    /// Its number.
    pub seq: Seq,
    /// Its session.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// When.
    pub stamp: At,
}

/// The wall time of a line.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct At {
    /// Milliseconds since 1970 UTC.
    pub at: Utc,
}

impl Payload for SignedCheckpoint {
    const TYPE: &'static str = "bidroom.checkpoint.v1";
}

/// How far the hub has stored a room's entries, for good. The room lets go of them on this alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Of which room.
    pub room: RoomId,
    /// Of which box, by its public key. Another one's entries are not taken.
    #[serde(rename = "box")]
    pub by: Key,
    /// Counts the room's boxes: 1 for the first, one more each time that it is replaced.
    pub epoch: u64,
    /// The last entry that is stored; 0 where none is.
    pub upto: Seq,
    /// SHA-256 of its line, hex; zeros where there is none.
    pub head_sha256: String,
    /// When the hub said so: a later receipt counts more than an earlier one.
    pub at: Utc,
    /// Boxes that had the room's place before, newest first, some of the last: whoever finds himself here is fenced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Key>,
    /// Attendance statements that the hub has stored, by their `sha256`, some of the last: they need not be sent again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<String>,
}

impl Statement for Receipt {
    const TYPE: &'static str = "bidroom.receipt.v1";
}

/// What the hub asks of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HubCommand {
    /// Tells it from all others, for good: it is carried out once.
    pub id: CommandId,
    /// Which room is asked. Any other refuses.
    pub room: RoomId,
    /// When it was written.
    pub issued: Utc,
    /// From when on it is refused. At most 7 days after `issued`.
    pub expires: Utc,
    /// What is asked.
    pub order: HubOrder,
}

impl Statement for HubCommand {
    const TYPE: &'static str = "bidroom.command.v1";
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum HubOrder {
    /// Plans a session: this room's part of an evaluation.
    PlanSession {
        /// The plan.
        plan: Plan,
    },
    /// Replaces the plan of a session that is not convened yet.
    ChangePlan {
        /// The plan.
        plan: Plan,
    },
    /// Gives a session that is not convened yet policies of its own; none for the profile's.
    SetPolicies {
        /// Which.
        session: SessionId,
        /// By which it is to run.
        policies: Option<Policies>,
    },
    /// Ends a session that has not begun.
    CancelSession {
        /// Which.
        session: SessionId,
        /// Why; shown in the room.
        reason: Note,
    },
    /// Signs what a session's draw committed to: Ed25519 by the hub's key over the text that the README gives. The answer to the
    /// entry `draw_signature_asked` of the room's journal, once that is stored.
    SignDraw {
        /// Of which session.
        session: SessionId,
        /// Which of its draws.
        attempt: u16,
        /// The signature.
        signature: Signature,
    },
    /// Asks for feeds of a session, live: the room sends them by WHIP to a place that its profile permits. Asked again for the same
    /// place, it replaces what was asked before.
    StartRelay {
        /// Of which session; it must hold the room.
        session: SessionId,
        /// To which of the places that the room's state lists.
        relay: RelayId,
        /// Which feeds, of those that are permitted there.
        feeds: BTreeSet<FeedId>,
        /// Until when, at most 24 hours ahead.
        until: Utc,
    },
    /// Ends that.
    EndRelay {
        /// Of which session.
        session: SessionId,
        /// To which place.
        relay: RelayId,
    },
    /// Hands over an order that the pool's owner has drawn already: one part of the envelope that he has encrypted to the box. The
    /// room puts the parts together, proves the order, and keeps it until its technician's draw uses it.
    GiveOrder {
        /// For which session.
        session: SessionId,
        /// SHA-256 of the whole envelope (CMS in DER), hex.
        sha256: Hex32,
        /// Which part, from 1 on. They may come in any order.
        part: u16,
        /// How many there are: at most 256.
        parts: u16,
        /// The part's bytes, base64. A command has 128 KiB at most.
        content: String,
    },
    /// Asks which archive the room has of a session: the answer names it, so that whoever gets it from the box or a replica knows
    /// whether it is that one.
    RequestArchive {
        /// Of which session.
        session: SessionId,
    },
}

impl HubOrder {
    /// In a fixed word, as it is written.
    pub fn word(&self) -> &'static str {
        match self {
            HubOrder::PlanSession { .. } => "plan_session",
            HubOrder::ChangePlan { .. } => "change_plan",
            HubOrder::SetPolicies { .. } => "set_policies",
            HubOrder::CancelSession { .. } => "cancel_session",
            HubOrder::SignDraw { .. } => "sign_draw",
            HubOrder::StartRelay { .. } => "start_relay",
            HubOrder::EndRelay { .. } => "end_relay",
            HubOrder::GiveOrder { .. } => "give_order",
            HubOrder::RequestArchive { .. } => "request_archive",
        }
    }

    /// The session that it is about.
    pub fn session(&self) -> &SessionId {
        match self {
            HubOrder::PlanSession { plan } | HubOrder::ChangePlan { plan } => &plan.id,
            HubOrder::SetPolicies { session, .. }
            | HubOrder::CancelSession { session, .. }
            | HubOrder::SignDraw { session, .. }
            | HubOrder::StartRelay { session, .. }
            | HubOrder::EndRelay { session, .. }
            | HubOrder::GiveOrder { session, .. }
            | HubOrder::RequestArchive { session } => session,
        }
    }
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// Of which; none where not even that could be read.
    pub command: Option<CommandId>,
    /// What.
    pub outcome: ReplyOutcome,
}

impl Payload for Reply {
    const TYPE: &'static str = "bidroom.reply.v1";
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum ReplyOutcome {
    /// It was carried out, now or before.
    Done {
        /// The journal's last entry of it.
        seq: Seq,
        /// The archive that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        archive: Option<Box<SealedArchive>>,
    },
    /// The room says no; why.
    Refused {
        /// The room's reason.
        refusal: Refusal,
    },
    /// It was not put to the room.
    Rejected {
        /// Why.
        reason: Rejection,
    },
}

/// Why a command was not put to the room.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// It cannot be read.
    Unreadable,
    /// It is larger than commands may be.
    TooLarge,
    /// It is of another type or version.
    WrongType,
    /// It does not hold what its schema says, or asks what the room's version does not know.
    WrongSchema,
    /// Whoever signed it is not the hub.
    UnknownKey,
    /// The signature is not the key's.
    BadSignature,
    /// It was for another room.
    OtherRoom,
    /// Its time is over.
    Expired,
    /// It is from later than now, or lasts longer than commands may: a clock is wrong.
    ImplausibleTime,
    /// Another command had that id.
    IdReused,
    /// The room could not take it now. Ask again, under the same id.
    Busy,
}

impl Rejection {
    /// In a fixed word, for trails.
    pub fn word(self) -> &'static str {
        match self {
            Rejection::Unreadable => "unreadable",
            Rejection::TooLarge => "too-large",
            Rejection::WrongType => "wrong-type",
            Rejection::WrongSchema => "wrong-schema",
            Rejection::UnknownKey => "unknown-key",
            Rejection::BadSignature => "bad-signature",
            Rejection::OtherRoom => "other-room",
            Rejection::Expired => "expired",
            Rejection::ImplausibleTime => "implausible-time",
            Rejection::IdReused => "id-reused",
            Rejection::Busy => "busy",
        }
    }
}

/// A sealed archive: enough to know it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SealedArchive {
    /// Of which session.
    pub session: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// SHA-256 of its `tagmanifest-sha256.txt`, hex: the file that is signed, which fixes all others.
    pub tagmanifest_sha256: String,
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When it was sealed.
    pub sealed: Utc,
    /// Whether a time-stamping authority has confirmed that.
    pub timestamped: bool,
    /// Files of the box's own copy that are not what was sealed.
    pub damaged: u32,
    /// Whether the box keeps its copy no longer.
    pub released: bool,
    /// Where copies of it are, one of each of the profile's.
    pub replicas: Vec<ArchiveCopy>,
}

/// A copy of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveCopy {
    /// What the room calls the place.
    pub replica: ReplicaId,
    /// When it was last read back whole; none where it was not, or is not there yet.
    pub verified: Option<Utc>,
    /// Where in S3-compatible storage; none for a folder of the box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Place>,
}

/// A place in S3-compatible storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct S3Place {
    /// Its server.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// What the keys of all the archive's files begin with.
    pub key: String,
}

/// Who was there, for fees and assessment: encrypted in the room, so that the pool's owner alone can read it. It goes out until a
/// receipt names it; the hub keeps it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttendanceStatement {
    /// Of which session.
    pub session: SessionId,
    /// Real, or a rehearsal, which nobody is paid for.
    pub kind: SessionKind,
    /// When it was made.
    pub made: Utc,
    /// SHA-256 of the certificate that it is encrypted to (DER), hex.
    pub recipient: String,
    /// SHA-256 of the container's bytes, hex: by this a receipt names it.
    pub sha256: String,
    /// CMS (RFC 5083) in DER, base64: `openssl cms -decrypt` opens it with the recipient's key.
    pub container: String,
}

impl Payload for AttendanceStatement {
    const TYPE: &'static str = "bidroom.attendance.v1";
}

impl AttendanceStatement {
    /// The container's bytes, if they are what `sha256` says.
    pub fn opaque(&self) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(&self.container).ok()?;
        (hex::encode(Sha256::digest(&bytes)) == self.sha256).then_some(bytes)
    }

    /// A statement that carries this container.
    pub fn of(
        session: SessionId,
        kind: SessionKind,
        made: Utc,
        recipient: String,
        container: &[u8],
    ) -> Self {
        Self {
            session,
            kind,
            made,
            recipient,
            sha256: hex::encode(Sha256::digest(container)),
            container: STANDARD.encode(container),
        }
    }

    /// Its kind in a fixed word.
    pub(in crate::hub) fn kind_word(&self) -> &'static str {
        match self.kind {
            SessionKind::Real => "real",
            SessionKind::Rehearsal => "rehearsal",
        }
    }
}
