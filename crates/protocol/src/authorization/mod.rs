//! How a request proves who is asking. SPEC.md "Authorization".
//!
//! The account itself signs the request, or another key does that the account
//! named before: for an hour, in a message that its owner read (a
//! [`Session`]), or for longer, in a structure ([`Delegation`]). Those two
//! always have a [`Scope`]. What a contract account consents to, only its
//! chain can tell ([`ContractConsent`]).

mod check;
mod contract;
mod delegation;
mod key;
mod scope;
mod session;
#[cfg(test)]
mod tests;

use alloy_primitives::Bytes;
use serde::{Deserialize, Serialize};

pub use check::Consent;
pub use contract::{ContractConsent, MULTICALL3, MULTICALL3_CODE_HASH};
pub use delegation::{Delegation, MAX_DELEGATION};
pub use key::{DelegateKey, NotAKey};
pub use scope::{Application, MAX_SCOPE, Scope};
pub use session::{MAX_SESSION, SESSION_STATEMENT, Session, SessionError};

use crate::wire;

/// The proof that a request carries; not part of what is signed.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
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
    /// The account signed a message that names a key, and that key the request's digest.
    Session {
        /// The EIP-4361 message of a [`Session`].
        message: String,
        /// The account's signature of it: by EIP-191, or what EIP-1271 accepts.
        #[serde(with = "wire::bytes")]
        signature: Bytes,
        /// The session key's signature of the request. See [`DelegateKey::verify`].
        #[serde(with = "wire::bytes")]
        key_signature: Bytes,
    },
    /// The account signed a structure that names a key, and that key the request's digest.
    Delegation {
        /// What the account signed, but for the account itself, which is the request's.
        delegation: Delegation,
        /// The account's signature of its EIP-712 digest, or what EIP-1271 accepts.
        #[serde(with = "wire::bytes")]
        signature: Bytes,
        /// The delegate's signature of the request. See [`DelegateKey::verify`].
        #[serde(with = "wire::bytes")]
        key_signature: Bytes,
    },
}
