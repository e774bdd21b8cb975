//! Capture → feed → viewers and recorders.
//!
//! A source publishes into its [`feed`]; browsers publish by WHIP and watch by WHEP over [`peer`].

mod bits;
mod clock;
mod continuity;
pub mod feed;
pub mod h264;
mod h264_syntax;
pub mod keyframes;
mod parameter_sets;
pub mod peer;
pub mod reorder;
pub mod timeline;
mod whep;
mod whip;

pub mod capture;

pub mod recorder;

pub mod detect;

pub mod trial;

pub mod reports;

pub use peer::Peers;
