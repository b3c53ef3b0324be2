//! Blocks, as far as anchoring needs them.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};
use stheno_protocol::{Anchor, ChainId, Position, Tier};

/// A block's place on its chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Its number; on Filecoin the epoch.
    pub number: u64,
    /// Its hash; on Filecoin of the tipset key.
    pub hash: B256,
}

/// A block, as far as anchoring needs it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Block {
    /// The chain.
    pub chain_id: ChainId,
    /// Its number; on Filecoin the epoch.
    pub number: u64,
    /// Its hash; on Filecoin of the tipset key.
    pub hash: B256,
    /// Its time, in seconds since 1970.
    pub time: u64,
    /// The hash of the block before it, which may be more than one number lower.
    pub parent: B256,
}

impl Block {
    /// Its place.
    pub fn at(&self) -> BlockRef {
        BlockRef {
            number: self.number,
            hash: self.hash,
        }
    }

    /// It as the anchor of a tier (0 = final).
    pub fn anchor(&self, tier: Tier) -> Anchor {
        Anchor {
            chain_id: self.chain_id,
            confirmations: tier,
            number: self.number,
            hash: self.hash,
        }
    }

    /// It as a node's status shows it.
    pub fn position(&self) -> Position {
        Position {
            number: self.number,
            hash: self.hash,
            time: self.time,
        }
    }
}
