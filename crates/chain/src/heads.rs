//! Where the chain's head is, and where it is final, when endpoints see different ones.
//!
//! Endpoints lag behind each other by a block or two all the time; that is no
//! disagreement. So each is asked for its own newest block, and the newest one
//! that `min_agree` of them have on their canonical chain is taken.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::{FuturesOrdered, FuturesUnordered};

use crate::block::Block;
use crate::clock::timeout;
use crate::config::Finality;
use crate::endpoint::{Endpoint, Fault};
use crate::error::ChainError;
use crate::question::Which;
use crate::quorum::{Answer, GRACE, Quorum};

/// How far below the lowest of the heads a common block is looked for.
const FORK_DEPTH: u64 = 8;
/// Most null rounds in a row that a search for a block steps over.
const NULL_ROUNDS: u64 = 100;

/// So much older than what others have may the head be, in seconds: two rounds of Filecoin.
///
/// Endpoints lag by a round or so. But as long as fewer than `min_agree` lie, they could show an old
/// head for longer, and what was revoked since would not be seen.
const MOST_LAG: u64 = 60;

/// An endpoint's newest block.
struct Claim {
    endpoint: Arc<Endpoint>,
    block: Block,
}

impl Quorum {
    /// The newest block that enough endpoints have.
    pub(crate) async fn head(&self) -> Result<Block, ChainError> {
        match self.newest_common(Which::Latest, "the head").await {
            Ok(block) => Ok(block),
            Err((error, claims)) => {
                let block = self.below_fork(&claims).await;
                block
                    .filter(|block| self.is_fresh(block, &claims))
                    .ok_or(error)
            }
        }
    }

    /// The newest block that enough endpoints hold final.
    pub(crate) async fn final_head(&self, finality: Finality) -> Result<Block, ChainError> {
        match finality {
            Finality::Tag => self
                .newest_common(Which::Finalized, "the final head")
                .await
                .map_err(|(error, _)| error),
            Finality::Depth(depth) => {
                let head = self.head().await?;
                self.at_or_below(head.number.saturating_sub(depth)).await
            }
        }
    }

    /// What stands at `number`.
    pub(crate) async fn place(&self, number: u64) -> Result<Option<Block>, ChainError> {
        self.agree(&format!("block {number}"), |endpoint| async move {
            endpoint.block(self.chain_id, Which::Number(number)).await
        })
        .await
    }

    /// The newest block at or below `number`, over null rounds.
    pub(crate) async fn at_or_below(&self, number: u64) -> Result<Block, ChainError> {
        let lowest = number.saturating_sub(NULL_ROUNDS);
        for number in (lowest..=number).rev() {
            if let Some(block) = self.place(number).await? {
                return Ok(block);
            }
        }
        Err(ChainError::Inconsistent {
            chain_id: self.chain_id,
            what: format!("blocks {lowest} to {number}"),
            problem: "all of them are null rounds".to_owned(),
        })
    }

    async fn newest_common(
        &self,
        which: Which,
        what: &str,
    ) -> Result<Block, (ChainError, Vec<Claim>)> {
        let mut answers = self.ask_all(|endpoint| async move {
            match endpoint.block(self.chain_id, which).await {
                Ok(Some(block)) => Ok(block),
                Ok(None) => Err(Fault::Contradiction("a null round".to_owned())),
                Err(fault) => Err(fault),
            }
        });
        let mut claims: Vec<Claim> = Vec::new();
        let mut faults: Vec<(Arc<Endpoint>, Fault)> = Vec::new();
        while let Some((endpoint, answer)) = answers.next().await {
            sort_in(&mut claims, &mut faults, endpoint, answer);
            if claims.len() < self.need {
                continue;
            }
            let rest = async {
                while let Some((endpoint, answer)) = answers.next().await {
                    sort_in(&mut claims, &mut faults, endpoint, answer);
                }
            };
            // Out of time is not out of luck: those heard may do.
            let _ = timeout(GRACE, rest).await;
            let fresh = |block: &Block| which != Which::Latest || self.is_fresh(block, &claims);
            if let Some(block) = self.elect(&claims).await.filter(fresh) {
                return Ok(block);
            }
        }
        let good = claims
            .iter()
            .map(|claim| (claim.endpoint.as_ref(), Ok(claim.block.show())));
        let bad = faults
            .iter()
            .map(|(endpoint, fault)| (endpoint.as_ref(), Err(fault)));
        Err((self.no_agreement(what, good.chain(bad)), claims))
    }

    /// Whether no liars hide a head much newer than `block`. Of the `need` oldest claims at least one
    /// is honest, so it is enough to be hardly older than all of those.
    fn is_fresh(&self, block: &Block, claims: &[Claim]) -> bool {
        let mut times: Vec<u64> = claims.iter().map(|claim| claim.block.time).collect();
        times.sort_unstable();
        let newest = times.get(self.need.saturating_sub(1));
        newest.is_some_and(|newest| newest.saturating_sub(block.time) <= MOST_LAG)
    }

    /// The newest claimed block that enough of the claimants have.
    async fn elect(&self, claims: &[Claim]) -> Option<Block> {
        let candidates: BTreeSet<Reverse<(u64, Block)>> = claims
            .iter()
            .map(|claim| Reverse((claim.block.number, claim.block)))
            .collect();
        for Reverse((number, candidate)) in candidates {
            // One whose newest is older cannot have it.
            let able = claims.iter().filter(|claim| claim.block.number >= number);
            if able.clone().count() < self.need {
                continue;
            }
            let mut votes: FuturesUnordered<_> = able
                .map(|claim| async move {
                    if claim.block.number == number {
                        return claim.block == candidate;
                    }
                    let found = claim
                        .endpoint
                        .block(self.chain_id, Which::Number(number))
                        .await;
                    found.is_ok_and(|found| found == Some(candidate))
                })
                .collect();
            let mut yes = 0;
            while let Some(vote) = votes.next().await {
                yes += usize::from(vote);
                if yes >= self.need {
                    return Some(candidate);
                }
            }
        }
        None
    }

    /// When every endpoint sits on a branch of its own: the block where they part.
    async fn below_fork(&self, claims: &[Claim]) -> Option<Block> {
        if claims.len() < self.need {
            return None;
        }
        let lowest = claims.iter().map(|claim| claim.block.number).min()?;
        let numbers = (lowest.saturating_sub(FORK_DEPTH)..lowest).rev();
        // All at once: one by one, an endpoint that is silent would be waited for each time.
        let mut places: FuturesOrdered<_> = numbers.map(|number| self.place(number)).collect();
        while let Some(place) = places.next().await {
            if let Ok(Some(block)) = place {
                return Some(block);
            }
        }
        None
    }
}

fn sort_in(
    claims: &mut Vec<Claim>,
    faults: &mut Vec<(Arc<Endpoint>, Fault)>,
    endpoint: Arc<Endpoint>,
    answer: Result<Block, Fault>,
) {
    match answer {
        Ok(block) => claims.push(Claim { endpoint, block }),
        Err(fault) => faults.push((endpoint, fault)),
    }
}
