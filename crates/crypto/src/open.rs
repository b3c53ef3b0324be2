//! From shares to the content key.

use std::collections::BTreeMap;

use crate::{
    Capsule, Cek, DecodeError, Identity, NetworkKey, NodeIndex, NodePublicKey, ReaderKey,
    ReaderSecret, Share,
};

/// A committee as a reader knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitteeKeys {
    /// Shares that are needed.
    pub threshold: u16,
    /// The key that capsules are sealed to.
    pub network_key: NetworkKey,
    /// The nodes' public keys; where one is missing its node cannot be blamed by its equations.
    pub node_keys: BTreeMap<NodeIndex, NodePublicKey>,
}

/// An opened capsule.
#[derive(Debug)]
pub struct Opened {
    /// The content key.
    pub cek: Cek,
    /// Nodes whose shares were found wrong on the way; empty when nothing had to be examined.
    pub culprits: Vec<NodeIndex>,
}

/// Why nothing was opened.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// Not enough good shares.
    #[error("need {need} good shares, have {good}")]
    TooFewShares {
        /// The committee's threshold.
        need: u16,
        /// Shares that were not found wrong.
        good: u16,
        /// Nodes whose shares were found wrong.
        culprits: Vec<NodeIndex>,
    },
    /// The capsule does not open: it was tampered with, or sealed to something else.
    #[error("the capsule does not open")]
    Capsule,
    /// One node's share was given twice.
    #[error("node {index} appears twice among the shares")]
    DuplicateIndex {
        /// The node.
        index: NodeIndex,
    },
}

/// Combines `shares` and opens `capsule`.
///
/// # Errors
/// [`OpenError`].
pub fn open(
    committee: &CommitteeKeys,
    reader: &ReaderSecret,
    id: &Identity,
    capsule: &Capsule,
    aad: &[u8],
    shares: &[Share],
    weights_seed: &[u8; 32],
) -> Result<Opened, OpenError> {
    todo!()
}

/// Shares combined, for who hands them on: `C1 ‖ C3` uncompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CombinedShare([u8; 192]);

/// What [`combine`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// The combined share, checked against the network key.
    pub share: CombinedShare,
    /// Nodes whose shares were found wrong on the way.
    pub culprits: Vec<NodeIndex>,
}

/// Combines `shares` without the reader's secret and checks the result against the network key.
///
/// # Errors
/// [`OpenError`], never [`OpenError::Capsule`].
pub fn combine(
    committee: &CommitteeKeys,
    reader: &ReaderKey,
    id: &Identity,
    shares: &[Share],
    weights_seed: &[u8; 32],
) -> Result<Combined, OpenError> {
    todo!()
}

impl CombinedShare {
    /// Decodes 192 bytes.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        todo!()
    }

    /// The 192 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 192] {
        self.0
    }

    /// Opens `capsule` with this combined share.
    ///
    /// # Errors
    /// [`OpenError::Capsule`].
    pub fn open(
        &self,
        network_key: &NetworkKey,
        reader: &ReaderSecret,
        id: &Identity,
        capsule: &Capsule,
        aad: &[u8],
    ) -> Result<Cek, OpenError> {
        todo!()
    }
}
