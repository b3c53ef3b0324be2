//! The key that stands for the node: it signs ceremony messages, receipts and transactions.

use std::fmt;

use alloy::{
    primitives::{Address, B256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use zeroize::Zeroizing;

use super::{VaultError, random};

/// A secp256k1 key. The curve library wipes it when it is dropped.
#[derive(Clone)]
pub struct IdentityKey(PrivateKeySigner);

impl IdentityKey {
    pub(super) fn generate() -> Result<Self, VaultError> {
        loop {
            let bytes = Zeroizing::new(random::<32>()?);
            // Zero and numbers above the group order (2⁻¹²⁸) are drawn again.
            if let Some(key) = Self::from_secret(&*bytes) {
                return Ok(key);
            }
        }
    }

    pub(super) fn from_secret(bytes: &[u8]) -> Option<Self> {
        PrivateKeySigner::from_slice(bytes).ok().map(Self)
    }

    pub(super) fn expose_secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().0)
    }

    /// The address that the chain and readers know this node by.
    #[must_use]
    pub fn address(&self) -> Address {
        self.0.address()
    }

    /// Signs a digest: 65 bytes `r ‖ s ‖ v` with low `s` and `v` 27 or 28.
    #[must_use]
    pub fn sign(&self, digest: &B256) -> [u8; 65] {
        self.0
            .sign_hash_sync(digest)
            .unwrap_or_else(|_| unreachable!("a 32-byte digest and a valid key always sign"))
            .as_bytes()
    }

    /// For the sender of this node's transactions.
    #[must_use]
    pub(crate) fn signer(&self) -> PrivateKeySigner {
        self.0.clone()
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({}, <redacted>)", self.address())
    }
}
