//! AES-256-GCM that the platform has, as an argument: a browser's WebCrypto, which is many times
//! faster than WebAssembly, answers later, and has its bytes outside of WebAssembly's memory.
//!
//! | module | idea |
//! |---|---|
//! | `cut` | chunks, from bytes as they come |
//! | `body` | whole bodies, on their way in and out |
//! | `range` | a range of a file that can be read anywhere |
//!
//! Nonces, framing and what a failure means stay this crate's: the platform only does the cipher.

mod body;
mod cut;
mod range;

use std::ops::Range;

use stheno_crypto::Cek;
use stheno_envelope::cipher::NONCE_BYTES;

use crate::{
    bounds::{BoxFuture, Shareable},
    source::{Source, SourceError},
};

pub use body::decrypt_body_with;

/// A platform's AES-256-GCM.
pub trait PlatformAes: Shareable {
    /// A key in its hands.
    type Key: PlatformKey;

    /// Takes a key; what becomes of it later is the platform's affair.
    ///
    /// # Errors
    /// In words.
    fn import<'a>(&'a self, key: &'a Cek) -> BoxFuture<'a, Result<Self::Key, String>>;
}

/// A key in a platform's hands. It sets to work when it is called, not when it is waited for.
pub trait PlatformKey: Shareable + 'static {
    /// What it takes and gives.
    type Bytes: PlatformBytes;

    /// Seals `plaintext`; the result is 16 bytes longer.
    ///
    /// # Errors
    /// In words.
    fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        plaintext: &Self::Bytes,
    ) -> BoxFuture<'static, Result<Self::Bytes, String>>;

    /// Opens `sealed`; the result is 16 bytes shorter.
    ///
    /// # Errors
    /// In words, for a forgery too.
    fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &Self::Bytes,
    ) -> BoxFuture<'static, Result<Self::Bytes, String>>;
}

/// Bytes where the platform has them: to copy them here and back takes longer than the cipher.
pub trait PlatformBytes: Shareable + Sized + 'static {
    /// A copy of bytes that are here.
    fn of(bytes: &[u8]) -> Self;

    /// A copy here.
    fn to_vec(&self) -> Vec<u8>;

    /// How many there are.
    fn length(&self) -> usize;

    /// Some of them, without a copy where that can be.
    fn part(&self, range: Range<usize>) -> Self;

    /// All of these, in order.
    fn joined(parts: &[Self]) -> Self;
}

impl PlatformBytes for Vec<u8> {
    fn of(bytes: &[u8]) -> Self {
        bytes.to_vec()
    }

    fn to_vec(&self) -> Vec<u8> {
        self.clone()
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn part(&self, range: Range<usize>) -> Self {
        self.get(range).unwrap_or_default().to_vec()
    }

    fn joined(parts: &[Self]) -> Self {
        parts.concat()
    }
}

/// A source whose bytes the platform has already, perhaps.
pub trait PlatformSource<B: PlatformBytes>: Source {
    /// [`Source::fetch_copy`], to where the platform has its bytes.
    fn fetch_there(&self, copy: usize, range: Range<u64>) -> BoxFuture<'_, Result<B, SourceError>> {
        Box::pin(async move { Ok(B::of(&self.fetch_copy(copy, range).await?)) })
    }
}

/// What may be under way at once: enough to keep a cipher busy that works beside us.
const AHEAD_BYTES: usize = 4 << 20;

/// How many chunks of a size are under way at once.
fn at_once(chunk_size: usize) -> usize {
    (AHEAD_BYTES / chunk_size).clamp(1, 32)
}
