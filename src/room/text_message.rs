//! Owns a text message as a value: to whom it goes on which line, and what became of it. One a candidate, after he has confirmed.
//!
//! Its words are the notice's fields, and the number is in the vault: neither is here.

use super::call::{LineFault, Notice};
use super::ids::{CandidateId, LineId, SessionId};
use super::time::Stamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A message to a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextMessage {
    /// On which line.
    pub line: LineId,
    /// When it was about to be sent.
    pub placed: Stamp,
    /// What became of it; none while it is being sent.
    pub end: Option<TextEnd>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum TextEnd {
    /// The network took it.
    Sent,
    /// The network, or the modem, refused it.
    Refused {
        /// Its cause (`+CMS ERROR`, 3GPP TS 27.005 3.2.5); none where it gave none.
        cause: Option<u16>,
    },
    /// The line failed.
    Failed {
        /// How.
        fault: LineFault,
    },
    /// The daemon ended in the middle of it: it may have been sent, and is never sent again by itself.
    Interrupted,
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Texting {
    /// In which session.
    pub session: SessionId,
    /// Who, by mask.
    pub candidate: CandidateId,
}

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedText {
    /// To whom; never sent twice.
    pub to: Texting,
    /// On which line.
    pub line: LineId,
    /// Of which its words are made.
    pub notice: Notice,
}
