//! The contracts of Filecoin Onchain Cloud, where a network has them: what a `storage` condition
//! asks unless it names others.

use alloy_primitives::{Address, address};

use crate::ChainId;

/// PDPVerifier, which knows when a data set was last proven.
pub(crate) const fn pdp_verifier(chain: ChainId) -> Option<Address> {
    match chain {
        314 => Some(address!("0xBADd0B92C1c71d02E7d520f64c0876538fa2557F")),
        314_159 => Some(address!("0x85e366Cf9DD2c0aE37E963d9556F5f4718d6417C")),
        _ => None,
    }
}

/// FilecoinPayV1, which knows rails and the accounts that pay them.
pub(crate) const fn filecoin_pay(chain: ChainId) -> Option<Address> {
    match chain {
        314 => Some(address!("0x23b1e018F08BB982348b15a86ee926eEBf7F4DAa")),
        314_159 => Some(address!("0x09a0fDc2723fAd1A7b8e3e00eE5DF73841df55a0")),
        _ => None,
    }
}
