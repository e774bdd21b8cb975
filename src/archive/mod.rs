//! What lasts of a session's feeds: segment files, and the index that proves them whole.
//!
//! `sessions/<session>/data/feeds/<feed>/<utc>.mp4` are the segments, `index.jsonl` beside them is the chain
//! (format: [`index`]). Both can be read and checked with `ffprobe`, `sha256sum` and a JSON reader.

pub mod checkpoints;
pub mod clip;
pub mod container;
pub mod detection;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod handover;
pub mod index;
pub mod papers;
pub mod playback;
pub mod recover;
pub mod replica;
pub mod retention;
pub mod scrub;
pub mod seal;
pub mod segment;
pub mod signature;
pub mod sm2;
pub mod token;
mod tree;
pub mod verify;

pub use index::{CloseCause, GapRecord, Index, IndexFault, Record, SegmentRecord};
pub use segment::SegmentWriter;

use crate::room::{FeedId, SessionId};
use std::path::{Path, PathBuf};

/// A session's folder under the data folder: a BagIt bag once it is sealed.
pub fn bag_folder(data: &Path, session: &SessionId) -> PathBuf {
    data.join("sessions").join(session.as_str())
}

/// Where a session's feeds lie under the data folder.
pub fn feeds_folder(data: &Path, session: &SessionId) -> PathBuf {
    bag_folder(data, session).join("data").join("feeds")
}

/// Where one feed's recording lies under the data folder.
pub fn feed_folder(data: &Path, session: &SessionId, feed: &FeedId) -> PathBuf {
    feeds_folder(data, session).join(feed.as_str())
}
