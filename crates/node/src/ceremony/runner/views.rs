//! What the runner asks the committee contract's views for.

use std::collections::BTreeSet;

use alloy::{
    primitives::{B256, Bytes},
    sol_types::SolCall,
};
use stheno_chain::{Block, contracts::committee::CommitteeContract as contract};
use stheno_crypto::{NetworkKey, NodePublicKey};
use stheno_protocol::ceremony::{Member, keys_root};

use super::{super::Origin, Runner, RunnerError};
use crate::store::EpochKeys;

/// Most members or keys asked for in one call.
const PAGE: u16 = 64;
/// Most ceremonies that are looked back at for one that is still open.
const LOOK_BACK: u64 = 32;
/// A ceremony older than this many blocks is not read again for a share that is missing.
const OLD: u64 = 2_880;

/// The contract's states of a ceremony that is not over.
const OPEN: std::ops::RangeInclusive<u8> = 1..=3;

/// The committee contract at one final block.
pub(super) struct Views<'r> {
    pub(super) runner: &'r Runner,
    pub(super) at: Block,
}

impl Views<'_> {
    pub(super) async fn committee(&self) -> Result<contract::CommitteeInfo, RunnerError> {
        self.read(&contract::committeeCall {
            committeeId: self.committee_id(),
        })
        .await
    }

    pub(super) async fn ceremony(
        &self,
        ceremony: u64,
    ) -> Result<contract::CeremonyInfo, RunnerError> {
        self.read(&contract::ceremonyInfoCall {
            committeeId: self.committee_id(),
            ceremony,
        })
        .await
    }

    /// The first block that matters to a node that knows nothing yet: where the oldest open
    /// ceremony was proposed, or the one that made an epoch of which this node misses its share, or
    /// of which node keys are still to be published.
    pub(super) async fn first_block(
        &self,
        committee: &contract::CommitteeInfo,
    ) -> Result<Option<u64>, RunnerError> {
        let latest = committee.ceremony;
        let mut first = None;
        for number in (1..=latest).rev().take(LOOK_BACK as usize) {
            let info = self.ceremony(number).await?;
            if OPEN.contains(&(info.state as u8)) && info.fromEpoch == committee.epoch {
                first = Some(info.proposedAt);
            }
        }
        if committee.epoch > 0 {
            let epoch = self.epoch(committee.epoch).await?;
            let recent = epoch.activatedAt + OLD > self.at.number;
            let size = usize::from(epoch.size);
            let unfinished = self.runner.vault.held_share(&epoch.context)?.is_none()
                || self.published_keys(committee.epoch, size).await?.len() < size;
            if recent && unfinished {
                let proposed = self.ceremony(epoch.ceremony).await?.proposedAt;
                first = Some(first.map_or(proposed, |first: u64| first.min(proposed)));
            }
        }
        Ok(first)
    }

    /// The epoch that a reshare starts from, and the context of its ceremony.
    pub(super) async fn origin(&self, epoch: u64) -> Result<(Origin, B256), RunnerError> {
        let info = self.epoch(epoch).await?;
        let size = usize::from(info.size);
        let members = self.members(epoch, size).await?;
        let keys = match self.runner.store.epoch_keys(&info.context).await? {
            Some(keys) => keys,
            None => {
                let keys = self.keys(epoch, size).await?;
                let node_keys: Result<Vec<_>, _> = keys
                    .iter()
                    .map(|key| NodePublicKey::from_bytes(key))
                    .collect();
                EpochKeys {
                    network_key: NetworkKey::from_bytes(&info.networkKey).map_err(|error| {
                        RunnerError::Contract(format!("the network key: {error}"))
                    })?,
                    node_keys: node_keys
                        .map_err(|error| RunnerError::Contract(format!("a node key: {error}")))?,
                }
            }
        };
        if keys_root(&keys.node_keys) != info.keysRoot {
            let fault = format!("the node keys of epoch {epoch} are not under its root");
            return Err(RunnerError::Contract(fault));
        }
        let origin = Origin {
            members,
            threshold: info.threshold,
            network_key: keys.network_key.to_eip2537().to_vec().into(),
            node_keys: keys.node_keys,
        };
        Ok((origin, info.context))
    }

    /// Whose keys of an epoch are on the chain.
    pub(super) async fn published_keys(
        &self,
        epoch: u64,
        size: usize,
    ) -> Result<BTreeSet<u16>, RunnerError> {
        let keys = self.keys(epoch, size).await?;
        let published = (1..).zip(keys).filter(|(_, key)| !key.is_empty());
        Ok(published.map(|(index, _)| index).collect())
    }

    async fn epoch(&self, epoch: u64) -> Result<contract::EpochInfo, RunnerError> {
        self.read(&contract::epochInfoCall {
            committeeId: self.committee_id(),
            epoch,
        })
        .await
    }

    async fn members(&self, epoch: u64, size: usize) -> Result<Vec<Member>, RunnerError> {
        let mut members = Vec::with_capacity(size);
        while let Some(first) = next_index(members.len(), size) {
            let page = self
                .read(&contract::epochMembersCall {
                    committeeId: self.committee_id(),
                    epoch,
                    first,
                    count: PAGE,
                })
                .await?;
            if page.is_empty() {
                return Err(RunnerError::Contract(
                    "a page of members is empty".to_owned(),
                ));
            }
            members.extend(page.into_iter().map(|member| Member {
                operator: member.operator,
                identity: member.identity,
            }));
        }
        Ok(members)
    }

    async fn keys(&self, epoch: u64, size: usize) -> Result<Vec<Bytes>, RunnerError> {
        let mut keys = Vec::with_capacity(size);
        while let Some(first) = next_index(keys.len(), size) {
            let page = self
                .read(&contract::epochKeysCall {
                    committeeId: self.committee_id(),
                    epoch,
                    first,
                    count: PAGE,
                })
                .await?;
            if page.is_empty() {
                return Err(RunnerError::Contract("a page of keys is empty".to_owned()));
            }
            keys.extend(page);
        }
        Ok(keys)
    }

    fn committee_id(&self) -> u64 {
        self.runner.locator.committee_id
    }

    async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, RunnerError> {
        let contract = self.runner.locator.contract;
        Ok(self.runner.chain.read(self.at.hash, contract, call).await?)
    }
}

/// The index after `have`, while there are more.
fn next_index(have: usize, size: usize) -> Option<u16> {
    if have >= size {
        return None;
    }
    u16::try_from(have + 1).ok()
}
