//! Owns what can be wrong with the box's keys: every message names the file and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the box's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The disk or the rights do not allow it.
    #[error("key file {path}: {action} failed: {source}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file is there but is not what was written once.
    #[error(
        "key file {path} is damaged ({fault}): restore the whole folder from its backup; \
         without one, move the folder away, start again, and export the new CA to the \
         workstations (accounts and stored personal data are lost with the old keys)"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it; never its content.
        fault: &'static str,
    },
    /// The folder was made once, and a file of it is gone.
    #[error(
        "key file {path} is missing although the keys were made before: restore it from the \
         backup or hand it in as the credential '{name}'; a new one would make stored data unreadable"
    )]
    Missing {
        /// Which file.
        path: PathBuf,
        /// The name of the credential that replaces it.
        name: &'static str,
    },
    /// Others can read the keys.
    #[error("key file {path} can be read by others (mode {mode:o}): run `chmod go= {path}`")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The CA may not sign for that name.
    #[error(
        "the box's CA may not certify '{name}': it is limited to private addresses and to the names \
         the box had when the CA was made; move {path} away to make a new CA, then export it to \
         the workstations again"
    )]
    NameNotPermitted {
        /// The host name or address.
        name: String,
        /// The CA's file.
        path: PathBuf,
    },
    /// A host name in the settings is none.
    #[error("'{name}' is neither a host name nor an IP address")]
    InvalidName {
        /// What was given.
        name: String,
    },
    /// A cryptographic operation failed that never should.
    #[error("{what} failed")]
    Crypto {
        /// Which.
        what: &'static str,
    },
}

impl KeyError {
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            path,
            action,
            source,
        }
    }

    pub(super) fn damaged(path: &Path, fault: &'static str) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            fault,
        }
    }
}
