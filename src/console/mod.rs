//! console

mod signalling;
pub mod whip;
pub mod whep;

pub use signalling::{HasLive, Live, Owner};
