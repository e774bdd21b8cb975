//! Lines of a SIP gateway or trunk: signalling by `rsipstack`, sound by our own RTP.
//!
//! The library logs addresses, and so numbers: the daemon's log leaves all of it out (`main.rs`), and no text of its errors goes
//! anywhere.

mod cause;
mod contact;
mod incoming;
pub(in crate::phone) mod leg;
mod media;
mod open_calls;
pub(in crate::phone) mod ring;
pub(in crate::phone) mod sdp;
mod trunk;
mod watch;

pub use open_calls::OpenCalls;
pub use trunk::{Transport, Trunk, TrunkSettings};
