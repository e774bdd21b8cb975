//! Owns the names of WHIP and WHEP resources: unguessable ids and the entity tags of ICE sessions.

use std::fmt;
use std::str::FromStr;

/// A session at the HTTP level: 128 random bits, in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(u128);

impl ResourceId {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The string is not a resource's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAResource;

impl FromStr for ResourceId {
    type Err = NotAResource;

    fn from_str(text: &str) -> Result<Self, NotAResource> {
        let is_hex = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let number = is_hex
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten();
        number.map(Self).ok_or(NotAResource)
    }
}

/// Names an ICE session of a resource (RFC 9725, 4.3.1); a strong HTTP entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag(u64);

impl EntityTag {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    /// Whether an `If-Match` value names this tag. `*` names every one.
    pub fn matches(self, if_match: &str) -> bool {
        let own = self.to_string();
        if_match
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag == own)
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{:016x}\"", self.0)
    }
}
