//! Owns what can happen: events are facts, in the past tense, and carry no personal data.

use super::actor::Actor;
use super::ids::{CommandId, Seq, SessionId};
use super::layout::{Layout, Policies};
use super::time::Stamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of the journal: an event with its place, time and origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its number.
    pub seq: Seq,
    /// When.
    pub stamp: Stamp,
    /// The session it belongs to; none for the room's own.
    pub session: Option<SessionId>,
    /// By whose command.
    pub actor: Actor,
    /// By which command.
    pub command: Option<CommandId>,
    /// What happened.
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// The profile was read, and differs from the last one.
    RoomConfigured {
        /// What the room consists of.
        layout: Layout,
        /// How it runs.
        policies: Policies,
        /// SHA-256 of the profile's file, hex.
        profile_sha256: String,
    },
    /// The daemon began to run.
    DaemonStarted {
        /// Its version.
        version: String,
    },
}
