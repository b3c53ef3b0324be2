//! Keys that ask: made for it, and worth nothing when what names them is over.

use std::fmt;

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Signer as _;
use stheno_protocol::{B256, Bytes, DelegateKey};
use zeroize::Zeroizing;

use crate::{
    bounds::{BoxFuture, Shareable},
    entropy::fresh,
    wallet::{Wallet, WalletError},
};

/// Who holds the key that a session or a delegation names, wherever it is: an [`AskingKey`] in memory,
/// or a key that never leaves its place, such as a browser's, which no script can read.
///
/// With WebCrypto: `generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"])`, and
/// `sign({ name: "ECDSA", hash: "SHA-256" }, key, digest)`, which gives the 64 bytes that are wanted.
pub trait KeyHolder: Shareable {
    /// The public key.
    fn public(&self) -> DelegateKey;

    /// Signs the 32 bytes of a request's digest, as [`DelegateKey::verify`] has it.
    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Bytes, WalletError>>;
}

/// A signature of the holder's key, which is looked at here: nodes would only refuse another.
pub(super) async fn key_signature(
    holder: &dyn KeyHolder,
    digest: B256,
) -> Result<Bytes, WalletError> {
    let signature = holder.sign(digest).await?;
    let verified = holder.public().verify(digest, &signature);
    verified.map_err(|error| sign(format!("its key does not fit: {error}")))?;
    Ok(signature)
}

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
pub struct AskingKey {
    secret: Secret,
    public: DelegateKey,
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Secp256k1(PrivateKeySigner),
}

/// How the text of a secret key begins.
const TEXT: &str = "STHENO-ASKING-KEY-1:";

impl KeyType {
    const NAMES: [(Self, &'static str); 3] = [
        (Self::P256, "p256"),
        (Self::Ed25519, "ed25519"),
        (Self::Secp256k1, "secp256k1"),
    ];
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
        Ok(match kind {
            KeyType::P256 => {
                let key = p256::ecdsa::SigningKey::from_slice(bytes).map_err(|_| range())?;
                let point = key.verifying_key().to_encoded_point(true);
                let point = point.as_bytes().try_into();
                Self {
                    // A compressed point has 33 bytes.
                    public: DelegateKey::P256(point.map_err(|_| range())?),
                    secret: Secret::P256(key),
                }
            }
            KeyType::Ed25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(bytes);
                Self {
                    public: DelegateKey::Ed25519(key.verifying_key().to_bytes()),
                    secret: Secret::Ed25519(key),
                }
            }
            KeyType::Secp256k1 => {
                Self::of_signer(PrivateKeySigner::from_slice(bytes).map_err(|_| range())?)
            }
        })
    }

    /// A wallet's own key, for a delegation to the wallet's address.
    #[must_use]
    pub fn of_wallet(wallet: &Wallet) -> Self {
        Self::of_signer(wallet.signer().clone())
    }

    fn of_signer(signer: PrivateKeySigner) -> Self {
        Self {
            public: DelegateKey::Secp256k1(signer.address()),
            secret: Secret::Secp256k1(signer),
        }
    }

    /// The secret as text, for a file that its owner alone can read.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        let name = match &self.secret {
            Secret::P256(key) => {
                bytes.copy_from_slice(&key.to_bytes());
                "p256"
            }
            Secret::Ed25519(key) => {
                bytes.copy_from_slice(key.as_bytes());
                "ed25519"
            }
            Secret::Secp256k1(key) => {
                bytes.copy_from_slice(key.credential().to_bytes().as_slice());
                "secp256k1"
            }
        };
        let mut digits = Zeroizing::new([0; 64]);
        let mut text = Zeroizing::new(String::with_capacity(TEXT.len() + name.len() + 65));
        text.push_str(TEXT);
        text.push_str(name);
        text.push(':');
        // 32 bytes have 64 digits, and digits are text.
        if hex::encode_to_slice(bytes.as_slice(), digits.as_mut_slice()).is_ok() {
            text.push_str(std::str::from_utf8(digits.as_slice()).unwrap_or_default());
        }
        text
    }

    /// Reads [`AskingKey::expose_text`].
    ///
    /// # Errors
    /// [`WalletError::NotAKey`]; the text is not repeated.
    pub fn from_text(text: &str) -> Result<Self, WalletError> {
        let not = |why| WalletError::NotAKey {
            place: "the text".to_owned(),
            why,
        };
        let rest = text.trim().strip_prefix(TEXT);
        let rest = rest.ok_or_else(|| not("it does not begin with STHENO-ASKING-KEY-1"))?;
        let (name, digits) = rest
            .split_once(':')
            .ok_or_else(|| not("it names no kind of key"))?;
        let kind = KeyType::NAMES.into_iter().find(|(_, known)| *known == name);
        let (kind, _) = kind.ok_or_else(|| not("it names a kind that is not known here"))?;
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, bytes.as_mut_slice())
            .map_err(|_| not("it is not 64 hex digits"))?;
        Self::from_bytes(kind, &bytes)
    }

    /// The public key, as sessions and delegations name it.
    #[must_use]
    pub const fn public(&self) -> DelegateKey {
        self.public
    }

    fn sign_now(&self, digest: B256) -> Result<Bytes, WalletError> {
        Ok(match &self.secret {
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

impl KeyHolder for AskingKey {
    fn public(&self) -> DelegateKey {
        self.public
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Bytes, WalletError>> {
        Box::pin(async move { self.sign_now(digest) })
    }
}

impl fmt::Debug for AskingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskingKey")
            .field("public", &self.public.to_string())
            .field("secret", &"<redacted>")
            .finish()
    }
}

pub(super) fn sign(why: String) -> WalletError {
    WalletError::Sign { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_survives_its_text_in_every_kind() {
        for (kind, name) in KeyType::NAMES {
            let key = AskingKey::random(kind).unwrap();
            let text = key.expose_text();
            assert!(text.starts_with(&format!("{TEXT}{name}:")), "{name}");
            let again = AskingKey::from_text(&format!(" {}\n", *text)).unwrap();
            assert_eq!(again.public(), key.public());
        }
        let wallet = Wallet::random().unwrap();
        let public = AskingKey::of_wallet(&wallet).public();
        assert_eq!(public, DelegateKey::Secp256k1(wallet.address()));
    }

    #[test]
    fn text_that_is_no_key_is_refused_and_not_repeated() {
        let zeros = "0".repeat(64);
        let digits = "1b".repeat(32);
        for text in [
            String::new(),
            digits.clone(),
            format!("{TEXT}{digits}"),
            format!("{TEXT}rsa:{digits}"),
            format!("{TEXT}p256:{}", &digits[1..]),
            format!("{TEXT}p256:{zeros}"),
        ] {
            let error = AskingKey::from_text(&text).unwrap_err();
            assert!(matches!(error, WalletError::NotAKey { .. }), "{text}");
            assert!(!error.to_string().contains(&digits[1..]), "{error}");
        }
    }
}
