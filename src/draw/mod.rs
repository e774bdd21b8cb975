//! The draw: from a pool, recusals and specialities to one verifiable order of all candidates. The room decides when;
//! this module computes, and keeps in the vault what must not be seen. Reading order: the tables that come in, who may be
//! drawn, what is committed to, the order, the preparation, the worker, and the record that a stranger verifies.

// what comes in
mod column;
mod day;
mod pool;
mod recusal;
mod sheet;

mod given;

// what is computed
mod commit;
mod judge;
mod opening;

// who uses it
mod prepare;
mod record;
mod verify;
mod worker;

pub use column::{Column, Table, TableFault, TableFaultCode};
pub use given::{GivenFault, GivenFile, prove_order};
pub use judge::{Rules, Status};
pub use opening::{OpenRow, Opening};
pub use pool::PoolPerson;
pub use prepare::{
    GroupWish, OrderWish, PrepareError, Prepared, Tables, Wishes, prepare, release, take_order,
    withdraw,
};
pub use record::{DrawRecordFile, DrawnLine, PublicRecord, public_record};
pub use verify::{Findings, verify};
pub use worker::{DrawWorker, Turn};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests;
