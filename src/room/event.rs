//! Owns what can happen: events are facts, in the past tense, and carry no personal data.

use super::actor::Actor;
use super::anomaly::Anomaly;
use super::archive::Seal;
use super::call::{
    CallEnd, CallProgress, CallRecording, Callee, LineSpec, LineState, Notice, Script,
};
use super::callout::{PauseCause, WithdrawalSource};
use super::draw::{AbortReason, DrawBasis, DrawCommitments, DrawnCandidate, Hex32, Hex64};
use super::equipment::{CheckResult, Fault};
use super::ids::{
    AttemptId, CandidateId, CommandId, EquipmentId, FeedId, LineId, MemberNo, RelayId, ReplicaId,
    SeatNo, Seq, SessionId, WorkstationId,
};
use super::layout::{Layout, Policies};
use super::note::Note;
use super::order::{ArrivedOrder, OrderFault};
use super::plan::{NewMember, Plan};
use super::recordings::{GapCause, IndexHead, Track};
use super::relay::RelayEnd;
use super::source_fault::SourceFault;
use super::text_message::TextEnd;
use super::time::{Stamp, TimeOfDay, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One line of the journal: an event with its place, time and origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its number.
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

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    // the room
    /// The profile was read, and differs from the last one.
    RoomConfigured {
        layout: Layout,
        policies: Policies,
        profile_sha256: String,
    },
    /// The daemon began to run.
    DaemonStarted { version: String },
    /// The daemon was asked to stop.
    DaemonStopping,
    /// The wall clock was set.
    ClockJumped { by_ms: i64 },
    /// A browser was bound to a seat.
    WorkstationEnrolled {
        seat: SeatNo,
        workstation: WorkstationId,
    },
    /// It was unbound.
    WorkstationRevoked { seat: SeatNo },
    /// A preflight was asked for.
    PreflightRequested,
    /// It was made.
    PreflightDone { results: Vec<CheckResult> },
    /// A piece of equipment failed, or its fault changed.
    EquipmentFailed {
        equipment: EquipmentId,
        fault: Fault,
    },
    /// It works again.
    EquipmentRecovered { equipment: EquipmentId },
    /// A feed lives.
    FeedWentLive { feed: FeedId },
    /// A feed is lost.
    FeedLost {
        feed: FeedId,
        #[serde(deserialize_with = "SourceFault::read")]
        cause: SourceFault,
    },

    // plan and committee
    /// A session was planned.
    SessionPlanned { plan: Plan },
    /// Its plan was changed.
    PlanChanged { plan: Plan },
    /// Its committee is there.
    CommitteeConvened { members: Vec<NewMember> },

    // the draw
    /// The hub has brought an order that the pool's owner has drawn; it lies in the vault until a draw uses it.
    OrderArrived { order: ArrivedOrder },
    /// The hub has brought one that is not taken. Told of the room, as it may have no such session.
    OrderRefused {
        session: SessionId,
        /// SHA-256 of the envelope, as the hub said it.
        sha256: Hex32,
        fault: OrderFault,
    },
    /// The box committed itself to a pool, to rules and to a secret.
    DrawPrepared {
        attempt: u16,
        basis: DrawBasis,
        notice: Notice,
    },
    /// The supervisor committed himself to a secret that was made outside the box.
    DrawCommitted { commitment: Hex32 },
    /// The hub is asked to sign what was committed to: it finds this entry in the journal that it is sent.
    DrawSignatureAsked { commitments: DrawCommitments },
    /// The hub has signed it.
    DrawCountersigned { signature: Hex64 },
    /// He revealed it.
    DrawRevealed { secret: Hex32 },
    /// The box revealed its own: the seed, and with it the order of all candidates, is fixed.
    DrawSeeded { secret: Hex32, seed: Hex32 },
    /// The draw was ended before there was an order, or with its call-out.
    DrawAborted { reason: AbortReason },
    /// The next candidates in the order.
    CandidatesDrawn { candidates: Vec<DrawnCandidate> },
    /// Nobody is left in the pool for a group.
    PoolExhausted { group: u8 },

    // the call-out
    /// A session's notice is spoken and ready.
    NoticeReady { digest: String },
    /// It could not be spoken.
    NoticeFailed { reason: Note },
    /// A call is about to be dialled.
    CallPlaced {
        attempt: AttemptId,
        line: LineId,
        callee: Callee,
        script: Script,
    },
    /// Somebody called, and a line took it.
    CallTaken {
        attempt: AttemptId,
        line: LineId,
        callee: Callee,
    },
    /// It came so far.
    CallProgressed {
        attempt: AttemptId,
        progress: CallProgress,
    },
    /// It ended.
    CallEnded {
        attempt: AttemptId,
        end: CallEnd,
        recording: Option<CallRecording>,
    },
    /// A text message is about to be sent.
    TextPlaced {
        candidate: CandidateId,
        line: LineId,
    },
    /// What became of it.
    TextEnded {
        candidate: CandidateId,
        end: TextEnd,
    },
    /// A candidate confirmed, and has a place.
    CandidateAccepted { candidate: CandidateId },
    /// A candidate confirmed that he does not attend.
    CandidateDeclined { candidate: CandidateId },
    /// A candidate confirmed when no place was open any more.
    CandidateReleased { candidate: CandidateId },
    /// All attempts at a candidate are used up.
    CandidateGivenUp {
        candidate: CandidateId,
        cause: CallEnd,
    },
    /// The technician was told that a candidate who had accepted will not come.
    WithdrawalTold { candidate: CandidateId },
    /// The supervisor does not agree: the candidate keeps his place.
    WithdrawalRefused { candidate: CandidateId },
    /// A candidate who had accepted will not come.
    CandidateWithdrew {
        candidate: CandidateId,
        by: WithdrawalSource,
    },
    /// No new call.
    CallOutPaused { cause: PauseCause },
    /// It goes on.
    CallOutResumed,
    /// It ended for good.
    CallOutStopped { reason: Note },
    /// It is not complete by the time it should be.
    CallOutOverdue,
    /// Candidates may be given up after attempts on one line.
    SingleLineAllowed,
    /// The phones run, with these lines.
    PhonesStarted { lines: Vec<LineSpec> },
    /// A line stands otherwise.
    LineChanged { line: LineId, state: LineState },
    /// A line had too many faults in a row, and takes no candidate's call.
    LineRested { line: LineId },
    /// The technician asked to try it again.
    LineRetried { line: LineId },

    // before the start
    /// Check-in opened; the seats were assigned by chance.
    CheckInOpened { seats: Vec<SeatAssignment> },
    /// A member was identified at the gate.
    CodeHandedOut { member: MemberNo },
    /// A member checked in at his seat.
    MemberCheckedIn {
        member: MemberNo,
        seat: SeatNo,
        late: bool,
    },
    /// The grace period is over, and these members have not come.
    GraceEnded { missing: BTreeSet<MemberNo> },
    /// A member may come later than the grace period.
    LatenessExcused { member: MemberNo },
    /// A member will not come.
    MemberAbsent { member: MemberNo },
    /// A member signed a pledge.
    PledgeSigned { member: MemberNo, pledge: Pledge },
    /// A member declared a conflict of interest.
    ConflictDeclared {
        member: MemberNo,
        kind: ConflictKind,
    },
    /// The supervisor ruled on it.
    ConflictRuled { member: MemberNo, ruling: Ruling },
    /// A missing member may be replaced.
    ReplacementApproved { member: MemberNo },
    /// Another person has a missing member's seat.
    MemberReplaced {
        member: MemberNo,
        by: NewMember,
        as_member: MemberNo,
        seat: Option<SeatNo>,
    },
    /// All have signed in.
    SignInConfirmed,
    /// All streams are being written.
    RecordingConfirmed,
    /// The supervisor authorised the start.
    StartAuthorised,
    /// What had been confirmed no longer holds.
    ReadinessLost { feeds: BTreeSet<FeedId> },
    /// The evaluation began.
    SessionStarted,
    /// An outage keeps the session from starting.
    OutageDeclared { cause: Note },
    /// It is over.
    OutageEnded,
    /// It has lasted as long as it may.
    OutageTimeExpired,
    /// The tenderer decided to wait on: the clock begins anew.
    TendererWaits,

    // the course
    /// A member voted for a chair.
    ChairVoteCast {
        voter: MemberNo,
        candidate: MemberNo,
    },
    /// A majority agreed.
    ChairElected { member: MemberNo },
    /// The system was locked.
    SessionSuspended {
        cause: SuspensionCause,
        reason: Note,
    },
    /// It goes on.
    SessionResumed,
    /// The room was locked for the night.
    OvernightBegun,
    /// The nightly lock was put off.
    LockPostponed { until: Utc },
    /// A member was identified again in the morning.
    MemberReturned { member: MemberNo },
    /// The room was opened again.
    OvernightEnded,
    /// A rest or meal is due.
    BreakDue {
        kind: BreakKind,
        meal: Option<MealSlot>,
    },
    /// It is so late that the supervisor must know.
    BreakOverdue { kind: BreakKind },
    /// It began.
    BreakBegun { kind: BreakKind },
    /// It ended.
    BreakEnded { kind: BreakKind },
    /// Somebody at a seat needs help.
    HelpCalled { seat: SeatNo, kind: HelpKind },
    /// Nobody came for so long that the supervisor must know.
    HelpOverdue { seat: SeatNo },
    /// Help came.
    HelpAnswered { seat: SeatNo },
    /// The supervisor marked a moment.
    MomentMarked { feed: Option<FeedId>, note: Note },
    /// The supervisor warned a seat.
    SeatWarned { seat: SeatNo, text: Note },
    /// It was read there.
    WarningAcknowledged { seat: SeatNo },
    /// The supervisor speaks to seats.
    TalkBackStarted { seats: BTreeSet<SeatNo> },
    /// He stopped.
    TalkBackEnded,
    /// Feeds of the session begin to leave the house, because the city asked.
    RelayStarted {
        relay: RelayId,
        feeds: BTreeSet<FeedId>,
        until: Utc,
    },
    /// They do no longer.
    RelayEnded { relay: RelayId, by: RelayEnd },
    /// A member left, and does not come back.
    MemberLeft {
        member: MemberNo,
        reason: LeavingReason,
    },

    // recordings
    /// The first bytes of a feed are on the disk.
    RecordingStarted { feed: FeedId },
    /// Its recording ended as it should.
    RecordingEnded { feed: FeedId, head: IndexHead },
    /// It lacks something from a moment on.
    RecordingGapOpened {
        gap: u32,
        feed: FeedId,
        track: Track,
        from: Utc,
        cause: GapCause,
    },
    /// It goes on.
    RecordingGapClosed {
        gap: u32,
        feed: FeedId,
        track: Track,
        to: Utc,
    },
    /// Something was wrong with what a feed shows or sounds, from a moment on.
    AnomalyBegan {
        feed: FeedId,
        anomaly: Anomaly,
        from: Utc,
    },
    /// It was right again, or not looked for any more.
    AnomalyEnded { feed: FeedId, anomaly: Anomaly },
    /// A gap was explained.
    GapExplained { gap: u32, text: Note },
    /// Where the segment indexes stand.
    IndexHeads { heads: BTreeMap<FeedId, IndexHead> },

    // the end
    /// The signatures began.
    ClosingBegun,
    /// A member signed the report.
    ReportSigned { member: MemberNo, dissent: bool },
    /// The supervisor signed the closing record.
    ClosingRecordSigned,
    /// The session is sealed.
    SessionSealed { kind: super::plan::SessionKind },
    /// The session ended without a result.
    SessionAborted { reason: Note },
    /// Its archive is closed and signed.
    ArchiveSealed { seal: Seal },
    /// Its archive was read from the disk again; these files are not what the manifest says, 20 are named at most.
    ArchiveReadBack {
        files: u64,
        bytes: u64,
        damaged: u32,
        named: Vec<String>,
    },

    // keeping
    /// Every file of the archive lies in a replica, and was read back there.
    ArchiveReplicated {
        replica: ReplicaId,
        files: u64,
        bytes: u64,
    },
    /// Every file was read back there once more.
    ReplicaVerified {
        replica: ReplicaId,
        files: u64,
        bytes: u64,
    },
    /// So many files there are missing or are not what they were; 20 are named at most.
    ReplicaDamaged {
        replica: ReplicaId,
        damaged: u32,
        named: Vec<String>,
    },
    /// They were written again from the box's archive, and every file was read back.
    ReplicaHealed {
        replica: ReplicaId,
        files: u64,
        bytes: u64,
        written: u64,
    },
    /// Every file of the box's own archive was read again; so many were fetched from a replica, and these are still not
    /// as they were sealed, 20 are named at most.
    ArchiveVerified {
        files: u64,
        bytes: u64,
        healed: u64,
        damaged: u32,
        named: Vec<String>,
    },
    /// Another venue has the archive, and signed a receipt with this SHA-256 for it.
    ArchiveHandedOver { to: Note, receipt: String },
    /// Another venue's archive is here, whole. Told of the room, as the session is not its own.
    ArchiveReceived {
        session: SessionId,
        seal: String,
        files: u64,
        bytes: u64,
        from: Note,
    },
    /// The archive may not go, whatever its age.
    ArchiveHeld { reason: Note },
    /// It may go again when it is old enough.
    HoldLifted { reason: Note },
    /// Its time is over: the box's copy goes.
    ArchiveReleased,
    /// The box's copy is gone.
    ArchiveDeleted,
    /// The time of the personal data and call recordings in it is over: they go, here and in every replica.
    PersonalDataReleased,
    /// The box's copy and the vault hold none of them any more.
    PersonalDataErased,
    /// The municipal hub asked for the archive, and was told which it is.
    ArchiveRequested,
    /// Who was there was stated for fees and assessment, encrypted to the pool's owner.
    AttendanceStated {
        /// SHA-256 of the encrypted statement, hex.
        sha256: String,
    },
}

/// The seat that chance gave a member. (A map would not do: JSON has no numbers as keys.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeatAssignment {
    /// Who.
    pub member: MemberNo,
    /// Where.
    pub seat: SeatNo,
}

/// What a member pledges before he may work.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Pledge {
    /// 廉洁承诺.
    Integrity,
    /// 回避承诺.
    Recusal,
}

impl Pledge {
    /// All that must be signed.
    pub const ALL: [Pledge; 2] = [Pledge::Integrity, Pledge::Recusal];
}

/// What kind of conflict of interest. No free text: it would name people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Works or worked for the tenderer or a bidder.
    Employer,
    /// Is related to somebody there.
    Relative,
    /// Has an economic interest.
    Interest,
    /// Something else that may sway him.
    Other,
}

/// What the supervisor says to a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The member stays.
    Stays,
    /// The member is removed, and may be replaced.
    Removed,
}

/// Why a session is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionCause {
    /// The supervisor ordered it, and only he lifts it.
    Order,
    /// Link, power or equipment: the outage clock runs.
    Outage,
    /// The committee is not complete.
    Committee,
    /// Something else.
    Other,
}

/// Rest or meal.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BreakKind {
    /// 休息.
    Rest,
    /// 用餐.
    Meal,
}

/// One meal of one day.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct MealSlot {
    /// Local day, days since 1970-01-01.
    pub day: i64,
    /// The policy's meal time.
    pub time: TimeOfDay,
}

/// What help is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HelpKind {
    /// The workstation or the evaluation system.
    Technical,
    /// The supervisor is asked for.
    Supervisor,
    /// Somebody is unwell.
    Unwell,
}

/// Why a member left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeavingReason {
    /// His work is done.
    Finished,
    /// He fell ill.
    Illness,
    /// An emergency.
    Emergency,
    /// The supervisor sent him away.
    Expelled,
}
