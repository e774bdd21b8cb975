//! Owns what the room knows of its recordings: which tracks a feed has, and what is missing from them and why.

use super::ids::FeedId;
use super::time::Utc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
