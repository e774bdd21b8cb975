//! Owns signed statements: Ed25519 over the statement's type, a line feed and the very bytes of its JSON. The type keeps one
//! statement from being taken for another.

use super::envelope::Payload;
use super::raw::Raw;
use ring::signature::{ED25519, UnparsedPublicKey};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What can be signed.
pub trait Statement: Serialize + DeserializeOwned + JsonSchema {
    /// The CloudEvents type of the message that carries it, and what is signed before it.
    const TYPE: &'static str;
}

macro_rules! hex_bytes {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = hex::FromHexError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; $bytes];
                hex::decode_to_slice(text, &mut bytes)?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

hex_bytes!(
    /// An Ed25519 public key, 64 hex digits. A box is known by its own.
    Key, 32, "^[0-9a-f]{64}$"
);
hex_bytes!(
    /// An Ed25519 signature, 128 hex digits.
    Signature, 64, "^[0-9a-f]{128}$"
);

/// A statement and its signature.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "")]
#[schemars(bound = "T: JsonSchema")]
pub struct Signed<T> {
    /// What is stated. Its bytes are signed as they stand here.
    pub statement: Raw<T>,
    /// Whose signature it is.
    pub key: Key,
    /// Over `<type>`, a line feed, and the bytes of `statement`.
    pub signature: Signature,
}

/// Why a signed statement is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// The signer is none of those that are trusted.
    #[error("签名者不受信任 / the signer is none of those that are trusted")]
    UnknownKey,
    /// The signature is not that key's over these bytes.
    #[error("签名无效 / the signature is not the key's")]
    BadSignature,
    /// What is signed makes no sense here.
    #[error("签名内容无法识别 / what is signed cannot be read")]
    Unreadable,
}

impl Distrust {
    /// In a fixed word, for trails.
    pub fn word(self) -> &'static str {
        match self {
            Distrust::UnknownKey => "receipt-unknown-key",
            Distrust::BadSignature => "receipt-bad-signature",
            Distrust::Unreadable => "receipt-unreadable",
        }
    }
}

impl<T: Statement> Signed<T> {
    /// States something.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn new(
        statement: &T,
        key: Key,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> serde_json::Result<Self> {
        let statement = Raw::new(statement)?;
        let signature = Signature(sign(&covered::<T>(&statement)));
        Ok(Self {
            statement,
            key,
            signature,
        })
    }

    /// What is stated, if one of these keys has signed it.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn open(&self, trusted: &[Key]) -> Result<T, Distrust> {
        if !trusted.contains(&self.key) {
            return Err(Distrust::UnknownKey);
        }
        UnparsedPublicKey::new(&ED25519, self.key.0)
            .verify(&covered::<T>(&self.statement), &self.signature.0)
            .map_err(|_| Distrust::BadSignature)?;
        self.statement.read().map_err(|_| Distrust::Unreadable)
    }
}

impl<T: Statement> Payload for Signed<T> {
    const TYPE: &'static str = T::TYPE;
}

fn covered<T: Statement>(statement: &Raw<T>) -> Vec<u8> {
    [T::TYPE.as_bytes(), b"\n", statement.bytes()].concat()
}
