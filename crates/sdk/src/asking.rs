//! Asking in an account's stead: sessions, delegations, and accounts that are contracts.
//!
//! | who asks | how the account consents |
//! |---|---|
//! | [`Wallet`](crate::Wallet) | its key signs every request |
//! | [`Session`] | its owner signs one message, for an hour at most |
//! | [`Delegate`] | its owner signs a [`Grant`], for 30 days at most, and hands it over |
//! | [`ContractWallet`] | its contract accepts what its owner signs |
//!
//! The second and the third ask with a key that is theirs: an [`AskingKey`], or one that stays where it
//! is ([`KeyHolder`]).
//!
//! All of them are [`Reader`]s. Who can consent to the second and the third is an [`Owner`].

mod contract_wallet;
mod delegate;
mod key;
mod session;

use stheno_protocol::{Account, Bytes, Delegation, Domain, siwe::Message};

pub use contract_wallet::{Approver, ContractWallet, NotDeployed};
pub use delegate::{Delegate, Grant};
pub use key::{AskingKey, KeyHolder, KeyType};
pub use session::{Session, SessionDraft, SessionOptions};

use crate::{
    bounds::BoxFuture,
    wallet::{Reader, WalletError},
};

/// An account's owner, who can let other keys ask for it.
///
/// A browser wallet implements this with `personal_sign` and `eth_signTypedData_v4`.
pub trait Owner: Reader {
    /// Signs a message by EIP-191, after its owner has read it.
    fn sign_message<'a>(
        &'a self,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<Bytes, WalletError>>;

    /// Signs a delegation by EIP-712. `account` is the owner's.
    fn sign_delegation<'a>(
        &'a self,
        delegation: &'a Delegation,
        account: Account,
        domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Bytes, WalletError>>;
}

fn no_consent(why: &dyn std::fmt::Display) -> WalletError {
    WalletError::NoConsent {
        why: why.to_string(),
    }
}
