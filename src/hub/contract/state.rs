//! Owns a room's public state: what anybody in the city may know of it. It has no place for a person, masked or not.

use super::envelope::Payload;
use crate::room::{FeedId, PhaseKind, RelayId, Seq, SessionId, SessionKind, Span, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A room at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PublicState {
    /// The journal's number that it stands at.
    pub seq: Seq,
    /// When.
    pub at: Utc,
    /// What people call the room.
    pub name: String,
    /// The daemon's version.
    pub version: String,
    /// How many seats it has.
    pub seats: u32,
    /// How many of their workstations are enrolled.
    pub enrolled: u32,
    /// The session that holds the room, else the next.
    pub session: Option<PublicSession>,
    /// All open sessions.
    pub sessions: Vec<PlannedSession>,
    /// What needs somebody's eye, worst first.
    pub alarms: Vec<PublicAlarm>,
    /// Feeds that are to be recorded, and that are being written without a gap.
    pub recording: RecordedFeeds,
    /// How the room's equipment is.
    pub health: Health,
    /// Where the room's profile lets feeds be sent live, and which are sent now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<PublicRelay>,
    /// Entries that the hub has no receipt for.
    pub unreceipted: u64,
}

impl Payload for PublicState {
    const TYPE: &'static str = "bidroom.state.v1";
}

/// A session in the open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicSession {
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
    /// Members that are expected.
    pub expected_members: u32,
    /// Members that are in the room.
    pub present_members: u32,
    /// Clocks that run, soonest first.
    pub clocks: Vec<PublicClock>,
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicClock {
    /// What for, in a fixed word.
    pub what: String,
    /// When it ends.
    pub ends: Utc,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedSession {
    /// Its number.
    pub id: SessionId,
    /// Where it stands.
    pub phase: PhaseKind,
    /// The planned start.
    pub start: Utc,
    /// How long it is expected to take.
    pub expected: Span,
    /// How many seats it needs.
    pub seats: u32,
}

/// Something that needs somebody's eye.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicAlarm {
    /// Whether somebody must act now.
    pub urgent: bool,
    /// Since when.
    pub since: Utc,
    /// What kind of alarm, in a fixed word.
    pub kind: String,
    /// What it is about: a feed, a piece of equipment, a seat. Never a person.
    pub subject: Option<String>,
    /// What is wrong with it, in a fixed word.
    pub fault: Option<String>,
}

/// A place that feeds of the room may be sent to live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRelay {
    /// What the room calls it.
    pub id: RelayId,
    /// The server's name.
    pub host: String,
    /// The feeds that may go there.
    pub permitted: Vec<FeedId>,
    /// Whether their sound goes too.
    pub sound: bool,
    /// Until when feeds go there; none where none do.
    pub until: Option<Utc>,
    /// Those that do, or are to.
    pub feeds: Vec<PublicRelayed>,
    /// Whether the room has ended it for this session: it cannot be asked for again.
    pub barred: bool,
}

/// A feed that leaves the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRelayed {
    /// Which.
    pub feed: FeedId,
    /// In a fixed word: `waiting` for its source, `offering`, `sending`, `failed`.
    pub state: String,
}

/// Recordings, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedFeeds {
    /// To be recorded.
    pub wanted: u32,
    /// Being written without a gap.
    pub writing: u32,
}

/// How the equipment is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Free bytes of the recording disk.
    pub disk_free_bytes: u64,
    /// All its bytes.
    pub disk_total_bytes: u64,
    /// Hours of recording that it is enough for.
    pub disk_hours: u64,
    /// The clock's offset in ms, where something measures it.
    pub clock_offset_ms: Option<f64>,
    /// The hottest part of the box, degrees Celsius, where it says so.
    pub temperature_c: Option<f64>,
    /// The room's cameras.
    pub cameras: u32,
    /// Those that send.
    pub cameras_live: u32,
    /// When an archive was last found whole in a replica.
    pub last_backup: Option<Utc>,
    /// Archives that a replica of the profile lacks.
    pub archives_not_replicated: u32,
}
