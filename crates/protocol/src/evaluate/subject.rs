//! Who asks, and for what.

use alloy_primitives::Address;
use stheno_crypto::ItemId;

use crate::{ChainId, Context, Proofs};

/// What a policy is judged with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// The proven account, if any; `:reader`.
    pub account: Option<Account>,
    /// The item asked for; `:item`.
    pub item: ItemId,
    /// The reader's values; `:name`.
    pub context: Context,
    /// What the request's proofs came to; none where nobody has verified any.
    pub proofs: Proofs,
}

/// An account whose consent was proven.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// The chain on which a contract account lives; a key's account lives on all.
    pub chain: ChainId,
    /// Key or contract.
    pub kind: AccountKind,
}

/// What controls an [`Account`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccountKind {
    /// A key: the same owner on every chain.
    Key,
    /// A contract: somebody else can own the same address on another chain.
    Contract,
}

impl Account {
    /// The address, where it can be trusted to be this account's on `chain`.
    #[must_use]
    pub fn on(&self, chain: ChainId) -> Option<Address> {
        match self.kind {
            AccountKind::Key => Some(self.address),
            AccountKind::Contract => (self.chain == chain).then_some(self.address),
        }
    }
}
