//! Which blocks a request asks about.
//!
//! For final leaves: the highest final block that at least `t` nodes have, by what they say of
//! themselves. A node that lies can at worst offer a block that nobody else knows; then the nodes
//! refuse it and the next candidate is taken. With several chains, all anchors are taken back to one
//! moment, the time of the oldest candidate: each is the last block at or before it, so that an
//! asset in transit does not count twice.

use std::{cmp::Reverse, collections::BTreeSet};

use stheno_crypto::NodeIndex;
use stheno_protocol::{Anchor, ChainHeads, ChainId, Position, Status, Tier};

use crate::{Error, ledger::Ledger};

/// Chooses an anchor for each place; `attempt` counts the choices that the nodes refused before.
pub(crate) async fn choose(
    places: &BTreeSet<(ChainId, Tier)>,
    statuses: &[(NodeIndex, Status)],
    need: u16,
    attempt: usize,
    ledger: &dyn Ledger,
) -> Result<Vec<Anchor>, Error> {
    let mut chosen: Vec<(ChainId, Tier, Position)> = Vec::with_capacity(places.len());
    for &(chain, tier) in places {
        let position = match tier {
            0 => newest_final(chain, statuses, need, attempt)?,
            _ => below_head(chain, tier, statuses, need, ledger).await?,
        };
        chosen.push((chain, tier, position));
    }
    align(&mut chosen, ledger).await?;
    Ok(chosen
        .into_iter()
        .map(
            |(chain_id, confirmations, Position { number, hash, .. })| Anchor {
                chain_id,
                confirmations,
                number,
                hash,
            },
        )
        .collect())
}

/// Candidates stand in order of preference; a refused one gives way to the next.
fn newest_final(
    chain: ChainId,
    statuses: &[(NodeIndex, Status)],
    need: u16,
    attempt: usize,
) -> Result<Position, Error> {
    let finals = positions(chain, statuses, |heads| heads.finalized);
    let candidates = supported(&finals, usize::from(need));
    let position = attempt
        .checked_rem(candidates.len())
        .and_then(|at| candidates.get(at));
    position
        .copied()
        .ok_or_else(|| no_anchor(chain, need, finals.len()))
}

/// A block with `tier` blocks above it at `need` nodes. Its hash comes from the reader's endpoint.
async fn below_head(
    chain: ChainId,
    tier: Tier,
    statuses: &[(NodeIndex, Status)],
    need: u16,
    ledger: &dyn Ledger,
) -> Result<Position, Error> {
    let mut heads: Vec<u64> = positions(chain, statuses, |heads| heads.head)
        .iter()
        .map(|head| head.number)
        .collect();
    heads.sort_by_key(|number| Reverse(*number));
    let at_need = usize::from(need)
        .checked_sub(1)
        .and_then(|at| heads.get(at));
    let head = at_need.ok_or_else(|| no_anchor(chain, need, heads.len()))?;
    at_or_below(ledger, chain, head.saturating_sub(tier)).await
}

fn positions(
    chain: ChainId,
    statuses: &[(NodeIndex, Status)],
    which: impl Fn(&ChainHeads) -> Option<Position>,
) -> Vec<Position> {
    statuses
        .iter()
        .filter_map(|(_, status)| status.heads.iter().find(|heads| heads.chain_id == chain))
        .filter_map(which)
        .collect()
}

/// Final blocks that at least `need` nodes have: they named it, or one above it. Highest first;
/// among blocks of one number, the one that more nodes named.
fn supported(finals: &[Position], need: usize) -> Vec<Position> {
    let named = |block: &Position| {
        finals
            .iter()
            .filter(|f| (f.number, f.hash) == (block.number, block.hash))
            .count()
    };
    let above = |block: &Position| finals.iter().filter(|f| f.number > block.number).count();
    let mut candidates: Vec<Position> = finals
        .iter()
        .filter(|block| named(block) + above(block) >= need)
        .copied()
        .collect();
    candidates.sort_by_key(|block| (Reverse(block.number), Reverse(named(block)), block.hash));
    candidates.dedup_by_key(|block| (block.number, block.hash));
    candidates
}

/// Takes every chain back to the last block at or before the oldest position's time.
async fn align(chosen: &mut [(ChainId, Tier, Position)], ledger: &dyn Ledger) -> Result<(), Error> {
    let chains: BTreeSet<ChainId> = chosen.iter().map(|(chain, ..)| *chain).collect();
    if chains.len() < 2 {
        return Ok(());
    }
    let Some(oldest) = chosen.iter().map(|(.., position)| position.time).min() else {
        return Ok(());
    };
    for (chain, _, position) in chosen {
        *position = last_until(ledger, *chain, *position, oldest).await?;
    }
    Ok(())
}

/// The last block of `chain` at or before `time`, searched backwards from `from`.
async fn last_until(
    ledger: &dyn Ledger,
    chain: ChainId,
    from: Position,
    time: u64,
) -> Result<Position, Error> {
    let mut late = from;
    if late.time <= time {
        return Ok(late);
    }
    // Gallop back to a block that is early enough, then halve the distance.
    let mut step = 1;
    let mut early = loop {
        let at = at_or_below(ledger, chain, from.number.saturating_sub(step)).await?;
        if at.time <= time {
            break at;
        }
        if at.number == 0 {
            return Err(Error::NoAnchor {
                chain_id: chain,
                need: 1,
                why: format!("it has no block at or before {time}"),
            });
        }
        late = at;
        step *= 2;
    };
    while late.number - early.number > 1 {
        let middle = at_or_below(ledger, chain, early.number.midpoint(late.number)).await?;
        if middle.number <= early.number {
            // Nothing but null rounds between the two: look in the upper half alone.
            match at_or_above(ledger, chain, early.number.midpoint(late.number), late).await? {
                Some(above) if above.time <= time => early = above,
                Some(above) => late = above,
                None => break,
            }
        } else if middle.time <= time {
            early = middle;
        } else {
            late = middle;
        }
    }
    Ok(early)
}

/// How many numbers in a row may be null rounds before the chain counts as unreadable.
const MOST_NULL_ROUNDS: u64 = 50;

/// The block at `number`, or the nearest below it.
async fn at_or_below(ledger: &dyn Ledger, chain: ChainId, number: u64) -> Result<Position, Error> {
    for back in 0..MOST_NULL_ROUNDS.min(number.saturating_add(1)) {
        if let Some(block) = ledger.block_at(chain, number - back).await? {
            return Ok(block);
        }
    }
    Err(Error::NoAnchor {
        chain_id: chain,
        need: 1,
        why: format!("the endpoint knows no block at or below {number}"),
    })
}

/// The first block above `number` and below `limit`.
async fn at_or_above(
    ledger: &dyn Ledger,
    chain: ChainId,
    number: u64,
    limit: Position,
) -> Result<Option<Position>, Error> {
    for at in number + 1..limit.number {
        if let Some(block) = ledger.block_at(chain, at).await? {
            return Ok(Some(block));
        }
    }
    Ok(None)
}

fn no_anchor(chain_id: ChainId, need: u16, told: usize) -> Error {
    let why = match told {
        0 => "no node reads this chain".to_owned(),
        _ => format!("{told} nodes told where they are"),
    };
    Error::NoAnchor {
        chain_id,
        need,
        why,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        bounds::BoxFuture,
        ledger::{Committee, LedgerError},
    };
    use proptest::prelude::*;
    use stheno_envelope::Locator;
    use stheno_protocol::B256;

    fn block(number: u64, hash: u8) -> Position {
        Position {
            number,
            hash: B256::repeat_byte(hash),
            time: 30 * number,
        }
    }

    #[test]
    fn anchor_is_the_highest_final_block_that_enough_nodes_have() {
        let finals = [block(102, 2), block(101, 1), block(100, 0), block(90, 9)];
        let numbers = |need| {
            supported(&finals, need)
                .iter()
                .map(|block| block.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(1), [102, 101, 100, 90]);
        assert_eq!(numbers(2), [101, 100, 90]);
        assert_eq!(numbers(3), [100, 90]);
        assert_eq!(numbers(5), [0; 0]);
    }

    #[test]
    fn anchor_prefers_the_hash_that_more_nodes_name() {
        let finals = [
            block(100, 7),
            block(100, 1),
            block(100, 1),
            block(101, 2),
            block(101, 2),
        ];
        let candidates = supported(&finals, 3);
        assert_eq!(candidates.first(), Some(&block(100, 1)));
        // The liar's block stays a candidate, behind the honest one.
        assert_eq!(candidates.get(1), Some(&block(100, 7)));
    }

    #[test]
    fn anchor_is_not_taken_from_a_node_that_runs_ahead() {
        let finals = [
            block(1_000_000, 6),
            block(100, 1),
            block(100, 1),
            block(100, 1),
        ];
        assert_eq!(supported(&finals, 3), [block(100, 1)]);
    }

    /// A chain whose blocks are given by number and time.
    struct Blocks(BTreeMap<u64, u64>);

    impl Ledger for Blocks {
        fn committee<'a>(
            &'a self,
            _: &'a Locator,
        ) -> BoxFuture<'a, Result<Committee, LedgerError>> {
            Box::pin(async { Err(LedgerError::NoEndpoint { chain_id: 0 }) })
        }

        fn block_at(
            &self,
            _: ChainId,
            number: u64,
        ) -> BoxFuture<'_, Result<Option<Position>, LedgerError>> {
            let found = self.0.get(&number).map(|&time| Position {
                number,
                hash: B256::ZERO,
                time,
            });
            Box::pin(async move { Ok(found) })
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn last_block_until_a_time_is_found_among_null_rounds(
            gaps in prop::collection::vec(1_u64..6, 2..60),
            wanted in 0_usize..60,
            offset in 0_u64..30,
        ) {
            let mut number = 0;
            let above = gaps.iter().map(|gap| {
                number += gap;
                (number, 30 * number)
            });
            let blocks: BTreeMap<u64, u64> = [(0, 0)].into_iter().chain(above).collect();
            let all: Vec<(u64, u64)> = blocks.iter().map(|(n, t)| (*n, *t)).collect();
            let (_, time) = all[wanted % all.len()];
            let expected = all.iter().rev().find(|(_, t)| *t <= time + offset).unwrap().0;
            let (last, last_time) = *all.last().unwrap();
            let from = Position { number: last, hash: B256::ZERO, time: last_time };
            let found = futures::executor::block_on(
                last_until(&Blocks(blocks), 1, from, time + offset)).unwrap();
            prop_assert_eq!(found.number, expected);
        }
    }
}
