//! The vault: personal data of a session's people, encrypted record by record, keyed by opaque
//! references that differ in every session. It gives a person out for a purpose and writes down
//! that it did; it answers whether somebody is meant without saying who; and it forgets a whole
//! session by destroying that session's key.

mod error;
mod person;

mod mentions;
mod numbers;

#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod import;
mod store;
mod table;

pub use error::VaultError;
pub use import::{CommitteeColumn, ImportError, RowFault, RowFaultCode};
pub use numbers::{IdNumberFault, check_id_number, check_mobile};
pub use person::{Person, Purpose};
pub use store::{Document, Vault};

pub(crate) use import::name_fault;
pub(crate) use numbers::plain_text as plain_name;
pub(crate) use table::{Lines, decode, delimiter};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests;
