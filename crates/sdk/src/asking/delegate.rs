//! Delegations: what an owner signs for somebody else's key, and that key as a reader.

use serde::{Deserialize, Serialize};
use stheno_protocol::{
    Account, AccountKind, Address, Authorization, B256, Bytes, ChainId, DelegateKey, Delegation,
    Domain, Request, Scope,
};

use super::{AskingKey, Owner, key::sign};
use crate::{
    bounds::BoxFuture,
    entropy::fresh,
    wallet::{Reader, WalletError},
};

/// What an owner has signed for another's key; as JSON it can be handed over. No secret.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    account: Address,
    account_chain: ChainId,
    is_contract: bool,
    delegation: Delegation,
    signature: Bytes,
}

impl Grant {
    /// Lets `owner` sign that `delegate` may ask the network of `domain` for what `scope` names,
    /// from `now` (Unix seconds) on for `lifetime` seconds: at most 2,592,000, 30 days.
    ///
    /// It cannot be taken back, so name little and end soon.
    ///
    /// # Errors
    /// [`WalletError::Sign`] when the owner has no account or does not sign.
    pub async fn sign(
        owner: &dyn Owner,
        delegate: DelegateKey,
        scope: Scope,
        domain: &Domain,
        now: u64,
        lifetime: u64,
    ) -> Result<Self, WalletError> {
        let account = owner
            .account(domain.chain_id)
            .ok_or_else(|| sign("there is no account".to_owned()))?;
        let nonce = fresh::<32>().map_err(|error| sign(error.to_string()))?;
        let delegation = Delegation {
            delegate,
            scope,
            not_before: now,
            expires_at: now.saturating_add(lifetime),
            nonce: B256::from(*nonce),
        };
        let signature = owner.sign_delegation(&delegation, account, domain).await?;
        Ok(Self {
            account: account.address,
            account_chain: account.chain,
            is_contract: account.kind == AccountKind::Contract,
            delegation,
            signature,
        })
    }

    /// The account that consents.
    #[must_use]
    pub const fn account(&self) -> Account {
        Account {
            address: self.account,
            chain: self.account_chain,
            kind: match self.is_contract {
                true => AccountKind::Contract,
                false => AccountKind::Key,
            },
        }
    }

    /// To what it consents.
    #[must_use]
    pub const fn delegation(&self) -> &Delegation {
        &self.delegation
    }
}

/// A key that asks for somebody else's account. A [`Reader`].
#[derive(Debug)]
pub struct Delegate {
    grant: Grant,
    key: AskingKey,
}

impl Delegate {
    /// The reader that `grant` makes of the holder of `key`.
    ///
    /// # Errors
    /// [`WalletError::NotAKey`] when the grant is for another key.
    pub fn new(grant: Grant, key: AskingKey) -> Result<Self, WalletError> {
        if key.public()? != grant.delegation.delegate {
            return Err(WalletError::NotAKey {
                place: "the delegate's key".to_owned(),
                why: "the grant is for another one",
            });
        }
        Ok(Self { grant, key })
    }
}

impl Reader for Delegate {
    fn account(&self, _chain: ChainId) -> Option<Account> {
        Some(self.grant.account())
    }

    fn authorize<'a>(
        &'a self,
        request: &'a Request,
        domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Authorization, WalletError>> {
        Box::pin(async move {
            Ok(Authorization::Delegation {
                delegation: self.grant.delegation.clone(),
                signature: self.grant.signature.clone(),
                key_signature: self.key.sign(request.digest(domain))?,
            })
        })
    }
}
