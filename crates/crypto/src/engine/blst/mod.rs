//! The engine of native targets.
#![allow(
    unsafe_code,
    reason = "blst's safe interface is BLS signatures only; its curve arithmetic is a C interface. \
              Every call below passes pointers to live, initialised values of the C types, with \
              lengths that the same function states; nothing is kept after the call"
)]

mod bulk;
mod crossing;
mod field;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod roots;

use core::ptr;

use ::blst::{
    BLST_ERROR, blst_final_exp, blst_fp12, blst_fp12_is_one, blst_fr_add, blst_fr_mul,
    blst_hash_to_g1, blst_miller_loop, blst_miller_loop_n, blst_p1, blst_p1_add_or_double,
    blst_p1_add_or_double_affine, blst_p1_affine, blst_p1_affine_in_g1, blst_p1_affine_on_curve,
    blst_p1_from_affine, blst_p1_mult, blst_p1_uncompress, blst_p1s_mult_pippenger,
    blst_p1s_mult_pippenger_scratch_sizeof, blst_p2, blst_p2_add_or_double,
    blst_p2_add_or_double_affine, blst_p2_affine, blst_p2_affine_in_g2, blst_p2_affine_on_curve,
    blst_p2_cneg, blst_p2_double, blst_p2_from_affine, blst_p2_mult, blst_p2_uncompress,
    blst_p2s_mult_pippenger, blst_p2s_mult_pippenger_scratch_sizeof, blst_scalar,
    blst_scalar_from_be_bytes, blst_scalar_from_fr,
};
use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use zeroize::{Zeroize, Zeroizing};

use self::crossing::{
    erase, from_fp, from_p1, from_p1_affine, from_p2, from_p2_affine, from_scalar, to_fr, to_p1,
    to_p2, to_scalar,
};
use super::{
    GT_BYTES, Operations,
    affine::Signs,
    small::{self, Digit},
};
use crate::{
    DecodeError,
    encoding::{FQ_BYTES, fq_to_bytes},
    scalar::SecretScalar,
};

/// How many points are made of their bytes together, where that is faster.
const LANES: usize = 8;

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
        let coefficients: Vec<_> = coefficients.iter().map(to_p2).collect();
        from_p2(&polynomial(&coefficients, x.into()))
    }

    fn g2_polynomials(&self, coefficients: &[&[G2Affine]], x: u16) -> Vec<G2Affine> {
        bulk::widest!(bulk::at(coefficients, x))
    }

    fn g2_polynomial_values(&self, coefficients: &[G2Affine], count: u16) -> Vec<G2Affine> {
        bulk::widest!(bulk::polynomial_values(coefficients, count))
    }

    fn g2_sums(&self, groups: &[Vec<G2Affine>]) -> Vec<G2Affine> {
        bulk::widest!(bulk::sums(groups))
    }

    fn g2_all_in_subgroup(&self, points: &[G2Affine], signs: &[Signs]) -> bool {
        bulk::widest!(bulk::odd_sums(points, signs))
            .iter()
            // SAFETY: reads one point.
            .all(|sum| unsafe { blst_p2_affine_in_g2(&to_p2(sum)) })
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

    fn g2_decompress_on_curve(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError> {
        let mut point = blst_p2_affine::default();
        // SAFETY: blst reads 96 bytes.
        checked(unsafe { blst_p2_uncompress(&mut point, bytes.as_ptr()) })?;
        Ok(from_p2_affine(&point))
    }

    fn g2_decompress_all_on_curve(&self, bytes: &[[u8; 96]]) -> Result<Vec<G2Affine>, DecodeError> {
        let mut points = Vec::with_capacity(bytes.len());
        for some in bytes.chunks(LANES) {
            #[cfg(target_arch = "x86_64")]
            let proposed = roots::propose(some);
            #[cfg(not(target_arch = "x86_64"))]
            let proposed = None::<[_; LANES]>;
            for (at, bytes) in some.iter().enumerate() {
                points.push(
                    match proposed.as_ref().and_then(|points| *points.get(at)?) {
                        Some(point) => point,
                        None => self.g2_decompress_on_curve(bytes)?,
                    },
                );
            }
        }
        Ok(points)
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

/// The value at `x` of a polynomial with these coefficients, by Horner's rule.
fn polynomial(coefficients: &[blst_p2_affine], x: i32) -> blst_p2 {
    let digits = small::digits(x);
    let mut value = blst_p2::default();
    for coefficient in coefficients.iter().rev() {
        let mut negative = value;
        let mut product = blst_p2::default();
        // SAFETY: an operand may be the result too.
        unsafe {
            blst_p2_cneg(&mut negative, true);
            let product = &raw mut product;
            for digit in &digits {
                blst_p2_double(product, product);
                match digit {
                    Digit::Zero => {}
                    Digit::One => blst_p2_add_or_double(product, product, &value),
                    Digit::MinusOne => blst_p2_add_or_double(product, product, &negative),
                }
            }
            blst_p2_add_or_double_affine(product, product, coefficient);
        }
        value = product;
    }
    value
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
