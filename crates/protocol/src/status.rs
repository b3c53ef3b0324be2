//! What a node says of itself and of its committee, as JSON.

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use stheno_crypto::NetworkId;

use crate::{ChainId, wire};

/// `GET /v1/status`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The committee.
    #[serde(with = "wire::fixed")]
    pub network: NetworkId,
    /// Newest epoch that the node serves; 0 while there is none.
    pub epoch: u64,
    /// The node's index in that epoch; 0 while it has none.
    pub node: u16,
    /// All epochs that it serves, the newest first: after a reshare the one before as well, for
    /// readers who have not followed yet.
    #[serde(default)]
    pub epochs: Vec<ServedEpoch>,
    /// What it is doing.
    pub state: NodeState,
    /// Where it sees its chains.
    pub heads: Vec<ChainHeads>,
    /// Version of the software.
    pub version: String,
}

/// An epoch that a node serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedEpoch {
    /// Its number.
    pub epoch: u64,
    /// The node's index in it.
    pub node: u16,
}

/// What a node is doing.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeState {
    /// Reading the chain after a start.
    Starting,
    /// No active epoch has it as a member.
    Waiting,
    /// A ceremony is under way and there is nothing to serve yet.
    Ceremony,
    /// It serves.
    Serving,
    /// It is a member of the active epoch and cannot serve that: see its log. It may still serve
    /// the one before.
    Degraded,
    /// It is shutting down.
    Stopping,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Where a node sees one chain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainHeads {
    /// The chain.
    pub chain_id: ChainId,
    /// Newest final block.
    #[serde(rename = "final")]
    pub finalized: Option<Position>,
    /// Newest block that enough endpoints know.
    pub head: Option<Position>,
}

/// A block and its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Block number.
    pub number: u64,
    /// Block hash.
    #[serde(with = "wire::fixed")]
    pub hash: B256,
    /// Block time, Unix seconds.
    pub time: u64,
}

/// A committee as people and tools are shown it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitteeView {
    /// The committee.
    #[serde(with = "wire::fixed")]
    pub network: NetworkId,
    /// Chain of its contract.
    pub chain_id: ChainId,
    /// Its contract.
    #[serde(with = "wire::fixed")]
    pub contract: Address,
    /// Its number in the contract.
    pub committee_id: u64,
    /// Active epoch, 0 for none.
    pub epoch: u64,
    /// Shares needed.
    pub threshold: u16,
    /// The network key, 96 bytes compressed; empty before the first epoch.
    #[serde(with = "wire::bytes")]
    pub network_key: Bytes,
    /// Members in order of index.
    pub members: Vec<MemberView>,
}

/// A member of a [`CommitteeView`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// Index, from 1.
    pub index: u16,
    /// Address of its operator.
    #[serde(with = "wire::fixed")]
    pub operator: Address,
    /// Address that signs its messages and receipts.
    #[serde(with = "wire::fixed")]
    pub identity: Address,
    /// Where it serves.
    pub endpoint: String,
    /// Its public key `X_i`, 96 bytes compressed; empty while unpublished.
    #[serde(with = "wire::bytes")]
    pub node_key: Bytes,
}
