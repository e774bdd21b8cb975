//! From a feed's units to its segments, and the truth about what is missing.
//!
//! [`Recorders`] converges to the wanted set; each `feed_recorder` is one thread with one feed, so that a disk that hangs
//! holds up nobody else. Recording knows neither viewers nor the hub.

mod clock;
mod disk_wait;
mod feed_recorder;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod gaps;
mod mp4;
mod open_segment;
mod recorders;
mod tape;
mod track_format;

pub use disk_wait::DiskWait;
pub use recorders::{
    DiskFault, FeedRecordingStatus, RecorderReport, Recorders, RecordersHandle, RecordingStatus,
    WantedRecordings,
};
