//! The real program from outside: a session from plan to seal, what of people it lets out, and what being killed does to it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

#[path = "../media/cameras.rs"]
#[allow(dead_code, reason = "the media tests use all of it")]
mod cameras;
#[path = "../media/offers.rs"]
mod offers;
#[path = "../media/probe.rs"]
#[allow(dead_code, reason = "the media tests use all of it")]
mod probe;
#[path = "../support/mod.rs"]
mod support;

#[path = "../phone/peers.rs"]
#[allow(dead_code, reason = "the phones' tests use all of it")]
mod peers;

mod archive;
mod call_out;
mod canaries;
mod clock_jumps;
mod disk_faults;
mod draw;
mod handover;
mod hostile;
mod kills;
mod media_kills;
mod memory;
mod no_network;
mod power_cuts;
mod preflight;
mod recorded;
mod replicas;
mod session;
mod start;
mod thirty;
