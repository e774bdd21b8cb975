//! Capture → feed → viewers and recorders.
//!
//! A source publishes into its [`feed`]; browsers publish by WHIP and watch by WHEP over [`peer`].

pub mod feed;
pub mod h264;
pub mod reorder;
pub mod timeline;
pub mod keyframes;
pub mod peer;
mod continuity;
mod whip;
mod whep;

pub mod capture;

pub mod recorder;

pub mod reports;

pub use peer::Peers;
