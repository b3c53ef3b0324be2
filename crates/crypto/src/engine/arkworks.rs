//! The engine that runs everywhere.

use ark_bls12_381::{Bls12_381, Fq, Fq2, Fq6, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{
    AffineRepr, CurveGroup, VariableBaseMSM,
    hashing::{curve_maps::wb::WBMap, map_to_curve_hasher::MapToCurve},
    pairing::Pairing,
};
use ark_ff::{AdditiveGroup, PrimeField, Zero};
use zeroize::{Zeroize, Zeroizing};

use super::{
    GT_BYTES, Operations,
    affine::{self, Affine, Point, Signs},
    small::{self, Digit},
};
use crate::{
    DecodeError,
    encoding::{FQ_BYTES, fq_from_bytes, fq_to_bytes},
    scalar::{self, SecretScalar},
    xmd::expand_message,
};

pub(super) struct Arkworks;

impl Operations for Arkworks {
    fn scalar_from_wide(&self, wide: &[u8; 48]) -> SecretScalar {
        secret(Fr::from_be_bytes_mod_order(wide))
    }

    fn scalar_mul_add(&self, a: &SecretScalar, b: &SecretScalar, c: &SecretScalar) -> SecretScalar {
        secret(*field(a) * *field(b) + *field(c))
    }

    fn g1_mul(&self, point: &G1Affine, by: &SecretScalar) -> G1Affine {
        (*point * *field(by)).into_affine()
    }

    fn g2_mul(&self, point: &G2Affine, by: &SecretScalar) -> G2Affine {
        (*point * *field(by)).into_affine()
    }

    fn g1_mul_pair(
        &self,
        (p, a): (&G1Affine, &SecretScalar),
        (q, b): (&G1Affine, &SecretScalar),
    ) -> G1Affine {
        (*p * *field(a) + *q * *field(b)).into_affine()
    }

    fn g1_add_mul(&self, point: &G1Affine, other: &G1Affine, by: &SecretScalar) -> G1Affine {
        (*other * *field(by) + point).into_affine()
    }

    fn g1_msm(&self, points: &[G1Affine], by: &[Fr]) -> G1Affine {
        G1Projective::msm_unchecked(points, by).into_affine()
    }

    fn g2_msm(&self, points: &[G2Affine], by: &[Fr]) -> G2Affine {
        G2Projective::msm_unchecked(points, by).into_affine()
    }

    fn g2_polynomial(&self, coefficients: &[G2Affine], x: u16) -> G2Affine {
        polynomial(coefficients, x.into())
    }

    fn g2_polynomials(&self, coefficients: &[&[G2Affine]], x: u16) -> Vec<G2Affine> {
        let coefficients = coefficients
            .iter()
            .map(|coefficients| polynomial(coefficients, x.into()));
        coefficients.collect()
    }

    fn g2_polynomial_values(&self, coefficients: &[G2Affine], count: u16) -> Vec<G2Affine> {
        let coefficients: Vec<_> = coefficients.iter().map(to_affine).collect();
        affine::values(&coefficients, count)
            .iter()
            .map(from_affine)
            .collect()
    }

    fn g2_sums(&self, groups: &[Vec<G2Affine>]) -> Vec<G2Affine> {
        let points: Vec<_> = groups.iter().flatten().map(to_affine).collect();
        let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
        affine::sums(&points.iter().collect::<Vec<_>>(), &sizes)
            .iter()
            .map(from_affine)
            .collect()
    }

    fn g2_all_in_subgroup(&self, points: &[G2Affine], signs: &[Signs]) -> bool {
        let points: Vec<_> = points.iter().map(to_affine).collect();
        affine::odd_sums(&points, signs)
            .iter()
            .all(|sum| from_affine(sum).is_in_correct_subgroup_assuming_on_curve())
    }

    fn hash_to_g1(&self, message: &[u8], dst: &[u8]) -> G1Affine {
        let uniform = expand_message::<128>(dst, &[message]);
        let sum = uniform
            .chunks_exact(64)
            .map(|bytes| map_to_g1(Fq::from_be_bytes_mod_order(bytes)))
            .sum::<G1Projective>();
        sum.into_affine().clear_cofactor()
    }

    fn g1_decompress(&self, bytes: &[u8; 48]) -> Result<G1Affine, DecodeError> {
        let (x, largest) = without_flags(bytes);
        let point = G1Affine::get_point_from_x_unchecked(fq_from_bytes(&x)?, largest)
            .ok_or(DecodeError::NotOnCurve)?;
        if point.is_in_correct_subgroup_assuming_on_curve() {
            Ok(point)
        } else {
            Err(DecodeError::NotInSubgroup)
        }
    }

    fn g2_decompress(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError> {
        let point = self.g2_decompress_on_curve(bytes)?;
        if point.is_in_correct_subgroup_assuming_on_curve() {
            Ok(point)
        } else {
            Err(DecodeError::NotInSubgroup)
        }
    }

    fn g2_decompress_on_curve(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError> {
        let (x1, x0) = bytes
            .split_first_chunk::<FQ_BYTES>()
            .ok_or(DecodeError::NonCanonical)?;
        let (x1, largest) = without_flags(x1);
        let x0 = fq_from_bytes(crate::encoding::sized(x0)?)?;
        let x = Fq2::new(x0, fq_from_bytes(&x1)?);
        G2Affine::get_point_from_x_unchecked(x, largest).ok_or(DecodeError::NotOnCurve)
    }

    fn g1_in_subgroup(&self, point: &G1Affine) -> bool {
        point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve()
    }

    fn g2_in_subgroup(&self, point: &G2Affine) -> bool {
        point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve()
    }

    fn pairing(&self, p: &G1Affine, q: &G2Affine) -> Zeroizing<[u8; GT_BYTES]> {
        let value = Zeroizing::new(Bls12_381::pairing(p, q)).0;
        let mut bytes = Zeroizing::new([0; GT_BYTES]);
        let elements = [value.c0, value.c1]
            .into_iter()
            .flat_map(|Fq6 { c0, c1, c2, .. }| [c0, c1, c2])
            .flat_map(|Fq2 { c0, c1, .. }| [c0, c1]);
        for (element, out) in elements.zip(bytes.chunks_exact_mut(FQ_BYTES)) {
            out.copy_from_slice(&fq_to_bytes(&element));
        }
        bytes
    }

    fn pairing_product_is_one(&self, pairs: &[(G1Affine, G2Affine)]) -> bool {
        let (p, q): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        Bls12_381::multi_pairing(p, q).is_zero()
    }
}

fn field(scalar: &SecretScalar) -> Zeroizing<Fr> {
    Zeroizing::new(Fr::from_be_bytes_mod_order(&scalar.as_bytes()[..]))
}

fn secret(mut value: Fr) -> SecretScalar {
    let bytes = Zeroizing::new(scalar::to_bytes(&value));
    value.zeroize();
    SecretScalar::from_reduced(bytes)
}

/// The value at `x`, by Horner's rule.
fn polynomial(coefficients: &[G2Affine], x: i32) -> G2Affine {
    let digits = small::digits(x);
    coefficients
        .iter()
        .rev()
        .fold(G2Projective::zero(), |value, coefficient| {
            let mut product = G2Projective::zero();
            for digit in &digits {
                product.double_in_place();
                match digit {
                    Digit::Zero => {}
                    Digit::One => product += value,
                    Digit::MinusOne => product -= value,
                }
            }
            product + coefficient
        })
        .into_affine()
}

fn to_affine(point: &G2Affine) -> Affine<Fq2> {
    point
        .xy()
        .map_or_else(Affine::identity, |(x, y)| Affine { x, y })
}

fn from_affine(point: &Affine<Fq2>) -> G2Affine {
    if *point == Affine::identity() {
        return G2Affine::zero();
    }
    G2Affine::new_unchecked(point.x, point.y)
}

#[allow(
    clippy::expect_used,
    reason = "the map is total; it fails for a wrong isogeny, which is the library's constant"
)]
pub(super) fn map_to_g1(element: Fq) -> G1Projective {
    WBMap::<ark_bls12_381::g1::Config>::map_to_curve(element)
        .expect("simplified SWU maps every field element")
        .into()
}

/// The first coordinate of a compressed point without its flags, and its sign.
fn without_flags(bytes: &[u8; FQ_BYTES]) -> ([u8; FQ_BYTES], bool) {
    let mut x = *bytes;
    x[0] &= 0x1f;
    (x, bytes[0] & 0x20 != 0)
}
