//! A key share in use.

use std::fmt;

use stheno_crypto::{
    Identity, KeyShare, NodeIndex, NodePublicKey, PossessionProof, ReaderKey, Share, dkg::Constant,
};
use zeroize::Zeroizing;

/// This node's key share of one epoch. For the outside it does one thing: [`share`](Self::share).
pub struct HeldShare {
    key: KeyShare,
    /// Hedges the system's randomness: without it, `k` cannot be guessed either.
    seed: Zeroizing<[u8; 32]>,
}

impl HeldShare {
    /// A key share with 32 random bytes that were kept beside it.
    #[must_use]
    pub fn new(key: KeyShare, seed: Zeroizing<[u8; 32]>) -> Self {
        Self { key, seed }
    }

    /// Which member of the committee this is the share of.
    #[must_use]
    pub fn index(&self) -> NodeIndex {
        self.key.index()
    }

    /// `X_i = s_i·P2`.
    #[must_use]
    pub fn public_key(&self) -> NodePublicKey {
        self.key.public_key()
    }

    /// This node's part of one identity's key, encrypted to the reader.
    ///
    /// The identity is the caller's own computation, from the policy that it evaluated.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn share(
        &self,
        epoch: u64,
        identity: &Identity,
        reader: &ReaderKey,
    ) -> Result<Share, getrandom::Error> {
        let entropy = fresh_entropy()?;
        Ok(self
            .key
            .share(epoch, identity, reader, &self.seed, &entropy))
    }

    /// Proves to the other members that this node holds its share; `entropy` is fresh randomness.
    pub(crate) fn prove(&self, message: &[u8; 32], entropy: &[u8; 32]) -> PossessionProof {
        self.key.prove(message, entropy)
    }

    /// What a reshare deals out.
    pub(crate) fn constant(&self) -> Constant<'_> {
        Constant::Share(&self.key)
    }

    pub(super) fn is(&self, other: &KeyShare) -> bool {
        self.key.index() == other.index()
            && self.key.expose_secret_bytes() == other.expose_secret_bytes()
    }
}

fn fresh_entropy() -> Result<Zeroizing<[u8; 32]>, getrandom::Error> {
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *entropy)?;
    Ok(entropy)
}

impl fmt::Debug for HeldShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldShare")
            .field("index", &self.index())
            .field("key", &"<redacted>")
            .finish()
    }
}
