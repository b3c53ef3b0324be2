//! Weights of sums that stand for many equations.

use ark_bls12_381::Fr;
use ark_std::rand::{CryptoRng, RngCore};

/// 128 bits: a sum of equations, one of which is wrong, holds with a chance of one in 2^128.
pub(crate) fn weight(rng: &mut (impl RngCore + CryptoRng)) -> Fr {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    Fr::from(u128::from_le_bytes(bytes))
}
