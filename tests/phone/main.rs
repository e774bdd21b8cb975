//! Phones against independent peers: Kamailio, baresip, SIPp and a modem on serial ports; GStreamer's detector as a second opinion.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

mod desk;
mod keys;
mod modem;
mod peers;
mod rough;
mod sip;
mod speech;
