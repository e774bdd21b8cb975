//! The only writer: takes commands in, lets the room decide, journals what follows, and publishes the room.
//!
//! An answer is given only after its entries are on the disk. `ClerkHandle` is what everybody else holds.

mod answer;
mod clock;
mod desk;
mod handle;
mod run;

pub use answer::{Outcome, SubmitError};
pub use clock::Clock;
pub use handle::{ClerkHandle, RoomAt};
pub use run::Clerk;
