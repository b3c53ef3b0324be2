//! Keys, addresses, signatures.

use alloy_primitives::{Address, B256, keccak256};
use k256::ecdsa::SigningKey;

/// Somebody with a key, who on Filecoin has an `f410` address and sends Ethereum's transactions.
#[derive(Clone, Debug)]
pub struct Person {
    key: SigningKey,
    /// Of the key.
    pub address: Address,
}

impl Person {
    /// The same name is the same person, in every run.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let key = SigningKey::from_slice(keccak256(name).as_slice()).expect("a scalar");
        let address = Address::from_public_key(key.verifying_key());
        Self { key, address }
    }

    /// Several of them, numbered from 1.
    #[must_use]
    pub fn many(name: &str, count: u16) -> Vec<Self> {
        (1..=count)
            .map(|number| Self::named(&format!("{name} {number}")))
            .collect()
    }

    /// `r ‖ s ‖ v`, with a low `s`.
    #[must_use]
    pub fn sign(&self, digest: B256) -> Vec<u8> {
        let (signature, parity) = self
            .key
            .sign_prehash_recoverable(digest.as_slice())
            .expect("a digest of 32 bytes");
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(27 + parity.to_byte());
        bytes
    }
}

/// How the FEVM shows an actor that has no Ethereum address.
#[must_use]
pub fn masked(actor: u64) -> Address {
    let mut bytes = [0; 20];
    bytes[0] = 0xff;
    bytes[12..].copy_from_slice(&actor.to_be_bytes());
    Address::from(bytes)
}

/// The precompile with this number.
#[must_use]
pub fn precompile(number: u8) -> Address {
    Address::with_last_byte(number)
}
