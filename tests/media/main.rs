//! Media with real encoders, real files and other people's tools.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests fail by panicking"
)]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod encoded;
mod probe;
mod recorder;
mod recorder_cost;
