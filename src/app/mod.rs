//! The only place that knows everyone: start order, stop order, supervised tasks, what systemd is told.

mod run;
mod tasks;
mod clock;
mod listen;
mod cameras;
mod around;
mod health;
mod preflight;
mod attendance;
mod watchdog;
mod check;

pub use check::{CheckOrder, check};
pub use run::{Order, run};
