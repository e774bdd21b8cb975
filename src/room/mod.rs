//! PURE: the room as a value. No tokio, no I/O, no clock, no randomness.

mod ids;
mod time;
mod layout;
mod session;

pub use ids::*;
pub use layout::*;
pub use session::PhaseKind;
pub use time::*;
