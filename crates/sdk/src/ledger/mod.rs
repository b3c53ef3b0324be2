//! What the SDK asks of chains: which committee lives at a place, and where blocks lie in time.
//!
//! An answer is not trusted with secrets. A wrong committee can only make opening fail; a writer
//! pins the key's fingerprint (see [`NetworkFile`](crate::NetworkFile)).

#[cfg(feature = "chain")]
mod groups;
#[cfg(feature = "chain")]
mod rpc;

#[cfg(feature = "chain")]
pub use rpc::RpcLedger;
#[cfg(feature = "chain")]
pub(crate) use rpc::in_words;

use stheno_circuits::Root;
use stheno_crypto::{CommitteeKeys, NetworkId, NetworkKey, NodeIndex, NodePublicKey};
use stheno_envelope::Locator;
use stheno_protocol::{Address, ChainId, Domain, Position};
use url::Url;

use crate::bounds::{BoxFuture, Shareable};

/// Finds committees and blocks.
pub trait Ledger: Shareable {
    /// The committee at `locator`, in the epoch that serves now.
    fn committee<'a>(
        &'a self,
        locator: &'a Locator,
    ) -> BoxFuture<'a, Result<Committee, LedgerError>>;

    /// The committee at `locator` in one epoch, past or present; `None` where that cannot be told.
    ///
    /// An epoch that is active and that too few nodes serve leaves the one before it serving.
    fn committee_in<'a>(
        &'a self,
        locator: &'a Locator,
        epoch: u64,
    ) -> BoxFuture<'a, Result<Option<Committee>, LedgerError>> {
        let _ = (locator, epoch);
        Box::pin(async { Ok(None) })
    }

    /// The block at `number`; `None` where the chain skipped that number (a null round).
    fn block_at(
        &self,
        chain: ChainId,
        number: u64,
    ) -> BoxFuture<'_, Result<Option<Position>, LedgerError>>;

    /// Of these roots, the one that a group's contract has, or else one that it takes still at `until`, Unix
    /// seconds; `None` where it takes none of them.
    fn valid_root<'a>(
        &'a self,
        chain: ChainId,
        contract: Address,
        roots: &'a [Root],
        until: u64,
    ) -> BoxFuture<'a, Result<Option<Root>, LedgerError>> {
        let _ = (contract, roots, until);
        Box::pin(async move { Err(LedgerError::NoEndpoint { chain_id: chain }) })
    }
}

/// A committee as a reader or writer needs to know it.
#[derive(Clone, Debug)]
pub struct Committee {
    /// Where it lives.
    pub locator: Locator,
    /// The epoch that serves.
    pub epoch: u64,
    /// How many shares open.
    pub threshold: u16,
    /// The key that files are sealed to.
    pub network_key: NetworkKey,
    /// Its members in order of their indices.
    pub members: Vec<Member>,
}

/// One node of a [`Committee`].
#[derive(Clone, Debug)]
pub struct Member {
    /// Its index, from 1.
    pub index: NodeIndex,
    /// Where it serves; `None` when what it registered is no URL.
    pub endpoint: Option<Url>,
    /// The address that signs its receipts.
    pub identity: Address,
    /// Its public key, when it was published; without it a bad share cannot be pinned on it.
    pub node_key: Option<NodePublicKey>,
}

impl Committee {
    /// The id that the locator has.
    pub fn network(&self) -> NetworkId {
        self.locator.network()
    }

    /// What its members and readers sign under.
    pub fn domain(&self) -> Domain {
        Domain {
            chain_id: self.locator.chain_id,
            contract: self.locator.contract.into(),
            network: self.network(),
        }
    }

    /// The keys that opening needs.
    pub(crate) fn keys(&self) -> CommitteeKeys {
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

/// Why a chain gave no answer.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerError {
    /// No endpoint is known for this chain.
    #[error("no rpc endpoint for chain {chain_id}")]
    NoEndpoint {
        /// The chain.
        chain_id: ChainId,
    },
    /// The endpoint serves another chain.
    #[error("{endpoint} serves chain {found}, not chain {expected}")]
    OtherChain {
        /// The endpoint, without what may be secret in it.
        endpoint: String,
        /// The chain that was wanted.
        expected: ChainId,
        /// The chain that it serves.
        found: ChainId,
    },
    /// There is no such committee, or none of its epochs serves yet.
    #[error("{why}")]
    NoCommittee {
        /// What the contract said.
        why: String,
    },
    /// The endpoints could not be read, or contradict each other or themselves.
    #[error("{why}")]
    Unreadable {
        /// What was asked and what came.
        why: String,
        /// Whether asking again can help.
        retryable: bool,
    },
}
