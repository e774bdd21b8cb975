//! The only place that knows everyone: start order, stop order, supervised tasks, what systemd is told.

mod archivist;
mod around;
mod attendance;
mod cameras;
mod check;
mod city;
mod clock;
mod disk;
mod draw;
mod health;
mod hub;
mod keeper;
mod listen;
mod orders;
mod phones;
mod preflight;
mod public;
mod relays;
mod run;
mod sealing;
mod secrecy;
mod smart;
mod statements;
mod tasks;
mod tsa;
mod verify;
mod watchdog;

pub use crate::hub::reference::BrokerKind;
pub use check::{CheckOrder, check};
pub use city::{HubOrder, hub_access_list, hub_key, run_hub};
pub use draw::{DrawVerifyOrder, verify_draw};
pub use run::{Order, run};
pub use verify::{VerifyOrder, verify};
