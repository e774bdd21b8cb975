//! bidroom, the daemon of a remote evaluation room. The map, in reading order:
//! the room as a value, then what makes it last, then what acts for it, then what shows it.

pub mod room;

pub mod journal;
pub mod vault;
pub mod clerk;
pub mod keys;
pub mod config;

pub mod media;
pub mod archive;
pub mod access;
pub mod console;
pub mod app;
