//! Delegations: what an owner signs for somebody else's key, and that key as a reader.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stheno_protocol::{
    Account, AccountKind, Address, Authorization, B256, Bytes, ChainId, DelegateKey, Delegation,
    Domain, Request, Scope, signature,
};

use super::{
    KeyHolder, Owner,
    key::{key_signature, sign},
    no_consent,
};
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
        let draft = Self::draft(account, delegate, scope, now, lifetime)?;
        draft.signed_by(owner, domain).await
    }

    /// What `account` is to sign, with the arguments of [`Grant::sign`]: for an owner who signs
    /// elsewhere.
    ///
    /// # Errors
    /// [`WalletError::Sign`] when the operating system gives no randomness.
    pub fn draft(
        account: Account,
        delegate: DelegateKey,
        scope: Scope,
        now: u64,
        lifetime: u64,
    ) -> Result<Self, WalletError> {
        let nonce = fresh::<32>().map_err(|error| sign(error.to_string()))?;
        Ok(Self {
            account: account.address,
            account_chain: account.chain,
            is_contract: account.kind == AccountKind::Contract,
            delegation: Delegation {
                delegate,
                scope,
                not_before: now,
                expires_at: now.saturating_add(lifetime),
                nonce: B256::from(*nonce),
            },
            signature: Bytes::new(),
        })
    }

    /// Lets the owner of its account sign.
    ///
    /// # Errors
    /// [`WalletError::Sign`].
    pub async fn signed_by(
        mut self,
        owner: &dyn Owner,
        domain: &Domain,
    ) -> Result<Self, WalletError> {
        let signing = owner.sign_delegation(&self.delegation, self.account(), domain);
        self.signature = signing.await?;
        Ok(self)
    }

    /// With a signature that was made elsewhere. Of a contract only its chain can tell whose it is.
    ///
    /// # Errors
    /// [`WalletError::NoConsent`] when it is not the account's.
    pub fn signed(mut self, signature: Bytes, domain: &Domain) -> Result<Self, WalletError> {
        self.signature = match (self.is_contract, signature.as_ref()) {
            // Some wallets count from 0.
            (false, [rs @ .., v @ (0 | 1)]) if rs.len() == 64 => [rs, &[*v + 27]].concat().into(),
            _ => signature,
        };
        if !self.is_contract {
            let digest = self.delegation.digest(self.account(), domain);
            signature::verify(digest, &self.signature, self.account)
                .map_err(|error| no_consent(&error))?;
        }
        Ok(self)
    }

    /// Whether somebody signed it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        !self.signature.is_empty()
    }

    /// What the account is to sign, as `eth_signTypedData_v4` takes it.
    #[must_use]
    pub fn typed_data(&self, domain: &Domain) -> Value {
        self.delegation.typed_data(self.account(), domain)
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
pub struct Delegate {
    grant: Grant,
    key: Box<dyn KeyHolder>,
}

impl Delegate {
    /// The reader that `grant` makes of the holder of `key`.
    ///
    /// # Errors
    /// [`WalletError::NotAKey`] when the grant is for another key, [`WalletError::NoConsent`] when
    /// nobody signed it.
    pub fn new(grant: Grant, key: impl KeyHolder + 'static) -> Result<Self, WalletError> {
        if !grant.is_signed() {
            return Err(no_consent(&"the delegation is not signed yet"));
        }
        if key.public() != grant.delegation.delegate {
            return Err(WalletError::NotAKey {
                place: "the delegate's key".to_owned(),
                why: "the grant is for another one",
            });
        }
        let key = Box::new(key);
        Ok(Self { grant, key })
    }
}

impl fmt::Debug for Delegate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delegate")
            .field("grant", &self.grant)
            .field("key", &"<redacted>")
            .finish()
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
                key_signature: key_signature(&*self.key, request.digest(domain)).await?,
            })
        })
    }
}
