//! Where a nullifier is unique, and which request a proof is for.
//!
//! Both are hashed from fixed fields, each of fixed width or preceded by its count, so that two
//! different values never have the same bytes.

use stheno_crypto::{ItemId, NetworkId, PolicyDigest};

use crate::{
    field::{BindingHash, ScopeHash},
    labels,
    xmd::hash_to_field,
};

/// Where a secret has one nullifier: a policy of a network, in one period.
///
/// With a new period everybody has a new nullifier, and none leads to that of another period.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scope {
    /// The committee.
    pub network: NetworkId,
    /// The policy.
    pub policy: PolicyDigest,
    /// The number of the period; 0 where the policy has none.
    pub period: u64,
}

impl Scope {
    /// `hash_to_field(tag; network ‖ policy ‖ period u64 BE)`.
    #[must_use]
    pub fn to_field(&self) -> ScopeHash {
        let message = [
            &self.network.as_bytes()[..],
            self.policy.as_bytes(),
            &self.period.to_be_bytes(),
        ];
        ScopeHash(hash_to_field(labels::SCOPE, &message.concat()))
    }
}

/// A block at which a request wants its conditions read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anchor {
    /// The chain.
    pub chain_id: u64,
    /// Confirmations that were asked for; 0 is finality.
    pub confirmations: u64,
    /// The block's number.
    pub number: u64,
    /// The block's hash.
    pub hash: [u8; 32],
}

/// The request that a proof is for, so that nobody takes it for another one.
///
/// Its reader key is made for one request; who sees the proof gains nothing without the secret
/// of that key. The account is none, always: a proof is what stands in its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binding {
    /// The committee asked.
    pub network: NetworkId,
    /// The committee's epoch.
    pub epoch: u64,
    /// The items whose keys are asked for, in the request's order.
    pub items: Vec<ItemId>,
    /// The reader's one-time key, compressed.
    pub reader_key: [u8; 48],
    /// The blocks, in the request's order.
    pub anchors: Vec<Anchor>,
    /// When the request ceases to be valid, Unix seconds.
    pub expires_at: u64,
}

/// The kind of an account where there is none.
const NO_ACCOUNT: u8 = 0;

impl Binding {
    /// `hash_to_field(tag; network ‖ epoch ‖ kind u8 ‖ count ‖ items ‖ reader key ‖ count ‖
    /// anchors ‖ expires at)`, where counts and numbers are u64 BE and an anchor is
    /// `chain ‖ confirmations ‖ number ‖ hash`.
    #[must_use]
    pub fn to_field(&self) -> BindingHash {
        let mut message = self.network.as_bytes().to_vec();
        message.extend(self.epoch.to_be_bytes());
        message.push(NO_ACCOUNT);
        message.extend((self.items.len() as u64).to_be_bytes());
        for item in &self.items {
            message.extend(item.as_bytes());
        }
        message.extend(self.reader_key);
        message.extend((self.anchors.len() as u64).to_be_bytes());
        for anchor in &self.anchors {
            message.extend(anchor.chain_id.to_be_bytes());
            message.extend(anchor.confirmations.to_be_bytes());
            message.extend(anchor.number.to_be_bytes());
            message.extend(anchor.hash);
        }
        message.extend(self.expires_at.to_be_bytes());
        BindingHash(hash_to_field(labels::BINDING, &message))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    type Change<T> = fn(&mut T);

    fn assert_all_differ<T: Clone, H: Ord>(
        base: &T,
        changes: &[Change<T>],
        hash: impl Fn(&T) -> H,
    ) {
        let mut seen = BTreeSet::from([hash(base)]);
        for (at, change) in changes.iter().enumerate() {
            let mut changed = base.clone();
            change(&mut changed);
            assert!(seen.insert(hash(&changed)), "change {at}");
        }
    }

    #[test]
    fn scope_changes_with_every_field() {
        let scope = Scope {
            network: NetworkId::from_bytes([1; 32]),
            policy: PolicyDigest::from_bytes([2; 32]),
            period: 3,
        };
        let changes: [Change<Scope>; 4] = [
            |scope| scope.network = NetworkId::from_bytes([9; 32]),
            |scope| scope.policy = PolicyDigest::from_bytes([9; 32]),
            |scope| scope.period = 4,
            |scope| scope.period = 3 << 56,
        ];
        assert_all_differ(&scope, &changes, Scope::to_field);
    }

    #[test]
    fn binding_changes_with_every_field_and_no_bytes_pass_from_one_to_the_next() {
        let anchor = Anchor {
            chain_id: 5,
            confirmations: 6,
            number: 7,
            hash: [8; 32],
        };
        let binding = Binding {
            network: NetworkId::from_bytes([1; 32]),
            epoch: 2,
            items: vec![ItemId::from_bytes([3; 32]), ItemId::from_bytes([4; 32])],
            reader_key: [5; 48],
            anchors: vec![anchor, anchor],
            expires_at: 9,
        };
        let changes: [Change<Binding>; 14] = [
            |binding| binding.network = NetworkId::from_bytes([9; 32]),
            |binding| binding.epoch = 3,
            |binding| binding.items.clear(),
            |binding| binding.items.truncate(1),
            |binding| binding.items.reverse(),
            |binding| binding.items.push(ItemId::from_bytes([4; 32])),
            |binding| binding.reader_key[47] ^= 1,
            |binding| binding.anchors.clear(),
            |binding| binding.anchors.truncate(1),
            |binding| binding.anchors[1].chain_id = 1,
            |binding| binding.anchors[1].confirmations = 1,
            |binding| binding.anchors[1].number = 1,
            |binding| binding.anchors[1].hash[0] ^= 1,
            |binding| binding.expires_at = 10,
        ];
        assert_all_differ(&binding, &changes, Binding::to_field);
    }
}
