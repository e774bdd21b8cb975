//! The room's end: the journal goes out in order and is let go of on signed receipts only, the room's presence and public state are
//! said, and the hub's commands are put to the clerk. The room works without any of it.

mod archive;
mod draws;
mod errands;
mod inbox;
mod kept;
mod line;
mod orders;
mod outbox;
mod receipts;
mod run;
mod speech;
mod standing;

pub use kept::{Kept, KeptError};
pub use orders::{ProveOrder, Proven};
pub use run::{Link, Parts};
pub use standing::{Restored, Standing, Trespass};
