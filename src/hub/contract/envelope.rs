//! Owns the envelope: every message is a CloudEvent 1.0 in structured JSON, and what is none is named.

use super::signed::Key;
use crate::room::Utc;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The largest message, bytes. Brokers are told so; whatever is larger is refused.
pub const LARGEST: usize = 1 << 20;
/// What a command has at most, bytes: brokers must take that.
pub const LARGEST_COMMAND: usize = 128 << 10;
/// The largest order that a room takes, bytes: a pool of a city, 20,000 people, has some 7 MiB.
pub const LARGEST_ORDER: usize = 12 << 20;

/// What a message can carry.
pub trait Payload: Serialize + DeserializeOwned + JsonSchema {
    /// The CloudEvents type.
    const TYPE: &'static str;
}

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Envelope<T> {
    /// CloudEvents' version.
    pub specversion: String,
    /// With `source`, tells this message from all others; a redelivery has the same.
    pub id: String,
    /// Who says it: `/bidroom/<city>/<room>`, or `/bidroom/<city>` for the hub.
    pub source: String,
    /// What kind of message it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it was written, RFC 3339, UTC.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// What `data` is.
    pub datacontenttype: String,
    /// The public key of the box that says it.
    #[serde(rename = "box", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Key>,
    /// Of a journal entry: SHA-256 of the bytes of `data`, hex; the next entry's `prev`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The message itself.
    pub data: T,
}

/// Who writes messages.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Its `source`.
    pub source: String,
    /// The box; none for the hub.
    pub by: Option<Key>,
}

impl Sender {
    /// A message's bytes.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn write<T: Payload>(
        &self,
        id: String,
        at: Utc,
        sha256: Option<String>,
        data: T,
    ) -> serde_json::Result<Vec<u8>> {
        let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        serde_json::to_vec(&Envelope {
            specversion: "1.0".to_owned(),
            id,
            source: self.source.clone(),
            kind: T::TYPE.to_owned(),
            time: time.to_string(),
            datacontenttype: "application/json".to_owned(),
            by: self.by,
            sha256,
            data,
        })
    }
}

/// Why bytes are not the message that was expected. Repeats nothing of what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Too many bytes.
    #[error("消息过大 / the message is too large")]
    TooLarge,
    /// No JSON, or cut short.
    #[error("不是完整的 JSON / no whole JSON (line {line}, column {column})")]
    NotJson {
        /// Where.
        line: usize,
        /// Where in it.
        column: usize,
    },
    /// JSON, but no CloudEvent 1.0.
    #[error("不是 CloudEvents 1.0 消息 / no CloudEvent 1.0")]
    NotAnEnvelope,
    /// A message of another kind, or of another version of it.
    #[error("消息类型或版本不符 / a message of another type or version")]
    WrongType,
    /// The message does not hold what it should.
    #[error("消息内容不符合规定 / the message does not hold what its schema says")]
    WrongSchema,
}

impl Unreadable {
    /// In a fixed word, for trails.
    pub fn word(&self) -> &'static str {
        match self {
            Unreadable::TooLarge => "too-large",
            Unreadable::NotJson { .. } => "not-json",
            Unreadable::NotAnEnvelope => "not-an-envelope",
            Unreadable::WrongType => "wrong-type",
            Unreadable::WrongSchema => "wrong-schema",
        }
    }
}

/// What must be right before the rest is looked at.
#[derive(Deserialize)]
struct Head {
    specversion: String,
    #[serde(rename = "type")]
    kind: String,
}

impl<T: Payload> Envelope<T> {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > LARGEST {
            return Err(Unreadable::TooLarge);
        }
        match serde_json::from_slice::<Self>(bytes) {
            Ok(message) if message.specversion != "1.0" => Err(Unreadable::NotAnEnvelope),
            Ok(message) if message.kind != T::TYPE => Err(Unreadable::WrongType),
            Ok(message) => Ok(message),
            Err(fault) => Err(explain::<T>(bytes, &fault)),
        }
    }
}

fn explain<T: Payload>(bytes: &[u8], fault: &serde_json::Error) -> Unreadable {
    if fault.is_syntax() || fault.is_eof() {
        let (line, column) = (fault.line(), fault.column());
        return Unreadable::NotJson { line, column };
    }
    match serde_json::from_slice::<Head>(bytes) {
        Ok(head) if head.specversion != "1.0" => Unreadable::NotAnEnvelope,
        Ok(head) if head.kind != T::TYPE => Unreadable::WrongType,
        Ok(_) => Unreadable::WrongSchema,
        Err(fault) if fault.is_syntax() || fault.is_eof() => Unreadable::NotJson {
            line: fault.line(),
            column: fault.column(),
        },
        Err(_) => Unreadable::NotAnEnvelope,
    }
}
