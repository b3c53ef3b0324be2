//! Bytes in JSON: `0x` and lower-case hex, of exactly the length that the field has.
//!
//! Decoding allocates nothing before the text's length was compared with the
//! field's; errors say what was expected and what came.

use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use serde::{Deserializer, Serializer, de};
use stheno_crypto::{ItemId, KeyFingerprint, NetworkId, PolicyDigest};

/// A byte string of one fixed length.
pub(crate) trait Fixed<const N: usize>: Sized {
    fn from_array(bytes: [u8; N]) -> Self;
    fn to_array(&self) -> [u8; N];
}

macro_rules! fixed {
    ($($type:ty, $len:literal, $from:path, $to:expr;)*) => {$(
        impl Fixed<$len> for $type {
            fn from_array(bytes: [u8; $len]) -> Self { $from(bytes) }
            fn to_array(&self) -> [u8; $len] { ($to)(self) }
        }
    )*};
}

fixed! {
    NetworkId, 32, NetworkId::from_bytes, |x: &NetworkId| *x.as_bytes();
    ItemId, 32, ItemId::from_bytes, |x: &ItemId| *x.as_bytes();
    PolicyDigest, 32, PolicyDigest::from_bytes, |x: &PolicyDigest| *x.as_bytes();
    KeyFingerprint, 32, KeyFingerprint::from_bytes, |x: &KeyFingerprint| *x.as_bytes();
    B256, 32, B256::from, |x: &B256| x.0;
    Address, 20, Address::from, |x: &Address| x.into_array();
    FixedBytes<48>, 48, FixedBytes::from, |x: &FixedBytes<48>| x.0;
}

/// Parses `0x` and exactly `N` bytes of hex.
pub(crate) fn parse<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let digits = digits(text)?;
    if digits.len() != 2 * N {
        return Err(format!(
            "expected {N} bytes as 0x and {} hex digits, got {} digits",
            2 * N,
            digits.len()
        ));
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|e| format!("bad hex: {e}"))?;
    Ok(bytes)
}

/// Parses `0x` and any number of bytes of hex.
pub(crate) fn parse_bytes(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(digits(text)?).map_err(|e| format!("bad hex: {e}"))
}

/// `0x` and lower-case hex.
pub(crate) fn text(bytes: &[u8]) -> String {
    alloy_primitives::hex::encode_prefixed(bytes)
}

fn digits(text: &str) -> Result<&str, String> {
    text.strip_prefix("0x")
        .ok_or_else(|| "hex must begin with 0x".to_owned())
}

/// `#[serde(with = "wire::fixed")]`
pub(crate) mod fixed {
    use super::{Deserializer, Fixed, Serializer, Text, de, parse, text};

    pub(crate) fn serialize<const N: usize, T: Fixed<N>, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(&value.to_array()))
    }

    pub(crate) fn deserialize<'de, const N: usize, T: Fixed<N>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        let text = from.deserialize_str(Text("a 0x hex string"))?;
        parse(&text).map(T::from_array).map_err(de::Error::custom)
    }
}

/// `#[serde(with = "wire::list")]`: a list of [`Fixed`].
pub(crate) mod list {
    use std::marker::PhantomData;

    use serde::{Deserialize, Serialize};

    use super::{Deserializer, Fixed, Serializer};

    struct Entry<const N: usize, T>(T);
    struct Borrowed<'a, const N: usize, T>(&'a T);

    impl<const N: usize, T: Fixed<N>> Serialize for Borrowed<'_, N, T> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            super::fixed::serialize(self.0, to)
        }
    }

    impl<'de, const N: usize, T: Fixed<N>> Deserialize<'de> for Entry<N, T> {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            super::fixed::deserialize(from).map(Self)
        }
    }

    pub(crate) fn serialize<const N: usize, T: Fixed<N>, S: Serializer>(
        values: &[T],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(Borrowed::<N, T>))
    }

    pub(crate) fn deserialize<'de, const N: usize, T: Fixed<N>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<T>, D::Error> {
        struct Entries<const N: usize, T>(PhantomData<T>);
        impl<'de, const N: usize, T: Fixed<N>> serde::de::Visitor<'de> for Entries<N, T> {
            type Value = Vec<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a list of 0x hex strings of {N} bytes")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(Entry::<N, T>(value)) = seq.next_element()? {
                    values.push(value);
                }
                Ok(values)
            }
        }
        from.deserialize_seq(Entries::<N, T>(PhantomData))
    }
}

/// `#[serde(with = "wire::bytes")]`: any number of bytes.
pub(crate) mod bytes {
    use super::{Bytes, Deserializer, Serializer, Text, de, parse_bytes, text};

    pub(crate) fn serialize<S: Serializer>(value: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = from.deserialize_str(Text("a 0x hex string"))?;
        parse_bytes(&text)
            .map(Bytes::from)
            .map_err(de::Error::custom)
    }
}

/// Visits a string, borrowed where the format allows.
struct Text(&'static str);

impl<'de> de::Visitor<'de> for Text {
    type Value = std::borrow::Cow<'de, str>;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }
}
