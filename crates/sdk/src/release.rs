//! An item's own key, for keys that are to become public (`contracts/src/release`).
//!
//! A file's reader gets the file's key and nothing else. Here a committee is asked for the key behind
//! it, which opens everything that was and will be sealed to the item, and a contract can verify.

#[cfg(feature = "chain")]
use alloy_primitives::{B256, Bytes};
use stheno_crypto::{
    CommitteeKeys, Identity, ItemId, ItemKey, NetworkId, NodeIndex, OpenError, PolicyDigest,
    ReaderSecret, Share, combine_key,
};
use stheno_envelope::Locator;
use stheno_protocol::{Address, ChainId, Policy, PolicyError, SignedReceipt};

use crate::{
    Client, DecryptOptions, Error,
    request::{Batch, Lock},
    tally::Tally,
    wallet::Nobody,
};

/// An item's own key, given out by its committee and checked against the network's key.
///
/// It is a secret until it is published, which anybody may do.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReleasedKey {
    /// The key. [`ItemKey::publish`] gives its 128 bytes.
    pub key: ItemKey,
    /// The committee that gave it out.
    pub committee: Locator,
    /// The item.
    pub item: ItemId,
    /// What each node did.
    pub tally: Tally,
    /// What the nodes signed for having released.
    pub receipts: Vec<SignedReceipt>,
}

impl ReleasedKey {
    /// The call that publishes the key in the network's `TimedRelease`: `publish(item, key)`.
    ///
    /// Any account may send it, to the contract that the policy names. Whoever sees it, in a mempool or
    /// later, has the key.
    #[cfg(feature = "chain")]
    #[must_use]
    pub fn publish_call(&self) -> Bytes {
        stheno_chain::publish_call(B256::from(*self.item.as_bytes()), self.key.publish())
    }
}

/// The policy of items that open to everybody, by the `TimedRelease` at `contract`: the one that its
/// `policy()` returns, computed without asking it.
///
/// # Errors
/// [`PolicyError`], never with today's rules: the policy is well formed for every chain and address.
pub fn timed_release_policy(chain: ChainId, contract: Address) -> Result<Policy, PolicyError> {
    Policy::from_json(&format!(
        r#"{{ "version": 1, "rule": {{ "call": {{ "chain": {chain}, "to": "{contract}",
             "function": "isOpen(bytes32) view returns (bool)", "args": [":item"],
             "returns": {{ "==": true }} }} }} }}"#
    ))
}

impl Client {
    /// Asks a committee for an item's own key, which it gives to everybody once `policy` holds.
    ///
    /// The policy must ask nothing about the reader: no account is told, and none signs. Waits as
    /// [`Client::decrypt`] does for what is not final yet.
    ///
    /// # Errors
    /// [`Error::Denied`] while the policy does not hold; [`Error::NotForEverybody`] when it asks who is
    /// reading; [`Error::WrongNetwork`] when another network is pinned; [`Error`] otherwise.
    pub async fn release_key(
        &self,
        committee: &Locator,
        policy: &Policy,
        item: ItemId,
        options: &DecryptOptions,
    ) -> Result<ReleasedKey, Error> {
        if policy.needs_account() || policy.is_private() {
            return Err(Error::NotForEverybody);
        }
        let pinned = self.network().map(crate::NetworkFile::network_id);
        if let Some(wanted) = pinned.filter(|wanted| *wanted != committee.network()) {
            let found = vec![committee.network()];
            return Err(Error::WrongNetwork { wanted, found });
        }
        let lock = Whole {
            committee: *committee,
            policy: policy.digest(),
            item,
        };
        let batch = Batch::of(&lock);
        let granted = self.open_batch(&Nobody, &batch, policy, options).await?;
        let key = granted.keys.into_iter().next().flatten();
        Ok(ReleasedKey {
            key: key.ok_or(Error::Unopenable)?,
            committee: granted.committee,
            item,
            tally: granted.tally,
            receipts: granted.receipts,
        })
    }
}

/// All that is sealed to an item under a policy.
struct Whole {
    committee: Locator,
    policy: PolicyDigest,
    item: ItemId,
}

impl Lock for Whole {
    type Key = ItemKey;

    fn locator(&self) -> &Locator {
        &self.committee
    }

    fn item(&self) -> &ItemId {
        &self.item
    }

    fn open(
        &self,
        keys: &CommitteeKeys,
        secret: &ReaderSecret,
        shares: &[Share],
        weights: &[u8; 32],
    ) -> Result<(ItemKey, Vec<NodeIndex>), OpenError> {
        let network: NetworkId = self.committee.network();
        let fingerprint = keys.network_key.fingerprint();
        let id = Identity::new(&network, &fingerprint, &self.policy, &self.item);
        let combined = combine_key(keys, secret, &id, shares, weights)?;
        Ok((combined.key, combined.culprits))
    }
}
