//! The only place that knows everyone: start order, stop order, supervised tasks, what systemd is told.

mod around;
mod attendance;
mod cameras;
mod check;
mod clock;
mod disk;
mod health;
mod listen;
mod preflight;
mod run;
mod tasks;
mod watchdog;

pub use check::{CheckOrder, check};
pub use run::{Order, run};
