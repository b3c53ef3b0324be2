//! Whether this node serves, and with what.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use stheno_chain::{
    Block, Chain, ChainError, Committee, Locator,
    contracts::committee::CommitteeContract as contract, read_committee,
};
use stheno_crypto::{KeyFingerprint, NodeIndex};
use stheno_protocol::{NodeState, ceremony::keys_root};

use crate::{
    store::{EpochKeys, Store, StoreError},
    vault::{HeldShare, Vault, VaultError},
};

/// What the node is doing.
#[derive(Clone, Debug, Default)]
pub enum Standing {
    /// Reading the chain after a start.
    #[default]
    Starting,
    /// No active epoch has this node as a member.
    Waiting,
    /// A ceremony with this node is under way, and there is nothing to serve yet.
    Ceremony,
    /// It serves.
    Serving(Arc<Epoch>),
    /// It is a member and cannot serve; the reason.
    Degraded(String),
    /// It is shutting down.
    Stopping,
}

/// The epoch that is served, with this node's share of it.
#[derive(Debug)]
pub struct Epoch {
    /// Its number.
    pub number: u64,
    /// This node's index in it.
    pub index: NodeIndex,
    /// How many shares open.
    pub threshold: u16,
    /// Of the committee's key; part of every identity.
    pub fingerprint: KeyFingerprint,
    /// The share.
    pub held: HeldShare,
}

/// Why an epoch could not be looked at.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The vault could not be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Standing {
    /// As `/v1/status` says it.
    #[must_use]
    pub fn state(&self) -> NodeState {
        match self {
            Self::Starting => NodeState::Starting,
            Self::Waiting => NodeState::Waiting,
            Self::Ceremony => NodeState::Ceremony,
            Self::Serving(_) => NodeState::Serving,
            Self::Degraded(_) => NodeState::Degraded,
            Self::Stopping => NodeState::Stopping,
        }
    }

    /// The epoch, while it serves.
    #[must_use]
    pub fn epoch(&self) -> Option<&Arc<Epoch>> {
        match self {
            Self::Serving(epoch) => Some(epoch),
            _ => None,
        }
    }

    /// Why it does not serve, for people.
    #[must_use]
    pub fn explanation(&self) -> String {
        match self {
            Self::Starting => "the node is starting".to_owned(),
            Self::Waiting => "the node is no member of an active epoch".to_owned(),
            Self::Ceremony => "the committee's key is being made".to_owned(),
            Self::Serving(epoch) => format!("the node serves epoch {}", epoch.number),
            Self::Degraded(why) => why.clone(),
            Self::Stopping => "the node is stopping".to_owned(),
        }
    }
}

/// Looks at the active epoch at a final block, and at this node's share of it.
///
/// The share must be the secret of the public key that the chain knows this node by:
/// `s_i·P2 = X_i`, where `X_i` is under the epoch's root. Otherwise the node does not serve.
///
/// # Errors
/// [`StandingError`]; then nothing is known and it is to be asked again.
pub async fn look(
    chain: &Chain,
    locator: &Locator,
    at: Block,
    vault: &Vault,
    store: &Store,
) -> Result<Standing, StandingError> {
    let committee = match read_committee(chain, locator, Some(at)).await {
        Ok(committee) => committee,
        Err(ChainError::NoEpoch { .. }) => return Ok(Standing::Waiting),
        Err(error) => return Err(error.into()),
    };
    let Some(index) = member_index(&committee, vault.address()) else {
        return Ok(Standing::Waiting);
    };
    let question = contract::epochInfoCall {
        committeeId: locator.committee_id,
        epoch: committee.epoch,
    };
    let context = chain
        .read(at.hash, locator.contract, &question)
        .await?
        .context;
    let Some(held) = vault.held_share(&context)? else {
        return Ok(Standing::Degraded(format!(
            "this node has no key share of epoch {}; it needs a reshare",
            committee.epoch
        )));
    };
    let Some(keys) = epoch_keys(&committee, &context, store).await? else {
        return Ok(Standing::Degraded(format!(
            "the node keys of epoch {} are not published yet, and this node did not compute them",
            committee.epoch
        )));
    };
    if let Some(fault) = mismatch(&committee, &keys, index, &held) {
        return Ok(Standing::Degraded(fault));
    }
    Ok(Standing::Serving(Arc::new(Epoch {
        number: committee.epoch,
        index,
        threshold: committee.threshold,
        fingerprint: committee.network_key.fingerprint(),
        held,
    })))
}

fn member_index(committee: &Committee, identity: Address) -> Option<NodeIndex> {
    let me = committee
        .members
        .iter()
        .find(|member| member.identity == identity)?;
    Some(me.index)
}

/// The keys that this node computed in the ceremony, or else those on the chain.
async fn epoch_keys(
    committee: &Committee,
    context: &B256,
    store: &Store,
) -> Result<Option<EpochKeys>, StoreError> {
    if let Some(computed) = store.epoch_keys(context).await? {
        return Ok(Some(computed));
    }
    let published: Option<Vec<_>> = committee
        .members
        .iter()
        .map(|member| member.node_key.clone())
        .collect();
    Ok(published.map(|node_keys| EpochKeys {
        network_key: committee.network_key.clone(),
        node_keys,
    }))
}

/// What keeps this share from being this node's share of this epoch.
fn mismatch(
    committee: &Committee,
    keys: &EpochKeys,
    index: NodeIndex,
    held: &HeldShare,
) -> Option<String> {
    let epoch = committee.epoch;
    if keys_root(&keys.node_keys) != committee.keys_root {
        return Some(format!(
            "the node keys known here are not those of epoch {epoch} on the chain"
        ));
    }
    if keys.network_key != committee.network_key {
        return Some(format!(
            "the chain's network key of epoch {epoch} is not the one that its ceremony made"
        ));
    }
    let expected = keys.node_keys.get(usize::from(index.get()) - 1);
    if held.index() != index || Some(&held.public_key()) != expected {
        return Some(format!(
            "this node's key share does not match its public key of epoch {epoch}; restore the \
             right vault, or ask for a reshare"
        ));
    }
    None
}
