//! Whether this node serves, and with what.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use stheno_chain::{Block, Chain, ChainError, Committee, Locator, read_committee, read_epoch};
use stheno_crypto::{KeyFingerprint, NodeIndex};
use stheno_protocol::{NodeState, ceremony::keys_root};

use crate::{
    store::{EpochKeys, Store, StoreError},
    vault::{HeldShare, Vault, VaultError},
};

/// How many epochs back a share may be that is still served.
const LOOK_BACK: usize = 4;

/// What the node is doing.
#[derive(Clone, Debug, Default)]
pub enum Standing {
    /// Reading the chain after a start.
    #[default]
    Starting,
    /// No epoch that is served has this node as a member.
    Waiting,
    /// A ceremony with this node is under way, and there is nothing to serve yet.
    Ceremony,
    /// It serves.
    Serving(Served),
    /// It is a member of the active epoch and cannot serve that; the reason. It may serve the one
    /// before.
    Degraded(String, Served),
    /// It is shutting down.
    Stopping,
}

/// The epochs that are served, the newest first: the active one, and for a time the one before.
#[derive(Clone, Debug, Default)]
pub struct Served(Vec<Arc<Epoch>>);

/// An epoch that is served, with this node's share of it.
#[derive(Debug)]
pub struct Epoch {
    /// Its number.
    pub number: u64,
    /// The context of the ceremony that made it.
    pub context: B256,
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

impl Served {
    /// These epochs, the newest first.
    #[must_use]
    pub fn new(epochs: Vec<Arc<Epoch>>) -> Self {
        Self(epochs)
    }

    /// The newest.
    #[must_use]
    pub fn newest(&self) -> Option<&Arc<Epoch>> {
        self.0.first()
    }

    /// The one of this number.
    #[must_use]
    pub fn epoch(&self, number: u64) -> Option<&Arc<Epoch>> {
        self.0.iter().find(|epoch| epoch.number == number)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Epoch>> {
        self.0.iter()
    }

    /// Their numbers.
    #[must_use]
    pub fn numbers(&self) -> Vec<u64> {
        self.0.iter().map(|epoch| epoch.number).collect()
    }

    fn in_words(&self) -> String {
        let numbers: Vec<String> = self.numbers().iter().map(u64::to_string).collect();
        match numbers.as_slice() {
            [] => "no epoch".to_owned(),
            [one] => format!("epoch {one}"),
            many => format!("epochs {}", many.join(" and ")),
        }
    }
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
            Self::Degraded(..) => NodeState::Degraded,
            Self::Stopping => NodeState::Stopping,
        }
    }

    /// The newest epoch that is served.
    #[must_use]
    pub fn epoch(&self) -> Option<&Arc<Epoch>> {
        self.served()?.newest()
    }

    /// The epochs that are served; none where there is none.
    #[must_use]
    pub fn served(&self) -> Option<&Served> {
        match self {
            Self::Serving(served) | Self::Degraded(_, served) => {
                Some(served).filter(|served| served.newest().is_some())
            }
            _ => None,
        }
    }

    /// Why it does not serve, or what it serves, for people.
    #[must_use]
    pub fn explanation(&self) -> String {
        match self {
            Self::Starting => "the node is starting".to_owned(),
            Self::Waiting => "the node is no member of an active epoch".to_owned(),
            Self::Ceremony => "the committee's key is being made".to_owned(),
            Self::Serving(served) => format!("the node serves {}", served.in_words()),
            Self::Degraded(why, served) if served.newest().is_none() => why.clone(),
            Self::Degraded(why, served) => {
                format!("{why}; the node still serves {}", served.in_words())
            }
            Self::Stopping => "the node is stopping".to_owned(),
        }
    }
}

/// Looks at the active epoch at a final block, at the one before it, and at this node's shares.
///
/// A share must be the secret of the public key that the chain knows this node by:
/// `s_i·P2 = X_i`, where `X_i` is under the epoch's root. Otherwise its epoch is not served. The
/// epoch before the active one is served until its share is erased ([`crate::epochs`]), also by
/// those who are members no longer.
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
    let active = match read_committee(chain, locator, Some(at)).await {
        Ok(committee) => committee,
        Err(ChainError::NoEpoch { .. }) => return Ok(Standing::Waiting),
        Err(error) => return Err(error.into()),
    };
    let before = before(chain, locator, &active, vault, store).await?;
    let mut served: Vec<Arc<Epoch>> = before.into_iter().map(Arc::new).collect();
    Ok(match share_of(&active, vault, store).await? {
        Share::Good(epoch) => {
            served.insert(0, Arc::new(*epoch));
            Standing::Serving(Served(served))
        }
        Share::NotAMember if served.is_empty() => Standing::Waiting,
        Share::NotAMember => Standing::Serving(Served(served)),
        Share::Unusable(why) => Standing::Degraded(why, Served(served)),
    })
}

/// The newest epoch before the active one of which this node still has its share.
async fn before(
    chain: &Chain,
    locator: &Locator,
    active: &Committee,
    vault: &Vault,
    store: &Store,
) -> Result<Option<Epoch>, StandingError> {
    let erased = store.erasures().await?;
    let mut contexts = vault.shares()?;
    contexts.retain(|context| *context != active.context && !erased.contains(context));
    if contexts.is_empty() {
        return Ok(None);
    }
    for number in (1..active.epoch).rev().take(LOOK_BACK) {
        let committee = read_epoch(chain, locator, number, active.at).await?;
        if !contexts.contains(&committee.context) {
            continue;
        }
        if let Share::Good(epoch) = share_of(&committee, vault, store).await? {
            return Ok(Some(*epoch));
        }
    }
    Ok(None)
}

/// This node's share of one epoch.
#[derive(Debug)]
pub(crate) enum Share {
    /// It is served.
    Good(Box<Epoch>),
    /// There is none to have.
    NotAMember,
    /// It is missing, or is not what it should be; why.
    Unusable(String),
}

pub(crate) async fn share_of(
    committee: &Committee,
    vault: &Vault,
    store: &Store,
) -> Result<Share, StandingError> {
    let Some(index) = member_index(committee, vault.address()) else {
        return Ok(Share::NotAMember);
    };
    let number = committee.epoch;
    let Some(held) = vault.held_share(&committee.context)? else {
        return Ok(Share::Unusable(format!(
            "this node has no key share of epoch {number}; a refresh gives it a new one: run \
             `stheno-node repair`"
        )));
    };
    let Some(keys) = epoch_keys(committee, store).await? else {
        return Ok(Share::Unusable(format!(
            "the node keys of epoch {number} are not published yet, and this node did not compute them"
        )));
    };
    if let Some(fault) = mismatch(committee, &keys, index, &held) {
        return Ok(Share::Unusable(fault));
    }
    Ok(Share::Good(Box::new(Epoch {
        number,
        context: committee.context,
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
pub(crate) async fn epoch_keys(
    committee: &Committee,
    store: &Store,
) -> Result<Option<EpochKeys>, StoreError> {
    if let Some(computed) = store.epoch_keys(&committee.context).await? {
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

/// What keeps these keys from being those of the epoch on the chain.
pub(crate) fn keys_fault(committee: &Committee, keys: &EpochKeys) -> Option<String> {
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
    None
}

/// What keeps this share from being this node's share of this epoch.
fn mismatch(
    committee: &Committee,
    keys: &EpochKeys,
    index: NodeIndex,
    held: &HeldShare,
) -> Option<String> {
    let fault = keys_fault(committee, keys);
    let expected = keys.node_keys.get(usize::from(index.get()) - 1);
    if fault.is_none() && (held.index() != index || Some(&held.public_key()) != expected) {
        return Some(format!(
            "this node's key share does not match its public key of epoch {}; restore the \
             right vault, or get a new share by a refresh: run `stheno-node repair`",
            committee.epoch
        ));
    }
    fault
}
