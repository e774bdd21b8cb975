//! Owns what the room consists of and by which policies it runs: the profile's part that the room needs.

use super::callout::CallOutPolicies;
use super::ids::{FeedId, ReplicaId, SeatNo};
use super::relay::RelaySpec;
use super::rules::RuleNumbers;
use super::session::PhaseKind;
use super::time::{Span, TimeOfDay};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The room as its profile describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Layout {
    /// What people call the room, e.g. 评标一室.
    pub name: String,
    /// The centre or city it belongs to.
    pub city: String,
    /// The seats, by number.
    pub seats: Vec<Seat>,
    /// Every feed the room can have.
    pub feeds: Vec<FeedSpec>,
    /// Where every sealed archive must lie besides.
    #[serde(default)]
    pub replicas: BTreeSet<ReplicaId>,
    /// Where feeds may be sent live when the city asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<RelaySpec>,
}

impl Layout {
    /// The feed of that id.
    pub fn feed(&self, id: &FeedId) -> Option<&FeedSpec> {
        self.feeds.iter().find(|f| &f.id == id)
    }

    /// Whether the room has that seat.
    pub fn has_seat(&self, seat: SeatNo) -> bool {
        self.seats.iter().any(|s| s.no == seat)
    }
}

/// A seat and where the map shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seat {
    /// Its number.
    pub no: SeatNo,
    /// Left edge to centre, in percent of the map's width.
    pub x: u8,
    /// Top edge to centre, in percent of the map's height.
    pub y: u8,
}

/// One feed: what it is and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeedSpec {
    /// Its id.
    pub id: FeedId,
    /// What people call it.
    pub name: String,
    /// What kind of source it is; its liveness is judged by this.
    pub kind: FeedKind,
    /// Where it is.
    pub place: Place,
    /// Whether it is a test picture: such a room can rehearse, never hold a real session.
    #[serde(default)]
    pub simulated: bool,
}

/// The kinds of feeds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// A fixed camera of the room.
    Camera,
    /// A microphone of the room without a picture.
    Microphone,
    /// An expert's face and microphone, from the workstation.
    Face,
    /// An expert's screen, from the workstation. A static screen is not a gap.
    Screen,
    /// The supervisor's voice to the seats. There only while he talks.
    TalkBack,
}

/// Where a feed comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case", tag = "in", content = "seat")]
pub enum Place {
    /// The evaluation room itself.
    EvaluationRoom,
    /// A seat in it.
    Seat(SeatNo),
    /// The Q&A room (询标答疑室).
    QaRoom,
    /// The supervision room (监督室).
    SupervisionRoom,
}

/// A recording rule: these feeds are recorded in these phases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordRule {
    /// The kinds it is for.
    pub kinds: BTreeSet<FeedKind>,
    /// The phases in which they are recorded.
    pub phases: BTreeSet<PhaseKind>,
}

/// What localities decide differently. A plan may replace any of them for its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policies {
    /// Smallest committee.
    pub committee_min: u8,
    /// Whether a committee must be odd.
    pub committee_odd: bool,
    /// Experts must be at least `.0` / `.1` of the committee (the law: 2/3).
    pub expert_share: (u8, u8),
    /// Whether only an expert, not a tenderer representative, may be chair.
    pub chair_is_expert: bool,
    /// How late an expert may check in after the planned start without anybody's leave.
    pub grace: Span,
    /// How long an outage may last before the start until the tenderer decides.
    pub outage_before_start: Span,
    /// How long an outage may last during evaluation until the material is sealed.
    pub outage_in_session: Span,
    /// When the room is locked for the night; none where there is no overnight.
    pub overnight_lock: Option<TimeOfDay>,
    /// How long a committee works before a rest is due.
    pub rest_every: Span,
    /// When meals are due.
    pub meals: Vec<TimeOfDay>,
    /// How late a rest or meal may be until the supervisor is alarmed.
    pub break_overdue: Span,
    /// How long a help call may wait until the supervisor is alarmed.
    pub help_overdue: Span,
    /// The largest offset of the clock with which a session may start.
    pub clock_offset: Span,
    /// What is recorded when.
    pub recording: Vec<RecordRule>,
    /// How long a sealed archive is kept; none means for good, as it was before there was a policy.
    #[serde(default)]
    pub retention: Option<Span>,
    /// How long its personal data and call recordings are kept in it; none means as long as itself.
    #[serde(default)]
    pub personal_retention: Option<Span>,
    /// How long an archive in a replica may go unverified.
    #[serde(default = "Policies::monthly")]
    pub scrub: Span,
    /// How experts are drawn and called.
    #[serde(default)]
    pub call_out: CallOutPolicies,
    /// The numbers of the rule sets that a plan may name.
    #[serde(default, skip_serializing_if = "RuleNumbers::is_usual")]
    pub numbers: RuleNumbers,
}

impl Policies {
    const fn monthly() -> Span {
        Span::hours(30 * 24)
    }
}

impl Default for Policies {
    fn default() -> Self {
        use FeedKind::{Camera, Face, Microphone, Screen, TalkBack};
        use PhaseKind::{CheckIn, Closing, InSession, Overnight, Ready, Suspended};
        let rule = |kinds: &[FeedKind], phases: &[PhaseKind]| RecordRule {
            kinds: kinds.iter().copied().collect(),
            phases: phases.iter().copied().collect(),
        };
        Self {
            committee_min: 5,
            committee_odd: true,
            expert_share: (2, 3),
            chair_is_expert: true,
            grace: Span::minutes(30),
            outage_before_start: Span::hours(2),
            outage_in_session: Span::hours(4),
            overnight_lock: Some(TimeOfDay(21 * 60)),
            rest_every: Span::hours(2),
            meals: vec![TimeOfDay(12 * 60), TimeOfDay(18 * 60)],
            break_overdue: Span::minutes(30),
            help_overdue: Span::minutes(3),
            clock_offset: Span::seconds(1),
            recording: vec![
                rule(
                    &[Camera],
                    &[CheckIn, Ready, InSession, Suspended, Overnight, Closing],
                ),
                rule(
                    &[Face, Screen, Microphone, TalkBack],
                    &[Ready, InSession, Suspended, Closing],
                ),
            ],
            // 政府采购法 art. 42: at least 15 years; 366 days, so that no leap year makes them shorter
            retention: Some(Span::hours(15 * 366 * 24)),
            personal_retention: None,
            scrub: Self::monthly(),
            call_out: CallOutPolicies::default(),
            numbers: RuleNumbers::default(),
        }
    }
}
