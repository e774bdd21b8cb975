//! Capture → feed → viewers and recorders.
//!
//! A source publishes into its [`feed`]: cameras by [`capture`], browsers by WHIP over [`peer`]. Browsers watch by WHEP,
//! the [`recorder`] writes, [`reports`] tell the room.

pub mod feed;
pub mod capture;
pub mod h264;
pub mod reorder;
pub mod timeline;
pub mod keyframes;
pub mod peer;
mod continuity;
mod whip;
mod whep;
pub mod recorder;
pub mod reports;

pub use peer::Peers;
