//! Named values that a reader sends along, for `:name` placeholders.
//!
//! On the wire a context is one byte string: a deterministic CBOR map from
//! name to value (SPEC.md "Context"). The empty context is the empty map, `0xa0`.

use std::collections::BTreeMap;

use alloy_primitives::{Bytes, I256, U256};

use crate::cbor::{self, CborError, Value};

/// Most bytes of a context's CBOR.
pub const MAX_CONTEXT_BYTES: usize = 4096;
/// Most entries in a context.
pub const MAX_CONTEXT_ENTRIES: usize = 32;
/// Most characters of a name.
pub const MAX_NAME_BYTES: usize = 32;

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

/// Named values, at most [`MAX_CONTEXT_ENTRIES`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Context(BTreeMap<String, ContextValue>);

/// Why something is not a context, or no part of one.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ContextError {
    /// Not deterministic CBOR of the expected shape.
    #[error("context is not a deterministic CBOR map from names to values: {0}")]
    Malformed(String),
    /// Over a limit.
    #[error("context has {found} {what}, at most {limit} are allowed")]
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
        "`{0}` cannot name a value: use a letter, then up to 31 letters, digits or _, and neither `reader` nor `item`"
    )]
    Name(String),
    /// An integer below zero was given as one that is not, or the other way round.
    #[error("the value of `{0}` is given as negative, but is not")]
    NotNegative(String),
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

    /// Names and values, in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ContextValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Adds or replaces a value.
    ///
    /// # Errors
    /// [`ContextError`] if no placeholder can have this name, or there are too many values.
    pub fn insert(&mut self, name: &str, value: ContextValue) -> Result<(), ContextError> {
        if !is_name(name) {
            return Err(ContextError::Name(name.to_owned()));
        }
        if matches!(&value, ContextValue::Negative(value) if !value.is_negative()) {
            return Err(ContextError::NotNegative(name.to_owned()));
        }
        let mut wider = self.clone();
        wider.0.insert(name.to_owned(), value);
        limit("values", wider.0.len(), MAX_CONTEXT_ENTRIES)?;
        limit("bytes", wider.to_cbor().len(), MAX_CONTEXT_BYTES)?;
        *self = wider;
        Ok(())
    }

    /// The deterministic CBOR.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        let entries = self.0.iter().map(|(name, value)| {
            let value = match value {
                ContextValue::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
                ContextValue::Uint(value) => Value::Uint(*value),
                ContextValue::Negative(value) => Value::Negative(*value),
                ContextValue::Text(text) => Value::Text(text.clone()),
                ContextValue::Bool(value) => Value::Bool(*value),
            };
            (Value::Text(name.clone()), value)
        });
        Value::Map(entries.collect()).encode()
    }

    /// Reads deterministic CBOR, strictly: another spelling of the same map is an error.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, ContextError> {
        limit("bytes", bytes.len(), MAX_CONTEXT_BYTES)?;
        let entries = match cbor::decode(bytes).map_err(malformed)? {
            Value::Map(entries) => entries,
            other => return Err(ContextError::Malformed(format!("it is {}", other.kind()))),
        };
        limit("values", entries.len(), MAX_CONTEXT_ENTRIES)?;
        let mut context = BTreeMap::new();
        for (name, value) in entries {
            let Value::Text(name) = name else {
                let kind = name.kind();
                return Err(ContextError::Malformed(format!("a name is {kind}")));
            };
            if !is_name(&name) {
                return Err(ContextError::Name(name));
            }
            let value = match value {
                Value::Bytes(bytes) => ContextValue::Bytes(bytes.into()),
                Value::Uint(value) => ContextValue::Uint(value),
                Value::Negative(value) => ContextValue::Negative(value),
                Value::Text(text) => ContextValue::Text(text),
                Value::Bool(value) => ContextValue::Bool(value),
                other @ (Value::Array(_) | Value::Map(_)) => {
                    return Err(ContextError::Malformed(format!(
                        "the value of `{name}` is {}",
                        other.kind()
                    )));
                }
            };
            context.insert(name, value);
        }
        Ok(Self(context))
    }
}

/// What a byte string of so many bytes takes up in a context, with its name.
pub(crate) const fn entry_bytes(name: &str, bytes: usize) -> usize {
    head_bytes(name.len()) + name.len() + head_bytes(bytes) + bytes
}

const fn head_bytes(length: usize) -> usize {
    match length {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        _ => 5,
    }
}

/// Whether a placeholder and a context value can be called so.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(name, "reader" | "item")
}

fn malformed(error: CborError) -> ContextError {
    ContextError::Malformed(error.to_string())
}

const fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), ContextError> {
    if found > limit {
        return Err(ContextError::Limit { what, found, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_round_trips_and_is_sorted_by_encoded_name() {
        let mut context = Context::default();
        context
            .insert("tokenId", ContextValue::Uint(U256::from(7)))
            .unwrap();
        context
            .insert("z", ContextValue::Negative(I256::MINUS_ONE))
            .unwrap();
        context
            .insert("proof", ContextValue::Bytes(vec![1, 2].into()))
            .unwrap();
        context.insert("ok", ContextValue::Bool(true)).unwrap();
        context
            .insert("who", ContextValue::Text("me".into()))
            .unwrap();
        let bytes = context.to_cbor();
        // Shorter names first: the length is part of the encoded key.
        assert_eq!(
            hex::encode(&bytes),
            "a5617a20626f6bf56377686f626d656570726f6f6642010267746f6b656e496407"
        );
        assert_eq!(Context::from_cbor(&bytes), Ok(context));
    }

    #[test]
    fn entry_takes_up_what_is_said_of_it() {
        for name in [
            "a",
            "a23456789012345678901234",
            "a2345678901234567890123456789012",
        ] {
            for length in [0, 23, 24, 255, 256, 3_000] {
                let mut context = Context::default();
                let value = ContextValue::Bytes(vec![7; length].into());
                context.insert(name, value).unwrap();
                assert_eq!(context.to_cbor().len(), 1 + entry_bytes(name, length));
            }
        }
    }

    #[test]
    fn empty_context_is_the_empty_map() {
        assert_eq!(Context::default().to_cbor(), [0xa0]);
        assert_eq!(Context::from_cbor(&[0xa0]), Ok(Context::default()));
        assert!(Context::from_cbor(&[]).is_err());
    }

    #[test]
    fn context_is_refused_with_odd_names_values_or_sizes() {
        for (bytes, part) in [
            ("80", "it is an array"),
            ("a10101", "a name is an unsigned integer"),
            ("a1667265616465724101", "`reader` cannot name"),
            ("a1613100", "cannot name"),
            ("a1616180", "the value of `a` is an array"),
            ("a2616100616101", "duplicate"),
            ("a2616200616100", "out of order"),
        ] {
            let bytes = hex::decode(bytes).unwrap();
            let error = Context::from_cbor(&bytes).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let long = ContextValue::Bytes(vec![0; MAX_CONTEXT_BYTES].into());
        let mut context = Context::default();
        assert!(matches!(
            context.insert("a", long),
            Err(ContextError::Limit { what: "bytes", .. })
        ));
        assert!(context.is_empty());
        assert!(
            context
                .insert("a", ContextValue::Negative(I256::ONE))
                .is_err()
        );
        assert!(Context::from_cbor(&vec![0xa0; MAX_CONTEXT_BYTES + 1]).is_err());
    }

    #[test]
    fn context_refuses_one_value_too_many() {
        let mut context = Context::default();
        for i in 0..MAX_CONTEXT_ENTRIES {
            context
                .insert(&format!("n{i}"), ContextValue::Bool(true))
                .unwrap();
        }
        assert!(matches!(
            context.insert("more", ContextValue::Bool(true)),
            Err(ContextError::Limit { what: "values", .. })
        ));
        assert_eq!(context.iter().count(), MAX_CONTEXT_ENTRIES);
    }
}
