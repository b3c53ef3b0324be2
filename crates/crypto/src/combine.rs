//! Shares combined by Lagrange interpolation at 0. SPEC.md §6.

use core::fmt;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use zeroize::Zeroizing;

use crate::{
    Capsule, Cek, CommitteeKeys, DecodeError, Identity, NetworkKey, NodeIndex, OpenError,
    ReaderKey, ReaderSecret, Share,
    committee::Request,
    encoding, engine,
    identity::write_hex,
    interpolation::{Interpolation, check_subgroup, indices},
    lagrange,
    open::open_with_key,
};

/// The combination `(C1, C3)` of a committee's shares: the identity's key, encrypted to the reader.
///
/// On the wire both points are uncompressed, 192 B.
#[derive(Clone, PartialEq, Eq)]
pub struct CombinedShare {
    pub(crate) c1: G1Affine,
    pub(crate) c3: G1Affine,
}

/// What [`combine`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// The combined share; it was checked against the network key.
    pub share: CombinedShare,
    /// Nodes whose shares were found wrong on the way; empty when nothing had to be examined.
    pub culprits: Vec<NodeIndex>,
}

/// Combines shares for who cannot open, such as a gateway, and checks the result against the
/// network key: `e(C1,P2) = e(P1,C2)` and `e(C3,P2) = e(B,C2)·e(Q,PK)`.
///
/// Any shares beyond the threshold are used where others are wrong. `weights_seed` is 32 fresh
/// random bytes.
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
    let request = Request {
        id,
        shares,
        weights_seed,
    };
    let (share, culprits) = committee.gather(
        &request,
        || reader.clone(),
        |shares| {
            let share = Interpolation::of(shares)?.normalised();
            let c2: Vec<G2Affine> = shares
                .iter()
                .map(|share| share.c2())
                .collect::<Result<_, _>>()
                .ok()?;
            let engine = engine::active();
            let c2 = engine.g2_msm(&c2, &lagrange::at_zero(&indices(shares)));
            let masked = engine.pairing_product_is_one(&[
                (share.c1, G2Affine::generator()),
                (-G1Affine::generator(), c2),
            ]);
            let matches = engine.pairing_product_is_one(&[
                (share.c3, G2Affine::generator()),
                (-reader.0, c2),
                (-id.point(), committee.network_key.0),
            ]);
            (masked && matches).then_some(share)
        },
    )?;
    Ok(Combined { share, culprits })
}

impl CombinedShare {
    /// Decodes 192 bytes.
    ///
    /// # Errors
    /// [`DecodeError`] on anything but two canonical points of the subgroup, not the identity.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes: &[u8; 192] = encoding::sized(bytes)?;
        let (c1, c3) = bytes.split_at(96);
        let c1 = encoding::g1_from_uncompressed(encoding::sized(c1)?)?;
        let c3 = encoding::g1_from_uncompressed(encoding::sized(c3)?)?;
        check_subgroup(&c1)?;
        check_subgroup(&c3)?;
        Ok(Self { c1, c3 })
    }

    /// The 192 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; 192] {
        let mut bytes = [0; 192];
        let (c1, c3) = bytes.split_at_mut(96);
        c1.copy_from_slice(&encoding::g1_to_uncompressed(&self.c1));
        c3.copy_from_slice(&encoding::g1_to_uncompressed(&self.c3));
        bytes
    }

    /// Opens `capsule` with this combined share, from wherever it came.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`] when this is not the key of `id` for this reader,
    /// [`OpenError::Capsule`] when it is, and the capsule is wrong.
    pub fn open(
        &self,
        network_key: &NetworkKey,
        reader: &ReaderSecret,
        id: &Identity,
        capsule: &Capsule,
        aad: &[u8],
    ) -> Result<Cek, OpenError> {
        // K = C3 − b·C1
        let key = engine::active().g1_add_mul(&self.c3, &-self.c1, &reader.0);
        open_with_key(network_key, &Zeroizing::new(key), id, capsule, aad)
    }
}

impl fmt::Debug for CombinedShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.encode())
    }
}
