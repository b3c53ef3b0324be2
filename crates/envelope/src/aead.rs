//! The seam to the authenticated ciphers.
//!
//! ChaCha20-Poly1305 comes from RustCrypto everywhere; in WebAssembly its key
//! stream is ours, which uses the vectors that are there. AES-256-GCM comes from
//! AWS-LC on native targets, where it is several times faster, and from
//! RustCrypto in WebAssembly, where C does not go. All are tested against each
//! other and against Wycheproof.
//!
//! What is absent: nonces and framing; see [`body`](crate::body).

#[cfg(not(target_family = "wasm"))]
mod aes_native;
#[cfg(any(test, all(target_family = "wasm", target_feature = "simd128")))]
mod chacha;
mod rustcrypto;
#[cfg(test)]
mod tests;

use stheno_crypto::Cek;

use crate::Cipher;
use crate::cipher::{NONCE_BYTES, TAG_BYTES};

#[cfg(not(target_family = "wasm"))]
use aes_native::Aes256Gcm;
#[cfg(target_family = "wasm")]
type Aes256Gcm = rustcrypto::RustCrypto<aes_gcm::Aes256Gcm>;
#[cfg(not(all(target_family = "wasm", target_feature = "simd128")))]
type ChaCha20Poly1305 = rustcrypto::RustCrypto<chacha20poly1305::ChaCha20Poly1305>;
#[cfg(all(target_family = "wasm", target_feature = "simd128"))]
type ChaCha20Poly1305 = rustcrypto::RustCrypto<chacha::ChaCha20Poly1305>;

/// What a cipher does: everything out of place or in place, never with a copy.
trait Aead {
    fn new(key: &[u8; 32]) -> Self;

    /// Encrypts `plaintext` into `sealed`, which is 16 bytes longer.
    fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8], sealed: &mut [u8]);

    /// Encrypts in place and returns the tag.
    fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> [u8; TAG_BYTES];

    /// Decrypts `sealed` into `plaintext`, which is 16 bytes shorter. On
    /// failure the content of `plaintext` is without meaning.
    fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), Forged>;

    /// Decrypts in place.
    fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Forged>;
}

/// The ciphertext did not authenticate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Forged;

/// One body's key, ready for use by several threads.
pub(crate) enum BodyKey {
    Aes256Gcm(Box<Aes256Gcm>),
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
}

impl BodyKey {
    pub(crate) fn new(cipher: Cipher, cek: &Cek) -> Self {
        match cipher {
            Cipher::ChunkedAes256Gcm | Cipher::Aes256Gcm => {
                Self::Aes256Gcm(Box::new(Aead::new(cek.expose_secret())))
            }
            Cipher::ChunkedChaCha20Poly1305 => {
                Self::ChaCha20Poly1305(Box::new(Aead::new(cek.expose_secret())))
            }
        }
    }

    /// See [`Aead::seal`].
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        plaintext: &[u8],
        sealed: &mut [u8],
    ) {
        debug_assert_eq!(plaintext.len() + TAG_BYTES, sealed.len());
        match self {
            Self::Aes256Gcm(key) => key.seal(nonce, aad, plaintext, sealed),
            Self::ChaCha20Poly1305(key) => key.seal(nonce, aad, plaintext, sealed),
        }
    }

    /// See [`Aead::seal_in_place`].
    pub(crate) fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
    ) -> [u8; TAG_BYTES] {
        match self {
            Self::Aes256Gcm(key) => key.seal_in_place(nonce, aad, buffer),
            Self::ChaCha20Poly1305(key) => key.seal_in_place(nonce, aad, buffer),
        }
    }

    /// See [`Aead::open`].
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), Forged> {
        debug_assert_eq!(plaintext.len() + TAG_BYTES, sealed.len());
        match self {
            Self::Aes256Gcm(key) => key.open(nonce, aad, sealed, plaintext),
            Self::ChaCha20Poly1305(key) => key.open(nonce, aad, sealed, plaintext),
        }
    }

    /// See [`Aead::open_in_place`].
    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Forged> {
        match self {
            Self::Aes256Gcm(key) => key.open_in_place(nonce, aad, buffer, tag),
            Self::ChaCha20Poly1305(key) => key.open_in_place(nonce, aad, buffer, tag),
        }
    }
}

impl std::fmt::Debug for BodyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BodyKey(<redacted>)")
    }
}
