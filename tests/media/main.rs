//! Media against real peers: real encoders, a real RTSP server, real players and other people's tools.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cameras;
mod capture;
mod encoded;
mod http;
mod offers;
mod probe;
mod recorder;
mod recorder_cost;
mod room;
mod strangers;
mod whep;
mod whip;
