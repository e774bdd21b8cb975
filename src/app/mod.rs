//! The only place that knows everyone: start order, stop order, supervised tasks, what systemd is told.

mod run;
mod tasks;
mod clock;
mod listen;
mod cameras;
mod around;
mod health;
mod ntp;
mod preflight;
mod attendance;
mod watchdog;

pub use run::{Order, run};
