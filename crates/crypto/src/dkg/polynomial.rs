//! A dealer's secret polynomial, and its commitments. SPEC.md §9.1.

use ark_bls12_381::G2Affine;
use ark_ec::AffineRepr;

use super::{CeremonyContext, Constant, DealerSeed};
use crate::{NodeIndex, encoding, engine, labels, scalar::SecretScalar};

/// `f(x) = a_0 + a_1·x + … + a_(t−1)·x^(t−1)`.
pub(super) struct Polynomial(Vec<SecretScalar>);

impl Polynomial {
    /// Derives the coefficients: each is bound to the ceremony, the dealer, the threshold and its
    /// place, so that no two polynomials of one seed have any in common.
    pub(super) fn derive(
        context: &CeremonyContext,
        dealer: NodeIndex,
        threshold: u16,
        constant: Constant<'_>,
        seed: &DealerSeed,
    ) -> Self {
        let derived = |place: u16| {
            SecretScalar::derive(
                labels::DEALING_COEFFICIENT,
                &[
                    seed.expose_secret(),
                    context.as_bytes(),
                    &dealer.get().to_be_bytes(),
                    &threshold.to_be_bytes(),
                    &place.to_be_bytes(),
                ],
            )
        };
        let coefficients = (0..threshold).map(|place| match (place, constant) {
            (0, Constant::Share(share)) => share.scalar().clone(),
            _ => derived(place),
        });
        Self(coefficients.collect())
    }

    /// `a_0`.
    pub(super) fn constant(&self) -> Option<&SecretScalar> {
        self.0.first()
    }

    /// `f(x)`, by Horner's rule.
    pub(super) fn at(&self, x: NodeIndex) -> SecretScalar {
        let x = SecretScalar::from(x.get());
        let zero = SecretScalar::from(0);
        self.0
            .iter()
            .rev()
            .fold(zero, |value, coefficient| value.mul_add(&x, coefficient))
    }

    /// `A_k = a_k·P2`.
    pub(super) fn commitments(&self) -> Vec<G2Affine> {
        self.0
            .iter()
            .map(|coefficient| engine::active().g2_mul(&G2Affine::generator(), coefficient))
            .collect()
    }
}

/// The commitments as they are written, hashed and bound: compressed, one after the other.
pub(super) fn commitment_bytes(commitments: &[G2Affine]) -> Vec<u8> {
    commitments
        .iter()
        .flat_map(encoding::g2_to_compressed)
        .collect()
}
