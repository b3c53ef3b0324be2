//! A recipient with an X25519 key (−31): ECDH-ES, then AES-256 key wrap. RFC 9053 §6.4.1.

use hkdf::Hkdf;
use sha2::Sha256;
use stheno_crypto::Cek;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{Entry, Field, Recipient, RecipientFields, UnknownRecipient, aes256kw};
use crate::cbor::{cursor::Cursor, write::Writer};
use crate::header::{Fields, unwritable};
use crate::{EnvelopeError, labels};

/// COSE_Key: key type, and its value for octet key pairs (RFC 9053 §7.2).
const KTY: i64 = 1;
const KTY_OKP: i64 = 1;
/// COSE_Key: curve, and its value for X25519.
const CRV: i64 = -1;
const CRV_X25519: i64 = 4;
/// COSE_Key: public key bytes.
const X: i64 = -2;

/// A reader's public X25519 key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct X25519Public([u8; 32]);

impl X25519Public {
    /// Takes the u-coordinate, little-endian (RFC 7748).
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The u-coordinate.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A reader's secret X25519 key.
pub struct X25519Secret(StaticSecret);

impl X25519Secret {
    /// Takes 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(StaticSecret::from(bytes))
    }

    /// The public half.
    pub fn public(&self) -> X25519Public {
        X25519Public(PublicKey::from(&self.0).to_bytes())
    }

    /// The key, to be stored by its owner.
    pub fn expose_secret(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for X25519Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("X25519Secret(<redacted>)")
    }
}

/// The content-encryption key, wrapped to an X25519 key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct X25519Recipient {
    pub(super) entry: Entry,
    ephemeral: [u8; 32],
}

impl X25519Recipient {
    /// Wraps `cek` to a public key. `kid`: how the reader finds its key; the
    /// public key itself is a good one. `ephemeral`: 32 fresh random bytes.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwritable`] when the public key is of low order.
    pub fn wrap(
        to: &X25519Public,
        kid: &[u8],
        cek: &Cek,
        ephemeral: &[u8; 32],
    ) -> Result<Self, EnvelopeError> {
        let secret = X25519Secret::from_bytes(*ephemeral);
        let shared = agree(&secret, to)
            .ok_or_else(|| unwritable("the X25519 key is of low order: use another"))?;
        let ephemeral = *secret.public().as_bytes();
        let protected = Writer::new()
            .map(1)
            .integer(labels::ALG)
            .integer(labels::ECDH_ES_A256KW)
            .finish();
        let wrapped = aes256kw::wrap(&derive(&shared, &protected), cek);
        let cose_key = Writer::new()
            .map(3)
            .integer(KTY)
            .integer(KTY_OKP)
            .integer(CRV)
            .integer(CRV_X25519)
            .integer(X)
            .bytes(&ephemeral)
            .finish();
        let loose = [Field::Kid(kid), Field::EphemeralKey(&cose_key)];
        Ok(Self {
            entry: Entry::new(labels::ECDH_ES_A256KW, protected, &loose, &wrapped),
            ephemeral,
        })
    }

    /// Recovers the content-encryption key.
    ///
    /// # Errors
    /// [`EnvelopeError::Unwrap`].
    pub fn unwrap(&self, secret: &X25519Secret) -> Result<Cek, EnvelopeError> {
        let ephemeral = X25519Public(self.ephemeral);
        let shared = agree(secret, &ephemeral).ok_or(EnvelopeError::Unwrap)?;
        let key = derive(&shared, &self.entry.protected);
        aes256kw::unwrap(&key, &self.entry.wrapped)
    }
}

impl From<X25519Recipient> for Recipient {
    fn from(recipient: X25519Recipient) -> Self {
        Self::X25519(recipient)
    }
}

/// Reads a recipient of algorithm −31; one of another curve is kept as unknown.
pub(super) fn decode(entry: Entry, fields: &RecipientFields<'_>) -> Recipient {
    let ephemeral = fields
        .either(labels::EPHEMERAL_KEY)
        .and_then(|key| x25519_key(key.rest()));
    // Identities and salts of RFC 9053 §5 would enter the derivation.
    let derivation = (-26..=-20).any(|label| fields.either(label).is_some());
    match ephemeral {
        Some(ephemeral) if !derivation => Recipient::X25519(X25519Recipient { entry, ephemeral }),
        _ => Recipient::Unknown(UnknownRecipient { entry }),
    }
}

/// The point of a COSE_Key on X25519.
fn x25519_key(cose_key: &[u8]) -> Option<[u8; 32]> {
    let key = Fields::new(cose_key)?;
    let integer = |label| {
        key.field(label)
            .and_then(|mut value: Cursor<'_>| value.integer())
    };
    if integer(KTY) == Some(KTY_OKP) && integer(CRV) == Some(CRV_X25519) {
        key.field(X)?.byte_array()
    } else {
        None
    }
}

/// X25519 (RFC 7748); `None` where the result is zero, since then anybody knows it.
pub(super) fn agree(secret: &X25519Secret, with: &X25519Public) -> Option<Zeroizing<[u8; 32]>> {
    let shared = secret.0.diffie_hellman(&PublicKey::from(with.0));
    shared
        .was_contributory()
        .then(|| Zeroizing::new(shared.to_bytes()))
}

/// `HKDF-SHA-256(ikm = shared secret, no salt, info = COSE_KDF_Context, 32)`.
pub(super) fn derive(secret: &[u8; 32], protected: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    #[allow(clippy::expect_used, reason = "32 bytes are less than 255 hashes")]
    Hkdf::<Sha256>::new(None, secret)
        .expand(&kdf_context(protected), key.as_mut_slice())
        .expect("HKDF gives 32 bytes");
    key
}

/// COSE_KDF_Context (RFC 9053 §5.2): nobody named, 256 bits for AES key wrap.
pub(super) fn kdf_context(protected: &[u8]) -> Vec<u8> {
    let nobody = |writer: Writer| writer.array(3).null().null().null();
    let mut context = Writer::new().array(4).integer(labels::A256KW);
    context = nobody(nobody(context));
    context.array(2).unsigned(256).bytes(protected).finish()
}
