//! From shares to the content key. SPEC.md §6.

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;

use crate::{
    Capsule, Cek, CommitteeKeys, Identity, NetworkKey, NodeIndex, ReaderSecret, Share,
    committee::Request, engine, interpolation::Interpolation,
};

/// An opened capsule.
#[derive(Debug)]
pub struct Opened {
    /// The content key.
    pub cek: Cek,
    /// Nodes whose shares were found wrong on the way; empty when nothing had to be examined.
    pub culprits: Vec<NodeIndex>,
}

/// Combines shares and opens a capsule.
///
/// Any shares beyond the threshold are used where others are wrong: a wrong share costs time,
/// never the result. `weights_seed` is 32 fresh random bytes.
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
    let request = Request {
        id,
        shares,
        weights_seed,
    };
    let network_key = &committee.network_key;
    let (opened, culprits) = committee.gather(
        &request,
        || reader.public(),
        |shares| {
            let key = Interpolation::of(shares)?.key(reader);
            match open_with_key(network_key, &key, id, capsule, aad) {
                Err(OpenError::WrongKey) => None,
                opened => Some(opened),
            }
        },
    )?;
    opened.map(|cek| Opened { cek, culprits })
}

/// Opens `capsule` with what should be `K = s·Q`, and tells a wrong key from a wrong capsule.
pub(crate) fn open_with_key(
    network_key: &NetworkKey,
    key: &G1Affine,
    id: &Identity,
    capsule: &Capsule,
    aad: &[u8],
) -> Result<Cek, OpenError> {
    if let Some(cek) = capsule.open(id, aad, key) {
        return Ok(cek);
    }
    // e(K, P2) = e(Q, PK)
    let right = engine::active()
        .pairing_product_is_one(&[(*key, G2Affine::generator()), (-id.point(), network_key.0)]);
    Err(if right {
        OpenError::Capsule
    } else {
        OpenError::WrongKey
    })
}

/// Why nothing was opened.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// Not enough good shares; more nodes have to be asked.
    #[error("need {need} good shares, have {good}")]
    TooFewShares {
        /// The committee's threshold.
        need: u16,
        /// Shares that were not found wrong. Where the nodes' keys are unknown and no set of the
        /// shares fits together: shares that are proven good.
        good: u16,
        /// Nodes whose shares were found wrong.
        culprits: Vec<NodeIndex>,
    },
    /// One node's share was given twice.
    #[error("node {index} appears twice among the shares")]
    DuplicateIndex {
        /// The node.
        index: NodeIndex,
    },
    /// The shares are good, and the capsule does not open: it was changed, or it was sealed to
    /// something else. Nothing more is told.
    #[error("the capsule does not open")]
    Capsule,
    /// The combined share is not this identity's key for this reader.
    #[error("the combined share is not the key of this identity")]
    WrongKey,
    /// Shares that match the nodes' keys do not make the network key's: the keys do not belong
    /// together.
    #[error("the nodes' public keys do not belong to the network key")]
    ForeignNodeKeys,
}
