//! How MQTT is spoken: one connection at a time, each with a client of its own, through an in-process bridge that does TCP and TLS.
//!
//! Nothing of a lost connection is kept: whoever uses it knows what was not receipted, and sends that again.

mod bridge;
mod client;
mod tls;

pub(super) use client::{
    Beside, Connection, HEADER, Heard, Message, Quality, Terms, connect, may_speak_otherwise,
};
pub(super) use tls::{Tls, authorities};
