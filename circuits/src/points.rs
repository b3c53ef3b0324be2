//! Points from bytes that anybody wrote.

use ark_bls12_381::{Fq, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};

/// Bytes that are not a point as proofs and verifying keys have them.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PointError {
    /// Not the one spelling of a point of the curve.
    #[error("not the canonical encoding of a point on the curve")]
    NotOnCurve,
    /// On the curve, but outside the subgroup of prime order.
    #[error("outside the subgroup of prime order")]
    NotInSubgroup,
    /// No element of a proof or of a key is the identity.
    #[error("the identity")]
    Identity,
}

/// A compressed point of G1.
pub(crate) fn g1(bytes: &[u8; 48]) -> Result<G1Affine, PointError> {
    let point = decode::<G1Affine>(bytes)?;
    if point.is_zero() {
        return Err(PointError::Identity);
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(PointError::NotInSubgroup);
    }
    Ok(point)
}

/// A compressed point of G2.
pub(crate) fn g2(bytes: &[u8; 96]) -> Result<G2Affine, PointError> {
    let point = decode::<G2Affine>(bytes)?;
    if point.is_zero() {
        return Err(PointError::Identity);
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(PointError::NotInSubgroup);
    }
    Ok(point)
}

/// A point of G1 that was taken as it came.
pub(crate) fn check_g1(point: &G1Affine) -> Result<(), PointError> {
    if point.is_zero() {
        return Err(PointError::Identity);
    }
    if !point.is_on_curve() {
        return Err(PointError::NotOnCurve);
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(PointError::NotInSubgroup);
    }
    Ok(())
}

/// A compressed point is on the curve by how it is decoded; that it has no second spelling is
/// seen by writing it again.
fn decode<P: CanonicalSerialize + CanonicalDeserialize>(bytes: &[u8]) -> Result<P, PointError> {
    let point = P::deserialize_compressed_unchecked(bytes).map_err(|_| PointError::NotOnCurve)?;
    if compressed(&point) != bytes {
        return Err(PointError::NotOnCurve);
    }
    Ok(point)
}

/// A point's canonical bytes.
pub(crate) fn compressed(point: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(point.compressed_size());
    #[allow(clippy::expect_used, reason = "a vector takes whatever is written")]
    point
        .serialize_compressed(&mut bytes)
        .expect("a point is written");
    bytes
}

/// EIP-2537: `x ‖ y`, each after 16 bytes of 0; the identity is 0 throughout.
pub(crate) fn g1_eip2537(point: &G1Affine) -> [u8; 128] {
    let (x, y) = point.xy().unwrap_or_default();
    join([x, y])
}

/// EIP-2537: `x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1`, each after 16 bytes of 0.
pub(crate) fn g2_eip2537(point: &G2Affine) -> [u8; 256] {
    let (x, y) = point.xy().unwrap_or_default();
    join([x.c0, x.c1, y.c0, y.c1])
}

fn join<const N: usize, const BYTES: usize>(coordinates: [Fq; N]) -> [u8; BYTES] {
    const { assert!(BYTES == 64 * N) }
    let mut bytes = [0; BYTES];
    for (chunk, coordinate) in bytes.chunks_mut(64).zip(coordinates) {
        let written = coordinate.into_bigint().to_bytes_be();
        for (out, byte) in chunk.iter_mut().skip(16).zip(written) {
            *out = byte;
        }
    }
    bytes
}
