//! Sessions: one signature of the owner, then an hour without them.

use std::fmt::Write as _;

use stheno_protocol::{
    Account, Authorization, Bytes, ChainId, Domain, NetworkId, Request, Scope,
    authorization::{MAX_SESSION, Session as Terms},
    siwe::Origin,
};

use super::{AskingKey, Owner, key::sign};
use crate::{
    bounds::BoxFuture,
    entropy::fresh,
    wallet::{Reader, WalletError},
};

/// What a session is to be.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The application that asks: its domain, such as `app.example`, which the owner's wallet
    /// compares with where it is.
    pub origin: Origin,
    /// The network whose nodes may be asked.
    pub network: NetworkId,
    /// The chain of that network's committee; for a contract account, its own chain is taken.
    pub chain: ChainId,
    /// What may be asked for. See [`Scope`].
    pub scope: Scope,
    /// When it begins: now, in Unix seconds.
    pub issued_at: u64,
    /// How long it lasts, in seconds: 1 to 3,600.
    pub lifetime: u64,
}

impl SessionOptions {
    /// An hour from `now` (Unix seconds) for the network of `domain`.
    #[must_use]
    pub const fn for_an_hour(origin: Origin, domain: &Domain, scope: Scope, now: u64) -> Self {
        Self {
            origin,
            network: domain.network,
            chain: domain.chain_id,
            scope,
            issued_at: now,
            lifetime: MAX_SESSION,
        }
    }
}

/// A key that asks for an account until the session is over. A [`Reader`].
#[derive(Debug)]
pub struct Session {
    terms: Terms,
    account: Account,
    message: String,
    signature: Bytes,
    key: AskingKey,
}

impl Session {
    /// Lets `owner` sign for `key`. They see the message once, and need not be asked again.
    ///
    /// # Errors
    /// [`WalletError::Sign`] when the owner has no account or does not sign, or when the session
    /// cannot be written; nodes refuse one that is too long or without a scope.
    pub async fn open(
        owner: &dyn Owner,
        key: AskingKey,
        options: SessionOptions,
    ) -> Result<Self, WalletError> {
        let account = owner
            .account(options.chain)
            .ok_or_else(|| sign("there is no account".to_owned()))?;
        let random = fresh::<16>().map_err(|error| sign(error.to_string()))?;
        let mut nonce = String::new();
        for byte in random.iter() {
            let _ = write!(nonce, "{byte:02x}");
        }
        let terms = Terms {
            origin: options.origin,
            account: account.address,
            chain: account.chain,
            key: key.public()?,
            network: options.network,
            scope: options.scope,
            issued_at: options.issued_at,
            expires_at: options.issued_at.saturating_add(options.lifetime),
            nonce: nonce
                .parse()
                .map_err(|_| sign("the nonce is none".to_owned()))?,
        };
        let message = terms
            .to_message()
            .map_err(|error| sign(error.to_string()))?;
        let signature = owner.sign_message(&message).await?;
        Ok(Self {
            message: message.to_string(),
            terms,
            account,
            signature,
            key,
        })
    }

    /// What the owner agreed to: the key, the scope, the times.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The message that the owner signed.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl Reader for Session {
    fn account(&self, _chain: ChainId) -> Option<Account> {
        Some(self.account)
    }

    fn authorize<'a>(
        &'a self,
        request: &'a Request,
        domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Authorization, WalletError>> {
        Box::pin(async move {
            Ok(Authorization::Session {
                message: self.message.clone(),
                signature: self.signature.clone(),
                key_signature: self.key.sign(request.digest(domain))?,
            })
        })
    }
}
