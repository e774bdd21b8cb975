//! Phones: calls candidates with a spoken notice, and understands the keys that they press.
//!
//! In reading order: what passes through a call (frames, G.711, RTP, keys), what is said and what keys mean.

mod clock;
pub mod dialogue;
pub mod dtmf;
pub mod frame;
pub mod g711;
pub mod jitter;
pub mod rtp;
