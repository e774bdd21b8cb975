//! Owns where a camera's password comes from: a systemd credential, a file, or the profile itself.

use crate::keys::Secret;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a password lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// In `$CREDENTIALS_DIRECTORY/<name>`, where systemd puts it.
    Credential(String),
    /// In a file, without its line break.
    File(PathBuf),
    /// In the profile: for demonstrations.
    Inline(Secret),
}

/// Who signs in at a camera, with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The camera's user.
    pub username: String,
    /// Its password.
    pub password: Secret,
}

/// Why a password cannot be had. Names its place, never the password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The daemon was not started by systemd, or its unit names no credentials.
    #[error("the credential {name} cannot be read: systemd handed over no credentials")]
    NoCredentials {
        /// Which credential.
        name: String,
    },
    /// The file cannot be read.
    #[error("the password in {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The file is empty, not text, or far too long.
    #[error("{} holds no password of 1 to 128 characters", path.display())]
    NotAPassword {
        /// Which file.
        path: PathBuf,
    },
}

impl Password {
    /// Reads the password. `credentials` is `$CREDENTIALS_DIRECTORY`.
    ///
    /// # Errors
    /// [`PasswordError`], which names the place.
    pub fn read(&self, credentials: Option<&Path>) -> Result<Secret, PasswordError> {
        let path = match self {
            Self::Inline(secret) => return Ok(secret.clone()),
            Self::File(path) => path.clone(),
            Self::Credential(name) => credentials
                .ok_or_else(|| PasswordError::NoCredentials { name: name.clone() })?
                .join(name),
        };
        let text = match fs::metadata(&path).and_then(|m| match m.len() {
            // four bytes a character, and a line break
            0..=514 => fs::read_to_string(&path).map(Secret::new).map(Some),
            _ => Ok(None),
        }) {
            Ok(Some(text)) => text,
            Ok(None) => return Err(PasswordError::NotAPassword { path }),
            Err(cause) if cause.kind() == io::ErrorKind::InvalidData => {
                return Err(PasswordError::NotAPassword { path });
            }
            Err(cause) => return Err(PasswordError::Unreadable { path, cause }),
        };
        let password = text.expose().trim_end_matches(['\r', '\n']);
        let fits = (1..=128).contains(&password.chars().count())
            && !password.chars().any(char::is_control);
        fits.then(|| Secret::new(password))
            .ok_or(PasswordError::NotAPassword { path })
    }

    /// The file it lies in, where it lies in one.
    pub fn path(&self, credentials: Option<&Path>) -> Option<PathBuf> {
        match self {
            Self::Inline(_) => None,
            Self::File(path) => Some(path.clone()),
            Self::Credential(name) => credentials.map(|folder| folder.join(name)),
        }
    }

    pub(super) fn is_credential_name(name: &str) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (1..=64).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('.')
    }
}
