//! Elements of the scalar field with a meaning, and their bytes.

use core::fmt;
use std::str::FromStr;

use ark_bls12_381::Fr;
use ark_ff::{BigInt, BigInteger, PrimeField};

/// Bytes or text that name no element of the field.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// Each element has one encoding, below the order.
    #[error("the number is not below the order of the field")]
    NotBelowOrder,
    /// The text is not `0x` and 64 hexadecimal digits.
    #[error("expected 0x and 64 hexadecimal digits")]
    Text,
}

/// The 32 big-endian bytes of an element.
pub(crate) fn to_bytes(element: &Fr) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, out) in element.into_bigint().to_bytes_be().iter().zip(&mut bytes) {
        *out = *byte;
    }
    bytes
}

/// An element from its 32 big-endian bytes; there is no second spelling.
pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Fr, FieldError> {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    Fr::from_bigint(BigInt(limbs)).ok_or(FieldError::NotBelowOrder)
}

/// Public elements: 32 big-endian bytes, shown and written as `0x` and hexadecimal digits.
macro_rules! elements {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, PartialEq, Ord, PartialOrd, Hash)]
        pub struct $name(pub(crate) Fr);

        impl $name {
            /// Takes 32 big-endian bytes.
            ///
            /// # Errors
            /// [`FieldError::NotBelowOrder`].
            pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, FieldError> {
                from_bytes(bytes).map(Self)
            }

            /// The 32 big-endian bytes.
            #[must_use]
            pub fn to_bytes(&self) -> [u8; 32] {
                to_bytes(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.to_bytes()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = FieldError;

            fn from_str(text: &str) -> Result<Self, FieldError> {
                let digits = text.strip_prefix("0x").ok_or(FieldError::Text)?;
                let mut bytes = [0; 32];
                hex::decode_to_slice(digits, &mut bytes).map_err(|_| FieldError::Text)?;
                Self::from_bytes(&bytes)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

elements! {
    /// What an issuer or a group is given of a member's secret. It names the member to them.
    Commitment
    /// What stands in a tree for one member or credential.
    Leaf
    /// An inner node of a tree, or what stands in its place.
    Node
    /// The root of a tree: what a policy names.
    Root
    /// What one secret shows in one scope: the same twice, and nothing about who it is.
    Nullifier
    /// A [`Scope`](crate::Scope) as an element.
    ScopeHash
    /// A [`Binding`](crate::Binding) as an element.
    BindingHash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_one_spelling() {
        let last = Fr::from(0u8) - Fr::from(1u8);
        let bytes = to_bytes(&last);
        assert_eq!(from_bytes(&bytes), Ok(last));
        let mut order = bytes;
        order[31] += 1;
        for refused in [order, [0xff; 32]] {
            assert_eq!(Root::from_bytes(&refused), Err(FieldError::NotBelowOrder));
        }
        let root = Root(last);
        assert_eq!(root.to_string().parse(), Ok(root));
        assert_eq!(serde_json::to_string(&root).unwrap(), format!("\"{root}\""));
        for text in [
            "",
            "0x",
            "00",
            &root.to_string()[..65],
            &root.to_string()[2..],
        ] {
            assert_eq!(text.parse::<Root>(), Err(FieldError::Text), "{text}");
        }
        let json = format!("\"0x{}\"", hex::encode(order));
        assert!(serde_json::from_str::<Leaf>(&json).is_err());
    }
}
