//! bidroom, the daemon of a remote evaluation room. The map, in reading order:
//! the room as a value, then what makes it last, then what acts for it, then what shows it.

pub mod room;

pub mod clerk;
pub mod config;
pub mod journal;
pub mod keys;
pub mod vault;

pub mod access;
pub mod app;
pub mod archive;
pub mod console;
pub mod draw;
pub mod hub;
pub mod media;
pub mod phone;
