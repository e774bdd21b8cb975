//! The only place that knows everyone: start order, stop order, supervised tasks, what systemd is told.

mod archivist;
mod around;
mod attendance;
mod cameras;
mod check;
mod clock;
mod disk;
mod draw;
mod health;
mod keeper;
mod listen;
mod phones;
mod preflight;
mod run;
mod sealing;
mod smart;
mod tasks;
mod tsa;
mod verify;
mod watchdog;

pub use check::{CheckOrder, check};
pub use draw::{DrawVerifyOrder, verify_draw};
pub use run::{Order, run};
pub use verify::{VerifyOrder, verify};
