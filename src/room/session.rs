//! Owns one session as a value: its phase, its committee, its clocks and what is open in it.

use super::anomaly::Anomalies;
use super::archive::Archive;
use super::callout::CallOut;
use super::committee::Committee;
use super::draw::Draw;
use super::event::{BreakKind, HelpKind, MealSlot, SuspensionCause};
use super::ids::{FeedId, MemberNo, RelayId, SeatNo};
use super::layout::Policies;
use super::note::Note;
use super::order::WaitingOrder;
use super::plan::Plan;
use super::recordings::Recordings;
use super::relay::Relay;
use super::source_fault::SourceFault;
use super::time::{Stamp, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The phases by name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// The plan is there.
    Planned,
    /// The committee is there.
    Convened,
    /// Experts check in; the seats are assigned.
    CheckIn,
    /// All have signed in; waits for recordings, the supervisor and the start.
    Ready,
    /// 评标中.
    InSession,
    /// 暂停: locked, material sealed.
    Suspended,
    /// 隔夜: locked for the night.
    Overnight,
    /// Signatures are given.
    Closing,
    /// 封存.
    Sealed,
    /// Ended without a result.
    Aborted,
}

impl PhaseKind {
    /// In words, for a refusal.
    pub(super) fn words(self) -> &'static str {
        match self {
            PhaseKind::Planned => "the session is only planned",
            PhaseKind::Convened => "check-in is not open",
            PhaseKind::CheckIn => "experts check in",
            PhaseKind::Ready => "the session is ready to start",
            PhaseKind::InSession => "the evaluation is on",
            PhaseKind::Suspended => "the session is suspended",
            PhaseKind::Overnight => "the room is locked for the night",
            PhaseKind::Closing => "signatures are given",
            PhaseKind::Sealed => "the session is sealed",
            PhaseKind::Aborted => "the session was ended",
        }
    }
}

/// Where a session stands.
///
/// ```text
/// planned ─► convened ─► check-in ─► ready ─► in session ─► closing ─► sealed
///                                              ▲   ▲  ▲       ▲
///                                   overnight ◄┘   └──┴───────┴─► suspended
/// any but sealed ─► aborted
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// The plan is there.
    Planned,
    /// The committee is there.
    Convened,
    /// Experts check in.
    CheckIn,
    /// The start barrier. Venues will be more conditions of it.
    Ready {
        /// The technician saw bytes being written on every stream.
        recording_confirmed: bool,
        /// The supervisor authorised the start.
        authorised: bool,
    },
    /// 评标中.
    InSession,
    /// Locked; goes back to where it was.
    Suspended {
        /// Why.
        cause: SuspensionCause,
        /// Why, in words.
        reason: Note,
        /// Since when; the outage clock counts from here.
        since: Stamp,
        /// The outage clock ran out.
        expired: bool,
        /// Whether signatures were being given.
        in_closing: bool,
    },
    /// Locked for the night.
    Overnight {
        /// Who was identified again since.
        returned: BTreeSet<MemberNo>,
    },
    /// Signatures are given.
    Closing,
    /// Ended, with all signatures.
    Sealed,
    /// Ended without a result.
    Aborted {
        /// Why.
        reason: Note,
    },
}

impl Phase {
    /// Its name.
    pub fn kind(&self) -> PhaseKind {
        match self {
            Phase::Planned => PhaseKind::Planned,
            Phase::Convened => PhaseKind::Convened,
            Phase::CheckIn => PhaseKind::CheckIn,
            Phase::Ready { .. } => PhaseKind::Ready,
            Phase::InSession => PhaseKind::InSession,
            Phase::Suspended { .. } => PhaseKind::Suspended,
            Phase::Overnight { .. } => PhaseKind::Overnight,
            Phase::Closing => PhaseKind::Closing,
            Phase::Sealed => PhaseKind::Sealed,
            Phase::Aborted { .. } => PhaseKind::Aborted,
        }
    }

    /// Whether the session holds the seats, the Q&A room and the supervision room.
    pub fn occupies(&self) -> bool {
        match self {
            Phase::CheckIn
            | Phase::Ready { .. }
            | Phase::InSession
            | Phase::Suspended { .. }
            | Phase::Overnight { .. }
            | Phase::Closing => true,
            Phase::Planned | Phase::Convened | Phase::Sealed | Phase::Aborted { .. } => false,
        }
    }

    /// Whether nothing more can happen in it but leaving and archiving.
    pub fn is_over(&self) -> bool {
        matches!(self, Phase::Sealed | Phase::Aborted { .. })
    }
}

/// One room's part of one evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// The plan.
    pub plan: Plan,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Stamp,
    /// When the evaluation began.
    pub started: Option<Stamp>,
    /// Since when the room is open today: the start, or the last morning.
    pub opened: Option<Stamp>,
    /// Who works in it.
    pub committee: Committee,
    /// Rests and meals.
    pub breaks: Breaks,
    /// Open help calls by seat.
    pub help: BTreeMap<SeatNo, HelpCall>,
    /// Warnings that were not yet acknowledged.
    pub warnings: BTreeMap<SeatNo, Note>,
    /// The supervisor's voice, while he speaks.
    pub talk_back: Option<TalkBack>,
    /// What of it leaves the house live, by place.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub relays: BTreeMap<RelayId, Relay>,
    /// An outage that keeps it from starting.
    pub outage: Option<Outage>,
    /// Until when the nightly lock was put off.
    pub lock_postponed: Option<Utc>,
    /// What is recorded, and what is missing.
    pub recordings: Recordings,
    /// What is wrong with what feeds show and sound.
    #[serde(default)]
    pub anomalies: Anomalies,
    /// Moments the supervisor marked.
    pub marks: u32,
    /// Whether the supervisor signed the closing record.
    pub closing_record_signed: bool,
    /// Where its archive stands.
    #[serde(default)]
    pub archive: Archive,
    /// The order that the hub has brought for its draw, the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<WaitingOrder>,
    /// How its committee is drawn; none where it comes from a table.
    #[serde(default)]
    pub draw: Option<Draw>,
    /// The notice of its calls.
    #[serde(default)]
    pub notice: NoticeState,
    /// How the drawn are called.
    #[serde(default)]
    pub callout: Option<CallOut>,
}

/// Whether what is said on the phone is spoken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "notice")]
pub enum NoticeState {
    /// Not yet.
    #[default]
    Missing,
    /// It is.
    Ready {
        /// Digest of what is spoken.
        digest: String,
    },
    /// It could not be.
    Failed {
        /// Why.
        reason: Note,
    },
}

impl Session {
    /// A session that was just planned.
    pub(super) fn planned(plan: Plan, since: Stamp) -> Self {
        Self {
            plan,
            phase: Phase::Planned,
            since,
            started: None,
            opened: None,
            committee: Committee::default(),
            breaks: Breaks::default(),
            help: BTreeMap::new(),
            warnings: BTreeMap::new(),
            talk_back: None,
            relays: BTreeMap::new(),
            outage: None,
            lock_postponed: None,
            recordings: Recordings::default(),
            anomalies: Anomalies::default(),
            marks: 0,
            closing_record_signed: false,
            archive: Archive::Open,
            order: None,
            draw: None,
            notice: NoticeState::Missing,
            callout: None,
        }
    }

    /// Whether it is over and its archive is made: the room needs it no more.
    pub fn is_archived(&self) -> bool {
        self.phase.is_over() && self.archive.is_done()
    }

    /// The policies that hold for it.
    pub fn policies<'a>(&'a self, of_room: &'a Policies) -> &'a Policies {
        self.plan.policies.as_ref().unwrap_or(of_room)
    }
}

/// Rests and meals of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Breaks {
    /// Since when the committee has worked without a break.
    pub working_since: Option<Stamp>,
    /// The break that lasts.
    pub current: Option<CurrentBreak>,
    /// Breaks that are due.
    pub due: BTreeMap<BreakKind, DueBreak>,
    /// The last meal that was called.
    pub last_meal: Option<MealSlot>,
}

/// A break that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CurrentBreak {
    /// Rest or meal.
    pub kind: BreakKind,
    /// Since when.
    pub since: Stamp,
}

/// A break that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DueBreak {
    /// Since when.
    pub since: Stamp,
    /// Whether the supervisor was alarmed.
    pub overdue: bool,
}

/// Somebody at a seat needs help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HelpCall {
    /// What help.
    pub kind: HelpKind,
    /// Since when.
    pub since: Stamp,
    /// Whether the supervisor was alarmed.
    pub overdue: bool,
}

/// The supervisor speaks to seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TalkBack {
    /// To which.
    pub seats: BTreeSet<SeatNo>,
    /// Since when.
    pub since: Stamp,
}

/// An outage before the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outage {
    /// What is out.
    pub cause: Note,
    /// Since when the clock runs.
    pub since: Stamp,
    /// Whether it ran out: the tenderer decides.
    pub expired: bool,
}

/// A feed that the room has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum FeedState {
    /// It lives.
    Live {
        /// Since when.
        since: Stamp,
    },
    /// It is lost.
    Lost {
        /// Since when.
        since: Stamp,
        /// What is known of the reason.
        #[serde(deserialize_with = "SourceFault::read")]
        cause: SourceFault,
    },
}

/// The feeds by id.
pub type FeedStates = BTreeMap<FeedId, FeedState>;
