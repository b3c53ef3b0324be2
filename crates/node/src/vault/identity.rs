//! The key that stands for the node: it signs ceremony messages, receipts and transactions.

use std::{fmt, sync::LazyLock};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use secp256k1::{Message, Secp256k1, SecretKey, SignOnly};
use zeroize::Zeroizing;

use super::{VaultError, random};

static SIGNING: LazyLock<Secp256k1<SignOnly>> = LazyLock::new(|| {
    let mut context = Secp256k1::signing_only();
    // Blinds the computation against side channels; without randomness it is constant-time still.
    if let Ok(seed) = random::<32>() {
        context.seeded_randomize(&seed);
    }
    context
});

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

    /// The key with these 32 bytes; none if they are no key.
    #[must_use]
    pub fn from_secret(bytes: &[u8]) -> Option<Self> {
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

    /// Signs a digest: 65 bytes `r ‖ s ‖ v` with low `s` and `v` 27 or 28. Deterministic (RFC 6979).
    #[must_use]
    pub fn sign(&self, digest: &B256) -> [u8; 65] {
        // A receipt for every request: here the C library counts, with a quarter of the time. Its
        // key type is `Copy`, so it lives no longer than the signature takes, and is overwritten.
        let mut key = SecretKey::from_byte_array(*self.expose_secret())
            .unwrap_or_else(|_| unreachable!("it was checked when it was made"));
        let signature = SIGNING.sign_ecdsa_recoverable(Message::from_digest(digest.0), &key);
        key.non_secure_erase();
        let (parity, r_s) = signature.serialize_compact();
        let mut bytes = [27 + (i32::from(parity) & 1) as u8; 65];
        bytes[..64].copy_from_slice(&r_s);
        bytes
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

#[cfg(test)]
mod tests {
    use alloy::signers::SignerSync;

    use super::*;

    #[test]
    fn signature_is_the_one_that_the_pure_rust_curve_makes() {
        let key = IdentityKey::generate().unwrap();
        for number in 0..64 {
            let digest = B256::repeat_byte(number);
            let theirs = key.0.sign_hash_sync(&digest).unwrap();
            assert_eq!(key.sign(&digest), theirs.as_bytes());
            assert_eq!(
                theirs.recover_address_from_prehash(&digest).unwrap(),
                key.address()
            );
        }
    }
}
