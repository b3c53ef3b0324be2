//! The seam between this crate and the two libraries that do curve arithmetic. SPEC.md §8.
//!
//! [`Arkworks`](Engine::Arkworks) is pure Rust and runs everywhere, WebAssembly included.
//! [`Blst`](Engine::Blst) runs on native targets, where it is the default: its scalar
//! multiplication and scalar arithmetic take the same time for every secret, and it is faster.
//! Both give the same bytes for the same input; the tests of this crate run on both.
//!
//! What is absent: engine types outside this folder. Points cross as affine coordinates in
//! arkworks' types, secret scalars as bytes that are erased.

mod affine;
mod arkworks;
#[cfg(not(target_family = "wasm"))]
mod blst;
#[cfg(test)]
mod differential;
#[cfg(feature = "remembering")]
mod remembering;
mod small;
#[cfg(test)]
mod vectors;

use core::cell::Cell;

use ark_bls12_381::{Fr, G1Affine, G2Affine};
use zeroize::Zeroizing;

pub(crate) use affine::Signs;

use crate::{DecodeError, scalar::SecretScalar};

/// Length of an encoded element of G_T.
pub(crate) const GT_BYTES: usize = 576;

/// Which library does the curve arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// `ark-bls12-381`: pure Rust, everywhere. **Not constant-time**: where there is a choice,
    /// it is for tests and comparisons only.
    Arkworks,
    /// `blst`: constant-time for secrets, and faster.
    #[cfg(not(target_family = "wasm"))]
    Blst,
    /// `blst`, with every result kept in memory: for simulations of many members.
    #[cfg(feature = "remembering")]
    Remembering,
}

#[cfg(not(target_family = "wasm"))]
const DEFAULT: Engine = Engine::Blst;
#[cfg(target_family = "wasm")]
const DEFAULT: Engine = Engine::Arkworks;

thread_local! {
    static CHOSEN: Cell<Engine> = const { Cell::new(DEFAULT) };
}

impl Engine {
    /// Every engine of this target that computes.
    pub const ALL: &'static [Self] = &[
        Self::Arkworks,
        #[cfg(not(target_family = "wasm"))]
        Self::Blst,
    ];

    /// Runs `work` with this engine on the current thread, to compare engines with each other.
    ///
    /// Programs have no reason to call this: without it, the right engine runs.
    pub fn scope<T>(self, work: impl FnOnce() -> T) -> T {
        struct Restore(Engine);
        impl Drop for Restore {
            fn drop(&mut self) {
                CHOSEN.set(self.0);
            }
        }
        let _restore = Restore(CHOSEN.replace(self));
        work()
    }

    fn operations(self) -> &'static dyn Operations {
        match self {
            Self::Arkworks => &arkworks::Arkworks,
            #[cfg(not(target_family = "wasm"))]
            Self::Blst => &blst::Blst,
            #[cfg(feature = "remembering")]
            Self::Remembering => &remembering::Remembering,
        }
    }
}

/// The engine of the current thread.
pub(crate) fn active() -> &'static dyn Operations {
    CHOSEN.get().operations()
}

/// The bytes that `compute` makes of `input`, and of nothing else.
///
/// It computes; only on a thread that runs the engine that remembers, a feature for simulations, it
/// says again what it came to before. `operation` is a name that no other use has.
pub fn bytes_of(
    operation: &str,
    input: &[&[u8]],
    compute: impl FnOnce() -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    #[cfg(feature = "remembering")]
    if CHOSEN.get() == Engine::Remembering {
        return remembering::bytes_of(operation, input, compute);
    }
    let _ = (operation, input);
    compute()
}

/// What the scheme asks of an engine.
pub(crate) trait Operations: Sync {
    /// Reduces 48 big-endian bytes modulo `r`.
    fn scalar_from_wide(&self, wide: &[u8; 48]) -> SecretScalar;

    /// `a·b + c`.
    fn scalar_mul_add(&self, a: &SecretScalar, b: &SecretScalar, c: &SecretScalar) -> SecretScalar;

    /// `k·P` for a point of the subgroup and a secret.
    fn g1_mul(&self, point: &G1Affine, by: &SecretScalar) -> G1Affine;

    /// `k·P` for a point of the subgroup and a secret.
    fn g2_mul(&self, point: &G2Affine, by: &SecretScalar) -> G2Affine;

    /// `a·P + b·Q` for points of the subgroup and secrets.
    fn g1_mul_pair(
        &self,
        first: (&G1Affine, &SecretScalar),
        second: (&G1Affine, &SecretScalar),
    ) -> G1Affine;

    /// `P + k·Q` for points of the subgroup and a secret.
    fn g1_add_mul(&self, point: &G1Affine, other: &G1Affine, by: &SecretScalar) -> G1Affine;

    /// `Σ k_i·P_i` with public scalars. The points are on the curve; where one lies outside the
    /// subgroup the result is some point of the curve, to be checked.
    fn g1_msm(&self, points: &[G1Affine], by: &[Fr]) -> G1Affine;

    /// `Σ k_i·P_i` with public scalars, as [`Self::g1_msm`].
    fn g2_msm(&self, points: &[G2Affine], by: &[Fr]) -> G2Affine;

    /// `Σ x^k·C_k`: the value at `x` of a polynomial whose coefficients are in the exponent.
    fn g2_polynomial(&self, coefficients: &[G2Affine], x: u16) -> G2Affine;

    /// The values at one `x` of many such polynomials.
    fn g2_polynomials(&self, coefficients: &[&[G2Affine]], x: u16) -> Vec<G2Affine>;

    /// The values of such a polynomial at `1..=count`; the coefficients are in the subgroup.
    fn g2_polynomial_values(&self, coefficients: &[G2Affine], count: u16) -> Vec<G2Affine>;

    /// The sum of each group of points of the curve.
    fn g2_sums(&self, groups: &[Vec<G2Affine>]) -> Vec<G2Affine>;

    /// Whether all of these points of the curve are in the subgroup, as 48 random sums of them
    /// tell: with signs drawn after the points were fixed, a point outside goes unnoticed with a
    /// probability of at most 2^−144. SPEC.md §9.5.
    fn g2_all_in_subgroup(&self, points: &[G2Affine], signs: &[Signs]) -> bool;

    /// RFC 9380's `BLS12381G1_XMD:SHA-256_SSWU_RO_`.
    fn hash_to_g1(&self, message: &[u8], dst: &[u8]) -> G1Affine;

    /// The point of the subgroup with this `x` and sign; the bytes' form is already checked.
    fn g1_decompress(&self, bytes: &[u8; 48]) -> Result<G1Affine, DecodeError>;

    /// The point of the subgroup with this `x` and sign; the bytes' form is already checked.
    fn g2_decompress(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError>;

    /// The point of the curve with this `x` and sign, **in the subgroup or not**; the bytes' form
    /// is already checked.
    fn g2_decompress_on_curve(&self, bytes: &[u8; 96]) -> Result<G2Affine, DecodeError>;

    /// The same of many points; of errors the first.
    fn g2_decompress_all_on_curve(&self, bytes: &[[u8; 96]]) -> Result<Vec<G2Affine>, DecodeError> {
        let points = bytes.iter().map(|bytes| self.g2_decompress_on_curve(bytes));
        points.collect()
    }

    /// Whether a point is on the curve and has order `r` (or is the identity).
    fn g1_in_subgroup(&self, point: &G1Affine) -> bool;

    /// Whether a point is on the curve and has order `r` (or is the identity).
    fn g2_in_subgroup(&self, point: &G2Affine) -> bool;

    /// The bytes of `e(P, Q)`: 12 field elements in tower order, SPEC.md §1.
    fn pairing(&self, p: &G1Affine, q: &G2Affine) -> Zeroizing<[u8; GT_BYTES]>;

    /// Whether `Π e(P_i, Q_i) = 1`.
    fn pairing_product_is_one(&self, pairs: &[(G1Affine, G2Affine)]) -> bool;
}
