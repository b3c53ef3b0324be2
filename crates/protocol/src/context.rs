//! Named values that a reader sends along, for `:name` placeholders.
//!
//! On the wire a context is one byte string: a deterministic CBOR map from
//! name to value (SPEC.md "Context").

use std::collections::BTreeMap;

use alloy_primitives::{Bytes, I256, U256};

/// Most bytes of a context's CBOR.
pub const MAX_CONTEXT_BYTES: usize = 4096;
/// Most entries in a context.
pub const MAX_CONTEXT_ENTRIES: usize = 32;

/// A value in a [`Context`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ContextValue {
    /// A byte string: `bytes`, `bytesN`, or an address of 20 bytes.
    Bytes(Bytes),
    /// An integer that is not negative.
    Uint(U256),
    /// A negative integer.
    Negative(I256),
    /// Text.
    Text(String),
    /// True or false.
    Bool(bool),
}

/// Named values, in order of their names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Context(BTreeMap<String, ContextValue>);

/// Why bytes are not a context.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ContextError {
    /// Not deterministic CBOR of the expected shape.
    #[error("context is not a deterministic CBOR map of names and values: {0}")]
    Malformed(String),
    /// Over a limit.
    #[error("context has {found} {what}, the limit is {limit}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// A name that no placeholder can have.
    #[error(
        "`{0}` cannot be a context name: use 1 to 32 of a-z, 0-9 and _, starting with a letter, and neither `reader` nor `item`"
    )]
    Name(String),
}

impl Context {
    /// The value called `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&ContextValue> {
        self.0.get(name)
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds or replaces a value.
    ///
    /// # Errors
    /// [`ContextError::Name`] if no placeholder can have this name.
    pub fn insert(&mut self, name: &str, value: ContextValue) -> Result<(), ContextError> {
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// The deterministic CBOR; empty bytes for an empty context.
    #[allow(clippy::todo)]
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        todo!()
    }

    /// Reads deterministic CBOR, strictly; empty bytes are the empty context.
    ///
    /// # Errors
    /// [`ContextError`].
    #[allow(clippy::todo)]
    pub fn from_cbor(_bytes: &[u8]) -> Result<Self, ContextError> {
        todo!()
    }
}
