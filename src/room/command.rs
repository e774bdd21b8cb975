//! Owns what can be asked of the room: commands, in the imperative. Who may ask for what is `decide`'s.

use super::anomaly::Anomaly;
use super::archive::Seal;
use super::call::{CallEnd, CallProgress, CallRecording, Callee, LineSpec, LineState};
use super::draw::{AbortReason, DrawBasis, DrawnCandidate, Hex32, Hex64};
use super::equipment::{CheckResult, Fault};
use super::event::{
    BreakKind, ConflictKind, HelpKind, LeavingReason, Pledge, Ruling, SuspensionCause,
};
use super::ids::{
    AttemptId, CandidateId, EquipmentId, FeedId, LineId, MemberNo, RelayId, ReplicaId, SeatNo,
    SessionId, WorkstationId,
};
use super::layout::{Layout, Policies};
use super::note::Note;
use super::order::{ArrivedOrder, OrderFault};
use super::plan::{NewMember, Plan};
use super::recordings::{GapCause, IndexHead, Track};
use super::source_fault::SourceFault;
use super::text_message::{TextEnd, Texting};
use super::time::{Day, Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum Command {
    // the plan: technician
    /// Plans a session.
    PlanSession { plan: Plan },
    /// Replaces the plan of a session that is not convened yet.
    ChangePlan { plan: Plan },
    /// Names the committee, as masks.
    ConveneCommittee { members: Vec<NewMember> },

    // the draw
    /// Commits the box to a pool, rules and a secret, all of which lie in the vault. Technician.
    PrepareDraw { basis: DrawBasis },
    /// Commits the supervisor to a secret that he made outside the box: its SHA-256.
    CommitToDraw { commitment: Hex32 },
    /// Reveals that secret. Supervisor.
    RevealToDraw { secret: Hex32 },
    /// Ends a draw before there is an order. Technician until the supervisor has committed himself, supervisor after.
    AbortDraw { reason: Note },
    /// Accepts an order that the pool's owner has drawn: calls begin. Supervisor.
    AcceptGivenOrder,
    /// The hub's signature over what was committed to; whoever gives it has verified it. Hub.
    CountersignDraw { attempt: u16, signature: Hex64 },
    /// Reveals the box's secret. Draw.
    ReportDrawSecret { secret: Hex32 },
    /// The draw cannot go on. Draw.
    ReportDrawFailed { reason: AbortReason },
    /// The next candidates in the order. Draw.
    ReportDrawn { candidates: Vec<DrawnCandidate> },
    /// Nobody is left for a group. Draw.
    ReportPoolExhausted { group: u8 },

    /// The hub has brought an order for the session, which was proven and lies in the vault. Hub.
    ReportOrderArrived { order: ArrivedOrder },
    /// The hub has brought one that is not taken. Hub; needs no session.
    ReportOrderRefused {
        session: SessionId,
        /// SHA-256 of the envelope, as the hub said it.
        sha256: Hex32,
        fault: OrderFault,
    },

    // the call-out
    /// Makes no new call. Technician or supervisor.
    PauseCallOut { reason: Note },
    /// Goes on. Whoever may; what the supervisor or unusual silence stopped, the supervisor.
    ResumeCallOut,
    /// Ends it for good, and with it the draw. Supervisor.
    StopCallOut { reason: Note },
    /// Lets candidates be given up after attempts on one line. Supervisor.
    AllowSingleLine,
    /// Says that somebody told that a candidate will not come. Technician.
    RecordWithdrawal { candidate: CandidateId },
    /// Agrees to that, or not. Supervisor.
    RuleOnWithdrawal {
        candidate: CandidateId,
        granted: bool,
    },
    /// Has the next candidate called for a missing member, once the supervisor approved it. Technician.
    RedrawMember { member: MemberNo },
    /// Tries a line again that rests. Technician.
    RetryLine { line: LineId },
    /// The phones run. Phones; calls that are open in the journal were interrupted.
    ReportPhonesStarted { lines: Vec<LineSpec> },
    /// A line stands otherwise. Phones.
    ReportLine { line: LineId, state: LineState },
    /// The session's notice is spoken; what of it is spoken has this digest. Phones.
    ReportNoticeReady { digest: String },
    /// It cannot be spoken. Phones.
    ReportNoticeFailed { reason: Note },
    /// A call came so far. Phones.
    ReportCallProgress {
        attempt: AttemptId,
        progress: CallProgress,
    },
    /// Somebody calls, and one of these lines is to take it. Phones.
    ReportCallTaken { lines: Vec<LineId>, callee: Callee },
    /// A call ended, or a key was confirmed in it. Phones.
    ReportCallEnded {
        attempt: AttemptId,
        end: CallEnd,
        recording: Option<CallRecording>,
    },
    /// What became of a text message. Phones.
    ReportTextEnded { to: Texting, end: TextEnd },
    /// A candidate of the named session called back and confirmed that he will not come. Phones.
    ReportCallerRangBack { candidate: CandidateId },

    // before the start
    /// Asks for a preflight. Technician.
    RunPreflight,
    /// Opens check-in: the session occupies the room, seats are assigned by chance. Technician.
    OpenCheckIn,
    /// Says that a member was identified at the gate and got his code. Technician.
    HandOutCode { member: MemberNo },
    /// Checks a member in at his seat. Access, once it has seen the code; again after a night.
    CheckIn { member: MemberNo, seat: SeatNo },
    /// Lets a member check in after the grace period. Supervisor.
    ExcuseLateness { member: MemberNo },
    /// Says that a member will not come. Technician.
    RecordAbsence { member: MemberNo },
    /// Signs a pledge. The member himself.
    SignPledge { pledge: Pledge },
    /// Declares a conflict of interest. The member himself.
    DeclareConflict { kind: ConflictKind },
    /// Rules on a declared conflict. Supervisor.
    RuleOnConflict { member: MemberNo, ruling: Ruling },
    /// Approves that a missing member is replaced. Supervisor.
    ApproveReplacement { member: MemberNo },
    /// Puts another person in a missing member's place. Technician, once approved.
    ReplaceMember { member: MemberNo, by: NewMember },
    /// Confirms that all have signed in: the session is ready. Technician.
    ConfirmSignIn,
    /// Confirms that bytes are being written on every stream. Technician.
    ConfirmRecording,
    /// Authorises the start. Supervisor.
    AuthoriseStart,
    /// Starts the evaluation. Technician.
    StartSession,

    // outages before the start
    /// Says that an outage keeps the session from starting. Technician.
    DeclareOutage { cause: Note },
    /// Says that it is over. Technician.
    EndOutage,
    /// Records what the tenderer decided when the outage had lasted too long: to wait on. Technician.
    RecordTendererWaits,

    // the course
    /// Votes for a chair. The member himself; once a majority agrees, the chair is elected.
    VoteForChair { candidate: MemberNo },
    /// Locks the system and seals the material. Technician for a fault, supervisor by order.
    SuspendSession {
        cause: SuspensionCause,
        reason: Note,
    },
    /// Goes on. Technician, or the supervisor; what the supervisor ordered only he lifts.
    ResumeSession,
    /// Locks the room for the night. Technician.
    BeginOvernight,
    /// Puts off the nightly lock. Supervisor.
    PostponeLock { by: Span },
    /// Opens the room in the morning, once all were identified again. Technician.
    EndOvernight,
    /// Begins a rest or a meal. Technician.
    BeginBreak { kind: BreakKind },
    /// Ends it. Technician.
    EndBreak,
    /// Calls for help at a seat. The member himself, or a workstation.
    CallForHelp { kind: HelpKind },
    /// Says that help came. Technician.
    AnswerHelp { seat: SeatNo },
    /// Marks a moment. Supervisor.
    Mark { feed: Option<FeedId>, note: Note },
    /// Warns a seat. Supervisor.
    Warn { seat: SeatNo, text: Note },
    /// Says that the warning was read. The member himself.
    AcknowledgeWarning,
    /// Speaks to seats; all where none is named. Supervisor.
    StartTalkBack { seats: BTreeSet<SeatNo> },
    /// Stops speaking. Supervisor.
    EndTalkBack,
    /// Sends feeds to a place that the profile permits. Hub.
    StartRelay {
        relay: RelayId,
        feeds: BTreeSet<FeedId>,
        until: Utc,
    },
    /// Sends them there no longer. The hub; once a technician or supervisor did, the hub cannot begin it again.
    EndRelay { relay: RelayId },
    /// Records that a member left for good. Technician or supervisor.
    RecordLeaving {
        member: MemberNo,
        reason: LeavingReason,
    },
    /// Explains a gap in a recording. Technician or supervisor.
    ExplainGap { gap: u32, text: Note },

    // the end
    /// Begins the signatures. Technician.
    BeginClosing,
    /// Signs the report. The member himself.
    SignReport { dissent: bool },
    /// Leaves for good. The member himself, once he has signed.
    Leave,
    /// Signs the closing record. Supervisor.
    SignClosingRecord,
    /// Seals the session; its number typed by hand. Technician.
    SealSession { typed: SessionId },
    /// Ends it without a result; its number typed by hand. Technician before the start, supervisor after.
    AbortSession { typed: SessionId, reason: Note },

    // workstations
    /// Binds a browser to a seat. Access.
    EnrolWorkstation {
        seat: SeatNo,
        workstation: WorkstationId,
    },
    /// Unbinds it. Technician or access.
    RevokeWorkstation { seat: SeatNo },

    // reports of the daemon's parts
    /// Takes the profile in.
    ConfigureRoom {
        layout: Layout,
        policies: Policies,
        profile_sha256: String,
    },
    /// The daemon runs.
    ReportStart { version: String },
    /// The daemon is about to stop.
    ReportStop,
    /// Deadlines may have passed.
    PassDeadlines,
    /// The wall clock was set.
    ReportClockJump { by_ms: i64 },
    /// Preflight's results.
    ReportPreflight { results: Vec<CheckResult> },
    /// A piece of equipment failed.
    ReportFault {
        equipment: EquipmentId,
        fault: Fault,
    },
    /// It works again.
    ReportRecovery { equipment: EquipmentId },
    /// A feed lives.
    ReportFeedLive { feed: FeedId },
    /// A feed is lost.
    ReportFeedLost { feed: FeedId, cause: SourceFault },
    /// The first bytes of a feed's recording are on the disk.
    ReportRecordingStarted { feed: FeedId },
    /// A recording has ended as it should.
    ReportRecordingEnded { feed: FeedId, head: IndexHead },
    /// A recording lacks something from a moment on.
    ReportGapOpened {
        feed: FeedId,
        track: Track,
        from: Utc,
        cause: GapCause,
    },
    /// The recording goes on.
    ReportGapClosed { feed: FeedId, track: Track, to: Utc },
    /// Something is wrong with what a feed shows or sounds, and has been for so long.
    ReportAnomaly {
        feed: FeedId,
        anomaly: Anomaly,
        lasted: Span,
    },
    /// It is right again, or not looked for any more.
    ReportAnomalyEnded { feed: FeedId, anomaly: Anomaly },
    /// The heads of the segment indexes.
    ReportHeads { heads: BTreeMap<FeedId, IndexHead> },
    /// The archive of a session that is over is closed and signed.
    ReportArchiveSealed { seal: Seal },
    /// A sealed archive was read back, and how much of it is damaged.
    ReportArchiveReadBack {
        files: u64,
        bytes: u64,
        damaged: u32,
        named: Vec<String>,
    },

    // keeping
    /// Keeps a sealed archive whatever its age (legal hold). Supervisor.
    HoldArchive { reason: Note },
    /// Ends that. Supervisor.
    LiftHold { reason: Note },
    /// Lets an archive go whose time is over by the wall clock, on a box that was off too long to know it by itself.
    /// Supervisor, who types the archive's number and today's date.
    ReleaseArchive { typed: SessionId, today: Day },
    /// Lets the personal data and call recordings in an archive go, in the same case and in the same way. Supervisor.
    ReleasePersonalData { typed: SessionId, today: Day },
    /// Every file of the archive was read back in a replica; so many had to be written before.
    ReportReplica {
        replica: ReplicaId,
        files: u64,
        bytes: u64,
        written: u64,
    },
    /// Files in a replica are missing or are not what they were.
    ReportReplicaDamaged {
        replica: ReplicaId,
        damaged: u32,
        named: Vec<String>,
    },
    /// Every file of the box's own archive was read again; so many were fetched from a replica, and these are still not
    /// as they were sealed.
    ReportArchiveVerified {
        files: u64,
        bytes: u64,
        healed: u64,
        damaged: u32,
        named: Vec<String>,
    },
    /// A receipt for the archive with this seal, signed by another venue, lies here; its SHA-256.
    ReportHandedOver {
        seal: String,
        to: Note,
        receipt: String,
    },
    /// Another venue's archive was taken, and found whole.
    ReportArchiveReceived {
        session: SessionId,
        seal: String,
        files: u64,
        bytes: u64,
        from: Note,
    },
    /// The box's copy of a released archive is gone.
    ReportArchiveDeleted,
    /// The box's copy of an archive, and the vault, hold no personal data of the session any more.
    ReportPersonalDataErased,
    /// The municipal hub asks which archive the room has of the session.
    RequestArchive,
    /// An attendance statement was made, encrypted to the pool's owner.
    ReportAttendanceStated {
        /// SHA-256 of the encrypted statement, hex.
        sha256: String,
    },
}

impl Command {
    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Command::PlanSession { .. } => "plan_session",
            Command::ChangePlan { .. } => "change_plan",
            Command::ConveneCommittee { .. } => "convene_committee",
            Command::PrepareDraw { .. } => "prepare_draw",
            Command::CommitToDraw { .. } => "commit_to_draw",
            Command::RevealToDraw { .. } => "reveal_to_draw",
            Command::AcceptGivenOrder => "accept_given_order",
            Command::CountersignDraw { .. } => "countersign_draw",
            Command::AbortDraw { .. } => "abort_draw",
            Command::ReportDrawSecret { .. } => "report_draw_secret",
            Command::ReportDrawFailed { .. } => "report_draw_failed",
            Command::ReportDrawn { .. } => "report_drawn",
            Command::ReportPoolExhausted { .. } => "report_pool_exhausted",
            Command::PauseCallOut { .. } => "pause_call_out",
            Command::ResumeCallOut => "resume_call_out",
            Command::StopCallOut { .. } => "stop_call_out",
            Command::AllowSingleLine => "allow_single_line",
            Command::RecordWithdrawal { .. } => "record_withdrawal",
            Command::RuleOnWithdrawal { .. } => "rule_on_withdrawal",
            Command::RedrawMember { .. } => "redraw_member",
            Command::RetryLine { .. } => "retry_line",
            Command::ReportPhonesStarted { .. } => "report_phones_started",
            Command::ReportLine { .. } => "report_line",
            Command::ReportNoticeReady { .. } => "report_notice_ready",
            Command::ReportNoticeFailed { .. } => "report_notice_failed",
            Command::ReportCallProgress { .. } => "report_call_progress",
            Command::ReportCallTaken { .. } => "report_call_taken",
            Command::ReportCallEnded { .. } => "report_call_ended",
            Command::ReportTextEnded { .. } => "report_text_ended",
            Command::ReportCallerRangBack { .. } => "report_caller_rang_back",
            Command::RunPreflight => "run_preflight",
            Command::OpenCheckIn => "open_check_in",
            Command::HandOutCode { .. } => "hand_out_code",
            Command::CheckIn { .. } => "check_in",
            Command::ExcuseLateness { .. } => "excuse_lateness",
            Command::RecordAbsence { .. } => "record_absence",
            Command::SignPledge { .. } => "sign_pledge",
            Command::DeclareConflict { .. } => "declare_conflict",
            Command::RuleOnConflict { .. } => "rule_on_conflict",
            Command::ApproveReplacement { .. } => "approve_replacement",
            Command::ReplaceMember { .. } => "replace_member",
            Command::ConfirmSignIn => "confirm_sign_in",
            Command::ConfirmRecording => "confirm_recording",
            Command::AuthoriseStart => "authorise_start",
            Command::StartSession => "start_session",
            Command::DeclareOutage { .. } => "declare_outage",
            Command::EndOutage => "end_outage",
            Command::RecordTendererWaits => "record_tenderer_waits",
            Command::VoteForChair { .. } => "vote_for_chair",
            Command::SuspendSession { .. } => "suspend_session",
            Command::ResumeSession => "resume_session",
            Command::BeginOvernight => "begin_overnight",
            Command::PostponeLock { .. } => "postpone_lock",
            Command::EndOvernight => "end_overnight",
            Command::BeginBreak { .. } => "begin_break",
            Command::EndBreak => "end_break",
            Command::CallForHelp { .. } => "call_for_help",
            Command::AnswerHelp { .. } => "answer_help",
            Command::Mark { .. } => "mark",
            Command::Warn { .. } => "warn",
            Command::AcknowledgeWarning => "acknowledge_warning",
            Command::StartTalkBack { .. } => "start_talk_back",
            Command::EndTalkBack => "end_talk_back",
            Command::StartRelay { .. } => "start_relay",
            Command::EndRelay { .. } => "end_relay",
            Command::RecordLeaving { .. } => "record_leaving",
            Command::ExplainGap { .. } => "explain_gap",
            Command::BeginClosing => "begin_closing",
            Command::SignReport { .. } => "sign_report",
            Command::Leave => "leave",
            Command::SignClosingRecord => "sign_closing_record",
            Command::SealSession { .. } => "seal_session",
            Command::AbortSession { .. } => "abort_session",
            Command::EnrolWorkstation { .. } => "enrol_workstation",
            Command::RevokeWorkstation { .. } => "revoke_workstation",
            Command::ConfigureRoom { .. } => "configure_room",
            Command::ReportStart { .. } => "report_start",
            Command::ReportStop => "report_stop",
            Command::PassDeadlines => "pass_deadlines",
            Command::ReportClockJump { .. } => "report_clock_jump",
            Command::ReportPreflight { .. } => "report_preflight",
            Command::ReportFault { .. } => "report_fault",
            Command::ReportRecovery { .. } => "report_recovery",
            Command::ReportFeedLive { .. } => "report_feed_live",
            Command::ReportFeedLost { .. } => "report_feed_lost",
            Command::ReportRecordingStarted { .. } => "report_recording_started",
            Command::ReportRecordingEnded { .. } => "report_recording_ended",
            Command::ReportGapOpened { .. } => "report_gap_opened",
            Command::ReportGapClosed { .. } => "report_gap_closed",
            Command::ReportAnomaly { .. } => "report_anomaly",
            Command::ReportAnomalyEnded { .. } => "report_anomaly_ended",
            Command::ReportHeads { .. } => "report_heads",
            Command::ReportArchiveSealed { .. } => "report_archive_sealed",
            Command::ReportArchiveReadBack { .. } => "report_archive_read_back",
            Command::HoldArchive { .. } => "hold_archive",
            Command::LiftHold { .. } => "lift_hold",
            Command::ReleaseArchive { .. } => "release_archive",
            Command::ReleasePersonalData { .. } => "release_personal_data",
            Command::ReportReplica { .. } => "report_replica",
            Command::ReportReplicaDamaged { .. } => "report_replica_damaged",
            Command::ReportArchiveVerified { .. } => "report_archive_verified",
            Command::ReportHandedOver { .. } => "report_handed_over",
            Command::ReportArchiveReceived { .. } => "report_archive_received",
            Command::ReportArchiveDeleted => "report_archive_deleted",
            Command::ReportPersonalDataErased => "report_personal_data_erased",
            Command::ReportOrderArrived { .. } => "report_order_arrived",
            Command::ReportOrderRefused { .. } => "report_order_refused",
            Command::RequestArchive => "request_archive",
            Command::ReportAttendanceStated { .. } => "report_attendance_stated",
        }
    }

    /// The free text in it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all other commands hold no free text"
    )]
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        let note = match self {
            Command::DeclareOutage { cause: note }
            | Command::SuspendSession { reason: note, .. }
            | Command::AbortSession { reason: note, .. }
            | Command::AbortDraw { reason: note }
            | Command::PauseCallOut { reason: note }
            | Command::StopCallOut { reason: note }
            | Command::HoldArchive { reason: note }
            | Command::LiftHold { reason: note }
            | Command::Mark { note, .. }
            | Command::Warn { text: note, .. }
            | Command::ExplainGap { text: note, .. } => Some(note),
            _ => None,
        };
        note.into_iter()
    }
}
