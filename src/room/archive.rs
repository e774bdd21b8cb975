//! Owns what the room knows of a session's archive: open, sealed, read back.

use super::time::{Stamp, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a seal closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seal {
    /// SHA-256 of `tagmanifest-sha256.txt`, hex: what is signed, and fixes all else.
    pub sha256: String,
    /// How many files the manifest names.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether a time-stamping authority confirmed the moment.
    pub timestamped: bool,
}

/// Where a session's archive stands. A session is kept in the room until its archive was read back.
///
/// ```text
/// open ──bag signed──► sealed ──every file read again──► read back
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Archive {
    /// Not sealed yet.
    #[default]
    Open,
    /// Signed.
    Sealed {
        /// When.
        at: Stamp,
        /// What.
        seal: Seal,
    },
    /// Signed, and every file was read from the disk again.
    ReadBack {
        /// When.
        at: Stamp,
        /// What.
        seal: Seal,
        /// Files that were not what the manifest says.
        damaged: u32,
        /// When it was sealed; none where an earlier version did.
        #[serde(default)]
        sealed: Option<Utc>,
    },
}

impl Archive {
    /// Whether there is nothing more to do for it.
    pub fn is_done(&self) -> bool {
        matches!(self, Archive::ReadBack { .. })
    }
}
