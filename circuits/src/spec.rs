//! The statements, natively: what the circuits enforce, as one would write it on paper.
//!
//! ```text
//! commitment = H_commitment(secret, 0)
//! attributes = H_attributes(v0 + v1·2^64 + v2·2^128, v3 + expiry·2^64)     0 in a plain set
//! leaf       = H_leaf(commitment, attributes)
//! node       = H_node(left, right)
//! nullifier  = H_nullifier(scope, secret)
//! ```
//!
//! `H_d(x, y)` is the second element of Poseidon's permutation of `(d, x, y)`: a sponge of rate
//! two whose capacity begins as the [`Domain`]. Every message has exactly two elements, so there
//! is no padding. Prose and reasons stand in this crate's README.

use ark_bls12_381::Fr;
use ark_ff::AdditiveGroup;

use crate::poseidon;

/// Deepest tree.
pub const MAX_DEPTH: u8 = 32;
/// Attributes of a credential, each of 64 bits, beside its expiry.
pub const ATTRIBUTES: usize = 4;

/// What a use of Poseidon is for: its capacity element. Numbers are never given a second meaning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Domain {
    /// An inner node of a tree.
    Node = 1,
    /// A leaf.
    Leaf = 2,
    /// What an issuer is given of a secret.
    Commitment = 3,
    /// What one secret shows in one scope.
    Nullifier = 4,
    /// A credential's attributes and expiry.
    Attributes = 5,
}

impl Domain {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Node,
        Self::Leaf,
        Self::Commitment,
        Self::Nullifier,
        Self::Attributes,
    ];
}

/// Positions of the public inputs, which are the same for every statement as far as it has them.
pub mod position {
    /// The tree's root.
    pub const ROOT: usize = 0;
    /// The nullifier.
    pub const NULLIFIER: usize = 1;
    /// The scope of the nullifier.
    pub const SCOPE: usize = 2;
    /// The request that the proof is for.
    pub const BINDING: usize = 3;
    /// Inputs of a membership.
    pub const MEMBERSHIP_COUNT: usize = 4;
    /// The lowest value of each attribute that is allowed.
    pub const LOW: [usize; super::ATTRIBUTES] = [4, 6, 8, 10];
    /// The highest value of each attribute that is allowed.
    pub const HIGH: [usize; super::ATTRIBUTES] = [5, 7, 9, 11];
    /// The time, in Unix seconds, at which a credential must not have expired.
    pub const NOW: usize = 12;
    /// Inputs of a credential.
    pub const CREDENTIAL_COUNT: usize = 13;
}

/// What stands where a tree has no leaf: 0, of which nobody knows a preimage.
pub(crate) const EMPTY_LEAF: Fr = Fr::ZERO;

/// `2^64` and `2^128`, by which attributes are packed.
pub(crate) fn packing() -> [Fr; 2] {
    [
        Fr::from(1u128 << 64),
        Fr::from(1u128 << 64) * Fr::from(1u128 << 64),
    ]
}

pub(crate) fn commitment(secret: Fr) -> Fr {
    poseidon::hash(Domain::Commitment, [secret, Fr::ZERO])
}

pub(crate) fn attributes(values: &[u64; ATTRIBUTES], expiry: u64) -> Fr {
    let [v0, v1, v2, v3] = values.map(Fr::from);
    let [word, two_words] = packing();
    let low = v0 + v1 * word + v2 * two_words;
    let high = v3 + Fr::from(expiry) * word;
    poseidon::hash(Domain::Attributes, [low, high])
}

pub(crate) fn leaf(commitment: Fr, attributes: Fr) -> Fr {
    poseidon::hash(Domain::Leaf, [commitment, attributes])
}

pub(crate) fn node(left: Fr, right: Fr) -> Fr {
    poseidon::hash(Domain::Node, [left, right])
}

pub(crate) fn nullifier(scope: Fr, secret: Fr) -> Fr {
    poseidon::hash(Domain::Nullifier, [scope, secret])
}
