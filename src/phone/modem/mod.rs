//! Lines of a GSM or 4G modem: commands over one serial port, sound over another.

mod cause;
mod commands;
mod leg;
mod line;
pub(in crate::phone) mod model;
mod open;
mod ring;
mod talk;
mod text;

pub use line::{ModemLine, ModemSettings};
pub use model::Model;
