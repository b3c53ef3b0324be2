//! Delegations: a key that asks for an account for days, within a scope.

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use super::{
    DelegateKey, Scope,
    session::{bad, check_span},
};
use crate::{Account, Domain, Problem, request::flat_account, typed, wire};

/// Longest life of a delegation, in seconds: 30 days.
///
/// There is no way to take one back, so it must end by itself.
pub const MAX_DELEGATION: u64 = 30 * 24 * 3_600;

/// What an account signs to let another key ask for it. SPEC.md "Delegation".
///
/// The account is the one that the request names: it is signed, but not sent twice.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delegation {
    /// The key that asks.
    pub delegate: DelegateKey,
    /// What it may ask for.
    pub scope: Scope,
    /// When it begins, Unix seconds.
    pub not_before: u64,
    /// When it ceases, at most [`MAX_DELEGATION`] later.
    pub expires_at: u64,
    /// 32 random bytes.
    #[serde(with = "wire::fixed")]
    pub nonce: B256,
}

impl Delegation {
    /// What `account` signs (EIP-712), under `domain`.
    #[must_use]
    pub fn digest(&self, account: Account, domain: &Domain) -> B256 {
        typed::digest(&self.typed(account), domain)
    }

    /// The typed data that `account` signs.
    #[must_use]
    pub fn typed(&self, account: Account) -> typed::Delegation {
        let (account, chain, kind) = flat_account(Some(account));
        let (policies, items) = self.scope.words();
        let contracts = self.scope.contracts.iter();
        typed::Delegation {
            account,
            accountChain: chain,
            accountKind: kind,
            delegate: self.delegate.to_string(),
            policies,
            items,
            contracts: contracts
                .map(|at| typed::Application {
                    chainId: at.chain_id,
                    contractAddress: at.contract,
                })
                .collect(),
            notBefore: self.not_before,
            expiresAt: self.expires_at,
            nonce: self.nonce,
        }
    }

    /// Checks its scope's size and its length, and that it has begun and is not over at `now`.
    ///
    /// # Errors
    /// `bad_authorization`, `authorization_early`, `authorization_expired`.
    pub fn check_form(&self, now: u64) -> Result<(), Problem> {
        self.scope.check_size()?;
        let (from, until) = (self.not_before, self.expires_at);
        match until.checked_sub(from) {
            Some(1..=MAX_DELEGATION) => check_span(now, from, until, "delegation"),
            _ => Err(bad(format!(
                "the delegation is from {from} to {until}; it lasts 1 to {MAX_DELEGATION} s"
            ))),
        }
    }
}
