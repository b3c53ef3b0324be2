//! The engine of native targets.
#![allow(
    unsafe_code,
    reason = "blst's safe interface is BLS signatures only; its curve arithmetic is a C interface. \
              Every call below passes pointers to live, initialised values of the C types, with \
              lengths that the same function states; nothing is kept after the call"
)]

use core::ptr;

use ::blst::{
    BLST_ERROR, blst_final_exp, blst_fp, blst_fp_from_uint64, blst_fp2, blst_fp12,
    blst_fp12_is_one, blst_fr, blst_fr_add, blst_fr_from_scalar, blst_fr_mul, blst_hash_to_g1,
    blst_miller_loop, blst_miller_loop_n, blst_p1, blst_p1_add_or_double,
    blst_p1_add_or_double_affine, blst_p1_affine, blst_p1_affine_in_g1, blst_p1_affine_on_curve,
    blst_p1_from_affine, blst_p1_mult, blst_p1_to_affine, blst_p1_uncompress,
    blst_p1s_mult_pippenger, blst_p1s_mult_pippenger_scratch_sizeof, blst_p2,
    blst_p2_add_or_double, blst_p2_add_or_double_affine, blst_p2_affine, blst_p2_affine_in_g2,
    blst_p2_affine_on_curve, blst_p2_double, blst_p2_from_affine, blst_p2_mult, blst_p2_to_affine,
    blst_p2_uncompress, blst_p2s_mult_pippenger, blst_p2s_mult_pippenger_scratch_sizeof,
    blst_scalar, blst_scalar_from_be_bytes, blst_scalar_from_bendian, blst_scalar_from_fr,
    blst_uint64_from_fp,
};
use ark_bls12_381::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, BigInteger384, PrimeField};
use zeroize::{Zeroize, Zeroizing};

use super::{GT_BYTES, Operations};
use crate::{
    DecodeError,
    encoding::{FQ_BYTES, fq_to_bytes},
    scalar::SecretScalar,
};

/// Bits of the group order.
const SCALAR_BITS: usize = 255;

pub(super) struct Blst;

impl Operations for Blst {
    fn scalar_from_wide(&self, wide: &[u8; 48]) -> SecretScalar {
        let mut scalar = blst_scalar::default();
        // SAFETY: 48 bytes are given with their length.
        unsafe { blst_scalar_from_be_bytes(&mut scalar, wide.as_ptr(), wide.len()) };
        from_scalar(&scalar)
    }

    fn scalar_mul_add(&self, a: &SecretScalar, b: &SecretScalar, c: &SecretScalar) -> SecretScalar {
        let (mut sum, mut plus) = (to_fr(a), to_fr(c));
        let mut by = to_fr(b);
        let mut scalar = blst_scalar::default();
        // SAFETY: an operand may be the result too.
        unsafe {
            let sum = &raw mut sum;
            blst_fr_mul(sum, sum, &by);
            blst_fr_add(sum, sum, &plus);
            blst_scalar_from_fr(&mut scalar, sum);
        }
        [&mut sum, &mut plus, &mut by]
            .into_iter()
            .for_each(|fr| fr.l.zeroize());
        from_scalar(&scalar)
    }

    fn g1_mul(&self, point: &G1Affine, by: &SecretScalar) -> G1Affine {
        from_p1(p1_mul(point, by))
    }

    fn g2_mul(&self, point: &G2Affine, by: &SecretScalar) -> G2Affine {
        let (point, by) = (to_p2(point), to_scalar(by));
        let (mut base, mut product) = (blst_p2::default(), blst_p2::default());
        // SAFETY: the scalar's 32 bytes hold the stated 255 bits.
        unsafe {
            blst_p2_from_affine(&mut base, &point);
            blst_p2_mult(&mut product, &base, by.b.as_ptr(), SCALAR_BITS);
        }
        from_p2(&product)
    }

    fn g1_mul_pair(
        &self,
        (p, a): (&G1Affine, &SecretScalar),
        (q, b): (&G1Affine, &SecretScalar),
    ) -> G1Affine {
        let mut sum = p1_mul(p, a);
        let mut other = p1_mul(q, b);
        // SAFETY: an operand may be the result too.
        unsafe {
            let sum = &raw mut sum;
            blst_p1_add_or_double(sum, sum, &other);
        }
        erase(&mut other);
        from_p1(sum)
    }

    fn g1_add_mul(&self, point: &G1Affine, other: &G1Affine, by: &SecretScalar) -> G1Affine {
        let mut sum = p1_mul(other, by);
        // SAFETY: an operand may be the result too.
        unsafe {
            let sum = &raw mut sum;
            blst_p1_add_or_double_affine(sum, sum, &to_p1(point));
        }
        from_p1(sum)
    }

    fn g1_msm(&self, points: &[G1Affine], by: &[Fr]) -> G1Affine {
        assert_eq!(points.len(), by.len(), "one scalar a point");
        if points.is_empty() {
            return G1Affine::zero();
        }
        let points: Vec<_> = points.iter().map(to_p1).collect();
        let (scalars, bits) = packed(by);
        let mut sum = blst_p1::default();
        // SAFETY: a null second pointer says that points, and scalars of ⌈bits / 8⌉ bytes each,
        // lie one after the other; `packed` lays them out so, and the scratch space has the size
        // that blst asks for.
        unsafe {
            let size = blst_p1s_mult_pippenger_scratch_sizeof(points.len());
            let mut scratch = vec![0u64; size.div_ceil(8)];
            blst_p1s_mult_pippenger(
                &mut sum,
                [points.as_ptr(), ptr::null()].as_ptr(),
                points.len(),
                [scalars.as_ptr(), ptr::null()].as_ptr(),
                bits,
                scratch.as_mut_ptr(),
            );
        }
        from_p1(sum)
    }

    fn g2_msm(&self, points: &[G2Affine], by: &[Fr]) -> G2Affine {
        assert_eq!(points.len(), by.len(), "one scalar a point");
        if points.is_empty() {
            return G2Affine::zero();
        }
        let points: Vec<_> = points.iter().map(to_p2).collect();
        let (scalars, bits) = packed(by);
        let mut sum = blst_p2::default();
        // SAFETY: as in `g1_msm`.
        unsafe {
            let size = blst_p2s_mult_pippenger_scratch_sizeof(points.len());
            let mut scratch = vec![0u64; size.div_ceil(8)];
            blst_p2s_mult_pippenger(
                &mut sum,
                [points.as_ptr(), ptr::null()].as_ptr(),
                points.len(),
                [scalars.as_ptr(), ptr::null()].as_ptr(),
                bits,
                scratch.as_mut_ptr(),
            );
        }
        from_p2(&sum)
    }

    fn g2_polynomial(&self, coefficients: &[G2Affine], x: u16) -> G2Affine {
        let mut value = blst_p2::default();
        for coefficient in coefficients.iter().rev() {
            value = times(&value, x);
            // SAFETY: an operand may be the result too.
            unsafe {
                let value = &raw mut value;
                blst_p2_add_or_double_affine(value, value, &to_p2(coefficient));
            }
        }
        from_p2(&value)
    }

    fn hash_to_g1(&self, message: &[u8], dst: &[u8]) -> G1Affine {
        let mut point = blst_p1::default();
        // SAFETY: message and tag are given with their lengths; there is no augmentation.
        unsafe {
            blst_hash_to_g1(
                &mut point,
                message.as_ptr(),
                message.len(),
                dst.as_ptr(),
                dst.len(),
                ptr::null(),
                0,
            );
        }
        from_p1(point)
    }

    fn g1_decompress(&self, bytes: &[u8; 48]) -> Result<G1Affine, DecodeError> {
        let mut point = blst_p1_affine::default();
        // SAFETY: blst reads 48 bytes.
        checked(unsafe { blst_p1_uncompress(&mut point, bytes.as_ptr()) })?;
        // SAFETY: reads one point.
        if unsafe { blst_p1_affine_in_g1(&point) } {
            Ok(from_p1_affine(&point))
        } else {
            Err(DecodeError::NotInSubgroup)
        }
    }

    fn g2_decompress(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError> {
        let mut point = blst_p2_affine::default();
        // SAFETY: blst reads 96 bytes.
        checked(unsafe { blst_p2_uncompress(&mut point, bytes.as_ptr()) })?;
        // SAFETY: reads one point.
        if unsafe { blst_p2_affine_in_g2(&point) } {
            Ok(from_p2_affine(&point))
        } else {
            Err(DecodeError::NotInSubgroup)
        }
    }

    fn g1_in_subgroup(&self, point: &G1Affine) -> bool {
        let point = to_p1(point);
        // SAFETY: reads one point.
        unsafe { blst_p1_affine_on_curve(&point) && blst_p1_affine_in_g1(&point) }
    }

    fn g2_in_subgroup(&self, point: &G2Affine) -> bool {
        let point = to_p2(point);
        // SAFETY: reads one point.
        unsafe { blst_p2_affine_on_curve(&point) && blst_p2_affine_in_g2(&point) }
    }

    fn pairing(&self, p: &G1Affine, q: &G2Affine) -> Zeroizing<[u8; GT_BYTES]> {
        let mut value = blst_fp12::default();
        // SAFETY: an operand may be the result too.
        unsafe {
            let value = &raw mut value;
            blst_miller_loop(value, &to_p2(q), &to_p1(p));
            blst_final_exp(value, value);
        }
        let mut bytes = Zeroizing::new([0; GT_BYTES]);
        let elements = value
            .fp6
            .iter_mut()
            .flat_map(|fp6| &mut fp6.fp2)
            .flat_map(|fp2| &mut fp2.fp);
        for (element, out) in elements.zip(bytes.chunks_exact_mut(FQ_BYTES)) {
            out.copy_from_slice(&fq_to_bytes(&from_fp(element)));
            element.l.zeroize();
        }
        bytes
    }

    fn pairing_product_is_one(&self, pairs: &[(G1Affine, G2Affine)]) -> bool {
        // blst takes no identity here; a pair with one contributes the factor 1.
        let (p, q): (Vec<_>, Vec<_>) = pairs
            .iter()
            .filter(|(p, q)| !p.is_zero() && !q.is_zero())
            .map(|(p, q)| (to_p1(p), to_p2(q)))
            .unzip();
        if p.is_empty() {
            return true;
        }
        let mut value = blst_fp12::default();
        // SAFETY: a null second pointer says that the points lie one after the other.
        unsafe {
            let value = &raw mut value;
            blst_miller_loop_n(
                value,
                [q.as_ptr(), ptr::null()].as_ptr(),
                [p.as_ptr(), ptr::null()].as_ptr(),
                p.len(),
            );
            blst_final_exp(value, value);
            blst_fp12_is_one(value)
        }
    }
}

fn p1_mul(point: &G1Affine, by: &SecretScalar) -> blst_p1 {
    let (point, by) = (to_p1(point), to_scalar(by));
    let (mut base, mut product) = (blst_p1::default(), blst_p1::default());
    // SAFETY: the scalar's 32 bytes hold the stated 255 bits.
    unsafe {
        blst_p1_from_affine(&mut base, &point);
        blst_p1_mult(&mut product, &base, by.b.as_ptr(), SCALAR_BITS);
    }
    product
}

/// `x·P` for a small public `x`.
fn times(point: &blst_p2, x: u16) -> blst_p2 {
    let mut product = blst_p2::default();
    for bit in (0..16 - x.leading_zeros()).rev() {
        // SAFETY: an operand may be the result too.
        unsafe {
            let product = &raw mut product;
            blst_p2_double(product, product);
            if x >> bit & 1 == 1 {
                blst_p2_add_or_double(product, product, point);
            }
        }
    }
    product
}

/// Public scalars, little-endian, one after the other, each in as many bytes as the longest needs.
fn packed(scalars: &[Fr]) -> (Vec<u8>, usize) {
    let integers: Vec<_> = scalars.iter().map(|scalar| scalar.into_bigint()).collect();
    let bits = integers.iter().map(|integer| integer.num_bits()).max();
    let bytes = bits.map_or(1, |bits| bits.div_ceil(8).max(1)) as usize;
    let packed = integers
        .iter()
        .flat_map(|integer| integer.to_bytes_le().into_iter().take(bytes))
        .collect();
    (packed, (8 * bytes).min(SCALAR_BITS))
}

fn checked(result: BLST_ERROR) -> Result<(), DecodeError> {
    match result {
        BLST_ERROR::BLST_SUCCESS => Ok(()),
        BLST_ERROR::BLST_POINT_NOT_ON_CURVE => Err(DecodeError::NotOnCurve),
        // blst says so of x = 0 at once: those points have order 3.
        BLST_ERROR::BLST_POINT_NOT_IN_GROUP => Err(DecodeError::NotInSubgroup),
        _ => Err(DecodeError::NonCanonical),
    }
}

fn to_scalar(secret: &SecretScalar) -> blst_scalar {
    let mut scalar = blst_scalar::default();
    // SAFETY: blst reads 32 bytes.
    unsafe { blst_scalar_from_bendian(&mut scalar, secret.as_bytes().as_ptr()) };
    scalar
}

fn from_scalar(scalar: &blst_scalar) -> SecretScalar {
    let mut bytes = Zeroizing::new(scalar.b);
    bytes.reverse();
    SecretScalar::from_reduced(bytes)
}

fn to_fr(secret: &SecretScalar) -> blst_fr {
    let mut fr = blst_fr::default();
    // SAFETY: reads one scalar, writes one element.
    unsafe { blst_fr_from_scalar(&mut fr, &to_scalar(secret)) };
    fr
}

fn to_fp(element: &Fq) -> blst_fp {
    let mut fp = blst_fp::default();
    // SAFETY: blst reads six words, least significant first, as arkworks holds them.
    unsafe { blst_fp_from_uint64(&mut fp, element.into_bigint().0.as_ptr()) };
    fp
}

fn from_fp(element: &blst_fp) -> Fq {
    let mut limbs = [0; 6];
    // SAFETY: blst writes six words, least significant first.
    unsafe { blst_uint64_from_fp(limbs.as_mut_ptr(), element) };
    Fq::new(BigInteger384::new(limbs))
}

/// The identity is (0, 0) in blst's affine coordinates, and has none in arkworks'.
fn to_p1(point: &G1Affine) -> blst_p1_affine {
    point
        .xy()
        .map_or_else(Default::default, |(x, y)| blst_p1_affine {
            x: to_fp(&x),
            y: to_fp(&y),
        })
}

fn from_p1_affine(point: &blst_p1_affine) -> G1Affine {
    if *point == blst_p1_affine::default() {
        return G1Affine::zero();
    }
    G1Affine::new_unchecked(from_fp(&point.x), from_fp(&point.y))
}

fn from_p1(mut point: blst_p1) -> G1Affine {
    let mut affine = blst_p1_affine::default();
    // SAFETY: reads one point, writes one.
    unsafe { blst_p1_to_affine(&mut affine, &point) };
    erase(&mut point);
    from_p1_affine(&affine)
}

/// Projective coordinates tell more than the point that they stand for.
fn erase(point: &mut blst_p1) {
    [&mut point.x, &mut point.y, &mut point.z]
        .into_iter()
        .for_each(|fp| fp.l.zeroize());
}

fn to_p2(point: &G2Affine) -> blst_p2_affine {
    point
        .xy()
        .map_or_else(Default::default, |(x, y)| blst_p2_affine {
            x: to_fp2(&x),
            y: to_fp2(&y),
        })
}

fn from_p2_affine(point: &blst_p2_affine) -> G2Affine {
    if *point == blst_p2_affine::default() {
        return G2Affine::zero();
    }
    G2Affine::new_unchecked(from_fp2(&point.x), from_fp2(&point.y))
}

fn from_p2(point: &blst_p2) -> G2Affine {
    let mut affine = blst_p2_affine::default();
    // SAFETY: reads one point, writes one.
    unsafe { blst_p2_to_affine(&mut affine, point) };
    from_p2_affine(&affine)
}

fn to_fp2(element: &Fq2) -> blst_fp2 {
    blst_fp2 {
        fp: [to_fp(&element.c0), to_fp(&element.c1)],
    }
}

fn from_fp2(element: &blst_fp2) -> Fq2 {
    let [c0, c1] = &element.fp;
    Fq2::new(from_fp(c0), from_fp(c1))
}

#[cfg(test)]
mod tests {
    use ::blst::{
        blst_fp_add, blst_fp_eucl_inverse, blst_fp_mul, blst_fp_sub, blst_fr_eucl_inverse,
        blst_fr_sub,
    };
    use ark_bls12_381::{G1Projective, G2Projective};
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
