//! PURE: the room as a value. No tokio, no I/O, no clock, no randomness.

mod ids;
mod time;
mod layout;
mod actor;
mod event;
mod session;
mod recordings;

pub use actor::*;
pub use event::*;
pub use ids::*;
pub use layout::*;
pub use recordings::*;
pub use session::PhaseKind;
pub use time::*;
