//! Phones: calls candidates with a spoken notice, and understands the keys that they press.
//!
//! In reading order: what passes through a call (frames, G.711, RTP, keys), what is said and what keys mean, the lines, one call,
//! and the worker that converges to what is wanted. A number comes from the vault at the moment of dialling, and goes to the line alone.

mod clock;
pub mod frame;
pub mod g711;
pub mod jitter;
pub mod rtp;

pub mod dtmf;

pub mod call_back;
pub mod dialogue;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod voice;
pub mod wav;

pub use dialogue::Piece;

mod leg;
mod number;
pub use leg::{Leg, LegEvent, Line, Ring};
pub use number::Number;

pub mod modem;
pub mod sip;
pub mod sms;

mod call;
mod callers;
mod recording;
mod reports;
mod worker;
pub use recording::Recordings;
pub use reports::{NotKept, PhoneReport, Reports, TakenCall};
pub use worker::{Directory, OpenLine, Phones, SpokenNotices, Unreadable, WantedPhones};
