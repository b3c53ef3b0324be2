//! The ids that an access registry gives out (SPEC.md "Ids of a registry").
//!
//! An id is a hash of who may register it, so that whoever sees it in an envelope or a mempool cannot
//! register it for himself. The contract computes the same (`contracts/src/libraries/ItemIds.sol`);
//! the vectors `tests/vectors/protocol-registry-items.json` hold both to it.

use alloy_primitives::{Address, B256};
use sha2::{Digest, Sha256};
use stheno_crypto::ItemId;

use crate::{ChainId, labels};

/// The item that `owner` gets by `register(salt)`:
/// `SHA-256(length ‖ tag ‖ chain u64 BE ‖ registry 20 B ‖ owner 20 B ‖ salt 32 B)`.
///
/// It can be sealed to before it is registered. Nobody but `owner` can register it.
#[must_use]
pub fn item_id(chain: ChainId, registry: Address, owner: Address, salt: B256) -> ItemId {
    let parts = [owner.as_slice(), salt.as_slice()];
    ItemId::from_bytes(hash(labels::REGISTRY_ITEM, chain, registry, &parts))
}

/// The collection that `owner` gets by `createCollection(salt)`: like [`item_id`] under another tag.
///
/// Nothing is sealed to a collection, but to its [periods](period_id).
#[must_use]
pub fn collection_id(chain: ChainId, registry: Address, owner: Address, salt: B256) -> B256 {
    let parts = [owner.as_slice(), salt.as_slice()];
    B256::from(hash(labels::REGISTRY_COLLECTION, chain, registry, &parts))
}

/// The item of a collection's period:
/// `SHA-256(length ‖ tag ‖ chain u64 BE ‖ registry 20 B ‖ collection 32 B ‖ number u64 BE ‖ seed 32 B)`.
///
/// `number` is the period's, from 1. `seed` is what the registry drew when the period began, and
/// `periods` tells: who seals to a period recomputes its item from that.
#[must_use]
pub fn period_id(
    chain: ChainId,
    registry: Address,
    collection: B256,
    number: u64,
    seed: B256,
) -> ItemId {
    let number = number.to_be_bytes();
    let parts = [collection.as_slice(), &number, seed.as_slice()];
    ItemId::from_bytes(hash(labels::REGISTRY_PERIOD, chain, registry, &parts))
}

/// `SHA-256(length ‖ tag ‖ chain ‖ registry ‖ parts)`. Every part is of fixed width.
fn hash(tag: &str, chain: ChainId, registry: Address, parts: &[&[u8]]) -> [u8; 32] {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a test holds every tag under 256 bytes"
    )]
    let mut hash = Sha256::new_with_prefix([tag.len() as u8]);
    hash.update(tag);
    hash.update(chain.to_be_bytes());
    hash.update(registry);
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: Address = Address::repeat_byte(0x11);
    const OWNER: Address = Address::repeat_byte(0x22);
    const WORD: B256 = B256::repeat_byte(0x33);

    #[test]
    fn tags_fit_their_length() {
        for tag in [
            labels::REGISTRY_ITEM,
            labels::REGISTRY_COLLECTION,
            labels::REGISTRY_PERIOD,
        ] {
            assert!(tag.len() < 256, "{tag}");
        }
    }

    #[test]
    fn item_id_is_the_hash_of_its_parts_written_out() {
        let mut bytes = b"\x17STHENO-V1-REGISTRY-ITEM\0\0\0\0\0\0\x01\x3a".to_vec();
        bytes.extend([0x11; 20]);
        bytes.extend([0x22; 20]);
        bytes.extend([0x33; 32]);
        let wanted: [u8; 32] = Sha256::digest(bytes).into();
        assert_eq!(
            item_id(314, REGISTRY, OWNER, WORD),
            ItemId::from_bytes(wanted)
        );
    }

    #[test]
    fn ids_differ_in_whatever_they_are_made_of() {
        let other = Address::repeat_byte(0x44);
        let item = item_id(314, REGISTRY, OWNER, WORD);
        let other_items = [
            item_id(315, REGISTRY, OWNER, WORD),
            item_id(314, other, OWNER, WORD),
            item_id(314, REGISTRY, other, WORD),
            item_id(314, REGISTRY, OWNER, B256::ZERO),
            ItemId::from_bytes(collection_id(314, REGISTRY, OWNER, WORD).0),
        ];
        assert!(!other_items.contains(&item));
        let period = period_id(314, REGISTRY, WORD, 1, WORD);
        let other_periods = [
            period_id(315, REGISTRY, WORD, 1, WORD),
            period_id(314, other, WORD, 1, WORD),
            period_id(314, REGISTRY, B256::ZERO, 1, WORD),
            period_id(314, REGISTRY, WORD, 2, WORD),
            period_id(314, REGISTRY, WORD, 1, B256::ZERO),
        ];
        assert!(!other_periods.contains(&period));
    }
}
