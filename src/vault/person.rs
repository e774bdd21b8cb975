//! Owns a person in memory: redacted when shown, wiped when dropped.

use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Who somebody is. Never leaves the vault but for a [`Purpose`].
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Person {
    /// The full name.
    pub name: String,
    /// Mobile number, 11 digits.
    pub phone: String,
    /// ID number, 18 characters.
    pub id_number: String,
    /// Whom he works for; may be empty.
    pub employer: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

impl Person {
    /// The person with what `purpose` needs; all else is empty.
    pub(super) fn reduced_to(mut self, purpose: Purpose) -> Self {
        let (phone, id_number, employer) = match purpose {
            Purpose::Gate => (false, true, false),
            Purpose::Seat => (false, false, false),
            Purpose::FeeStatement | Purpose::Archive => (true, true, true),
            Purpose::CallOut => (true, false, false),
            Purpose::Recusal => (false, true, true),
        };
        for (kept, field) in [
            (phone, &mut self.phone),
            (id_number, &mut self.id_number),
            (employer, &mut self.employer),
        ] {
            if !kept {
                field.zeroize();
            }
        }
        self
    }
}

/// What a person is given out for, which decides what of him is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To let him in: name and ID number.
    Gate,
    /// To greet him at his own seat: the name.
    Seat,
    /// To pay him: everything.
    FeeStatement,
    /// To call him: name and phone number.
    CallOut,
    /// To see whether he must be avoided: name, ID number and employer.
    Recusal,
    /// For the archive's container, encrypted to the audit key: everything.
    Archive,
}

impl Purpose {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Seat => "seat",
            Self::FeeStatement => "fee-statement",
            Self::CallOut => "call-out",
            Self::Archive => "archive",
            Self::Recusal => "recusal",
        }
    }
}
