//! Rooms and their hub over a real broker: what is lost, doubled, forged or out of shape, when everything is killed that can be.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

#[path = "../support/mod.rs"]
mod support;

mod board;
mod broker;
mod contract;
mod delivery;
mod draws;
mod given;
mod network;
mod orders;
mod postgres;
mod relay;
mod secure;
mod trust;
