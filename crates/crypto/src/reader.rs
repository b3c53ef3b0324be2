//! The reader's one-time key.

use core::fmt;

use zeroize::Zeroizing;

use crate::DecodeError;

/// A reader's one-time secret `b`.
pub struct ReaderSecret(Zeroizing<[u8; 32]>);

impl ReaderSecret {
    /// Derives the secret from 32 fresh random bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        todo!()
    }

    /// `B = b·P1`.
    #[must_use]
    pub fn public(&self) -> ReaderKey {
        todo!()
    }
}

impl fmt::Debug for ReaderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReaderSecret(<redacted>)")
    }
}

/// A reader's one-time public key `B ∈ G1`, made per request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReaderKey(pub(crate) ark_bls12_381::G1Affine);

impl ReaderKey {
    /// Decodes 48 compressed bytes.
    ///
    /// # Errors
    /// [`DecodeError`] on anything but the canonical encoding of a point of the prime-order
    /// subgroup other than the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        todo!()
    }

    /// The 48 compressed bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 48] {
        todo!()
    }
}
