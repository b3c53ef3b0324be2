//! Who asks: the account whose right a policy judges, and its consent to one request.

use stheno_protocol::{Account, Authorization, Bytes, ChainId, Domain, Policy, Request};

use crate::{
    bounds::{BoxFuture, Shareable},
    private::{Claim, ProveError, Purpose},
};

/// Somebody who asks for shares.
///
/// A [`Wallet`] signs with a key that it holds; [`Nobody`] is for policies that ask nothing about
/// the reader; a [`PrivateReader`](crate::private::PrivateReader) proves a right without showing an account. A browser wallet or
/// a hardware key implements this trait.
pub trait Reader: Shareable {
    /// The account, if there is one; `chain` is the chain of the committee that is asked.
    fn account(&self, chain: ChainId) -> Option<Account>;

    /// Proves that the account wants exactly this request, whose authorization is still empty.
    fn authorize<'a>(
        &'a self,
        request: &'a Request,
        domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Authorization, WalletError>>;

    /// Says what it is going to prove for a policy, and gets ready to: once, before anybody is asked, since
    /// a request does not live long. A reader without secrets proves nothing.
    fn prepare<'a>(
        &'a self,
        _purpose: &'a Purpose<'a>,
    ) -> BoxFuture<'a, Result<Vec<Claim>, ProveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Proves for this very request what it said that it would, by the names that proofs have in the
    /// context. They are made before the request is authorized.
    fn prove<'a>(
        &'a self,
        _request: &'a Request,
        _policy: &'a Policy,
        _claims: &'a [Claim],
    ) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, ProveError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A reader without an account: for policies such as a pure time lock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Reader for Nobody {
    fn account(&self, _chain: ChainId) -> Option<Account> {
        None
    }

    fn authorize<'a>(
        &'a self,
        _request: &'a Request,
        _domain: &'a Domain,
    ) -> BoxFuture<'a, Result<Authorization, WalletError>> {
        Box::pin(async { Ok(Authorization::None {}) })
    }
}

/// Why a wallet cannot be used. No variant shows a key or a passphrase.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The environment variable is not set.
    #[error("the environment variable {name} is not set")]
    NotSet {
        /// Its name.
        name: String,
    },
    /// It is no private key.
    #[error("{place} holds no private key: {why}")]
    NotAKey {
        /// Where the key was looked for.
        place: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The keystore cannot be read.
    #[error("keystore {path} cannot be read: {why}")]
    Keystore {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The passphrase is not the keystore's.
    #[error("the passphrase does not open keystore {path}")]
    Passphrase {
        /// The file.
        path: String,
    },
    /// A session or a delegation that its account did not sign, or that is none.
    #[error("{why}")]
    NoConsent {
        /// What is wrong with it.
        why: String,
    },
    /// Signing failed or was refused.
    #[error("the wallet did not sign: {why}")]
    Sign {
        /// Why.
        why: String,
    },
}

impl WalletError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotSet { .. } => "set it, or give a keystore",
            Self::NotAKey { .. } => "a private key is 64 hex digits, with or without 0x",
            Self::Keystore { .. } => {
                "a keystore is an encrypted JSON file, as geth and cast make it"
            }
            Self::Passphrase { .. } => "try the passphrase again",
            Self::NoConsent { .. } => "make another one",
            Self::Sign { .. } => "try again, and approve the request in the wallet",
        }
    }
}

#[cfg(feature = "wallet")]
pub use local::Wallet;

#[cfg(feature = "keystore")]
mod keystore;

#[cfg(feature = "wallet")]
mod local {
    use std::{env, fmt};

    use alloy::signers::{SignerSync, local::PrivateKeySigner};
    use stheno_protocol::{
        Account, AccountKind, Address, Authorization, B256, Bytes, ChainId, Delegation, Domain,
        Request, siwe::Message,
    };
    use zeroize::Zeroizing;

    use super::{Reader, WalletError};
    use crate::{
        asking::{Approver, Owner},
        bounds::BoxFuture,
    };

    /// A secp256k1 key in this process's memory, wiped when dropped.
    #[derive(Clone)]
    pub struct Wallet {
        signer: PrivateKeySigner,
    }

    impl Wallet {
        /// The environment variable that [`Wallet::from_env`] usually reads.
        pub const ENV: &'static str = "STHENO_PRIVATE_KEY";

        /// Reads a private key in hex from an environment variable, such as [`Wallet::ENV`].
        ///
        /// # Errors
        /// [`WalletError::NotSet`], [`WalletError::NotAKey`].
        pub fn from_env(name: &str) -> Result<Self, WalletError> {
            let text = env::var(name)
                .map(Zeroizing::new)
                .map_err(|error| match error {
                    env::VarError::NotPresent => WalletError::NotSet {
                        name: name.to_owned(),
                    },
                    env::VarError::NotUnicode(_) => not_a_key(name, "it is not text"),
                })?;
            Self::parse(&text, name)
        }

        /// Takes a private key in hex.
        ///
        /// # Errors
        /// [`WalletError::NotAKey`].
        pub fn from_private_key(hex: &str) -> Result<Self, WalletError> {
            Self::parse(hex, "the text")
        }

        /// Makes a wallet with a fresh key, which nobody else knows and nothing keeps.
        ///
        /// # Errors
        /// [`WalletError::Sign`] when the operating system gives no randomness.
        pub fn random() -> Result<Self, WalletError> {
            let failed = |why: String| WalletError::Sign { why };
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(bytes.as_mut()).map_err(|error| failed(error.to_string()))?;
            let signer = PrivateKeySigner::from_slice(bytes.as_ref())
                .map_err(|_| failed("the random key is out of range".to_owned()))?;
            Ok(Self { signer })
        }

        #[cfg(feature = "keystore")]
        pub(super) fn of(signer: PrivateKeySigner) -> Self {
            Self { signer }
        }

        pub(crate) fn signer(&self) -> &PrivateKeySigner {
            &self.signer
        }

        /// Sends transactions of this account.
        #[cfg(feature = "chain")]
        pub fn sender(&self, chain: stheno_chain::Chain) -> stheno_chain::Sender {
            stheno_chain::Sender::new(chain, self.signer.clone())
        }

        /// The account's address.
        pub fn address(&self) -> Address {
            self.signer.address()
        }

        pub(crate) fn sign(&self, digest: B256) -> Result<Bytes, WalletError> {
            let signature = self.signer.sign_hash_sync(&digest);
            let signature = signature.map_err(|error| WalletError::Sign {
                why: error.to_string(),
            })?;
            Ok(signature.as_bytes().into())
        }

        fn parse(text: &str, place: &str) -> Result<Self, WalletError> {
            let digits = text.trim();
            let digits = digits.strip_prefix("0x").unwrap_or(digits);
            let mut bytes = Zeroizing::new([0; 32]);
            hex::decode_to_slice(digits, bytes.as_mut())
                .map_err(|_| not_a_key(place, "it is not 64 hex digits"))?;
            let signer = PrivateKeySigner::from_slice(bytes.as_ref())
                .map_err(|_| not_a_key(place, "it is zero or too large"))?;
            Ok(Self { signer })
        }
    }

    impl Reader for Wallet {
        fn account(&self, chain: ChainId) -> Option<Account> {
            Some(Account {
                address: self.address(),
                chain,
                kind: AccountKind::Key,
            })
        }

        fn authorize<'a>(
            &'a self,
            request: &'a Request,
            domain: &'a Domain,
        ) -> BoxFuture<'a, Result<Authorization, WalletError>> {
            Box::pin(async move {
                let signature = self.sign(request.digest(domain))?;
                Ok(Authorization::Wallet { signature })
            })
        }
    }

    impl Owner for Wallet {
        fn sign_message<'a>(
            &'a self,
            message: &'a Message,
        ) -> BoxFuture<'a, Result<Bytes, WalletError>> {
            Box::pin(async move { self.sign(message.digest()) })
        }

        fn sign_delegation<'a>(
            &'a self,
            delegation: &'a Delegation,
            account: Account,
            domain: &'a Domain,
        ) -> BoxFuture<'a, Result<Bytes, WalletError>> {
            Box::pin(async move { self.sign(delegation.digest(account, domain)) })
        }
    }

    impl Approver for Wallet {
        fn approve(&self, digest: B256) -> BoxFuture<'_, Result<Bytes, WalletError>> {
            Box::pin(async move { self.sign(digest) })
        }
    }

    impl fmt::Debug for Wallet {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Wallet")
                .field("address", &self.address())
                .field("key", &"<redacted>")
                .finish()
        }
    }

    fn not_a_key(place: &str, why: &'static str) -> WalletError {
        WalletError::NotAKey {
            place: place.to_owned(),
            why,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

        #[test]
        fn wallet_has_the_address_of_its_key() {
            // The first account of the well-known test mnemonic "test test … junk".
            let wallet = Wallet::from_private_key(KEY).unwrap();
            assert_eq!(
                wallet.address().to_string(),
                "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
            );
            assert_eq!(
                Wallet::from_private_key(&format!(" 0x{KEY}\n"))
                    .unwrap()
                    .address(),
                wallet.address()
            );
        }

        #[test]
        fn wallet_is_refused_when_the_text_is_no_key() {
            for text in [
                "",
                "0x12",
                &"0".repeat(64),
                &"f".repeat(64),
                &format!("{KEY}00"),
            ] {
                let error = Wallet::from_private_key(text).unwrap_err();
                assert!(matches!(error, WalletError::NotAKey { .. }), "{text}");
                assert!(
                    text.len() < 8 || !error.to_string().contains(text),
                    "{error}"
                );
            }
        }

        #[test]
        fn wallet_debug_hides_the_key() {
            let shown = format!("{:?}", Wallet::from_private_key(KEY).unwrap());
            assert!(
                shown.contains("<redacted>") && !shown.contains(&KEY[..8]),
                "{shown}"
            );
        }

        #[test]
        fn wallet_from_env_names_the_variable_that_is_not_set() {
            let error = Wallet::from_env("STHENO_TEST_NOT_SET").unwrap_err();
            assert!(error.to_string().contains("STHENO_TEST_NOT_SET"), "{error}");
        }
    }
}
