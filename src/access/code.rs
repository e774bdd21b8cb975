//! Owns the codes and tokens that people type and browsers keep: how they look, and how they are
//! stored.

use crate::keys::{Keys, MacPurpose, Secret, random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Letters and digits of which no two look or sound alike on paper: no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
const ALPHABET: &[u8; 24] = b"34679ACDEFGHJKMNPQRTVWXY";
/// 24^8, some 36 bits: enough for minutes, with a handful of attempts.
const CODE_LENGTH: usize = 8;

/// Random text of that alphabet.
pub(super) fn random_text(length: usize) -> Secret {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // values that would favour the first letters are thrown away
        let letters = random::<64>();
        let fair = letters
            .iter()
            .filter(|b| **b < 240)
            .map(|b| char::from(ALPHABET[usize::from(*b % 24)]));
        text.extend(fair.take(length - text.len()));
    }
    Secret::new(text)
}

/// A new code, as it is shown: `ABCD-EFGH`.
pub(super) fn new_code() -> Secret {
    let text = random_text(CODE_LENGTH);
    let (left, right) = text.expose().split_at(CODE_LENGTH / 2);
    Secret::new(format!("{left}-{right}"))
}

/// A code as it is stored, however it was typed: lower case, with spaces, in full width.
pub(super) fn code_hash(keys: &Keys, use_for: &str, typed: &Secret) -> [u8; 32] {
    let mut content = zeroize::Zeroizing::new(format!("{use_for}:"));
    content.reserve(typed.expose().len());
    content.extend(typed.expose().chars().filter_map(|c| {
        let c = match u32::from(c) {
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0)?,
            _ => c,
        };
        c.is_ascii_alphanumeric().then(|| c.to_ascii_uppercase())
    }));
    keys.hmac(MacPurpose::Code, content.as_bytes())
}

/// 256 random bits for a cookie or a token.
pub(super) fn new_bearer(prefix: &str) -> Secret {
    Secret::new(format!(
        "{prefix}{}",
        URL_SAFE_NO_PAD.encode(*random::<32>())
    ))
}

/// A cookie or token as it is stored. Nobody guesses 256 bits: no key and no slowness needed.
pub(super) fn bearer_hash(bearer: &Secret) -> [u8; 32] {
    Sha256::digest(bearer.expose().as_bytes()).into()
}
