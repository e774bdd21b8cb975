//! Owns free text that people type: short, one line, and never the place for a person's name
//! (the vault checks that at the door, where the names are known).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest note, in characters.
pub const NOTE_MAX: usize = 200;

/// One line of free text, 1 to 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Note(String);

impl Note {
    /// Takes text in; none when it is empty, too long, or holds control characters.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=NOTE_MAX).contains(&text.chars().count());
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::new(&text)
            .ok_or_else(|| serde::de::Error::custom("a note is one line of 1 to 200 characters"))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
