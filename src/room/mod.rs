//! PURE: the room as a value. No tokio, no I/O, no clock, no randomness.

mod actor;
mod event;
mod ids;
mod layout;
mod recordings;
mod session;
mod time;

pub use actor::*;
pub use event::*;
pub use ids::*;
pub use layout::*;
pub use recordings::*;
pub use session::PhaseKind;
pub use time::*;
