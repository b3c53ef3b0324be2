//! Keys that ask: made for it, and worth nothing when what names them is over.

use std::fmt;

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Signer as _;
use stheno_protocol::{B256, Bytes, DelegateKey};
use zeroize::Zeroizing;

use crate::{entropy::fresh, wallet::WalletError};

/// A kind of key.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyType {
    /// NIST P-256, as browsers make it.
    P256,
    /// Ed25519.
    Ed25519,
    /// secp256k1, as Ethereum's accounts have it.
    Secp256k1,
}

/// A secret key that a session or a delegation names. Wiped when dropped.
pub struct AskingKey(Secret);

enum Secret {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Secp256k1(PrivateKeySigner),
}

impl AskingKey {
    /// Makes a fresh key, which nobody else knows and nothing keeps.
    ///
    /// # Errors
    /// [`WalletError::Sign`] when the operating system gives no randomness.
    pub fn random(kind: KeyType) -> Result<Self, WalletError> {
        let seed: Zeroizing<[u8; 32]> = fresh().map_err(|error| sign(error.to_string()))?;
        Self::from_bytes(kind, &seed)
    }

    /// The key of these 32 bytes: the scalar, big-endian, or Ed25519's seed.
    ///
    /// # Errors
    /// [`WalletError::NotAKey`] when the scalar is zero or too large.
    pub fn from_bytes(kind: KeyType, bytes: &[u8; 32]) -> Result<Self, WalletError> {
        let range = || WalletError::NotAKey {
            place: "the key's bytes".to_owned(),
            why: "it is zero or too large",
        };
        Ok(Self(match kind {
            KeyType::P256 => {
                Secret::P256(p256::ecdsa::SigningKey::from_slice(bytes).map_err(|_| range())?)
            }
            KeyType::Ed25519 => Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(bytes)),
            KeyType::Secp256k1 => {
                Secret::Secp256k1(PrivateKeySigner::from_slice(bytes).map_err(|_| range())?)
            }
        }))
    }

    /// The public key, as sessions and delegations name it.
    ///
    /// # Errors
    /// [`WalletError::Sign`], never with today's libraries: a compressed point has 33 bytes.
    pub fn public(&self) -> Result<DelegateKey, WalletError> {
        Ok(match &self.0 {
            Secret::P256(key) => {
                let point = key.verifying_key().to_encoded_point(true);
                let bytes = point.as_bytes().try_into();
                DelegateKey::P256(
                    bytes.map_err(|_| sign("the point has another length".to_owned()))?,
                )
            }
            Secret::Ed25519(key) => DelegateKey::Ed25519(key.verifying_key().to_bytes()),
            Secret::Secp256k1(key) => DelegateKey::Secp256k1(key.address()),
        })
    }

    /// Signs a request's digest, as [`DelegateKey::verify`] has it.
    pub(super) fn sign(&self, digest: B256) -> Result<Bytes, WalletError> {
        Ok(match &self.0 {
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(digest.as_slice());
                signature.to_bytes().to_vec().into()
            }
            Secret::Ed25519(key) => key.sign(digest.as_slice()).to_bytes().into(),
            Secret::Secp256k1(key) => {
                let signature = key.sign_hash_sync(&digest);
                let signature = signature.map_err(|error| sign(error.to_string()))?;
                signature.as_bytes().into()
            }
        })
    }
}

impl fmt::Debug for AskingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskingKey")
            .field("public", &self.public().ok().map(|key| key.to_string()))
            .field("secret", &"<redacted>")
            .finish()
    }
}

pub(super) fn sign(why: String) -> WalletError {
    WalletError::Sign { why }
}
