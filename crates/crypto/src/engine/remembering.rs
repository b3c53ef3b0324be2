//! An engine for simulations: the same arithmetic as blst's, each result computed once a process.
//!
//! Many simulated members see the same dealings and compute the same sums, in one run and in the
//! next. Every operation here is a function of its input's bytes, so what was computed once is true
//! again. **Secrets stay in memory**, which is why this is a feature that no program of ours turns on.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use ark_bls12_381::{Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{GT_BYTES, Operations, Signs, blst::Blst};
use crate::{DecodeError, scalar::SecretScalar};

pub(super) struct Remembering;

/// Threads that look up different results seldom wait for each other.
const SHELVES: usize = 256;
/// So many results on a shelf, and then from anew: half a gigabyte of them in all.
const MOST: usize = 6_000;

#[derive(Clone)]
enum Known {
    G1(Result<G1Affine, DecodeError>),
    G2(Result<G2Affine, DecodeError>),
    G2s(Vec<G2Affine>),
    Truth(bool),
    Bytes(Option<Box<[u8]>>),
}

type Shelf = Mutex<HashMap<[u8; 32], Known>>;

static KNOWN: LazyLock<Vec<Shelf>> =
    LazyLock::new(|| (0..SHELVES).map(|_| Mutex::default()).collect());

/// The bytes that `compute` makes of `input`, or what it made of them before; `operation` is a name
/// that nothing else has.
pub(super) fn bytes_of(
    operation: &str,
    input: &[&[u8]],
    compute: impl FnOnce() -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let input = input
        .iter()
        .fold(Input::of(operation), |all, part| all.bytes(part));
    match input.known(|| Known::Bytes(compute().map(Vec::into_boxed_slice))) {
        Known::Bytes(bytes) => bytes.map(<[u8]>::into_vec),
        _ => unreachable!("the operation's name is in the key"),
    }
}

/// What an operation is a function of.
struct Input(Sha256);

impl Input {
    fn of(operation: &str) -> Self {
        Self(Sha256::new().chain_update(operation))
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes.len().to_be_bytes());
        self.0.update(bytes);
        self
    }

    fn scalar(self, scalar: &SecretScalar) -> Self {
        self.bytes(&scalar.as_bytes()[..])
    }

    fn limbs(mut self, limbs: &[u64]) -> Self {
        for limb in limbs {
            self.0.update(limb.to_le_bytes());
        }
        self
    }

    fn g1(self, point: &G1Affine) -> Self {
        self.bytes(&[u8::from(point.is_zero())])
            .limbs(&point.x.0.0)
            .limbs(&point.y.0.0)
    }

    fn g2(self, point: &G2Affine) -> Self {
        self.bytes(&[u8::from(point.is_zero())])
            .limbs(&point.x.c0.0.0)
            .limbs(&point.x.c1.0.0)
            .limbs(&point.y.c0.0.0)
            .limbs(&point.y.c1.0.0)
    }

    fn scalars(self, scalars: &[Fr]) -> Self {
        scalars
            .iter()
            .fold(self, |input, scalar| input.limbs(&scalar.0.0))
    }

    fn known(self, compute: impl FnOnce() -> Known) -> Known {
        let key: [u8; 32] = self.0.finalize().into();
        let [place, ..] = key;
        let Some(shelf) = KNOWN.get(usize::from(place) % SHELVES) else {
            return compute();
        };
        let read = || shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read().get(&key) {
            return known.clone();
        }
        // Two threads may compute it at the same time, and come to the same.
        let made = compute();
        let mut known = read();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, made.clone());
        made
    }

    fn try_g1_of(
        self,
        compute: impl FnOnce() -> Result<G1Affine, DecodeError>,
    ) -> Result<G1Affine, DecodeError> {
        match self.known(|| Known::G1(compute())) {
            Known::G1(point) => point,
            _ => unreachable!("the operation's name is in the key"),
        }
    }

    fn try_g2_of(
        self,
        compute: impl FnOnce() -> Result<G2Affine, DecodeError>,
    ) -> Result<G2Affine, DecodeError> {
        match self.known(|| Known::G2(compute())) {
            Known::G2(point) => point,
            _ => unreachable!("the operation's name is in the key"),
        }
    }

    fn g1_of(self, compute: impl FnOnce() -> G1Affine) -> G1Affine {
        match self.try_g1_of(|| Ok(compute())) {
            Ok(point) => point,
            Err(_) => unreachable!("it was computed without a fault"),
        }
    }

    fn g2_of(self, compute: impl FnOnce() -> G2Affine) -> G2Affine {
        match self.try_g2_of(|| Ok(compute())) {
            Ok(point) => point,
            Err(_) => unreachable!("it was computed without a fault"),
        }
    }

    fn truth_of(self, compute: impl FnOnce() -> bool) -> bool {
        match self.known(|| Known::Truth(compute())) {
            Known::Truth(truth) => truth,
            _ => unreachable!("the operation's name is in the key"),
        }
    }
}

impl Operations for Remembering {
    fn scalar_from_wide(&self, wide: &[u8; 48]) -> SecretScalar {
        Blst.scalar_from_wide(wide)
    }

    fn scalar_mul_add(&self, a: &SecretScalar, b: &SecretScalar, c: &SecretScalar) -> SecretScalar {
        Blst.scalar_mul_add(a, b, c)
    }

    fn g1_mul(&self, point: &G1Affine, by: &SecretScalar) -> G1Affine {
        let input = Input::of("g1_mul").g1(point).scalar(by);
        input.g1_of(|| Blst.g1_mul(point, by))
    }

    fn g2_mul(&self, point: &G2Affine, by: &SecretScalar) -> G2Affine {
        let input = Input::of("g2_mul").g2(point).scalar(by);
        input.g2_of(|| Blst.g2_mul(point, by))
    }

    fn g1_mul_pair(
        &self,
        first: (&G1Affine, &SecretScalar),
        second: (&G1Affine, &SecretScalar),
    ) -> G1Affine {
        let input = Input::of("g1_mul_pair").g1(first.0).scalar(first.1);
        let input = input.g1(second.0).scalar(second.1);
        input.g1_of(|| Blst.g1_mul_pair(first, second))
    }

    fn g1_add_mul(&self, point: &G1Affine, other: &G1Affine, by: &SecretScalar) -> G1Affine {
        let input = Input::of("g1_add_mul").g1(point).g1(other).scalar(by);
        input.g1_of(|| Blst.g1_add_mul(point, other, by))
    }

    fn g1_msm(&self, points: &[G1Affine], by: &[Fr]) -> G1Affine {
        let input = points.iter().fold(Input::of("g1_msm"), Input::g1);
        input.scalars(by).g1_of(|| Blst.g1_msm(points, by))
    }

    fn g2_msm(&self, points: &[G2Affine], by: &[Fr]) -> G2Affine {
        let input = points.iter().fold(Input::of("g2_msm"), Input::g2);
        input.scalars(by).g2_of(|| Blst.g2_msm(points, by))
    }

    fn g2_polynomial(&self, coefficients: &[G2Affine], x: u16) -> G2Affine {
        let input = Input::of("g2_polynomial").bytes(&x.to_be_bytes());
        let input = coefficients.iter().fold(input, Input::g2);
        input.g2_of(|| Blst.g2_polynomial(coefficients, x))
    }

    fn g2_polynomials(&self, coefficients: &[&[G2Affine]], x: u16) -> Vec<G2Affine> {
        let input = Input::of("g2_polynomials").bytes(&x.to_be_bytes());
        let input = coefficients.iter().fold(input, |input, coefficients| {
            let input = input.bytes(&coefficients.len().to_be_bytes());
            coefficients.iter().fold(input, Input::g2)
        });
        match input.known(|| Known::G2s(Blst.g2_polynomials(coefficients, x))) {
            Known::G2s(points) => points,
            _ => unreachable!("the operation's name is in the key"),
        }
    }

    fn g2_polynomial_values(&self, coefficients: &[G2Affine], count: u16) -> Vec<G2Affine> {
        let input = Input::of("g2_polynomial_values").bytes(&count.to_be_bytes());
        let input = coefficients.iter().fold(input, Input::g2);
        match input.known(|| Known::G2s(Blst.g2_polynomial_values(coefficients, count))) {
            Known::G2s(points) => points,
            _ => unreachable!("the operation's name is in the key"),
        }
    }

    fn g2_sums(&self, groups: &[Vec<G2Affine>]) -> Vec<G2Affine> {
        let input = groups.iter().fold(Input::of("g2_sums"), |input, group| {
            let input = input.bytes(&group.len().to_be_bytes());
            group.iter().fold(input, Input::g2)
        });
        match input.known(|| Known::G2s(Blst.g2_sums(groups))) {
            Known::G2s(points) => points,
            _ => unreachable!("the operation's name is in the key"),
        }
    }

    fn g2_all_in_subgroup(&self, points: &[G2Affine], signs: &[Signs]) -> bool {
        let input = points
            .iter()
            .fold(Input::of("g2_all_in_subgroup"), Input::g2);
        let input = signs.iter().fold(input, |input, row| input.bytes(&row.0));
        input.truth_of(|| Blst.g2_all_in_subgroup(points, signs))
    }

    fn hash_to_g1(&self, message: &[u8], dst: &[u8]) -> G1Affine {
        let input = Input::of("hash_to_g1").bytes(message).bytes(dst);
        input.g1_of(|| Blst.hash_to_g1(message, dst))
    }

    fn g1_decompress(&self, bytes: &[u8; 48]) -> Result<G1Affine, DecodeError> {
        let input = Input::of("g1_decompress").bytes(bytes);
        input.try_g1_of(|| Blst.g1_decompress(bytes))
    }

    fn g2_decompress(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError> {
        let input = Input::of("g2_decompress").bytes(bytes);
        input.try_g2_of(|| Blst.g2_decompress(bytes))
    }

    fn g2_decompress_on_curve(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError> {
        let input = Input::of("g2_decompress_on_curve").bytes(bytes);
        input.try_g2_of(|| Blst.g2_decompress_on_curve(bytes))
    }

    fn g1_in_subgroup(&self, point: &G1Affine) -> bool {
        let input = Input::of("g1_in_subgroup").g1(point);
        input.truth_of(|| Blst.g1_in_subgroup(point))
    }

    fn g2_in_subgroup(&self, point: &G2Affine) -> bool {
        let input = Input::of("g2_in_subgroup").g2(point);
        input.truth_of(|| Blst.g2_in_subgroup(point))
    }

    fn pairing(&self, p: &G1Affine, q: &G2Affine) -> Zeroizing<[u8; GT_BYTES]> {
        let known = Input::of("pairing").g1(p).g2(q).known(|| {
            let made = Blst.pairing(p, q);
            Known::Bytes(Some(Box::from(&made[..])))
        });
        let mut bytes = Zeroizing::new([0; GT_BYTES]);
        match known {
            Known::Bytes(Some(known)) => bytes.copy_from_slice(&known),
            _ => unreachable!("the operation's name is in the key"),
        }
        bytes
    }

    fn pairing_product_is_one(&self, pairs: &[(G1Affine, G2Affine)]) -> bool {
        let input = pairs
            .iter()
            .fold(Input::of("pairing_product_is_one"), |input, (p, q)| {
                input.g1(p).g2(q)
            });
        input.truth_of(|| Blst.pairing_product_is_one(pairs))
    }
}
