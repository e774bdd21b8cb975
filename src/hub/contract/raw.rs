//! Owns JSON that is hashed or signed: it is kept and sent as the very bytes that it was, while its schema is a type's.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::marker::PhantomData;

/// The JSON of a `T`, byte for byte.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Raw<T> {
    text: Box<RawValue>,
    #[serde(skip)]
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Raw<T> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            of: PhantomData,
        }
    }
}

impl<T> Raw<T> {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.text.get().as_bytes()
    }

    /// Takes the bytes of JSON.
    ///
    /// # Errors
    /// They are none.
    pub fn of_bytes(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }
}

impl<T: Serialize> Raw<T> {
    /// Writes a value down.
    ///
    /// # Errors
    /// It has keys that are no text.
    pub fn new(value: &T) -> serde_json::Result<Self> {
        let text = serde_json::value::to_raw_value(value)?;
        Ok(Self {
            text,
            of: PhantomData,
        })
    }
}

impl<T: DeserializeOwned> Raw<T> {
    /// What it says.
    ///
    /// # Errors
    /// It is no `T`.
    pub fn read(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.text.get())
    }
}

impl<T: JsonSchema> JsonSchema for Raw<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
