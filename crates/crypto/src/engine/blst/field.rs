//! blst's Fp2 for the additions of [`affine`](super::super::affine).

use ::blst::{
    blst_fp2, blst_fp2_add, blst_fp2_eucl_inverse, blst_fp2_mul, blst_fp2_sqr, blst_fp2_sub,
    blst_p2_affine,
};
use ark_bls12_381::Fq2;
use ark_ff::Field as _;

use super::{
    super::affine::{Affine, Field},
    crossing::to_fp2,
};

impl Field for blst_fp2 {
    fn zero() -> Self {
        Self::default()
    }

    fn one() -> Self {
        to_fp2(&Fq2::ONE)
    }

    fn plus(&self, other: &Self) -> Self {
        let mut out = Self::default();
        // SAFETY: reads two elements, writes one.
        unsafe { blst_fp2_add(&mut out, self, other) };
        out
    }

    fn minus(&self, other: &Self) -> Self {
        let mut out = Self::default();
        // SAFETY: reads two elements, writes one.
        unsafe { blst_fp2_sub(&mut out, self, other) };
        out
    }

    fn times(&self, other: &Self) -> Self {
        let mut out = Self::default();
        // SAFETY: reads two elements, writes one.
        unsafe { blst_fp2_mul(&mut out, self, other) };
        out
    }

    fn squared(&self) -> Self {
        let mut out = Self::default();
        // SAFETY: reads one element, writes one.
        unsafe { blst_fp2_sqr(&mut out, self) };
        out
    }

    fn inverse(&self) -> Self {
        let mut out = Self::default();
        // SAFETY: reads one element, writes one.
        unsafe { blst_fp2_eucl_inverse(&mut out, self) };
        out
    }
}

impl From<blst_p2_affine> for Affine<blst_fp2> {
    fn from(point: blst_p2_affine) -> Self {
        Self {
            x: point.x,
            y: point.y,
        }
    }
}

impl From<Affine<blst_fp2>> for blst_p2_affine {
    fn from(point: Affine<blst_fp2>) -> Self {
        Self {
            x: point.x,
            y: point.y,
        }
    }
}
