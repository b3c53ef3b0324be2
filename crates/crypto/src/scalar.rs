//! Scalars: secret ones as bytes that only an engine computes with, public ones as field elements.
//!
//! Both come from bytes by RFC 9380's `hash_to_field` (L = 48), never from a sampler. SPEC.md §2.

use ark_bls12_381::Fr;
use ark_ff::{BigInteger, PrimeField};
use zeroize::Zeroizing;

use crate::{DecodeError, engine, labels::Label, xmd::expand_message};

/// The group order `r`, 32 bytes big-endian.
const ORDER: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
];

/// A secret number below the group order, 32 bytes big-endian.
#[derive(Clone)]
pub(crate) struct SecretScalar(Zeroizing<[u8; 32]>);

impl SecretScalar {
    /// RFC 9380's `hash_to_field` over the concatenated parts, with the tag as DST.
    pub(crate) fn derive(label: Label, parts: &[&[u8]]) -> Self {
        engine::active().scalar_from_wide(&expand_message(label.as_bytes(), parts))
    }

    /// Takes a canonical number; runs in time that does not depend on it.
    pub(crate) fn from_canonical(bytes: &[u8; 32]) -> Result<Self, DecodeError> {
        // The borrow of bytes − r is 1 exactly when bytes < r.
        let borrow = bytes
            .iter()
            .zip(ORDER)
            .rev()
            .fold(0, |borrow, (&byte, order)| {
                (u16::from(byte).wrapping_sub(u16::from(order) + borrow) >> 8) & 1
            });
        if borrow == 1 {
            Ok(Self(Zeroizing::new(*bytes)))
        } else {
            Err(DecodeError::NonCanonical)
        }
    }

    /// Takes bytes that an engine reduced.
    pub(crate) fn from_reduced(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.0.iter().fold(0, |any, byte| any | byte) == 0
    }

    /// `self · by + plus`.
    pub(crate) fn mul_add(&self, by: &Self, plus: &Self) -> Self {
        engine::active().scalar_mul_add(self, by, plus)
    }

    pub(crate) fn as_bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.0
    }
}

impl From<u16> for SecretScalar {
    fn from(number: u16) -> Self {
        Self::from(Fr::from(number))
    }
}

/// A public number, where a secret is computed with it.
impl From<Fr> for SecretScalar {
    fn from(number: Fr) -> Self {
        Self(Zeroizing::new(to_bytes(&number)))
    }
}

/// A public scalar by `hash_to_field`: a challenge.
pub(crate) fn hash_to_field(label: Label, parts: &[&[u8]]) -> Fr {
    Fr::from_be_bytes_mod_order(&expand_message::<48>(label.as_bytes(), parts)[..])
}

/// A public scalar from its canonical bytes.
pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Fr, DecodeError> {
    SecretScalar::from_canonical(bytes).map(|_| Fr::from_be_bytes_mod_order(bytes))
}

/// The 32 big-endian bytes of a public scalar.
pub(crate) fn to_bytes(scalar: &Fr) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (byte, out) in scalar.into_bigint().to_bytes_be().iter().zip(&mut bytes) {
        *out = *byte;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_refused_from_the_order_on() {
        assert_eq!(
            hex::encode(ORDER),
            hex::encode(Fr::MODULUS.to_bytes_be().as_slice())
        );
        let mut below = ORDER;
        below[31] = 0;
        assert!(SecretScalar::from_canonical(&below).is_ok());
        for refused in [ORDER, [0xff; 32]] {
            assert!(SecretScalar::from_canonical(&refused).is_err());
            assert_eq!(from_bytes(&refused), Err(DecodeError::NonCanonical));
        }
        let mut carry = ORDER;
        carry[0] -= 1;
        carry[31] = 0xff;
        assert!(SecretScalar::from_canonical(&carry).is_ok());
        let mut above = ORDER;
        above[15] += 1;
        above[31] = 0;
        assert!(SecretScalar::from_canonical(&above).is_err());
    }
}
