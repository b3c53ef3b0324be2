//! What one node returns: its part of an identity's key, encrypted to a reader.

use crate::{Identity, NodeIndex, NodePublicKey, ReaderKey};

/// Length of a share on the wire: `C1 ‖ C3` uncompressed, `C2` compressed.
pub const SHARE_BYTES: usize = 288;

/// A re-encryption share `(C1, C2, C3)` of one node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    index: NodeIndex,
    c1: ark_bls12_381::G1Affine,
    c3: ark_bls12_381::G1Affine,
    c2: [u8; 96],
}

impl Share {
    /// Decodes 288 bytes that node `index` sent.
    ///
    /// # Errors
    /// [`ShareError::Malformed`].
    pub fn decode(index: NodeIndex, bytes: &[u8]) -> Result<Self, ShareError> {
        todo!()
    }

    /// The 288 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SHARE_BYTES] {
        todo!()
    }

    /// The node that made this share.
    #[must_use]
    pub fn index(&self) -> NodeIndex {
        self.index
    }

    /// Checks this share against its node's public key.
    ///
    /// # Errors
    /// [`ShareError::Invalid`], naming this share's node.
    pub fn verify(
        &self,
        node: &NodePublicKey,
        id: &Identity,
        reader: &ReaderKey,
    ) -> Result<(), ShareError> {
        todo!()
    }
}

/// Why a share was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ShareError {
    /// The bytes are not a share.
    #[error("share from node {culprit} is malformed: {source}")]
    Malformed {
        /// The node that sent it.
        culprit: NodeIndex,
        /// What is wrong with the bytes.
        source: crate::DecodeError,
    },
    /// The share does not match the node's public key, the identity or the reader.
    #[error("share from node {culprit} does not verify")]
    Invalid {
        /// The node that sent it.
        culprit: NodeIndex,
    },
}

impl ShareError {
    /// The node to blame.
    #[must_use]
    pub fn culprit(&self) -> NodeIndex {
        match self {
            Self::Malformed { culprit, .. } | Self::Invalid { culprit } => *culprit,
        }
    }
}
