//! Whether a request's account wants it, as far as can be told without a chain.

use alloy_primitives::{Address, B256, Bytes};

use super::{Authorization, ContractConsent, Session};
use crate::{
    Account, AccountKind, Code, Domain, Policy, Problem, Request, SignatureError, signature,
    siwe::Message,
};

/// What a request's proof comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a contract account's consent is still to be asked for"]
pub enum Consent {
    /// No account is named, or its key consents.
    Given,
    /// A contract account must be asked, on its chain.
    OfContract(ContractConsent),
}

impl Request {
    /// Checks the proof of who asks, at `now` (Unix seconds); `policy` and `digest`, under `domain`,
    /// are the request's own, which the caller has at hand.
    ///
    /// Everything but what only the chain of a contract account can tell.
    ///
    /// # Errors
    /// `authorization_missing`, `signature_invalid`, `bad_authorization`, `wrong_network`,
    /// `authorization_early`, `authorization_expired`, `out_of_scope`.
    pub fn check_authorization(
        &self,
        domain: &Domain,
        digest: B256,
        policy: &Policy,
        now: u64,
    ) -> Result<Consent, Problem> {
        let Some(account) = self.account else {
            return match self.authorization {
                Authorization::None {} => Ok(Consent::Given),
                _ => Err(Problem::new(
                    Code::SignatureInvalid,
                    "the request is signed, but accountKind is none",
                )),
            };
        };
        match &self.authorization {
            Authorization::None {} => Err(Problem::new(
                Code::AuthorizationMissing,
                "the request carries no signature",
            )),
            Authorization::Wallet { signature } => {
                let signer = || signature::recover(digest, signature);
                consent(account, digest, signature, signer, "this request")
            }
            Authorization::Session {
                message,
                signature,
                key_signature,
            } => {
                let text = message;
                let message: Message = text
                    .parse()
                    .map_err(|error| super::session::bad(format!("{error}")))?;
                let session = Session::of_message(&message)?;
                session.check_times(now)?;
                self.check_session(&session, account)?;
                let scope = &session.scope;
                scope.check(&self.policy_digest(), policy, &self.items)?;
                check_key(digest, &session.key, key_signature)?;
                let signer = || signature::recover_message(text, signature);
                let digest = message.digest();
                consent(account, digest, signature, signer, "this session")
            }
            Authorization::Delegation {
                delegation,
                signature,
                key_signature,
            } => {
                delegation.check_form(now)?;
                let scope = &delegation.scope;
                scope.check(&self.policy_digest(), policy, &self.items)?;
                check_key(digest, &delegation.delegate, key_signature)?;
                let digest = delegation.digest(account, domain);
                let signer = || signature::recover(digest, signature);
                consent(account, digest, signature, signer, "this delegation")
            }
        }
    }

    fn check_session(&self, session: &Session, account: Account) -> Result<(), Problem> {
        if session.network != self.network {
            return Err(Problem::new(
                Code::WrongNetwork,
                format!(
                    "the session is for network {}, the request for {}",
                    session.network, self.network
                ),
            ));
        }
        if (session.account, session.chain) != (account.address, account.chain) {
            return Err(Problem::new(
                Code::SignatureInvalid,
                format!(
                    "the session is of {} on chain {}, the request of {} on chain {}",
                    session.account, session.chain, account.address, account.chain
                ),
            ));
        }
        Ok(())
    }
}

/// Checks that the key which asks in the account's stead signed the request.
fn check_key(digest: B256, key: &super::DelegateKey, signature: &[u8]) -> Result<(), Problem> {
    key.verify(digest, signature)
        .map_err(|error| invalid(format!("keySignature: {error}")))
}

/// What `account`'s signature of `digest` comes to.
fn consent(
    account: Account,
    digest: B256,
    signature: &Bytes,
    signer: impl FnOnce() -> Result<Address, SignatureError>,
    what: &str,
) -> Result<Consent, Problem> {
    match account.kind {
        AccountKind::Contract => {
            let (address, chain) = (account.address, account.chain);
            ContractConsent::new(address, chain, digest, signature).map(Consent::OfContract)
        }
        AccountKind::Key => {
            let signer = signer().map_err(|error| invalid(error.to_string()))?;
            if signer == account.address {
                return Ok(Consent::Given);
            }
            Err(invalid(format!(
                "the signature is by {signer} or for another one, not by {} for {what}",
                account.address
            )))
        }
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(Code::SignatureInvalid, detail)
}
