//! How points and scalars cross between arkworks' types and blst's.
//!
//! Coordinates cross as whole numbers: both libraries hold them in a form of their own.

use ::blst::{
    blst_fp, blst_fp_from_uint64, blst_fp2, blst_fr, blst_fr_from_scalar, blst_p1, blst_p1_affine,
    blst_p1_to_affine, blst_p2, blst_p2_affine, blst_p2_to_affine, blst_scalar,
    blst_scalar_from_bendian, blst_uint64_from_fp,
};
use ark_bls12_381::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger384, PrimeField};
use zeroize::{Zeroize, Zeroizing};

use crate::scalar::SecretScalar;

pub(super) fn to_scalar(secret: &SecretScalar) -> blst_scalar {
    let mut scalar = blst_scalar::default();
    // SAFETY: blst reads 32 bytes.
    unsafe { blst_scalar_from_bendian(&mut scalar, secret.as_bytes().as_ptr()) };
    scalar
}

pub(super) fn from_scalar(scalar: &blst_scalar) -> SecretScalar {
    let mut bytes = Zeroizing::new(scalar.b);
    bytes.reverse();
    SecretScalar::from_reduced(bytes)
}

pub(super) fn to_fr(secret: &SecretScalar) -> blst_fr {
    let mut fr = blst_fr::default();
    // SAFETY: reads one scalar, writes one element.
    unsafe { blst_fr_from_scalar(&mut fr, &to_scalar(secret)) };
    fr
}

pub(super) fn to_fp(element: &Fq) -> blst_fp {
    let mut fp = blst_fp::default();
    // SAFETY: blst reads six words, least significant first, as arkworks holds them.
    unsafe { blst_fp_from_uint64(&mut fp, element.into_bigint().0.as_ptr()) };
    fp
}

pub(super) fn from_fp(element: &blst_fp) -> Fq {
    let mut limbs = [0; 6];
    // SAFETY: blst writes six words, least significant first.
    unsafe { blst_uint64_from_fp(limbs.as_mut_ptr(), element) };
    Fq::new(BigInteger384::new(limbs))
}

/// The identity is (0, 0) in blst's affine coordinates, and has none in arkworks'.
pub(super) fn to_p1(point: &G1Affine) -> blst_p1_affine {
    point
        .xy()
        .map_or_else(Default::default, |(x, y)| blst_p1_affine {
            x: to_fp(&x),
            y: to_fp(&y),
        })
}

pub(super) fn from_p1_affine(point: &blst_p1_affine) -> G1Affine {
    if *point == blst_p1_affine::default() {
        return G1Affine::zero();
    }
    G1Affine::new_unchecked(from_fp(&point.x), from_fp(&point.y))
}

pub(super) fn from_p1(mut point: blst_p1) -> G1Affine {
    let mut affine = blst_p1_affine::default();
    // SAFETY: reads one point, writes one.
    unsafe { blst_p1_to_affine(&mut affine, &point) };
    erase(&mut point);
    from_p1_affine(&affine)
}

/// Projective coordinates tell more than the point that they stand for.
pub(super) fn erase(point: &mut blst_p1) {
    [&mut point.x, &mut point.y, &mut point.z]
        .into_iter()
        .for_each(|fp| fp.l.zeroize());
}

pub(super) fn to_p2(point: &G2Affine) -> blst_p2_affine {
    point
        .xy()
        .map_or_else(Default::default, |(x, y)| blst_p2_affine {
            x: to_fp2(&x),
            y: to_fp2(&y),
        })
}

pub(super) fn from_p2_affine(point: &blst_p2_affine) -> G2Affine {
    if *point == blst_p2_affine::default() {
        return G2Affine::zero();
    }
    G2Affine::new_unchecked(from_fp2(&point.x), from_fp2(&point.y))
}

pub(super) fn from_p2(point: &blst_p2) -> G2Affine {
    let mut affine = blst_p2_affine::default();
    // SAFETY: reads one point, writes one.
    unsafe { blst_p2_to_affine(&mut affine, point) };
    from_p2_affine(&affine)
}

pub(super) fn to_fp2(element: &Fq2) -> blst_fp2 {
    blst_fp2 {
        fp: [to_fp(&element.c0), to_fp(&element.c1)],
    }
}

pub(super) fn from_fp2(element: &blst_fp2) -> Fq2 {
    let [c0, c1] = &element.fp;
    Fq2::new(from_fp(c0), from_fp(c1))
}

#[cfg(test)]
mod tests {
    use ::blst::{
        blst_fp_add, blst_fp_eucl_inverse, blst_fp_mul, blst_fp_sub, blst_fr_eucl_inverse,
        blst_fr_sub, blst_p1_add_or_double_affine, blst_p2_add_or_double_affine,
        blst_scalar_from_fr,
    };
    use ark_bls12_381::{Fr, G1Projective, G2Projective};
    use ark_ec::CurveGroup;
    use ark_ff::Field;

    use super::*;
    use crate::engine::differential::{Numbers, cases, walk};

    #[test]
    fn base_field_agrees_with_arkworks() {
        let mut numbers = Numbers(20);
        for _ in 0..cases(100_000) {
            let (a, b) = (numbers.fq(), numbers.fq());
            let (x, y, mut out) = (to_fp(&a), to_fp(&b), blst_fp::default());
            assert_eq!(from_fp(&x), a);
            // SAFETY: reads two elements, writes one; an operand may be the result too.
            unsafe {
                blst_fp_mul(&mut out, &x, &y);
                assert_eq!(from_fp(&out), a * b);
                blst_fp_add(&mut out, &x, &y);
                assert_eq!(from_fp(&out), a + b);
                blst_fp_sub(&mut out, &x, &y);
                assert_eq!(from_fp(&out), a - b);
                blst_fp_eucl_inverse(&mut out, &x);
                assert_eq!(from_fp(&out), a.inverse().unwrap_or_default());
            }
        }
    }

    #[test]
    fn scalar_field_agrees_with_arkworks() {
        let mut numbers = Numbers(21);
        for _ in 0..cases(100_000) {
            let (a, b) = (numbers.fr(), numbers.fr());
            let (x, y) = (SecretScalar::from(a), SecretScalar::from(b));
            let back = |fr: &blst_fr| {
                let mut scalar = blst_scalar::default();
                // SAFETY: reads one element, writes one scalar.
                unsafe { blst_scalar_from_fr(&mut scalar, fr) };
                Fr::from_le_bytes_mod_order(&scalar.b)
            };
            let mut out = blst_fr::default();
            // SAFETY: reads two elements, writes one.
            unsafe {
                blst_fr_sub(&mut out, &to_fr(&x), &to_fr(&y));
                assert_eq!(back(&out), a - b);
                blst_fr_eucl_inverse(&mut out, &to_fr(&x));
                assert_eq!(back(&out), a.inverse().unwrap_or_default());
            }
        }
    }

    #[test]
    fn additions_agree_with_arkworks() {
        let mut numbers = Numbers(22);
        let mut g1 = walk::<G1Projective>(&mut numbers);
        let (mut sum, mut expected) = (blst_p1::default(), G1Projective::default());
        for case in 0..cases(100_000) {
            let point = g1();
            expected += point;
            // SAFETY: an operand may be the result too.
            unsafe {
                let sum = &raw mut sum;
                blst_p1_add_or_double_affine(sum, sum, &to_p1(&point));
            }
            if case % 8 == 0 {
                assert_eq!(from_p1(sum), expected.into_affine());
            }
        }
        let mut g2 = walk::<G2Projective>(&mut numbers);
        let (mut sum, mut expected) = (blst_p2::default(), G2Projective::default());
        for case in 0..cases(100_000) {
            let point = g2();
            expected += point;
            // SAFETY: an operand may be the result too.
            unsafe {
                let sum = &raw mut sum;
                blst_p2_add_or_double_affine(sum, sum, &to_p2(&point));
            }
            if case % 8 == 0 {
                assert_eq!(from_p2(&sum), expected.into_affine());
            }
        }
    }
}
