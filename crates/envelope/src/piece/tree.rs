//! The binary tree of truncated SHA-256 over a piece's leaves.

use sha2::block_api::compress256;

use super::fr32;

pub(super) type Node = [u8; 32];

/// Height of a block's root over its leaves.
const BLOCK_HEIGHT: usize = 2;

/// A tree that grows to the right; it keeps one node for every height.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// At height `h`: the root of a full subtree that waits for its right neighbour.
    waiting: Vec<Option<Node>>,
}

impl Tree {
    /// Adds one block of payload.
    pub(super) fn push_block(&mut self, payload: &[u8; fr32::PAYLOAD]) {
        let [left, right] = fr32::pad(payload);
        self.push(BLOCK_HEIGHT, join(&hash(left), &hash(right)));
    }

    /// Adds the root of a full subtree, no higher than what was added before it.
    pub(super) fn push(&mut self, mut height: usize, mut node: Node) {
        loop {
            if self.waiting.len() <= height {
                self.waiting.resize(height + 1, None);
            }
            let Some(place) = self.waiting.get_mut(height) else {
                return;
            };
            match place.take() {
                None => {
                    *place = Some(node);
                    return;
                }
                Some(left) => node = join(&left, &node),
            }
            height += 1;
        }
    }

    /// The root at a height, with zeros to the right of what was added.
    pub(super) fn root(&self, height: usize) -> Node {
        let mut zeros = [0; 32];
        let mut node = None;
        for level in 0..height {
            let left = self.waiting.get(level).copied().flatten();
            node = match (left, node) {
                (Some(left), right) => Some(join(&left, &right.unwrap_or(zeros))),
                (None, Some(left)) => Some(join(&left, &zeros)),
                (None, None) => None,
            };
            zeros = join(&zeros, &zeros);
        }
        let full = self.waiting.get(height).copied().flatten();
        full.or(node).unwrap_or(zeros)
    }
}

fn join(left: &Node, right: &Node) -> Node {
    let mut pair = [0; 64];
    if let [to_left, to_right] = pair.as_chunks_mut::<32>().0 {
        (*to_left, *to_right) = (*left, *right);
    }
    hash(pair)
}

/// SHA-256 of 64 bytes, its top two bits cleared.
///
/// The second block of such a message is always the same, so both are
/// compressed in one call without a hasher's bookkeeping.
fn hash(pair: [u8; 64]) -> Node {
    const INITIAL: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    // A one bit, zeros, and the length: 512 bits.
    const END: [u8; 64] = {
        let mut end = [0; 64];
        end[0] = 0x80;
        end[62] = 0x02;
        end
    };
    let mut state = INITIAL;
    compress256(&mut state, &[pair, END]);
    let mut node = [0; 32];
    for (to, word) in node.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_be_bytes();
    }
    node[31] &= 0x3f;
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn hash_is_truncated_sha256() {
        for seed in 0..8_u8 {
            let pair: [u8; 64] = std::array::from_fn(|i| seed.wrapping_mul(31) ^ i as u8);
            let mut expected: Node = Sha256::digest(pair).into();
            expected[31] &= 0x3f;
            assert_eq!(hash(pair), expected);
        }
    }

    #[test]
    fn root_of_a_partly_filled_tree_has_zeros_to_the_right() {
        let node = |byte| [byte; 32];
        let mut tree = Tree::default();
        tree.push(0, node(1));
        tree.push(0, node(2));
        tree.push(0, node(3));
        let (zero, left) = ([0; 32], join(&node(1), &node(2)));
        let right = join(&node(3), &zero);
        assert_eq!(tree.root(2), join(&left, &right));
        let zeros = join(&join(&zero, &zero), &join(&zero, &zero));
        assert_eq!(tree.root(3), join(&join(&left, &right), &zeros));
    }
}
