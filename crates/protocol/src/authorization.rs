//! How a request proves who is asking.

use alloy_primitives::Bytes;
use serde::{Deserialize, Serialize};

use crate::wire;

/// The proof that a request carries; not part of what is signed.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Authorization {
    /// Nobody asks: for policies that need no account, such as pure time locks.
    None {},
    /// The account signed the request's EIP-712 digest; for a contract account,
    /// whatever its EIP-1271 `isValidSignature` accepts.
    Wallet {
        /// 65 bytes `r ‖ s ‖ v` for a key; any bytes for a contract.
        #[serde(with = "wire::bytes")]
        signature: Bytes,
    },
}
