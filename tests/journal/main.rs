//! The journal and the clerk on a real disk: nothing acknowledged is lost, nothing changed goes unnoticed.

mod chain;
mod clerk;
mod disk_full;
mod faults;
mod given;
mod snapshots;
