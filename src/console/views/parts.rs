//! Owns the pieces that several views share, and what views are folded from beside the room itself.

use crate::room::{
    AccountId, Actor, BreakKind, Committee, Conflict, Entry, Event, FeedId, Gap, HelpKind, Layout,
    Member, MemberKind, MemberNo, Note, Outage, Phase, PhaseKind, Pledge, Presence, RelayId, Room,
    RuleSet, SeatNo, Seq, Session, SessionId, SessionKind, SourceFault, Span, SuspensionCause, Utc,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the moment beside the journal: bytes, disks, clocks. Never a reason to decide.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Surroundings {
    /// The feeds as the media side sees them.
    pub feeds: BTreeMap<FeedId, LiveFeed>,
    /// The disk that recordings go to.
    pub storage: Storage,
    /// The clock's offset in ms, where something measures it.
    pub clock_offset_ms: Option<f64>,
    /// Feeds on their way out of the house.
    pub relayed: BTreeMap<(RelayId, FeedId), Sending>,
}

/// How a feed that is to leave the house stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Sending {
    /// Its source gives no picture now.
    Waiting,
    /// The server is asked to take it.
    Offering,
    /// It goes out.
    Sending,
    /// It does not; it is tried again.
    Failed {
        /// Why, in English.
        detail: String,
    },
}

/// A feed as the media side sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveFeed {
    /// What it carries, e.g. `H264 1280×720`, `OPUS`.
    pub carries: Vec<String>,
    /// Whether a small stream is there for tiles.
    pub small: bool,
    /// Whether any browser can be shown it.
    pub showable: bool,
    /// What is wrong with its source now.
    pub fault: Option<SourceFault>,
    /// Bytes that are on the disk of this session.
    pub bytes: u64,
    /// When the last of them were written.
    pub last_write: Option<Utc>,
}

/// The disk that recordings go to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct Storage {
    /// Free bytes.
    pub free_bytes: u64,
    /// All bytes.
    pub total_bytes: u64,
    /// Bytes a second that are being written now.
    pub rate: u64,
    /// Free bytes beyond those without which no session starts.
    pub spare_bytes: u64,
    /// Hours of recording all feeds at once that these are enough for.
    pub hours: u64,
    /// Sessions that they are enough for, by the size of the last ones; none before a real one was archived.
    pub sessions: Option<u64>,
}

/// The room, as every page's header names it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoomHead {
    /// What people call it.
    pub name: String,
    /// Its city or centre.
    pub city: String,
    /// The daemon's version.
    pub version: String,
}

impl RoomHead {
    pub(super) fn of(layout: &Layout) -> Self {
        Self {
            name: layout.name.clone(),
            city: layout.city.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SessionLine {
    /// Its number.
    pub id: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// Where it stands.
    pub phase: PhaseKind,
    /// The planned start.
    pub start: Utc,
    /// Files that were not as sealed when its archive was read back; none before that.
    pub damaged: Option<u32>,
}

/// The session a page is about.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SessionView {
    /// Its number.
    pub id: SessionId,
    /// Real, or a rehearsal.
    pub kind: SessionKind,
    /// Where it stands.
    pub phase: PhaseKind,
    /// Since when.
    pub since: Utc,
    /// The planned start.
    pub start: Utc,
    /// How long it is expected to take.
    pub expected: Span,
    /// When the evaluation began.
    pub started: Option<Utc>,
    /// How many experts and tenderer representatives were planned.
    pub planned: Planned,
    /// Everybody who was ever in the committee.
    pub members: Vec<MemberView>,
    /// The chair.
    pub chair: Option<MemberNo>,
    /// How many voted for a chair.
    pub votes: usize,
    /// The start barrier, while ready.
    pub barrier: Option<Barrier>,
    /// Why it is suspended.
    pub suspension: Option<SuspensionView>,
    /// An outage before the start.
    pub outage: Option<OutageView>,
    /// Why it was ended without a result.
    pub aborted: Option<Note>,
    /// The break that lasts.
    pub current_break: Option<BreakView>,
    /// Breaks that are due.
    pub due_breaks: Vec<DueBreakView>,
    /// The seats the supervisor speaks to.
    pub talk_back: Option<BTreeSet<SeatNo>>,
    /// Gaps in the recordings.
    pub gaps: Vec<GapView>,
    /// Moments marked.
    pub marks: u32,
    /// Whether the supervisor signed the closing record.
    pub closing_record_signed: bool,
    /// Clocks that run, soonest first.
    pub clocks: Vec<ClockView>,
}

/// What was planned.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Planned {
    /// Experts.
    pub experts: u8,
    /// Tenderer representatives.
    pub tenderer_representatives: u8,
    /// The rules that it falls under; the room's where none were named.
    pub rules: Option<RuleSet>,
}

/// The start barrier.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Barrier {
    /// The technician saw bytes being written on every stream.
    pub recording_confirmed: bool,
    /// The supervisor authorised the start.
    pub authorised: bool,
}

/// A suspension.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SuspensionView {
    /// Why.
    pub cause: SuspensionCause,
    /// Why, in words.
    pub reason: Note,
    /// Since when.
    pub since: Utc,
    /// Whether the outage clock ran out.
    pub expired: bool,
}

/// An outage before the start.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct OutageView {
    /// What is out.
    pub cause: Note,
    /// Since when.
    pub since: Utc,
    /// Whether the clock ran out.
    pub expired: bool,
}

impl From<&Outage> for OutageView {
    fn from(outage: &Outage) -> Self {
        Self {
            cause: outage.cause.clone(),
            since: outage.since.at,
            expired: outage.expired,
        }
    }
}

/// A break that lasts.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BreakView {
    /// Rest or meal.
    pub kind: BreakKind,
    /// Since when.
    pub since: Utc,
}

/// A break that is due.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DueBreakView {
    /// Rest or meal.
    pub kind: BreakKind,
    /// Since when.
    pub since: Utc,
    /// Whether the supervisor was alarmed.
    pub overdue: bool,
}

/// A gap in a recording.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GapView {
    /// Its number in the session.
    pub no: u32,
    /// What is missing.
    pub gap: Gap,
    /// Until when; none while it lasts.
    pub to: Option<Utc>,
    /// What people say of it.
    pub explanations: Vec<Note>,
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClockView {
    /// Which.
    pub kind: ClockKind,
    /// When it ends.
    pub ends: Utc,
}

/// The clocks of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Until the planned start.
    Start,
    /// Until lateness needs the supervisor's leave.
    Grace,
    /// The 2 h or 4 h of an outage.
    Outage,
}

/// A member, by mask.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MemberView {
    /// The mask.
    pub no: MemberNo,
    /// Expert or tenderer representative.
    pub kind: MemberKind,
    /// His seat.
    pub seat: Option<SeatNo>,
    /// Whether he is here.
    pub presence: PresenceKind,
    /// Since when, where that is known.
    pub since: Option<Utc>,
    /// Came after the planned start.
    pub late: bool,
    /// Whether he is the chair.
    pub chair: bool,
    /// Identified at the gate.
    pub code_handed_out: bool,
    /// May come later than the grace period.
    pub excused: bool,
    /// What he pledged.
    pub pledges: BTreeSet<Pledge>,
    /// A conflict he declared.
    pub conflict: Option<Conflict>,
    /// May be replaced.
    pub replacement_approved: bool,
    /// Identified again this morning.
    pub returned: bool,
    /// Whether he voted for a chair.
    pub voted: bool,
    /// When he signed the report.
    pub signed: Option<Utc>,
    /// Whether he dissents.
    pub dissent: bool,
}

/// Whether a member is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceKind {
    /// Not here yet.
    Expected,
    /// Checked in.
    Present,
    /// Did not come.
    Absent,
    /// Left for good.
    Left,
    /// Removed for a conflict of interest.
    Removed,
    /// Somebody else has his place.
    Replaced,
}

impl MemberView {
    pub(super) fn of(member: &Member, session: &Session) -> Self {
        let (presence, since, late) = match &member.presence {
            Presence::Expected => (PresenceKind::Expected, None, false),
            Presence::Present { since, late } => (PresenceKind::Present, Some(since.at), *late),
            Presence::Absent => (PresenceKind::Absent, None, false),
            Presence::Left { at, .. } => (PresenceKind::Left, Some(at.at), false),
            Presence::Removed { at } => (PresenceKind::Removed, Some(at.at), false),
            Presence::Replaced { .. } => (PresenceKind::Replaced, None, false),
        };
        let committee = &session.committee;
        Self {
            no: member.no,
            kind: member.kind,
            seat: member.seat,
            presence,
            since,
            late,
            chair: committee.chair == Some(member.no),
            code_handed_out: member.code_handed_out,
            excused: member.excused,
            pledges: member.pledges.clone(),
            conflict: member.conflict.clone(),
            replacement_approved: member.replacement_approved,
            returned: matches!(&session.phase, Phase::Overnight { returned } if returned.contains(&member.no)),
            voted: committee.votes.contains_key(&member.no),
            signed: member.report.as_ref().map(|report| report.at.at),
            dissent: member.report.as_ref().is_some_and(|report| report.dissent),
        }
    }
}

/// A seat on the map.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SeatView {
    /// Its number.
    pub no: SeatNo,
    /// Centre, percent of the map's width.
    pub x: u8,
    /// Centre, percent of the map's height.
    pub y: u8,
    /// Whether a workstation is enrolled.
    pub enrolled: bool,
    /// Who is expected or sits there.
    pub member: Option<MemberView>,
    /// The face's feed.
    pub face: Option<FeedId>,
    /// The screen's feed.
    pub screen: Option<FeedId>,
    /// Whether the seat's feeds are to be recorded now.
    pub recorded: bool,
    /// An open help call.
    pub help: Option<HelpView>,
    /// A warning that was not acknowledged.
    pub warning: Option<Note>,
}

/// A help call.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HelpView {
    /// What help.
    pub kind: HelpKind,
    /// Since when.
    pub since: Utc,
    /// Whether the supervisor was alarmed.
    pub overdue: bool,
}

/// A line of the room's history.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Line {
    /// Its number in the journal.
    pub seq: Seq,
    /// When.
    pub at: Utc,
    /// Whose session; none for the room's own.
    pub session: Option<SessionId>,
    /// By whom.
    pub actor: Actor,
    /// What.
    pub event: Event,
}

impl From<&Entry> for Line {
    fn from(entry: &Entry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.stamp.at,
            session: entry.session.clone(),
            actor: entry.actor.clone(),
            event: entry.event.clone(),
        }
    }
}

/// Who looks at a page.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Me {
    /// Signed in as; none at a seat.
    pub account: Option<AccountId>,
}

impl SessionView {
    pub(super) fn of(id: &SessionId, session: &Session, room: &Room) -> Self {
        let committee: &Committee = &session.committee;
        let (barrier, suspension, aborted) = phase_parts(&session.phase);
        Self {
            id: id.clone(),
            kind: session.plan.kind,
            phase: session.phase.kind(),
            since: session.since.at,
            start: session.plan.start,
            expected: session.plan.expected,
            started: session.started.as_ref().map(|s| s.at),
            planned: Planned {
                experts: session.plan.experts,
                tenderer_representatives: session.plan.tenderer_representatives,
                rules: session.plan.rules,
            },
            members: committee
                .members
                .values()
                .map(|m| MemberView::of(m, session))
                .collect(),
            chair: committee.chair,
            votes: committee.votes.len(),
            barrier,
            suspension,
            outage: session.outage.as_ref().map(OutageView::from),
            aborted,
            current_break: session.breaks.current.as_ref().map(|b| BreakView {
                kind: b.kind,
                since: b.since.at,
            }),
            due_breaks: due_breaks(session),
            talk_back: session.talk_back.as_ref().map(|t| t.seats.clone()),
            gaps: gaps(session),
            marks: session.marks,
            closing_record_signed: session.closing_record_signed,
            clocks: clocks(session, room),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these phases have parts of their own"
)]
fn phase_parts(phase: &Phase) -> (Option<Barrier>, Option<SuspensionView>, Option<Note>) {
    match phase {
        Phase::Ready {
            recording_confirmed,
            authorised,
        } => {
            let barrier = Barrier {
                recording_confirmed: *recording_confirmed,
                authorised: *authorised,
            };
            (Some(barrier), None, None)
        }
        Phase::Suspended {
            cause,
            reason,
            since,
            expired,
            ..
        } => {
            let suspension = SuspensionView {
                cause: *cause,
                reason: reason.clone(),
                since: since.at,
                expired: *expired,
            };
            (None, Some(suspension), None)
        }
        Phase::Aborted { reason } => (None, None, Some(reason.clone())),
        _ => (None, None, None),
    }
}

fn due_breaks(session: &Session) -> Vec<DueBreakView> {
    let due = session.breaks.due.iter();
    due.map(|(kind, due)| DueBreakView {
        kind: *kind,
        since: due.since.at,
        overdue: due.overdue,
    })
    .collect()
}

fn gaps(session: &Session) -> Vec<GapView> {
    let known = session.recordings.gaps.iter();
    known
        .map(|(no, known)| GapView {
            no: *no,
            gap: known.gap.clone(),
            to: known.to,
            explanations: known.explanations.clone(),
        })
        .collect()
}

fn clocks(session: &Session, room: &Room) -> Vec<ClockView> {
    let policies = session.policies(&room.policies);
    let mut clocks = Vec::new();
    if session.started.is_none() && !session.phase.is_over() {
        clocks.push(ClockView {
            kind: ClockKind::Start,
            ends: session.plan.start,
        });
        if session.phase.occupies() && !session.committee.grace_ended {
            clocks.push(ClockView {
                kind: ClockKind::Grace,
                ends: session.plan.start + policies.grace,
            });
        }
    }
    if let Some(outage) = session.outage.as_ref().filter(|o| !o.expired) {
        let ends = outage.since.at + policies.outage_before_start;
        clocks.push(ClockView {
            kind: ClockKind::Outage,
            ends,
        });
    }
    if let Phase::Suspended {
        cause: SuspensionCause::Outage,
        since,
        expired: false,
        ..
    } = &session.phase
    {
        clocks.push(ClockView {
            kind: ClockKind::Outage,
            ends: since.at + policies.outage_in_session,
        });
    }
    clocks.sort_by_key(|clock| clock.ends);
    clocks
}
