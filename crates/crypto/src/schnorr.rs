//! Schnorr proofs of knowledge of a scalar behind a point of G2: `R ‖ z`. SPEC.md §7.
//!
//! The caller says what the challenge binds; the commitment `R` is always in it.

use ark_bls12_381::{Fr, G2Affine};
use ark_ec::AffineRepr;

use crate::{
    encoding::{self, G2_BYTES},
    engine,
    scalar::{self, SecretScalar},
};

/// Length of a proof: `R` compressed, `z` big-endian.
pub(crate) const PROOF_BYTES: usize = G2_BYTES + 32;

/// Proves knowledge of `secret`. The nonce must be secret, and bound to everything in the challenge.
pub(crate) fn prove(
    secret: &SecretScalar,
    nonce: &SecretScalar,
    challenge: impl FnOnce(&[u8]) -> Fr,
) -> [u8; PROOF_BYTES] {
    let commitment = engine::active().g2_mul(&G2Affine::generator(), nonce);
    let commitment = encoding::g2_to_compressed(&commitment);
    let challenge = SecretScalar::from(challenge(&commitment));
    let response = challenge.mul_add(secret, nonce);

    let mut proof = [0; PROOF_BYTES];
    let (r, z) = proof.split_at_mut(G2_BYTES);
    r.copy_from_slice(&commitment);
    z.copy_from_slice(&response.as_bytes()[..]);
    proof
}

/// Whether `proof` shows knowledge of the scalar of `public`.
///
/// Recomputes `R = z·P2 − c·X` and compares bytes, so that only canonical bytes pass.
pub(crate) fn verify(
    public: &G2Affine,
    proof: &[u8; PROOF_BYTES],
    challenge: impl FnOnce(&[u8]) -> Fr,
) -> bool {
    let Some((r, response)) = split(proof) else {
        return false;
    };
    let commitment = engine::active().g2_msm(
        &[G2Affine::generator(), *public],
        &[response, -challenge(r)],
    );
    !commitment.is_zero() && encoding::g2_to_compressed(&commitment) == r
}

/// The bytes of `R`, and `z`; `None` when `z` is not canonical.
pub(crate) fn split(proof: &[u8; PROOF_BYTES]) -> Option<(&[u8], Fr)> {
    let (r, z) = proof.split_at(G2_BYTES);
    let response = encoding::sized(z).and_then(scalar::from_bytes).ok()?;
    Some((r, response))
}
