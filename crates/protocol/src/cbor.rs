//! Deterministic CBOR (RFC 8949 §4.2.1), the subset that policies and contexts use.
//!
//! Unsigned and negative integers to 256 bits, byte and text strings, booleans,
//! arrays, maps. Everything has one encoding and the decoder accepts no other:
//! shortest heads, definite lengths, map keys ascending by their bytes and
//! distinct, big integers only where small ones do not do, nothing behind the end.
//! Lengths are compared with the bytes that are left before anything is allocated.

use alloy_primitives::{I256, U256};
use ciborium_ll::{Decoder, Encoder, Header, simple, tag};

/// Most nested arrays and maps that the decoder follows.
const MAX_NESTING: usize = 48;

/// A CBOR item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Value {
    Uint(U256),
    Negative(I256),
    Bytes(Vec<u8>),
    Text(String),
    Bool(bool),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

/// Why bytes are not deterministic CBOR.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message} at byte {offset}")]
pub(crate) struct CborError {
    pub(crate) offset: usize,
    pub(crate) message: &'static str,
}

impl Value {
    /// What kind of item this is, for error messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Uint(_) => "an unsigned integer",
            Self::Negative(_) => "a negative integer",
            Self::Bytes(_) => "a byte string",
            Self::Text(_) => "a text string",
            Self::Bool(_) => "a boolean",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
        }
    }

    /// An unsigned integer.
    pub(crate) fn uint(value: impl Into<u64>) -> Self {
        Self::Uint(U256::from(value.into()))
    }

    /// This item's bytes. Map entries are written in order of their keys' bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Uint(value) => write_integer(out, *value, false),
            // CBOR stores −1 − n, which is the two's complement of n.
            Self::Negative(value) => write_integer(out, !value.into_raw(), true),
            Self::Bytes(bytes) => {
                head(out, Header::Bytes(Some(bytes.len())));
                out.extend_from_slice(bytes);
            }
            Self::Text(text) => {
                head(out, Header::Text(Some(text.len())));
                out.extend_from_slice(text.as_bytes());
            }
            Self::Bool(value) => {
                let value = if *value { simple::TRUE } else { simple::FALSE };
                head(out, Header::Simple(value));
            }
            Self::Array(items) => {
                head(out, Header::Array(Some(items.len())));
                for item in items {
                    item.write(out);
                }
            }
            Self::Map(entries) => {
                head(out, Header::Map(Some(entries.len())));
                let mut entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (key.encode(), value))
                    .collect();
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                for (key, value) in entries {
                    out.extend_from_slice(&key);
                    value.write(out);
                }
            }
        }
    }
}

fn write_integer(out: &mut Vec<u8>, magnitude: U256, negative: bool) {
    match (u64::try_from(magnitude), negative) {
        (Ok(small), false) => head(out, Header::Positive(small)),
        (Ok(small), true) => head(out, Header::Negative(small)),
        (Err(_), _) => {
            let bytes = magnitude.to_be_bytes_trimmed_vec();
            head(
                out,
                Header::Tag(if negative { tag::BIGNEG } else { tag::BIGPOS }),
            );
            head(out, Header::Bytes(Some(bytes.len())));
            out.extend_from_slice(&bytes);
        }
    }
}

fn head(out: &mut Vec<u8>, header: Header) {
    let mut buffer = [0; 9];
    let mut free = buffer.as_mut_slice();
    // A head has at most nine bytes, so it always finds room.
    let _ = Encoder::from(&mut free).push(header);
    let len = 9 - free.len();
    out.extend(buffer.iter().take(len));
}

/// Decodes one item that takes up all of `bytes`.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, CborError> {
    let mut input = Input { bytes, at: 0 };
    let value = input.item(MAX_NESTING)?;
    if input.at < bytes.len() {
        return Err(input.fault("there are bytes behind the end"));
    }
    Ok(value)
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn item(&mut self, nesting: usize) -> Result<Value, CborError> {
        match self.head()? {
            Header::Positive(value) => Ok(Value::Uint(U256::from(value))),
            Header::Negative(value) => Ok(Value::Negative(I256::from_raw(!U256::from(value)))),
            Header::Bytes(Some(len)) => Ok(Value::Bytes(self.take(len)?.to_vec())),
            Header::Text(Some(len)) => match std::str::from_utf8(self.take(len)?) {
                Ok(text) => Ok(Value::Text(text.to_owned())),
                Err(_) => Err(self.fault("text that is not UTF-8")),
            },
            Header::Simple(simple::TRUE) => Ok(Value::Bool(true)),
            Header::Simple(simple::FALSE) => Ok(Value::Bool(false)),
            Header::Tag(tag::BIGPOS) => Ok(Value::Uint(self.big()?)),
            Header::Tag(tag::BIGNEG) => match I256::from_raw(!self.big()?) {
                value if value.is_negative() => Ok(Value::Negative(value)),
                _ => Err(self.fault("an integer that does not fit in 256 bits")),
            },
            Header::Array(Some(len)) => {
                let nesting = self.enter(len, nesting)?;
                let mut items = Vec::new();
                for _ in 0..len {
                    items.push(self.item(nesting)?);
                }
                Ok(Value::Array(items))
            }
            Header::Map(Some(len)) => {
                let nesting = self.enter(len, nesting)?;
                let mut entries = Vec::new();
                let mut last: &[u8] = &[];
                for _ in 0..len {
                    let start = self.at;
                    let key = self.item(nesting)?;
                    let encoded = self.bytes.get(start..self.at).unwrap_or_default();
                    // Any item has at least one byte, so the first key is above "no bytes".
                    match encoded.cmp(last) {
                        std::cmp::Ordering::Greater => last = encoded,
                        std::cmp::Ordering::Equal => return Err(self.fault("a duplicate map key")),
                        std::cmp::Ordering::Less => {
                            return Err(self.fault("a map key out of order"));
                        }
                    }
                    entries.push((key, self.item(nesting)?));
                }
                Ok(Value::Map(entries))
            }
            Header::Bytes(None) | Header::Text(None) | Header::Array(None) | Header::Map(None) => {
                Err(self.fault("an indefinite length"))
            }
            Header::Float(_) => Err(self.fault("a floating-point number")),
            Header::Break => Err(self.fault("a break without a beginning")),
            Header::Simple(_) | Header::Tag(_) => {
                Err(self.fault("an item of a kind not used here"))
            }
        }
    }

    /// The next head, which must be the shortest for what it says.
    fn head(&mut self) -> Result<Header, CborError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut left = rest;
        let header = Decoder::from(&mut left)
            .pull()
            .map_err(|_| self.fault("the item is cut short or malformed"))?;
        let len = rest.len() - left.len();
        if !matches!(header, Header::Float(_)) {
            let mut shortest = Vec::new();
            head(&mut shortest, header);
            if rest.get(..len) != Some(&shortest) {
                return Err(self.fault("a length or number that is not in its shortest form"));
            }
        }
        self.at += len;
        Ok(header)
    }

    fn big(&mut self) -> Result<U256, CborError> {
        let Header::Bytes(Some(len)) = self.head()? else {
            return Err(self.fault("a big integer that is not a byte string"));
        };
        if len > 32 {
            return Err(self.fault("an integer that does not fit in 256 bits"));
        }
        let bytes = self.take(len)?;
        if len <= 8 || bytes.first() == Some(&0) {
            return Err(self.fault("a big integer that is not in its shortest form"));
        }
        Ok(U256::from_be_slice(bytes))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], CborError> {
        let end = self.at.checked_add(len);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(bytes) => {
                self.at += len;
                Ok(bytes)
            }
            None => Err(self.fault("a length beyond the end")),
        }
    }

    /// Checks that `len` items of at least a byte each can follow, and how deep this is.
    fn enter(&self, len: usize, nesting: usize) -> Result<usize, CborError> {
        if len > self.bytes.len() - self.at {
            return Err(self.fault("a length beyond the end"));
        }
        nesting
            .checked_sub(1)
            .ok_or_else(|| self.fault("items nested too deep"))
    }

    const fn fault(&self, message: &'static str) -> CborError {
        CborError {
            offset: self.at,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    #[test]
    fn integer_meets_rfc_8949_examples() {
        // RFC 8949, appendix A.
        for (value, bytes) in [
            (Value::uint(0_u64), "00"),
            (Value::uint(23_u64), "17"),
            (Value::uint(24_u64), "1818"),
            (Value::uint(1_000_000_000_000_u64), "1b000000e8d4a51000"),
            (Value::uint(u64::MAX), "1bffffffffffffffff"),
            (
                Value::Uint(U256::from(u64::MAX) + U256::ONE),
                "c249010000000000000000",
            ),
            (Value::Negative(I256::MINUS_ONE), "20"),
            (Value::Negative(I256::unchecked_from(-1000)), "3903e7"),
            (
                Value::Negative(-I256::from_raw(U256::from(u64::MAX) + U256::ONE)),
                "3bffffffffffffffff",
            ),
            (
                Value::Negative(-I256::from_raw(U256::from(u64::MAX) + U256::from(2))),
                "c349010000000000000000",
            ),
        ] {
            assert_eq!(value.encode(), hex(bytes));
            assert_eq!(decode(&hex(bytes)), Ok(value));
        }
    }

    #[test]
    fn decoder_refuses_every_other_form() {
        for (bytes, fault) in [
            ("", "cut short"),
            ("1800", "shortest"),
            ("190017", "shortest"),
            ("1b00000000ffffffff", "shortest"),
            ("5803010203", "shortest"),
            ("9f01ff", "indefinite"),
            ("bf0102ff", "indefinite"),
            ("5f4101ff", "indefinite"),
            ("7f6161ff", "indefinite"),
            ("ff", "break"),
            ("f93c00", "floating"),
            ("fb3ff199999999999a", "floating"),
            ("f6", "kind not used"),
            ("f818", "kind not used"),
            ("c11a514b67b0", "kind not used"),
            ("0001", "behind the end"),
            ("a201010102", "duplicate"),
            ("a202010102", "out of order"),
            ("61ff", "UTF-8"),
            ("5b7fffffffffffffff", "beyond the end"),
            ("9b7fffffffffffffff00", "beyond the end"),
            ("bb7fffffffffffffff00", "beyond the end"),
            ("c24101", "shortest"),
            ("c248ffffffffffffffff", "shortest"),
            ("c24a00010000000000000000", "shortest"),
            ("c201", "not a byte string"),
            (&format!("c25821{}", "01".repeat(33)), "256 bits"),
            (&format!("c35820{}", "ff".repeat(32)), "256 bits"),
            (&"81".repeat(60), "too deep"),
            ("1c", "malformed"),
        ] {
            let error = decode(&hex(bytes)).unwrap_err();
            assert!(error.to_string().contains(fault), "{bytes}: {error}");
        }
    }

    #[test]
    fn map_is_written_in_order_of_its_keys() {
        let map = Value::Map(vec![
            (Value::Text("b".into()), Value::Bool(true)),
            (Value::uint(10_u64), Value::Bool(false)),
        ]);
        assert_eq!(map.encode(), hex("a20af46162f5"));
    }

    proptest! {
        #[test]
        fn accepted_bytes_are_the_only_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = decode(&bytes) {
                prop_assert_eq!(value.encode(), bytes);
            }
        }
    }
}
