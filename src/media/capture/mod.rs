//! Cameras and microphones of the room → their [`Feed`](super::feed::Feed).
//!
//! A camera is a [`Source`]; [`run`] connects to it, publishes what comes, names every loss and comes
//! back by itself. [`probe`] only looks what is there. The way of a picture: `rtsp` or `local` builds
//! the pipeline, `pipeline` runs it, `units` makes units of its buffers, `publisher` gives them to the
//! feed (`live` as RTP packets, `opus` makes AAC audible to browsers), `worker` watches over all of it.

mod source;
pub use source::{
    AlsaDevice, InvalidSource, Password, PictureFormat, RtspSource, RtspUrl, Source, TestPattern,
    V4l2Source,
};

mod fault;
pub use fault::Stage;

mod local;
mod rtsp;

mod clock;
mod nal;
mod pipeline;
mod trace;
mod units;

mod live;
mod opus;
mod publisher;
mod rtp_clock;
mod timeline;

mod watchdog;
mod worker;
pub use worker::run;

mod probe;
pub use probe::{Probe, ProbeFault, StreamReport, Which, probe};
