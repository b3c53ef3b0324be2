//! Keys that sign requests in an account's stead.

use std::{fmt, str::FromStr};

use alloy_primitives::{Address, B256};
use p256::ecdsa::signature::Verifier;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{SignatureError, signature, wire};

/// A public key that an account names in a session or a delegation.
///
/// As text: `p256:` or `ed25519:` and the key, or `secp256k1:` and the key's
/// address, in `0x` and lower-case hex.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub enum DelegateKey {
    /// NIST P-256, compressed (SEC 1), which a browser can hold so that no script can read it.
    P256([u8; 33]),
    /// Ed25519 (RFC 8032).
    Ed25519([u8; 32]),
    /// secp256k1, named by the address of its Ethereum account.
    Secp256k1(Address),
}

/// Why a text names no key.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAKey {
    /// It begins with no known kind.
    #[error("a key begins with p256:, ed25519: or secp256k1:")]
    Kind,
    /// What follows is no bytes of the right number.
    #[error("the key is not {0}")]
    Bytes(String),
    /// The bytes are no public key.
    #[error("these bytes are no {0} public key")]
    Point(&'static str),
}

impl DelegateKey {
    /// Checks that this key signed a request's EIP-712 `digest`.
    ///
    /// P-256: ECDSA with SHA-256 over the digest's 32 bytes, as WebCrypto
    /// signs them, 64 bytes `r ‖ s`; WebCrypto does not normalise `s`, so both
    /// are accepted. Ed25519: over the 32 bytes, 64 bytes, verified strictly.
    /// secp256k1: the digest itself, as a [wallet](signature::recover) signs,
    /// `s` low. Nothing is keyed on a signature, so a twin of one is of no use.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, digest: B256, signature: &[u8]) -> Result<(), SignatureError> {
        let bytes = || -> Result<[u8; 64], SignatureError> {
            let length = SignatureError::DelegateLength(signature.len());
            signature.try_into().map_err(|_| length)
        };
        let valid = match self {
            Self::Secp256k1(address) => return signature::verify(digest, signature, *address),
            Self::P256(key) => {
                let bytes = bytes()?;
                p256::ecdsa::VerifyingKey::from_sec1_bytes(key)
                    .and_then(|key| {
                        let signature = p256::ecdsa::Signature::from_slice(&bytes)?;
                        key.verify(digest.as_slice(), &signature)
                    })
                    .is_ok()
            }
            Self::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_bytes(&bytes()?);
                ed25519_dalek::VerifyingKey::from_bytes(key)
                    .and_then(|key| key.verify_strict(digest.as_slice(), &signature))
                    .is_ok()
            }
        };
        match valid {
            true => Ok(()),
            false => Err(SignatureError::NotByDelegate(self.to_string())),
        }
    }
}

impl fmt::Display for DelegateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256(key) => write!(f, "p256:{}", wire::text(key)),
            Self::Ed25519(key) => write!(f, "ed25519:{}", wire::text(key)),
            Self::Secp256k1(address) => {
                write!(f, "secp256k1:{}", wire::text(address.as_slice()))
            }
        }
    }
}

impl FromStr for DelegateKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (kind, hex) = text.split_once(':').ok_or(NotAKey::Kind)?;
        if hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NotAKey::Bytes("in lower-case hex".to_owned()));
        }
        match kind {
            "p256" => {
                let key = wire::parse::<33>(hex).map_err(NotAKey::Bytes)?;
                // Compressed alone, so that a key has one name.
                let known = p256::ecdsa::VerifyingKey::from_sec1_bytes(&key);
                known
                    .map(|_| Self::P256(key))
                    .map_err(|_| NotAKey::Point("P-256"))
            }
            "ed25519" => {
                let key = wire::parse::<32>(hex).map_err(NotAKey::Bytes)?;
                match ed25519_dalek::VerifyingKey::from_bytes(&key) {
                    // A weak key accepts signatures that nobody made.
                    Ok(known) if !known.is_weak() => Ok(Self::Ed25519(key)),
                    _ => Err(NotAKey::Point("Ed25519")),
                }
            }
            "secp256k1" => {
                let address = wire::parse::<20>(hex).map_err(NotAKey::Bytes)?;
                match Address::from(address) {
                    Address::ZERO => Err(NotAKey::Point("secp256k1")),
                    address => Ok(Self::Secp256k1(address)),
                }
            }
            _ => Err(NotAKey::Kind),
        }
    }
}

impl Serialize for DelegateKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DelegateKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
