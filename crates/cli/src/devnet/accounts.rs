//! Accounts that everybody knows.
//!
//! These are the first accounts of anvil's and Hardhat's default mnemonic,
//! `test test test test test test test test test test test junk`. Their keys are
//! printed in every manual: **they are worth nothing and protect nothing**, and
//! using them anywhere else gives the money away. They make a devnet's accounts
//! and contract addresses the same on every machine and every day.

use alloy::{
    primitives::Address,
    signers::local::{LocalSignerError, PrivateKeySigner},
};
use serde::Serialize;

/// A development account: a public "secret" key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DevAccount {
    /// What the devnet uses it for.
    pub role: &'static str,
    /// Its address.
    pub address: Address,
    /// Its well-known private key, `0x` hex.
    pub well_known_key: &'static str,
}

/// Deploys the contracts, and owns the committee and the access pass.
pub const OWNER: DevAccount = DevAccount {
    role: "owner of the committee and of the access pass",
    address: Address::new(alloy::primitives::hex!(
        "f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    )),
    well_known_key: "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
};

/// Holds an access pass from the start.
pub const READER: DevAccount = DevAccount {
    role: "reader who holds an access pass",
    address: Address::new(alloy::primitives::hex!(
        "70997970C51812dc3A010C7d01b50e0d17dc79C8"
    )),
    well_known_key: "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
};

/// Holds none, and has the money to buy one.
pub const STRANGER: DevAccount = DevAccount {
    role: "reader without an access pass",
    address: Address::new(alloy::primitives::hex!(
        "3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
    )),
    well_known_key: "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
};

/// All of them.
pub const ALL: [DevAccount; 3] = [OWNER, READER, STRANGER];

impl DevAccount {
    /// A signer for it.
    ///
    /// # Errors
    /// Never, for the constants of this module; the parser cannot know.
    pub fn signer(&self) -> Result<PrivateKeySigner, LocalSignerError> {
        self.well_known_key.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_account_addresses_match_their_keys() {
        for account in ALL {
            assert_eq!(account.signer().unwrap().address(), account.address);
        }
    }
}
