//! The reader's one-time key. SPEC.md §5.

use core::fmt;

use ark_bls12_381::G1Affine;
use ark_ec::AffineRepr;

use crate::{DecodeError, encoding, engine, identity::write_hex, labels, scalar::SecretScalar};

/// A reader's one-time secret `b`, made for one request.
pub struct ReaderSecret(pub(crate) SecretScalar);

impl ReaderSecret {
    /// Derives the secret from 32 fresh random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SecretScalar::derive(labels::READER_SECRET, &[seed]))
    }

    /// `B = b·P1`, which goes to the nodes.
    #[must_use]
    pub fn public(&self) -> ReaderKey {
        ReaderKey(engine::active().g1_mul(&G1Affine::generator(), &self.0))
    }
}

impl fmt::Debug for ReaderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReaderSecret(<redacted>)")
    }
}

/// A reader's one-time public key `B ∈ G1`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReaderKey(pub(crate) G1Affine);

impl ReaderKey {
    /// Decodes 48 compressed bytes.
    ///
    /// # Errors
    /// [`DecodeError`] on anything but the canonical encoding of a point of the prime-order
    /// subgroup other than the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        encoding::g1_from_compressed(bytes).map(Self)
    }

    /// The 48 compressed bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 48] {
        encoding::g1_to_compressed(&self.0)
    }
}

impl fmt::Debug for ReaderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.to_bytes())
    }
}
