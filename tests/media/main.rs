//! Media against real peers: real encoders, a real RTSP server, real players and other people's tools.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod cameras;
mod capture;
mod encoded;
mod http;
mod offers;
mod playback;
mod probe;
mod recorder;
mod recorder_cost;
mod recorder_faults;
mod recording;
mod room;
mod strangers;
mod whep;
mod whip;
