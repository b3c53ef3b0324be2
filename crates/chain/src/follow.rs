//! Final logs, in order, without holes.
//!
//! Filecoin's logs have their own traps: numbers without a block, ranges of at
//! most 2,880 blocks, filters that know no `finalized`, reorganised logs that
//! come again. So the follower finds out itself which blocks are final, ties
//! them to where it stood by their parents' hashes, and only then asks for
//! their logs, which enough endpoints must give alike.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{B256, keccak256};
use alloy::rpc::types::{Filter, FilterBlockOption, Log};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::block::{Block, BlockRef};
use crate::chain::Chain;
use crate::clock::sleep;
use crate::endpoint::{Endpoint, Fault};
use crate::error::ChainError;
use crate::quorum::Answer;

/// Most blocks of one log query (Lotus refuses more).
pub(crate) const RANGE: u64 = 2_880;
/// Up to so many blocks are walked one by one along their parents; over longer
/// ranges, when catching up, only the blocks that have logs are looked at.
const WALK: u64 = 32;
/// Most queries into which an endpoint's complaints may split one range.
const SPLITS: usize = 256;

/// Where a follower continues.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
#[derive(Clone, Debug)]
pub struct LogFollower {
    chain: Chain,
    filter: Filter,
    cursor: Cursor,
}

impl LogFollower {
    /// Follows `filter` (addresses and topics; its block range is not used).
    pub fn new(chain: Chain, filter: Filter, cursor: Cursor) -> Self {
        let filter = filter.select(FilterBlockOption::default());
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

    /// Like [`Self::poll`], waiting for new final blocks, asking `every` so often.
    ///
    /// # Errors
    /// As [`Self::poll`].
    pub async fn next(&mut self, every: Duration) -> Result<Batch, ChainError> {
        loop {
            if let Some(batch) = self.poll().await? {
                return Ok(batch);
            }
            sleep(every).await;
        }
    }

    /// The logs of the next final blocks, 2,880 at most; `None` if there is no
    /// new final block. Safe to cancel: the cursor moves only with a result.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`] or [`ChainError::Inconsistent`], after which
    /// the same blocks are asked for again; [`ChainError::Reorganised`], after
    /// which nothing that was learnt from this chain can be trusted.
    pub async fn poll(&mut self) -> Result<Option<Batch>, ChainError> {
        let last = self.chain.final_head().await?;
        let first = match self.cursor {
            Cursor::From(number) => number,
            Cursor::After(block) => {
                if last.number == block.number {
                    self.check_unchanged(block, Some(last))?;
                }
                block.number + 1
            }
        };
        if last.number < first {
            return Ok(None);
        }
        let span = self.span(first, last).await?;
        if span.up_to.number < first {
            return Ok(None);
        }
        let events = self.logs(first, &span).await?;
        self.cursor = Cursor::After(span.up_to.at());
        Ok(Some(Batch {
            events,
            up_to: span.up_to,
        }))
    }

    /// Final blocks from `first` on, tied to the cursor.
    async fn span(&self, first: u64, last: Block) -> Result<Span, ChainError> {
        let end = last.number.min(first.saturating_add(RANGE - 1));
        let up_to = match end == last.number {
            true => last,
            false => self.chain.at_or_below(end).await?,
        };
        let mut blocks = BTreeMap::from([(up_to.number, up_to)]);
        let Cursor::After(from) = self.cursor else {
            return Ok(Span::ends(up_to));
        };
        self.check_unchanged(from, self.chain.block_at(from.number).await?)?;
        if up_to.number.saturating_sub(first) >= WALK {
            return Ok(Span::ends(up_to));
        }
        let mut block = up_to;
        while block.parent != from.hash {
            block = self.parent(&block).await?;
            if block.number < first {
                return Err(ChainError::Inconsistent {
                    chain_id: self.chain.id(),
                    what: format!("block {} {}", up_to.number, up_to.hash),
                    problem: format!(
                        "it does not descend from block {} {}, which was final",
                        from.number, from.hash
                    ),
                });
            }
            blocks.insert(block.number, block);
        }
        Ok(Span {
            up_to,
            blocks,
            complete: true,
        })
    }

    async fn parent(&self, block: &Block) -> Result<Block, ChainError> {
        let (quorum, hash, child) = (self.chain.quorum(), block.parent, block.number);
        let what = format!("block {hash}");
        quorum
            .agree(&what, |endpoint| async move {
                let block = endpoint.block_of(quorum.chain_id, hash).await?;
                match block.number < child {
                    true => Ok(block),
                    false => Err(Fault::Contradiction("a parent after its child".to_owned())),
                }
            })
            .await
    }

    async fn logs(&self, first: u64, span: &Span) -> Result<Vec<Log>, ChainError> {
        let last = span.up_to.number;
        let what = format!("the logs of blocks {first} to {last}");
        let Logs(logs) = self
            .chain
            .quorum()
            .agree(&what, |endpoint| self.logs_of(endpoint, first, span))
            .await?;
        if !span.complete {
            self.check_canonical(&logs, span).await?;
        }
        Ok(logs)
    }

    /// One endpoint's logs, checked: inside the range, matching, of canonical
    /// blocks where those are known.
    async fn logs_of(
        &self,
        endpoint: Arc<Endpoint>,
        first: u64,
        span: &Span,
    ) -> Result<Logs, Fault> {
        let last = span.up_to.number;
        let mut logs = split(&endpoint, &self.filter, first, last).await?;
        logs.retain(|log| !log.removed);
        for log in &logs {
            let (number, hash) = place(log)?;
            let inside = (first..=last).contains(&number);
            let matches = self.filter.matches(&log.inner);
            let canonical = match span.blocks.get(&number) {
                Some(block) => block.hash == hash,
                None => !span.complete,
            };
            if !inside || !matches || !canonical || log.log_index.is_none() {
                return Err(Fault::Contradiction(format!(
                    "a log of block {number} {hash}"
                )));
            }
        }
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        logs.dedup();
        Ok(Logs(logs))
    }

    /// Over a long range: every block that has a log stands on the chain.
    async fn check_canonical(&self, logs: &[Log], span: &Span) -> Result<(), ChainError> {
        let places: BTreeSet<(u64, B256)> = logs.iter().filter_map(|log| place(log).ok()).collect();
        let checks = places.into_iter().map(|(number, hash)| async move {
            let block = match span.blocks.get(&number) {
                Some(block) => Some(*block),
                None => self.chain.settled(number).await?,
            };
            match block.is_some_and(|block| block.hash == hash) {
                true => Ok(()),
                false => Err(ChainError::Inconsistent {
                    chain_id: self.chain.id(),
                    what: format!("the logs of block {number}"),
                    problem: format!("they are of block {hash}, which is not on the chain"),
                }),
            }
        });
        try_join_all(checks).await.map(drop)
    }

    fn check_unchanged(&self, was: BlockRef, now: Option<Block>) -> Result<(), ChainError> {
        match now.is_some_and(|block| block.hash == was.hash) {
            true => Ok(()),
            false => Err(ChainError::Reorganised {
                chain_id: self.chain.id(),
                number: was.number,
                was: was.hash,
                now: now.map(|block| block.hash),
            }),
        }
    }
}

/// The blocks whose logs are asked for at once.
struct Span {
    up_to: Block,
    /// The blocks that are known, `up_to` among them.
    blocks: BTreeMap<u64, Block>,
    /// Whether all of the span are known.
    complete: bool,
}

impl Span {
    fn ends(up_to: Block) -> Self {
        Self {
            up_to,
            blocks: BTreeMap::from([(up_to.number, up_to)]),
            complete: false,
        }
    }
}

/// Asks for a range, and for its halves where the endpoint finds it too much.
pub(crate) async fn split(
    endpoint: &Endpoint,
    filter: &Filter,
    first: u64,
    last: u64,
) -> Result<Vec<Log>, Fault> {
    let mut logs = Vec::new();
    let mut ranges = vec![(first, last)];
    for _ in 0..SPLITS {
        let Some((first, last)) = ranges.pop() else {
            return Ok(logs);
        };
        match endpoint.logs(filter, first, last).await {
            Ok(some) => logs.extend(some),
            Err(fault) if fault.asked_too_much() && first < last => {
                let middle = first + (last - first) / 2;
                ranges.extend([(middle + 1, last), (first, middle)]);
            }
            Err(fault) => return Err(fault),
        }
    }
    match ranges.is_empty() {
        true => Ok(logs),
        false => Err(Fault::Contradiction(
            "that every range is too long".to_owned(),
        )),
    }
}

fn place(log: &Log) -> Result<(u64, B256), Fault> {
    log.block_number
        .zip(log.block_hash)
        .ok_or_else(|| Fault::Contradiction("a log of no block".to_owned()))
}

/// Logs in order.
pub(crate) struct Logs(pub(crate) Vec<Log>);

impl Answer for Logs {
    /// Times and places inside transactions are not compared: not all
    /// endpoints give them.
    fn same(&self, other: &Self) -> bool {
        let essence = |log: &Log| {
            (
                log.block_number,
                log.block_hash,
                log.log_index,
                log.transaction_hash,
            )
        };
        self.0.len() == other.0.len()
            && self
                .0
                .iter()
                .zip(&other.0)
                .all(|(a, b)| a.inner == b.inner && essence(a) == essence(b))
    }

    fn show(&self) -> String {
        let mut bytes = Vec::new();
        for log in &self.0 {
            bytes.extend(log.block_hash.unwrap_or_default());
            bytes.extend(log.log_index.unwrap_or_default().to_be_bytes());
            bytes.extend(log.inner.address);
            log.topics().iter().for_each(|topic| bytes.extend(topic));
            bytes.extend(&log.inner.data.data);
        }
        format!("{} logs (digest {})", self.0.len(), keccak256(&bytes))
    }
}
