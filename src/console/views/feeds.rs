//! Owns how a feed is shown: where its source stands, where its recording stands, and since when.

use super::parts::{LiveFeed, Surroundings};
use crate::room::{
    Actor, FeedId, FeedKind, FeedSpec, FeedState, GapCause, Place, Room, Session, SourceFault, Utc,
    may_view, recorded_feeds,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;

/// A feed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FeedView {
    /// Its id.
    pub id: FeedId,
    /// What people call it.
    pub name: String,
    /// What kind of source it is.
    pub kind: FeedKind,
    /// Where it is.
    pub place: Place,
    /// Where its source stands.
    pub source: SourceState,
    /// Since when; none where nothing has come yet.
    pub since: Option<Utc>,
    /// What is wrong with its source now: why it is lost or absent, or what it lacks while it lives.
    pub fault: Option<SourceFault>,
    /// Where its recording stands.
    pub recording: RecordingView,
    /// What it carries, e.g. `H264 1280×720`.
    pub carries: Vec<String>,
    /// Whether a small stream is there for tiles.
    pub small: bool,
    /// Whether this role may watch it, and a browser can.
    pub viewable: bool,
}

/// Where a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Nothing has come yet.
    Absent,
    /// It lives.
    Live,
    /// It is lost.
    Lost,
}

/// Where a recording stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecordingView {
    /// Which state.
    pub state: RecordingState,
    /// Since when.
    pub since: Option<Utc>,
    /// Why something is missing.
    pub cause: Option<GapCause>,
    /// Bytes on the disk of this session.
    pub bytes: u64,
    /// When the last were written.
    pub last_write: Option<Utc>,
}

/// The states of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Nothing is to be recorded now.
    NotWanted,
    /// Wanted, and no byte is on the disk yet.
    Starting,
    /// Bytes are being written.
    Writing,
    /// Something is missing at this moment.
    Gap,
}

/// All feeds of the room, as a role may know them.
pub(super) fn feed_views(room: &Room, actor: &Actor, around: &Surroundings) -> Vec<FeedView> {
    let occupant = room.occupant().map(|(_, session)| session);
    let wanted = occupant
        .map(|session| recorded_feeds(room, session))
        .unwrap_or_default();
    let nothing = LiveFeed::default();
    room.layout
        .feeds
        .iter()
        .map(|spec| {
            let live = around.feeds.get(&spec.id).unwrap_or(&nothing);
            feed_view(room, actor, spec, live, &wanted, occupant)
        })
        .collect()
}

fn feed_view(
    room: &Room,
    actor: &Actor,
    spec: &FeedSpec,
    live: &LiveFeed,
    wanted: &BTreeSet<FeedId>,
    occupant: Option<&Session>,
) -> FeedView {
    let (source, since) = match room.feeds.get(&spec.id) {
        None => (SourceState::Absent, None),
        Some(FeedState::Live { since }) => (SourceState::Live, Some(since.at)),
        Some(FeedState::Lost { since, .. }) => (SourceState::Lost, Some(since.at)),
    };
    FeedView {
        id: spec.id.clone(),
        name: spec.name.clone(),
        kind: spec.kind,
        place: spec.place,
        source,
        since,
        fault: source_fault(room, &spec.id, live),
        recording: recording_view(&spec.id, live, wanted, occupant),
        carries: live.carries.clone(),
        small: live.small,
        viewable: may_view(room, actor, spec) && (live.showable || source != SourceState::Live),
    }
}

/// What the source says now; else what the journal says of its loss.
pub(super) fn source_fault(room: &Room, feed: &FeedId, live: &LiveFeed) -> Option<SourceFault> {
    let journalled = || match room.feeds.get(feed) {
        Some(FeedState::Lost { cause, .. }) => Some(cause.clone()),
        Some(FeedState::Live { .. }) | None => None,
    };
    live.fault.clone().or_else(journalled)
}

fn recording_view(
    feed: &FeedId,
    live: &LiveFeed,
    wanted: &BTreeSet<FeedId>,
    occupant: Option<&Session>,
) -> RecordingView {
    let recordings = occupant.map(|session| &session.recordings);
    let running = recordings.and_then(|r| r.running.get(feed));
    let gap = recordings.and_then(|r| {
        r.open_gaps()
            .map(|(_, gap)| gap)
            .find(|gap| &gap.feed == feed)
    });
    let (state, since, cause) = match (wanted.contains(feed), gap, running) {
        (false, _, _) => (RecordingState::NotWanted, None, None),
        (true, Some(gap), _) => (RecordingState::Gap, Some(gap.from), Some(gap.cause)),
        (true, None, None) => (RecordingState::Starting, occupant.map(|s| s.since.at), None),
        (true, None, Some(since)) => (RecordingState::Writing, Some(since.at), None),
    };
    RecordingView {
        state,
        since,
        cause,
        bytes: live.bytes,
        last_write: live.last_write,
    }
}
