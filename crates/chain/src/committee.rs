//! A committee read from its locator, checked.
#![allow(clippy::todo, reason = "skeleton")]

use alloy::primitives::{Address, B256};
use stheno_crypto::{NetworkId, NetworkKey, NodeIndex, NodePublicKey};
use stheno_protocol::ChainId;
use url::Url;

use crate::chain::{Block, Chain};
use crate::error::ChainError;

/// Where a committee lives.
#[derive(
    Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct Locator {
    /// The chain.
    pub chain_id: ChainId,
    /// The Committee contract.
    pub contract: Address,
    /// The committee's number in it.
    pub committee_id: u64,
}

/// A committee's active epoch, as the chain has it.
#[derive(Clone, Debug)]
pub struct Committee {
    /// Where it lives.
    pub locator: Locator,
    /// Its identity, computed here and equal to the contract's.
    pub network: NetworkId,
    /// The epoch that serves.
    pub epoch: u64,
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

/// Reads a committee at `at`, or at the final head.
///
/// # Errors
/// [`ChainError::Inconsistent`] when the contract's answers contradict each
/// other or what is computed here, [`ChainError::Refused`] when there is no
/// such committee or no epoch serves yet, [`ChainError::NoAgreement`].
pub async fn read_committee(
    chain: &Chain,
    locator: &Locator,
    at: Option<Block>,
) -> Result<Committee, ChainError> {
    let _ = (chain, locator, at);
    todo!()
}
