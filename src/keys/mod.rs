//! The box's own keys: its CA and TLS certificate, its signing identity, and the secrets that
//! seal what the other modules store. Reading order: how a secret is held in memory and wiped, how it lies
//! on disk, what is derived from it, the certificates, and the handle that everybody else takes.
//! Two things stand here because every store that holds secrets needs them alike: how its
//! database is opened, and how an append-only trail is chained.

// how secrets are held, stored and used
mod cipher;
mod error;
mod files;
mod memory;
mod secret;

// what the box has
mod certificates;
mod envelope;
mod handle;

// what every database of secrets needs
mod database;
mod trail;

pub use certificates::HostName;
pub use cipher::{MacPurpose, SealPurpose};
pub use envelope::{EnvelopeFault, is_envelope};
pub use error::KeyError;
pub use handle::{KeySources, Keys};
pub use memory::{MediaTask, Wiping, media_only};
pub use secret::{Secret, random};
pub use trail::{TrailFault, TrailFilter, TrailHead, TrailRow};

pub(crate) use cipher::{Cipher, mac};
pub(crate) use database::{OWNER_SCHEMA, belongs_to, open_database, open_reader};
pub(crate) use envelope::{
    AES256_GCM, AES256_WRAP, AUTH_ENVELOPED, AuthEnvelopedData, ECDH_SHA256_KDF, GcmParameters,
    SharedInfo,
};
pub(crate) use trail::{Line, Trail, actor_word};

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
pub(crate) mod canary;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests;
