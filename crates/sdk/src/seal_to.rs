//! Whom a file is encrypted to: committees, and keys that need no committee.

use std::sync::Arc;

use stheno_crypto::{Cek, ItemId, NetworkKey};
use stheno_envelope::{
    Aes256KwRecipient, PolicyField, Recipient, SharedKey, ThresholdRecipient, X25519Public,
    X25519Recipient,
};
use stheno_protocol::{Address, Policy, policy::Leaf};

use crate::{Error, NetworkFile, entropy::fresh};

/// A network whose key was checked against its fingerprint: what a writer may seal to.
#[derive(Clone, Debug)]
pub struct PinnedNetwork {
    file: Arc<NetworkFile>,
    key: NetworkKey,
}

impl PinnedNetwork {
    /// A network whose file carries its key, so that nobody needs to be asked.
    ///
    /// For others: [`Client::connect`](crate::Client::connect), then
    /// [`Client::pinned`](crate::Client::pinned).
    ///
    /// # Errors
    /// [`Error::NoNetwork`] when the file does not carry the key.
    pub fn offline(file: NetworkFile) -> Result<Self, Error> {
        let key = file.key()?.ok_or(Error::NoNetwork {
            why: "the network file does not carry the network's key, only its fingerprint",
        })?;
        Ok(Self::new(file, key))
    }

    /// The caller has checked the key.
    pub(crate) fn new(file: NetworkFile, key: NetworkKey) -> Self {
        Self {
            file: Arc::new(file),
            key,
        }
    }

    /// The network file.
    pub fn file(&self) -> &NetworkFile {
        &self.file
    }

    pub(crate) fn key(&self) -> &NetworkKey {
        &self.key
    }
}

/// Somebody who will be able to open a file.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum SealTo {
    /// Whoever a policy lets read, through a committee.
    Network {
        /// The committee.
        network: PinnedNetwork,
        /// What its nodes will evaluate.
        policy: Box<Policy>,
    },
    /// Who has an X25519 key: the owner's way out if every network ends, or a named reader.
    X25519(X25519Public),
    /// Who has a symmetric key that was agreed on.
    Shared(Arc<SharedKey>),
}

impl SealTo {
    /// Whoever `policy` lets read, through the committee of `network`.
    pub fn network(network: PinnedNetwork, policy: Policy) -> Self {
        Self::Network {
            network,
            policy: Box::new(policy),
        }
    }

    /// The recipient's entry of a header.
    pub(crate) fn seal(
        &self,
        cek: &Cek,
        item: &ItemId,
        hide_policy: bool,
    ) -> Result<Recipient, Error> {
        Ok(match self {
            Self::Network { network, policy } => {
                let field = match hide_policy {
                    false => PolicyField::Bytes(policy.to_cbor()),
                    true => PolicyField::Digest(policy.digest()),
                };
                let locator = network.file().locator();
                let sigma = fresh()?;
                ThresholdRecipient::seal(network.key(), &locator, field, *item, cek, &sigma).into()
            }
            // Readers find their key by its public half.
            Self::X25519(to) => X25519Recipient::wrap(to, to.as_bytes(), cek, &*fresh()?)?.into(),
            Self::Shared(key) => Aes256KwRecipient::wrap(key, &key.id(), cek).into(),
        })
    }

    /// The registry of the network, where the policy leaves it to that who reads an item. Then the
    /// file is to be sealed to an item of the registry; nobody could register another.
    pub fn registry(&self) -> Option<Address> {
        let Self::Network { network, policy } = self else {
            return None;
        };
        let (chain, registry) = (network.file().chain_id, network.file().market?.registry);
        let asked = policy.rule().leaves().any(|leaf| match leaf {
            Leaf::Grant(grant) => grant.chain == chain && grant.registry == registry,
            _ => false,
        });
        asked.then_some(registry)
    }

    pub(crate) fn is_network(&self) -> bool {
        matches!(self, Self::Network { .. })
    }
}

/// The item that was asked for, or a fresh one; nobody could ever register that in a registry.
pub(crate) fn item_or_fresh<'a>(
    item: Option<ItemId>,
    to: impl Iterator<Item = &'a SealTo>,
) -> Result<ItemId, Error> {
    match item {
        Some(item) => Ok(item),
        None => {
            fresh_items_do(to)?;
            Ok(ItemId::from_bytes(*fresh()?))
        }
    }
}

/// Refuses recipients whose policy asks their network's registry, where items are drawn here.
pub(crate) fn fresh_items_do<'a>(mut to: impl Iterator<Item = &'a SealTo>) -> Result<(), Error> {
    match to.find_map(SealTo::registry) {
        None => Ok(()),
        Some(registry) => Err(Error::ItemNeeded { registry }),
    }
}
