//! What one node returns: its part of an identity's key, encrypted to a reader. SPEC.md §5.

use core::fmt;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;

use crate::{
    DecodeError, Identity, NodeIndex, NodePublicKey, ReaderKey, encoding, engine,
    identity::write_hex,
};

/// Length of a share on the wire: `C1 ‖ C3` uncompressed, `C2` compressed.
pub const SHARE_BYTES: usize = 288;

/// A re-encryption share `(C1, C2, C3) = (k·P1, k·P2, k·B + s_i·Q)` of one node.
///
/// Decoding is cheap, and therefore checks little: points are canonical and on the curve. Readers
/// check subgroups after combining, and `C2` only when somebody is to blame.
#[derive(Clone, PartialEq, Eq)]
pub struct Share {
    index: NodeIndex,
    pub(crate) c1: G1Affine,
    pub(crate) c3: G1Affine,
    c2: [u8; 96],
}

impl Share {
    pub(crate) fn new(index: NodeIndex, c1: G1Affine, c3: G1Affine, c2: [u8; 96]) -> Self {
        Self { index, c1, c3, c2 }
    }

    /// Decodes 288 bytes that node `index` sent.
    ///
    /// # Errors
    /// [`ShareError::Malformed`], naming the node.
    pub fn decode(index: NodeIndex, bytes: &[u8]) -> Result<Self, ShareError> {
        let decode = || {
            let bytes: &[u8; SHARE_BYTES] = encoding::sized(bytes)?;
            let (c1, rest) = bytes.split_at(96);
            let (c3, c2) = rest.split_at(96);
            encoding::check_compressed_form(c2)?;
            Ok(Self {
                index,
                c1: encoding::g1_from_uncompressed(encoding::sized(c1)?)?,
                c3: encoding::g1_from_uncompressed(encoding::sized(c3)?)?,
                c2: *encoding::sized(c2)?,
            })
        };
        decode().map_err(|source| ShareError::Malformed {
            culprit: index,
            source,
        })
    }

    /// The 288 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SHARE_BYTES] {
        let mut bytes = [0; SHARE_BYTES];
        let (c1, rest) = bytes.split_at_mut(96);
        let (c3, c2) = rest.split_at_mut(96);
        c1.copy_from_slice(&encoding::g1_to_uncompressed(&self.c1));
        c3.copy_from_slice(&encoding::g1_to_uncompressed(&self.c3));
        c2.copy_from_slice(&self.c2);
        bytes
    }

    /// The node that made this share, or is said to have.
    #[must_use]
    pub fn index(&self) -> NodeIndex {
        self.index
    }

    /// Checks this share against its node's public key: subgroups, then
    /// `e(C1,P2) = e(P1,C2)` and `e(C3,P2) = e(B,C2)·e(Q,X_i)`.
    ///
    /// # Errors
    /// [`ShareError::Invalid`], naming this share's node.
    pub fn verify(
        &self,
        node: &NodePublicKey,
        id: &Identity,
        reader: &ReaderKey,
    ) -> Result<(), ShareError> {
        let invalid = ShareError::Invalid {
            culprit: self.index,
        };
        let c2 = self.checked_c2().map_err(|_| invalid.clone())?;
        let masked = engine::active().pairing_product_is_one(&[
            (self.c1, G2Affine::generator()),
            (-G1Affine::generator(), c2),
        ]);
        let matches = engine::active().pairing_product_is_one(&[
            (self.c3, G2Affine::generator()),
            (-reader.0, c2),
            (-id.point(), node.0),
        ]);
        if masked && matches {
            Ok(())
        } else {
            Err(invalid)
        }
    }

    /// Checks that each of the three points lies in its subgroup, singly, and returns `C2`.
    ///
    /// A random combination would not do: torsion of order 3 passes one time in three.
    pub(crate) fn checked_c2(&self) -> Result<G2Affine, DecodeError> {
        let c2 = self.c2()?;
        let engine = engine::active();
        if engine.g1_in_subgroup(&self.c1) && engine.g1_in_subgroup(&self.c3) {
            Ok(c2)
        } else {
            Err(DecodeError::NotInSubgroup)
        }
    }

    /// `C2`, decoded and in its subgroup.
    pub(crate) fn c2(&self) -> Result<G2Affine, DecodeError> {
        encoding::g2_from_compressed(&self.c2)
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({}, ", self.index)?;
        write_hex(f, &self.encode())?;
        f.write_str(")")
    }
}

/// Why a share was refused.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ShareError {
    /// The bytes are no share.
    #[error("share from node {culprit} is malformed: {source}")]
    Malformed {
        /// The node that sent it.
        culprit: NodeIndex,
        /// What is wrong with the bytes.
        source: DecodeError,
    },
    /// The share does not match the node's public key, the identity or the reader.
    #[error("share from node {culprit} does not verify")]
    Invalid {
        /// The node that sent it.
        culprit: NodeIndex,
    },
}

impl ShareError {
    /// The node to blame. Exhaustive: a new variant must choose.
    #[must_use]
    pub fn culprit(&self) -> NodeIndex {
        match self {
            Self::Malformed { culprit, .. } | Self::Invalid { culprit } => *culprit,
        }
    }
}
