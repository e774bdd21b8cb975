//! Looks and listens: a picture that is frozen or black, sound that is missing or too loud.
//!
//! Detectors judge what a feed carries, never whether it lives: a black picture is recorded, and is no gap.
//! They cost next to nothing: of a picture only the smallest stream's key frames are decoded, one in a few
//! seconds; between them the size of the predicted pictures tells whether something moves. Of the sound a
//! tenth of a second is decoded now and then. The way of a finding: `eye` and `ear` observe, `lasting`
//! waits until it lasts, `watch` goes round the feeds, `worker` tells the room.

mod wanted;
pub use wanted::Wanted;

mod decoder;
mod picture;
mod stream;

mod eye;
mod sound;

mod ear;
mod lasting;

mod watch;
pub use watch::{Found, Job, watch};
mod worker;
pub use worker::run;
