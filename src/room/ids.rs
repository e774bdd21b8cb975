//! Owns the names of things: typed identifiers that are checked once, where they come in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a string is not an identifier; names the kind, the value's fault and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidId {
    kind: &'static str,
    rule: &'static str,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a valid {}: {}", self.kind, self.rule)
    }
}

impl std::error::Error for InvalidId {}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:literal, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let allowed: fn(char) -> bool = $allowed;
                if text.is_empty() || text.len() > $max || !text.chars().all(allowed) {
                    return Err(InvalidId { kind: stringify!($name), rule: $rule });
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

text_id!(
    /// One room's part of one evaluation, e.g. `BS-1123-04`.
    SessionId, 40, plain, "1 to 40 letters, digits and '-'"
);
text_id!(
    /// One live source, e.g. `seat-3-face`, `camera-2`; also the folder its recording lies in.
    FeedId, 40, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    "1 to 40 lower-case letters, digits and '-'"
);
text_id!(
    /// A person in the vault; opaque, and different in every evaluation.
    PersonRef, 64, plain, "1 to 64 letters, digits and '-'"
);
text_id!(
    /// A sign-in name of the room's staff.
    AccountId, 32, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.',
    "1 to 32 letters, digits, '-', '_' and '.'"
);
text_id!(
    /// The browser that was enrolled to a seat.
    WorkstationId, 64, plain, "1 to 64 letters, digits and '-'"
);
text_id!(
    /// Made by whoever gives a command; the same id is carried out once, for good.
    CommandId, 64, plain, "1 to 64 letters, digits and '-'"
);
text_id!(
    /// The kernel's boot id: monotonic times of different boots cannot be compared.
    BootId, 64, plain, "1 to 64 letters, digits and '-'"
);
text_id!(
    /// A place that archives are copied to, e.g. `second-disk`.
    ReplicaId, 30, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    "1 to 30 lower-case letters, digits and '-'"
);
text_id!(
    /// A place that feeds may be sent to live, e.g. `city`.
    RelayId, 30, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    "1 to 30 lower-case letters, digits and '-'"
);
text_id!(
    /// One phone call to one callee, counted over the box's life: `a000017`.
    AttemptId, 20, |c| c.is_ascii_lowercase() || c.is_ascii_digit(),
    "1 to 20 lower-case letters and digits"
);
text_id!(
    /// A phone line of the room, e.g. `sip-1`, `modem-1`.
    LineId, 30, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    "1 to 30 lower-case letters, digits and '-'"
);
text_id!(
    /// Something of the room that can fail: `disk-recordings`, `clock`, `camera-2`.
    EquipmentId, 40, plain, "1 to 40 letters, digits and '-'"
);

/// A place in the room, counted from 1.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SeatNo(pub u8);

impl AttemptId {
    /// The attempt with this number in the box's count.
    pub fn nth(number: u64) -> Self {
        Self(format!("a{number:06}"))
    }
}

impl fmt::Display for SeatNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A member's mask (专家 3, 招标人代表 1 are told apart by kind; the number is one count over both).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct MemberNo(pub u8);

impl fmt::Display for MemberNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A drawn person's mask before he is a member, counted from 1 in each session.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct CandidateId(pub u16);

impl fmt::Display for CandidateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Orders the journal, identifies views, and is the hub's cursor. The first entry has 1.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
