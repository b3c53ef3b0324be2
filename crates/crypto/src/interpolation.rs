//! Shares combined in the exponent, by Lagrange interpolation at 0. SPEC.md §6.

use ark_bls12_381::{Fr, G1Affine};
use ark_ec::AffineRepr;
use zeroize::Zeroizing;

use crate::{
    CombinedShare, DecodeError, NodeIndex, ReaderSecret, Share, engine, lagrange,
    scalar::SecretScalar,
};

/// Shares combined, before the common factor: the combined share is `scale · (c1, c3)`.
pub(crate) struct Interpolation {
    c1: G1Affine,
    c3: G1Affine,
    scale: Option<Fr>,
}

impl Interpolation {
    /// Combines exactly these shares; `None` when the result is not in the subgroup.
    pub(crate) fn of(shares: &[&Share]) -> Option<Self> {
        let indices = self::indices(shares);
        let (c1, c3, weights, scale): (Vec<_>, Vec<_>, Vec<_>, _);
        match lagrange::small_at_zero(&indices) {
            Some(small) => {
                let signed =
                    |point: G1Affine, negative: bool| if negative { -point } else { point };
                let signs = || shares.iter().zip(&small.weights);
                c1 = signs().map(|(share, w)| signed(share.c1, w.1)).collect();
                c3 = signs().map(|(share, w)| signed(share.c3, w.1)).collect();
                weights = small.weights.iter().map(|w| Fr::from(w.0)).collect();
                scale = Some(small.scale);
            }
            None => {
                c1 = shares.iter().map(|share| share.c1).collect();
                c3 = shares.iter().map(|share| share.c3).collect();
                weights = lagrange::at_zero(&indices);
                scale = None;
            }
        }
        let engine = engine::active();
        let sum = Self {
            c1: engine.g1_msm(&c1, &weights),
            c3: engine.g1_msm(&c3, &weights),
            scale,
        };
        check_subgroup(&sum.c1).ok()?;
        check_subgroup(&sum.c3).ok()?;
        Some(sum)
    }

    /// `K = scale · (c3 − b·c1)`.
    pub(crate) fn key(&self, reader: &ReaderSecret) -> Zeroizing<G1Affine> {
        let engine = engine::active();
        Zeroizing::new(match &self.scale {
            None => engine.g1_add_mul(&self.c3, &-self.c1, &reader.0),
            Some(scale) => {
                let minus_b = reader.0.mul_add(&(-*scale).into(), &SecretScalar::from(0));
                engine.g1_mul_pair((&self.c3, &(*scale).into()), (&self.c1, &minus_b))
            }
        })
    }

    /// `scale · (c1, c3)`.
    pub(crate) fn normalised(&self) -> CombinedShare {
        let scaled = |point: &G1Affine| match &self.scale {
            None => *point,
            Some(scale) => engine::active().g1_mul(point, &(*scale).into()),
        };
        CombinedShare {
            c1: scaled(&self.c1),
            c3: scaled(&self.c3),
        }
    }
}

/// The reader's secret multiplies these points: outside the subgroup that would tell a part of it.
pub(crate) fn check_subgroup(point: &G1Affine) -> Result<(), DecodeError> {
    if point.is_zero() {
        return Err(DecodeError::Identity);
    }
    if !engine::active().g1_in_subgroup(point) {
        return Err(DecodeError::NotInSubgroup);
    }
    Ok(())
}

pub(crate) fn indices(shares: &[&Share]) -> Vec<NodeIndex> {
    shares.iter().map(|share| share.index()).collect()
}
