//! A recipient with a shared 256-bit key (−5): AES key wrap, RFC 3394.

use aes_kw::cipher::consts::U32;
use aes_kw::{KeyInit, KwAes256};
use hkdf::Hkdf;
use sha2::Sha256;
use stheno_crypto::Cek;
use zeroize::Zeroizing;

use super::key_text::{ParseKeyError, from_hex};
use super::{Entry, Field, Recipient};
use crate::cbor::write::Writer;
use crate::{EnvelopeError, labels};

/// A 256-bit key that owner and reader share.
pub struct SharedKey(Zeroizing<[u8; 32]>);

impl SharedKey {
    /// Takes 32 random bytes; never a password.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads 64 hex digits.
    ///
    /// # Errors
    /// [`ParseKeyError::Form`].
    pub fn from_hex(text: &str) -> Result<Self, ParseKeyError> {
        from_hex(text).map(Self).ok_or(ParseKeyError::Form)
    }

    /// A name for the key that gives nothing of it away, to be used as `kid`:
    /// `HKDF-SHA-256(ikm = key, salt = none, info = tag, 8)`.
    pub fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        #[allow(clippy::expect_used, reason = "8 bytes are less than 255 hashes")]
        Hkdf::<Sha256>::new(None, self.0.as_slice())
            .expand(labels::SHARED_KEY_ID_TAG.as_bytes(), &mut id)
            .expect("HKDF gives 8 bytes");
        id
    }
}

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedKey(<redacted>)")
    }
}

/// The content-encryption key, wrapped under a shared key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Aes256KwRecipient {
    pub(super) entry: Entry,
}

impl Aes256KwRecipient {
    /// Wraps `cek`. `kid` tells the reader which key it was; it is public.
    pub fn wrap(key: &SharedKey, kid: &[u8], cek: &Cek) -> Self {
        // RFC 9053 wants an empty protected header here; the format's other
        // tools write the algorithm into it, and look for it only there.
        let protected = Writer::new()
            .map(1)
            .integer(labels::ALG)
            .integer(labels::A256KW)
            .finish();
        let wrapped = wrap(&key.0, cek);
        Self {
            entry: Entry::new(labels::A256KW, protected, &[Field::Kid(kid)], &wrapped),
        }
    }

    /// Recovers the content-encryption key.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwrap`].
    pub fn unwrap(&self, key: &SharedKey) -> Result<Cek, EnvelopeError> {
        unwrap(&key.0, &self.entry.wrapped)
    }
}

impl From<Aes256KwRecipient> for Recipient {
    fn from(recipient: Aes256KwRecipient) -> Self {
        Self::Aes256Kw(recipient)
    }
}

/// RFC 3394 §2.2.1.
pub(super) fn wrap(key: &[u8; 32], cek: &Cek) -> [u8; 40] {
    KwAes256::new(key.into())
        .wrap_fixed_key::<U32>(cek.expose_secret().into())
        .into()
}

/// RFC 3394 §2.2.2.
pub(super) fn unwrap(key: &[u8; 32], wrapped: &[u8]) -> Result<Cek, EnvelopeError> {
    let wrapped: &[u8; 40] = wrapped.try_into().map_err(|_| EnvelopeError::Unwrap)?;
    let mut cek = Zeroizing::new([0; 32]);
    KwAes256::new(key.into())
        .unwrap_key(wrapped, cek.as_mut_slice())
        .map_err(|_| EnvelopeError::Unwrap)?;
    Ok(Cek::from_bytes(*cek))
}
