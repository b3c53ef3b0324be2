//! Shares combined by Lagrange interpolation at 0. SPEC.md §6.

use core::fmt;

use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use zeroize::Zeroizing;

use crate::{
    Capsule, Cek, CommitteeKeys, DecodeError, Identity, NetworkKey, NodeIndex, OpenError,
    ReaderKey, ReaderSecret, Share, committee::Request, encoding, engine, identity::write_hex,
    lagrange,
};

/// The combination `(C1, C3)` of a committee's shares: the identity's key, encrypted to the reader.
///
/// On the wire both points are uncompressed, 192 B.
#[derive(Clone, PartialEq, Eq)]
pub struct CombinedShare {
    c1: G1Affine,
    c3: G1Affine,
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
        reader,
        shares,
        weights_seed,
    };
    let (share, culprits) = committee.gather(&request, |shares| {
        let coefficients = coefficients(shares);
        let share = CombinedShare::interpolate(shares, &coefficients)?;
        let c2: Vec<G2Affine> = shares
            .iter()
            .map(|share| share.c2())
            .collect::<Result<_, _>>()
            .ok()?;
        let c2 = engine::active().g2_msm(&c2, &coefficients);
        let engine = engine::active();
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
    })?;
    Ok(Combined { share, culprits })
}

impl CombinedShare {
    /// Combines exactly these shares; `None` when the result is not in the subgroup.
    pub(crate) fn of(shares: &[&Share]) -> Option<Self> {
        Self::interpolate(shares, &coefficients(shares))
    }

    fn interpolate(shares: &[&Share], coefficients: &[Fr]) -> Option<Self> {
        let engine = engine::active();
        let (c1, c3): (Vec<_>, Vec<_>) = shares.iter().map(|share| (share.c1, share.c3)).unzip();
        Self {
            c1: engine.g1_msm(&c1, coefficients),
            c3: engine.g1_msm(&c3, coefficients),
        }
        .checked()
        .ok()
    }

    /// Decodes 192 bytes.
    ///
    /// # Errors
    /// [`DecodeError`] on anything but two canonical points of the subgroup, not the identity.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes: &[u8; 192] = encoding::sized(bytes)?;
        let (c1, c3) = bytes.split_at(96);
        Self {
            c1: encoding::g1_from_uncompressed(encoding::sized(c1)?)?,
            c3: encoding::g1_from_uncompressed(encoding::sized(c3)?)?,
        }
        .checked()
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
        let key = self.reveal(reader);
        if let Some(cek) = capsule.open(id, aad, &key) {
            return Ok(cek);
        }
        // e(K, P2) = e(Q, PK) tells a wrong key from a wrong capsule.
        let right = engine::active()
            .pairing_product_is_one(&[(*key, G2Affine::generator()), (-id.point(), network_key.0)]);
        Err(if right {
            OpenError::Capsule
        } else {
            OpenError::WrongKey
        })
    }

    /// `K = C3 − b·C1`.
    fn reveal(&self, reader: &ReaderSecret) -> Zeroizing<G1Affine> {
        Zeroizing::new(engine::active().g1_add_mul(&self.c3, &-self.c1, &reader.0))
    }

    /// The reader's secret multiplies `C1`: outside the subgroup that would tell a part of it.
    fn checked(self) -> Result<Self, DecodeError> {
        for point in [&self.c1, &self.c3] {
            if point.is_zero() {
                return Err(DecodeError::Identity);
            }
            if !engine::active().g1_in_subgroup(point) {
                return Err(DecodeError::NotInSubgroup);
            }
        }
        Ok(self)
    }
}

fn coefficients(shares: &[&Share]) -> Vec<Fr> {
    let indices: Vec<_> = shares.iter().map(|share| share.index()).collect();
    lagrange::at_zero(&indices)
}

impl fmt::Debug for CombinedShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.encode())
    }
}
