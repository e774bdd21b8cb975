//! Owns passwords: which are good enough, how they are hashed, and that hashing never exhausts
//! the box.

use super::error::AccessError;
use crate::keys::{Keys, MacPurpose, Secret, random};
use crate::room::{AccountId, Utc};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

const SHORTEST: usize = 10;
/// Longer ones cost time to hash and nobody types them.
const LONGEST: usize = 128;
/// Hashes that may wait for their turn; each takes some 50 ms and 19 MiB, one at a time.
const QUEUE: usize = 16;

/// Why a password is too weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordFault {
    /// Fewer than 10 characters.
    TooShort,
    /// More than 128 bytes.
    TooLong,
    /// It contains the account's name.
    ContainsName,
    /// Everybody tries it first.
    Common,
    /// It is the one before.
    Same,
}

impl fmt::Display for PasswordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "it has fewer than 10 characters",
            Self::TooLong => "it has more than 128 bytes",
            Self::ContainsName => "it contains the account's name",
            Self::Common => "it is one that everybody tries first",
            Self::Same => "it is the one before",
        })
    }
}

/// Stems of the passwords that are tried first here; what is left of a password when they, digits
/// at its end and repetitions are taken off must still be something.
const COMMON: [&str; 34] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "administrator",
    "admin",
    "root",
    "user",
    "guest",
    "test",
    "qwertyuiop",
    "qwerty",
    "asdfghjkl",
    "asdfgh",
    "zxcvbnm",
    "1qaz2wsx",
    "qazwsx",
    "1q2w3e4r5t",
    "1q2w3e4r",
    "abc123",
    "abcdefghij",
    "abcd",
    "iloveyou",
    "woaini",
    "welcome",
    "letmein",
    "changeme",
    "default",
    "bidroom",
    "pingbiao",
    "zhaobiao",
    "toubiao",
    "baoshan",
    "huawei",
];

/// Whether a password is good enough for that account.
pub(super) fn check(password: &Secret, account: &AccountId) -> Result<(), PasswordFault> {
    let text = password.expose();
    if text.chars().count() < SHORTEST {
        return Err(PasswordFault::TooShort);
    }
    if text.len() > LONGEST {
        return Err(PasswordFault::TooLong);
    }
    let lower = Zeroizing::new(text.to_lowercase());
    if lower.contains(&account.as_str().to_lowercase()) && account.as_str().len() >= 3 {
        return Err(PasswordFault::ContainsName);
    }
    let mut rest = lower.clone();
    for stem in COMMON {
        rest = Zeroizing::new(rest.replace(stem, ""));
    }
    let core =
        rest.trim_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation() || c == ' ');
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if core.chars().count() < 3 || distinct.len() < 5 {
        return Err(PasswordFault::Common);
    }
    Ok(())
}

/// A password for the first sign-in: 16 characters, some 73 bits, none that look alike.
pub(super) fn one_time() -> Secret {
    super::code::random_text(16)
}

/// Hashes one password at a time.
pub(super) struct Hasher {
    pepper: Zeroizing<[u8; 32]>,
    turn: Mutex<()>,
    waiting: AtomicUsize,
    /// A hash that nothing matches: unknown accounts take as long as wrong passwords.
    nobody: String,
}

impl Hasher {
    pub(super) fn new(keys: &Keys) -> Result<Self, AccessError> {
        let pepper = Zeroizing::new(keys.hmac(MacPurpose::Password, b"pepper"));
        let mut hasher = Self {
            pepper,
            turn: Mutex::new(()),
            waiting: AtomicUsize::new(0),
            nobody: String::new(),
        };
        let password = Secret::new(hex::encode(*random::<32>()));
        hasher.nobody = hasher.hash(&password, Utc(0))?;
        Ok(hasher)
    }

    /// The hash as it is stored: argon2id, 19 MiB, 2 passes, 1 lane, peppered with the box's key.
    pub(super) fn hash(&self, password: &Secret, now: Utc) -> Result<String, AccessError> {
        self.in_turn(now, || {
            self.argon2()?
                .hash_password(password.expose().as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|_| AccessError::Damaged("password hash"))
        })
    }

    /// Whether the password is the one; takes its time even where there is none.
    pub(super) fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
        now: Utc,
    ) -> Result<bool, AccessError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody);
        // a longer one was never accepted
        let text = if password.expose().len() > LONGEST {
            ""
        } else {
            password.expose()
        };
        self.in_turn(now, || {
            match self.argon2()?.verify_password(text.as_bytes(), hash) {
                Ok(()) => Ok(known),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(AccessError::Damaged("password hash")),
            }
        })
    }

    fn argon2(&self) -> Result<Argon2<'_>, AccessError> {
        let params = Params::new(19 * 1024, 2, 1, None)
            .map_err(|_| AccessError::Damaged("hash parameters"))?;
        Argon2::new_with_secret(
            self.pepper.as_slice(),
            Algorithm::Argon2id,
            Version::V0x13,
            params,
        )
        .map_err(|_| AccessError::Damaged("hash parameters"))
    }

    fn in_turn<T>(
        &self,
        now: Utc,
        work: impl FnOnce() -> Result<T, AccessError>,
    ) -> Result<T, AccessError> {
        let ahead = self.waiting.fetch_add(1, Ordering::AcqRel);
        let result = if ahead >= QUEUE {
            Err(AccessError::TooMany {
                until: now + crate::room::Span::seconds(2),
            })
        } else {
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            work()
        };
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        result
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(…)")
    }
}
