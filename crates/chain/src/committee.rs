//! A committee read from its locator, checked: the epoch that is active, or one before it.
//!
//! What the contract says is believed only as far as it fits together: the
//! network id is computed here, the key is a point of its group, the threshold
//! is allowed, no member stands twice, and published keys match their root.
//! A writer still pins the key's fingerprint: endpoints that lie together can
//! invent a committee that fits together.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use stheno_crypto::{CommitteeKeys, NetworkId, NetworkKey, NodeIndex, NodePublicKey};
use stheno_protocol::ceremony::{check_threshold, keys_root};
use stheno_protocol::{ChainId, Domain};
use url::Url;

use crate::block::Block;
use crate::chain::Chain;
use crate::contracts::CommitteeContract as Contract;
use crate::error::ChainError;

/// Members asked for in one call; each may carry long texts.
const MEMBERS_PAGE: u16 = 16;
/// Node keys asked for in one call, 96 bytes each.
const KEYS_PAGE: u16 = 64;

/// Where a committee lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Locator {
    /// The chain.
    pub chain_id: ChainId,
    /// The Committee contract.
    pub contract: Address,
    /// The committee's number in it.
    pub committee_id: u64,
}

impl Locator {
    /// The network's id, which follows from the place.
    pub fn network(&self) -> NetworkId {
        NetworkId::derive(
            self.chain_id,
            &self.contract.into_array(),
            self.committee_id,
        )
    }

    /// The domain of the committee's signatures.
    pub fn domain(&self) -> Domain {
        Domain::of_committee(self.chain_id, self.contract, self.committee_id)
    }
}

/// One epoch of a committee, as the chain has it.
#[derive(Clone, Debug)]
pub struct Committee {
    /// Where it lives.
    pub locator: Locator,
    /// Its identity, computed here and equal to the contract's.
    pub network: NetworkId,
    /// The epoch.
    pub epoch: u64,
    /// The ceremony that made it.
    pub ceremony: u64,
    /// That ceremony's context; key shares are known by it.
    pub context: B256,
    /// Block of its activation.
    pub activated_at: u64,
    /// How many shares open.
    pub threshold: u16,
    /// The public key of the committee.
    pub network_key: NetworkKey,
    /// Merkle root over the node keys.
    pub keys_root: B256,
    /// Whether it was created as a devnet.
    pub devnet: bool,
    /// The block at which all this was read.
    pub at: Block,
    /// Members; the first has index 1.
    pub members: Vec<CommitteeMember>,
}

/// One member of a [`Committee`].
#[derive(Clone, Debug)]
pub struct CommitteeMember {
    /// Its index in the epoch, from 1.
    pub index: NodeIndex,
    /// The account that registered it.
    pub operator: Address,
    /// The address that signs its messages and receipts.
    pub identity: Address,
    /// Where it serves; `None` when what it registered is no http(s) URL.
    pub endpoint: Option<Url>,
    /// Its public key, when it was published.
    pub node_key: Option<NodePublicKey>,
}

impl Committee {
    /// What opening needs to know of it.
    pub fn keys(&self) -> CommitteeKeys {
        CommitteeKeys {
            threshold: self.threshold,
            network_key: self.network_key.clone(),
            node_keys: self
                .members
                .iter()
                .filter_map(|member| Some((member.index, member.node_key.clone()?)))
                .collect(),
        }
    }
}

/// Reads a committee's active epoch at `at`, or at the final head.
///
/// # Errors
/// [`ChainError::Refused`] when the contract knows no such committee,
/// [`ChainError::NoEpoch`] while its first ceremony has not ended,
/// [`ChainError::Inconsistent`] when answers contradict each other or what is
/// computed here, [`ChainError::NoAgreement`].
pub async fn read_committee(
    chain: &Chain,
    locator: &Locator,
    at: Option<Block>,
) -> Result<Committee, ChainError> {
    let at = match at {
        Some(block) => block,
        None => chain.final_head().await?,
    };
    let reader = Reader { chain, locator, at };
    reader.check_chain()?;
    let info = reader
        .read(&Contract::committeeCall {
            committeeId: locator.committee_id,
        })
        .await?;
    if info.epoch == 0 {
        return Err(ChainError::NoEpoch {
            chain_id: locator.chain_id,
            committee_id: locator.committee_id,
        });
    }
    reader.epoch(info.epoch, info.devnet).await
}

/// Reads one epoch of a committee, active or past, at `at`.
///
/// # Errors
/// As [`read_committee`]; [`ChainError::Refused`] also when there is no such epoch.
pub async fn read_epoch(
    chain: &Chain,
    locator: &Locator,
    epoch: u64,
    at: Block,
) -> Result<Committee, ChainError> {
    let reader = Reader { chain, locator, at };
    reader.check_chain()?;
    let info = reader
        .read(&Contract::committeeCall {
            committeeId: locator.committee_id,
        })
        .await?;
    reader.epoch(epoch, info.devnet).await
}

/// Who signs for the members of an epoch, past or present, in order of their indices; read at `at`
/// or at the final head.
///
/// # Errors
/// As [`read_committee`]; [`ChainError::Refused`] also when there is no such epoch.
pub async fn read_identities(
    chain: &Chain,
    locator: &Locator,
    epoch: u64,
    at: Option<Block>,
) -> Result<Vec<Address>, ChainError> {
    let at = match at {
        Some(block) => block,
        None => chain.final_head().await?,
    };
    let reader = Reader { chain, locator, at };
    reader.check_chain()?;
    let question = Contract::epochInfoCall {
        committeeId: locator.committee_id,
        epoch,
    };
    let info = reader.read(&question).await?;
    let members = reader.members(epoch, info.size).await?;
    Ok(members.into_iter().map(|member| member.identity).collect())
}

/// Reads of one committee at one block.
struct Reader<'a> {
    chain: &'a Chain,
    locator: &'a Locator,
    at: Block,
}

impl Reader<'_> {
    async fn epoch(&self, epoch: u64, devnet: bool) -> Result<Committee, ChainError> {
        let question = Contract::epochInfoCall {
            committeeId: self.locator.committee_id,
            epoch,
        };
        let (network, info) = futures::try_join!(self.network(), self.read(&question))?;
        check_threshold(info.size, info.threshold, devnet)
            .map_err(|error| self.inconsistent(error.to_string()))?;
        let network_key = NetworkKey::from_bytes(&info.networkKey)
            .map_err(|error| self.inconsistent(format!("its network key is refused: {error}")))?;
        let (members, keys) = futures::try_join!(
            self.members(epoch, info.size),
            self.keys(epoch, info.size, info.keysRoot),
        )?;
        Ok(Committee {
            locator: *self.locator,
            network,
            epoch,
            ceremony: info.ceremony,
            context: info.context,
            activated_at: info.activatedAt,
            threshold: info.threshold,
            network_key,
            keys_root: info.keysRoot,
            devnet,
            at: self.at,
            members: self.join(members, keys)?,
        })
    }

    async fn network(&self) -> Result<NetworkId, ChainError> {
        let claimed = self
            .read(&Contract::networkIdCall {
                committeeId: self.locator.committee_id,
            })
            .await?;
        let network = self.locator.network();
        match claimed.0 == *network.as_bytes() {
            true => Ok(network),
            false => Err(self.inconsistent(format!(
                "it calls itself network {claimed}, and its place makes it {network}"
            ))),
        }
    }

    async fn members(
        &self,
        epoch: u64,
        size: u16,
    ) -> Result<Vec<Contract::MemberInfo>, ChainError> {
        let pages = pages(size, MEMBERS_PAGE).map(|(first, count)| async move {
            let page = self
                .read(&Contract::epochMembersCall {
                    committeeId: self.locator.committee_id,
                    epoch,
                    first,
                    count,
                })
                .await?;
            self.full("members", page, first, count)
        });
        let members: Vec<_> = try_join_all(pages).await?.into_iter().flatten().collect();
        let mut seen = BTreeSet::new();
        for member in &members {
            for address in [member.operator, member.identity] {
                if address.is_zero() {
                    return Err(self.inconsistent("a member has no address".to_owned()));
                }
            }
            if !seen.insert((0, member.operator)) || !seen.insert((1, member.identity)) {
                return Err(self.inconsistent(format!("member {} stands twice", member.operator)));
            }
        }
        Ok(members)
    }

    /// The published keys, checked against the root where all are there. (The
    /// contract checks each against the root when it is published; one by one
    /// they cannot be checked here without their proofs.)
    async fn keys(
        &self,
        epoch: u64,
        size: u16,
        root: B256,
    ) -> Result<Vec<Option<NodePublicKey>>, ChainError> {
        let pages = pages(size, KEYS_PAGE).map(|(first, count)| async move {
            let page = self
                .read(&Contract::epochKeysCall {
                    committeeId: self.locator.committee_id,
                    epoch,
                    first,
                    count,
                })
                .await?;
            self.full("keys", page, first, count)
        });
        let bytes = try_join_all(pages).await?.into_iter().flatten();
        let keys = bytes
            .map(|bytes| match bytes.is_empty() {
                true => Ok(None),
                false => NodePublicKey::from_bytes(&bytes)
                    .map(Some)
                    .map_err(|error| self.inconsistent(format!("a node key is refused: {error}"))),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let all: Option<Vec<NodePublicKey>> = keys.iter().cloned().collect();
        match all {
            Some(all) if keys_root(&all) != root => {
                Err(self.inconsistent("its node keys do not match their root".to_owned()))
            }
            _ => Ok(keys),
        }
    }

    fn join(
        &self,
        members: Vec<Contract::MemberInfo>,
        keys: Vec<Option<NodePublicKey>>,
    ) -> Result<Vec<CommitteeMember>, ChainError> {
        (1_u16..)
            .zip(members.into_iter().zip(keys))
            .map(|(index, (member, node_key))| {
                Ok(CommitteeMember {
                    index: NodeIndex::new(index)
                        .map_err(|error| self.inconsistent(error.to_string()))?,
                    operator: member.operator,
                    identity: member.identity,
                    endpoint: endpoint(&member.endpoint),
                    node_key,
                })
            })
            .collect()
    }

    fn full<T>(
        &self,
        what: &str,
        page: Vec<T>,
        first: u16,
        count: u16,
    ) -> Result<Vec<T>, ChainError> {
        match page.len() == usize::from(count) {
            true => Ok(page),
            false => Err(self.inconsistent(format!(
                "it gives {} {what} from {first} on, not {count}",
                page.len()
            ))),
        }
    }

    async fn read<C: alloy::sol_types::SolCall>(&self, call: &C) -> Result<C::Return, ChainError> {
        self.chain
            .read(self.at.hash, self.locator.contract, call)
            .await
    }

    fn check_chain(&self) -> Result<(), ChainError> {
        match self.chain.id() == self.locator.chain_id {
            true => Ok(()),
            false => Err(ChainError::Unconfigured {
                chain_id: self.locator.chain_id,
            }),
        }
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
}

/// First index and length of each page of `size` members.
fn pages(size: u16, page: u16) -> impl Iterator<Item = (u16, u16)> {
    (0..size)
        .step_by(usize::from(page))
        .map(move |start| (start + 1, page.min(size - start)))
}

/// What a member registered, if a request can be sent there. One that cannot
/// is a member without an endpoint, not a reason to refuse the committee.
fn endpoint(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_every_member_once() {
        let all: Vec<_> = pages(33, 16).collect();
        assert_eq!(all, [(1, 16), (17, 16), (33, 1)]);
        assert_eq!(pages(16, 16).collect::<Vec<_>>(), [(1, 16)]);
        assert_eq!(pages(0, 16).count(), 0);
    }

    #[test]
    fn endpoint_is_none_when_nothing_can_be_sent_there() {
        assert!(endpoint("https://node.example/stheno").is_some());
        for text in [
            "",
            "node.example",
            "ftp://a",
            "javascript:alert(1)",
            "http://",
        ] {
            assert_eq!(endpoint(text), None, "{text}");
        }
    }
}
