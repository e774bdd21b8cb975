//! Owns what the room knows of its recordings: which tracks a feed has, and what is missing from them and why.

use super::ids::FeedId;
use super::note::Note;
use super::time::{Stamp, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One of a feed's tracks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// Picture.
    Video,
    /// Sound.
    Audio,
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Track::Video => "video",
            Track::Audio => "audio",
        })
    }
}

/// Why something is missing from a recording.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The source has not come yet.
    Absent,
    /// The source's connection was lost.
    SourceLost,
    /// The source is connected and sends nothing of this track.
    Silent,
    /// The source sends pictures, but none that decoding can begin with.
    NoKeyFrame,
    /// The source sends what cannot be stored: an unknown or broken format, or a time that runs backwards.
    Unusable,
    /// The recorder could not keep up.
    Lagged,
    /// The disk is full, read-only or broken.
    Disk,
    /// The daemon did not run.
    DaemonNotRunning,
}

/// A known absence in a recording (缺失) that has not ended yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Whose recording.
    pub feed: FeedId,
    /// Which track of it.
    pub track: Track,
    /// The last moment that was recorded.
    pub from: Utc,
    /// Why.
    pub cause: GapCause,
}

/// Where a feed's segment index stands; journalled, and signed in checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IndexHead {
    /// How many lines.
    pub lines: u64,
    /// How many of them are segments.
    pub segments: u64,
    /// Bytes of all segments.
    pub bytes: u64,
    /// SHA-256 of the last line's bytes, hex; 64 zeros while there is none.
    pub sha256: String,
}

impl Default for IndexHead {
    fn default() -> Self {
        Self {
            lines: 0,
            segments: 0,
            bytes: 0,
            sha256: "0".repeat(64),
        }
    }
}

/// A gap as the session keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownGap {
    /// What is missing.
    pub gap: Gap,
    /// Until when; none while it lasts.
    pub to: Option<Utc>,
    /// What people say of it.
    pub explanations: Vec<Note>,
}

/// The recordings of one session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Recordings {
    /// Feeds whose bytes reach the disk, since when.
    pub running: BTreeMap<FeedId, Stamp>,
    /// All gaps by number, from 1.
    pub gaps: BTreeMap<u32, KnownGap>,
    /// Where the indexes stood last.
    pub heads: BTreeMap<FeedId, IndexHead>,
}

impl Recordings {
    /// The number of the gap that lasts on a feed's track.
    pub fn open_gap(&self, feed: &FeedId, track: Track) -> Option<u32> {
        self.open_gaps()
            .find(|(_, gap)| &gap.feed == feed && gap.track == track)
            .map(|(no, _)| no)
    }

    /// All gaps that last.
    pub fn open_gaps(&self) -> impl Iterator<Item = (u32, &Gap)> {
        self.gaps
            .iter()
            .filter(|(_, known)| known.to.is_none())
            .map(|(no, known)| (*no, &known.gap))
    }

    /// Whether a feed is being written without a gap at this moment.
    pub fn is_whole(&self, feed: &FeedId) -> bool {
        self.running.contains_key(feed) && !self.open_gaps().any(|(_, gap)| &gap.feed == feed)
    }
}
