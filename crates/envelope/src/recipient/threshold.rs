//! The threshold recipient (−65801): a capsule for a committee, and the way to find it.

use stheno_crypto::{
    Capsule, Cek, Identity, ItemId, KeyFingerprint, NetworkId, NetworkKey, PolicyDigest,
};

/// Where a committee lives on chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub struct Locator {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the Committee contract.
    pub contract: [u8; 20],
    /// Number of the committee in that contract.
    pub committee_id: u64,
}

impl Locator {
    /// The network id that this place has.
    #[allow(clippy::todo)]
    pub fn network(&self) -> NetworkId {
        todo!()
    }
}

/// The policy as the recipient carries it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicyField {
    /// Canonical policy bytes: a reader needs nothing else.
    Bytes(Vec<u8>),
    /// Digest of a hidden policy; the reader must know the bytes.
    Digest(PolicyDigest),
}

impl PolicyField {
    /// The digest that is part of the identity.
    #[allow(clippy::todo)]
    pub fn digest(&self) -> PolicyDigest {
        todo!()
    }
}

/// A capsule for a committee with all that a reader needs to ask for shares.
///
/// To open: resolve the committee by [`locator`](Self::locator), build
/// [`identity`](Self::identity), gather shares, then open
/// [`capsule`](Self::capsule) under [`aad`](Self::aad).
#[derive(Clone, Debug)]
pub struct ThresholdRecipient {
    locator: Locator,
    policy: PolicyField,
    item: ItemId,
    capsule: Capsule,
    protected: Vec<u8>,
}

impl ThresholdRecipient {
    /// Seals `cek` to everyone who satisfies the policy at this committee.
    ///
    /// `sigma`: 32 fresh random bytes. `network_key` must come from a pinned
    /// source: a lying endpoint could hand over its own.
    #[allow(clippy::todo)]
    pub fn seal(
        _network_key: &NetworkKey,
        _locator: &Locator,
        _policy: PolicyField,
        _item: ItemId,
        _cek: &Cek,
        _sigma: &[u8; 32],
    ) -> Self {
        todo!()
    }

    /// Version of the scheme: 1.
    pub fn version(&self) -> u64 {
        1
    }

    /// The network id; also the recipient's `kid`.
    pub fn network(&self) -> NetworkId {
        self.locator.network()
    }

    /// Where the committee lives.
    pub fn locator(&self) -> &Locator {
        &self.locator
    }

    /// The policy, or its digest.
    pub fn policy(&self) -> &PolicyField {
        &self.policy
    }

    /// The item.
    pub fn item(&self) -> &ItemId {
        &self.item
    }

    /// The wrapped content-encryption key.
    pub fn capsule(&self) -> &Capsule {
        &self.capsule
    }

    /// The identity that the capsule is sealed to, under a network key of this fingerprint.
    #[allow(clippy::todo)]
    pub fn identity(&self, _key: &KeyFingerprint) -> Identity {
        todo!()
    }

    /// Additional data of the capsule: COSE `Enc_structure` with context `Enc_Recipient`.
    #[allow(clippy::todo)]
    pub fn aad(&self) -> Vec<u8> {
        let _ = &self.protected;
        todo!()
    }
}
