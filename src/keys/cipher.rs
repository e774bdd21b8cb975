//! Owns what is derived from the raw keys: one MAC key and one sealing key a purpose, so that a
//! value made for one purpose means nothing for another.

use super::secret::random;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use std::fmt;
use zeroize::Zeroizing;

/// What a keyed hash is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacPurpose {
    /// Enrolment and check-in codes as they are stored.
    Code,
    /// Pepper of the password hashes.
    Password,
    /// Counting failures per account name, without storing what was typed.
    Attempt,
    /// Head of the audit trail: whoever cuts its end off cannot make this again.
    AuditHead,
    /// Head of the vault's list of disclosures.
    DisclosureHead,
    /// Tells whether a database belongs to these keys.
    KeyCheck,
    /// Names of spoken pieces in their cache, which tell nobody what is said.
    Speech,
    /// The key for which senders encrypt what only the box is to read.
    Envelope,
}

impl MacPurpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Code => b"bidroom/mac/code",
            Self::Password => b"bidroom/mac/password",
            Self::Attempt => b"bidroom/mac/attempt",
            Self::AuditHead => b"bidroom/mac/audit-head",
            Self::DisclosureHead => b"bidroom/mac/disclosure-head",
            Self::KeyCheck => b"bidroom/mac/key-check",
            Self::Speech => b"bidroom/mac/speech",
            Self::Envelope => b"bidroom/mac/envelope",
        }
    }
}

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealPurpose {
    /// The key of one session's personal data.
    SessionKey,
    /// The shared secret of a second factor.
    SecondFactor,
    /// The sound of a call, until it is encrypted to the audit key.
    CallSound,
    /// The request that ends a call which a crash left at its gateway.
    OpenCall,
}

impl SealPurpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::SessionKey => b"bidroom/seal/session-key",
            Self::SecondFactor => b"bidroom/seal/second-factor",
            Self::CallSound => b"bidroom/seal/call-sound",
            Self::OpenCall => b"bidroom/seal/open-call",
        }
    }
}

/// HMAC-SHA-256.
pub(crate) fn mac(key: &[u8], content: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), content);
    tag.as_ref().try_into().expect("SHA-256 makes 32 bytes")
}

pub(super) fn mac_for(master: &[u8; 32], purpose: MacPurpose, content: &[u8]) -> [u8; 32] {
    mac(
        Zeroizing::new(mac(master, purpose.label())).as_slice(),
        content,
    )
}

pub(super) fn cipher_for(master: &[u8; 32], purpose: SealPurpose) -> Cipher {
    Cipher::new(&Zeroizing::new(mac(master, purpose.label())))
}

/// What is sealed cannot be opened: another key, another place, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened: its key, its place or its bytes differ")]
pub(crate) struct Unreadable;

/// ChaCha20-Poly1305 with a random nonce before the ciphertext. One key is good for 2^32 values.
pub(crate) struct Cipher(LessSafeKey);

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(…)")
    }
}

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals `plain`; `place` says where the value belongs, and must be the same to open it.
    pub(crate) fn seal(&self, place: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = *random();
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + CHACHA20_POLY1305.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place),
                &mut sealed[NONCE_LEN..],
            )
            .expect("sealed values are far below 256 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`Cipher::seal`] made for the same place.
    pub(crate) fn open(
        &self,
        place: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(place), &mut plain)
            .map_err(|_| Unreadable)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}
