//! Final logs, in order, without holes.
#![allow(clippy::todo, reason = "skeleton")]

use std::time::Duration;

use alloy::rpc::types::{Filter, Log};

use crate::chain::{Block, BlockRef, Chain};
use crate::error::ChainError;

/// Where a follower continues.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Cursor {
    /// Start with this block number.
    From(u64),
    /// Continue after this block, which was final.
    After(BlockRef),
}

/// The final logs of some blocks.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Logs in order of block and log index; may be none.
    pub events: Vec<Log>,
    /// The last block covered. [`Cursor::After`] it continues.
    pub up_to: Block,
}

/// Follows the final logs that match a filter.
#[derive(Debug)]
pub struct LogFollower {
    chain: Chain,
    filter: Filter,
    cursor: Cursor,
}

impl LogFollower {
    /// Follows `filter` (addresses and topics; its block range is ignored).
    pub fn new(chain: Chain, filter: Filter, cursor: Cursor) -> Self {
        Self {
            chain,
            filter,
            cursor,
        }
    }

    /// Where it stands.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next final blocks' logs, if there are new final blocks. At most
    /// 2,880 blocks at once. Safe to cancel: the cursor moves only with a result.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`] (try again), [`ChainError::Reorganised`].
    pub async fn poll(&mut self) -> Result<Option<Batch>, ChainError> {
        let _ = (&self.chain, &self.filter);
        todo!()
    }

    /// Like [`Self::poll`], waiting for new final blocks, asking each `every`.
    ///
    /// # Errors
    /// As [`Self::poll`].
    pub async fn next(&mut self, every: Duration) -> Result<Batch, ChainError> {
        let _ = every;
        todo!()
    }
}
