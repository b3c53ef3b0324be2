//! The chain in memory as the SDK asks it.

use alloy_primitives::keccak256;
use stheno_circuits::Root;
use stheno_envelope::Locator;
use stheno_protocol::{Address, Bytes, ChainId, Position, Reading, U256};

use super::{Committee, FakeChain};
use crate::{
    bounds::BoxFuture,
    ledger::{self, Ledger, LedgerError},
};

/// `isValid(uint256,uint64)` of `IGroupRoot`.
const IS_VALID: [u8; 4] = [0xeb, 0x45, 0x6c, 0x5d];

impl Ledger for Committee {
    fn committee<'a>(
        &'a self,
        locator: &'a Locator,
    ) -> BoxFuture<'a, Result<ledger::Committee, LedgerError>> {
        Box::pin(async move {
            if *locator != self.inner.locator {
                let why = "the test has one committee, and this is another".to_owned();
                return Err(LedgerError::NoCommittee { why });
            }
            Ok(ledger::Committee {
                locator: *locator,
                epoch: self.epoch_on_chain(),
                threshold: self.inner.keys.threshold,
                network_key: self.inner.keys.network_key.clone(),
                members: self.members(),
            })
        })
    }

    fn committee_in<'a>(
        &'a self,
        locator: &'a Locator,
        epoch: u64,
    ) -> BoxFuture<'a, Result<Option<ledger::Committee>, LedgerError>> {
        Box::pin(async move {
            let committee = self.committee(locator).await?;
            Ok(Some(ledger::Committee { epoch, ..committee }))
        })
    }

    fn block_at(
        &self,
        chain: ChainId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Position>, LedgerError>> {
        let found = self
            .lock()
            .chains
            .get(&chain)
            .map(|chain| chain.block_at(number));
        Box::pin(async move { found.ok_or(LedgerError::NoEndpoint { chain_id: chain }) })
    }

    fn valid_root<'a>(
        &'a self,
        chain: ChainId,
        contract: Address,
        roots: &'a [Root],
        until: u64,
    ) -> BoxFuture<'a, Result<Option<Root>, LedgerError>> {
        let found = self.lock().chains.get(&chain).cloned();
        Box::pin(async move {
            let asked = found.ok_or(LedgerError::NoEndpoint { chain_id: chain })?;
            valid_root(&asked, contract, roots, until).ok_or_else(|| LedgerError::Unreadable {
                why: format!("{contract} is no group's contract"),
                retryable: false,
            })
        })
    }
}

/// As a ledger over JSON-RPC does it; `None` where there is no contract of a group.
fn valid_root(
    chain: &FakeChain,
    contract: Address,
    roots: &[Root],
    until: u64,
) -> Option<Option<Root>> {
    let head = chain.head().number;
    let ask = |data: Vec<u8>| match chain.call(contract, &Bytes::from(data), head) {
        Ok(Reading::Bytes(bytes)) => Some(bytes),
        _ => None,
    };
    let current = ask(keccak256("root()").iter().take(4).copied().collect());
    let is_current = |root: &&Root| {
        let current = current.as_ref();
        current.is_some_and(|current| current[..] == root.to_bytes()[..])
    };
    if let Some(root) = roots.iter().find(is_current) {
        return Some(Some(*root));
    }
    for root in roots {
        let until = U256::from(until).to_be_bytes::<32>();
        let question = [&IS_VALID[..], &root.to_bytes(), &until].concat();
        if ask(question)?.last() == Some(&1) {
            return Some(Some(*root));
        }
    }
    Some(None)
}
