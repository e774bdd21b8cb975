//! Capture → feed → viewers and recorders.

pub mod feed;
