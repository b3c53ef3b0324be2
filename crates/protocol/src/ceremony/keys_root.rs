//! The Merkle root over a committee's public keys.
//!
//! `leaf_i = keccak256(uint16 BE i ‖ 96 B compressed X_i)`; inner nodes hash
//! their children in ascending order, as OpenZeppelin's `MerkleProof` does; a
//! node without a sibling moves up as it is.

use alloy_primitives::{B256, keccak256};
use stheno_crypto::NodePublicKey;

/// The leaf of the key of the member with this index (from 1).
#[must_use]
pub fn key_leaf(index: u16, key: &NodePublicKey) -> B256 {
    let mut bytes = [0_u8; 98];
    let (head, tail) = bytes.split_at_mut(2);
    head.copy_from_slice(&index.to_be_bytes());
    tail.copy_from_slice(&key.to_bytes());
    keccak256(bytes)
}

/// The root over `keys`, which stand in order of index from 1; zero for no keys.
#[must_use]
pub fn keys_root(keys: &[NodePublicKey]) -> B256 {
    let mut level = leaves(keys);
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied().unwrap_or_default()
}

/// The siblings from the leaf of member `index` (from 1) up to the root; none if there is no such member.
#[must_use]
pub fn merkle_proof(keys: &[NodePublicKey], index: u16) -> Option<Vec<B256>> {
    let mut at = usize::from(index).checked_sub(1)?;
    let mut level = leaves(keys);
    level.get(at)?;
    let mut proof = Vec::new();
    while level.len() > 1 {
        proof.extend(level.get(at ^ 1));
        level = parents(&level);
        at /= 2;
    }
    Some(proof)
}

/// Whether `key` is member `index`'s under `root`.
#[must_use]
pub fn verify_key(root: B256, index: u16, key: &NodePublicKey, proof: &[B256]) -> bool {
    proof
        .iter()
        .fold(key_leaf(index, key), |node, sibling| parent(node, *sibling))
        == root
}

fn leaves(keys: &[NodePublicKey]) -> Vec<B256> {
    (1_u16..)
        .zip(keys)
        .map(|(index, key)| key_leaf(index, key))
        .collect()
}

fn parents(level: &[B256]) -> Vec<B256> {
    level
        .chunks(2)
        .filter_map(|pair| match *pair {
            [left, right] => Some(parent(left, right)),
            [lone] => Some(lone),
            _ => None,
        })
        .collect()
}

fn parent(a: B256, b: B256) -> B256 {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    keccak256([low.0, high.0].concat())
}
