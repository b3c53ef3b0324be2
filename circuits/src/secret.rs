//! What a member keeps, and what an issuer says of them.

use core::fmt;

use ark_bls12_381::Fr;
use ark_ff::AdditiveGroup;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    field::{self, Commitment, FieldError, Leaf, Nullifier, ScopeHash},
    labels,
    spec::{self, ATTRIBUTES},
    xmd::hash_to_field,
};

/// A member's secret. Whoever has it is the member.
///
/// An issuer or group is given the [`commitment`](Self::commitment), never this.
pub struct Secret(Zeroizing<Fr>);

/// Bytes that are not a secret.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretError {
    /// The bytes are no element of the field.
    #[error("the secret is not below the order of the field")]
    NotBelowOrder,
    /// Zero is nobody's secret.
    #[error("the secret is zero")]
    Zero,
}

impl Secret {
    /// Derives a secret from 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Zeroizing::new(hash_to_field(labels::SECRET, seed)))
    }

    /// Takes a secret that was kept as [`expose_bytes`](Self::expose_bytes) gave it.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SecretError> {
        match field::from_bytes(bytes) {
            Ok(element) if element == Fr::ZERO => Err(SecretError::Zero),
            Ok(element) => Ok(Self(Zeroizing::new(element))),
            Err(FieldError::NotBelowOrder | FieldError::Text) => Err(SecretError::NotBelowOrder),
        }
    }

    /// The 32 big-endian bytes, to be kept.
    #[must_use]
    pub fn expose_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(field::to_bytes(&self.0))
    }

    /// What an issuer or a group is given.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        Commitment(spec::commitment(*self.0))
    }

    /// What this secret shows in a scope.
    #[must_use]
    pub fn nullifier(&self, scope: &ScopeHash) -> Nullifier {
        Nullifier(spec::nullifier(scope.0, *self.0))
    }

    /// The same secret once more, for a [`Witness`](crate::Witness), which takes it.
    #[must_use]
    pub fn again(&self) -> Self {
        Self(self.0.clone())
    }

    pub(crate) fn element(&self) -> Fr {
        *self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(<redacted>)")
    }
}

/// What an issuer says of a member. What a number means is the issuer's to say: a country, a year
/// of birth, a level.
///
/// Known to issuer and member alone; a proof shows that they are within bounds, and no more. Wiped when
/// dropped.
#[derive(Eq, PartialEq)]
pub struct Attributes {
    /// The four numbers.
    pub values: [u64; ATTRIBUTES],
    /// The last second at which they are true, Unix time; `u64::MAX` is for ever.
    pub expiry: u64,
}

impl Attributes {
    /// The same attributes once more, for a [`Witness`](crate::Witness), which takes them.
    #[must_use]
    pub const fn again(&self) -> Self {
        Self {
            values: self.values,
            expiry: self.expiry,
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        self.values.zeroize();
        self.expiry.zeroize();
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attributes(<redacted>)")
    }
}

impl Commitment {
    /// That of the secret 0, which is nobody's: everybody could prove with it.
    #[must_use]
    pub fn is_of_zero(&self) -> bool {
        self.0 == spec::commitment(Fr::ZERO)
    }
}

impl Leaf {
    /// The leaf of a member of a plain set.
    #[must_use]
    pub fn of_member(commitment: &Commitment) -> Self {
        Self(spec::leaf(commitment.0, Fr::ZERO))
    }

    /// The leaf of a credential, which an issuer computes from what they say themselves.
    #[must_use]
    pub fn of_credential(commitment: &Commitment, attributes: &Attributes) -> Self {
        let attributes = spec::attributes(&attributes.values, attributes.expiry);
        Self(spec::leaf(commitment.0, attributes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_and_taken_back_and_never_printed() {
        let secret = Secret::from_seed(&[7; 32]);
        let kept = Secret::from_bytes(&secret.expose_bytes()).unwrap();
        assert_eq!(kept.commitment(), secret.commitment());
        assert_eq!(format!("{secret:?}"), "Secret(<redacted>)");
        assert_eq!(Secret::from_bytes(&[0; 32]).unwrap_err(), SecretError::Zero);
        assert!(!secret.commitment().is_of_zero());
        // H₃(0, 0), computed apart from this code.
        let zero = "0x0aabdfeff9823b24ae308aae2403da885be469083a38dcd36b6a87bcfce30d83";
        assert!(zero.parse::<Commitment>().unwrap().is_of_zero());
        assert_eq!(
            Secret::from_bytes(&[0xff; 32]).unwrap_err(),
            SecretError::NotBelowOrder
        );
    }

    #[test]
    fn leaf_changes_with_every_attribute_and_the_expiry() {
        let commitment = Secret::from_seed(&[1; 32]).commitment();
        let attributes = Attributes {
            values: [1, 2, 3, 4],
            expiry: 5,
        };
        let mut seen = std::collections::BTreeSet::from([
            Leaf::of_member(&commitment),
            Leaf::of_credential(&commitment, &attributes),
        ]);
        for at in 0..ATTRIBUTES {
            let mut changed = attributes.again();
            changed.values[at] = u64::MAX;
            assert!(seen.insert(Leaf::of_credential(&commitment, &changed)));
        }
        let changed = Attributes {
            expiry: 6,
            ..attributes
        };
        assert!(seen.insert(Leaf::of_credential(&commitment, &changed)));
    }
}
