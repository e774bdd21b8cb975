//! What happened, for good: an append-only, hash-chained, durable file (SQLite, WAL, `synchronous=FULL`).
//!
//! `Journal` is the one writer; when `append` returns, the entries survive a power cut. `Reader` is for
//! everybody else. A line is kept as the very bytes that later stand in a session's `journal.jsonl`, and
//! holds the SHA-256 of the line before it, in the box and in its session.

mod ballast;
mod batch;
mod error;
mod file;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod line;
mod reader;
mod settings;
mod snapshots;
mod verify;
mod writer;

pub use batch::{Accepted, Head};
pub use error::JournalError;
pub use line::{Line, LineHash};
pub use reader::Reader;
pub use settings::{Durability, Settings};
pub use verify::{Broken, Verified};
pub use writer::Journal;
