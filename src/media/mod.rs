//! Capture → feed → viewers and recorders.

pub mod feed;

pub mod capture;

pub mod recorder;
