//! May conditions be read at this block? DESIGN "Request, authorisation, answer".

use stheno_protocol::Anchor;

use crate::block::Block;
use crate::chain::Chain;
use crate::error::AnchorError;

/// Most seconds of block time that an anchor may lie behind the final head.
pub const MAX_ANCHOR_AGE: u64 = 10 * 60;
/// Most seconds that the final head itself may lie in the past.
pub const MAX_HEAD_AGE: u64 = 30 * 60;

impl Chain {
    /// Checks that an anchor may be read at: canonical, final (or as deep as
    /// it says), at most [`MAX_ANCHOR_AGE`] behind the final head, which is at
    /// most [`MAX_HEAD_AGE`] old at `now` (the caller's clock, Unix seconds).
    ///
    /// # Errors
    /// [`AnchorError`].
    pub async fn check_anchor(&self, anchor: &Anchor, now: u64) -> Result<Block, AnchorError> {
        let chain_id = self.id();
        if anchor.chain_id != chain_id {
            return Err(AnchorError::OtherChain {
                expected: chain_id,
                found: anchor.chain_id,
            });
        }
        let last = self.final_head().await?;
        let age = now.saturating_sub(last.time);
        if age > MAX_HEAD_AGE {
            return Err(AnchorError::StaleChain {
                chain_id,
                number: last.number,
                age,
                most: MAX_HEAD_AGE,
            });
        }
        self.check_depth(anchor, &last).await?;
        let found = match anchor.number {
            number if number == last.number => Some(last),
            number if number < last.number => self.settled(number).await?,
            number => self.block_at(number).await?,
        };
        let block = found
            .filter(|block| block.hash == anchor.hash)
            .ok_or_else(|| AnchorError::NotCanonical {
                chain_id,
                number: anchor.number,
                claimed: anchor.hash,
                found: found.map(|block| block.hash),
            })?;
        let behind = last.time.saturating_sub(block.time);
        match behind > MAX_ANCHOR_AGE {
            true => Err(AnchorError::TooOld {
                chain_id,
                number: block.number,
                behind,
                most: MAX_ANCHOR_AGE,
            }),
            false => Ok(block),
        }
    }

    async fn check_depth(&self, anchor: &Anchor, last: &Block) -> Result<(), AnchorError> {
        // Numbers are compared, not blocks counted: on Filecoin a number is an
        // epoch, and a null round confirms as well as a block.
        let (deepest, reached) = match anchor.confirmations {
            0 => (anchor.number, last.number),
            k => (anchor.number.saturating_add(k), self.head().await?.number),
        };
        match deepest.saturating_sub(reached) {
            0 => Ok(()),
            wait => Err(AnchorError::NotDeepEnough {
                chain_id: self.id(),
                number: anchor.number,
                confirmations: anchor.confirmations,
                wait,
            }),
        }
    }
}
