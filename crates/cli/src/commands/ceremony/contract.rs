//! What the committee contract says at one final block.

use alloy::{primitives::Bytes, sol_types::SolCall};
use stheno::{
    crypto::{NetworkKey, NodePublicKey},
    protocol::ceremony::{Member, Windows, keys_root},
};
use stheno_chain::{Block, Chain, ChainError, Locator, contracts::CommitteeContract as contract};
use stheno_node::ceremony::Origin;

/// Most members or keys asked for in one call.
const PAGE: u16 = 64;

/// The contract's states of a ceremony.
pub(super) const STATES: [&str; 6] = ["none", "keys", "approval", "running", "active", "failed"];

/// The committee contract at one block.
pub(super) struct Contract<'a> {
    pub(super) chain: &'a Chain,
    pub(super) locator: &'a Locator,
    pub(super) at: Block,
}

impl Contract<'_> {
    pub(super) async fn committee(&self) -> Result<contract::CommitteeInfo, ChainError> {
        let committee_id = self.locator.committee_id;
        self.read(&contract::committeeCall {
            committeeId: committee_id,
        })
        .await
    }

    pub(super) async fn ceremony(&self, number: u64) -> Result<contract::CeremonyInfo, ChainError> {
        self.read(&contract::ceremonyInfoCall {
            committeeId: self.locator.committee_id,
            ceremony: number,
        })
        .await
    }

    pub(super) async fn epoch(&self, epoch: u64) -> Result<contract::EpochInfo, ChainError> {
        self.read(&contract::epochInfoCall {
            committeeId: self.locator.committee_id,
            epoch,
        })
        .await
    }

    /// The epoch that a reshare starts from, if all its keys are published and under its root.
    pub(super) async fn origin(
        &self,
        epoch: u64,
        info: &contract::EpochInfo,
    ) -> Result<Option<Origin>, ChainError> {
        let mut node_keys = Vec::with_capacity(usize::from(info.size));
        for bytes in self.keys(epoch, info.size).await? {
            if bytes.is_empty() {
                return Ok(None);
            }
            node_keys.push(
                NodePublicKey::from_bytes(&bytes)
                    .map_err(|error| self.inconsistent(format!("a node key: {error}")))?,
            );
        }
        if keys_root(&node_keys) != info.keysRoot {
            return Err(self.inconsistent(format!(
                "the node keys of epoch {epoch} are not under its root"
            )));
        }
        self.origin_with(epoch, info, node_keys).await.map(Some)
    }

    /// The same with keys from elsewhere, which the caller has compared with the root.
    pub(super) async fn origin_with(
        &self,
        epoch: u64,
        info: &contract::EpochInfo,
        node_keys: Vec<NodePublicKey>,
    ) -> Result<Origin, ChainError> {
        let network_key = NetworkKey::from_bytes(&info.networkKey)
            .map_err(|error| self.inconsistent(format!("the network key: {error}")))?;
        Ok(Origin {
            members: self.members(epoch, info.size).await?,
            threshold: info.threshold,
            network_key: network_key.to_eip2537().to_vec().into(),
            node_keys,
        })
    }

    async fn members(&self, epoch: u64, size: u16) -> Result<Vec<Member>, ChainError> {
        let mut members = Vec::with_capacity(usize::from(size));
        while let Some(first) = next_index(members.len(), size) {
            let page = self
                .read(&contract::epochMembersCall {
                    committeeId: self.locator.committee_id,
                    epoch,
                    first,
                    count: PAGE,
                })
                .await?;
            if page.is_empty() {
                return Err(self.inconsistent(format!("epoch {epoch} lacks members")));
            }
            members.extend(page.into_iter().map(|member| Member {
                operator: member.operator,
                identity: member.identity,
            }));
        }
        Ok(members)
    }

    async fn keys(&self, epoch: u64, size: u16) -> Result<Vec<Bytes>, ChainError> {
        let mut keys = Vec::with_capacity(usize::from(size));
        while let Some(first) = next_index(keys.len(), size) {
            let page = self
                .read(&contract::epochKeysCall {
                    committeeId: self.locator.committee_id,
                    epoch,
                    first,
                    count: PAGE,
                })
                .await?;
            if page.is_empty() {
                return Err(self.inconsistent(format!("epoch {epoch} lacks keys")));
            }
            keys.extend(page);
        }
        Ok(keys)
    }

    fn inconsistent(&self, problem: String) -> ChainError {
        ChainError::Inconsistent {
            chain_id: self.locator.chain_id,
            what: format!(
                "committee {} of {}",
                self.locator.committee_id, self.locator.contract
            ),
            problem,
        }
    }

    async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, ChainError> {
        let contract = self.locator.contract;
        self.chain.read(self.at.hash, contract, call).await
    }
}

/// A committee's windows, as its terms have them.
pub(super) fn windows(windows: &contract::Windows) -> Windows {
    Windows {
        deal: windows.deal,
        complain: windows.complain,
        answer: windows.answer,
        confirm: windows.confirm,
        margin: windows.margin,
        consent_delay: windows.consentDelay,
    }
}

/// The index after `have`, while there are more.
fn next_index(have: usize, size: u16) -> Option<u16> {
    let have = u16::try_from(have).ok()?;
    (have < size).then(|| have + 1)
}
