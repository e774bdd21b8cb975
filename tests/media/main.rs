//! Media against real peers: a real RTSP server, real players.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cameras;
mod capture;
