//! Media against real peers: real encoders, a real RTSP server, real players and other people's tools.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod burned_in;
mod cameras;
mod capture;
mod crowd;
mod detect;
mod encoded;
mod http;
mod in_step;
mod liars;
mod network;
mod offers;
mod outages;
mod playback;
mod probe;
mod recorder;
mod recorder_faults;
mod recording;
mod room;
mod strangers;
#[path = "../support/time_strip.rs"]
mod time_strip;
mod unaltered;
mod undisturbed;
mod whep;
mod whip;
