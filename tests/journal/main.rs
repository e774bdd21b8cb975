//! The journal and the clerk on a real disk: nothing acknowledged is lost, nothing changed goes unnoticed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

mod chain;
mod clerk;
mod disk_full;
mod faults;
mod given;
mod snapshots;
