//! The newest log of a kind, looked for backwards.

use alloy::rpc::types::{Filter, FilterBlockOption, Log};

use crate::block::Block;
use crate::chain::Chain;
use crate::endpoint::Fault;
use crate::error::ChainError;
use crate::follow::{Logs, RANGE, split};

impl Chain {
    /// The newest log that matches `filter` (addresses and topics; its block range is not used), in
    /// `up_to` or in the `blocks` below it; `None` where none of these has one. For each 2,880 blocks
    /// it takes a question.
    ///
    /// # Errors
    /// [`ChainError::NoAgreement`], also where endpoints do not answer about blocks of that age.
    pub async fn last_log(
        &self,
        filter: &Filter,
        up_to: &Block,
        blocks: u64,
    ) -> Result<Option<Log>, ChainError> {
        let filter = &filter.clone().select(FilterBlockOption::default());
        let oldest = up_to.number.saturating_sub(blocks);
        let mut last = up_to.number;
        loop {
            let first = last.saturating_sub(RANGE - 1).max(oldest);
            let what = format!("the logs of blocks {first} to {last}");
            let asked = self.quorum().agree(&what, |endpoint| async move {
                let mut logs = split(&endpoint, filter, first, last).await?;
                logs.retain(|log| !log.removed);
                logs.sort_by_key(|log| (log.block_number, log.log_index));
                let fits = |log: &Log| {
                    let number = log.block_number.unwrap_or_default();
                    (first..=last).contains(&number) && filter.matches(&log.inner)
                };
                match logs.iter().all(fits) {
                    true => Ok(Logs(logs)),
                    false => Err(Fault::Contradiction("a log of another kind".to_owned())),
                }
            });
            let Logs(mut logs) = asked.await?;
            if let Some(log) = logs.pop() {
                return Ok(Some(log));
            }
            if first == oldest {
                return Ok(None);
            }
            last = first - 1;
        }
    }
}
