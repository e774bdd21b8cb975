//! From a feed's units to its segments, and the truth about what is missing.
//!
//! [`Recorders`] converges to the wanted set; each [`recorder`] is one thread with one feed, so that a disk that hangs
//! holds up nobody else. Recording knows neither viewers nor the hub.

mod recorders;
mod recorder;
mod tape;
mod open_segment;
mod gaps;
mod mp4;
mod nal;
mod clock;

pub use recorders::{FeedRecordingStatus, RecorderReport, Recorders, RecordersHandle, RecordingStatus, WantedRecordings};
