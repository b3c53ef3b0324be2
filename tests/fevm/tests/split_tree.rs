//! Contributors, and the tree that a splitter pays them by.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;

use stheno_fevm::contracts::splitter::SplitterContract::{Share, Sibling};

/// A Merkle sum tree, level by level; a node without a sibling goes up as it is.
pub(crate) struct SumTree {
    rows: Vec<Vec<(B256, U256)>>,
}

impl SumTree {
    pub(crate) fn new(size: u64) -> Self {
        let mut rows = vec![
            (0..size)
                .map(|place| leaf(&share(place)))
                .collect::<Vec<_>>(),
        ];
        while rows[rows.len() - 1].len() > 1 {
            let above = rows[rows.len() - 1].chunks(2).map(|pair| match pair {
                [left, right] => (
                    keccak256((left.0, left.1, right.0, right.1).abi_encode()),
                    left.1 + right.1,
                ),
                alone => alone[0],
            });
            rows.push(above.collect());
        }
        Self { rows }
    }

    pub(crate) fn root(&self) -> (B256, U256) {
        self.rows[self.rows.len() - 1][0]
    }

    pub(crate) fn path(&self, place: usize) -> Vec<Sibling> {
        let levels = self.rows.iter().take(self.rows.len() - 1).enumerate();
        let beside = levels.map(|(level, row)| (row, (place >> level) ^ 1, place >> level));
        beside
            .filter_map(|(row, beside, place)| {
                let (hash, shares) = *row.get(beside)?;
                Some(Sibling {
                    hash,
                    shares,
                    left: beside < place,
                })
            })
            .collect()
    }
}

/// What the contributor of this place has.
pub(crate) fn share(place: u64) -> Share {
    Share {
        account: Address::from_word(U256::from(0x10_000 + place).into()),
        shares: U256::from(1 + place % 7),
    }
}

fn leaf(share: &Share) -> (B256, U256) {
    (
        keccak256(keccak256((share.account, share.shares).abi_encode())),
        share.shares,
    )
}
