//! What the pages get: one whole view a role, folded here so that the browser only draws.
//!
//! Nothing personal is in any of them: members are masks. Types are the wire contract; the pages' TypeScript
//! is generated from their schemas.

mod actions;
mod alarms;
mod convening;
mod feeds;
mod parts;
mod relays;
mod room;
mod seat;

pub use actions::{Action, ActionView};
pub use alarms::{Alarm, AlarmKind, Level};
pub use convening::*;
pub use feeds::{FeedView, RecordingState, RecordingView, SourceState};
pub use parts::*;
pub use relays::{RelayView, RelayedFeed};
pub(super) use room::shown_session;
pub use room::{RoomView, room_view};
pub use seat::{Colleague, SeatPageView, seat_view};
