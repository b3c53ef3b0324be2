//! Where the chains stand, read in the background: for status, readiness and metrics.
//!
//! Decisions do not rest on this; they ask the chain. Looking regularly also keeps the
//! chain's own answers warm.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use stheno_chain::{Block, Chain, MAX_HEAD_AGE};
use stheno_protocol::{ChainHeads, ChainId};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// So far a final block may lie in the future. Honest ones do not; a development chain whose blocks
/// come as fast as they can runs ahead of the clock for a while.
const MAX_LEAD: u64 = 300;

/// The last look at each chain. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heads(Arc<RwLock<BTreeMap<ChainId, Look>>>);

#[derive(Clone, Copy, Debug)]
struct Look {
    every: Duration,
    finalized: Option<(Block, Instant)>,
    head: Option<(Block, Instant)>,
}

impl Heads {
    /// Looks at `chain` until told to stop.
    pub(crate) async fn watch(
        self,
        chain: Chain,
        every: Duration,
        metrics: Metrics,
        stop: CancellationToken,
    ) {
        let mut look = Look {
            every,
            finalized: None,
            head: None,
        };
        self.note(chain.id(), look);
        let mut quiet = false;
        loop {
            let (finalized, head) = futures::join!(chain.final_head(), chain.head());
            let now = Instant::now();
            let fault = finalized.as_ref().err().or(head.as_ref().err());
            match fault {
                Some(error) if !quiet => {
                    tracing::warn!(chain = chain.id(), %error, "the chain cannot be read");
                    quiet = true;
                }
                None if quiet => {
                    tracing::info!(chain = chain.id(), "the chain can be read again");
                    quiet = false;
                }
                _ => {}
            }
            look.finalized = finalized.ok().map(|block| (block, now)).or(look.finalized);
            look.head = head.ok().map(|block| (block, now)).or(look.head);
            metrics.chain(
                chain.id(),
                look.finalized.map(|(block, _)| block.number),
                look.head.map(|(block, _)| block.number),
            );
            for endpoint in chain.endpoints() {
                metrics.endpoint(chain.id(), &endpoint);
            }
            self.note(chain.id(), look);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// As `/v1/status` says it.
    #[must_use]
    pub(crate) fn report(&self) -> Vec<ChainHeads> {
        let looks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        looks
            .iter()
            .map(|(chain_id, look)| ChainHeads {
                chain_id: *chain_id,
                finalized: look.finalized.map(|(block, _)| block.position()),
                head: look.head.map(|(block, _)| block.position()),
            })
            .collect()
    }

    /// What is wrong with the chains; empty when all are fresh. `now` in Unix seconds.
    #[must_use]
    pub(crate) fn faults(&self, now: u64) -> Vec<String> {
        let looks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        looks
            .iter()
            .filter_map(|(chain_id, look)| {
                let stale = |seen: Option<(Block, Instant)>| {
                    seen.is_none_or(|(_, at)| {
                        at.elapsed() > look.every * 3 + Duration::from_secs(15)
                    })
                };
                if stale(look.finalized) || stale(look.head) {
                    return Some(format!("chain {chain_id} cannot be read"));
                }
                let (block, _) = look.finalized?;
                let age = now.saturating_sub(block.time);
                let lead = block.time.saturating_sub(now);
                if age > MAX_HEAD_AGE {
                    Some(format!(
                        "the final head of chain {chain_id} is {age} s old: finality has stalled, its \
                         endpoints lag, or this machine's clock is ahead"
                    ))
                } else if lead > MAX_LEAD {
                    Some(format!(
                        "the final head of chain {chain_id} is {lead} s in the future: this machine's \
                         clock is behind; set it"
                    ))
                } else {
                    None
                }
            })
            .collect()
    }

    fn note(&self, chain_id: ChainId, look: Look) {
        let mut looks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        looks.insert(chain_id, look);
    }
}
