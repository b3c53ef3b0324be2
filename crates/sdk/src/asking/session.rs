//! Sessions: one signature of the owner, then an hour without them.

use std::fmt::{self, Write as _};

use stheno_protocol::{
    Account, AccountKind, Authorization, Bytes, ChainId, Domain, NetworkId, Problem, Request,
    Scope,
    authorization::{MAX_SESSION, Session as Terms},
    signature::recover_message,
    siwe::{Message, Origin},
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
pub struct Session {
    terms: Terms,
    account: Account,
    message: String,
    signature: Bytes,
    key: Box<dyn KeyHolder>,
}

impl Session {
    /// Lets `owner` sign for `key`. They see the message once, and need not be asked again.
    ///
    /// # Errors
    /// [`WalletError::Sign`] when the owner has no account or does not sign, or when the session
    /// cannot be written; nodes refuse one that is too long or without a scope.
    pub async fn open(
        owner: &dyn Owner,
        key: impl KeyHolder + 'static,
        options: SessionOptions,
    ) -> Result<Self, WalletError> {
        let account = owner
            .account(options.chain)
            .ok_or_else(|| sign("there is no account".to_owned()))?;
        let draft = SessionDraft::new(account, &key, options)?;
        let signature = owner.sign_message(&draft.message).await?;
        Ok(draft.of(signature, key))
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

/// A session that its owner has not signed yet, or not here: a hardware wallet signs elsewhere.
#[derive(Clone, Debug)]
pub struct SessionDraft {
    terms: Terms,
    account: Account,
    message: Message,
}

impl SessionDraft {
    /// Writes the message that lets `key` ask for `account`. A contract's chain is its own, not
    /// that of the options.
    ///
    /// # Errors
    /// [`WalletError::Sign`] when it cannot be written.
    pub fn new(
        account: Account,
        key: &dyn KeyHolder,
        options: SessionOptions,
    ) -> Result<Self, WalletError> {
        let random = fresh::<16>().map_err(|error| sign(error.to_string()))?;
        let mut nonce = String::new();
        for byte in random.iter() {
            let _ = write!(nonce, "{byte:02x}");
        }
        let terms = Terms {
            origin: options.origin,
            account: account.address,
            chain: account.chain,
            key: key.public(),
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
        Ok(Self {
            terms,
            account,
            message,
        })
    }

    /// Reads a draft's message.
    ///
    /// # Errors
    /// [`WalletError::NoConsent`] when it is no session's, or another account's.
    pub fn of_text(account: Account, message: &str) -> Result<Self, WalletError> {
        let message: Message = message.parse().map_err(|error| no_consent(&error))?;
        let terms = Terms::of_message(&message).map_err(|problem| no_consent(&problem.detail))?;
        if (terms.account, terms.chain) != (account.address, account.chain) {
            return Err(no_consent(&"the message is another account's"));
        }
        Ok(Self {
            terms,
            account,
            message,
        })
    }

    /// What the owner is to sign by EIP-191 (`personal_sign`).
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// What it says.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Whose session it is to be.
    #[must_use]
    pub const fn account(&self) -> Account {
        self.account
    }

    /// Checks what every node will check at `now`, Unix seconds: form, scope, times.
    ///
    /// # Errors
    /// The problem that a node would answer with.
    pub fn check(&self, now: u64) -> Result<(), Problem> {
        Terms::of_message(&self.message)?.check_times(now)
    }

    /// Checks the account's signature. Of a contract only its chain can tell.
    ///
    /// # Errors
    /// [`WalletError::NoConsent`] when it is somebody else's.
    pub fn check_signature(&self, signature: &Bytes) -> Result<(), WalletError> {
        if self.account.kind == AccountKind::Contract {
            return Ok(());
        }
        let signer = recover_message(&self.message.to_string(), signature);
        let signer = signer.map_err(|error| no_consent(&error))?;
        match signer == self.account.address {
            true => Ok(()),
            false => Err(no_consent(&format_args!(
                "signed by {signer}, not by {}",
                self.account.address
            ))),
        }
    }

    /// The session, with the signature and the key that the message names.
    ///
    /// # Errors
    /// [`WalletError::NoConsent`] when one of them is not the one.
    pub fn signed(
        self,
        signature: Bytes,
        key: impl KeyHolder + 'static,
    ) -> Result<Session, WalletError> {
        self.check_signature(&signature)?;
        match key.public() == self.terms.key {
            true => Ok(self.of(signature, key)),
            false => Err(no_consent(&"the key is not the one that the message names")),
        }
    }

    fn of(self, signature: Bytes, key: impl KeyHolder + 'static) -> Session {
        Session {
            message: self.message.to_string(),
            terms: self.terms,
            account: self.account,
            signature,
            key: Box::new(key),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("terms", &self.terms)
            .field("account", &self.account)
            .field("key", &"<redacted>")
            .finish_non_exhaustive()
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
                key_signature: key_signature(&*self.key, request.digest(domain)).await?,
            })
        })
    }
}
